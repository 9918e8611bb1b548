//! What becomes of requests when a change alters a policy, or leads requests by another endpoint: a few that stand for
//! many, judged by the compiled policies before and after. Sends none.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::reach::PairChange;
use crate::base::*;
use crate::control_plane::{Account, VpcEndpoint, World};
use crate::notation::Source;
use crate::policy::{
    Attached, ConditionKey, DocumentKind, PolicyDocument, PolicySet, Principal, RequestContext, evaluate,
};

/// Requests that stand for many, compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// How many were judged before and after.
    pub asked: usize,
    /// Those that were allowed before and are denied after.
    pub denied: Vec<DeniedRequest>,
    /// The organizations that whoever asks is taken to be of, for the policies name them and no record does.
    pub organizations: BTreeSet<String>,
    /// Whether there were too many, so that some were left out.
    pub cut_short: bool,
}

/// A request that the change denies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeniedRequest {
    /// What is asked: `s3:GetObject`.
    pub action: String,
    /// Of what, as an ARN.
    pub resource: String,
    /// Who asks.
    pub who: String,
    /// By which way: an endpoint's id, or `the internet`.
    pub way: String,
    /// Why it is denied, as a lower-case sentence.
    pub why: String,
}

/// The most requests that are judged.
const REQUESTS_MAX: usize = 20_000;
/// The most public addresses that requests come from.
const ADDRESSES_MAX: usize = 20;
/// What stands for everything that no policy names.
const ANY: &str = "any";
/// An address of the internet that no policy is likely to name.
const ANY_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));

/// Where a request through an endpoint comes from, unless a policy names an address.
const ANY_PRIVATE_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 10));

/// Who asks, what they are called, and the policies that they have; without any, one that allows everything.
struct Asker {
    principal: Principal,
    name: String,
    policies: (Vec<Attached>, Vec<Attached>),
    organization: Option<String>,
}

/// One side of the change.
#[derive(Clone, Default)]
struct Side {
    /// The endpoint and its VPC, with the policy.
    endpoint: Option<(VpcEndpointId, VpcId, Attached)>,
    /// The policy of the bucket.
    bucket: Option<Attached>,
}

/// What a request is about.
struct Target {
    action: String,
    resource: String,
    /// Who owns it; `None` for what belongs to whoever asks.
    owner: Option<AccountId>,
}

/// Judges the requests that a change touches: those under policies that are not the same, and those whose way leads through
/// another endpoint.
pub(super) fn compare_requests(before: &World, after: &World, rerouted: &[PairChange]) -> Requests {
    let mut work = Work { era: after.era, requests: Requests::default() };
    for (scope, region) in after.regions() {
        for endpoint in region.vpc_endpoints().values() {
            let old = before.region(&scope).and_then(|region| region.vpc_endpoints().get(&endpoint.id));
            let moved = moved_to(&endpoint.id, rerouted);
            let begins = endpoint.private_dns_enabled && old.is_none_or(|old| !old.private_dns_enabled);
            let changed = old.is_some_and(|old| old.policy.current() != endpoint.policy.current());
            let mut from: Vec<Option<&VpcEndpoint>> = Vec::new();
            if changed {
                from.push(old);
            }
            // What has come by the internet, or by another endpoint.
            let earlier = |id: &Option<VpcEndpointId>| {
                id.as_ref().and_then(|id| before.region(&scope).and_then(|region| region.vpc_endpoints().get(id)))
            };
            from.extend(moved.iter().map(earlier));
            if begins {
                from.push(None);
            }
            for old in from {
                work.through((before, after), old, endpoint, &scope.account);
            }
        }
    }
    for (owner, account) in after.accounts() {
        work.buckets(before, after, owner, account);
        work.identities(before, owner, account);
    }
    work.requests.denied.sort();
    work.requests.denied.dedup();
    work.requests
}

/// The endpoints by which those went before that go by this one after the change; `None` for none.
fn moved_to(endpoint: &VpcEndpointId, rerouted: &[PairChange]) -> BTreeSet<Option<VpcEndpointId>> {
    let by = |ids: &[String]| ids.iter().find_map(|id| VpcEndpointId::parse(id));
    let moved = rerouted.iter().filter(|one| by(&one.after.gateways.0).as_ref() == Some(endpoint));
    moved.map(|one| by(&one.before.gateways.0)).filter(|old| old.as_ref() != Some(endpoint)).collect()
}

struct Work {
    era: Era,
    requests: Requests,
}

