//! Where a tuple belongs: to a machine, and at a service also to what carries it there. A service is one machine behind
//! many carriers, and may hold equal tuples at several of them (R45). Sees no packet.

use rustc_hash::FxHashMap;

use super::{Component, Directory, NodeId, PortId};

/// Small numbers for machines, and for services with their carriers; made as they are asked for.
#[derive(Clone, Debug, Default)]
pub struct Places {
    known: FxHashMap<(NodeId, PortId), u32>,
}

impl Places {
    /// The place of tuples at a port of a machine.
    pub fn of(&mut self, directory: &Directory, node: NodeId, port: PortId) -> u32 {
        let is_service = directory.nodes.get(node.0 as usize).is_some_and(|info| info.component == Component::Service);
        // A machine with several interfaces may be asked at one and answer by another; its addresses tell flows apart.
        let port = if is_service { port } else { PortId(0) };
        let next = self.known.len() as u32;
        *self.known.entry((node, port)).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::NodeInfo;

    #[test]
    fn a_service_has_a_place_for_each_carrier_and_another_machine_only_one() {
        let mut directory = Directory::default();
        for component in [Component::Service, Component::Instance] {
            let (id, name, addresses) = (String::new(), String::new(), Vec::new());
            directory.nodes.push(NodeInfo { component, id, name, addresses });
        }
        let mut places = Places::default();
        let mut of = |node, port| places.of(&directory, NodeId(node), PortId(port));
        assert_ne!(of(0, 1), of(0, 2));
        assert_eq!(of(0, 1), of(0, 1));
        assert_eq!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 1), of(0, 1));
    }
}
