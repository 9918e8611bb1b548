//! The operations of S3 over the object store, in the types of the library that reads and writes their HTTP. Judges
//! nobody: the gate stands in front.

use std::collections::BTreeMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use md5::{Digest, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket, BucketLocationConstraint, CommonPrefix,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CopyObjectResult,
    CopyPartResult, CopySource, CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput, DeleteBucketPolicyInput,
    DeleteBucketPolicyOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
    DeletedObject, ETag, ETagCondition, EncodingType, Error, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketPolicyInput, GetBucketPolicyOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    ListPartsInput, ListPartsOutput, Metadata, MultipartUpload, Object, ObjectStorageClass, Owner, Part,
    PutBucketPolicyInput, PutBucketPolicyOutput, PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, StdError, s3_error};
use time::OffsetDateTime;

use super::arrival::Arrival;
use super::authorize::{Gate, Question, arrival_of, signer};
use super::content::{Chunks, Content};
use super::listing::{KEYS_MAX, ListQuery};
use super::names::US_STANDARD;
use super::recorder::Recorder;
use super::request::percent_encode;
use super::store::{KEPT_BYTES_MAX, Object as Stored, Part as StoredPart, StoreError};
use crate::base::{RegionName, SimTime};
use crate::policy::{Attached, DocumentKind, PolicyDocument, canonical_user_id, invalid_policy_message};

/// The text of S3's 400 to a sender that fell silent (facts.md B7).
pub(crate) const TIMED_OUT: &str = "Your socket connection to the server was not read from or written to within the \
                                    timeout period. Idle connections will be closed.";

/// The operations.
pub(crate) struct Operations {
    pub(crate) gate: Gate,
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            StoreError::NoSuchKey => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            StoreError::BucketAlreadyOwnedByYou => S3ErrorCode::BucketAlreadyOwnedByYou,
            StoreError::BucketAlreadyExists => S3ErrorCode::BucketAlreadyExists,
            StoreError::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
            StoreError::InvalidBucketName => S3ErrorCode::InvalidBucketName,
            StoreError::KeyTooLong => S3ErrorCode::KeyTooLongError,
            StoreError::InvalidPart => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::EntityTooSmall => S3ErrorCode::EntityTooSmall,
            StoreError::InvalidPartNumber => {
                return s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
            }
        };
        Self::new(code)
    }
}

