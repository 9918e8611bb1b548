//! What nmap and ping saw on real machines: the observations file, line by line. Probes nothing.

use std::fmt;
use std::net::IpAddr;

use crate::notation::{Problem, Problems, Severity, Source, Span};

/// A probe of one address.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// `nmap -Pn -p PORT`: one SYN, and what comes back.
    TcpSyn {
        /// The port.
        port: u16,
    },
    /// `ping -c 1`.
    Ping,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TcpSyn { port } => write!(f, "tcp-syn {port}"),
            Self::Ping => f.pad("ping"),
        }
    }
}

/// What was seen.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Saw {
    /// A SYN-ACK came back.
    Open,
    /// An RST came back.
    Closed,
    /// Nothing came back, or an ICMP error.
    Filtered,
    /// An echo reply came back.
    Reply,
    /// Nothing came back to a ping.
    Silence,
}

impl Saw {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::Reply => "reply",
            Self::Silence => "silence",
        }
    }
}

impl fmt::Display for Saw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One line of the file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The line, from 1.
    pub line: u32,
    /// The probing machine: a private address of an interface, or an address of the internet.
    pub from: IpAddr,
    /// The probed address.
    pub to: IpAddr,
    /// How it was probed.
    pub probe: Probe,
    /// What was seen.
    pub saw: Saw,
    /// The TTL of the ping's reply, as received.
    pub ttl: Option<u8>,
}

/// All lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// In the order of the file.
    pub list: Vec<Observation>,
}

