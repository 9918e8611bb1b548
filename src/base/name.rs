//! Names that AWS gives to its own things: accounts, regions, zones, services. Whether they exist is not known here.

use std::fmt;
use std::sync::Arc;

/// Declares one type per kind of name.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $fine:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text of the right form.
            pub fn parse(text: &str) -> Option<Self> {
                let fine: fn(&str) -> bool = $fine;
                (!text.is_empty() && text.len() <= NAME_LEN_MAX && fine(text)).then(|| Self(text.into()))
            }

            /// The name as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// An AWS account: twelve digits.
    AccountId, |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    /// A region such as `us-west-2`.
    RegionName, is_region;
    /// An Availability Zone such as `us-west-2a`.
    AvailabilityZone, |text| text.as_bytes()[0].is_ascii_lowercase() && text.bytes().all(is_plain);
    /// A service as endpoints name it: `com.amazonaws.<region>.<service>`; a few services put another word first.
    ServiceName, |text| {
        text.split('.').all(|part| !part.is_empty()) && text.bytes().all(|b| is_plain(b) || b == b'.' || b == b'_')
            && 2 <= text.matches('.').count()
    };
}

impl AvailabilityZone {
    /// The zone `letter` of a region.
    pub fn of(region: &RegionName, letter: char) -> Self {
        Self(format!("{region}{letter}").into())
    }
}

impl ServiceName {
    /// The name of an AWS service in a region, from its short name such as `s3`.
    pub fn of(region: &RegionName, service: &str) -> Self {
        Self(format!("com.amazonaws.{region}.{service}").into())
    }

    /// The short name, for example `s3`: what follows the region.
    pub fn service(&self) -> &str {
        self.0.splitn(4, '.').nth(3).unwrap_or_else(|| self.0.rsplit('.').next().unwrap_or(&self.0))
    }

    /// The region in it, if its third part has the form of one.
    pub fn region(&self) -> Option<RegionName> {
        self.0.split('.').nth(2).and_then(RegionName::parse)
    }
}

/// Longer names are refused; AWS's own are far shorter.
const NAME_LEN_MAX: usize = 128;

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let last_is_number = parts.last().is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let words = &parts[..parts.len() - 1];
    2 <= words.len()
        && last_is_number
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_by_their_form() {
        assert!(AccountId::parse("123456789012").is_some());
        assert!(AccountId::parse("12345678901").is_none());
        assert!(RegionName::parse("us-gov-west-1").is_some());
        for text in ["", "us", "us-west", "us-west-2a", "US-WEST-2", "-1", "us--1"] {
            assert!(RegionName::parse(text).is_none(), "{text}");
        }
        for text in ["", "com", "com.amazonaws", "com..x.s3", "com.amazonaws.us west.s3"] {
            assert!(ServiceName::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_service_name_knows_its_region_and_its_short_name() {
        let region = RegionName::parse("us-west-2").expect("a region");
        let name = ServiceName::of(&region, "s3");
        assert_eq!(name.as_str(), "com.amazonaws.us-west-2.s3");
        assert_eq!((name.region(), name.service()), (Some(region), "s3"));
        let other = ServiceName::parse("com.amazonaws.us-east-1.ecr.dkr").expect("a service");
        assert_eq!(other.service(), "ecr.dkr");
    }
}
