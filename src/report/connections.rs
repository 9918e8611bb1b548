//! The open connections at an instant, as a table: what an engineer looks at before a change. Changes nothing.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::flows::{Open, path_names};
use super::happening::View;
use super::words;
use crate::base::SimTime;

/// The ends of connections that are open at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The instant.
    pub at: SimTime,
    /// In the order of their opening.
    pub ends: Vec<OpenEnd>,
}

/// One end of an open connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEnd {
    /// Whose end it is.
    pub node: String,
    /// The local end by name and port.
    pub local: String,
    /// The local end's address and port.
    pub local_address: String,
    /// The other end by name and port, as this end sees it.
    pub remote: String,
    /// The other end's address and port, as this end sees it.
    pub remote_address: String,
    /// `opening`, `established`, `half closed`.
    pub state: &'static str,
    /// When it began.
    pub since: SimTime,
    /// The nodes that its packets cross.
    pub path: Vec<String>,
    /// Under which address and port the other end sees this one; empty if nothing arrived there.
    pub seen_as: String,
    /// Payload that arrived at the other end, in bytes.
    pub sent_bytes: u64,
    /// Payload that arrived from the other end, in bytes.
    pub received_bytes: u64,
    /// The program it belongs to; empty if none.
    pub program: String,
}

pub(crate) fn listing(view: &View<'_>) -> Listing {
    let ends = view.flows.ends().into_iter().map(|end| open_end(view, end)).collect();
    Listing { at: view.at, ends }
}

fn open_end(view: &View<'_>, end: &Open) -> OpenEnd {
    let flow = end.flow.and_then(|flow| view.flows.flow(flow));
    let answers = end.answers.and_then(|flow| view.flows.flow(flow));
    let state = match (end.established_at, end.peer_closed) {
        (None, _) => "opening",
        (Some(_), false) => "established",
        (Some(_), true) => "half closed",
    };
    let node = words::node_name(view.names, end.node);
    OpenEnd {
        local: format!("{node}:{}", end.tuple.src_port),
        node,
        local_address: end.tuple.source().to_string(),
        remote: end.remote.to_string(),
        remote_address: end.tuple.destination().to_string(),
        state,
        since: end.opened_at,
        path: flow.map_or(Vec::new(), |flow| path_names(view.names, &flow.path)),
        seen_as: flow.and_then(|flow| flow.seen_as).map_or(String::new(), |seen| seen.source().to_string()),
        sent_bytes: flow.map_or(0, |flow| flow.total.bytes),
        received_bytes: answers.map_or(0, |flow| flow.total.bytes),
        program: end.program.map_or(String::new(), |program| view.names.directory.program(program).to_owned()),
    }
}

impl Listing {
    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// A table with a line for each end.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["local", "remote", "state", "since", "path", "seen as", "sent", "received", "program"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        for end in &self.ends {
            rows.push(vec![
                end.local.clone(),
                end.remote.clone(),
                end.state.to_owned(),
                end.since.to_string(),
                end.path.join(" → "),
                // The usual case, nothing on the way translates, is left blank.
                if end.seen_as == end.local_address { String::new() } else { end.seen_as.clone() },
                words::bytes_text(end.sent_bytes),
                words::bytes_text(end.received_bytes),
                end.program.clone(),
            ]);
        }
        f.write_str(&columns(&rows, ""))
    }
}

/// Cells in aligned columns, two spaces apart, each line after `indent`; nothing stands behind the last cell.
pub(crate) fn columns(rows: &[Vec<String>], indent: &str) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(indent);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
