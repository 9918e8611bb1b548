//! A packet as an expectation writes it, such as `> PA` or `< R src 10.0.1.10`, and its reading.

use crate::base::Cidr;
use crate::notation::{Node, Problem, decode};
use crate::scenario::context::Cx;

/// A packet as an expectation writes it: `> PA`, `< R`, `> S src 10.0.1.10`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketPattern {
    /// Whether it goes away from the program's host.
    pub outward: bool,
    /// TCP's flags in the order S A P F R, such as `PA`; `.` is a bare ACK. Empty for any packet.
    pub flags: String,
    /// Payload bytes, if they matter.
    pub payload: Option<u64>,
    /// The source, if it matters.
    pub source: Option<Cidr>,
    /// The source port, if it matters.
    pub source_port: Option<u16>,
    /// The destination, if it matters.
    pub destination: Option<Cidr>,
    /// The destination port, if it matters.
    pub destination_port: Option<u16>,
    /// As it is written.
    pub text: String,
}

/// Reads `> PA`, `< R`, `> S src 10.0.1.10 len 0`.
pub(super) fn pattern(cx: &mut Cx<'_>, node: &Node) -> Option<PacketPattern> {
    let text = decode::text(node).ok()?;
    let parsed = parse_pattern(text);
    if parsed.is_none() {
        let problem = Problem::error(node.span, format!("`{}` is not a packet", decode::brief(text)));
        cx.problems
            .push(problem.help("write `> PA` (from the program's host), `< R` (to it), `< SA src 52.218.160.10`"));
    }
    parsed
}

fn parse_pattern(text: &str) -> Option<PacketPattern> {
    let mut words = text.split_whitespace();
    let outward = match words.next()? {
        ">" => true,
        "<" => false,
        _ => return None,
    };
    let address = |word: &str| word.parse().ok().map(Cidr::host).or_else(|| Cidr::parse(word).ok());
    let mut pattern = PacketPattern {
        outward,
        flags: String::new(),
        payload: None,
        source: None,
        source_port: None,
        destination: None,
        destination_port: None,
        text: text.to_owned(),
    };
    while let Some(word) = words.next() {
        match word {
            "src" => pattern.source = Some(address(words.next()?)?),
            "dst" => pattern.destination = Some(address(words.next()?)?),
            "sport" => pattern.source_port = Some(words.next()?.parse().ok()?),
            "dport" => pattern.destination_port = Some(words.next()?.parse().ok()?),
            "len" => pattern.payload = Some(decode::parse_size(words.next()?)?),
            flags if pattern.flags.is_empty() && flags.chars().all(|flag| "SAPFR.".contains(flag)) => {
                pattern.flags = flags.to_owned();
            }
            _ => return None,
        }
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_pattern_is_read_and_its_twin_is_refused() {
        let pattern = parse_pattern("< R src 52.218.160.10 len 0").expect("a pattern");
        assert_eq!((pattern.outward, pattern.flags.as_str(), pattern.payload), (false, "R", Some(0)));
        for text in ["", "R", "> X", "> src", "> PA dst nowhere", "> S A"] {
            assert_eq!(parse_pattern(text), None, "{text}");
        }
    }
}
