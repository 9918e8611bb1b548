//! The keys of programs: what machines do, and what they do when it fails.

use super::form::*;
use super::host::TCP_STEP;
use super::timeline::WHEN;
use crate::notation::shape::{Key, Kind, Shape, key, required, shape};

/// How S3's host name is built.
pub(in crate::scenario) const S3_NAMES: &[(&str, &str)] = &[
    ("regional", "bucket.s3.us-west-2.amazonaws.com"),
    ("dash", "bucket.s3-us-west-2.amazonaws.com, the spelling of 2017."),
    ("global", "bucket.s3.amazonaws.com"),
    ("path", "s3.us-west-2.amazonaws.com/bucket"),
    ("dash-path", "s3-us-west-2.amazonaws.com/bucket"),
    ("global-path", "s3.amazonaws.com/bucket"),
    ("dual-stack", "bucket.s3.dualstack.us-west-2.amazonaws.com, with IPv6 addresses."),
];

/// A program.
pub(in crate::scenario) static PROGRAM: Shape = shape(
    "program",
    "What a machine does, and what it does when that fails.",
    &[
        required("on", REFS, "The machines that run it: instances, hosts, or a fleet."),
        key("at", Kind::Duration, "When it starts; at once unless said otherwise."),
        key("when", Kind::Shape(&WHEN), "What it waits for before it starts."),
        key("after", Kind::Duration, "How long after that it starts."),
        key(
            "retry",
            Kind::Either(&[Kind::Form(&ATTEMPTS), Kind::Shape(&RETRY)]),
            "What it does after a failure: `none` (the default), a number of further attempts, or more in a map.",
        ),
        key("repeat", Kind::Shape(&REPEAT), "How often it does it; once unless said otherwise."),
        key("connect-timeout", Kind::Duration, "When it gives up connecting; the host's own unless said otherwise."),
        key("read-timeout", Kind::Duration, "When it gives up waiting for bytes; never unless said otherwise."),
        IN_ERA,
    ],
)
.with_verbs("what it does", &[S3_VERBS, OTHER_VERBS]);

/// What a program does after a failure.
pub(in crate::scenario) static RETRY: Shape = shape(
    "retry",
    "What a program does after a failure.",
    &[
        required("attempts", Kind::Integer { min: 0, max: 10_000 }, "How many further attempts it makes."),
        key("delay", Kind::Duration, "How long it waits before the second attempt; 100 ms unless said otherwise."),
        key("backoff", Kind::Integer { min: 1, max: 10 }, "By what the wait grows each time; 2 unless said otherwise."),
        key("resume", Kind::Bool, "Whether a download goes on where it broke, by a range request."),
    ],
);

/// How often a program does what it does.
pub(in crate::scenario) static REPEAT: Shape = shape(
    "repeat",
    "How often a program does what it does.",
    &[
        required("count", Kind::Integer { min: 1, max: 1_000_000 }, "How many times."),
        key("pause", Kind::Duration, "How long from the end of one time to the begin of the next."),
        key(
            "same-connection",
            Kind::Bool,
            "Whether requests go over one connection; they do unless said otherwise. `tcp` and `bulk` open one each time.",
        ),
    ],
);

/// Keys that every request to S3 has.
static S3_KEYS: &[Key] = &[
    key(
        "region",
        Kind::Form(&REGION_NAME),
        "The region whose S3 is asked; the machine's default region unless said otherwise.",
    ),
    key(
        "names",
        Kind::Choice(S3_NAMES),
        "How the host name is built; unless said otherwise `dash` in era 2017, `regional` today.",
    ),
    key("port", Kind::Port, "The port; 443 unless said otherwise."),
    key("local-port", Kind::Port, "Its own port, if not any free one; a second connection needs another."),
    key("endpoint", Kind::Text, "An address or name to connect to instead of S3's own name."),
    key(
        "as",
        Kind::Text,
        "The IAM user whose keys sign the requests, or `anonymous`; the owner's keys unless said otherwise.",
    ),
    key("presigned", Kind::Duration, "The signature stands in the URL, and is valid for so long."),
];

