//! The era of a world: which rule book's defaults hold. Sets defaults only; holds none of them itself.

use std::fmt;

/// Which time's AWS is meant where the two differ (facts.md section 0).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Era {
    /// The founding document's time: between December 2016 and August 2017. A scenario's default.
    #[default]
    Y2017,
    /// Today's AWS. An imported account's default.
    Current,
}

impl Era {
    /// Both eras, the earlier one first.
    pub const ALL: [Self; 2] = [Self::Y2017, Self::Current];

    /// Reads `2017` or `current`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|era| era.as_str() == text)
    }

    /// The era as it is written in a scenario.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Y2017 => "2017",
            Self::Current => "current",
        }
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_era_is_read_as_it_is_shown() {
        for era in Era::ALL {
            assert_eq!(Era::parse(&era.to_string()), Some(era));
        }
    }

    #[test]
    fn other_words_are_no_era() {
        for text in ["", "2018", "Current", "now", " 2017"] {
            assert_eq!(Era::parse(text), None, "{text}");
        }
    }
}
