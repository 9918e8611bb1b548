//! Buckets, objects and unfinished uploads of all regions: bucket names are one space. Judges no request and speaks no
//! HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use md5::{Digest, Md5};

use super::content::Content;
use super::listing::{ListPage, ListQuery, list};
use super::names::is_bucket_name;
use crate::base::{AccountId, RegionName, SimTime};
use crate::policy::Attached;

/// So many bytes of uploads that are not generated content may be kept in a world.
pub const KEPT_BYTES_MAX: u64 = 256 << 20;
/// An upload has at most so many parts (S3 User Guide, multipart upload limits).
pub const PARTS_MAX: u32 = 10_000;
/// Every part but the last has at least so many bytes (same page).
pub const PART_BYTES_MIN: u64 = 5 << 20;
/// A key has at most so many bytes (S3 User Guide, object key names).
pub const KEY_BYTES_MAX: usize = 1_024;

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
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
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

#[derive(Clone, Debug)]
struct Upload {
    key: String,
    begun: SimTime,
    content_type: Arc<str>,
    metadata: Arc<BTreeMap<String, String>>,
    parts: BTreeMap<u32, Part>,
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

/// Why the store refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No bucket of that name.
    #[error("no such bucket")]
    NoSuchBucket,
    /// No object of that key.
    #[error("no such key")]
    NoSuchKey,
    /// No upload of that id.
    #[error("no such upload")]
    NoSuchUpload,
    /// The bucket exists, and the caller's account owns it.
    #[error("the bucket is already yours")]
    BucketAlreadyOwnedByYou,
    /// The bucket exists, and somebody else owns it.
    #[error("the bucket name is taken")]
    BucketAlreadyExists,
    /// The bucket still has objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// No name for a bucket.
    #[error("not a bucket name")]
    InvalidBucketName,
    /// The key is too long.
    #[error("the key is too long")]
    KeyTooLong,
    /// A part that completes an upload is missing or has another tag.
    #[error("a part is missing or its tag differs")]
    InvalidPart,
    /// The parts that complete an upload are not in ascending order.
    #[error("the parts are not in order")]
    InvalidPartOrder,
    /// A part that is not the last is too small.
    #[error("a part is too small")]
    EntityTooSmall,
    /// A part's number is not within 1 to [`PARTS_MAX`].
    #[error("part numbers are 1 to 10000")]
    InvalidPartNumber,
}

/// All buckets of a world. Shared by the front ends of all regions.
#[derive(Debug, Default)]
pub struct ObjectStore {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    uploads_made: Mutex<u64>,
}

