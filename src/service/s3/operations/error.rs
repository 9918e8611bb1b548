//! What the object store refuses, as S3 words it.

use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::service::s3::store::StoreError;

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
