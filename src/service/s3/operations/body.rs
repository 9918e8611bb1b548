//! Bodies: read to their end and checked, or streamed.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use md5::{Digest, Md5};
use s3s::dto::StreamingBlob;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError};

use crate::service::s3::content::{Chunks, Content};
use crate::service::s3::recorder::Recorder;
use crate::service::s3::store::KEPT_BYTES_MAX;

/// The text of S3's 400 to a sender that fell silent (facts.md B7).
const TIMED_OUT: &str = "Your socket connection to the server was not read from or written to within the \
                                    timeout period. Idle connections will be closed.";

/// What the library says of a body that is not the one that was signed. Its type is the library's own secret, so its
/// words are all that tells it from a body that broke off; a test of the front end holds them.
const SHA256_MISMATCH: &str = "UploadStreamError: Sha256Mismatch";

/// Reads a body to its end.
pub(super) async fn take_in(body: Option<StreamingBlob>, length: Option<i64>, md5: Option<&str>) -> S3Result<Content> {
    let mut recorder = Recorder::new(KEPT_BYTES_MAX);
    let mut hash = md5.map(|_| Md5::new());
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| broken_off(&error))?;
            if let Some(hash) = &mut hash {
                hash.update(&chunk);
            }
            recorder.push(&chunk).map_err(|error| S3Error::with_message(S3ErrorCode::SlowDown, error.to_string()))?;
        }
    }
    if length.is_some_and(|length| u64::try_from(length) != Ok(recorder.len())) {
        return Err(S3ErrorCode::IncompleteBody.into());
    }
    if let (Some(hash), Some(expected)) = (hash, md5) {
        use base64::Engine as _;
        let expected = base64::engine::general_purpose::STANDARD.decode(expected);
        let expected = expected.ok().filter(|digest| digest.len() == 16).ok_or(S3ErrorCode::InvalidDigest)?;
        if hash.finalize().as_slice() != expected {
            return Err(S3ErrorCode::BadDigest.into());
        }
    }
    Ok(recorder.finish())
}

fn broken_off(error: &StdError) -> S3Error {
    let timed_out = error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::TimedOut);
    if timed_out {
        S3Error::with_message(S3ErrorCode::RequestTimeout, TIMED_OUT)
    } else if error.to_string() == SHA256_MISMATCH {
        let mut mismatch = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        mismatch.set_status_code(http::StatusCode::BAD_REQUEST);
        mismatch
    } else {
        S3ErrorCode::IncompleteBody.into()
    }
}

/// An object's bytes as the library streams them.
pub(super) struct ContentStream(pub(super) Chunks);

impl Stream for ContentStream {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

impl ByteStream for ContentStream {
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.0.remaining()).map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}
