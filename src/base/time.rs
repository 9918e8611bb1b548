//! Virtual time: an instant in nanoseconds since the world began, and its place in the calendar. Reads no clock.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An instant, in nanoseconds since the start of the world. Lengths of time are [`Duration`].
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SimTime(u64);

impl SimTime {
    /// The instant at which every world begins.
    pub const ZERO: Self = Self(0);
    /// Later than any event of any run: about 146 years. The event queue keeps one bit for the order of classes.
    pub const FAR: Self = Self(u64::MAX >> 1);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(if nanos < Self::FAR.0 { nanos } else { Self::FAR.0 })
    }

    /// The instant `micros` microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self::from_nanos(micros.saturating_mul(1_000))
    }

    /// The instant `millis` milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self::from_nanos(millis.saturating_mul(1_000_000))
    }

    /// The instant `secs` seconds after the start.
    pub const fn from_secs(secs: u64) -> Self {
        Self::from_nanos(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Seconds since the start, for people and for rates; never for order.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The instant `length` later, at the latest [`SimTime::FAR`].
    #[must_use]
    pub fn after(self, length: Duration) -> Self {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        Self::from_nanos(self.0.saturating_add(nanos))
    }

    /// The length since `earlier`, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Seconds with six decimals: `12.345678`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / 1_000;
        let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        f.pad(&text)
    }
}

impl fmt::Debug for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}s")
    }
}

/// The calendar of a world: which date its virtual time began at.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    start: OffsetDateTime,
}

impl Calendar {
    /// The default start of the founding document's era: 2017-06-01T00:00:00Z.
    pub const ERA_2017: Self = Self { start: time::macros::datetime!(2017-06-01 00:00:00 UTC) };
    /// The default start of today's rule book: 2026-01-01T00:00:00Z.
    pub const ERA_CURRENT: Self = Self { start: time::macros::datetime!(2026-01-01 00:00:00 UTC) };

    /// Reads an RFC 3339 date and time; `None` if it is none, or outside the years 1970 to 2200.
    pub fn parse(text: &str) -> Option<Self> {
        let start = OffsetDateTime::parse(text, &Rfc3339).ok()?.to_offset(time::UtcOffset::UTC);
        (1970..2200).contains(&start.year()).then_some(Self { start })
    }

    /// The date and time, in UTC, of an instant.
    pub fn date(&self, at: SimTime) -> OffsetDateTime {
        self.start + Duration::from_nanos(at.as_nanos())
    }

    /// The instant of a date and time; `None` before the start.
    pub fn instant(&self, date: OffsetDateTime) -> Option<SimTime> {
        let nanos = (date - self.start).whole_nanoseconds();
        u64::try_from(nanos).ok().map(SimTime::from_nanos)
    }

    /// An instant as RFC 3339 in whole seconds: `2017-06-01T00:00:12Z`.
    pub fn rfc3339(&self, at: SimTime) -> String {
        let date = self.date(at).replace_nanosecond(0).expect("zero is a nanosecond");
        date.format(&Rfc3339).expect("years 1970 to 2346 have an RFC 3339 form")
    }

    /// Nanoseconds since 1970 of an instant, for captures.
    pub fn unix_nanos(&self, at: SimTime) -> u64 {
        u64::try_from(self.date(at).unix_timestamp_nanos()).unwrap_or(0)
    }
}

/// Reads a length with its unit: `250us`, `20 ms`, `1.5s`, `3 minutes`, `2h`, `1d`. `None` if it is none.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = (&text[..split], text[split..].trim());
    let nanos_per_unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" | "sec" | "second" | "seconds" => 1_000_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000_000,
        "h" | "hour" | "hours" => 3_600_000_000_000,
        "d" | "day" | "days" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    if 9 < fraction.len() {
        return None;
    }
    let mut nanos = whole.checked_mul(nanos_per_unit)?;
    if !fraction.is_empty() {
        let scale = 10u64.pow(fraction.len() as u32);
        let part: u64 = fraction.parse().ok()?;
        nanos = nanos.checked_add(part.checked_mul(nanos_per_unit)? / scale)?;
    }
    Some(Duration::from_nanos(nanos))
}

/// A length for people: `21ms`, `1.5s`, `350s`, `5m 50s`.
pub fn show_duration(length: Duration) -> String {
    let nanos = length.as_nanos();
    let with = |per: u128, unit: &str| {
        let (whole, rest) = (nanos / per, nanos % per * 1_000 / per);
        let text = format!("{whole}.{rest:03}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match nanos {
        0 => "0s".to_owned(),
        n if n < 1_000 => format!("{n}ns"),
        n if n < 1_000_000 => with(1_000, "us"),
        n if n < 1_000_000_000 => with(1_000_000, "ms"),
        _ => with(1_000_000_000, "s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, nanos) in [
            ("250us", 250_000),
            ("20 ms", 20_000_000),
            ("1.5s", 1_500_000_000),
            ("3 minutes", 180_000_000_000),
            ("2h", 7_200_000_000_000),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn lengths_without_a_unit_or_out_of_range_are_refused() {
        for text in ["", "5", "s", "1.2.3s", "5 parsecs", "99999999999999999999s", "-1s", "1.0000000001s"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn lengths_are_shown_in_the_largest_unit_below_a_minute() {
        for (nanos, text) in
            [(0, "0s"), (999, "999ns"), (1_500, "1.5us"), (21_000_000, "21ms"), (350_000_000_000, "350s")]
        {
            assert_eq!(show_duration(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn the_calendar_goes_both_ways() {
        let calendar = Calendar::ERA_2017;
        let at = SimTime::from_millis(12_345);
        assert_eq!(calendar.rfc3339(at), "2017-06-01T00:00:12Z");
        assert_eq!(calendar.instant(calendar.date(at)), Some(at));
        assert_eq!(
            calendar.instant(Calendar::parse("2017-05-31T23:59:59Z").expect("a date").date(SimTime::ZERO)),
            None
        );
    }
}