#[async_trait::async_trait]
impl S3 for Operations {
    async fn get_object(&self, mut req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
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
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            body: Some(body),
            content_length: Some((range.end - range.start) as i64),
            content_range,
            content_type: Some(object.content_type.to_string()),
            e_tag: Some(strong(&object)),
            last_modified: Some(self.timestamp(object.modified)),
            metadata: metadata_of(&object),
            ..Default::default()
        }))
    }

    async fn head_object(&self, mut req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
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
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some((range.end - range.start) as i64),
            content_range,
            content_type: Some(object.content_type.to_string()),
            e_tag: Some(strong(&object)),
            last_modified: Some(self.timestamp(object.modified)),
            metadata: metadata_of(&object),
            ..Default::default()
        }))
    }

    async fn put_object(&self, mut req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
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
        Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
    }

    async fn copy_object(&self, mut req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
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
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.gate.store.delete(&req.input.bucket, &req.input.key)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        mut req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
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
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(if quiet { Vec::new() } else { deleted }),
            errors: Some(errors),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        let after = match &input.continuation_token {
            Some(token) => decode_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let page = self.page(Ask {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref(),
            delimiter: input.delimiter.as_deref(),
            after,
            max: input.max_keys,
            encoding: input.encoding_type.as_ref(),
            with_owner: input.fetch_owner == Some(true),
        })?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: Some((page.contents.len() + page.prefixes.len()) as i32),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_deref().map(hex::encode),
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            max_keys: Some(page.max),
            name: Some(input.bucket),
            prefix: Some(input.prefix.unwrap_or_default()),
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after,
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = req.input;
        let page = self.page(Ask {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref(),
            delimiter: input.delimiter.as_deref(),
            after: input.marker.clone().unwrap_or_default(),
            max: input.max_keys,
            encoding: input.encoding_type.as_ref(),
            with_owner: true,
        })?;
        // Without a delimiter the last key serves as the next marker (S3 API, ListObjects).
        let next_marker = page.next.clone().filter(|_| input.delimiter.is_some());
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(page.next.is_some()),
            next_marker,
            contents: Some(page.contents),
            common_prefixes: Some(page.prefixes),
            max_keys: Some(page.max),
            name: Some(input.bucket),
            prefix: Some(input.prefix.unwrap_or_default()),
            marker: Some(input.marker.unwrap_or_default()),
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        mut req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let content_type = input.content_type.unwrap_or_else(|| "binary/octet-stream".into());
        let metadata = input.metadata.unwrap_or_default().into_iter().collect();
        let store = &self.gate.store;
        let id = store.create_upload(&input.bucket, &input.key, content_type.into(), metadata, arrival.at())?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(&self, mut req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let number = part_number(input.part_number)?;
        // Asked before the body is read: an upload that is gone takes none.
        self.gate.store.parts(&input.bucket, &input.key, &input.upload_id, 0, 0)?;
        let content = take_in(input.body, input.content_length, input.content_md5.as_deref()).await?;
        let part = StoredPart { content, modified: arrival.at() };
        let etag = self.gate.store.put_part(&input.bucket, &input.key, &input.upload_id, number, part)?;
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() }))
    }

    async fn upload_part_copy(
        &self,
        mut req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let number = part_number(input.part_number)?;
        let source = self.source(&input.copy_source)?;
        let range = match &input.copy_source_range {
            Some(text) => {
                let range = s3s::dto::Range::parse(text).map_err(|_| S3ErrorCode::InvalidArgument)?;
                range.check(source.content.len())?
            }
            None => 0..source.content.len(),
        };
        let part = StoredPart { content: source.content.slice(range), modified: arrival.at() };
        let etag = self.gate.store.put_part(&input.bucket, &input.key, &input.upload_id, number, part)?;
        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(self.timestamp(arrival.at())),
            ..Default::default()
        };
        Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        mut req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let named: Vec<(u32, Option<String>)> = named
            .into_iter()
            .map(|part| {
                let number = part_number(part.part_number.unwrap_or_default())?;
                Ok((number, part.e_tag.map(ETag::into_value)))
            })
            .collect::<S3Result<_>>()?;
        let store = &self.gate.store;
        let object = store.complete_upload(&input.bucket, &input.key, &input.upload_id, &named, arrival.at())?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(strong(&object)),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.gate.store.abort_upload(&req.input.bucket, &req.input.key, &req.input.upload_id)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = req.input;
        let after = u32::try_from(input.part_number_marker.unwrap_or(0)).unwrap_or(0);
        let max = input.max_parts.unwrap_or(KEYS_MAX as i32).clamp(0, KEYS_MAX as i32);
        let (parts, more) = self.gate.store.parts(&input.bucket, &input.key, &input.upload_id, after, max as usize)?;
        let next = parts.last().map(|(number, _)| *number as i32).filter(|_| more);
        let parts = parts.into_iter().map(|(number, part)| Part {
            e_tag: Some(ETag::Strong(part.content.etag())),
            last_modified: Some(self.timestamp(part.modified)),
            part_number: Some(number as i32),
            size: Some(part.content.len() as i64),
            ..Default::default()
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(parts.collect()),
            is_truncated: Some(more),
            next_part_number_marker: next,
            max_parts: Some(max),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..Default::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = req.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        let all = self.gate.store.uploads(&input.bucket)?;
        let uploads = all.into_iter().filter(|upload| upload.key.starts_with(&prefix)).take(KEYS_MAX);
        let uploads = uploads.map(|upload| MultipartUpload {
            key: Some(upload.key),
            upload_id: Some(upload.id),
            initiated: Some(self.timestamp(upload.begun)),
            ..Default::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            bucket: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(false),
            ..Default::default()
        }))
    }

    async fn list_buckets(&self, mut req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let caller = self.gate.account_of(signer(&req).or(arrival.presigned_by()));
        // In an open world nobody says who asks, and everybody's buckets are shown.
        let mine = self
            .gate
            .store
            .buckets()
            .into_iter()
            .filter(|(_, _, owner, _)| caller.as_ref().is_none_or(|caller| caller == owner));
        let buckets = mine.map(|(name, .., created)| Bucket {
            name: Some(name),
            creation_date: Some(self.timestamp(created)),
            ..Default::default()
        });
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() }))
    }

    async fn head_bucket(&self, mut req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        self.gate.store.place_of(&req.input.bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        let bucket_region = Some(arrival.region().as_str().to_owned());
        Ok(S3Response::new(HeadBucketOutput { bucket_region, ..Default::default() }))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let (region, _) = self.gate.store.place_of(&req.input.bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        // US Standard is told as nothing (S3 API, GetBucketLocation; rule R51).
        let location = (region.as_str() != US_STANDARD).then(|| region.as_str().to_owned().into());
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: location }))
    }

    async fn create_bucket(&self, mut req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let arrival = arrival_of(&mut req.extensions)?;
        let owner = self.gate.caller_account(signer(&req).or(arrival.presigned_by()));
        let input = req.input;
        let asked = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
        let region = match &asked {
            Some(asked) => RegionName::parse(asked.as_str()).ok_or(S3ErrorCode::InvalidLocationConstraint)?,
            None => RegionName::parse(US_STANDARD).expect("us-east-1 is a region"),
        };
        // The endpoint of US Standard makes buckets anywhere, every other one only in its own region.
        if region != *arrival.region() && arrival.region().as_str() != US_STANDARD {
            let named = asked.as_ref().map_or("unspecified", BucketLocationConstraint::as_str);
            return Err(s3_error!(
                IllegalLocationConstraintException,
                "The {named} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            ));
        }
        self.gate.store.create_bucket(&input.bucket, &region, &owner, arrival.at())?;
        Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.gate.store.delete_bucket(&req.input.bucket)?;
        Ok(S3Response::new(DeleteBucketOutput {}))
    }

    async fn get_bucket_policy(
        &self,
        req: S3Request<GetBucketPolicyInput>,
    ) -> S3Result<S3Response<GetBucketPolicyOutput>> {
        let policy = self.gate.store.policy(&req.input.bucket)?.ok_or(S3ErrorCode::NoSuchBucketPolicy)?;
        Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy.document().text().to_owned()) }))
    }

    async fn put_bucket_policy(
        &self,
        req: S3Request<PutBucketPolicyInput>,
    ) -> S3Result<S3Response<PutBucketPolicyOutput>> {
        let PutBucketPolicyInput { bucket, policy, .. } = req.input;
        let source = crate::notation::Source::new("policy", policy);
        let (document, problems) = PolicyDocument::parse(&source, DocumentKind::Bucket, self.gate.access.era());
        let Some(document) = document else {
            let message = invalid_policy_message(&source, &problems);
            return Err(S3Error::with_message(S3ErrorCode::MalformedPolicy, message));
        };
        self.gate.store.set_policy(&bucket, Some(Attached::bucket(&bucket, document)))?;
        Ok(S3Response::with_status(PutBucketPolicyOutput {}, http::StatusCode::NO_CONTENT))
    }

    async fn delete_bucket_policy(
        &self,
        req: S3Request<DeleteBucketPolicyInput>,
    ) -> S3Result<S3Response<DeleteBucketPolicyOutput>> {
        self.gate.store.set_policy(&req.input.bucket, None)?;
        Ok(S3Response::new(DeleteBucketPolicyOutput {}))
    }
}

