//! The keys at the top of a scenario file.

use super::expectation::EXPECTATION;
use super::form::*;
use super::host::{ON_PREMISES, OUTSIDE_HOST, UNKNOWN};
use super::program::PROGRAM;
use super::timeline::STEP;
use super::world::{ACCOUNT, BUCKET, LINK_KIND, REGION, REGION_KEYS, USER};
use crate::notation::shape::{Kind, Shape, key, required, shape};

/// The version of the language that this program reads.
pub(in crate::scenario) const VERSION: u64 = 1;

/// A scenario file.
pub(in crate::scenario) static FILE: Shape = shape(
    "scenario",
    "A scenario of vpclab: a world, what its machines do, what changes over time, and what must come of it.",
    &[
        required("vpclab", Kind::Integer { min: 0, max: 1_000_000 }, "The version of the language: 1."),
        required("title", Kind::Text, "What the scenario shows, as a claim."),
        key("description", Kind::Prose, "A paragraph that teaches: what happens, and why."),
        key("rules", RULES, "The rules of the rule book that it is about."),
        key(
            "era",
            Kind::OneOrMany(&Kind::Choice(ERAS)),
            "Whose defaults hold; 2017 unless said otherwise. With both, the scenario is run once in each.",
        ),
        key("start", Kind::Date, "The date at which virtual time begins; 2017-06-01T00:00:00Z unless said otherwise."),
        key(
            "seed",
            Kind::Integer { min: 0, max: u64::MAX },
            "The number that all randomness comes from; 1 unless said otherwise.",
        ),
        key(
            "until",
            Kind::Duration,
            "When the run ends; else when all programs have ended and all expectations are decided.",
        ),
        key("quotas", Kind::Choice(QUOTAS), "Whether AWS's quotas hold."),
        key(
            "policy-delay",
            Kind::Duration,
            "How long a new endpoint policy takes to have effect; 3 minutes unless said otherwise.",
        ),
        key("region", Kind::Form(&REGION_NAME), "The region; us-west-2 unless said otherwise."),
        key("account", Kind::Form(&ACCOUNT_NUMBER), "The account's number; 123456789012 unless said otherwise."),
        key(
            "regions",
            Kind::Named { keys: &REGION_NAMES, value: &Kind::Shape(&REGION) },
            "What the account has in several regions.",
        ),
        key("accounts", Kind::Named { keys: &NAMES, value: &Kind::Shape(&ACCOUNT) }, "Further accounts, by name."),
        key("users", Kind::Named { keys: &NAMES, value: &Kind::Shape(&USER) }, "The account's IAM users, by name."),
        key("s3", Kind::Shape(&S3), "S3's settings, and the account's buckets."),
        key("nat", Kind::Shape(&NAT), "Settings of all NAT gateways."),
        key("internet", Kind::Shape(&INTERNET), "The internet: its hosts and its distance."),
        key(
            "on-premises",
            Kind::Named { keys: &NAMES, value: &Kind::Shape(&ON_PREMISES) },
            "Customers' own networks, by name.",
        ),
        key("prices", Kind::Shape(&PRICES), "What a GB and an hour cost, in US dollars, where it is not the usual."),
        key("programs", Kind::Named { keys: &NAMES, value: &Kind::Shape(&PROGRAM) }, "What the machines do, by name."),
        key("timeline", Kind::List(&Kind::Shape(&STEP)), "What changes while they do it."),
        key("expect", Kind::List(&Kind::Shape(&EXPECTATION)), "What must come of it."),
    ],
)
.with(&[REGION_KEYS]);

const QUOTAS: &[(&str, &str)] = &[("aws", "AWS's default quotas hold."), ("none", "No quota holds.")];

/// S3's settings.
pub(in crate::scenario) static S3: Shape = shape(
    "S3",
    "S3's settings, and the account's buckets.",
    &[
        key(
            "buckets",
            Kind::Named { keys: &BUCKET_NAMES, value: &Kind::Optional(&Kind::Shape(&BUCKET)) },
            "The account's buckets, by name.",
        ),
        key(
            "unknown-flow",
            Kind::Choice(UNKNOWN),
            "What S3 does with a segment of a connection it does not know; `rst` unless said otherwise.",
        ),
        key(
            "idle-timeout",
            Kind::Duration,
            "When S3 closes an idle connection; a setting of ours, not documented by AWS.",
        ),
        key("first-byte-delay", Kind::Duration, "How long S3 thinks before it answers."),
        RECEIVE_BUFFER,
        SEND_BUFFER,
        key("link", LINK_KIND, "The link between the internet and S3: 1 ms each way unless said otherwise."),
        key("endpoint-link", LINK_KIND, "The link between an endpoint and S3: 0.5 ms each way unless said otherwise."),
    ],
);

/// Prices.
pub(in crate::scenario) static PRICES: Shape = shape(
    "prices",
    "Prices in US dollars.",
    &[
        key("nat-gateway", Kind::Text, "A GB that a NAT gateway processes; 0.045 unless said otherwise."),
        key(
            "nat-gateway-hour",
            Kind::Text,
            "An hour of a NAT gateway, parts counting as whole ones; 0.045 unless said otherwise.",
        ),
        key("internet", Kind::Text, "A GB that leaves AWS for a host of the internet; 0.09 unless said otherwise."),
        key("endpoint", Kind::Text, "A GB through a gateway endpoint; 0 unless said otherwise."),
    ],
);

/// Settings of NAT gateways.
pub(in crate::scenario) static NAT: Shape = shape(
    "NAT gateways",
    "Settings of all NAT gateways.",
    &[
        key("idle-timeout", Kind::Duration, "When a silent connection is forgotten; 350 s unless said otherwise."),
        key(
            "connections",
            Kind::Integer { min: 1, max: 64_512 },
            "The most connections to one destination; the era's unless given.",
        ),
    ],
);

/// The internet.
pub(in crate::scenario) static INTERNET: Shape = shape(
    "internet",
    "The internet beyond the internet gateways.",
    &[
        key("hosts", Kind::Named { keys: &NAMES, value: &Kind::Shape(&OUTSIDE_HOST) }, "Its hosts, by name."),
        key("link", LINK_KIND, "The link between each host and the internet, unless the host says otherwise."),
        key("gateway-link", LINK_KIND, "The link between an internet gateway and the internet."),
    ],
);
