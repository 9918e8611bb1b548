//! Which IAM action each S3 operation is, and the question that the policies are asked. Decides nothing itself.

use std::sync::Arc;

use http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{CopyObjectInput, CopySource, CreateBucketInput, UploadPartCopyInput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::arrival::Arrival;
use super::request::query;
use super::store::ObjectStore;
use crate::base::{AccountId, Calendar};
use crate::policy::{ConditionKey, KeyValue, Principal, RequestContext};
use crate::service::access::Access;

/// The answer to a server-side copy that would leave the region of an endpoint (rule R48; decisions.md, S3).
const CROSS_REGION: &str = "VPC endpoints do not support cross-region requests";

/// The gate in front of the operations. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) access: Arc<Access>,
    pub(crate) store: Arc<ObjectStore>,
    pub(crate) calendar: Calendar,
}

/// What is asked for, as IAM sees it.
pub(crate) struct Question<'a> {
    pub(crate) action: &'a str,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
    pub(crate) extra: Vec<(ConditionKey, KeyValue)>,
    /// Whether the bucket is yet to be made: it has no owner and no policy.
    pub(crate) is_new: bool,
}

impl<'a> Question<'a> {
    pub(crate) fn object(action: &'a str, bucket: &'a str, key: &'a str) -> Self {
        Self { action, bucket: Some(bucket), key: Some(key), extra: Vec::new(), is_new: false }
    }

    pub(crate) fn bucket(action: &'a str, bucket: &'a str) -> Self {
        Self { action, bucket: Some(bucket), key: None, extra: Vec::new(), is_new: false }
    }

    fn arn(&self) -> String {
        match (self.bucket, self.key) {
            (Some(bucket), Some(key)) => format!("arn:aws:s3:::{bucket}/{key}"),
            (Some(bucket), None) => format!("arn:aws:s3:::{bucket}"),
            (None, _) => "*".to_owned(),
        }
    }
}

impl Gate {
    /// Judges a question; a refusal is S3's `AccessDenied`, with the reason kept for the access log.
    pub(crate) fn judge(&self, arrival: &Arrival, key: Option<&str>, question: Question<'_>) -> S3Result<()> {
        let key = key.or(arrival.presigned_by());
        let known = question.bucket.filter(|_| !question.is_new);
        let place = known.map(|bucket| self.store.place_of(bucket).ok_or(S3ErrorCode::NoSuchBucket));
        let owner = match place.transpose().map_err(S3Error::from)? {
            Some((_, owner)) => owner,
            // Of no bucket: the caller's own account is asked.
            None => self.caller_account(key),
        };
        let principal = self.access.principal(key, &owner);
        if let Some(identity) = principal.identity() {
            arrival.told().requester = identity.arn().to_owned();
        }
        let mut request = self.context(arrival, principal, question.action, question.arn(), &owner);
        question.extra.into_iter().for_each(|(key, value)| request.set(key, value));
        if key.is_some() {
            let kind = if arrival.presigned_by().is_some() { "REST-QUERY-STRING" } else { "REST-HEADER" };
            request.set(ConditionKey::S3AuthType, kind.into());
            request.set(ConditionKey::S3SignatureVersion, "AWS4-HMAC-SHA256".into());
        }
        let policy = known.map(|bucket| self.store.policy(bucket)).transpose().ok().flatten().flatten();
        let endpoint = arrival.peer().through.as_ref().map(|through| through.endpoint.as_str());
        let decision = self.access.decide(&request, key, policy.as_deref(), endpoint);
        if decision.is_allowed() {
            return Ok(());
        }
        arrival.told().because = decision.explanation().to_string();
        Err(S3Error::with_message(S3ErrorCode::AccessDenied, decision.access_denied_message(self.access.era())))
    }

    /// The account of who asks; that of the world for nobody.
    pub(crate) fn caller_account(&self, key: Option<&str>) -> AccountId {
        self.account_of(key).unwrap_or_else(|| self.access.account().clone())
    }

    /// The account of who signed.
    pub(crate) fn account_of(&self, key: Option<&str>) -> Option<AccountId> {
        key.and_then(|key| self.access.holder(key)).and_then(|principal| principal.account().cloned())
    }

    fn context(
        &self,
        arrival: &Arrival,
        principal: Principal,
        action: &str,
        arn: String,
        owner: &AccountId,
    ) -> RequestContext {
        let peer = arrival.peer();
        let request = RequestContext::new(self.access.era(), principal, action, arn, owner)
            .at(self.calendar.date(arrival.at()))
            // Port 443 stands for TLS, which is not modeled.
            .secure_transport(peer.port == 443)
            .to_region(arrival.region().as_str());
        match &peer.through {
            Some(through) => request.through_endpoint(&through.endpoint, &through.vpc, peer.source.ip()),
            None => request.from_address(peer.source.ip()),
        }
    }

