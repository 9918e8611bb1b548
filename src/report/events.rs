//! The timeline as JSON lines: one object for each happening, nothing folded. Keeps nothing.
//!
//! Each object begins with `at_ns` (virtual nanoseconds since the start) and `kind`. By kind there follow:
//!
//! | kind | keys |
//! |---|---|
//! | `change` | `text`, `ok`, `refused` |
//! | `connection` | `event`, `node`, `connection`, `label`, `local`, `remote`, `program`, and by event `path`, `routes`, `seen_as`, `packet`, `rules`, `error`, `from`, `mtu` |
//! | `program` | `event`, `node`, `program`, and by event `what`, `status`, `name`, `addresses`, `from`, `sequence`, `ttl`, `after_ns`, `bytes`, `attempt`, `because`, `error`, `cause` |
//! | `request` | `node`, `service`, `source`, `source_port`, `endpoint`, `vpc`, `requester`, `operation`, `bucket`, `key`, `status`, `error`, `because`, `bytes_sent`, `bytes_received`, `label` |
//! | `translated` | `node`, `packet`, `flow`, `before`, `after`, `by` |
//! | `path` | `node`, `packet`, `flow`, `before`, `after`, `by` |
//! | `seen` | `node`, `flow`, `before`, `after`, `rules` |
//! | `retransmitted` | `node`, `packet`, `flow`, `what` |
//! | `reset` | `node`, `packet`, `flow`, `tuple`, `answers`, `code`, `because`, `by`, `rules` |
//! | `reset_ended` | `node`, `packet`, `flow`, `fate` |
//! | `answered` | `node`, `packet`, `flow`, `tuple`, `answers`, `what`, `code`, `because`, `by` |
//! | `dropped` | `node`, `packet`, `flow`, `tuple`, `what`, `reason`, `code`, `sentence`, `by`, `rules` |
//!
//! A tuple is `{protocol, source, destination}`; `by` and each of `routes` is a citation,
//! `{component, id, name, detail, rules}`. What does not apply is left out.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::flows::{FlowId, Open, path_names};
use super::happening::{Fate, Happening, View};
use super::rows::{drop_rules, reset_rules, seen_rules};
use super::words;
use crate::packet::{FiveTuple, PacketId};
use crate::trace::{Cause, Cite, CiteId, Component, ConnectionNote, NodeId, ProgramId, ProgramNote, RequestNote};

/// JSON lines on their way to a sink.
pub(crate) struct Events<'a> {
    out: Box<dyn Write + 'a>,
    failure: Option<io::Error>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(out: impl Write + 'a) -> Self {
        Self { out: Box::new(out), failure: None }
    }

    pub(crate) fn tell(&mut self, view: &View<'_>, happening: &Happening<'_>) {
        if self.failure.is_some() {
            return;
        }
        if let Some(object) = object(view, happening) {
            self.failure = writeln!(self.out, "{}", Value::Object(object)).err();
        }
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.failure.map_or(flushed, Err)
    }
}

/// An object under construction; keys keep their order.
struct Object<'a> {
    view: &'a View<'a>,
    map: Map<String, Value>,
}

impl<'a> Object<'a> {
    fn new(view: &'a View<'_>, kind: &str) -> Self {
        let mut map = Map::new();
        map.insert("at_ns".to_owned(), view.at.as_nanos().into());
        map.insert("kind".to_owned(), kind.into());
        Self { view, map }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.map.insert(key.to_owned(), value.into());
        self
    }

    /// With a text, unless it is empty.
    fn text(self, key: &str, value: &str) -> Self {
        if value.is_empty() { self } else { self.with(key, value) }
    }

    fn node(self, node: NodeId) -> Self {
        let name = words::node_name(self.view.names, node);
        self.with("node", name)
    }

    fn packet(self, packet: PacketId) -> Self {
        self.with("packet", packet.0)
    }

    fn tuple(self, key: &str, tuple: &FiveTuple) -> Self {
        let value = tuple_value(tuple);
        self.with(key, value)
    }

    fn flow(self, flow: Option<FlowId>) -> Self {
        match flow.and_then(|flow| self.view.flows.flow(flow)) {
            Some(flow) => {
                let name = flow.name(self.view.names);
                self.with("flow", name)
            }
            None => self,
        }
    }

    fn path(self, key: &str, path: &[NodeId]) -> Self {
        let names = path_names(self.view.names, path);
        self.with(key, names)
    }

    fn by(self, by: CiteId) -> Self {
        let cite = self.view.names.citations.get(by);
        if cite.component == Component::None { self } else { self.with("by", cite_value(cite)) }
    }

    fn rules(self, rules: &[&str]) -> Self {
        if rules.is_empty() { self } else { self.with("rules", rules.to_vec()) }
    }

    fn done(self) -> Option<Map<String, Value>> {
        Some(self.map)
    }
}

