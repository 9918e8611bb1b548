//! What is stored: buckets, objects, and parts of unfinished uploads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{AccountId, RegionName, SimTime};
use crate::policy::Attached;
use crate::service::s3::content::Content;

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The region it lies in.
    pub region: RegionName,
    /// The account that owns it.
    pub owner: AccountId,
    /// Since when it exists.
    pub created: SimTime,
    /// Its policy, if it has one.
    pub policy: Option<Arc<Attached>>,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
}

impl Bucket {
    /// The objects, in order of their keys.
    pub fn objects(&self) -> &BTreeMap<String, Object> {
        &self.objects
    }
}

/// An object. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its bytes.
    pub content: Content,
    /// Its entity tag, without quotes.
    pub etag: Arc<str>,
    /// When it was put.
    pub modified: SimTime,
    /// Its media type.
    pub content_type: Arc<str>,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: Arc<BTreeMap<String, String>>,
    /// How long S3 thinks before the first byte of an answer about it; a setting of the scenario.
    pub first_byte_delay: Duration,
}

impl Object {
    /// An object put in one piece.
    pub fn new(content: Content, modified: SimTime) -> Self {
        let etag = content.etag().into();
        Self {
            content,
            etag,
            modified,
            content_type: "binary/octet-stream".into(),
            metadata: Arc::default(),
            first_byte_delay: Duration::ZERO,
        }
    }
}

/// An unfinished upload.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) begun: SimTime,
    pub(super) content_type: Arc<str>,
    pub(super) metadata: Arc<BTreeMap<String, String>>,
    pub(super) parts: BTreeMap<u32, Part>,
}

/// A part of an unfinished upload.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its bytes.
    pub content: Content,
    /// When it was put.
    pub modified: SimTime,
}

/// An unfinished upload as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadSummary {
    /// Its id.
    pub id: String,
    /// The key it will have.
    pub key: String,
    /// Since when.
    pub begun: SimTime,
}
