//! What every part of the writer has at hand: the world, the keys of its records, the place where it writes, and what it
//! could not write. Knows no resource's own words.

use super::label::Labels;
use super::scratch::Scratch;
use super::text::{Map, Out};
use crate::base::Cidr;
use crate::control_plane::{ResourceId, Scope, Tags, World};
use crate::scenario::names::Place;

/// The writer at one place of the world.
pub(super) struct Pen<'a> {
    pub(super) world: &'a World,
    pub(super) labels: &'a Labels,
    pub(super) scratch: Scratch,
    pub(super) place: Place,
    /// What the language has no word for, in the order of the file.
    pub(super) notes: Vec<String>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(world: &'a World, labels: &'a Labels, scope: Scope) -> Self {
        let place = Place { scope, vpc: String::new() };
        Self { world, labels, scratch: Scratch::of(world), place, notes: Vec::new() }
    }

    /// Says in the file and beside it what cannot be written.
    pub(super) fn note(&mut self, map: &mut Map, text: impl Into<String>) {
        let text = text.into();
        map.comment(format!("not written: {text}"));
        self.notes.push(text);
    }

    /// What means a record here. `fits` is what may be meant.
    pub(super) fn refer(&self, id: impl Into<ResourceId>, fits: impl Fn(&ResourceId) -> bool) -> Out {
        Out::Text(self.labels.reference(&id.into(), &self.place, fits))
    }

    /// The same for several records of one kind.
    pub(super) fn refer_all<'i, I>(&self, ids: impl IntoIterator<Item = &'i I>) -> Vec<Out>
    where
        I: Clone + Into<ResourceId> + TryFrom<ResourceId> + 'i,
    {
        ids.into_iter().map(|id| self.refer(id.clone(), is::<I>)).collect()
    }

    pub(super) fn key(&self, id: impl Into<ResourceId>) -> String {
        self.labels.key(&id.into())
    }

    /// Records in the order of their keys, in which `web-2` stands before `web-10`.
    pub(super) fn in_order<'r, R, I: Clone + Into<ResourceId> + 'r>(
        &self,
        records: impl IntoIterator<Item = (&'r I, &'r R)>,
    ) -> Vec<&'r R> {
        let mut keyed: Vec<_> =
            records.into_iter().map(|(id, record)| (natural(&self.key(id.clone())), record)).collect();
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        keyed.into_iter().map(|(_, record)| record).collect()
    }

    /// The id and the tags that end a resource's map. `named` is the name that its key gives it.
    pub(super) fn identify(&self, map: &mut Map, id: impl Into<ResourceId>, tags: &Tags, named: Option<&str>) {
        let id = id.into();
        if self.labels.key(&id) != id.as_str() {
            map.put("id", id.as_str());
        }
        map.put_full("tags", tags_beside(tags, named));
    }

    /// The same for a resource that goes by its key.
    pub(super) fn identify_by_key(&self, map: &mut Map, id: impl Into<ResourceId>, tags: &Tags) {
        let id = id.into();
        let key = self.labels.key(&id);
        let named = Some(key.as_str()).filter(|key| *key != id.as_str());
        self.identify(map, id, tags, named);
    }
}

/// A key as it is sorted: its numbers by their size.
fn natural(key: &str) -> String {
    let mut sorted = String::with_capacity(key.len() + DIGITS);
    for part in key.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        sorted
            .extend(std::iter::repeat_n('0', DIGITS.saturating_sub(digits).min(if digits == 0 { 0 } else { DIGITS })));
        sorted.push_str(part);
    }
    sorted
}

/// Numbers in names are shorter than this.
const DIGITS: usize = 10;

/// Whether an id is of a kind.
pub(super) fn is<I: TryFrom<ResourceId>>(id: &ResourceId) -> bool {
    I::try_from(id.clone()).is_ok()
}

/// The tags that a name does not give.
pub(super) fn tags_beside(tags: &Tags, named: Option<&str>) -> Map {
    let mut map = Map::default();
    match (tags.name.as_deref(), named) {
        (Some(name), named) if Some(name) != named => map.put("Name", name),
        (None, Some(_)) => map.put("Name", Out::Nothing),
        (Some(_) | None, _) => {}
    }
    for (key, value) in &tags.others {
        map.put(key, value.as_str());
    }
    map
}

/// Blocks as they are written.
pub(super) fn blocks<'b>(blocks: impl IntoIterator<Item = &'b Cidr>) -> Vec<Out> {
    blocks.into_iter().map(Out::text).collect()
}
