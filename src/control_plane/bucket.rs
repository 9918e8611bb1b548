//! A bucket as a record: its region, its owner's account holds it, its policy. Its objects are the S3 service's.

use super::*;
use crate::base::*;
use crate::policy::{DocumentKind, PolicyDocument};

/// A bucket. Its name is unique in the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub region: RegionName,
    /// Its policy, if it has one.
    pub policy: Option<PolicyDocument>,
}

action_struct! {
    /// Gives a bucket a policy, in place of the one it may have.
    PutBucketPolicy(
        /// The bucket.
        bucket: String,
        /// The policy as JSON.
        policy: String,
    ) {}
}

action_struct! {
    /// Takes a bucket's policy away.
    DeleteBucketPolicy(
        /// The bucket.
        bucket: String,
    ) {}
}

impl Perform for PutBucketPolicy {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        need_own(cx, &self.bucket)?;
        // Amazon S3 API reference: the code for a policy that cannot be read is MalformedPolicy; its text names no
        // place, and ours does.
        let policy = cx.read_policy(&self.policy, DocumentKind::Bucket, ErrorCode::MalformedPolicy)?;
        set_policy(cx, &self.bucket, Some(policy));
        Ok(())
    }
}

impl Perform for DeleteBucketPolicy {
    fn perform(&self, cx: &mut Context<'_>) -> Result<(), ControlError> {
        need_own(cx, &self.bucket)?;
        set_policy(cx, &self.bucket, None);
        Ok(())
    }
}

fn need_own(cx: &Context<'_>, name: &str) -> Result<(), ControlError> {
    match cx.world.bucket(name) {
        Some((owner, _)) if *owner == cx.scope.account => Ok(()),
        Some(_) => Err(ControlError::new(ErrorCode::AccessDenied, "Access Denied")),
        None => Err(ControlError::new(ErrorCode::NoSuchBucket, "The specified bucket does not exist")),
    }
}

fn set_policy(cx: &mut Context<'_>, name: &str, policy: Option<PolicyDocument>) {
    cx.account_mut().buckets.get_mut(name).expect("looked up before").policy = policy;
    cx.touch(Touch::Bucket(name.to_owned()));
}
