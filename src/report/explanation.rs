//! An explained question as a page for people and as JSON for machines. Explains nothing itself.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use super::probes::{trails_json, trails_text};
use super::words::{address_text, component_text, filter_text, length_text, rules_text};
use crate::analysis::{
    Blocker, Disagreement, End, Explained, Finding, Header, Labels, Outcome, Path, PathHop, Reply, Traffic,
};
use crate::base::RouteTableId;
use crate::control_plane::routing::{Candidate, RouteFate};
use crate::control_plane::{Destination, RouteOrigin};
use crate::import::Saw;
use crate::trace::{Component, DropReason, Names, Step};

/// Everything that the page of one question shows.
pub struct ExplanationPage<'a> {
    /// Which world, and at which instant.
    pub world: &'a str,
    /// Who asks, as the user said it.
    pub from: &'a str,
    /// Who is asked, as the user said it.
    pub to: &'a str,
    /// The DNS name that was looked up, with all addresses that it has.
    pub resolved: Option<(&'a str, &'a [IpAddr])>,
    /// Whether what listens is an assumption.
    pub assumes: bool,
    /// What was explained.
    pub explained: &'a Explained,
    /// Names behind ids.
    pub labels: &'a Labels,
    /// Names behind addresses, nodes and handles.
    pub names: &'a Names,
}

/// How many routes that are not for the address a page lists.
const OTHERS_SHOWN: usize = 6;