static BUCKET_KEY: &[Key] =
    &[required("bucket", Kind::Text, "The bucket."), required("key", Kind::Text, "The object's key.")];

static BUCKET: &[Key] = &[required("bucket", Kind::Text, "The bucket.")];

static S3_VERBS: &[Key] = &[
    key("s3-get", Kind::Shape(&S3_GET), "Downloads an object."),
    key("s3-put", Kind::Shape(&S3_PUT), "Uploads an object."),
    key("s3-head", Kind::Shape(&S3_HEAD), "Asks for an object's size."),
    key("s3-delete", Kind::Shape(&S3_HEAD), "Deletes an object."),
    key("s3-list", Kind::Shape(&S3_LIST), "Lists a bucket."),
    key("s3-list-buckets", Kind::Shape(&S3_PLAIN), "Lists the caller's buckets."),
    key("s3-location", Kind::Shape(&S3_BUCKET), "Asks where a bucket is."),
    key("s3-create-bucket", Kind::Shape(&S3_BUCKET), "Creates a bucket."),
    key("s3-copy", Kind::Shape(&S3_COPY), "Has S3 copy an object by itself."),
];

static S3_GET: Shape = shape("S3 get", "A download.", &[key("range", Kind::Form(&BYTE_RANGE), "Only these bytes.")])
    .with(&[BUCKET_KEY, S3_KEYS]);

static S3_PUT: Shape = shape(
    "S3 put",
    "An upload.",
    &[
        key("size", Kind::Size, "How many generated bytes; 0 unless a text is given."),
        key("seed", Kind::Integer { min: 0, max: u64::MAX }, "Which bytes; 0 unless said otherwise."),
        key("text", Kind::Text, "Exactly this text instead of generated bytes."),
        key("part-size", Kind::Size, "Uploads in parts of this size (multipart upload)."),
    ],
)
.with(&[BUCKET_KEY, S3_KEYS]);

static S3_HEAD: Shape = shape("S3 object request", "A request about an object.", &[]).with(&[BUCKET_KEY, S3_KEYS]);
static S3_PLAIN: Shape = shape("S3 request", "A request to S3.", &[]).with(&[S3_KEYS]);
static S3_BUCKET: Shape = shape("S3 bucket request", "A request about a bucket.", &[]).with(&[BUCKET, S3_KEYS]);
static S3_LIST: Shape =
    shape("S3 list", "The keys of a bucket.", &[key("prefix", Kind::Text, "Only keys that begin so.")])
        .with(&[BUCKET, S3_KEYS]);
static S3_COPY: Shape = shape(
    "S3 copy",
    "A copy that S3 makes by itself.",
    &[
        required("from-bucket", Kind::Text, "The bucket to copy from."),
        required("from-key", Kind::Text, "The key to copy from."),
    ],
)
.with(&[BUCKET_KEY, S3_KEYS]);

static TO: &[Key] = &[required("to", Kind::Text, "Whom: an instance, a host, an address or a DNS name.")];
static PORT: &[Key] = &[required("port", Kind::Port, "The port.")];

static OTHER_VERBS: &[Key] = &[
    key("dynamodb", Kind::Shape(&DYNAMODB), "A request to DynamoDB."),
    key("http", Kind::Shape(&HTTP), "An HTTP request to any host."),
    key("tcp", Kind::Shape(&TCP), "A TCP client that follows a script."),
    key("bulk", Kind::Shape(&BULK), "One large transfer over TCP."),
    key("udp", Kind::Shape(&UDP), "Datagrams to a port, and their echoes."),
    key("ping", Kind::Shape(&PING), "Echo requests."),
    key("traceroute", Kind::Shape(&TRACEROUTE), "The hops to a host."),
    key("resolve", Kind::Shape(&RESOLVE), "One name is looked up."),
];

