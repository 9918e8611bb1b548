//! Regions in texts: in names of folders and zones, and in ARNs.

use crate::base::RegionName;
use crate::notation::{Node, Span};

/// The region in a text such as `us-east-1`, `us-east-1a` or `vpcs-us-east-1`.
pub(crate) fn region_in(text: &str) -> Option<RegionName> {
    let parts: Vec<&str> = text.split('-').collect();
    for start in 0..parts.len() {
        let is_place = FIRST.contains(&parts[start]);
        let words = parts[start + 1..].iter().take_while(|part| MIDDLE.contains(part)).count();
        let Some(last) = parts.get(start + 1 + words).filter(|_| is_place && 0 < words) else { continue };
        let digits: String = last.chars().take_while(char::is_ascii_digit).collect();
        let name = format!("{}-{digits}", parts[start..=start + words].join("-"));
        if let Some(region) = RegionName::parse(&name).filter(|_| !digits.is_empty()) {
            return Some(region);
        }
    }
    None
}

/// The first and the middle words of region names; the form alone would take `route-tables-2` for one.
const FIRST: [&str; 11] = ["af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us"];
const MIDDLE: [&str; 16] = [
    "central",
    "de",
    "east",
    "gov",
    "iso",
    "isob",
    "isoe",
    "isof",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
    "b",
];

/// What one entry of an item says about its region.
pub(super) fn region_of_entry(key: &str, value: &Node) -> Option<(RegionName, Span)> {
    let text = value.as_text()?;
    let region = match key {
        "AvailabilityZone" | "RegionName" | "ZoneName" | "NetworkBorderGroup" => region_in(text),
        "SubnetArn" | "SecurityGroupArn" | "PrefixListArn" | "OwnerArn" => text.split(':').nth(3).and_then(region_in),
        "PrefixListName" | "ServiceName" => {
            text.strip_prefix("com.amazonaws.").and_then(|rest| rest.split('.').next()).and_then(region_in)
        }
        _ => None,
    };
    region.map(|region| (region, value.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_found_in_texts_and_nowhere_else() {
        for (text, region) in [
            ("us-east-1", Some("us-east-1")),
            ("us-east-1a", Some("us-east-1")),
            ("us-gov-west-1", Some("us-gov-west-1")),
            ("us-west-2-lax-1a", Some("us-west-2")),
            ("vpcs-eu-central-1", Some("eu-central-1")),
            ("route-tables-2", None),
            ("us-east", None),
            ("us-east-x", None),
            ("", None),
        ] {
            assert_eq!(region_in(text).as_ref().map(RegionName::as_str), region, "{text}");
        }
    }
}
