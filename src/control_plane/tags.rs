//! Tags, and the name that a resource goes by. In the document's time some resources have a name here but no tag.

use std::collections::BTreeMap;

use super::{Context, ControlError, ErrorCode, Perform, ResourceId, Touch};
use crate::base::Era;

/// A resource's tags. `Name` is held apart: a scenario names everything, also what AWS could not tag in 2017.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// The name, which is the tag `Name` where the resource can be tagged.
    pub name: Option<String>,
    /// All other tags.
    pub others: BTreeMap<String, String>,
}

impl Tags {
    /// Tags with only a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), others: BTreeMap::new() }
    }

    /// How many tags these are.
    pub fn len(&self) -> usize {
        usize::from(self.name.is_some()) + self.others.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All tags, keys and values, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let name = self.name.as_deref().map(|name| ("Name", name));
        let before = self.others.iter().filter(|(key, _)| key.as_str() < "Name");
        let after = self.others.iter().filter(|(key, _)| "Name" < key.as_str());
        before
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .chain(name)
            .chain(after.map(|(key, value)| (key.as_str(), value.as_str())))
    }

    /// Sets a tag.
    pub fn set(&mut self, key: &str, value: &str) {
        if key == "Name" {
            self.name = Some(value.to_owned());
        } else {
            self.others.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Removes a tag; whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        if key == "Name" { self.name.take().is_some() } else { self.others.remove(key).is_some() }
    }
}

super::action_struct! {
    /// Sets tags of resources.
    CreateTags(
        /// The resources.
        resources: Vec<ResourceId>,
        /// The tags to set.
        tags: Tags,
    ) {}
}

super::action_struct! {
    /// Removes tags of resources. A tag that is not there is no error.
    DeleteTags(
        /// The resources.
        resources: Vec<ResourceId>,
        /// The keys to remove; none means all.
        keys: Vec<String>,
    ) {}
}

/// The most tags that a resource can carry (EC2 API reference, "Tag restrictions").
const TAGS_MAX: usize = 50;

impl Perform for CreateTags {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        for id in &self.resources {
            cx.taggable(id)?;
            let now = cx.tags(id).ok_or_else(|| unknown(id))?;
            let mut then = now.clone();
            self.tags.iter().for_each(|(key, value)| then.set(key, value));
            if cx.limited() && TAGS_MAX < then.len() {
                return Err(ControlError::new(
                    ErrorCode::TagLimitExceeded,
                    format!("The maximum number of tags for '{id}' has been reached."),
                ));
            }
        }
        for id in &self.resources {
            let tags = cx.tags_mut(id).expect("looked up above");
            self.tags.iter().for_each(|(key, value)| tags.set(key, value));
            cx.touch(Touch::Tags(id.clone()));
        }
        Ok(())
    }
}

impl Perform for DeleteTags {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        for id in &self.resources {
            cx.taggable(id)?;
            cx.tags(id).ok_or_else(|| unknown(id))?;
        }
        for id in &self.resources {
            let tags = cx.tags_mut(id).expect("looked up above");
            if self.keys.is_empty() {
                *tags = Tags::default();
            }
            for key in &self.keys {
                tags.remove(key);
            }
            cx.touch(Touch::Tags(id.clone()));
        }
        Ok(())
    }
}

impl Context<'_> {
    /// The tags of a resource of the scope; a peering connection is one of both its sides.
    fn tags(&self, id: &ResourceId) -> Option<&Tags> {
        match id {
            ResourceId::VpcPeeringConnection(id) => {
                let peering = self.world.peerings.get(id)?;
                let ours = peering.requester.scope == *self.scope || peering.accepter.scope == *self.scope;
                ours.then_some(&peering.tags)
            }
            id => self.region().tags(id),
        }
    }

    fn tags_mut(&mut self, id: &ResourceId) -> Option<&mut Tags> {
        match id {
            ResourceId::VpcPeeringConnection(id) => self.world.peerings.get_mut(id).map(|peering| &mut peering.tags),
            id => self.region_mut().tags_mut(id),
        }
    }

    /// Endpoints and NAT gateways cannot be tagged in the document's time (rule R24; facts E5: tags came in 2019-06).
    /// The code is UNSOURCED: the one EC2 has for an id that cannot be tagged.
    fn taggable(&self, id: &ResourceId) -> Result<(), ControlError> {
        let untaggable = matches!(id, ResourceId::VpcEndpoint(_) | ResourceId::NatGateway(_));
        if self.era() == Era::Y2017 && untaggable {
            return Err(ControlError::new(ErrorCode::InvalidId, format!("The ID '{id}' is not valid")));
        }
        Ok(())
    }
}

fn unknown(id: &ResourceId) -> ControlError {
    ControlError::new(ErrorCode::InvalidId, format!("The ID '{id}' is not valid"))
}
