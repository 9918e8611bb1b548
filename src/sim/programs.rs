//! AWS's own services, started on their machines and kept in step with the records; and which program a spec asks for.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::{Calendar, SimTime};
use crate::control_plane::{Scope, Touch, Touched, World};
use crate::host::{Carrier, Host};
use crate::policy::{Attached, Principal};
use crate::service::dynamodb::{self, DynamoDbFront, Tables};
use crate::service::s3::{self, FrontSettings, ObjectStore, S3Front};
use crate::service::spec::Credentials;
use crate::service::{Access, Carriers, Through};
use crate::trace::{NodeId, Observer, PortId};

use super::Simulation;

/// What programs and services of one world share.
pub(super) struct Services {
    /// Who holds which key, and endpoint policies.
    pub(super) access: Arc<Access>,
    /// The objects of all regions.
    pub(super) objects: Arc<ObjectStore>,
    /// DynamoDB's tables of all regions.
    pub(super) tables: Arc<Tables>,
    /// Settings of S3's front ends.
    pub(super) s3: FrontSettings,
}

impl Services {
    pub(super) fn new(world: &World, s3: FrontSettings) -> Self {
        let account = world.accounts().keys().next().cloned().unwrap_or_else(no_account);
        let open = world.accounts().values().all(|account| account.users().is_empty());
        let access = if open { Access::open(world.era, account) } else { Access::new(world.era, account) };
        let services =
            Self { access: Arc::new(access), objects: Arc::new(ObjectStore::new()), tables: Arc::default(), s3 };
        services.know_users(world);
        for (_, region) in world.regions() {
            for endpoint in region.vpc_endpoints().values() {
                services.know_endpoint(endpoint, SimTime::ZERO);
            }
        }
        services.know_buckets(world);
        services
    }

    fn know_users(&self, world: &World) {
        for (account, record) in world.accounts() {
            for user in record.users().values() {
                let principal = Principal::user(account, &user.name);
                for (id, secret) in &user.access_keys {
                    let key = Credentials { access_key_id: id.clone(), secret: secret.clone(), session_token: None };
                    self.access.add_key(&key, principal.clone(), user.attached());
                }
                self.access.set_identity_policies(&principal, &user.attached());
            }
        }
    }

    fn know_endpoint(&self, endpoint: &crate::control_plane::VpcEndpoint, at: SimTime) {
        let policy = endpoint.policy.in_effect(at).clone();
        let id = endpoint.id.as_str();
        let name = endpoint.tags.name.as_deref().unwrap_or(id);
        self.access.set_endpoint_policy(id, Attached::endpoint(name, policy));
    }

    /// Buckets of the records that the store does not have yet, and everybody's policies.
    fn know_buckets(&self, world: &World) {
        for (account, record) in world.accounts() {
            for bucket in record.buckets().values() {
                // A bucket that is there already stays with its objects.
                let _ = self.objects.create_bucket(&bucket.name, &bucket.region, account, SimTime::ZERO);
                let policy = bucket.policy.clone().map(|policy| Attached::bucket(&bucket.name, policy));
                let _ = self.objects.set_policy(&bucket.name, policy);
            }
        }
    }
}

impl Simulation {
    /// Starts the front ends of S3.
    pub(super) fn start_services(&mut self) {
        self.start_dynamodb();
        let seed = self.network().settings().seed;
        let fronts: Vec<_> = self
            .network()
            .services()
            .filter(|(_, name, _)| name.as_str().ends_with(".s3"))
            .map(|(region, _, node)| (region.clone(), node))
            .collect();
        for (region, node) in fronts {
            let (store, access) = (Arc::clone(&self.services.objects), Arc::clone(&self.services.access));
            let calendar: Calendar = self.calendar();
            let front = Rc::new(S3Front::new(region, calendar, self.services.s3.clone(), store, access, seed));
            let carriers = self.carriers_of(node);
            self.network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
                host.run(None, out, |net| async move {
                    s3::listen(&net, &front, &carriers).expect("a new machine's ports are free");
                });
            });
        }
    }

    /// Starts the front ends of DynamoDB.
    fn start_dynamodb(&mut self) {
        let seed = self.network().settings().seed;
        let services = self.network().services().filter(|(_, name, _)| name.service() == "dynamodb");
        let fronts: Vec<_> = services.map(|(region, _, node)| (region.clone(), node)).collect();
        for (region, node) in fronts {
            let (tables, access) = (Arc::clone(&self.services.tables), Arc::clone(&self.services.access));
            let front = Rc::new(DynamoDbFront::new(region, self.calendar(), tables, access, seed));
            let carriers = self.carriers_of(node);
            self.network_mut().engine.with::<Host, _>(node, &mut (), |host, out| {
                host.run(None, out, |net| async move {
                    dynamodb::listen(&net, &front, &carriers).expect("a new machine's ports are free");
                });
            });
        }
    }

    /// Which endpoint each carrier of a front end is, as the graph says at the time of asking.
    fn carriers_of(&self, node: NodeId) -> Carriers {
        let carriers = self.network().carriers();
        Rc::new(move |carrier: Carrier| {
            let carriers = carriers.borrow();
            let info = carriers.get(&(node, PortId(carrier.0)))?;
            Some(Through { endpoint: info.endpoint.to_string(), vpc: info.vpc.to_string() })
        })
    }

    /// Tells the services what changed of identities, policies and buckets.
    pub(super) fn follow_services(&mut self, scope: &Scope, touched: &Touched) {
        let at = self.now();
        self.follow_names(scope, touched);
        for touch in touched {
            match touch {
                Touch::VpcEndpoint(id) | Touch::EndpointPolicy(id) => {
                    let endpoint = self.world().region(scope).and_then(|region| region.vpc_endpoints().get(id));
                    match endpoint {
                        Some(endpoint) => {
                            self.services.know_endpoint(endpoint, at);
                            let due = endpoint.policy.takes_effect(at);
                            self.policies_due.extend(due.map(|due| (due, scope.clone(), id.clone())));
                        }
                        None => self.services.access.remove_endpoint(id.as_str()),
                    }
                }
                Touch::User(_) => self.services.know_users(self.world()),
                Touch::Bucket(_) => self.services.know_buckets(self.world()),
                _ => {}
            }
        }
    }

    /// When the next delayed policy takes effect (R32).
    pub(super) fn next_policy(&self) -> Option<SimTime> {
        self.policies_due.iter().map(|(due, ..)| *due).min()
    }

    /// Puts the policies into effect whose time has come.
    pub(super) fn take_policies(&mut self, observer: &mut dyn Observer) {
        let at = self.now();
        let due: Vec<_> = self.policies_due.iter().filter(|(due, ..)| *due <= at).cloned().collect();
        self.policies_due.retain(|(due, ..)| at < *due);
        for (_, scope, id) in due {
            let endpoint = self.world().region(&scope).and_then(|region| region.vpc_endpoints().get(&id));
            if let Some(endpoint) = endpoint {
                self.services.know_endpoint(endpoint, at);
                let name = endpoint.tags.name.as_deref().unwrap_or(id.as_str());
                observer.change(at, &format!("the new policy of {name} takes effect [R32]"), None);
            }
        }
    }
}

/// The account of a world that has none: AWS's own example.
fn no_account() -> crate::base::AccountId {
    crate::base::AccountId::parse("123456789012").expect("twelve digits")
}
