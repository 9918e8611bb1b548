//! The keys of expectations: the user's verbs and what they can say.

use super::form::*;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// Why a program fails.
const CAUSES: &[(&str, &str)] = &[
    ("reset", "Its connection was reset."),
    ("refused", "Nobody listens there."),
    ("timeout", "Nobody answered for too long."),
    ("unreachable", "The network said that it cannot be reached."),
    ("name", "The name does not resolve."),
    ("closed", "The peer closed too early."),
    ("http", "The service answered with an error."),
];

/// How a probe asks.
const PROTOCOLS: &[(&str, &str)] = &[
    ("tcp", "A connection is opened."),
    ("udp", "A datagram is sent and an echo awaited."),
    ("icmp", "An echo request is sent."),
];

/// Who sent the reset.
const RESET_BY: &[(&str, &str)] = &[
    ("service", "The service or host at the far end, which does not know the connection."),
    ("nat-gateway", "A NAT gateway that has no mapping for it."),
    ("peer", "The program at the far end."),
];

/// What is charged for.
const PATHS: &[(&str, &str)] = &[
    ("nat-gateway", "The bytes that NAT gateways process."),
    ("nat-gateway-hours", "The hours of NAT gateways."),
    ("internet", "The bytes that leave AWS for hosts of the internet."),
    ("endpoint", "The bytes through gateway endpoints."),
    ("all", "All of it."),
];

const BEFORE: Key = key("before", Kind::Text, "Only what happened before this step of the timeline.");
const AFTER: Key = key("after", Kind::Text, "Only what happened after this step of the timeline.");
const WITHIN: Key = key("within", Kind::Duration, "How long after `of` it happens at the latest.");
const OF: Key = key(
    "of",
    Kind::Text,
    "The step of the timeline from which `within` and `not-before` count; the start unless given.",
);
const NOT_BEFORE: Key = key("not-before", Kind::Duration, "How long after `of` it happens at the earliest.");
const PROGRAM: Key = required("program", REFS, "The program, or several.");

/// An expectation.
pub(in crate::scenario) static EXPECTATION: Shape = shape(
    "expectation",
    "One thing that must come of the run.",
    &[
        key("rules", RULES, "The rules that it shows."),
        key("twin", Kind::Bool, "Whether it shows the rule's opposite: the same without the rule's cause."),
        key("because", Kind::Text, "Why it must be so, for the reader."),
        IN_ERA,
    ],
)
.with_verbs("what is expected", &[PROGRAM_VERBS, NETWORK_VERBS]);

static PROGRAM_VERBS: &[Key] = &[
    key("completes", Kind::Shape(&COMPLETES), "A program ends as it should."),
    key("fails", Kind::Shape(&FAILS), "A program ends otherwise."),
    key("is-reset", Kind::Shape(&IS_RESET), "A connection of a program is reset."),
    key("is-not-reset", Kind::Shape(&OF_PROGRAM), "No connection of a program is reset."),
    key("times-out", Kind::Shape(&TIMES_OUT), "A connection or attempt of a program times out."),
    key("is-refused", Kind::Shape(&OF_PROGRAM), "An attempt of a program is refused."),
    key("retries", Kind::Shape(&RETRIES), "A program tries again."),
    key("survives", Kind::Shape(&SURVIVES), "The connection that a program has at a step lives on."),
    key("stays-open", Kind::Shape(&STAYS_OPEN), "A connection of a program is open at the end of the run."),
    key("is-carried-by", Kind::Shape(&CARRIED), "A program's packets cross these devices."),
    key("never-crosses", Kind::Shape(&CARRIED), "None of a program's packets crosses these devices."),
    key("hears", Kind::Shape(&HEARS), "A ping or traceroute gets such answers."),
    key("resolves", Kind::Shape(&RESOLVES), "A program's name resolves so."),
    key("exchanges", Kind::Shape(&EXCHANGES), "These packets of a program pass a point in this order."),
];

static NETWORK_VERBS: &[Key] = &[
    key("reaches", Kind::Shape(&REACHES), "A probe from one machine reaches another, and is answered."),
    key("does-not-reach", Kind::Shape(&DOES_NOT_REACH), "A probe from one machine does not reach another."),
    key("s3-sees", Kind::Shape(&S3_SEES), "S3's access log has a line such as this."),
    key("s3-never-sees", Kind::Shape(&S3_SEES), "S3's access log has no line such as this."),
    key("drops", Kind::Shape(&DROPS), "Packets are dropped for this reason."),
    key("drops-nothing", Kind::Shape(&DROPS_NOTHING), "No packet is dropped, or none for this reason."),
    key("route-table", Kind::Shape(&ROUTE_TABLE), "A route table has, or lacks, routes at an instant."),
    key("carries", Kind::Shape(&CARRIES), "So many bytes cross a device."),
    key("costs", Kind::Shape(&COSTS), "The run's bytes on a path cost so much."),
];

