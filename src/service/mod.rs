//! Floor 5: programs that hosts run and what they serve: S3, HTTP, DNS, DynamoDB and their clients.

mod access;
mod around;
mod http_client;
mod machine;
mod signature;

pub mod s3;
pub mod spec;

#[cfg(test)]
mod testing;

pub use access::{Access, Peer, Through, credentials_of};
pub use around::{Around, Wait};
pub use http_client::{ExchangeError, HttpConnection, SendBody, Totals};
pub use machine::{Doing, Machine, ResolveError};
pub use signature::{
    CannotSign, SKEW_MAX, Signed, SigningScope, presign, query_signature_holds, sign_headers, without_signature,
};
