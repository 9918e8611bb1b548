//! Buckets, objects and unfinished uploads of all regions: bucket names are one space. Judges no request and speaks no
//! HTTP.

mod error;
mod record;

mod buckets;
mod upload;

#[cfg(test)]
mod tests;

pub use buckets::{KEPT_BYTES_MAX, KEY_BYTES_MAX, ObjectStore};
pub use error::StoreError;
pub use record::{Bucket, Object, Part, UploadSummary};
pub use upload::{PART_BYTES_MIN, PARTS_MAX};
