//! One S3 program from its spec to its last word: what it asks, how often, and how patiently.

use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;

use super::error::ClientError;
use super::exchange::{Client, element, elements};
use super::request::Draft;
use super::transfer::{Download, Upload};
use crate::base::Calendar;
use crate::service::machine::Machine;
use crate::service::s3::{Content, US_STANDARD, percent_encode};
use crate::service::spec::{Body, Retry, S3Operation, S3Spec};
use crate::trace::ProgramNote;

/// A listing is followed for so many pages.
const PAGES_MAX: usize = 10_000;

/// A program that asks S3.
pub struct Job<M: Machine> {
    pub(super) client: Client<M>,
    /// What a download should bring, where somebody knows.
    pub(super) expected: Option<Content>,
}

/// Runs a spec to its end and says how it ended. `expected` is what the object holds that a download asks for, where
/// somebody knows; else its entity tag is believed.
pub async fn run<M: Machine>(machine: M, calendar: Calendar, spec: S3Spec, expected: Option<Content>) {
    machine.note(ProgramNote::Started);
    let repeat = spec.repeat.clone();
    let mut job = Job { client: Client::new(machine.clone(), calendar, spec), expected };
    let mut done = String::new();
    for time in 0..repeat.count.max(1) {
        if 0 < time {
            if !repeat.same_connection {
                job.client.hang_up();
            }
            if !repeat.pause.is_zero() {
                job.client.idle(repeat.pause).await;
            }
        }
        match job.once().await {
            Ok(what) => done = what,
            Err(error) => {
                job.client.totals.settle(|note| machine.note(note));
                return machine.note(error.note());
            }
        }
    }
    job.client.totals.settle(|note| machine.note(note));
    job.client.hang_up();
    let what = if 1 < repeat.count { format!("{} times: {done}", repeat.count) } else { done };
    machine.note(ProgramNote::Completed { what });
}

impl<M: Machine> Job<M> {
    async fn once(&mut self) -> Result<String, ClientError> {
        match self.client.spec.operation.clone() {
            S3Operation::Get { bucket, key, range } => Download { bucket: &bucket, key: &key, range }.run(self).await,
            S3Operation::Put { bucket, key, body, part_bytes } => {
                Upload { bucket: &bucket, key: &key, content: content_of(&body), part_bytes }.run(self).await
            }
            S3Operation::Head { bucket, key } => {
                let (head, _) = self.client.patiently(&Draft::new("HEAD", Some(&bucket), Some(&key))).await?;
                let length = head.headers.get("content-length").and_then(|length| length.to_str().ok()).unwrap_or("0");
                Ok(format!("{bucket}/{key} has {length} bytes"))
            }
            S3Operation::Delete { bucket, key } => {
                self.client.patiently(&Draft::new("DELETE", Some(&bucket), Some(&key))).await?;
                Ok(format!("{bucket}/{key} deleted"))
            }
            S3Operation::List { bucket, prefix } => self.list(&bucket, &prefix).await,
            S3Operation::ListBuckets => {
                let (_, body) = self.client.patiently(&Draft::new("GET", None, None)).await?;
                let names: Vec<String> = elements(&String::from_utf8_lossy(&body), "Name").collect();
                Ok(format!("{} buckets: {}", names.len(), names.join(", ")))
            }
            S3Operation::Location { bucket } => {
                let draft = Draft::new("GET", Some(&bucket), None).with("location", "");
                let (_, body) = self.client.patiently(&draft).await?;
                Ok(format!("{bucket} lies in {}", location_of(&String::from_utf8_lossy(&body))))
            }
            S3Operation::CreateBucket { bucket } => {
                let mut draft = Draft::new("PUT", Some(&bucket), None);
                let region = self.client.spec.region.as_str();
                if region != US_STANDARD {
                    draft = draft.body(Content::from_bytes(format!(
                        "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint>\
                         </CreateBucketConfiguration>"
                    )));
                }
                self.client.patiently(&draft).await?;
                Ok(format!("{bucket} created"))
            }
            S3Operation::Copy { from_bucket, from_key, bucket, key } => {
                let source = format!("/{from_bucket}/{}", percent_encode(&from_key, "/"));
                let draft = Draft::new("PUT", Some(&bucket), Some(&key)).header("x-amz-copy-source", source);
                self.client.patiently(&draft).await?;
                Ok(format!("{from_bucket}/{from_key} copied to {bucket}/{key}"))
            }
        }
    }

    async fn list(&mut self, bucket: &str, prefix: &str) -> Result<String, ClientError> {
        let (mut count, mut token) = (0, None::<String>);
        for _ in 0..PAGES_MAX {
            let mut draft = Draft::new("GET", Some(bucket), None).with("list-type", "2");
            if !prefix.is_empty() {
                draft = draft.with("prefix", prefix);
            }
            if let Some(token) = &token {
                draft = draft.with("continuation-token", token);
            }
            let (_, body) = self.client.patiently(&draft).await?;
            let text = String::from_utf8_lossy(&body);
            count += elements(&text, "Key").count();
            token = element(&text, "NextContinuationToken");
            if token.is_none() {
                break;
            }
        }
        Ok(if count == 1 { "1 key".to_owned() } else { format!("{count} keys") })
    }
}

impl<M: Machine> Client<M> {
    /// Asks until there is an answer, as often as the spec allows.
    pub(super) async fn patiently(&mut self, draft: &Draft) -> Result<(Parts, Bytes), ClientError> {
        let mut patience = Patience::new(&self.spec.retry);
        loop {
            match self.ask_whole(draft).await {
                Ok(answer) => return Ok(answer),
                Err(error) => patience.or_give_up(self, error).await?,
            }
        }
    }
}

/// How often one request is tried again.
pub(super) struct Patience {
    retry: Retry,
    failed: u32,
}

impl Patience {
    pub(super) fn new(retry: &Retry) -> Self {
        Self { retry: retry.clone(), failed: 0 }
    }

    /// Waits before the next attempt, or gives the error back if there is none.
    pub(super) async fn or_give_up<M: Machine>(
        &mut self,
        client: &mut Client<M>,
        error: ClientError,
    ) -> Result<(), ClientError> {
        if self.retry.attempts <= self.failed || !error.is_worth_a_retry() {
            return Err(error);
        }
        client.hang_up();
        let after = wait_before(&self.retry, self.failed);
        self.failed += 1;
        let (because, cause) = (error.to_string(), error.cause());
        client.machine.note(ProgramNote::Retrying { attempt: self.failed + 1, after, because, cause });
        client.machine.wait(after).await;
        Ok(())
    }
}

/// How long to wait after `failed` repetitions.
pub fn wait_before(retry: &Retry, failed: u32) -> Duration {
    let factor = retry.backoff.max(0.0).powi(i32::try_from(failed).unwrap_or(i32::MAX));
    Duration::try_from_secs_f64(retry.delay.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

fn content_of(body: &Body) -> Content {
    match body {
        Body::Generated { bytes, seed } => Content::generated(*seed, *bytes),
        Body::Text(text) => Content::from_bytes(text.clone()),
    }
}

/// An empty constraint is US Standard (rule R51); S3 writes it as an element with a namespace.
fn location_of(xml: &str) -> String {
    let named = xml.find("<LocationConstraint").and_then(|at| {
        let from = at + xml[at..].find('>')? + 1;
        let len = xml[from..].find("</")?;
        Some(xml[from..from + len].to_owned())
    });
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| US_STANDARD.to_owned())
}