impl Observations {
    /// All addresses that probes start from or go to, each once, in order: those that no record of the world has are
    /// hosts of the internet.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = self.list.iter().flat_map(|one| [one.from, one.to]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The columns, in the order of the measured files; a file may have them in any order.
const COLUMNS: [&str; 6] = ["from", "to", "probe", "port", "saw", "ttl"];

/// Reads an observations file: comma-separated, with a header; `ttl` may be left out. All problems come with their
/// places; lines with a problem are left out of the list.
pub fn read_observations(source: &Source) -> (Observations, Vec<Problem>) {
    let mut problems = Problems::default();
    let mut list = Vec::new();
    let mut columns: Option<[Option<usize>; 6]> = None;
    for (index, line) in lines(&source.text).enumerate() {
        let number = index as u32 + 1;
        let fields = match fields(line.0, line.1) {
            Ok(fields) => fields,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let blank = fields.iter().all(|field| field.text.is_empty());
        if blank || fields[0].text.starts_with('#') {
            continue;
        }
        match &columns {
            None => columns = Some(header(&fields, line.0, line.1, &mut problems)),
            Some(columns) => list.extend(observation(number, columns, &fields, &mut problems)),
        }
    }
    if columns.is_none() {
        problems.push(Problem::error(Span::default(), format!("no header: the first line is {}", COLUMNS.join(","))));
    }
    (Observations { list }, problems.into_sorted())
}

/// One field with its place.
struct Field {
    text: String,
    span: Span,
}

/// The lines of a text with their offsets; both kinds of line end.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.strip_prefix('\u{feff}').map_or(0, |rest| text.len() - rest.len());
    text[start..].split_inclusive('\n').scan(start, |offset, line| {
        let at = *offset;
        *offset += line.len();
        Some((at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Splits a line at its commas; quotes as in RFC 4180, white space around fields is dropped.
fn fields(offset: usize, line: &str) -> Result<Vec<Field>, Problem> {
    let mut fields = Vec::new();
    let mut rest = 0;
    loop {
        let from = rest + (line[rest..].len() - line[rest..].trim_start().len());
        let (text, end) = if line[from..].starts_with('"') {
            quoted(line, from)
                .ok_or_else(|| Problem::error(Span::new(offset + from..offset + line.len()), "quote is never closed"))?
        } else {
            let end = line[from..].find(',').map_or(line.len(), |comma| from + comma);
            (line[from..end].trim_end().to_owned(), from + line[from..end].trim_end().len())
        };
        fields.push(Field { text, span: Span::new(offset + from..offset + end) });
        match line[end..].find(',') {
            Some(comma) if line[end..end + comma].trim().is_empty() => rest = end + comma + 1,
            Some(_) => {
                return Err(Problem::error(
                    Span::new(offset + end..offset + line.len()),
                    "text behind a closing quote",
                ));
            }
            None => return Ok(fields),
        }
    }
}

/// The field that opens with a quote at `from`, and where it ends.
fn quoted(line: &str, from: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = from + 1;
    loop {
        let quote = at + line[at..].find('"')?;
        text.push_str(&line[at..quote]);
        if line[quote + 1..].starts_with('"') {
            text.push('"');
            at = quote + 2;
        } else {
            return Some((text, quote + 1));
        }
    }
}

fn header(fields: &[Field], offset: usize, line: &str, problems: &mut Problems) -> [Option<usize>; 6] {
    let mut columns = [None; 6];
    for (index, field) in fields.iter().enumerate() {
        match COLUMNS.iter().position(|column| *column == field.text) {
            Some(column) if columns[column].is_some() => {
                problems.push(Problem::error(field.span, format!("column `{}` stands twice", field.text)));
            }
            Some(column) => columns[column] = Some(index),
            None => {
                let message = format!("unknown column `{}`: nothing is read from it", field.text);
                let problem = Problem { severity: Severity::Warning, ..Problem::error(field.span, message) };
                problems.push(problem.did_you_mean(&field.text, COLUMNS));
            }
        }
    }
    for (column, place) in COLUMNS.iter().zip(&columns).take(5) {
        if place.is_none() {
            let span = Span::new(offset..offset + line.len());
            problems.push(Problem::error(span, format!("column `{column}` is missing")));
        }
    }
    columns
}

fn observation(
    line: u32,
    columns: &[Option<usize>; 6],
    fields: &[Field],
    problems: &mut Problems,
) -> Option<Observation> {
    if columns.iter().take(5).any(Option::is_none) {
        return None;
    }
    let width = columns.iter().flatten().max().map_or(0, |last| last + 1);
    let ttl_only = columns[5].is_some_and(|ttl| ttl + 1 == width && fields.len() + 1 == width);
    if fields.len() < width && !ttl_only {
        let span = fields.last().map_or(Span::default(), |field| Span { start: field.span.end, ..field.span });
        problems.push(Problem::error(span, format!("{} fields, but the header names {width}", fields.len())));
        return None;
    }
    let field = |column: usize| columns[column].and_then(|index| fields.get(index));
    let mut wrong = |field: &Field, what: String| {
        problems.push(Problem::error(field.span, what));
    };
    let from = field(0)?;
    let to = field(1)?;
    let (probe, port, saw) = (field(2)?, field(3)?, field(4)?);
    let mut address = |field: &Field| {
        let address = field.text.parse::<IpAddr>();
        if address.is_err() {
            wrong(field, format!("`{}` is not an IP address", field.text));
        }
        address.ok()
    };
    let (from, to) = (address(from), address(to));
    let kind = match (probe.text.as_str(), port.text.as_str()) {
        ("tcp-syn", text) => {
            let number = text.parse::<u16>().ok().filter(|port| *port != 0);
            if number.is_none() {
                wrong(port, format!("`{text}` is not a port from 1 to 65535"));
            }
            number.map(|port| Probe::TcpSyn { port })
        }
        ("ping", "") => Some(Probe::Ping),
        ("ping", text) => {
            wrong(port, format!("a ping has no port, found `{text}`"));
            None
        }
        (other, _) => {
            wrong(probe, format!("`{other}` is not a probe: `tcp-syn` or `ping`"));
            None
        }
    };
    let words: &[Saw] = match probe.text.as_str() {
        "ping" => &[Saw::Reply, Saw::Silence],
        _ => &[Saw::Open, Saw::Closed, Saw::Filtered],
    };
    let seen = words.iter().copied().find(|word| word.as_str() == saw.text);
    if seen.is_none() {
        let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        wrong(saw, format!("`{}` is not what a probe of this kind sees: {}", saw.text, list.join(", ")));
    }
    let ttl = match field(5) {
        Some(ttl) if !ttl.text.is_empty() => match ttl.text.parse::<u8>() {
            Ok(number) if number != 0 && seen == Some(Saw::Reply) => Some(number),
            Ok(_) if seen != Some(Saw::Reply) => {
                wrong(ttl, "only a ping's reply has a TTL".to_owned());
                return None;
            }
            Ok(_) | Err(_) => {
                wrong(ttl, format!("`{}` is not a TTL from 1 to 255", ttl.text));
                return None;
            }
        },
        Some(_) | None => None,
    };
    Some(Observation { line, from: from?, to: to?, probe: kind?, saw: seen?, ttl })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Vec<Observation>, Vec<String>) {
        let source = Source::new("o.csv", text);
        let (observations, problems) = read_observations(&source);
        let shown = problems.iter().map(|problem| {
            let (line, column) = source.line_column(problem.span.start);
            format!("{line}:{column} {}", problem.message)
        });
        (observations.list, shown.collect())
    }

    #[test]
    fn the_measured_files_are_read_whole() {
        let first = include_str!("../../tests/data/live-aws/aws_vpc_endpoints/observations.csv");
        let second = include_str!("../../tests/data/live-aws/aws_multi_account_vpc_peering/observations.csv");
        for (text, count) in [(first, 56), (second, 24)] {
            let (list, problems) = read(text);
            assert_eq!(problems, Vec::<String>::new());
            assert_eq!(list.len(), count);
        }
    }

    #[test]
    fn columns_may_stand_in_any_order_and_ttl_may_be_left_out() {
        let (list, problems) =
            read("probe,port,saw,to,from\r\ntcp-syn, \"443\" ,open,8.8.8.8,10.0.0.1\r\n\r\n# done\n");
        assert_eq!(problems, Vec::<String>::new());
        let [one] = &list[..] else { panic!("{list:?}") };
        assert_eq!((one.line, one.probe, one.saw, one.ttl), (2, Probe::TcpSyn { port: 443 }, Saw::Open, None));
        assert_eq!(one.from, "10.0.0.1".parse::<IpAddr>().expect("an address"));
    }

    #[test]
    fn every_problem_of_every_line_has_its_place() {
        let text = "from,to,probe,port,saw,ttl\n10.0.0.x,8.8.8.8,tcp-syn,0,reply,\n10.0.0.1,8.8.8.8,ping,7,open,\n\
                    10.0.0.1,8.8.8.8,ping,,silence,3\n10.0.0.1,8.8.8.8\n10.0.0.1,8.8.8.8,ping,,reply,300\n\
                    \"10.0.0.1,8.8.8.8,ping,,reply,3\n10.0.0.1,8.8.8.8,dns,,reply,3\n";
        let (list, problems) = read(text);
        assert_eq!(list, []);
        assert_eq!(
            problems,
            [
                "2:1 `10.0.0.x` is not an IP address",
                "2:26 `0` is not a port from 1 to 65535",
                "2:28 `reply` is not what a probe of this kind sees: `open`, `closed`, `filtered`",
                "3:23 a ping has no port, found `7`",
                "3:25 `open` is not what a probe of this kind sees: `reply`, `silence`",
                "4:32 only a ping's reply has a TTL",
                "5:17 2 fields, but the header names 6",
                "6:30 `300` is not a TTL from 1 to 255",
                "7:1 quote is never closed",
                "8:18 `dns` is not a probe: `tcp-syn` or `ping`",
                "8:23 `reply` is not what a probe of this kind sees: `open`, `closed`, `filtered`",
                "8:29 only a ping's reply has a TTL",
            ]
        );
    }

    #[test]
    fn a_header_is_needed_and_its_columns_are_checked() {
        assert_eq!(read("").1, ["1:1 no header: the first line is from,to,probe,port,saw,ttl"]);
        let problems = read("from,to,prob,port,saw,from\n1.1.1.1,2.2.2.2,ping,,reply,\n").1;
        assert_eq!(
            problems,
            [
                "1:1 column `probe` is missing",
                "1:9 unknown column `prob`: nothing is read from it",
                "1:23 column `from` stands twice",
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9.,\"\\n\\r é#-]{0,80}") {
            read(&text);
            read(&format!("from,to,probe,port,saw,ttl\n{text}"));
        }
    }
}