impl ExplanationPage<'_> {
    /// The page for people.
    pub fn text(&self) -> String {
        let explanation = &self.explained.explanation;
        let header = &explanation.header;
        let mut lines = vec![format!(
            "{} → {}  {}",
            address_text(self.names, header.src.ip()),
            address_text(self.names, header.dst.ip()),
            header.traffic
        )];
        lines.push(format!("  {}", self.world));
        if let Some((name, addresses)) = self.resolved {
            let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            lines.push(format!("  {name} is {}", all.join(", ")));
        }
        lines.push(String::new());
        lines.push(format!("  {}", self.verdict()));
        lines.extend(self.blockers());
        lines.extend(self.seen_as());
        lines.extend(self.confirmation().into_iter().map(|line| format!("  {line}")));
        lines.push(String::new());
        lines.extend(self.way("out", &explanation.out, Some(*header)));
        if let Some(back) = &explanation.back {
            lines.push(String::new());
            let heading =
                if explanation.out.blockers().next().is_some() { "back, were the way out open" } else { "back" };
            lines.extend(self.way(heading, back, None));
        }
        if let (Outcome::Unknown(_), Some(reply)) = (explanation.outcome(), &self.explained.reply) {
            // Where tables end, packets still tell.
            lines.extend([String::new(), "as its packets went".to_owned()]);
            lines.extend(trails_text(&reply.trails, self.names).lines().map(str::to_owned));
        }
        lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// The page for machines: one object.
    pub fn json(&self) -> Value {
        let explanation = &self.explained.explanation;
        let header = &explanation.header;
        let end = |said: &str, end: SocketAddr| json!({"said": said, "address": end.ip(), "port": end.port(), "name": self.names.directory.name(end.ip())});
        let blockers: Vec<Value> = explanation.blockers().iter().map(|one| self.blocker_json(one)).collect();
        json!({
            "kind": "explanation",
            "world": self.world,
            "from": end(self.from, header.src),
            "to": end(self.to, header.dst),
            "traffic": header.traffic.to_string(),
            "outcome": outcome_json(&explanation.outcome()),
            "blockers": blockers,
            "out": self.path_json(&explanation.out),
            "back": explanation.back.as_ref().map(|path| self.path_json(path)),
            "packets": self.packets_json(),
            "passing": self.explained.passing.as_ref().map(|(reason, at)| json!({"code": reason.code(), "at": at})),
            "disagreement": self.explained.disagreement.as_ref().map(disagreement_json),
        })
    }

    /// The answer in a line.
    fn verdict(&self) -> String {
        let explanation = &self.explained.explanation;
        match (explanation.outcome(), explanation.blockers().len()) {
            (Outcome::Reaches, _) if self.explained.passing.is_some() => {
                "! reaches by the tables, but not at this moment".to_owned()
            }
            (Outcome::Reaches, _) => {
                let silent = |reply: &Reply| matches!(reply.saw, Ok(Saw::Filtered | Saw::Silence) | Err(_));
                match self.explained.reply.as_ref().is_none_or(silent) {
                    true => "✓ reaches, and an answer would come back".to_owned(),
                    false => "✓ reaches, and the answer comes back".to_owned(),
                }
            }
            (Outcome::BlockedOut(_) | Outcome::BlockedBack(_), 1) => {
                "✗ does not reach: one thing is in the way".to_owned()
            }
            (Outcome::BlockedOut(_) | Outcome::BlockedBack(_), count) => {
                format!("✗ does not reach: {count} things are in the way")
            }
            (Outcome::Unknown(why), _) => format!("? tables cannot tell: {}", self.labels.spelled(&why)),
        }
    }

    /// As what the far end sees the question, where that is not what it was sent as, or where it is a service.
    fn seen_as(&self) -> Option<String> {
        let explanation = &self.explained.explanation;
        let seen = explanation.seen_as()?;
        let Header { src, dst, .. } = explanation.header;
        if seen == src && !explanation.to_service {
            return None;
        }
        let show = if seen.port() == 0 { seen.ip().to_string() } else { seen.to_string() };
        // By an endpoint, a service sees the private address.
        let is_private = matches!(seen.ip(), IpAddr::V4(address) if address.is_private());
        let rules = if explanation.to_service && is_private { rules_text(&["R42"]) } else { String::new() };
        let whose = self.names.directory.name(seen.ip()).map(|name| format!(" ({name})")).unwrap_or_default();
        let far = self.names.directory.name(dst.ip()).map_or_else(|| dst.ip().to_string(), str::to_owned);
        Some(format!("  · {far} sees it come from {show}{whose}{rules}"))
    }

    /// What the packets say to it.
    fn confirmation(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match (&self.explained.disagreement, self.packets()) {
            (Some(disagreement), _) => {
                let Disagreement { tables, packets, gateways } = disagreement;
                lines.push("✗ tables and packets disagree. This is a defect of vpclab: please report it".to_owned());
                lines.push(format!("  tables say: {}", outcome_text(tables)));
                lines.push(format!("  packets say: {}", outcome_text(packets)));
                if let Some((tables, packets)) = gateways {
                    lines.push(format!("  by tables it crosses {}", tables.join(", ")));
                    lines.push(format!("  its packets crossed {}", packets.join(", ")));
                }
            }
            (None, Some(packets)) => lines.push(format!("· packets: {packets}")),
            (None, None) => {
                let first = self.explained.explanation.out.hops.first().map(|hop| hop.component);
                let why = match first {
                    Some(Component::Instance) => "not confirmed by packets: the machine does not run",
                    _ => "packets cannot confirm it: nothing runs there",
                };
                lines.push(format!("· {why}"));
            }
        }
        if let Some((reason, at)) = &self.explained.passing {
            let (sentence, code) = (reason.sentence(), reason.code());
            lines.push(format!("✗ at this moment {sentence} at {at} ({code})"));
        }
        lines
    }

    /// What the packets of the question came to.
    fn packets(&self) -> Option<String> {
        let reply = self.explained.reply.as_ref()?;
        let traffic = self.explained.explanation.header.traffic;
        let after = reply.after.map(|after| format!(" after {}", length_text(after))).unwrap_or_default();
        let ttl = reply.ttl.map(|ttl| format!(", ttl {ttl}")).unwrap_or_default();
        let assumed = if self.assumes { " (assumed, see `--listeners`)" } else { "" };
        let arrived = matches!(self.explained.explanation.outcome(), Outcome::Reaches | Outcome::Unknown(_));
        Some(match (&reply.saw, traffic) {
            (Err(why), _) => format!("unknown, {why}"),
            (Ok(Saw::Open), Traffic::Udp(_)) => format!("answered by a datagram{after}: the port is open{assumed}"),
            (Ok(Saw::Open), _) => format!("the SYN is answered by a SYN-ACK{after}: the port is open{assumed}"),
            (Ok(Saw::Closed), Traffic::Udp(_)) => format!("answered by port unreachable{after}: nobody listens there"),
            (Ok(Saw::Closed), _) if arrived => {
                format!("the SYN is answered by an RST{after}: nobody listens there{assumed}")
            }
            (Ok(Saw::Closed), _) => format!("the SYN is answered by an RST{after}"),
            (Ok(Saw::Reply), _) => format!("the echo request is answered{after}{ttl}"),
            (Ok(Saw::Filtered | Saw::Silence), _) => match self.lost() {
                Some(place) => format!("nothing comes back; {place}"),
                None if arrived => format!("it arrives, and the machine stays silent{assumed}"),
                None => "nothing comes back".to_owned(),
            },
        })
    }

    /// Where the packets of the question ended, if one was dropped.
    fn lost(&self) -> Option<String> {
        let trails = &self.explained.reply.as_ref()?.trails;
        trails.iter().enumerate().find_map(|(index, trail)| {
            let (node, reason) = trail.journey.steps().find_map(|(node, step)| match step {
                // A machine that has a packet and says nothing to it is no loss on the way.
                Step::Dropped { reason: DropReason::PortFiltered | DropReason::UnknownConnection, .. } => None,
                Step::Dropped { reason, .. } => Some((node, *reason)),
                _ => None,
            })?;
            let what = if index == 0 { "the question" } else { "the answer" };
            Some(format!("{what} is dropped at {} ({})", self.names.directory.node(node), reason.code()))
        })
    }

    fn blockers(&self) -> Vec<String> {
        let blockers = self.explained.explanation.blockers();
        let mut lines = Vec::new();
        for (index, one) in blockers.iter().enumerate() {
            let way = if one.back { "back" } else { "out" };
            let at = self.box_text(one.component, &one.at, &one.name);
            lines.push(format!("  {:>3}  {way}, at {at}: {}", index + 1, one.reason.sentence()));
            let by = self.by_text(one).map(|by| format!(", by {by}")).unwrap_or_default();
            lines.push(format!("       {}{by}{}", one.reason.code(), rules_text(&one.rules)));
        }
        lines
    }

    /// By what a blocker blocks, where that is not the box itself.
    fn by_text(&self, one: &Blocker) -> Option<String> {
        if !one.filter.is_empty() {
            return Some(format!("{}: {}", self.labels.spelled(&one.filter), self.labels.spelled(&one.by)));
        }
        let kind = if one.by.starts_with(RouteTableId::PREFIX) { "route table " } else { "" };
        (one.by != one.at && !one.by.is_empty()).then(|| format!("{kind}{}", self.labels.spelled(&one.by)))
    }

    /// One way: its boxes in a line, then each with what was decided there.
    fn way(&self, heading: &str, path: &Path, header: Option<Header>) -> Vec<String> {
        let mut lines = vec![format!("{heading}: {}", self.boxes(path).join(" → "))];
        for (index, hop) in path.hops.iter().enumerate() {
            // A router that only hands a packet to an interface has nothing to tell.
            if hop.component == Component::Vpc && hop.findings.is_empty() {
                continue;
            }
            lines.push(format!("  {}", self.box_text(hop.component, &hop.id, &hop.name)));
            if let Some(header) = header.filter(|_| index == 0) {
                lines.push(format!("      sends {header}"));
            }
            for finding in &hop.findings {
                lines.extend(self.finding(finding));
            }
        }
        match &path.end {
            End::Arrived => {}
            End::Lost => lines.push("  the way ends here".to_owned()),
            End::Unknown(why) => lines.push(format!("  ? {}", self.labels.spelled(why))),
        }
        lines
    }

    /// The boxes of a way by name, each once in a row; interfaces are left to the details.
    fn boxes(&self, path: &Path) -> Vec<String> {
        let mut boxes: Vec<String> = Vec::new();
        for hop in path.hops.iter().filter(|hop| hop.component != Component::NetworkInterface) {
            let name = self.box_name(hop);
            if boxes.last() != Some(&name) {
                boxes.push(name);
            }
        }
        boxes
    }

    fn box_name(&self, hop: &PathHop) -> String {
        let name = self.labels.short(&hop.id);
        let name = if name == hop.id { &hop.name } else { name };
        match component_text(hop.component) {
            Some(kind) if hop.component != Component::Instance => format!("{kind} {name}"),
            Some(_) | None => name.to_owned(),
        }
    }

    /// A box with its kind, name and id.
    fn box_text(&self, component: Component, id: &str, name: &str) -> String {
        let named = match self.labels.name(id) {
            Some(_) => self.labels.full(id),
            None if name == id => {
                id.parse().map_or_else(|_| id.to_owned(), |address| address_text(self.names, address))
            }
            None => format!("{name} ({id})"),
        };
        component_text(component).map_or_else(|| named.clone(), |kind| format!("{kind} {named}"))
    }

    fn finding(&self, finding: &Finding) -> Vec<String> {
        let rules = rules_text(&self.explained.explanation.rules_of(finding));
        match finding {
            Finding::Filtered { filter, denied, id, rule } => {
                let mark = if denied.is_none() { "✓" } else { "✗" };
                let code = match finding.blocks() {
                    Some(reason) => format!("  {}", reason.code()),
                    None => String::new(),
                };
                let rule = self.labels.spelled(rule);
                vec![format!("    {mark} {} {}: {rule}{code}{rules}", filter_text(*filter), self.labels.spelled(id))]
            }
            Finding::Remembered { .. } => {
                vec!["    ✓ security group: it remembers the question, so the answer passes".to_owned()]
            }
            Finding::Routed { table, candidates } => self.routes(table, candidates, &rules),
            Finding::Translated { before, after } => vec![format!("    ⇄ {}", translation(before, after))],
            Finding::Blocked { reason, .. } => {
                vec![format!("    ✗ {}  {}{rules}", reason.sentence(), reason.code())]
            }
            Finding::Note(text) => vec![format!("    · {}", self.labels.spelled(text))],
        }
    }

    /// The table with the route that was chosen, those that lost, and how many are for other addresses.
    fn routes(&self, table: &str, candidates: &[Candidate], rules: &str) -> Vec<String> {
        let won = candidates.first().is_some_and(|first| first.fate.won());
        let mark = if won { "✓" } else { "✗" };
        let mut lines = vec![format!("    {mark} route table {}{rules}", self.labels.full(table))];
        let (others, matching): (Vec<&Candidate>, Vec<&Candidate>) =
            candidates.iter().partition(|one| one.fate == RouteFate::CannotRoute);
        let shown = if OTHERS_SHOWN < others.len() { &others[..OTHERS_SHOWN] } else { &others[..] };
        let rows: Vec<(String, &'static str)> =
            matching.iter().chain(shown).map(|one| (self.route(one), fate_text(one.fate))).collect();
        let width = rows.iter().map(|(route, _)| route.chars().count()).max().unwrap_or(0);
        lines.extend(rows.iter().map(|(route, fate)| format!("        {route:<width$}  {fate}")));
        if shown.len() < others.len() {
            let more = others.len() - shown.len();
            lines.push(format!("        and {more} more that are for other addresses (CANNOT_ROUTE)"));
        }
        lines
    }

    fn route(&self, one: &Candidate) -> String {
        let destination = match (&one.destination, one.block) {
            (Destination::PrefixList(list), Some(block)) => format!("{} {block}", self.labels.full(list.as_str())),
            (Destination::PrefixList(list), None) => self.labels.full(list.as_str()),
            (Destination::Cidr(block), _) => block.to_string(),
        };
        let learned = if one.origin == RouteOrigin::EnableVgwRoutePropagation { " (propagated)" } else { "" };
        format!("{destination} → {}{learned}", self.labels.full(&one.target.to_string()))
    }

    fn packets_json(&self) -> Value {
        let Some(reply) = &self.explained.reply else { return Value::Null };
        let (saw, unknown) = match &reply.saw {
            Ok(saw) => (Some(saw.as_str()), None),
            Err(why) => (None, Some(why.as_str())),
        };
        json!({
            "saw": saw, "unknown": unknown, "ttl": reply.ttl,
            "after_ns": reply.after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)),
            "agree": self.explained.disagreement.is_none(),
            "trails": trails_json(&reply.trails, self.names),
        })
    }

    fn path_json(&self, path: &Path) -> Value {
        let (end, why) = match &path.end {
            End::Arrived => ("arrived", None),
            End::Lost => ("lost", None),
            End::Unknown(why) => ("unknown", Some(why)),
        };
        let hops = path.hops.iter().map(|hop| {
            let findings: Vec<Value> = hop.findings.iter().map(|finding| self.finding_json(finding)).collect();
            json!({
                "component": component_text(hop.component).unwrap_or("host"), "id": hop.id, "name": hop.name,
                "findings": findings,
            })
        });
        json!({"end": end, "unknown": why, "hops": hops.collect::<Vec<_>>()})
    }

    fn finding_json(&self, finding: &Finding) -> Value {
        let rules = self.explained.explanation.rules_of(finding);
        match finding {
            Finding::Filtered { filter, denied, id, rule } => json!({
                "kind": "filter", "filter": filter_text(*filter), "id": id, "allowed": denied.is_none(), "rule": rule,
                "code": finding.blocks().map(|reason| reason.code()), "rules": rules,
            }),
            Finding::Remembered { filter } => json!({"kind": "remembered", "filter": filter_text(*filter)}),
            Finding::Routed { table, candidates } => {
                let route = |one: &Candidate| {
                    json!({
                        "destination": one.destination.to_string(), "block": one.block.map(|block| block.to_string()),
                        "target": one.target.to_string(), "won": one.fate.won(), "code": one.fate.code(),
                    })
                };
                json!({
                    "kind": "route", "table": table, "name": self.labels.name(table), "rules": rules,
                    "routes": candidates.iter().map(route).collect::<Vec<_>>(),
                })
            }
            Finding::Translated { before, after } => json!({
                "kind": "translation", "source": [before.src, after.src], "destination": [before.dst, after.dst],
            }),
            Finding::Blocked { reason, by } => json!({
                "kind": "blocked", "code": reason.code(), "sentence": reason.sentence(), "by": by, "rules": rules,
            }),
            Finding::Note(text) => json!({"kind": "note", "text": text}),
        }
    }

    fn blocker_json(&self, one: &Blocker) -> Value {
        json!({
            "way": if one.back { "back" } else { "out" }, "at": one.at, "name": self.labels.name(&one.at),
            "code": one.reason.code(), "sentence": one.reason.sentence(), "by": self.by_text(one), "rules": one.rules,
        })
    }
}

