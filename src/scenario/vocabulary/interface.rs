//! The keys of network interfaces: of instances, of endpoints, of devices of AWS's own, and of nothing.

use super::form::*;
use crate::control_plane::DEVICE_INDEX_MAX;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// What every network interface can have; a primary one has the first four at its instance.
pub(in crate::scenario) static INTERFACE_KEYS: &[Key] = &[
    key("private-ip", Kind::Address, "Its private address."),
    key("secondary-ips", Kind::OneOrMany(&Kind::Address), "Further private addresses."),
    key("elastic-ip", REF, "The Elastic IP of its private address: an address, or the name of one."),
    key(
        "elastic-ips",
        Kind::Named { keys: &PRIVATE_ADDRESSES, value: &REF },
        "The Elastic IPs of its secondary addresses.",
    ),
    key(
        "ipv6",
        Kind::Either(&[Kind::Bool, Kind::Address, Kind::List(&Kind::Address)]),
        "IPv6 addresses: `true` for any one, or certain ones; as the subnet says unless said otherwise.",
    ),
    key("security-groups", REFS, "Its security groups; the VPC's default one unless said otherwise."),
    key("source-dest-check", Kind::Bool, "Whether it may only send and receive for itself; so unless said otherwise."),
];

/// What tells one interface from another.
static INTERFACE_SELF: &[Key] = &[
    key("description", Kind::Text, "What it is for, in words."),
    key("delete-on-termination", Kind::Bool, "Whether it goes when its instance is terminated."),
    ID,
    TAGS,
];

/// A further interface.
pub(in crate::scenario) static INTERFACE: Shape = shape(
    "network interface",
    "A further network interface of an instance.",
    &[
        required("subnet", REF, "Its subnet."),
        key("name", Kind::Text, "Its name."),
        key(
            "device-index",
            Kind::Integer { min: 1, max: DEVICE_INDEX_MAX as u64 },
            "Its place at the instance; the next one unless given.",
        ),
    ],
)
.with(&[INTERFACE_KEYS, INTERFACE_SELF]);

/// The primary interface, as far as its instance does not say it.
pub(in crate::scenario) static PRIMARY_INTERFACE: Shape =
    shape("primary network interface", "An instance's primary interface.", &[]).with(&[INTERFACE_SELF]);

/// An interface that no instance has.
pub(in crate::scenario) static LONE_INTERFACE: Shape = shape(
    "network interface of a VPC",
    "A network interface that no instance has: one that is attached to nothing, or that serves a device of AWS's own.",
    &[
        required("subnet", REF, "Its subnet."),
        key("public-ip", Kind::Address, "The public address of its private address, if that is no Elastic IP."),
        key(
            "type",
            Kind::Text,
            "What device of AWS's it serves, in EC2's word, such as `lambda`; packets to it end as NOT_MODELED.",
        ),
        key(
            "device-index",
            Kind::Integer { min: 0, max: DEVICE_INDEX_MAX as u64 },
            "Its place at the device; it is attached to nothing unless given.",
        ),
    ],
)
.with(&[INTERFACE_KEYS, INTERFACE_SELF]);

/// An endpoint's interface.
pub(in crate::scenario) static ENDPOINT_INTERFACE: Shape = shape(
    "interface of an endpoint",
    "The interface that an endpoint has in one subnet.",
    &[
        required("subnet", REF, "The subnet."),
        key("private-ip", Kind::Address, "Its private address."),
        key("ipv6", Kind::Address, "Its IPv6 address."),
        key("id", Kind::Text, "Its id, if it is not to be made."),
        key("tags", TAG_MAP, "Its tags."),
    ],
);