static DYNAMODB: Shape = shape(
    "DynamoDB request",
    "A request to DynamoDB.",
    &[
        required("action", Kind::Text, "The API action, such as `GetItem` or `ListTables`."),
        key("table", Kind::Text, "The table."),
        key(
            "region",
            Kind::Form(&REGION_NAME),
            "The region whose DynamoDB is asked; the machine's default region unless said otherwise.",
        ),
        key("port", Kind::Port, "The port; 443 unless said otherwise."),
        key("as", Kind::Text, "The IAM user whose keys sign the requests, or `anonymous`."),
    ],
);

static HTTP: Shape = shape(
    "HTTP request",
    "An HTTP request to any host.",
    &[
        key("port", Kind::Port, "The port; 80 unless said otherwise."),
        key("method", Kind::Text, "The method; GET unless said otherwise."),
        key("path", Kind::Text, "The path; / unless said otherwise."),
        key("host", Kind::Text, "The Host header, if not the target's own name."),
        key("body", Kind::Size, "How many bytes the request carries."),
    ],
)
.with(&[TO]);

static TCP: Shape = shape(
    "TCP client",
    "A TCP client that follows a script.",
    &[
        key("local-port", Kind::Port, "Its own port, if not any free one."),
        key("keep-alive", Kind::Duration, "Probes the connection when idle for so long."),
        key(
            "script",
            Kind::List(&Kind::Shape(&TCP_STEP)),
            "What it does once connected; it closes unless told otherwise.",
        ),
    ],
)
.with(&[TO, PORT]);

static BULK: Shape = shape("bulk transfer", "One large transfer over TCP.", &[]).with(&[TO, PORT]).with_verbs(
    "a direction",
    &[&[
        key("send", Kind::Size, "Sends so many bytes, then closes."),
        key("receive", Kind::Size, "Receives so many bytes, then closes."),
    ]],
);

static UDP: Shape = shape(
    "UDP client",
    "Datagrams to a port, and their echoes.",
    &[
        key("size", Kind::Size, "Payload of each datagram; 32 bytes unless said otherwise."),
        key("count", Kind::Integer { min: 1, max: 1_000_000 }, "How many; 1 unless said otherwise."),
        key("interval", Kind::Duration, "How long from one to the next; 1 s unless said otherwise."),
        key("wants-echo", Kind::Bool, "Whether it waits for an echo of each; it does unless said otherwise."),
        key("timeout", Kind::Duration, "How long it waits for an echo; 1 s unless said otherwise."),
    ],
)
.with(&[TO, PORT]);

static PING: Shape = shape(
    "ping",
    "Echo requests.",
    &[
        key("size", Kind::Size, "Payload of each request; 56 bytes unless said otherwise."),
        key("count", Kind::Integer { min: 1, max: 1_000_000 }, "How many; 1 unless said otherwise."),
        key("interval", Kind::Duration, "How long from one to the next; 1 s unless said otherwise."),
        key("timeout", Kind::Duration, "How long it waits for each reply; 1 s unless said otherwise."),
        key("ttl", Kind::Integer { min: 1, max: 255 }, "The time to live, if not the host's own."),
        key("dont-fragment", Kind::Bool, "Forbids fragmentation."),
    ],
)
.with(&[TO]);

static TRACEROUTE: Shape = shape(
    "traceroute",
    "The hops to a host.",
    &[
        key(
            "by",
            Kind::Choice(&[
                ("udp", "Datagrams to rising ports."),
                ("icmp", "Echo requests."),
                ("tcp", "SYNs to a port."),
            ]),
            "What it sends; `udp` unless said otherwise.",
        ),
        key("port", Kind::Port, "The port: 33434 for udp, 80 for tcp unless said otherwise."),
        key("hops", Kind::Integer { min: 1, max: 64 }, "The most hops; 30 unless said otherwise."),
        key("timeout", Kind::Duration, "How long it waits for each hop; 1 s unless said otherwise."),
    ],
)
.with(&[TO]);

static RESOLVE: Shape = shape(
    "name look-up",
    "One name is looked up.",
    &[
        required("name", Kind::Text, "The name."),
        key("ipv6", Kind::Bool, "Asks for IPv6 addresses instead of IPv4."),
        key("server", Kind::Address, "The server, if not the host's own resolver."),
    ],
);
