//! Who holds which access key, and whether a request may go on: identities, their policies and the policies of
//! endpoints, as all services of a world see them. Judges by `policy`; knows no protocol.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::spec::Credentials;
use crate::base::{AccountId, Era, Rng};
use crate::policy::{Attached, Decision, PolicySet, Principal, RequestContext, evaluate};

/// The access key of somebody known by a name: the same name always has the same, which looks like AWS's.
pub fn credentials_of(name: &str) -> Credentials {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut rng = Rng::stream(0, &format!("access-key/{name}"));
    let mut letters = |count: usize| -> String {
        (0..count).map(|_| char::from(LETTERS[rng.below(LETTERS.len() as u64) as usize])).collect()
    };
    Credentials { access_key_id: format!("AKIA{}", letters(16)), secret: letters(40), session_token: None }
}

#[derive(Clone, Debug)]
struct Holder {
    secret: String,
    principal: Principal,
    policies: Vec<Attached>,
}

#[derive(Debug, Default)]
struct State {
    holders: BTreeMap<String, Holder>,
    endpoints: BTreeMap<String, Attached>,
}

/// Identities and endpoint policies of a world. Changed by the control plane while requests come in.
#[derive(Debug)]
pub struct Access {
    era: Era,
    account: AccountId,
    open: bool,
    state: RwLock<State>,
}

impl Access {
    /// A world in which requests are anonymous unless signed; `account` is its own.
    pub fn new(era: Era, account: AccountId) -> Self {
        Self { era, account, open: false, state: RwLock::default() }
    }

    /// A world that declares no IAM users: an unsigned request counts as one of the account that owns what it asks
    /// for, as a program with an administrator's credentials would make it. Bucket and endpoint policies still hold.
    pub fn open(era: Era, account: AccountId) -> Self {
        Self { era, account, open: true, state: RwLock::default() }
    }

    /// The world's own account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Whether unsigned requests count as the owner's.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The world's era.
    pub fn era(&self) -> Era {
        self.era
    }

    /// Gives somebody a key, and the policies that are attached to them.
    pub fn add_key(&self, key: &Credentials, principal: Principal, policies: Vec<Attached>) {
        let holder = Holder { secret: key.secret.clone(), principal, policies };
        self.write().holders.insert(key.access_key_id.clone(), holder);
    }

    /// Takes a key away.
    pub fn remove_key(&self, id: &str) {
        self.write().holders.remove(id);
    }

    /// Replaces the policies of everybody whose principal it is.
    pub fn set_identity_policies(&self, principal: &Principal, policies: &[Attached]) {
        let mut state = self.write();
        for holder in state.holders.values_mut().filter(|holder| holder.principal == *principal) {
            holder.policies = policies.to_vec();
        }
    }

    /// Sets the policy by which an endpoint's requests are judged from now on (rule R32: the caller waits out the
    /// delay).
    pub fn set_endpoint_policy(&self, endpoint: &str, policy: Attached) {
        self.write().endpoints.insert(endpoint.to_owned(), policy);
    }

    /// Forgets an endpoint.
    pub fn remove_endpoint(&self, endpoint: &str) {
        self.write().endpoints.remove(endpoint);
    }

    /// The secret that signs for a key; `None` for an unknown key.
    pub fn secret(&self, key: &str) -> Option<String> {
        self.read().holders.get(key).map(|holder| holder.secret.clone())
    }

    /// The holder of a key; `None` for an unknown key.
    pub fn holder(&self, key: &str) -> Option<Principal> {
        self.read().holders.get(key).map(|holder| holder.principal.clone())
    }

    /// Who asks: the holder of the key that signed, else nobody, or in an open world the root user of `owner`.
    pub fn principal(&self, key: Option<&str>, owner: &AccountId) -> Principal {
        match key {
            Some(key) => self.holder(key).unwrap_or(Principal::Anonymous),
            None if self.open => Principal::root(owner),
            None => Principal::Anonymous,
        }
    }

    /// Judges a request by the policies of who signed it, of the resource and of the endpoint it came through.
    pub fn decide(
        &self,
        request: &RequestContext,
        key: Option<&str>,
        resource: Option<&Attached>,
        endpoint: Option<&str>,
    ) -> Decision {
        let state = self.read();
        let identity = key.and_then(|key| state.holders.get(key)).map_or(&[][..], |holder| &holder.policies);
        let endpoint = endpoint.and_then(|endpoint| state.endpoints.get(endpoint));
        evaluate(request, &PolicySet { identity, resource, endpoint })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a connection reached a service: what the service's network knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The connection, where it is one of the simulation.
    pub connection: Option<crate::trace::ConnectionId>,
    /// The source as the service sees it.
    pub source: std::net::SocketAddr,
    /// The endpoint that carried it; `None` from the internet.
    pub through: Option<Through>,
    /// The port of the service that it came to.
    pub port: u16,
}

/// An endpoint that carries connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// Its id.
    pub endpoint: String,
    /// Its VPC's id.
    pub vpc: String,
}
