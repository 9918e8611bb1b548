//! Buckets: which there are, where they lie, and the policies on them.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteBucketPolicyInput, DeleteBucketPolicyOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketPolicyInput, GetBucketPolicyOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, PutBucketPolicyInput, PutBucketPolicyOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::library::Operations;
use crate::base::RegionName;
use crate::notation::Source;
use crate::policy::{Attached, DocumentKind, PolicyDocument, invalid_policy_message};
use crate::service::s3::authorize::{arrival_of, signer};
use crate::service::s3::names::US_STANDARD;

impl Operations {
    pub(super) fn buckets(&self, mut req: S3Request<ListBucketsInput>) -> S3Result<ListBucketsOutput> {
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
        Ok(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() })
    }

    pub(super) fn find_bucket(&self, mut req: S3Request<HeadBucketInput>) -> S3Result<HeadBucketOutput> {
        let arrival = arrival_of(&mut req.extensions)?;
        self.gate.store.place_of(&req.input.bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        let bucket_region = Some(arrival.region().as_str().to_owned());
        Ok(HeadBucketOutput { bucket_region, ..Default::default() })
    }

    pub(super) fn location(&self, req: S3Request<GetBucketLocationInput>) -> S3Result<GetBucketLocationOutput> {
        let (region, _) = self.gate.store.place_of(&req.input.bucket).ok_or(S3ErrorCode::NoSuchBucket)?;
        // US Standard is told as nothing (S3 API, GetBucketLocation; rule R51).
        let location = (region.as_str() != US_STANDARD).then(|| region.as_str().to_owned().into());
        Ok(GetBucketLocationOutput { location_constraint: location })
    }

    pub(super) fn make_bucket(&self, mut req: S3Request<CreateBucketInput>) -> S3Result<CreateBucketOutput> {
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
        Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
    }

    pub(super) fn remove_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<DeleteBucketOutput> {
        self.gate.store.delete_bucket(&req.input.bucket)?;
        Ok(DeleteBucketOutput {})
    }

    pub(super) fn policy(&self, req: S3Request<GetBucketPolicyInput>) -> S3Result<GetBucketPolicyOutput> {
        let policy = self.gate.store.policy(&req.input.bucket)?.ok_or(S3ErrorCode::NoSuchBucketPolicy)?;
        Ok(GetBucketPolicyOutput { policy: Some(policy.document().text().to_owned()) })
    }

    pub(super) fn set_policy(&self, req: S3Request<PutBucketPolicyInput>) -> S3Result<PutBucketPolicyOutput> {
        let PutBucketPolicyInput { bucket, policy, .. } = req.input;
        let source = Source::new("policy", policy);
        let (document, problems) = PolicyDocument::parse(&source, DocumentKind::Bucket, self.gate.access.era());
        let Some(document) = document else {
            let message = invalid_policy_message(&source, &problems);
            return Err(S3Error::with_message(S3ErrorCode::MalformedPolicy, message));
        };
        self.gate.store.set_policy(&bucket, Some(Attached::bucket(&bucket, document)))?;
        Ok(PutBucketPolicyOutput {})
    }

    pub(super) fn remove_policy(&self, req: S3Request<DeleteBucketPolicyInput>) -> S3Result<DeleteBucketPolicyOutput> {
        self.gate.store.set_policy(&req.input.bucket, None)?;
        Ok(DeleteBucketPolicyOutput {})
    }
}
