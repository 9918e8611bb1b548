//! Condition keys: which there are, since when, and what kind of value they carry. Holds no values.

use std::fmt;
use std::sync::Arc;

use crate::base::Era;

/// Declares the known keys: variant, name as AWS writes it, and the era that first has it.
macro_rules! condition_keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal since $era:ident;)*) => {
        /// A condition key. Names compare without regard to case (facts.md B16).
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ConditionKey {
            $($(#[$doc])* $variant,)*
            /// Any other key, in lower case.
            Other(Arc<str>),
        }

        impl ConditionKey {
            const KNOWN: &'static [(Self, &'static str, Era)] = &[$((Self::$variant, $name, Era::$era),)*];

            /// The key's name as AWS writes it, or in lower case if it is no known one.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

condition_keys! {
    /// The time of the request.
    CurrentTime = "aws:CurrentTime" since Y2017;
    /// The time of the request in seconds since 1970.
    EpochTime = "aws:EpochTime" since Y2017;
    /// Seconds since the credentials were authenticated by a second factor.
    MultiFactorAuthAge = "aws:MultiFactorAuthAge" since Y2017;
    /// Whether a second factor was used.
    MultiFactorAuthPresent = "aws:MultiFactorAuthPresent" since Y2017;
    /// `Account`, `User`, `AssumedRole` or `Anonymous`.
    PrincipalType = "aws:PrincipalType" since Y2017;
    /// The HTTP referer.
    Referer = "aws:Referer" since Y2017;
    /// Whether the request came over TLS.
    SecureTransport = "aws:SecureTransport" since Y2017;
    /// The ARN of the resource that makes a service call another.
    SourceArn = "aws:SourceArn" since Y2017;
    /// The public address the request came from; absent through an endpoint (B14).
    SourceIp = "aws:SourceIp" since Y2017;
    /// The VPC of the endpoint the request came through; absent without one (B16).
    SourceVpc = "aws:SourceVpc" since Y2017;
    /// The endpoint the request came through; absent without one (B16).
    SourceVpce = "aws:SourceVpce" since Y2017;
    /// When temporary credentials were issued.
    TokenIssueTime = "aws:TokenIssueTime" since Y2017;
    /// The HTTP user agent.
    UserAgent = "aws:UserAgent" since Y2017;
    /// The unique id of the requester.
    UserId = "aws:userid" since Y2017;
    /// The friendly name of an IAM user; absent for anybody else.
    Username = "aws:username" since Y2017;
    /// The account of the requester.
    PrincipalAccount = "aws:PrincipalAccount" since Current;
    /// The ARN of the requester: for a session, that of its role.
    PrincipalArn = "aws:PrincipalArn" since Current;
    /// The organization of the requester.
    PrincipalOrgId = "aws:PrincipalOrgID" since Current;
    /// The region that the request was made to.
    RequestedRegion = "aws:RequestedRegion" since Current;
    /// The account that owns the resource.
    ResourceAccount = "aws:ResourceAccount" since Current;
    /// The account of the resource that makes a service call another.
    SourceAccount = "aws:SourceAccount" since Current;
    /// Keys of the tags in the request.
    TagKeys = "aws:TagKeys" since Y2017;
    /// Whether a service makes the request for the principal.
    ViaAwsService = "aws:ViaAWSService" since Current;
    /// The private address the request came from through an endpoint (B15).
    VpcSourceIp = "aws:VpcSourceIp" since Current;

    /// How the request was signed: `REST-HEADER`, `REST-QUERY-STRING` or `POST`.
    S3AuthType = "s3:authType" since Y2017;
    /// The delimiter of a listing.
    S3Delimiter = "s3:delimiter" since Y2017;
    /// The region a bucket is asked for.
    S3LocationConstraint = "s3:LocationConstraint" since Y2017;
    /// The most keys of a listing.
    S3MaxKeys = "s3:max-keys" since Y2017;
    /// The prefix of a listing.
    S3Prefix = "s3:prefix" since Y2017;
    /// Milliseconds since a presigned request was signed.
    S3SignatureAge = "s3:signatureAge" since Y2017;
    /// `AWS` or `AWS4-HMAC-SHA256`.
    S3SignatureVersion = "s3:signatureversion" since Y2017;
    /// The version of an object.
    S3VersionId = "s3:VersionId" since Y2017;
    /// The canned ACL asked for.
    S3Acl = "s3:x-amz-acl" since Y2017;
    /// The hash of the content as the request says it.
    S3ContentSha256 = "s3:x-amz-content-sha256" since Y2017;
    /// Bucket and key that an object is copied from.
    S3CopySource = "s3:x-amz-copy-source" since Y2017;
    /// A grant in a header.
    S3GrantFullControl = "s3:x-amz-grant-full-control" since Y2017;
    /// A grant in a header.
    S3GrantRead = "s3:x-amz-grant-read" since Y2017;
    /// A grant in a header.
    S3GrantReadAcp = "s3:x-amz-grant-read-acp" since Y2017;
    /// A grant in a header.
    S3GrantWrite = "s3:x-amz-grant-write" since Y2017;
    /// A grant in a header.
    S3GrantWriteAcp = "s3:x-amz-grant-write-acp" since Y2017;
    /// Whether a copy takes or replaces the metadata.
    S3MetadataDirective = "s3:x-amz-metadata-directive" since Y2017;
    /// The encryption asked for.
    S3ServerSideEncryption = "s3:x-amz-server-side-encryption" since Y2017;
    /// The key of the encryption asked for.
    S3EncryptionKeyId = "s3:x-amz-server-side-encryption-aws-kms-key-id" since Y2017;
    /// The storage class asked for.
    S3StorageClass = "s3:x-amz-storage-class" since Y2017;
    /// The redirect of a website object.
    S3WebsiteRedirect = "s3:x-amz-website-redirect-location" since Y2017;
    /// Keys of the tags that a request gives to an object.
    S3RequestObjectTagKeys = "s3:RequestObjectTagKeys" since Y2017;
    /// The account that owns the bucket.
    S3ResourceAccount = "s3:ResourceAccount" since Current;

    /// Attributes that a request names.
    DynamodbAttributes = "dynamodb:Attributes" since Y2017;
    /// Partition keys that a request names.
    DynamodbLeadingKeys = "dynamodb:LeadingKeys" since Y2017;
    /// What a write returns.
    DynamodbReturnValues = "dynamodb:ReturnValues" since Y2017;
    /// Whether consumed capacity is returned.
    DynamodbReturnConsumedCapacity = "dynamodb:ReturnConsumedCapacity" since Y2017;
    /// The select parameter of a query.
    DynamodbSelect = "dynamodb:Select" since Y2017;

    /// The region of an EC2 call.
    Ec2Region = "ec2:Region" since Y2017;
    /// The ARN of the VPC of an EC2 resource.
    Ec2Vpc = "ec2:Vpc" since Y2017;
    /// The service that an endpoint is for (facts.md Q11, later).
    Ec2VpceServiceName = "ec2:VpceServiceName" since Current;
    /// The owner of the service that an endpoint is for (facts.md Q11, later).
    Ec2VpceServiceOwner = "ec2:VpceServiceOwner" since Current;
    /// The private name of the service that an endpoint is for (facts.md Q11, later).
    Ec2VpceServicePrivateDnsName = "ec2:VpceServicePrivateDnsName" since Current;
}

/// Keys that end in a name of the user's, such as `s3:ExistingObjectTag/team`.
const KNOWN_STEMS: &[(&str, Era)] = &[
    ("s3:existingobjecttag/", Era::Y2017),
    ("s3:requestobjecttag/", Era::Y2017),
    ("ec2:resourcetag/", Era::Y2017),
    ("aws:requesttag/", Era::Y2017),
    ("aws:resourcetag/", Era::Current),
    ("aws:principaltag/", Era::Current),
];

impl ConditionKey {
    /// The key of a name; case does not matter.
    pub fn parse(name: &str) -> Self {
        match Self::KNOWN.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)) {
            Some((key, ..)) => key.clone(),
            None => Self::Other(name.to_ascii_lowercase().into()),
        }
    }

    /// The era that first has the key; `None` for a key that AWS does not have.
    pub fn since(&self) -> Option<Era> {
        match self {
            Self::Other(name) => KNOWN_STEMS.iter().find(|(stem, _)| name.starts_with(stem)).map(|(_, era)| *era),
            known => Self::KNOWN.iter().find(|(key, ..)| key == known).map(|(.., era)| *era),
        }
    }

    /// The names of all known keys, for `did you mean`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::KNOWN.iter().map(|(_, name, _)| *name)
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_without_regard_to_case() {
        for (key, name, _) in ConditionKey::KNOWN {
            assert_eq!(ConditionKey::parse(&name.to_ascii_uppercase()), *key);
            assert_eq!(key.name(), *name);
        }
        assert_eq!(ConditionKey::parse("AWS:sourceVPCE"), ConditionKey::SourceVpce);
    }

    #[test]
    fn other_keys_have_no_era_but_tags_do() {
        assert_eq!(ConditionKey::parse("aws:SourceVpcx").since(), None);
        assert_eq!(ConditionKey::parse("s3:ExistingObjectTag/Team").since(), Some(Era::Y2017));
        assert_eq!(ConditionKey::parse("aws:VpcSourceIp").since(), Some(Era::Current));
    }
}
