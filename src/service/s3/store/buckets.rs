//! The store itself: all buckets of a world, with their policies and objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::record::{Bucket, Object};
use crate::base::{AccountId, RegionName, SimTime};
use crate::policy::Attached;
use crate::service::s3::listing::{ListPage, ListQuery, list};
use crate::service::s3::names::is_bucket_name;

/// So many bytes of uploads that are not generated content may be kept in a world.
pub const KEPT_BYTES_MAX: u64 = 256 << 20;

/// A key has at most so many bytes (S3 User Guide, object key names).
pub const KEY_BYTES_MAX: usize = 1_024;

/// All buckets of a world. Shared by the front ends of all regions.
#[derive(Debug, Default)]
pub struct ObjectStore {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    pub(super) uploads_made: Mutex<u64>,
}

pub(super) type Answer<T> = Result<T, StoreError>;

impl ObjectStore {
    /// A store without buckets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, name: &str, region: &RegionName, owner: &AccountId, now: SimTime) -> Answer<()> {
        if !is_bucket_name(name) {
            return Err(StoreError::InvalidBucketName);
        }
        let mut buckets = self.lock();
        match buckets.get(name) {
            Some(bucket) if bucket.owner == *owner => Err(StoreError::BucketAlreadyOwnedByYou),
            Some(_) => Err(StoreError::BucketAlreadyExists),
            None => {
                let bucket = Bucket {
                    region: region.clone(),
                    owner: owner.clone(),
                    created: now,
                    policy: None,
                    objects: BTreeMap::new(),
                    uploads: BTreeMap::new(),
                };
                buckets.insert(name.to_owned(), bucket);
                Ok(())
            }
        }
    }

    /// Removes an empty bucket.
    pub fn delete_bucket(&self, name: &str) -> Answer<()> {
        let mut buckets = self.lock();
        let bucket = buckets.get(name).ok_or(StoreError::NoSuchBucket)?;
        if !bucket.objects.is_empty() {
            return Err(StoreError::BucketNotEmpty);
        }
        buckets.remove(name);
        Ok(())
    }

    /// The region and the owner of a bucket.
    pub fn place_of(&self, bucket: &str) -> Option<(RegionName, AccountId)> {
        self.lock().get(bucket).map(|bucket| (bucket.region.clone(), bucket.owner.clone()))
    }

    /// Where a bucket lies, and since when it exists.
    pub fn since(&self, bucket: &str) -> Option<(RegionName, SimTime)> {
        self.lock().get(bucket).map(|bucket| (bucket.region.clone(), bucket.created))
    }

    /// Name, region, owner and age of each bucket, in order of the names.
    pub fn buckets(&self) -> Vec<(String, RegionName, AccountId, SimTime)> {
        let entry = |(name, bucket): (&String, &Bucket)| {
            (name.clone(), bucket.region.clone(), bucket.owner.clone(), bucket.created)
        };
        self.lock().iter().map(entry).collect()
    }

    /// The policy of a bucket.
    pub fn policy(&self, bucket: &str) -> Answer<Option<Arc<Attached>>> {
        self.with(bucket, |bucket| Ok(bucket.policy.clone()))
    }

    /// Puts or removes the policy of a bucket.
    pub fn set_policy(&self, bucket: &str, policy: Option<Attached>) -> Answer<()> {
        self.with_mut(bucket, |bucket| {
            bucket.policy = policy.map(Arc::new);
            Ok(())
        })
    }

    /// Puts an object in the place of what was there.
    pub fn put(&self, bucket: &str, key: &str, object: Object) -> Answer<()> {
        check_key(key)?;
        self.with_mut(bucket, |bucket| {
            bucket.objects.insert(key.to_owned(), object);
            Ok(())
        })
    }

    /// An object.
    pub fn object(&self, bucket: &str, key: &str) -> Answer<Object> {
        self.with(bucket, |bucket| bucket.objects.get(key).cloned().ok_or(StoreError::NoSuchKey))
    }

    /// Removes an object; tells whether there was one.
    pub fn delete(&self, bucket: &str, key: &str) -> Answer<bool> {
        self.with_mut(bucket, |bucket| Ok(bucket.objects.remove(key).is_some()))
    }

    /// Lists a page of a bucket's keys and hands it to `read`.
    pub fn list<T>(&self, bucket: &str, query: &ListQuery, read: impl FnOnce(ListPage<'_, Object>) -> T) -> Answer<T> {
        self.with(bucket, |bucket| Ok(read(list(&bucket.objects, query))))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with<T>(&self, bucket: &str, read: impl FnOnce(&Bucket) -> Answer<T>) -> Answer<T> {
        read(self.lock().get(bucket).ok_or(StoreError::NoSuchBucket)?)
    }

    pub(super) fn with_mut<T>(&self, bucket: &str, change: impl FnOnce(&mut Bucket) -> Answer<T>) -> Answer<T> {
        change(self.lock().get_mut(bucket).ok_or(StoreError::NoSuchBucket)?)
    }
}

pub(super) fn check_key(key: &str) -> Answer<()> {
    if KEY_BYTES_MAX < key.len() { Err(StoreError::KeyTooLong) } else { Ok(()) }
}
