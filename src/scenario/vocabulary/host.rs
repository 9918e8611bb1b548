//! The keys of hosts: what listens, how their stack is set, their link, and the networks outside AWS.

use super::form::*;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// What becomes of a segment that belongs to no connection.
pub(in crate::scenario) const UNKNOWN: &[(&str, &str)] =
    &[("rst", "It is answered with RST, as RFC 9293 asks."), ("drop", "It is dropped in silence.")];

/// Keys that every machine has: instances, hosts of the internet, hosts on premises.
pub(in crate::scenario) static HOST_KEYS: &[Key] = &[
    key(
        "listen",
        Kind::Named { keys: &LISTEN_PORTS, value: &Kind::Either(&[Kind::Choice(LISTENERS), Kind::Shape(&LISTENER)]) },
        "What listens on which port: `tcp 80: echo`.",
    ),
    key("link", Kind::Shape(&LINK), "The link that joins the machine to its network."),
    key("ttl", Kind::Integer { min: 1, max: 255 }, "The time to live of what it sends; 255 unless said otherwise."),
    RECEIVE_BUFFER,
    SEND_BUFFER,
    key("unknown-flow", Kind::Choice(UNKNOWN), "What becomes of a segment that belongs to none of its connections."),
    key("closed-port", Kind::Choice(UNKNOWN), "What becomes of a SYN to a port on which nobody listens."),
    key("answers-ping", Kind::Bool, "Whether it answers echo requests; it does unless said otherwise."),
    key("connect-timeout", Kind::Duration, "When it gives up connecting; 127 s, as Linux does, unless said otherwise."),
    key("keep-alive", Kind::Duration, "Probes connections that were idle for so long; off unless said otherwise."),
    key(
        "default-region",
        Kind::Form(&REGION_NAME),
        "The region whose services its programs ask unless they name one, as in the settings of a client; that of the \
         machine unless said otherwise.",
    ),
    key("answers-by", Kind::Choice(ANSWERS_BY), "By which of several interfaces it answers."),
];

const ANSWERS_BY: &[(&str, &str)] = &[
    ("asked", "By the interface that was asked, as Amazon Linux sets it up."),
    ("primary", "By its first interface, as a plain routing table does."),
];

const LISTENERS: &[(&str, &str)] = &[
    ("echo", "Sends back what comes."),
    ("sink", "Takes what comes and sends nothing."),
    ("http", "Answers each HTTP request with 1 KiB."),
];

/// A listener that needs more than a word.
pub(in crate::scenario) static LISTENER: Shape = shape(
    "listener",
    "What listens on a port.",
    &[
        key(
            "delay",
            Kind::Duration,
            "How long `http` waits before it answers, and `source` before it sends; the others do not wait.",
        ),
        key(
            "status",
            Kind::Integer { min: 100, max: 599 },
            "The HTTP status of its answers; 200 unless said otherwise.",
        ),
        key("close", Kind::Bool, "Whether a source closes when it has sent everything; it does unless said otherwise."),
        key(
            "backlog",
            Kind::Integer { min: 1, max: 65_535 },
            "How many connections may wait; 128 unless said otherwise.",
        ),
    ],
)
.with_verbs(
    "what it does",
    &[&[
        key("echo", Kind::Optional(&Kind::Bool), "Sends back what comes."),
        key("sink", Kind::Optional(&Kind::Bool), "Takes what comes and sends nothing."),
        key("source", Kind::Size, "Sends so many bytes to whoever connects."),
        key("http", Kind::Size, "Answers each HTTP request with so many bytes."),
        key("script", Kind::List(&Kind::Shape(&TCP_STEP)), "Follows these steps with each connection."),
        key(
            "dns",
            Kind::Named { keys: &DNS_NAMES, value: &Kind::OneOrMany(&Kind::Address) },
            "Answers these names with these addresses.",
        ),
    ]],
);

/// A step of a TCP script.
pub(in crate::scenario) static TCP_STEP: Shape = shape("TCP step", "One step of a TCP program.", &[]).with_verbs(
    "a step",
    &[&[
        key("send", Kind::Size, "Sends so many bytes."),
        key("receive", Kind::Size, "Waits until so many bytes have come."),
        key("receive-all", Kind::Optional(&Kind::Bool), "Reads until the peer closes."),
        key("idle", Kind::Duration, "Is quiet for so long; what comes in is read."),
        key("hold", Kind::Optional(&Kind::Bool), "Keeps the connection open for the rest of the run."),
        key("close", Kind::Optional(&Kind::Bool), "Closes, and waits for the peer to close."),
        key("abort", Kind::Optional(&Kind::Bool), "Ends the connection with an RST."),
    ]],
);

/// A link.
pub(in crate::scenario) static LINK: Shape = shape(
    "link",
    "A wire in both directions: delay, rate, MTU, queue, and what it does to packets by chance.",
    &[
        key("delay", Kind::Duration, "How long a bit travels, one way."),
        key("rate", Kind::Rate, "Bits a second; unlimited unless said otherwise."),
        key("mtu", Kind::Integer { min: 576, max: 65_535 }, "The largest packet, in bytes."),
        key("queue", Kind::Size, "How many bytes may wait before a link with a rate; more are dropped."),
        key("loss", Kind::Share, "The share of packets that are lost."),
        key("duplication", Kind::Share, "The share of packets that arrive twice."),
        key("reordering", Kind::Share, "The share of packets that later ones overtake."),
        key("reordering-delay", Kind::Duration, "How long such a packet is held back; 10 ms unless said otherwise."),
        key("jitter", Kind::Duration, "The most by which a packet is late."),
    ],
);

/// A host of the internet.
pub(in crate::scenario) static OUTSIDE_HOST: Shape = shape(
    "host",
    "A machine outside AWS.",
    &[
        required("address", Kind::OneOrMany(&Kind::Address), "Its address, or its addresses."),
        key("name", Kind::OneOrMany(&Kind::Text), "DNS names by which the VPC's resolver knows it."),
    ],
)
.with(&[HOST_KEYS]);

/// A network outside AWS that is joined to a VPC.
pub(in crate::scenario) static ON_PREMISES: Shape = shape(
    "network on premises",
    "A customer's own network, joined to a VPC by VPN or Direct Connect.",
    &[
        required("cidr", Kind::OneOrMany(&Kind::Cidr), "Its blocks of addresses."),
        key("gateway-address", Kind::Address, "The public address of its gateway."),
        key("link", Kind::Shape(&LINK), "The link between the gateway and AWS."),
        key("hosts", Kind::Named { keys: &NAMES, value: &Kind::Shape(&OUTSIDE_HOST) }, "Its machines."),
    ],
);