    /// Judges reading the source of a copy, and refuses one that an endpoint would have to fetch from another region.
    fn judge_source(&self, arrival: &Arrival, key: Option<&str>, source: &CopySource) -> S3Result<()> {
        let CopySource::Bucket { bucket, key: object, .. } = source else {
            return Err(s3_error!(NotImplemented, "access points are not modeled"));
        };
        let (region, _) = self.store.place_of(bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        if region != *arrival.region() && arrival.peer().through.is_some() {
            arrival.told().because = format!("bucket {bucket} lies in {region}, outside the endpoint's region [R48]");
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, CROSS_REGION));
        }
        self.judge(arrival, key, Question::object("s3:GetObject", bucket, object))
    }
}

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.access.secret(access_key).map(SecretKey::from).ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let arrival = arrival_of(cx.extensions_mut())?;
        let Some(action) = action_of(cx.s3_op().name()) else {
            return Err(s3_error!(NotImplemented, "this operation is not modeled"));
        };
        // Each key of a multi-object delete is judged by itself; a new bucket when the region that it asks for is read.
        if matches!(cx.s3_op().name(), "DeleteObjects" | "CreateBucket") {
            return Ok(());
        }
        let (bucket, key) = match cx.s3_path().as_object() {
            Some((bucket, key)) => (Some(bucket), Some(key)),
            None => (cx.s3_path().as_bucket(), None),
        };
        let extra = extra_keys(action, cx.uri(), cx.headers());
        let signer = cx.credentials().map(|credentials| credentials.access_key.as_str());
        self.judge(&arrival, signer, Question { action, bucket, key, extra, is_new: false })
    }

    async fn create_bucket(&self, req: &mut S3Request<CreateBucketInput>) -> S3Result<()> {
        let arrival = arrival_of(&mut req.extensions)?;
        let mut extra = extra_keys("s3:CreateBucket", &req.uri, &req.headers);
        let configuration = req.input.create_bucket_configuration.as_ref();
        if let Some(asked) = configuration.and_then(|asked| asked.location_constraint.as_ref()) {
            extra.push((ConditionKey::S3LocationConstraint, asked.as_str().into()));
        }
        let bucket = Some(req.input.bucket.as_str());
        let question = Question { action: "s3:CreateBucket", bucket, key: None, extra, is_new: true };
        self.judge(&arrival, signer(req), question)
    }

    async fn copy_object(&self, req: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        let arrival = arrival_of(&mut req.extensions)?;
        self.judge_source(&arrival, signer(req), &req.input.copy_source)
    }

    async fn upload_part_copy(&self, req: &mut S3Request<UploadPartCopyInput>) -> S3Result<()> {
        let arrival = arrival_of(&mut req.extensions)?;
        self.judge_source(&arrival, signer(req), &req.input.copy_source)
    }
}

/// The key that signed a request in its header.
pub(crate) fn signer<T>(request: &S3Request<T>) -> Option<&str> {
    request.credentials.as_ref().map(|credentials| credentials.access_key.as_str())
}

/// The surroundings that travel with a request.
pub(crate) fn arrival_of(extensions: &mut http::Extensions) -> S3Result<Arrival> {
    extensions.get::<Arrival>().cloned().ok_or_else(|| s3_error!(InternalError))
}

/// The IAM action of an operation (IAM, actions of Amazon S3); `None` for what is not modeled.
fn action_of(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "GetObject" | "HeadObject" => "s3:GetObject",
        "PutObject"
        | "CopyObject"
        | "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload" => "s3:PutObject",
        "AbortMultipartUpload" => "s3:AbortMultipartUpload",
        "ListParts" => "s3:ListMultipartUploadParts",
        "ListMultipartUploads" => "s3:ListBucketMultipartUploads",
        "DeleteObject" | "DeleteObjects" => "s3:DeleteObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "s3:ListBucket",
        "ListBuckets" => "s3:ListAllMyBuckets",
        "GetBucketLocation" => "s3:GetBucketLocation",
        "CreateBucket" => "s3:CreateBucket",
        "DeleteBucket" => "s3:DeleteBucket",
        "GetBucketPolicy" => "s3:GetBucketPolicy",
        "PutBucketPolicy" => "s3:PutBucketPolicy",
        "DeleteBucketPolicy" => "s3:DeleteBucketPolicy",
        _ => return None,
    })
}

/// The condition keys that a request's query and headers say.
fn extra_keys(action: &str, uri: &Uri, headers: &HeaderMap) -> Vec<(ConditionKey, KeyValue)> {
    let mut keys = Vec::new();
    if action == "s3:ListBucket" {
        for (name, value) in query(uri) {
            let key = match name.as_str() {
                "prefix" => ConditionKey::S3Prefix,
                "delimiter" => ConditionKey::S3Delimiter,
                "max-keys" => ConditionKey::S3MaxKeys,
                _ => continue,
            };
            let number = value.parse().ok().filter(|_| key == ConditionKey::S3MaxKeys);
            keys.push((key, number.map_or_else(|| value.as_str().into(), KeyValue::Number)));
        }
    }
    for (name, key) in [
        ("user-agent", ConditionKey::UserAgent),
        ("referer", ConditionKey::Referer),
        ("x-amz-acl", ConditionKey::S3Acl),
        ("x-amz-copy-source", ConditionKey::S3CopySource),
        ("x-amz-server-side-encryption", ConditionKey::S3ServerSideEncryption),
        ("x-amz-storage-class", ConditionKey::S3StorageClass),
        ("x-amz-content-sha256", ConditionKey::S3ContentSha256),
        ("x-amz-metadata-directive", ConditionKey::S3MetadataDirective),
        ("x-amz-server-side-encryption-aws-kms-key-id", ConditionKey::S3EncryptionKeyId),
        ("x-amz-website-redirect-location", ConditionKey::S3WebsiteRedirect),
        ("x-amz-grant-full-control", ConditionKey::S3GrantFullControl),
        ("x-amz-grant-read", ConditionKey::S3GrantRead),
        ("x-amz-grant-read-acp", ConditionKey::S3GrantReadAcp),
        ("x-amz-grant-write", ConditionKey::S3GrantWrite),
        ("x-amz-grant-write-acp", ConditionKey::S3GrantWriteAcp),
    ] {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            keys.push((key, value.into()));
        }
    }
    keys
}