static OF_PROGRAM: Shape = shape("program", "A program.", &[PROGRAM, BEFORE, AFTER]);
static COMPLETES: Shape = shape(
    "completion",
    "A program ends as it should.",
    &[
        PROGRAM,
        WITHIN,
        OF,
        NOT_BEFORE,
        key("bytes", Kind::Size, "How many bytes of payload it moved."),
        key("status", Kind::Integer { min: 100, max: 599 }, "The HTTP status of its last answer."),
        key("attempts", Kind::Integer { min: 1, max: 10_000 }, "How many attempts it took."),
        key("saying", Kind::Text, "A part of what it has to show, as the summary tells it."),
    ],
);
static FAILS: Shape = shape(
    "failure",
    "A program ends otherwise.",
    &[
        PROGRAM,
        WITHIN,
        OF,
        NOT_BEFORE,
        key("by", Kind::Choice(CAUSES), "What it fails by."),
        key("status", Kind::Integer { min: 100, max: 599 }, "The HTTP status of its last answer."),
        key("code", Kind::Text, "The service's error code, such as `AccessDenied`."),
        key("saying", Kind::Text, "A part of the error that its user reads."),
    ],
);
static IS_RESET: Shape = shape(
    "reset",
    "A connection of a program is reset.",
    &[
        PROGRAM,
        WITHIN,
        OF,
        NOT_BEFORE,
        key("by", Kind::Choice(RESET_BY), "Who sent the RST that ended it."),
        key(
            "times",
            Kind::Integer { min: 1, max: 10_000 },
            "How many of its connections were reset; at least one unless given.",
        ),
        key("having-received", Kind::Size, "How many bytes its application had read by then."),
    ],
);
static TIMES_OUT: Shape =
    shape("time-out", "A connection or attempt of a program times out.", &[PROGRAM, WITHIN, OF, NOT_BEFORE]);
static RETRIES: Shape = shape(
    "retry",
    "A program tries again.",
    &[PROGRAM, key("times", Kind::Integer { min: 0, max: 10_000 }, "How often; at least once unless given.")],
);
static SURVIVES: Shape = shape(
    "survival",
    "The connection that a program has at a step lives on.",
    &[
        PROGRAM,
        required("step", Kind::Text, "The step of the timeline."),
        key(
            "by",
            Kind::Duration,
            "How long after it the connection still lives; to the end of its program unless given.",
        ),
    ],
);
static STAYS_OPEN: Shape = shape(
    "open connection",
    "A connection is open at the end of the run.",
    &[PROGRAM, key("at", Kind::Text, "At which end: a machine, or `s3`; the program's own unless given.")],
);
static CARRIED: Shape = shape(
    "path",
    "Which devices a program's packets cross.",
    &[
        PROGRAM,
        required("by", REFS, "The devices, by name: gateways, endpoints, instances, `internet`."),
        BEFORE,
        AFTER,
    ],
);
static HEARS: Shape = shape(
    "answers",
    "What a ping or traceroute hears.",
    &[
        PROGRAM,
        key("replies", Kind::Integer { min: 0, max: 1_000_000 }, "How many answers."),
        key("ttl", Kind::Integer { min: 1, max: 255 }, "The time to live of each answer, as received."),
        key("from", REF, "Who answers."),
        key("hops", Kind::List(&Kind::Text), "The hops of a traceroute: names, addresses, or `*` for silence."),
        key("round-trip", Kind::Duration, "The longest time an answer takes."),
    ],
);
static RESOLVES: Shape = shape(
    "resolution",
    "How a name resolves.",
    &[
        PROGRAM,
        key(
            "to",
            Kind::OneOrMany(&Kind::Text),
            "Addresses, blocks, or a service whose ranges hold them; `nothing` for none.",
        ),
        BEFORE,
        AFTER,
    ],
);
static EXCHANGES: Shape = shape(
    "exchange",
    "Packets of a program at a point, in order. Others may come between, unless `exactly`.",
    &[
        PROGRAM,
        required("at", REF, "The point: an instance, a host, a gateway, an endpoint or `s3`."),
        required(
            "packets",
            Kind::List(&Kind::Text),
            "Each as `> PA` (from the program's host), `< R` (towards it); flags S A P F R and `len`, `src`, `dst`, `sport`, `dport` where they matter.",
        ),
        key("exactly", Kind::Bool, "No other packets of the program pass the point between the first and the last."),
        BEFORE,
        AFTER,
    ],
);
static PROBE: &[Key] = &[
    required("from", REFS, "The machine that asks, or several."),
    required("to", Kind::Text, "Whom it asks: a machine, an address, a DNS name, or `s3`."),
    key("port", Kind::Port, "The port; 443 unless said otherwise."),
    key("protocol", Kind::Choice(PROTOCOLS), "How it asks; `tcp` unless said otherwise."),
    key("at", Kind::Duration, "When it asks; at the start unless said otherwise."),
    AFTER,
];
static REACHES: Shape =
    shape("probe", "A probe that is answered.", &[key("by", REFS, "The devices that its packets cross.")])
        .with(&[PROBE]);