pub(crate) fn cite_value(cite: &Cite) -> Value {
    json!({
        "component": format!("{:?}", cite.component),
        "id": cite.id,
        "name": cite.name,
        "detail": cite.detail,
        "rules": cite.rules,
    })
}

fn tuple_value(tuple: &FiveTuple) -> Value {
    let (source, destination) = match tuple.protocol.has_ports() {
        true => (tuple.source().to_string(), tuple.destination().to_string()),
        false => (tuple.src.to_string(), tuple.dst.to_string()),
    };
    json!({ "protocol": tuple.protocol.to_string(), "source": source, "destination": destination })
}

fn object(view: &View<'_>, happening: &Happening<'_>) -> Option<Map<String, Value>> {
    let new = |kind: &str| Object::new(view, kind);
    match happening {
        Happening::Change { text, refused } => {
            // A machine that reads on wants the first line; the others stand beside it.
            let (text, more) = text.split_once('\n').unwrap_or((text, ""));
            let (why, further) = refused.unwrap_or("").split_once('\n').unwrap_or((refused.unwrap_or(""), ""));
            let object = new("change").with("text", text).with("ok", refused.is_none());
            object.text("more", more).text("refused", why).text("further", further).done()
        }
        Happening::Connection { end, what, .. } => connection(new("connection"), end, what),
        Happening::Program { node, program, what } => self::program(new("program"), *node, *program, what),
        Happening::Request { node, request } => self::request(new("request").node(*node), view, *node, request),
        Happening::Translated { flow, node, packet, before, after, by } => {
            let object = new("translated").node(*node).packet(*packet).flow(*flow);
            object.tuple("before", before).tuple("after", after).by(*by).done()
        }
        Happening::Path { flow, node, before, by, packet } => {
            let after = view.flows.flow(*flow).map_or(Vec::new(), |flow| flow.path.clone());
            let object = new("path").node(*node).packet(*packet).flow(Some(*flow));
            object.path("before", before).path("after", &after).by(*by).done()
        }
        Happening::Seen { flow, node, before, after } => {
            let rules = seen_rules(view, *node, before.src, after.src);
            let object = new("seen").node(*node).flow(Some(*flow)).tuple("before", before).tuple("after", after);
            object.rules(&rules).done()
        }
        Happening::Retransmitted { flow, node, packet, glimpse } => {
            new("retransmitted").node(*node).packet(*packet).flow(Some(*flow)).with("what", glimpse.text()).done()
        }
        Happening::ResetSent { node, packet, tuple, flow, made } => {
            let of = made.and_then(|made| made.offender_flow).or(*flow);
            let object = new("reset").node(*node).packet(*packet).flow(of).tuple("tuple", tuple);
            match made {
                Some(made) => object
                    .with("answers", made.offender.0)
                    .with("code", words::answer_code(made.why))
                    .with("because", words::answer_sentence(made.why))
                    .by(made.by)
                    .rules(&reset_rules(view, made.offender_flow))
                    .done(),
                None => object.with("code", "ABORTED").done(),
            }
        }
        Happening::ResetEnded { node, packet, flow, made, fate, .. } => {
            let of = made.and_then(|made| made.offender_flow).or(*flow);
            let fate = match fate {
                Fate::Arrived => "arrived",
                Fate::Ignored => "ignored",
                Fate::NoConnection => "no_connection",
                Fate::Lost => "lost",
            };
            new("reset_ended").node(*node).packet(*packet).flow(of).with("fate", fate).done()
        }
        Happening::Answered { node, packet, tuple, made } => new("answered")
            .node(*node)
            .packet(*packet)
            .flow(made.offender_flow)
            .tuple("tuple", tuple)
            .with("answers", made.offender.0)
            .with("what", words::answer_kind(made.why))
            .with("code", words::answer_code(made.why))
            .with("because", words::answer_sentence(made.why))
            .by(made.by)
            .done(),
        Happening::Dropped { node, packet, tuple, flow, glimpse, reason, by } => {
            let mut object = new("dropped").node(*node).packet(*packet).flow(*flow);
            if let Some(tuple) = tuple {
                object = object.tuple("tuple", tuple).with("what", glimpse.text());
            }
            object
                .with("reason", format!("{reason:?}"))
                .with("code", reason.code())
                .with("sentence", reason.sentence())
                .by(*by)
                .rules(&drop_rules(view, *node, (*reason, *by), *tuple, *flow))
                .done()
        }
    }
}

