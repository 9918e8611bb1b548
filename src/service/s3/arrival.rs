//! What is known of a request beside its text: when, whence, to which region; and what is to be told of it afterwards.
//! Travels with the request through the library that reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::request::Target;
use crate::base::{RegionName, SimTime};
use crate::service::access::Peer;

/// A request's surroundings. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Arrival(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    at: SimTime,
    region: RegionName,
    peer: Peer,
    target: Target,
    /// The key that signed the query; already verified.
    presigned_by: Option<String>,
    told: Mutex<Told>,
}

/// What the access log and the answer need to know from the depth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Who asked, as an ARN; empty for nobody.
    pub(crate) requester: String,
    /// Why it was denied.
    pub(crate) because: String,
    /// How long to think before the answer.
    pub(crate) think: Duration,
}

impl Arrival {
    pub(crate) fn new(
        at: SimTime,
        region: RegionName,
        peer: Peer,
        target: Target,
        presigned_by: Option<String>,
    ) -> Self {
        Self(Arc::new(Inner { at, region, peer, target, presigned_by, told: Mutex::default() }))
    }

    pub(crate) fn at(&self) -> SimTime {
        self.0.at
    }

    pub(crate) fn region(&self) -> &RegionName {
        &self.0.region
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.0.peer
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0.target
    }

    pub(crate) fn presigned_by(&self) -> Option<&str> {
        self.0.presigned_by.as_deref()
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
