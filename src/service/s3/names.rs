//! S3's host names: which region and which bucket a name means. Resolves nothing.

use std::net::IpAddr;

use crate::base::RegionName;

/// The region that "US Standard" means, and where the global name first leads (facts.md B1, B2; R51).
pub const US_STANDARD: &str = "us-east-1";

const SUFFIX: &str = ".amazonaws.com";

/// What a host name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// One of S3's own names (facts.md B1).
    S3(S3Name),
    /// An address: the bucket stands in the path.
    Address(IpAddr),
    /// Another name, such as a CNAME: the whole of it is the bucket (facts.md B3).
    Foreign(String),
}

/// One of S3's own names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S3Name {
    /// The region that the name says; `None` for the global name.
    pub region: Option<String>,
    /// The bucket in front of it; `None` if the bucket stands in the path.
    pub bucket: Option<String>,
    /// Whether it is a dual-stack name, which has IPv6 addresses too.
    pub dual_stack: bool,
    /// Whether the region is written with a dot (`s3.us-west-2`) instead of the older dash (`s3-us-west-2`).
    pub dotted: bool,
}

impl S3Name {
    /// The bare name of a region as it was written in 2017: `s3-us-west-2.amazonaws.com`, for US Standard
    /// `s3.amazonaws.com`.
    pub fn of_region(region: &str) -> Self {
        let region = (region != US_STANDARD).then(|| region.to_owned());
        Self { region, bucket: None, dual_stack: false, dotted: false }
    }

    /// The global name, `s3.amazonaws.com`.
    pub fn global() -> Self {
        Self { region: None, bucket: None, dual_stack: false, dotted: false }
    }

    /// The same name with a bucket in front: `bucket.s3-us-west-2.amazonaws.com`.
    #[must_use]
    pub fn with_bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    /// The name as it stands in a Host header.
    pub fn host(&self) -> String {
        let bucket = self.bucket.as_ref().map(|bucket| format!("{bucket}.")).unwrap_or_default();
        let endpoint = match (&self.region, self.dual_stack) {
            (Some(region), true) => format!("s3.dualstack.{region}"),
            (Some(region), false) if self.dotted => format!("s3.{region}"),
            (Some(region), false) => format!("s3-{region}"),
            (None, _) => "s3".to_owned(),
        };
        format!("{bucket}{endpoint}{SUFFIX}")
    }

    /// Reads a host name, without its port; `None` if it is none of S3's.
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let labels: Vec<&str> = host.strip_suffix(SUFFIX)?.split('.').collect();
        let (taken, region, dual_stack, dotted) = match labels.as_slice() {
            [.., "s3", "dualstack", region] if is_region(region) => (3, Some(*region), true, true),
            [.., "s3", region] if is_region(region) => (2, Some(*region), false, true),
            [.., "s3"] => (1, None, false, false),
            // The old second name of US Standard.
            [.., "s3-external-1"] => (1, Some(US_STANDARD), false, false),
            [.., last] => {
                let region = last.strip_prefix("s3-").filter(|region| is_region(region))?;
                (1, Some(region), false, false)
            }
            [] => return None,
        };
        let bucket = labels[..labels.len() - taken].join(".");
        if bucket.is_empty() && taken < labels.len() {
            return None;
        }
        let region = region.map(str::to_owned);
        Some(Self { region, bucket: (!bucket.is_empty()).then_some(bucket), dual_stack, dotted })
    }
}

impl HostName {
    /// Reads a Host header, whose port means nothing here.
    pub fn parse(header: &str) -> Self {
        let bare = match header.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => header,
        };
        let unbracketed = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
        if let Ok(address) = unbracketed.parse() {
            return Self::Address(address);
        }
        if let Ok(address) = header.parse() {
            return Self::Address(address);
        }
        match S3Name::parse(bare) {
            Some(name) => Self::S3(name),
            None => Self::Foreign(bare.trim_end_matches('.').to_ascii_lowercase()),
        }
    }

    /// The bucket that the name itself says.
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::S3(name) => name.bucket.as_deref(),
            Self::Address(_) => None,
            Self::Foreign(name) => Some(name),
        }
    }
}

/// Whether a label has the form of a region's name.
fn is_region(label: &str) -> bool {
    RegionName::parse(label).is_some()
}

/// Whether a bucket may have this name: 3 to 63 of lowercase letters, digits, dots and hyphens, no address, begun and
/// ended by a letter or digit (S3 User Guide, bucket naming rules).
pub fn is_bucket_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || byte == b'.' || byte == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain)
        && !name.contains("..")
        && name.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(host: &str) -> (Option<String>, Option<String>) {
        match HostName::parse(host) {
            HostName::S3(name) => (name.region, name.bucket),
            other => panic!("{host} is {other:?}"),
        }
    }

    #[test]
    fn all_forms_of_s3s_names_are_read() {
        let west = Some("us-west-2".to_owned());
        let bucket = Some("mybucket".to_owned());
        for (host, region, in_front) in [
            ("mybucket.s3-us-west-2.amazonaws.com", &west, &bucket),
            ("mybucket.s3.us-west-2.amazonaws.com", &west, &bucket),
            ("MyBucket.S3.US-West-2.amazonaws.com:443", &west, &bucket),
            ("s3-us-west-2.amazonaws.com", &west, &None),
            ("s3.us-west-2.amazonaws.com.", &west, &None),
            ("mybucket.s3.dualstack.us-west-2.amazonaws.com", &west, &bucket),
            ("s3.amazonaws.com", &None, &None),
            ("mybucket.s3.amazonaws.com", &None, &bucket),
            ("s3-external-1.amazonaws.com", &Some(US_STANDARD.to_owned()), &None),
            ("my.dotted.bucket.s3.amazonaws.com", &None, &Some("my.dotted.bucket".to_owned())),
        ] {
            assert_eq!(name(host), (region.clone(), in_front.clone()), "{host}");
        }
    }

    #[test]
    fn other_names_are_buckets_of_their_own_and_addresses_are_none() {
        for host in ["files.example.com", "s3-west.amazonaws.com", "ec2.us-west-2.amazonaws.com", ".s3.amazonaws.com"] {
            assert!(matches!(HostName::parse(host), HostName::Foreign(_)), "{host}");
        }
        for host in ["52.218.0.1", "52.218.0.1:443", "[2600::1]:80", "2600::1"] {
            assert!(matches!(HostName::parse(host), HostName::Address(_)), "{host}");
        }
    }

    #[test]
    fn a_name_is_written_as_it_is_read() {
        for host in [
            "s3-eu-west-1.amazonaws.com",
            "b.s3.eu-west-1.amazonaws.com",
            "b.s3.dualstack.eu-west-1.amazonaws.com",
            "b.c.s3.amazonaws.com",
        ] {
            assert_eq!(S3Name::parse(host).expect(host).host(), host);
        }
        assert_eq!(S3Name::of_region("us-east-1").with_bucket("b").host(), "b.s3.amazonaws.com");
    }

    #[test]
    fn bucket_names_follow_the_rules() {
        for good in ["abc", "my-bucket", "a.b.c", "prod-us-east-1-starport-layer-bucket"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in ["ab", "My", "a_b", "-abc", "abc-", "a..b", "10.0.0.1", &"a".repeat(64)] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_host_header_panics(text in ".{0,80}") {
            let _ = HostName::parse(&text);
            let _ = HostName::parse(&format!("{text}.amazonaws.com"));
        }
    }
}
