//! Clients of S3 as programs of a host: one operation as its spec says, over connections that break as real ones do.
//! What comes back is compared with what was put; what breaks is tried again only as the spec says.

mod error;
mod exchange;
mod operation;
mod request;
mod transfer;

pub use error::ClientError;
pub use operation::{Job, run, wait_before};

#[cfg(test)]
mod tests;
