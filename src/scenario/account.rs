//! IAM users and buckets of an account, with their keys, policies and objects. Judges no request.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::{Cx, read_policy};
use super::vocabulary::*;
use crate::base::*;
use crate::control_plane::{Bucket, IamUser, World};
use crate::notation::{Entry, Node, Problem, Problems, Source, View, decode};
use crate::policy::{DocumentKind, PolicyDocument};
use crate::service::spec::{Body, Credentials};

/// The user that every account has: it may do everything, and programs sign with its keys unless they say otherwise.
pub const ADMINISTRATOR: &str = "administrator";

/// An object to put into a bucket before the run.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSpec {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub body: Body,
    /// How long S3 thinks before it answers a download of it.
    pub first_byte_delay: Option<Duration>,
}

/// Adds the user that may do everything.
pub(super) fn administrator(world: &mut World, account: &AccountId) {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let source = Source::new("<administrator>", text);
    let (document, _) = PolicyDocument::parse(&source, DocumentKind::Identity, world.era);
    let policies = document.map(|document| ("administrator".to_owned(), document)).into_iter().collect();
    let (id, secret) = made_key(account, ADMINISTRATOR);
    let access_keys = BTreeMap::from([(id, secret)]);
    world.put_user(account, IamUser { name: ADMINISTRATOR.to_owned(), access_keys, policies });
}

/// Reads a user with its policies and its key.
pub(super) fn user(
    source: &Source,
    world: &mut World,
    account: &AccountId,
    entry: &Entry,
    problems: &mut Problems,
) -> Option<()> {
    let view = View::of(&entry.value, &USER)?;
    let mut policies = BTreeMap::new();
    let mut read = |name: &str, node: &Node, era: Era| {
        let (document, found) = read_policy(source, node, DocumentKind::Identity, era);
        problems.extend(found);
        if let Some(document) = document {
            policies.insert(name.to_owned(), document);
        }
    };
    for policy in view.named("policies") {
        read(&policy.key, &policy.value, world.era);
    }
    if let Some(node) = view.node("policy") {
        read("policy", node, world.era);
    }
    let (id, secret) = made_key(account, &entry.key);
    let id = view.string("access-key").unwrap_or(id);
    if let Some((_, other)) = world.user_of_key(&id).filter(|(_, other)| other.name != entry.key) {
        let text = format!("the access key belongs to the user `{}`", other.name);
        problems.push(Problem::error(view.span_of("access-key"), text));
    }
    let access_keys = BTreeMap::from([(id, view.string("secret").unwrap_or(secret))]);
    world.put_user(account, IamUser { name: entry.key.clone(), access_keys, policies });
    Some(())
}

/// Reads a bucket with its policy and objects.
pub(super) fn bucket(
    source: &Source,
    world: &mut World,
    (account, region): (&AccountId, &RegionName),
    entry: &Entry,
    (objects, problems): (&mut Vec<ObjectSpec>, &mut Problems),
) -> Option<()> {
    let view = View::of(&entry.value, &BUCKET)?;
    let region = view.text("region").and_then(RegionName::parse).unwrap_or_else(|| region.clone());
    let mut policy = None;
    if let Some(node) = view.node("policy") {
        let (document, found) = read_policy(source, node, DocumentKind::Bucket, world.era);
        problems.extend(found);
        policy = document;
    }
    let bucket = Bucket { name: entry.key.clone(), region, policy };
    if let Err(owner) = world.put_bucket(account, bucket) {
        let text = format!("the account {owner} has a bucket called `{}`", entry.key);
        problems.push(Problem::error(entry.key_span, text).help("the names of buckets are unique in the world"));
    }
    for object in view.named("objects") {
        let (body, first_byte_delay) = body(&object.value)?;
        objects.push(ObjectSpec { bucket: entry.key.clone(), key: object.key.clone(), body, first_byte_delay });
    }
    Some(())
}

fn body(node: &Node) -> Option<(Body, Option<Duration>)> {
    match View::of(node, &OBJECT) {
        Some(view) => {
            let body = match view.string("text") {
                Some(text) => Body::Text(text),
                None => {
                    Body::Generated { bytes: view.size("size").unwrap_or(0), seed: view.integer("seed").unwrap_or(0) }
                }
            };
            Some((body, view.duration("first-byte-delay")))
        }
        None => Some((Body::Generated { bytes: decode::size(node).ok()?, seed: 0 }, None)),
    }
}

/// The keys of a user of this account; of the administrator if none is named.
pub(super) fn credentials(world: &World, account: &AccountId, user: &str) -> Option<Credentials> {
    let user = world.accounts().get(account)?.users().get(user)?;
    let (id, secret) = user.access_keys.iter().next()?;
    Some(Credentials { access_key_id: id.clone(), secret: secret.clone(), session_token: None })
}

/// Whose keys a program signs with: the user that is named here, in this account or another one.
pub(super) fn signer(cx: &mut Cx<'_>, node: Option<&Node>, usual: Option<&str>) -> Option<Credentials> {
    let home = cx.place.scope.account.clone();
    let Some(node) = node else {
        return credentials(cx.world, &home, usual.unwrap_or(ADMINISTRATOR));
    };
    let name = decode::text(node).ok()?;
    if name == "anonymous" {
        return None;
    }
    let others = cx.world.accounts().keys();
    let found = std::iter::once(&home).chain(others).find_map(|account| credentials(cx.world, account, name));
    if found.is_none() {
        let known: Vec<String> =
            cx.world.accounts().values().flat_map(|account| account.users().keys().cloned()).collect();
        let problem = Problem::error(node.span, format!("`{}` is not the name of an IAM user", decode::brief(name)));
        cx.problems.push(problem.did_you_mean(name, known.iter().map(String::as_str)));
    }
    found
}

/// An access key that belongs to a user's name: the same name gives the same key, always.
fn made_key(account: &AccountId, user: &str) -> (String, String) {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut rng = Rng::stream(0, &format!("access-key/{account}/{user}"));
    let mut letters = |count: usize| -> String {
        (0..count).map(|_| char::from(LETTERS[rng.below(LETTERS.len() as u64) as usize])).collect()
    };
    (format!("AKIA{}", letters(16)), letters(40))
}
