//! The parts of S3's answers that are the same for all of them: error bodies, request ids, server and date. Decides no
//! status.

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::base::Rng;

/// An error as S3 tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Elements between the message and the request's id.
    pub(crate) extra: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Why, for the log alone.
    pub(crate) because: Box<str>,
    pub(crate) close: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let (extra, headers) = (Vec::new(), Vec::new());
        let because = Box::default();
        Self { status, code: code.to_owned(), message: message.into(), extra, headers, because, close: false }
    }

    #[must_use]
    pub(crate) fn element(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub(crate) fn because(mut self, because: String) -> Self {
        self.because = because.into_boxed_str();
        self
    }

    #[must_use]
    pub(crate) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The answer; HEAD and 304 have no body.
    pub(crate) fn into_response(self, ids: &RequestIds, with_body: bool) -> Response<Bytes> {
        let body = if with_body { self.body(ids) } else { Bytes::new() };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        if with_body {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        for (name, value) in &self.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(*name, value);
            }
        }
        if self.close {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn body(&self, ids: &RequestIds) -> Bytes {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
        let mut element = |name: &str, value: &str| xml.push_str(&format!("<{name}>{}</{name}>", escape(value)));
        element("Code", &self.code);
        element("Message", &self.message);
        self.extra.iter().for_each(|(name, value)| element(name, value));
        element("RequestId", &ids.request);
        element("HostId", &ids.host);
        xml.push_str("</Error>");
        Bytes::from(xml)
    }
}

/// The two ids that each answer of S3 carries.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds {
    /// `x-amz-request-id`.
    pub(crate) request: String,
    /// `x-amz-id-2`.
    pub(crate) host: String,
}

impl RequestIds {
    pub(crate) fn next(rng: &mut Rng) -> Self {
        let mut host = [0; 56];
        rng.fill(&mut host);
        let host = base64::engine::general_purpose::STANDARD.encode(host);
        Self { request: format!("{:016X}", rng.next_u64()), host }
    }
}

/// What every answer says.
pub(crate) fn sign_off<B>(response: &mut Response<B>, ids: &RequestIds, date: OffsetDateTime) {
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
    for (name, value) in [("x-amz-request-id", &ids.request), ("x-amz-id-2", &ids.host), ("date", &http_date(date))] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
}

/// `Thu, 01 Jun 2017 00:00:05 GMT` (RFC 9110 section 5.6.7).
pub(crate) fn http_date(date: OffsetDateTime) -> String {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    date.format(format).unwrap_or_default()
}

/// The text between the first pair of tags of a name, as it stands.
pub(crate) fn element_of<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let len = xml[start..].find(&format!("</{name}>"))?;
    Some(&xml[start..start + len])
}

/// `&`, `<`, `>` and quotes as XML writes them.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Characters that no XML document may hold.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The reverse of [`escape`].
pub(crate) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// S3's own words for a code where the library has none (S3 API, error responses; facts.md B7 and B12).
pub(crate) fn message_of(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "BadDigest" => "The Content-MD5 you specified did not match what we received.",
        "BucketAlreadyExists" => {
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again."
        }
        "BucketAlreadyOwnedByYou" => {
            "Your previous request to create the named bucket succeeded and you already own it."
        }
        "BucketNotEmpty" => "The bucket you tried to delete is not empty",
        "EntityTooSmall" => "Your proposed upload is smaller than the minimum allowed size",
        "IncompleteBody" => "You did not provide the number of bytes specified by the Content-Length HTTP header",
        "InternalError" => "We encountered an internal error. Please try again.",
        "InvalidAccessKeyId" => "The AWS Access Key Id you provided does not exist in our records.",
        "InvalidArgument" => "Invalid Argument",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidDigest" => "The Content-MD5 you specified was invalid.",
        "InvalidLocationConstraint" => "The specified location-constraint is not valid",
        "InvalidPart" => {
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the \
             specified entity tag may not match the part's entity tag."
        }
        "InvalidPartOrder" => "The list of parts was not in ascending order. Parts must be ordered by part number.",
        "InvalidRange" => "The requested range is not satisfiable",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => "The XML you provided was not well-formed or did not validate against our published schema",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "NoSuchBucket" => "The specified bucket does not exist",
        "NoSuchBucketPolicy" => "The bucket policy does not exist",
        "NoSuchKey" => "The specified key does not exist.",
        "NoSuchUpload" => {
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
             completed."
        }
        "NotImplemented" => "A header you provided implies functionality that is not implemented",
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
        "RequestTimeTooSkewed" => "The difference between the request time and the current time is too large.",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method."
        }
        "SlowDown" => "Please reduce your request rate.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_have_the_form_of_http() {
        assert_eq!(http_date(time::macros::datetime!(2017-06-01 00:00:05 UTC)), "Thu, 01 Jun 2017 00:00:05 GMT");
    }

    proptest! {
        #[test]
        fn elements_come_back_as_they_were(text in "[ -~]{0,60}") {
            let ids = RequestIds::next(&mut crate::base::Rng::stream(1, "ids"));
            let refusal = Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", text.clone()).element("Bucket", "b");
            let body = refusal.into_response(&ids, true).into_body();
            let xml = std::str::from_utf8(&body).expect("UTF-8");
            prop_assert_eq!(unescape(element_of(xml, "Message").expect("a message")), text);
            prop_assert_eq!(element_of(xml, "HostId"), Some(ids.host.as_str()));
        }
    }
}
