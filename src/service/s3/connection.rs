//! One connection to S3. Knows HTTP/1.1 by the server that all services share, TCP not at all.

use std::rc::Rc;

use hyper::rt::{Read, Write};

use super::front::S3Front;
use crate::service::access::Peer;
use crate::service::around::Around;
use crate::service::http_server::{Limits, Session, serve_connection};

/// Serves a connection until either end is done with it. An error is the connection's, such as a reset.
pub async fn serve<I>(io: I, front: &S3Front, peer: Peer, around: Rc<dyn Around>) -> Result<(), hyper::Error>
where
    I: Read + Write + Unpin,
{
    let session = Session::new(peer, around);
    let limits = Limits { idle: front.settings().idle_timeout, body: front.settings().body_timeout };
    serve_connection(io, limits, &session, |request| front.answer(request, &session)).await
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
