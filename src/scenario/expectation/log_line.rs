//! A line of S3's access log as an expectation asks for it, and its reading.

use super::claim::Window;
use super::read::Known;
use super::value::{block, device, program_names, window};
use crate::base::Cidr;
use crate::notation::{View, decode};
use crate::scenario::context::Cx;

/// What a line of S3's access log says; what is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogLine {
    /// Whose request it is.
    pub programs: Vec<String>,
    /// A block that holds the source address.
    pub source: Option<Cidr>,
    /// The endpoint it came through, by its name; the inner `None` is none.
    pub endpoint: Option<Option<String>>,
    /// The VPC of the endpoint, by its name; the inner `None` is none.
    pub vpc: Option<Option<String>>,
    /// The bucket.
    pub bucket: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The operation.
    pub operation: Option<String>,
    /// A part of the requester.
    pub requester: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The error code.
    pub code: Option<String>,
    /// A part of why it was denied.
    pub saying: Option<String>,
    /// How many such lines; at least one without it.
    pub times: Option<u64>,
    /// When.
    pub window: Window,
}

pub(super) fn log_line(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> LogLine {
    let mut none_or = |key| {
        let node = view.node(key)?;
        if decode::text(node).ok()? == "none" { Some(None) } else { Some(device(cx, known, node)) }
    };
    let (endpoint, vpc) = (none_or("endpoint"), none_or("vpc"));
    LogLine {
        programs: program_names(cx, known, view.items("program")),
        source: view.node("source").and_then(|node| block(cx, node)),
        endpoint,
        vpc,
        bucket: view.string("bucket"),
        key: view.string("key"),
        operation: view.string("operation"),
        requester: view.string("requester"),
        status: view.integer("status").map(|status| status as u16),
        code: view.string("code"),
        saying: view.string("saying"),
        times: view.integer("times"),
        window: window(cx, known, view),
    }
}