impl Work {
    /// Requests that come by an endpoint after the change, and came by another, by none, or under another policy before.
    fn through(
        &mut self,
        (before, after): (&World, &World),
        old: Option<&VpcEndpoint>,
        new: &VpcEndpoint,
        account: &AccountId,
    ) {
        let side = |endpoint: &VpcEndpoint| {
            let policy = Attached::endpoint(endpoint.id.as_str(), endpoint.policy.current().clone());
            Side { endpoint: Some((endpoint.id.clone(), endpoint.vpc_id.clone(), policy)), bucket: None }
        };
        let sides = (old.map(side).unwrap_or_default(), side(new));
        let documents: Vec<&PolicyDocument> =
            [old, Some(new)].into_iter().flatten().map(|endpoint| endpoint.policy.current()).collect();
        let service = new.service_name.service();
        let askers = askers(after, account, &documents);
        let moved = old.is_none_or(|old| old.id != new.id);
        // Under a policy that lets everything pass, another way denies nothing by itself.
        if !moved || !new.policy.current().is_full_access() {
            self.compare((before, &documents), &askers, &targets(service, &documents, &[]), &sides);
        }
        // By another way a bucket's own policy may say something else.
        for (owner, bucket) in buckets(before).filter(|_| moved && service == "s3") {
            let Some(policy) = &bucket.policy else { continue };
            let policy = Attached::bucket(&bucket.name, policy.clone());
            let with = |side: &Side| Side { bucket: Some(policy.clone()), ..side.clone() };
            let documents: Vec<&PolicyDocument> = documents.iter().copied().chain(&bucket.policy).collect();
            let targets = targets("s3", &documents, &[(&bucket.name, owner)]);
            self.compare((before, &documents), &askers, &targets, &(with(&sides.0), with(&sides.1)));
        }
    }

    /// Requests to buckets whose policies are not the same.
    fn buckets(&mut self, before: &World, after: &World, owner: &AccountId, account: &Account) {
        for bucket in account.buckets().values() {
            let old = before.bucket(&bucket.name).and_then(|(_, bucket)| bucket.policy.as_ref());
            if old == bucket.policy.as_ref() {
                continue;
            }
            let documents: Vec<&PolicyDocument> = [old, bucket.policy.as_ref()].into_iter().flatten().collect();
            let askers = askers(after, owner, &documents);
            let targets = targets("s3", &documents, &[(&bucket.name, owner)]);
            let attached =
                |policy: Option<&PolicyDocument>| policy.map(|policy| Attached::bucket(&bucket.name, policy.clone()));
            let mut ways = vec![None];
            for (_, region) in after.regions() {
                let own = region.vpc_endpoints().values().filter(|one| one.service_name.service() == "s3");
                ways.extend(own.map(|one| {
                    let open = Attached::endpoint(one.id.as_str(), PolicyDocument::full_access());
                    Some((one.id.clone(), one.vpc_id.clone(), open))
                }));
            }
            for endpoint in ways {
                let side = |policy| Side { endpoint: endpoint.clone(), bucket: attached(policy) };
                self.compare((before, &documents), &askers, &targets, &(side(old), side(bucket.policy.as_ref())));
            }
        }
    }

    /// Requests of users and roles whose policies are not the same.
    fn identities(&mut self, before: &World, owner: &AccountId, account: &Account) {
        let had = before.accounts().get(owner);
        let mut askers = Vec::new();
        let mut documents = Vec::new();
        for user in account.users().values() {
            let old = had.and_then(|had| had.users().get(&user.name));
            if let Some(old) = old.filter(|old| old.policies != user.policies) {
                documents.extend(old.policies.values().chain(user.policies.values()));
                let (principal, name) = (Principal::user(owner, &user.name), format!("user {}", user.name));
                let policies = (old.attached(), user.attached());
                askers.push(Asker { principal, name, policies, organization: None });
            }
        }
        for role in account.roles().values() {
            let old = had.and_then(|had| had.roles().get(&role.name));
            if let Some(old) = old.filter(|old| old.policies != role.policies) {
                documents.extend(old.policies.values().chain(role.policies.values()));
                let (principal, name) = (Principal::session(owner, &role.name, ANY), format!("role {}", role.name));
                let policies = (old.attached(), role.attached());
                askers.push(Asker { principal, name, policies, organization: None });
            }
        }
        for service in ["s3", "dynamodb", "ec2"].into_iter().filter(|_| !askers.is_empty()) {
            self.compare((before, &documents), &askers, &targets(service, &documents, &[]), &Default::default());
        }
    }

