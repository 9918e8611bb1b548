//! Requests as clients of S3 make them: host names, paths, signatures. Sends nothing.

use std::time::Duration;

use http::Request;
use time::OffsetDateTime;

use super::error::ClientError;
use crate::service::http_client::SendBody;
use crate::service::s3::{Content, S3Name, percent_encode};
use crate::service::signature::{SigningScope, presign, sign_headers};
use crate::service::spec::{S3Names, S3Spec, Signature, Target};

/// A request before it has a host and a signature: those depend on where and when it is sent.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) method: &'static str,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Content,
}

impl Draft {
    pub(super) fn new(method: &'static str, bucket: Option<&str>, key: Option<&str>) -> Self {
        Self {
            method,
            bucket: bucket.map(str::to_owned),
            key: key.map(str::to_owned),
            query: Vec::new(),
            headers: Vec::new(),
            body: Content::from_bytes(""),
        }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub(super) fn body(mut self, body: Content) -> Self {
        self.body = body;
        self
    }

    /// For people: `PUT data/up.bin (8 MiB)`.
    pub(super) fn text(&self) -> String {
        let mut text = self.method.to_owned();
        text.push(' ');
        text.push_str(self.bucket.as_deref().unwrap_or("/"));
        if let Some(key) = &self.key {
            text.push('/');
            text.push_str(key);
        }
        for (index, (name, value)) in self.query.iter().filter(|(name, _)| *name != "uploadId").enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            if !value.is_empty() {
                text.push('=');
                text.push_str(value);
            }
        }
        if let Some((_, range)) = self.headers.iter().find(|(name, _)| *name == "range") {
            text.push_str(&format!(" {range}"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!(" ({})", crate::service::s3::show_bytes(self.body.len())));
        }
        text
    }
}

/// Where a request is sent and how it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The Host header, without a port.
    pub(super) host: String,
    /// Whether the bucket stands in the path.
    pub(super) in_path: bool,
}

impl Place {
    /// The place that a spec's way of naming gives (facts.md B1).
    pub(super) fn of(spec: &S3Spec, bucket: Option<&str>) -> Self {
        if let Some(Target::Name(name)) = &spec.endpoint {
            // A client that is given an endpoint puts the bucket into the path.
            return Self { host: name.clone(), in_path: true };
        }
        let region = Some(spec.region.to_string());
        let (region, dual_stack, dotted, in_path) = match spec.names {
            S3Names::Regional => (region, false, true, false),
            S3Names::Dash => (region, false, false, false),
            S3Names::Global => (None, false, false, false),
            S3Names::Path => (region, false, true, true),
            S3Names::DashPath => (region, false, false, true),
            S3Names::GlobalPath => (None, false, false, true),
            S3Names::DualStack => (region, true, true, false),
        };
        let name = S3Name { region, bucket: None, dual_stack, dotted };
        match bucket {
            Some(bucket) if !in_path => Self { host: name.with_bucket(bucket).host(), in_path },
            _ => Self { host: name.host(), in_path: true },
        }
    }
}

/// The request as it goes out at `date`.
pub(super) fn build(
    draft: &Draft,
    place: &Place,
    spec: &S3Spec,
    date: OffsetDateTime,
) -> Result<Request<SendBody>, ClientError> {
    let wrong = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
    let mut path = String::from("/");
    if let (Some(bucket), true) = (&draft.bucket, place.in_path) {
        path.push_str(&percent_encode(bucket, ""));
        if draft.key.is_some() {
            path.push('/');
        }
    }
    path.push_str(&percent_encode(draft.key.as_deref().unwrap_or(""), "/"));
    for (index, (name, value)) in draft.query.iter().enumerate() {
        path.push(if index == 0 { '?' } else { '&' });
        path.push_str(&format!("{name}={}", percent_encode(value, "")));
    }
    let host =
        if spec.port == 443 || spec.port == 80 { place.host.clone() } else { format!("{}:{}", place.host, spec.port) };
    let mut builder = Request::builder().method(draft.method).uri(path).header("host", host);
    for (name, value) in &draft.headers {
        builder = builder.header(*name, value);
    }
    let mut request = builder.body(SendBody::of(&draft.body)).map_err(|error| wrong(&error))?;
    if let Some(credentials) = &spec.credentials {
        let scope = SigningScope { service: "s3", region: spec.region.as_str(), date };
        let signed = match spec.signature {
            Signature::Header => sign_headers(&mut request, None, credentials, scope),
            Signature::Presigned { expires_secs } => {
                presign(&mut request, credentials, scope, Duration::from_secs(u64::from(expires_secs)))
            }
        };
        signed.map_err(|error| wrong(&error))?;
    }
    Ok(request)
}
