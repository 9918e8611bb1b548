//! Scalars as values: one reader per kind, each with the problem it raises at the value's place. Keeps no state.

use std::net::IpAddr;
use std::time::Duration;

use super::{Node, Problem, Value};
use crate::base::{Calendar, Cidr, parse_duration};

/// The text of a scalar; of a number or truth value, as it was written.
pub fn text(node: &Node) -> Result<&str, Problem> {
    scalar(node, "a text")
}

/// `true` or `false`, without quotes.
pub fn boolean(node: &Node) -> Result<bool, Problem> {
    let quoted = matches!(&node.value, Value::Scalar(scalar) if scalar.quoted);
    match scalar(node, "`true` or `false`")? {
        "true" if !quoted => Ok(true),
        "false" if !quoted => Ok(false),
        other => {
            let problem = Problem::error(node.span, format!("expected `true` or `false`, found `{}`", brief(other)));
            Err(match other.to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" => problem.help("did you mean `true`?"),
                "no" | "off" | "false" => problem.help("did you mean `false`?"),
                _ => problem,
            })
        }
    }
}

/// A whole number from `min` to `max`; `10_000` and `10,000` are read as 10000.
pub fn integer(node: &Node, min: u64, max: u64) -> Result<u64, Problem> {
    let written = scalar(node, "a whole number")?;
    let digits: String = written.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let fine = digits.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = fine.then(|| digits.parse::<u64>().ok()).flatten() else {
        return Err(Problem::error(node.span, format!("expected a whole number, found `{}`", brief(written))));
    };
    if (min..=max).contains(&number) {
        Ok(number)
    } else {
        let problem = Problem::error(node.span, format!("{number} is out of range"));
        Err(problem.label(if max == u64::MAX { format!("at least {min}") } else { format!("{min} to {max}") }))
    }
}

/// A length of time with its unit.
pub fn duration(node: &Node) -> Result<Duration, Problem> {
    let written = scalar(node, "a length of time such as 20ms or 5 minutes")?;
    parse_duration(written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is not a length of time", brief(written)));
        if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit()) {
            problem.label("its unit is missing").help(format!("write `{written}s` or `{written}ms`"))
        } else {
            problem.help("the units are ns, us, ms, s, minutes, hours and days: `20ms`, `1.5s`, `6 minutes`")
        }
    })
}

/// A number of bytes with its unit; a bare number is bytes.
pub fn size(node: &Node) -> Result<u64, Problem> {
    let written = scalar(node, "a number of bytes such as 8 MiB")?;
    parse_size(written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is not a number of bytes", brief(written)));
        problem.help("the units are B, KiB, MiB, GiB (powers of 1,024) and kB, MB, GB (powers of 1,000): `8 MiB`")
    })
}

/// Bits in a second, with their unit.
pub fn rate(node: &Node) -> Result<u64, Problem> {
    let written = scalar(node, "a rate such as 20 Mbit/s")?;
    parse_rate(written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is not a rate", brief(written)));
        problem.help("the units are bit/s, kbit/s, Mbit/s and Gbit/s: `20 Mbit/s`")
    })
}

/// A share from 0 to 1, or in percent.
pub fn share(node: &Node) -> Result<f64, Problem> {
    let written = scalar(node, "a share such as 0.5%")?;
    let (number, scale) = written.strip_suffix('%').map_or((written, 1.0), |number| (number, 100.0));
    let number = number.trim();
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let share = plain.then(|| number.parse::<f64>().ok()).flatten().map(|number| number / scale);
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
        Problem::error(node.span, format!("`{}` is not a share", brief(written)))
            .help("from 0 to 1, or from 0% to 100%")
    })
}

/// A block of addresses.
pub fn cidr(node: &Node) -> Result<Cidr, Problem> {
    let written = scalar(node, "a CIDR block such as 10.0.0.0/16")?;
    Cidr::parse(written).map_err(|error| {
        let problem = Problem::error(node.span, error.to_string());
        match (written.parse::<IpAddr>(), written.split_once('/')) {
            (Ok(IpAddr::V4(_)), _) => problem.help(format!("one address is `{written}/32`")),
            (Ok(IpAddr::V6(_)), _) => problem.help(format!("one address is `{written}/128`")),
            (Err(_), Some((address, _))) if address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) => {
                problem.help("the length of an IPv4 prefix is 0 to 32")
            }
            (Err(_), _) => problem,
        }
    })
}

/// An IPv4 or IPv6 address.
pub fn address(node: &Node) -> Result<IpAddr, Problem> {
    let written = scalar(node, "an address such as 10.0.1.10")?;
    written.parse().map_err(|_| Problem::error(node.span, format!("`{}` is not an IP address", brief(written))))
}

/// A port from 1 to 65535.
pub fn port(node: &Node) -> Result<u16, Problem> {
    integer(node, 1, 65_535).map(|port| port as u16)
}

/// A port, or the first and last of a range.
pub fn ports(node: &Node) -> Result<(u16, u16), Problem> {
    let written = scalar(node, "a port, or a range such as 1024-65535")?;
    parse_ports(written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is neither a port nor a range of ports", brief(written)));
        problem.help("write `443`, or the first and the last: `1024-65535`")
    })
}

