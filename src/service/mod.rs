//! Floor 5: programs that hosts run and what they serve: S3, HTTP, DNS, DynamoDB and their clients.

mod access;
mod around;
mod bulk;
mod failure;
mod http;
mod http_client;
mod http_server;
mod launch;
mod listen;
mod lookup;
mod machine;
mod ping;
mod resolve;
mod serve;
mod signature;
mod tcp;
mod traceroute;
mod traffic;
mod udp;

pub mod dns;
pub mod dynamodb;
pub mod s3;
pub mod s3_client;
pub mod spec;

#[cfg(test)]
mod programs_tests;
#[cfg(test)]
mod testing;

pub use access::{Access, Peer, Through, credentials_of};
pub use around::{Around, Wait};
pub use bulk::{BulkReceiver, BulkSender};
pub use http::{HttpAnswer, http, serve_http};
pub use http_client::{ExchangeError, HttpConnection, SendBody};
pub use launch::{Surroundings, Switch, in_words, kind, launch};
pub use listen::Carriers;
pub use lookup::{Lookup, no_names};
pub use machine::{Doing, HostMachine, Machine};
pub use ping::ping;
pub use resolve::resolve;
pub use serve::serve;
pub use signature::{
    CannotSign, SKEW_MAX, Signed, SigningScope, header_signature_holds, presign, query_signature_holds, sign_headers,
    without_signature,
};
pub use tcp::tcp;
pub use traceroute::traceroute;
pub use traffic::Totals;
pub use udp::udp;
