//! The keys that a described account needs beside those that a scenario of one's own does: what is attached to nothing,
//! what is gone, what nobody tells.

use super::form::*;
use crate::notation::shape::{Kind, Shape, key, required, shape};

/// Gateways that are attached to nothing.
pub(in crate::scenario) const FREE_GATEWAYS: Kind =
    Kind::Named { keys: &NAMES, value: &Kind::Optional(&Kind::Shape(&FREE_GATEWAY)) };

/// See its sentence.
pub(in crate::scenario) static FREE_GATEWAY: Shape =
    shape("free gateway", "A gateway that is attached to nothing.", &[ID, TAGS]);

/// See its sentence.
pub(in crate::scenario) static DHCP_OPTIONS: Shape = shape(
    "set of DHCP options",
    "What instances are told of name resolution.",
    &[
        key(
            "name-servers",
            Kind::OneOrMany(&Kind::Text),
            "Addresses of DNS servers, or `AmazonProvidedDNS`; none unless given.",
        ),
        key("domain-name", Kind::Text, "The domain that instances complete names with."),
        ID,
        TAGS,
    ],
);

/// See its sentence.
pub(in crate::scenario) static CUSTOMER_GATEWAY: Shape = shape(
    "customer gateway",
    "A customer's device at the far end of VPN connections.",
    &[
        required("address", Kind::Address, "Its public address."),
        key("asn", Kind::Integer { min: 1, max: 4_294_967_295 }, "Its autonomous system; 65000 unless said otherwise."),
        ID,
        TAGS,
    ],
);

/// See its sentence.
pub(in crate::scenario) static VPN_GATEWAY: Shape = shape(
    "virtual private gateway",
    "A virtual private gateway with its name and id.",
    &[
        required("name", Kind::Text, "Its name."),
        key("knows", Kind::OneOrMany(&Kind::Cidr), "Blocks that it has learned from a source that is not told."),
        ID,
        TAGS,
    ],
);

/// A route that needs more than a target.
pub(in crate::scenario) static ROUTE: Shape = shape(
    "route",
    "A route as an account describes it.",
    &[
        required("target", REF, "Where it leads; the id of something that may be gone, or that is not modelled."),
        key(
            "state",
            Kind::Choice(&[
                ("active", "Its target is there."),
                ("blackhole", "Its target is gone; packets are dropped."),
            ]),
            "Whether its target is there; as the target is unless said otherwise.",
        ),
        key(
            "unknown",
            Kind::Bool,
            "Whether nobody can tell here what becomes of its packets, as with a transit gateway.",
        ),
    ],
);