    fn compare(
        &mut self,
        (before, documents): (&World, &[&PolicyDocument]),
        askers: &[Asker],
        targets: &[Target],
        sides: &(Side, Side),
    ) {
        let addresses = addresses(before, documents, sides);
        self.requests.organizations.extend(askers.iter().filter_map(|asker| asker.organization.clone()));
        for target in targets {
            for asker in askers {
                for address in &addresses {
                    if REQUESTS_MAX <= self.requests.asked {
                        self.requests.cut_short = true;
                        return;
                    }
                    self.requests.asked += 1;
                    self.ask(target, asker, *address, sides);
                }
            }
        }
    }

    fn ask(&mut self, target: &Target, asker: &Asker, (public, private): (IpAddr, IpAddr), sides: &(Side, Side)) {
        let Some(owner) = target.owner.as_ref().or(asker.principal.account()) else { return };
        let judge = |side: &Side, identity: &[Attached]| {
            let resource = target.resource.as_str();
            let request =
                RequestContext::new(self.era, asker.principal.clone(), target.action.as_str(), resource, owner)
                    .secure_transport(true);
            let request = match &asker.organization {
                Some(id) => request.with(ConditionKey::PrincipalOrgId, id.as_str().into()),
                None => request,
            };
            let request = match &side.endpoint {
                Some((id, vpc, _)) => request.through_endpoint(id.as_str(), vpc.as_str(), private),
                None => request.from_address(public),
            };
            let endpoint = side.endpoint.as_ref().map(|(_, _, policy)| policy);
            evaluate(&request, &PolicySet { identity, resource: side.bucket.as_ref(), endpoint })
        };
        let (old, new) = (judge(&sides.0, &asker.policies.0), judge(&sides.1, &asker.policies.1));
        if !old.is_allowed() || new.is_allowed() {
            return;
        }
        let way = sides.1.endpoint.as_ref().map_or_else(|| "the internet".to_owned(), |(id, ..)| id.to_string());
        let why = new.blockers.first().map(|blocker| blocker.text.clone()).unwrap_or_default();
        let (action, resource, who) = (target.action.clone(), target.resource.clone(), asker.name.clone());
        self.requests.denied.push(DeniedRequest { action, resource, who, way, why });
    }
}

fn buckets(world: &World) -> impl Iterator<Item = (&AccountId, &crate::control_plane::Bucket)> {
    world.accounts().iter().flat_map(|(owner, account)| account.buckets().values().map(move |bucket| (owner, bucket)))
}

/// Where requests may come from: without an endpoint, the public addresses that the accounts hold and one of anybody; and
/// one of each block that a condition names.
fn addresses(world: &World, documents: &[&PolicyDocument], sides: &(Side, Side)) -> Vec<(IpAddr, IpAddr)> {
    let regions = world.regions();
    let held = regions.flat_map(|(_, region)| region.elastic_ips().values().map(|one| IpAddr::V4(one.public_ip)));
    let by_endpoint = sides.0.endpoint.is_some() && sides.1.endpoint.is_some();
    let held = held.take(if by_endpoint { 0 } else { ADDRESSES_MAX });
    let of = |key: &'static ConditionKey| {
        let blocks = values_of(documents, key).filter_map(|text| Cidr::parse(text).ok().or_else(|| host(text)));
        blocks.filter_map(|block| block.nth(1).or_else(|| block.nth(0))).take(ADDRESSES_MAX).collect::<Vec<_>>()
    };
    let public = std::iter::once(ANY_ADDRESS).chain(held).chain(of(&ConditionKey::SourceIp));
    let mut all: Vec<(IpAddr, IpAddr)> = public.map(|public| (public, ANY_PRIVATE_ADDRESS)).collect();
    all.extend(of(&ConditionKey::VpcSourceIp).into_iter().map(|private| (ANY_ADDRESS, private)));
    all
}

fn host(text: &str) -> Option<Cidr> {
    text.parse().ok().map(Cidr::host)
}

