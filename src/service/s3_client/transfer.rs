//! Downloads and uploads of a client: whole, in ranges, in parts, resumed where they broke. Compares every byte.

use super::error::ClientError;
use super::exchange::{Client, element};
use super::operation::{Job, Patience};
use super::request::Draft;
use crate::service::machine::Machine;
use crate::service::s3::{Content, KEPT_BYTES_MAX, PARTS_MAX, Recorder, show_bytes};
use crate::service::spec::ByteRange;

/// A download.
pub(super) struct Download<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) range: Option<ByteRange>,
}

impl Download<'_> {
    /// Fetches until all is there or patience ends; says in words what came.
    pub(super) async fn run<M: Machine>(&self, job: &mut Job<M>) -> Result<String, ClientError> {
        let mut patience = Patience::new(&job.client.spec.retry);
        let mut got = Got::default();
        loop {
            match self.attempt(&mut job.client, &mut got).await {
                Ok(()) => break,
                Err(error) => {
                    patience.or_give_up(&mut job.client, error).await?;
                    if !job.client.spec.retry.resume {
                        got = Got::default();
                    }
                }
            }
        }
        let content = Content::concat(got.pieces.iter());
        let size = show_bytes(content.len());
        let expected = job.expected.as_ref().map(|whole| self.part_of(whole));
        if let Some(expected) = expected {
            if expected != content {
                let wanted = show_bytes(expected.len());
                return Err(ClientError::WrongBytes(format!("{size} received are not the {wanted} that were put")));
            }
            return Ok(format!("{size}, every byte as it was put"));
        }
        match got.etag {
            Some(etag) if self.range.is_none() && !etag.contains('-') && etag != content.etag() => {
                Err(ClientError::WrongBytes(format!("{size} received do not match their entity tag {etag}")))
            }
            Some(etag) if self.range.is_none() && !etag.contains('-') => {
                Ok(format!("{size}, every byte as its entity tag says"))
            }
            _ => Ok(size),
        }
    }

    async fn attempt<M: Machine>(&self, client: &mut Client<M>, got: &mut Got) -> Result<(), ClientError> {
        let had: u64 = got.pieces.iter().map(Content::len).sum();
        if got.wanted.is_some_and(|wanted| wanted <= had) {
            return Ok(());
        }
        let mut draft = Draft::new("GET", Some(self.bucket), Some(self.key));
        let first = self.range.map_or(0, |range| range.first) + had;
        match self.range.and_then(|range| range.last) {
            Some(last) => draft = draft.header("range", format!("bytes={first}-{last}")),
            None if 0 < first => draft = draft.header("range", format!("bytes={first}-")),
            None => {}
        }
        if let (Some(etag), true) = (&got.etag, 0 < had) {
            // An object that changed meanwhile must not be pieced together.
            draft = draft.header("if-match", format!("\"{etag}\""));
        }
        let mut answer = client.ask(&draft).await?;
        got.etag = answer.etag();
        let length: Option<u64> = answer.header("content-length").and_then(|length| length.parse().ok());
        got.wanted = length.map(|length| had + length);
        let mut recorder = Recorder::new(KEPT_BYTES_MAX);
        let result = loop {
            match client.chunk(&mut answer).await {
                Ok(Some(chunk)) => {
                    if let Err(error) = recorder.push(&chunk) {
                        break Err(ClientError::Request(error.to_string()));
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let size = recorder.len();
        got.pieces.push(recorder.finish());
        result?;
        client.responded(
            &answer,
            format!("{} ({})", answer.head.status.canonical_reason().unwrap_or(""), show_bytes(size)),
        );
        Ok(())
    }

    fn part_of(&self, whole: &Content) -> Content {
        match self.range {
            Some(ByteRange { first, last }) => whole.slice(first..last.map_or(u64::MAX, |last| last.saturating_add(1))),
            None => whole.clone(),
        }
    }
}

/// What a download has so far.
#[derive(Default)]
struct Got {
    pieces: Vec<Content>,
    etag: Option<String>,
    /// How many bytes it will be in all.
    wanted: Option<u64>,
}

/// An upload.
pub(super) struct Upload<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) content: Content,
    pub(super) part_bytes: Option<u64>,
}

impl Upload<'_> {
    /// Sends all of it; says in words what S3 has now.
    pub(super) async fn run<M: Machine>(&self, job: &mut Job<M>) -> Result<String, ClientError> {
        match self.part_bytes {
            Some(part) if part < self.content.len() => self.in_parts(job, part.max(1)).await,
            _ => self.whole(job).await,
        }
    }

    async fn whole<M: Machine>(&self, job: &mut Job<M>) -> Result<String, ClientError> {
        let draft = Draft::new("PUT", Some(self.bucket), Some(self.key)).body(self.content.clone());
        let (head, _) = job.client.patiently(&draft).await?;
        let etag = etag_of(&head);
        self.check(&etag, &self.content.etag())?;
        Ok(format!("{} stored, entity tag as computed here", show_bytes(self.content.len())))
    }

    async fn in_parts<M: Machine>(&self, job: &mut Job<M>, part: u64) -> Result<String, ClientError> {
        let count = self.content.len().div_ceil(part);
        if u64::from(PARTS_MAX) < count {
            return Err(ClientError::Request(format!("{count} parts are more than {PARTS_MAX}")));
        }
        let create = Draft::new("POST", Some(self.bucket), Some(self.key)).with("uploads", "");
        let (_, body) = job.client.patiently(&create).await?;
        let id = element(&String::from_utf8_lossy(&body), "UploadId");
        let id = id.ok_or_else(|| ClientError::Request("the answer names no upload".to_owned()))?;
        let sent = self.parts(job, part, &id).await;
        if sent.is_err() {
            // As clients do: parts of a failed upload are not left behind, if S3 can still be told.
            job.client.hang_up();
            let abort = Draft::new("DELETE", Some(self.bucket), Some(self.key)).with("uploadId", &id);
            let _ = job.client.ask_whole(&abort).await;
        }
        sent?;
        Ok(format!("{} stored in {count} parts, entity tags as computed here", show_bytes(self.content.len())))
    }

    async fn parts<M: Machine>(&self, job: &mut Job<M>, part: u64, id: &str) -> Result<(), ClientError> {
        let mut list = String::from("<CompleteMultipartUpload>");
        for number in 1..=self.content.len().div_ceil(part) {
            let content = self.content.slice((number - 1) * part..number * part);
            let draft = Draft::new("PUT", Some(self.bucket), Some(self.key))
                .with("partNumber", number.to_string())
                .with("uploadId", id)
                .body(content.clone());
            let (head, _) = job.client.patiently(&draft).await?;
            let etag = etag_of(&head);
            self.check(&etag, &content.etag())?;
            list.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>"));
        }
        list.push_str("</CompleteMultipartUpload>");
        let complete =
            Draft::new("POST", Some(self.bucket), Some(self.key)).with("uploadId", id).body(Content::from_bytes(list));
        job.client.patiently(&complete).await.map(|_| ())
    }

    fn check(&self, told: &str, own: &str) -> Result<(), ClientError> {
        if told == own {
            return Ok(());
        }
        Err(ClientError::WrongBytes(format!("S3 tells entity tag {told}, and what was sent has {own}")))
    }
}

fn etag_of(head: &http::response::Parts) -> String {
    let tag = head.headers.get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or("");
    tag.trim_matches('"').to_owned()
}
