//! Objects: read, written, copied and deleted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, Error, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, Metadata, PutObjectInput, PutObjectOutput, StreamingBlob,
    Timestamp,
};
use s3s::{S3ErrorCode, S3Request, S3Result, s3_error};
use time::OffsetDateTime;

use super::body::{ContentStream, take_in};
use super::library::Operations;
use crate::base::SimTime;
use crate::service::s3::arrival::Arrival;
use crate::service::s3::authorize::{Question, arrival_of, signer};
use crate::service::s3::listing::KEYS_MAX;
use crate::service::s3::store::{Object as Stored, StoreError};

impl Operations {
    pub(super) fn get(&self, mut req: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let object = self.find(&arrival, signer(&req), &req.input.bucket, &req.input.key)?;
        let input = &req.input;
        self.check_conditions(
            &object,
            [input.if_match.as_ref(), input.if_none_match.as_ref()],
            [input.if_modified_since.as_ref(), input.if_unmodified_since.as_ref()],
        )?;
        let (range, content_range) = ranged(&object, input.range.as_ref())?;
        arrival.told().think = object.first_byte_delay;
        let body = StreamingBlob::new(ContentStream(object.content.chunks(range.clone())));
        Ok(GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            body: Some(body),
            content_length: Some((range.end - range.start) as i64),
            content_range,
            content_type: Some(object.content_type.to_string()),
            e_tag: Some(strong(&object)),
            last_modified: Some(self.timestamp(object.modified)),
            metadata: metadata_of(&object),
            ..Default::default()
        })
    }

    /// What a GET of the object would say of it.
    pub(super) fn head(&self, req: S3Request<HeadObjectInput>) -> S3Result<HeadObjectOutput> {
        let got = self.get(req.map_input(|input| GetObjectInput {
            bucket: input.bucket,
            key: input.key,
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
            range: input.range,
            ..Default::default()
        }))?;
        Ok(HeadObjectOutput {
            accept_ranges: got.accept_ranges,
            content_length: got.content_length,
            content_range: got.content_range,
            content_type: got.content_type,
            e_tag: got.e_tag,
            last_modified: got.last_modified,
            metadata: got.metadata,
            ..Default::default()
        })
    }

    pub(super) async fn put(&self, mut req: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        if self.gate.store.place_of(&input.bucket).is_none() {
            return Err(S3ErrorCode::NoSuchBucket.into());
        }
        if input.if_none_match.is_some() && self.gate.store.object(&input.bucket, &input.key).is_ok() {
            return Err(S3ErrorCode::PreconditionFailed.into());
        }
        let content = take_in(input.body, input.content_length, input.content_md5.as_deref()).await?;
        let mut object = Stored::new(content, arrival.at());
        if let Some(content_type) = input.content_type {
            object.content_type = content_type.into();
        }
        object.metadata = Arc::new(input.metadata.unwrap_or_default().into_iter().collect());
        let e_tag = Some(strong(&object));
        self.gate.store.put(&input.bucket, &input.key, object)?;
        Ok(PutObjectOutput { e_tag, ..Default::default() })
    }

    pub(super) fn copy(&self, mut req: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let source = self.source(&input.copy_source)?;
        let replace = input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE");
        let mut object = Stored::new(source.content.clone(), arrival.at());
        if replace {
            object.metadata = Arc::new(input.metadata.unwrap_or_default().into_iter().collect());
            object.content_type = input.content_type.map_or_else(|| object.content_type.clone(), Into::into);
        } else {
            object.metadata = source.metadata;
            object.content_type = source.content_type;
        }
        let result = CopyObjectResult {
            e_tag: Some(strong(&object)),
            last_modified: Some(self.timestamp(object.modified)),
            ..Default::default()
        };
        self.gate.store.put(&input.bucket, &input.key, object)?;
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() })
    }

    pub(super) fn delete(&self, req: S3Request<DeleteObjectInput>) -> S3Result<DeleteObjectOutput> {
        self.gate.store.delete(&req.input.bucket, &req.input.key)?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) fn delete_many(&self, mut req: S3Request<DeleteObjectsInput>) -> S3Result<DeleteObjectsOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let bucket = &req.input.bucket;
        let quiet = req.input.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        if KEYS_MAX < req.input.delete.objects.len() {
            return Err(S3ErrorCode::MalformedXML.into());
        }
        for object in &req.input.delete.objects {
            let judged =
                self.gate.judge(&arrival, signer(&req), Question::object("s3:DeleteObject", bucket, &object.key));
            match judged.and_then(|()| Ok(self.gate.store.delete(bucket, &object.key)?)) {
                Ok(_) => deleted.push(DeletedObject { key: Some(object.key.clone()), ..Default::default() }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key.clone()),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: Some(if quiet { Vec::new() } else { deleted }),
            errors: Some(errors),
            ..Default::default()
        })
    }

    /// The object that a copy is made of.
    pub(super) fn source(&self, source: &CopySource) -> S3Result<Stored> {
        match source {
            CopySource::Bucket { bucket, key, .. } => Ok(self.gate.store.object(bucket, key)?),
            _ => Err(s3_error!(NotImplemented, "access points are not modeled")),
        }
    }

    pub(super) fn date(&self, at: SimTime) -> OffsetDateTime {
        let date = self.gate.calendar.date(at);
        date.replace_nanosecond(0).unwrap_or(date)
    }

    pub(super) fn timestamp(&self, at: SimTime) -> Timestamp {
        Timestamp::from(self.date(at))
    }

    /// The object; a missing one is `AccessDenied` to who may not list the bucket (S3 API, GetObject).
    fn find(&self, arrival: &Arrival, signer: Option<&str>, bucket: &str, key: &str) -> S3Result<Stored> {
        match self.gate.store.object(bucket, key) {
            Ok(object) => Ok(object),
            Err(StoreError::NoSuchKey) => {
                self.gate.judge(arrival, signer, Question::bucket("s3:ListBucket", bucket))?;
                Err(S3ErrorCode::NoSuchKey.into())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// RFC 9110 section 13.2.2: entity tags before dates, `If-Match` before `If-None-Match`.
    fn check_conditions(
        &self,
        object: &Stored,
        [if_match, if_none_match]: [Option<&ETagCondition>; 2],
        [if_modified, if_unmodified]: [Option<&Timestamp>; 2],
    ) -> S3Result<()> {
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(tag) => tag.value() == &*object.etag,
        };
        let date = self.date(object.modified);
        let since = |stamp: &Timestamp| date <= OffsetDateTime::from(stamp.clone());
        match (if_match, if_unmodified) {
            (Some(condition), _) if !is(condition) => return Err(S3ErrorCode::PreconditionFailed.into()),
            (None, Some(stamp)) if !since(stamp) => return Err(S3ErrorCode::PreconditionFailed.into()),
            _ => {}
        }
        match (if_none_match, if_modified) {
            (Some(condition), _) if is(condition) => Err(S3ErrorCode::NotModified.into()),
            (None, Some(stamp)) if since(stamp) => Err(S3ErrorCode::NotModified.into()),
            _ => Ok(()),
        }
    }
}

/// The entity tag of an object.
pub(super) fn strong(object: &Stored) -> ETag {
    ETag::Strong(object.etag.to_string())
}

fn metadata_of(object: &Stored) -> Option<Metadata> {
    let entries: BTreeMap<String, String> = (*object.metadata).clone();
    (!entries.is_empty()).then(|| entries.into_iter().collect())
}

/// The bytes that are asked for and what the answer says of them.
fn ranged(object: &Stored, range: Option<&s3s::dto::Range>) -> S3Result<(Range<u64>, Option<String>)> {
    let size = object.content.len();
    let Some(range) = range else { return Ok((0..size, None)) };
    let range = range.check(size)?;
    let shown = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
    Ok((range, Some(shown)))
}