fn connection(object: Object<'_>, end: &Open, what: &ConnectionNote) -> Option<Map<String, Value>> {
    let view = object.view;
    let event = match what {
        ConnectionNote::Opening => "opening",
        ConnectionNote::Accepting => "accepting",
        ConnectionNote::Established => "established",
        ConnectionNote::Reset { .. } => "reset",
        ConnectionNote::Refused { .. } => "refused",
        ConnectionNote::TimedOut => "timed_out",
        ConnectionNote::Unreachable { .. } => "unreachable",
        ConnectionNote::SoftError { .. } => "soft_error",
        ConnectionNote::PathMtu { .. } => "path_mtu",
        ConnectionNote::PeerClosed => "peer_closed",
        ConnectionNote::Closed => "closed",
        ConnectionNote::Aborted => "aborted",
        ConnectionNote::Vanished => "vanished",
    };
    let program = end.program.map_or("", |program| view.names.directory.program(program));
    let mut object = object
        .with("event", event)
        .node(end.node)
        .with("connection", end.id.0)
        .with("label", &*end.label)
        .with("local", end.tuple.source().to_string())
        .with("remote", end.tuple.destination().to_string())
        .text("program", program);
    match what {
        ConnectionNote::Established => {
            if let Some(flow) = end.flow.and_then(|flow| view.flows.flow(flow)) {
                let routes = flow.routes.iter().map(|route| view.names.citations.get(*route));
                let routes: Vec<_> = routes.filter(|cite| cite.component != Component::None).map(cite_value).collect();
                object = object.path("path", &flow.path).with("routes", routes);
                if let Some(seen) = flow.seen_as {
                    object = object.with("seen_as", seen.source().to_string());
                }
            }
            object
        }
        ConnectionNote::Reset { by } => object.packet(*by).rules(&reset_rules(view, end.flow)),
        ConnectionNote::Refused { by } => object.packet(*by),
        ConnectionNote::Unreachable { error, from } | ConnectionNote::SoftError { error, from } => {
            object.with("error", words::icmp_text(*error)).with("from", from.to_string())
        }
        ConnectionNote::PathMtu { mtu } => object.with("mtu", *mtu),
        ConnectionNote::Opening
        | ConnectionNote::Accepting
        | ConnectionNote::TimedOut
        | ConnectionNote::PeerClosed
        | ConnectionNote::Closed
        | ConnectionNote::Aborted
        | ConnectionNote::Vanished => object,
    }
    .done()
}

fn program(object: Object<'_>, node: NodeId, program: ProgramId, what: &ProgramNote) -> Option<Map<String, Value>> {
    let info = object.view.names.directory.programs.get(program.0 as usize);
    let name = info.map_or_else(|| format!("program {}", program.0), |info| info.name.clone());
    let does = info.map_or("", |info| &info.what);
    let begin = |event: &str| object.with("event", event).node(node).with("program", name);
    let nanos = |length: &std::time::Duration| u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
    match what {
        ProgramNote::Started => begin("started").text("what", does),
        ProgramNote::Resolved { name, addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            begin("resolved").with("name", &**name).with("addresses", addresses)
        }
        // Progress: a line for each would drown the rest, and the connection's bytes are in the summary.
        ProgramNote::Flow { .. } | ProgramNote::Sent { .. } | ProgramNote::Received { .. } => return None,
        ProgramNote::Request { what } => begin("request").with("what", &**what),
        ProgramNote::Response { status, what } => begin("response").with("status", *status).with("what", &**what),
        ProgramNote::Reply { from, sequence, ttl, after, bytes, error } => {
            let object = begin("reply")
                .with("from", from.to_string())
                .with("sequence", *sequence)
                .with("ttl", *ttl)
                .with("after_ns", nanos(after))
                .with("bytes", *bytes);
            object.text("error", &error.map_or(String::new(), words::icmp_text))
        }
        ProgramNote::Retrying { attempt, after, because, cause } => begin("retrying")
            .with("attempt", *attempt)
            .with("after_ns", nanos(after))
            .with("because", &**because)
            .text("cause", cause.map_or("", Cause::as_str)),
        ProgramNote::Idle { length } => begin("idle").with("after_ns", nanos(length)),
        ProgramNote::Said(text) => begin("said").with("what", &**text),
        ProgramNote::Completed { what } => begin("completed").with("what", &**what),
        ProgramNote::Failed { error, cause } => {
            begin("failed").with("error", &**error).text("cause", cause.map_or("", Cause::as_str))
        }
    }
    .done()
}

fn request(object: Object<'_>, view: &View<'_>, node: NodeId, line: &RequestNote) -> Option<Map<String, Value>> {
    let label = view.flows.end_of(node, line).map_or("", |end| &*end.label);
    object
        .with("service", &*line.service)
        .with("source", line.source.to_string())
        .with("source_port", line.source_port)
        .text("endpoint", line.endpoint.as_deref().unwrap_or(""))
        .text("vpc", line.vpc.as_deref().unwrap_or(""))
        .with("requester", &*line.requester)
        .with("operation", &*line.operation)
        .with("bucket", &*line.bucket)
        .with("key", &*line.key)
        .with("status", line.status)
        .text("error", &line.error)
        .text("because", &line.because)
        .with("bytes_sent", line.bytes_sent)
        .with("bytes_received", line.bytes_received)
        .text("label", label)
        .done()
}
