//! Narrowing a timeline to an instance or a connection. Knows names, no packets.

use super::flows::{Flow, FlowId};
use super::happening::{Happening, View};
use super::words;
use crate::trace::NodeId;

/// An instance by its name, or an end of a connection as name and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// Everything that a node, or a program of that name, has to do with.
    To(String),
    /// One connection, by either of its ends: `client:49152`.
    Connection(String),
}

impl Narrow {
    /// Reads `client` or `client:49152`; an address may stand for the name.
    pub fn parse(text: &str) -> Self {
        let port = text.rsplit_once(':').map(|(_, port)| port);
        // `2001:db8::10` has colons too: an IPv6 address with a port stands in brackets.
        let is_address = text.parse::<std::net::IpAddr>().is_ok();
        match port.filter(|port| !is_address && port.parse::<u16>().is_ok()) {
            Some(_) => Self::Connection(text.to_owned()),
            None => Self::To(text.to_owned()),
        }
    }

    /// Whether a row about this is to be written. Changes always are: they explain the rest.
    pub(crate) fn concerns(&self, view: &View<'_>, happening: &Happening<'_>) -> bool {
        let flow = |flow: Option<FlowId>| self.is_flow(view, flow);
        match happening {
            Happening::Change { .. } => true,
            Happening::Connection { end, .. } => self.is_label(&end.label) || self.is_node(view, end.node),
            Happening::Program { node, program, .. } => {
                self.is_node(view, *node) || self.is_name(view.names.directory.program(*program))
            }
            Happening::Request { node, request } => {
                let remote = std::net::SocketAddr::new(request.source, request.source_port);
                let end = view.flows.end_of(*node, request);
                end.is_some_and(|end| self.is_label(&end.label))
                    || self.is_node(view, *node)
                    || self.is_end(&words::endpoint_name(view.names, remote))
            }
            Happening::Translated { flow: id, node, .. } => flow(*id) || self.is_node(view, *node),
            Happening::Path { flow: id, node, .. }
            | Happening::Seen { flow: id, node, .. }
            | Happening::Retransmitted { flow: id, node, .. } => flow(Some(*id)) || self.is_node(view, *node),
            Happening::ResetSent { node, flow: id, made, tuple, .. } => {
                flow(*id)
                    || flow(made.and_then(|made| made.offender_flow))
                    || self.is_node(view, *node)
                    || self.is_label(&words::tuple_name(view.names, tuple))
            }
            Happening::ResetEnded { node, flow: id, made, origin, .. } => {
                flow(*id)
                    || flow(made.and_then(|made| made.offender_flow))
                    || self.is_node(view, *node)
                    || self.is_node(view, *origin)
            }
            Happening::Answered { node, made, tuple, .. } => {
                flow(made.offender_flow)
                    || self.is_node(view, *node)
                    || self.is_label(&words::tuple_name(view.names, tuple))
            }
            Happening::Dropped { node, tuple, flow: id, .. } => {
                flow(*id)
                    || self.is_node(view, *node)
                    || tuple.is_some_and(|tuple| self.is_label(&words::tuple_name(view.names, &tuple)))
            }
        }
    }

    /// Whether a flow is what is looked for, or a part of it.
    pub(crate) fn is_flow(&self, view: &View<'_>, flow: Option<FlowId>) -> bool {
        let is = |flow: &Flow| {
            self.is_label(&flow.name(view.names))
                || self.is_node(view, flow.origin)
                || flow.far.is_some_and(|far| self.is_node(view, far))
        };
        flow.and_then(|flow| view.flows.flow(flow)).is_some_and(is)
    }

    /// Both ends of `client:49152 → s3:443`.
    fn is_label(&self, label: &str) -> bool {
        label.split(" → ").any(|end| self.is_end(end))
    }

    fn is_end(&self, end: &str) -> bool {
        match self {
            Self::Connection(wanted) => wanted == end,
            Self::To(wanted) => {
                let name = end.rsplit_once(':').map_or(end, |(name, _)| name);
                wanted == name || wanted == end
            }
        }
    }

    fn is_node(&self, view: &View<'_>, node: NodeId) -> bool {
        self.is_name(view.names.directory.node(node))
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::To(wanted) if wanted == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_makes_it_a_connection() {
        assert_eq!(Narrow::parse("client:49152"), Narrow::Connection("client:49152".into()));
        assert_eq!(Narrow::parse("[2001:db8::10]:80"), Narrow::Connection("[2001:db8::10]:80".into()));
        for text in ["client", "10.0.1.10", "2001:db8::10", "web:tier", "a:99999"] {
            assert_eq!(Narrow::parse(text), Narrow::To(text.into()), "{text}");
        }
    }

    #[test]
    fn either_end_of_a_label_is_found() {
        let label = "client:49152 → s3:443";
        for wanted in ["client", "s3", "client:49152", "s3:443"] {
            assert!(Narrow::parse(wanted).is_label(label), "{wanted}");
        }
        for other in ["clien", "client:49153", "other", "443"] {
            assert!(!Narrow::parse(other).is_label(label), "{other}");
        }
    }
}
