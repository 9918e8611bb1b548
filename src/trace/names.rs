//! A listener's own copy of the names and citations of a world, kept up to date at little cost. Makes none itself.

use super::{Citations, Directory};

/// What handles stand for. Citations never change, so old handles keep their meaning.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// What decided.
    pub citations: Citations,
    /// What things are called.
    pub directory: Directory,
}

impl Names {
    /// Takes over what is new since the last time.
    pub fn learn(&mut self, citations: &Citations, directory: &Directory) {
        self.citations.learn(citations);
        let known = &mut self.directory;
        // What is known is compared before it is copied: most changes of a world name nothing new.
        for (index, info) in directory.nodes.iter().enumerate() {
            match known.nodes.get_mut(index) {
                Some(old) if old == info => {}
                Some(old) => old.clone_from(info),
                None => known.nodes.push(info.clone()),
            }
        }
        let programs = known.programs.len().min(directory.programs.len());
        known.programs.extend_from_slice(&directory.programs[programs..]);
        if known.ports != directory.ports {
            known.ports.clone_from(&directory.ports);
        }
        if known.addresses != directory.addresses {
            known.addresses.clone_from(&directory.addresses);
        }
        if known.blocks != directory.blocks {
            known.blocks.clone_from(&directory.blocks);
        }
        if known.regions != directory.regions {
            known.regions.clone_from(&directory.regions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Cite, CiteId, Component};

    #[test]
    fn handles_mean_the_same_in_the_copy() {
        let (mut citations, mut names) = (Citations::new(), Names::default());
        let first = citations.intern(Cite::new(Component::Route, "rtb-1", "private").detail("0.0.0.0/0 → nat"));
        names.learn(&citations, &Directory::default());
        let second = citations.intern(Cite::new(Component::Route, "rtb-1", "private").detail("pl-1 → vpce-1"));
        names.learn(&citations, &Directory::default());
        for id in [CiteId::NONE, first, second] {
            assert_eq!(names.citations.get(id), citations.get(id));
        }
    }
}