struct Ask<'a> {
    bucket: &'a str,
    prefix: Option<&'a str>,
    delimiter: Option<&'a str>,
    after: String,
    max: Option<i32>,
    encoding: Option<&'a EncodingType>,
    with_owner: bool,
}

struct Page {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    next: Option<String>,
    max: i32,
}

impl Operations {
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

    fn source(&self, source: &CopySource) -> S3Result<Stored> {
        match source {
            CopySource::Bucket { bucket, key, .. } => Ok(self.gate.store.object(bucket, key)?),
            _ => Err(s3_error!(NotImplemented, "access points are not modeled")),
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

    fn page(&self, ask: Ask<'_>) -> S3Result<Page> {
        let max = ask.max.unwrap_or(KEYS_MAX as i32);
        if max < 0 {
            return Err(s3_error!(InvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647"));
        }
        let url = ask.encoding.is_some_and(|encoding| encoding.as_str() == "url");
        let shown = |text: &str| if url { percent_encode(text, "/") } else { text.to_owned() };
        let (_, owner) = self.gate.store.place_of(ask.bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        let owner = ask.with_owner.then(|| Owner { id: Some(canonical_user_id(&owner)), display_name: None });
        let query = ListQuery {
            prefix: ask.prefix.unwrap_or_default().to_owned(),
            delimiter: ask.delimiter.unwrap_or_default().to_owned(),
            after: ask.after,
            max: max as usize,
        };
        let page = self.gate.store.list(ask.bucket, &query, |page| Page {
            contents: page
                .keys
                .iter()
                .map(|(key, object)| Object {
                    key: Some(shown(key)),
                    size: Some(object.content.len() as i64),
                    e_tag: Some(strong(object)),
                    last_modified: Some(self.timestamp(object.modified)),
                    storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                    owner: owner.clone(),
                    ..Default::default()
                })
                .collect(),
            prefixes: page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(shown(prefix)) }).collect(),
            next: page.next,
            max: max.min(KEYS_MAX as i32),
        })?;
        Ok(page)
    }

    fn date(&self, at: SimTime) -> OffsetDateTime {
        let date = self.gate.calendar.date(at);
        date.replace_nanosecond(0).unwrap_or(date)
    }

    fn timestamp(&self, at: SimTime) -> Timestamp {
        Timestamp::from(self.date(at))
    }
}

fn strong(object: &Stored) -> ETag {
    ETag::Strong(object.etag.to_string())
}

fn metadata_of(object: &Stored) -> Option<Metadata> {
    let entries: BTreeMap<String, String> = (*object.metadata).clone();
    (!entries.is_empty()).then(|| entries.into_iter().collect())
}

fn part_number(number: i32) -> S3Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::InvalidPartNumber.into())
}

fn decode_token(token: &str) -> S3Result<String> {
    let text = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

/// The bytes that are asked for and what the answer says of them.
fn ranged(object: &Stored, range: Option<&s3s::dto::Range>) -> S3Result<(Range<u64>, Option<String>)> {
    let size = object.content.len();
    let Some(range) = range else { return Ok((0..size, None)) };
    let range = range.check(size)?;
    let shown = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
    Ok((range, Some(shown)))
}

/// Reads a body to its end.
async fn take_in(body: Option<StreamingBlob>, length: Option<i64>, md5: Option<&str>) -> S3Result<Content> {
    let mut recorder = Recorder::new(KEPT_BYTES_MAX);
    let mut hash = md5.map(|_| Md5::new());
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_off(&error))?;
            if let Some(hash) = &mut hash {
                hash.update(&chunk);
            }
            recorder.push(&chunk).map_err(|error| S3Error::with_message(S3ErrorCode::SlowDown, error.to_string()))?;
        }
    }
    if length.is_some_and(|length| u64::try_from(length) != Ok(recorder.len())) {
        return Err(S3ErrorCode::IncompleteBody.into());
    }
    if let (Some(hash), Some(expected)) = (hash, md5) {
        use base64::Engine as _;
        let expected = base64::engine::general_purpose::STANDARD.decode(expected);
        let expected = expected.ok().filter(|digest| digest.len() == 16).ok_or(S3ErrorCode::InvalidDigest)?;
        if hash.finalize().as_slice() != expected {
            return Err(S3ErrorCode::BadDigest.into());
        }
    }
    Ok(recorder.finish())
}

fn broken_off(error: &StdError) -> S3Error {
    let timed_out = error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::TimedOut);
    if timed_out {
        S3Error::with_message(S3ErrorCode::RequestTimeout, TIMED_OUT)
    } else if error.to_string().contains("Sha256Mismatch") {
        let mut mismatch = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        mismatch.set_status_code(http::StatusCode::BAD_REQUEST);
        mismatch
    } else {
        S3ErrorCode::IncompleteBody.into()
    }
}

/// An object's bytes as the library streams them.
struct ContentStream(Chunks);

impl Stream for ContentStream {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl ByteStream for ContentStream {
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.0.remaining()).map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}