/// A date and time.
pub fn date(node: &Node) -> Result<Calendar, Problem> {
    let written = scalar(node, "a date and time such as 2017-06-01T00:00:00Z")?;
    Calendar::parse(written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is not a date and time", brief(written)));
        problem.help("write it as 2017-06-01T00:00:00Z; the years are 1970 to 2199")
    })
}

/// The place of the word among `words`.
pub fn choice(node: &Node, words: &[(&'static str, &'static str)]) -> Result<usize, Problem> {
    let list = || words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let written = scalar(node, &format!("one of {}", list()))?;
    words.iter().position(|(word, _)| *word == written).ok_or_else(|| {
        let problem = Problem::error(node.span, format!("`{}` is not known here", brief(written)));
        problem.did_you_mean(written, words.iter().map(|(word, _)| *word)).help(format!("one of {}", list()))
    })
}

/// Reads `8 MiB`, `10kB`, `100 B` or `100`.
pub fn parse_size(text: &str) -> Option<u64> {
    let factor = |unit: &str| {
        Some(match unit {
            "" | "B" | "byte" | "bytes" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return None,
        })
    };
    with_unit(text, factor)
}

/// Reads `20 Mbit/s` as bits in a second.
pub fn parse_rate(text: &str) -> Option<u64> {
    let factor = |unit: &str| {
        Some(match unit {
            "bit/s" => 1,
            "kbit/s" => 1_000,
            "Mbit/s" => 1_000_000,
            "Gbit/s" => 1_000_000_000,
            "Tbit/s" => 1_000_000_000_000,
            _ => return None,
        })
    };
    with_unit(text, factor).filter(|rate| *rate != 0)
}

/// Reads `443` or `1024-65535`.
pub fn parse_ports(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let text = text.trim();
        let fine = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        fine.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    (first <= last).then_some((first, last))
}

/// A number, perhaps with a fraction of up to six digits, and its unit.
fn with_unit(text: &str, factor: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_' | ',')).unwrap_or(text.len());
    let number: String = text[..split].chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let factor = factor(text[split..].trim())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let whole: u64 = whole.parse().ok()?;
    let total = whole.checked_mul(factor)?;
    if fraction.is_empty() {
        return (!number.ends_with('.')).then_some(total);
    }
    if 6 < fraction.len() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u64 = fraction.parse().ok()?;
    let part = u128::from(part) * u128::from(factor) / 10u128.pow(fraction.len() as u32);
    total.checked_add(u64::try_from(part).ok()?)
}

fn scalar<'a>(node: &'a Node, wanted: &str) -> Result<&'a str, Problem> {
    node.as_text().ok_or_else(|| Problem::error(node.span, format!("expected {wanted}, found {}", node.kind())))
}

/// A text of the file as it is quoted in a message: its beginning, if it is long.
pub fn brief(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Scalar, Span};
    use super::*;

    fn node(text: &str) -> Node {
        let scalar = Scalar { text: text.to_owned(), quoted: false };
        Node { span: Span::new(0..text.len()), value: Value::Scalar(scalar) }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("8 MiB", Some(8 << 20)),
            ("1.5KiB", Some(1_536)),
            ("10 kB", Some(10_000)),
            ("64", Some(64)),
            ("10_000", Some(10_000)),
            ("8 MB", Some(8_000_000)),
            ("8 Mib", None),
            ("MiB", None),
            ("1.", None),
            ("-1", None),
            ("99999999999999999999 B", None),
            ("99999999999 GiB", None),
        ] {
            assert_eq!(parse_size(text), bytes, "{text}");
        }
    }

    #[test]
    fn rates_ports_and_shares_are_read_and_their_twins_are_refused() {
        assert_eq!(parse_rate("20 Mbit/s"), Some(20_000_000));
        assert_eq!(parse_rate("20 MB/s"), None);
        assert_eq!(parse_rate("0 bit/s"), None);
        assert_eq!(parse_ports("1024-65535"), Some((1_024, 65_535)));
        assert_eq!(parse_ports("443"), Some((443, 443)));
        assert_eq!(parse_ports("65535-1024"), None);
        assert_eq!(parse_ports("70000"), None);
        assert_eq!(share(&node("5%")), Ok(0.05));
        assert_eq!(share(&node("0.05")), Ok(0.05));
        assert!(share(&node("105%")).is_err());
        assert!(share(&node("nan")).is_err());
    }

    #[test]
    fn truth_values_are_the_two_words_alone() {
        assert_eq!(boolean(&node("true")), Ok(true));
        let problem = boolean(&node("yes")).expect_err("no truth value");
        assert_eq!(problem.help, ["did you mean `true`?"]);
    }

    #[test]
    fn a_number_out_of_range_names_the_range() {
        assert_eq!(integer(&node("10,000"), 1, 100_000), Ok(10_000));
        assert_eq!(integer(&node("0"), 1, 9).expect_err("too small").label, "1 to 9");
    }

    #[test]
    fn a_duration_without_a_unit_says_which_units_there_are() {
        let problem = duration(&node("50")).expect_err("no unit");
        assert_eq!(problem.help, ["write `50s` or `50ms`"]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-0-9a-zA-Z ./:%_,é]{0,24}") {
            let node = node(&text);
            let _ = (duration(&node), size(&node), rate(&node), share(&node), cidr(&node), address(&node));
            let _ = (port(&node), ports(&node), date(&node), boolean(&node), integer(&node, 0, u64::MAX));
            let _ = choice(&node, &[("rst", ""), ("drop", "")]);
        }
    }
}