/// Anybody of an account, its users and roles, and whoever the documents name.
fn askers(world: &World, account: &AccountId, documents: &[&PolicyDocument]) -> Vec<Asker> {
    let mut all: Vec<(String, Principal)> = vec![
        (format!("anybody of account {account}"), Principal::session(account, ANY, ANY)),
        (format!("the root user of account {account}"), Principal::root(account)),
        ("somebody who does not sign".to_owned(), Principal::Anonymous),
    ];
    if let Some(record) = world.accounts().get(account) {
        let users = record.users().keys().map(|name| (format!("user {name}"), Principal::user(account, name)));
        let roles = record.roles().keys().map(|name| (format!("role {name}"), Principal::session(account, name, ANY)));
        all.extend(users.chain(roles));
    }
    let named = documents.iter().flat_map(|document| document.statements()).flat_map(|one| one.examples());
    all.extend(named.filter_map(|principal| Some((principal.identity()?.arn().to_owned(), principal))));
    let mut seen: Vec<Principal> = Vec::new();
    all.retain(|(_, principal)| {
        let new = !seen.contains(principal);
        if new {
            seen.push(principal.clone());
        }
        new
    });
    let organization = organization(documents);
    let asker = |(name, principal)| {
        let policies = (everything(), everything());
        Asker { principal, name, policies, organization: organization.clone() }
    };
    all.into_iter().map(asker).collect()
}

/// What conditions of documents compare a key with.
fn values_of<'d>(documents: &[&'d PolicyDocument], key: &'d ConditionKey) -> impl Iterator<Item = &'d str> {
    let documents = documents.to_vec();
    documents.into_iter().flat_map(|document| document.statements()).flat_map(|one| one.values_of(key))
}

/// The organization that documents name first: that of whoever asks, or the old policy would let nobody pass.
fn organization(documents: &[&PolicyDocument]) -> Option<String> {
    let mut named = values_of(documents, &ConditionKey::PrincipalOrgId);
    named.find(|text| !text.contains(['*', '?', '$'])).map(str::to_owned)
}

/// The policies of somebody who may do everything.
fn everything() -> Vec<Attached> {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let (document, _) = PolicyDocument::parse(&Source::new("<everything>", text), DocumentKind::Identity, Era::Current);
    document.into_iter().map(|document| Attached::role(ANY, "everything", document)).collect()
}

/// What requests to a service stand for many: the usual ones to what nobody names and to what the documents name, and
/// the actions that they name. With buckets, to those alone.
fn targets(service: &str, documents: &[&PolicyDocument], only: &[(&String, &AccountId)]) -> Vec<Target> {
    let usual: &[&str] = match service {
        "s3" => &["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        "dynamodb" => &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
        _ => &[],
    };
    let mut actions: BTreeSet<String> = usual.iter().map(|action| (*action).to_owned()).collect();
    if usual.is_empty() {
        actions.insert(format!("{service}:Any"));
    }
    let mut resources: BTreeSet<String> = BTreeSet::new();
    for statement in documents.iter().flat_map(|document| document.statements()) {
        let prefix = format!("{service}:");
        actions.extend(statement.actions().0.filter(|text| text.starts_with(&prefix)).filter_map(example));
        resources.extend(statement.resources().0.filter(|text| **text != *"*").filter_map(example));
    }
    let mut targets = Vec::new();
    for action in actions {
        let mut add = |resource: String, owner: Option<&AccountId>| {
            let (action, owner) = (action.clone(), owner.cloned());
            targets.push(Target { action, resource, owner });
        };
        if service != "s3" {
            let table = format!("arn:aws:dynamodb:us-east-1:111122223333:table/{ANY}");
            add(if service == "dynamodb" { table } else { "*".to_owned() }, None);
            resources.iter().for_each(|resource| add(resource.clone(), None));
            continue;
        }
        let of_bucket = |name: &str| match is_of_bucket(&action) {
            true => format!("arn:aws:s3:::{name}"),
            false => format!("arn:aws:s3:::{name}/{ANY}"),
        };
        let named = resources.iter().filter(|resource| resource.starts_with("arn:aws:s3:::"));
        let named = named.filter(|resource| resource.contains('/') != is_of_bucket(&action));
        if only.is_empty() {
            add(of_bucket(ANY), None);
            named.for_each(|resource| add(resource.clone(), None));
        } else {
            for (bucket, owner) in only {
                add(of_bucket(bucket), Some(owner));
                let own = format!("arn:aws:s3:::{bucket}/");
                let inner = named.clone().filter(|resource| resource.starts_with(&own));
                inner.for_each(|resource| add(resource.clone(), Some(owner)));
            }
        }
    }
    targets
}

/// Whether an action of S3 is about a bucket, and not about an object.
fn is_of_bucket(action: &str) -> bool {
    let name = action.trim_start_matches("s3:");
    name.contains("Bucket") || name.starts_with("List")
}

/// Something that a pattern means; `None` where it depends on who asks.
fn example(pattern: &str) -> Option<String> {
    (!pattern.contains("${")).then(|| pattern.replace('*', ANY).replace('?', "a"))
}
