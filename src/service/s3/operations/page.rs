//! Lists of objects, page by page, in both versions of the operation.

use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectStorageClass, Owner,
};
use s3s::{S3ErrorCode, S3Request, S3Result, s3_error};

use super::library::Operations;
use super::object::strong;
use crate::policy::canonical_user_id;
use crate::service::s3::listing::{KEYS_MAX, ListQuery};
use crate::service::s3::request::percent_encode;

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
    pub(super) fn list(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<ListObjectsV2Output> {
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
        Ok(ListObjectsV2Output {
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
        })
    }

    pub(super) fn list_by_marker(&self, req: S3Request<ListObjectsInput>) -> S3Result<ListObjectsOutput> {
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
        Ok(ListObjectsOutput {
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
        })
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
}

fn decode_token(token: &str) -> S3Result<String> {
    let text = hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}
