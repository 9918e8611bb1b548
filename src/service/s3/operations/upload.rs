//! Multipart uploads: begun, filled with parts, completed or given up.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::body::take_in;
use super::library::Operations;
use super::object::strong;
use crate::service::s3::authorize::arrival_of;
use crate::service::s3::listing::KEYS_MAX;
use crate::service::s3::store::{Part as StoredPart, StoreError};

impl Operations {
    pub(super) fn begin_upload(
        &self,
        mut req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let content_type = input.content_type.unwrap_or_else(|| "binary/octet-stream".into());
        let metadata = input.metadata.unwrap_or_default().into_iter().collect();
        let store = &self.gate.store;
        let id = store.create_upload(&input.bucket, &input.key, content_type.into(), metadata, arrival.at())?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        })
    }

    pub(super) async fn put_part(&self, mut req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        let input = req.input;
        let number = part_number(input.part_number)?;
        // Asked before the body is read: an upload that is gone takes none.
        self.gate.store.parts(&input.bucket, &input.key, &input.upload_id, 0, 0)?;
        let content = take_in(input.body, input.content_length, input.content_md5.as_deref()).await?;
        let part = StoredPart { content, modified: arrival.at() };
        let etag = self.gate.store.put_part(&input.bucket, &input.key, &input.upload_id, number, part)?;
        Ok(UploadPartOutput { e_tag: Some(ETag::Strong(etag)), ..Default::default() })
    }

    pub(super) fn copy_part(&self, mut req: S3Request<UploadPartCopyInput>) -> S3Result<UploadPartCopyOutput> {
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
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
    }

    pub(super) fn complete(
        &self,
        mut req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
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
        Ok(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(strong(&object)),
            ..Default::default()
        })
    }

    pub(super) fn abort(&self, req: S3Request<AbortMultipartUploadInput>) -> S3Result<AbortMultipartUploadOutput> {
        self.gate.store.abort_upload(&req.input.bucket, &req.input.key, &req.input.upload_id)?;
        Ok(AbortMultipartUploadOutput::default())
    }

    pub(super) fn parts(&self, req: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
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
        Ok(ListPartsOutput {
            parts: Some(parts.collect()),
            is_truncated: Some(more),
            next_part_number_marker: next,
            max_parts: Some(max),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..Default::default()
        })
    }

    pub(super) fn uploads(&self, req: S3Request<ListMultipartUploadsInput>) -> S3Result<ListMultipartUploadsOutput> {
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
        Ok(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            bucket: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(false),
            ..Default::default()
        })
    }
}

fn part_number(number: i32) -> S3Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::InvalidPartNumber.into())
}
