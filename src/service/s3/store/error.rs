//! Why the store refuses.

/// Why the store refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No bucket of that name.
    #[error("no such bucket")]
    NoSuchBucket,
    /// No object of that key.
    #[error("no such key")]
    NoSuchKey,
    /// No upload of that id.
    #[error("no such upload")]
    NoSuchUpload,
    /// The bucket exists, and the caller's account owns it.
    #[error("the bucket is already yours")]
    BucketAlreadyOwnedByYou,
    /// The bucket exists, and somebody else owns it.
    #[error("the bucket name is taken")]
    BucketAlreadyExists,
    /// The bucket still has objects.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// No name for a bucket.
    #[error("not a bucket name")]
    InvalidBucketName,
    /// The key is too long.
    #[error("the key is too long")]
    KeyTooLong,
    /// A part that completes an upload is missing or has another tag.
    #[error("a part is missing or its tag differs")]
    InvalidPart,
    /// The parts that complete an upload are not in ascending order.
    #[error("the parts are not in order")]
    InvalidPartOrder,
    /// A part that is not the last is too small.
    #[error("a part is too small")]
    EntityTooSmall,
    /// A part's number is not within 1 to [`PARTS_MAX`](super::PARTS_MAX).
    #[error("part numbers are 1 to 10000")]
    InvalidPartNumber,
}
