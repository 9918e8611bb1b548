//! Values that several expectations share: names of programs and devices, windows, reasons, sums.

use super::claim::{DropCode, Timing, Window};
use super::read::Known;
use crate::analysis::Dollars;
use crate::base::Cidr;
use crate::control_plane::ResourceId;
use crate::notation::{Node, Problem, Problems, View, decode};
use crate::scenario::context::Cx;
use crate::trace::DropReason;

pub(super) fn texts(nodes: Vec<&Node>) -> Vec<String> {
    nodes.into_iter().filter_map(|node| decode::text(node).ok().map(str::to_owned)).collect()
}

pub(super) fn program_names(cx: &mut Cx<'_>, known: &Known<'_>, nodes: Vec<&Node>) -> Vec<String> {
    let mut names = Vec::new();
    for node in nodes {
        let Ok(text) = decode::text(node) else { continue };
        let is_known = |text: &str| known.programs.iter().any(|name| name == text);
        // Where something else is wrong, the programs of single machines may not have been made.
        let of_machine = |(program, machine)| is_known(program) && known.machines.named(machine).is_some();
        let may_be = || cx.problems.has_errors() && text.rsplit_once('@').is_some_and(of_machine);
        if !is_known(text) && !may_be() {
            let problem = Problem::error(node.span, format!("`{}` is not the name of a program", decode::brief(text)));
            cx.problems.push(problem.did_you_mean(text, known.programs.iter().map(String::as_str)));
        }
        names.push(text.to_owned());
    }
    names
}

pub(super) fn devices(cx: &mut Cx<'_>, known: &Known<'_>, nodes: Vec<&Node>) -> Vec<String> {
    nodes.into_iter().filter_map(|node| device(cx, known, node)).collect()
}

/// A device, table or machine by its name: it is looked for now, so that a slip of the pen does not judge a run.
pub(super) fn device(cx: &mut Cx<'_>, known: &Known<'_>, node: &Node) -> Option<String> {
    let text = decode::text(node).ok()?;
    const ALWAYS: [&str; 3] = ["internet", "s3", "dynamodb"];
    let there = ALWAYS.contains(&text)
        || known.machines.named(text).is_some()
        || known.machines.fleets.contains_key(text)
        || cx.names.candidates(text).next().is_some()
        || ResourceId::parse(text).is_some();
    if !there {
        let problem = Problem::error(node.span, format!("`{}` is not the name of anything here", decode::brief(text)));
        let names = cx.names.iter().map(|named| named.name.as_str());
        let names = names.chain(known.machines.by_name.keys().copied()).chain(ALWAYS);
        cx.problems.push(problem.did_you_mean(text, names));
    }
    Some(text.to_owned())
}

pub(super) fn reason(cx: &mut Cx<'_>, node: Option<&Node>) -> Option<DropCode> {
    let node = node?;
    let text = decode::text(node).ok()?;
    if !DropReason::ALL.iter().any(|reason| reason.code() == text) {
        let problem = Problem::error(node.span, format!("`{}` is not the code of a reason", decode::brief(text)));
        cx.problems.push(problem.did_you_mean(text, DropReason::ALL.iter().map(|reason| reason.code())));
    }
    Some(DropCode(text.to_owned()))
}

pub(super) fn window(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> Window {
    let mut step = |key| view.node(key).and_then(|node| known.labels.find(node, cx.problems));
    Window { after: step("after"), before: step("before") }
}

pub(super) fn timing(cx: &mut Cx<'_>, known: &Known<'_>, view: &View<'_>) -> Timing {
    Timing {
        of: view.node("of").and_then(|node| known.labels.find(node, cx.problems)),
        within: view.duration("within"),
        not_before: view.duration("not-before"),
    }
}

/// An address or a block.
pub(super) fn block(cx: &mut Cx<'_>, node: &Node) -> Option<Cidr> {
    let text = decode::text(node).ok()?;
    let block = text.parse().ok().map(Cidr::host).or_else(|| Cidr::parse(text).ok());
    if block.is_none() {
        let text = format!("`{}` is neither an address nor a CIDR block", decode::brief(text));
        cx.problems.push(Problem::error(node.span, text));
    }
    block
}

/// A sum of US dollars.
pub(in crate::scenario) fn dollars(problems: &mut Problems, node: Option<&Node>) -> Option<Dollars> {
    let node = node?;
    let text = decode::text(node).ok()?;
    let sum = Dollars::parse(text);
    if sum.is_none() {
        let text = format!("`{}` is not a sum of US dollars", decode::brief(text));
        problems.push(Problem::error(node.span, text).help("write it as 0.045"));
    }
    sum
}
