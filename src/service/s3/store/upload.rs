//! Uploads in parts: begun, filled, completed or given up.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use md5::{Digest, Md5};

use super::buckets::{Answer, ObjectStore, check_key};
use super::error::StoreError;
use super::record::{Object, Part, Upload, UploadSummary};
use crate::base::SimTime;
use crate::service::s3::content::Content;

/// An upload has at most so many parts (S3 User Guide, multipart upload limits).
pub const PARTS_MAX: u32 = 10_000;
/// Every part but the last has at least so many bytes (same page).
pub const PART_BYTES_MIN: u64 = 5 << 20;

impl ObjectStore {
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