/// What comes of a question, in words.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reaches => "reaches".to_owned(),
        Outcome::BlockedOut(reason) => format!("blocked on the way out: {} ({})", reason.sentence(), reason.code()),
        Outcome::BlockedBack(reason) => format!("blocked on the way back: {} ({})", reason.sentence(), reason.code()),
        Outcome::Unknown(why) => format!("nobody can tell: {why}"),
    }
}

/// The same for machines.
pub(super) fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Reaches => json!({"reaches": true}),
        Outcome::BlockedOut(reason) => {
            json!({"reaches": false, "way": "out", "code": reason.code(), "sentence": reason.sentence()})
        }
        Outcome::BlockedBack(reason) => {
            json!({"reaches": false, "way": "back", "code": reason.code(), "sentence": reason.sentence()})
        }
        Outcome::Unknown(why) => json!({"reaches": null, "unknown": why}),
    }
}

fn disagreement_json(one: &Disagreement) -> Value {
    json!({
        "tables": outcome_json(&one.tables), "packets": outcome_json(&one.packets),
        "gateways": one.gateways.as_ref().map(|(tables, packets)| json!({"tables": tables, "packets": packets})),
    })
}

const fn fate_text(fate: RouteFate) -> &'static str {
    match fate {
        RouteFate::Won => "chosen",
        RouteFate::WonBlackhole => "chosen, and its target is gone: BAD_STATE_ROUTE",
        RouteFate::HigherPriorityRoute => "lost: HIGHER_PRIORITY_ROUTE, the chosen one comes first",
        RouteFate::MoreSpecificRoute => "lost: MORE_SPECIFIC_ROUTE, the chosen one has the longer prefix",
        RouteFate::CannotRoute => "not for this address: CANNOT_ROUTE",
    }
}

/// What a translation changed.
fn translation(before: &Header, after: &Header) -> String {
    let show = |end: SocketAddr| if end.port() == 0 { end.ip().to_string() } else { end.to_string() };
    let mut parts = Vec::new();
    if before.src != after.src {
        parts.push(format!("source {} → {}", show(before.src), show(after.src)));
    }
    if before.dst != after.dst {
        parts.push(format!("destination {} → {}", show(before.dst), show(after.dst)));
    }
    parts.join(", ")
}