type Answer<T> = Result<T, StoreError>;

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

    /// Begins an upload in parts and returns its id.
    pub fn create_upload(
        &self,
        bucket: &str,
        key: &str,
        content_type: Arc<str>,
        metadata: BTreeMap<String, String>,
        now: SimTime,
    ) -> Answer<String> {
        check_key(key)?;
        let number = {
            let mut made = self.uploads_made.lock().unwrap_or_else(PoisonError::into_inner);
            *made += 1;
            *made
        };
        // Opaque to clients; the number alone makes it unique.
        let digest: [u8; 16] = Md5::digest(format!("{bucket}/{key}/{number}")).into();
        let id = format!("{}.{number}", hex::encode(digest));
        self.with_mut(bucket, |bucket| {
            let upload = Upload {
                key: key.to_owned(),
                begun: now,
                content_type,
                metadata: Arc::new(metadata),
                parts: BTreeMap::new(),
            };
            bucket.uploads.insert(id.clone(), upload);
            Ok(id)
        })
    }

    /// Puts a part in the place of what was there and returns its tag.
    pub fn put_part(&self, bucket: &str, key: &str, id: &str, number: u32, part: Part) -> Answer<String> {
        if !(1..=PARTS_MAX).contains(&number) {
            return Err(StoreError::InvalidPartNumber);
        }
        let etag = part.content.etag();
        self.with_upload(bucket, key, id, |upload| {
            upload.parts.insert(number, part);
            Ok(etag)
        })
    }

    /// The parts of an upload behind number `after`, at most `max`, and whether there are more.
    pub fn parts(&self, bucket: &str, key: &str, id: &str, after: u32, max: usize) -> Answer<(Vec<(u32, Part)>, bool)> {
        self.with_upload(bucket, key, id, |upload| {
            let mut rest = upload.parts.range(after.saturating_add(1)..).map(|(number, part)| (*number, part.clone()));
            let page: Vec<_> = rest.by_ref().take(max).collect();
            Ok((page, rest.next().is_some()))
        })
    }

    /// The unfinished uploads of a bucket, in order of keys and ids.
    pub fn uploads(&self, bucket: &str) -> Answer<Vec<UploadSummary>> {
        self.with(bucket, |bucket| {
            let summary = |(id, upload): (&String, &Upload)| UploadSummary {
                id: id.clone(),
                key: upload.key.clone(),
                begun: upload.begun,
            };
            let mut all: Vec<_> = bucket.uploads.iter().map(summary).collect();
            all.sort_by(|a, b| (&a.key, a.begun, &a.id).cmp(&(&b.key, b.begun, &b.id)));
            Ok(all)
        })
    }

    /// Makes an object of the parts named with their tags.
    pub fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        named: &[(u32, Option<String>)],
        now: SimTime,
    ) -> Answer<Object> {
        let object = self.with_upload(bucket, key, id, |upload| join_parts(upload, named, now))?;
        self.with_mut(bucket, |bucket| {
            bucket.uploads.remove(id);
            bucket.objects.insert(key.to_owned(), object.clone());
            Ok(object)
        })
    }

    /// Forgets an upload and its parts.
    pub fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Answer<()> {
        self.with_upload(bucket, key, id, |_| Ok(()))?;
        self.with_mut(bucket, |bucket| {
            bucket.uploads.remove(id);
            Ok(())
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, bucket: &str, read: impl FnOnce(&Bucket) -> Answer<T>) -> Answer<T> {
        read(self.lock().get(bucket).ok_or(StoreError::NoSuchBucket)?)
    }

    fn with_mut<T>(&self, bucket: &str, change: impl FnOnce(&mut Bucket) -> Answer<T>) -> Answer<T> {
        change(self.lock().get_mut(bucket).ok_or(StoreError::NoSuchBucket)?)
    }

    fn with_upload<T>(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        change: impl FnOnce(&mut Upload) -> Answer<T>,
    ) -> Answer<T> {
        self.with_mut(bucket, |bucket| {
            let upload = bucket.uploads.get_mut(id).filter(|upload| upload.key == key);
            change(upload.ok_or(StoreError::NoSuchUpload)?)
        })
    }
}

fn check_key(key: &str) -> Answer<()> {
    if KEY_BYTES_MAX < key.len() { Err(StoreError::KeyTooLong) } else { Ok(()) }
}

fn join_parts(upload: &Upload, named: &[(u32, Option<String>)], now: SimTime) -> Answer<Object> {
    if named.is_empty() {
        return Err(StoreError::InvalidPart);
    }
    if !named.is_sorted_by(|(one, _), (two, _)| one < two) {
        return Err(StoreError::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(named.len());
    let mut tags = Md5::new();
    for (index, (number, etag)) in named.iter().enumerate() {
        let part = upload.parts.get(number).ok_or(StoreError::InvalidPart)?;
        if etag.as_ref().is_some_and(|etag| *etag != part.content.etag()) {
            return Err(StoreError::InvalidPart);
        }
        if part.content.len() < PART_BYTES_MIN && index + 1 < named.len() {
            return Err(StoreError::EntityTooSmall);
        }
        tags.update(part.content.digest());
        parts.push(&part.content);
    }
    let digest: [u8; 16] = tags.finalize().into();
    Ok(Object {
        content: Content::concat(parts),
        etag: format!("{}-{}", hex::encode(digest), named.len()).into(),
        modified: now,
        content_type: upload.content_type.clone(),
        metadata: upload.metadata.clone(),
        first_byte_delay: Duration::ZERO,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::from_secs(5);

    fn create(store: &ObjectStore, name: &str, region: &str, owner: &str) -> Answer<()> {
        let (region, owner) = (RegionName::parse(region).expect(region), AccountId::parse(owner).expect(owner));
        store.create_bucket(name, &region, &owner, NOW)
    }

    fn store() -> ObjectStore {
        let store = ObjectStore::new();
        create(&store, "data", "us-west-2", "111122223333").expect("a new bucket");
        store
    }

    fn begin(store: &ObjectStore) -> String {
        store.create_upload("data", "big", "text/plain".into(), BTreeMap::new(), NOW).expect("an upload")
    }

    fn part(store: &ObjectStore, id: &str, number: u32, content: &Content) -> String {
        store.put_part("data", "big", id, number, Part { content: content.clone(), modified: NOW }).expect("a part")
    }

    #[test]
    fn a_name_has_one_bucket_in_all_regions() {
        let store = store();
        let again = |owner| create(&store, "data", "eu-west-1", owner);
        assert_eq!(again("111122223333"), Err(StoreError::BucketAlreadyOwnedByYou));
        assert_eq!(again("444455556666"), Err(StoreError::BucketAlreadyExists));
        assert_eq!(create(&store, "Bad", "eu-west-1", "111122223333"), Err(StoreError::InvalidBucketName));
        assert_eq!(store.place_of("data").expect("there").0.as_str(), "us-west-2");
    }

    #[test]
    fn only_an_empty_bucket_can_be_deleted() {
        let store = store();
        store.put("data", "k", Object::new(Content::from_bytes("v"), NOW)).expect("a bucket");
        assert_eq!(store.delete_bucket("data"), Err(StoreError::BucketNotEmpty));
        assert_eq!(store.delete("data", "k"), Ok(true));
        assert_eq!(store.delete("data", "k"), Ok(false));
        assert_eq!(store.delete_bucket("data"), Ok(()));
        assert_eq!(store.delete_bucket("data"), Err(StoreError::NoSuchBucket));
    }

    #[test]
    fn parts_make_the_whole_in_order_of_their_numbers() {
        let store = store();
        let whole = Content::generated(9, 12 << 20);
        let id = begin(&store);
        let second = part(&store, &id, 2, &whole.slice(6 << 20..12 << 20));
        let first = part(&store, &id, 1, &whole.slice(0..6 << 20));
        let named = [(1, Some(first)), (2, Some(second))];
        let object = store.complete_upload("data", "big", &id, &named, NOW).expect("both parts");
        assert_eq!(object.content, whole);
        assert!(object.etag.ends_with("-2"), "{}", object.etag);
        assert_eq!(store.object("data", "big").expect("now there").content, whole);
        assert_eq!(store.complete_upload("data", "big", &id, &named, NOW).err(), Some(StoreError::NoSuchUpload));
    }

    #[test]
    fn wrong_parts_complete_nothing_and_leave_the_upload() {
        let store = store();
        let id = begin(&store);
        let small = part(&store, &id, 1, &Content::from_bytes("small"));
        let last = part(&store, &id, 2, &Content::from_bytes("last"));
        for (named, error) in [
            (vec![(1, Some(small.clone())), (2, Some(last.clone()))], StoreError::EntityTooSmall),
            (vec![(2, Some(last)), (1, Some(small.clone()))], StoreError::InvalidPartOrder),
            (vec![(3, None)], StoreError::InvalidPart),
            (vec![(1, Some("other".into()))], StoreError::InvalidPart),
            (vec![], StoreError::InvalidPart),
        ] {
            assert_eq!(store.complete_upload("data", "big", &id, &named, NOW).err(), Some(error));
        }
        assert_eq!(store.uploads("data").expect("a bucket").len(), 1);
        assert_eq!(store.object("data", "big").err(), Some(StoreError::NoSuchKey));
        assert!(store.complete_upload("data", "big", &id, &[(1, Some(small))], NOW).is_ok());
    }

    #[test]
    fn an_aborted_upload_is_gone() {
        let store = store();
        let id = begin(&store);
        assert_eq!(store.abort_upload("data", "other", &id), Err(StoreError::NoSuchUpload));
        assert_eq!(store.abort_upload("data", "big", &id), Ok(()));
        assert_eq!(store.abort_upload("data", "big", &id), Err(StoreError::NoSuchUpload));
    }
}
