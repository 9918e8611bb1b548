//! Floor 5: programs that hosts run and what they serve: S3, HTTP, DNS, DynamoDB and their clients.

pub mod s3;
pub mod spec;