static DOES_NOT_REACH: Shape = shape(
    "failing probe",
    "A probe that is not answered.",
    &[
        key("reason", Kind::Text, "The code of the reason, such as NO_ROUTE_TO_DESTINATION."),
        key("dropped-by", REF, "The device, table, group or ACL that decided."),
        key("refused", Kind::Bool, "Whether it is refused by RST instead of dropped."),
    ],
)
.with(&[PROBE]);
static S3_SEES: Shape = shape(
    "line of the access log",
    "What S3 sees of a request.",
    &[
        key("program", REFS, "Whose request it is."),
        key("source", Kind::Text, "The source address, or a block that holds it."),
        key("endpoint", REF, "The endpoint it came through, or `none`."),
        key("vpc", REF, "The VPC of that endpoint, or `none`."),
        key("bucket", Kind::Text, "The bucket."),
        key("key", Kind::Text, "The object's key."),
        key("operation", Kind::Text, "The operation, such as REST.GET.OBJECT."),
        key("requester", Kind::Text, "Who asked: a part of the ARN, or `-`."),
        key("status", Kind::Integer { min: 100, max: 599 }, "The HTTP status."),
        key("code", Kind::Text, "The error code."),
        key("saying", Kind::Text, "A part of why it was denied."),
        key("times", Kind::Integer { min: 1, max: 1_000_000 }, "How many such lines; at least one unless given."),
        BEFORE,
        AFTER,
    ],
);
static DROPS: Shape = shape(
    "drop",
    "Packets that are dropped.",
    &[
        required("reason", Kind::Text, "The code of the reason, such as BAD_STATE_ROUTE."),
        key("by", REF, "The device, table, group or ACL that decided."),
        key("program", REFS, "Whose packets."),
        key("times", Kind::Integer { min: 1, max: 1_000_000_000 }, "How many; at least one unless given."),
        BEFORE,
        AFTER,
    ],
);
static DROPS_NOTHING: Shape = shape(
    "no drop",
    "Packets that are not dropped.",
    &[
        key("reason", Kind::Text, "The code of the reason; any unless given."),
        key("program", REFS, "Whose packets; anybody's unless given."),
        BEFORE,
        AFTER,
    ],
);
static ROUTE_TABLE: Shape = shape(
    "routes",
    "What a route table has and lacks.",
    &[
        required("table", REF, "The route table."),
        key(
            "has",
            Kind::Named { keys: &DESTINATIONS, value: &Kind::Text },
            "Routes that it has: destination and target.",
        ),
        key("lacks", Kind::OneOrMany(&Kind::Form(&DESTINATION)), "Destinations that it has no route to."),
        key("blackhole", Kind::OneOrMany(&Kind::Form(&DESTINATION)), "Destinations whose route is a blackhole."),
        key("at", Kind::Duration, "When; at the end unless said otherwise."),
        BEFORE,
        AFTER,
    ],
);
static CARRIES: Shape = shape(
    "bytes",
    "How many bytes cross a device.",
    &[
        required("device", REF, "The device."),
        key("at-least", Kind::Size, "So many, or more."),
        key("at-most", Kind::Size, "So many, or fewer."),
        BEFORE,
        AFTER,
    ],
);
static COSTS: Shape = shape(
    "cost",
    "What the run's bytes cost.",
    &[
        required("path", Kind::Choice(PATHS), "What is charged for."),
        key("at-most", Kind::Text, "US dollars at the most, such as 0.01."),
        key("at-least", Kind::Text, "US dollars at the least."),
    ],
);
