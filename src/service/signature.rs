//! Signature Version 4: signing what clients send, reading what servers get, and checking query signatures, all at a
//! given date. Reads no clock and holds no keys.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SignerCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderMap, Request, Uri};
use time::OffsetDateTime;
use time::macros::format_description;

use super::s3::query;
use super::spec::Credentials;

/// A signature may be so old or so early (facts.md B7; S3 API, `RequestTimeTooSkewed`).
pub const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// For which service and region a request is signed.
#[derive(Copy, Clone, Debug)]
pub struct SigningScope<'a> {
    /// `s3` or `dynamodb`.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
    /// The date, in virtual time.
    pub date: OffsetDateTime,
}

/// A request that cannot be signed: a header or a path that has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be signed: {0}")]
pub struct CannotSign(String);

/// Signs a request in its headers. `body` is hashed if given; else the payload is declared unsigned, as clients of S3
/// do over TLS.
pub fn sign_headers<B>(
    request: &mut Request<B>,
    body: Option<&[u8]>,
    key: &Credentials,
    scope: SigningScope<'_>,
) -> Result<(), CannotSign> {
    let body = body.map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
    apply(request, body, key, scope, settings(scope, SignatureLocation::Headers))
}

/// Signs a request in its query: a presigned URL, good for `expires`.
pub fn presign<B>(
    request: &mut Request<B>,
    key: &Credentials,
    scope: SigningScope<'_>,
    expires: Duration,
) -> Result<(), CannotSign> {
    let mut settings = settings(scope, SignatureLocation::QueryParams);
    settings.expires_in = Some(expires);
    apply(request, SignableBody::UnsignedPayload, key, scope, settings)
}

fn settings(scope: SigningScope<'_>, location: SignatureLocation) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.signature_location = location;
    if scope.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

fn apply<B>(
    request: &mut Request<B>,
    body: SignableBody<'_>,
    key: &Credentials,
    scope: SigningScope<'_>,
    settings: SigningSettings,
) -> Result<(), CannotSign> {
    let wrong = |error: &dyn std::fmt::Display| CannotSign(error.to_string());
    let identity =
        SignerCredentials::new(&key.access_key_id, &key.secret, key.session_token.clone(), None, "vpclab").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::from(scope.date))
        .settings(settings)
        .build()
        .map_err(|error| wrong(&error))?
        .into();
    // The signer wants the whole URL; over HTTP/1.1 the host stands in its header.
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let url = format!("http://{host}{}", request.uri().path_and_query().map_or("/", |path| path.as_str()));
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(request.method().as_str(), url.clone(), headers, body);
    let (instructions, _) =
        sign(signable.map_err(|error| wrong(&error))?, &params).map_err(|error| wrong(&error))?.into_parts();
    let (headers, parameters) = instructions.into_parts();
    for header in headers {
        let value = header.value().parse().map_err(|error| wrong(&error))?;
        request.headers_mut().insert(header.name(), value);
    }
    if !parameters.is_empty() {
        let mut target = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        for (name, value) in &parameters {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&format!("{name}={}", super::s3::percent_encode(value, "")));
        }
        *request.uri_mut() = target.parse().map_err(|error| wrong(&error))?;
    }
    Ok(())
}

/// What a request says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The public half of the key.
    pub access_key: String,
    /// The region of its scope.
    pub region: String,
    /// When it was signed.
    pub date: Option<OffsetDateTime>,
    /// For a query signature, how long it is good for.
    pub expires: Option<Duration>,
}

impl Signed {
    /// Reads the `Authorization` header of Version 4; `None` for another or none.
    pub fn in_headers(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let credential = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
        let date = headers.get("x-amz-date").and_then(|date| date.to_str().ok()).and_then(parse_date);
        Self::of(credential, date, None)
    }

    /// Reads the parameters of a presigned request of Version 4; `None` without them.
    pub fn in_query(uri: &Uri) -> Option<Self> {
        let find = |wanted: &str| query(uri).find(|(name, _)| name == wanted).map(|(_, value)| value);
        find("X-Amz-Signature")?;
        let expires = find("X-Amz-Expires").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        Self::of(&find("X-Amz-Credential")?, find("X-Amz-Date").as_deref().and_then(parse_date), expires)
    }

    fn of(credential: &str, date: Option<OffsetDateTime>, expires: Option<Duration>) -> Option<Self> {
        let mut parts = credential.rsplit('/');
        let (_terminator, _service, region, _day) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let access_key = parts.next()?.to_owned();
        Some(Self { access_key, region: region.to_owned(), date, expires })
    }
}

/// Whether the signature in the query of a presigned request is the one that `secret` makes: it is made again.
pub fn query_signature_holds<B>(request: &Request<B>, signed: &Signed, secret: &str) -> bool {
    let Some((date, expires)) = signed.date.zip(signed.expires) else { return false };
    let find = |wanted: &str| query(request.uri()).find(|(name, _)| name == wanted).map(|(_, value)| value);
    let (Some(signature), Some(names)) = (find("X-Amz-Signature"), find("X-Amz-SignedHeaders")) else { return false };
    let bare = without_signature(request.uri());
    let Ok(mut again) = Request::builder().method(request.method()).uri(bare).body(()) else { return false };
    for name in names.split(';') {
        for value in request.headers().get_all(name) {
            let Ok(name) = http::HeaderName::try_from(name) else { return false };
            again.headers_mut().append(name, value.clone());
        }
    }
    let key = Credentials { access_key_id: signed.access_key.clone(), secret: secret.to_owned(), session_token: None };
    let scope = SigningScope { service: "s3", region: &signed.region, date };
    presign(&mut again, &key, scope, expires).is_ok()
        && query(again.uri()).any(|(name, value)| name == "X-Amz-Signature" && value == signature)
}

/// Whether the signature in the headers of a request with this body is the one that `secret` makes: it is made again.
pub fn header_signature_holds<B>(
    request: &Request<B>,
    body: &[u8],
    signed: &Signed,
    secret: &str,
    service: &str,
) -> bool {
    let Some(date) = signed.date else { return false };
    let field = |request: &HeaderMap, name: &str| {
        let header = request.get(http::header::AUTHORIZATION)?.to_str().ok()?.to_owned();
        let fields = header.strip_prefix("AWS4-HMAC-SHA256")?;
        fields.split(',').find_map(|field| field.trim().strip_prefix(name).map(str::to_owned))
    };
    let Some(names) = field(request.headers(), "SignedHeaders=") else { return false };
    let Ok(mut again) = Request::builder().method(request.method()).uri(request.uri()).body(()) else { return false };
    // The signer adds the date by itself.
    for name in names.split(';').filter(|name| *name != "x-amz-date") {
        for value in request.headers().get_all(name) {
            let Ok(name) = http::HeaderName::try_from(name) else { return false };
            again.headers_mut().append(name, value.clone());
        }
    }
    let key = Credentials { access_key_id: signed.access_key.clone(), secret: secret.to_owned(), session_token: None };
    let scope = SigningScope { service, region: &signed.region, date };
    sign_headers(&mut again, Some(body), &key, scope).is_ok()
        && field(again.headers(), "Signature=") == field(request.headers(), "Signature=")
}

/// The same path and query without the parameters of a signature.
pub fn without_signature(uri: &Uri) -> Uri {
    const OURS: [&str; 7] = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Content-Sha256",
    ];
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or("")
        .split('&')
        .filter(|pair| !pair.is_empty() && !OURS.contains(&pair.split('=').next().unwrap_or(pair)))
        .collect();
    let text = if kept.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), kept.join("&")) };
    text.parse().unwrap_or_else(|_| uri.clone())
}

/// Reads `20170601T000000Z`.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    time::PrimitiveDateTime::parse(text, format).ok().map(time::PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;
    use crate::service::access::credentials_of;

    const SCOPE: SigningScope<'static> =
        SigningScope { service: "s3", region: "us-west-2", date: datetime!(2017-06-01 00:00:05 UTC) };

    fn request(path: &str) -> Request<()> {
        Request::get(path).header("host", "data.s3-us-west-2.amazonaws.com").body(()).expect("a request")
    }

    #[test]
    fn a_presigned_request_holds_with_its_own_secret_only() {
        let key = credentials_of("alice");
        let mut presigned = request("/a%20b?list-type=2&prefix=x%2Fy");
        presign(&mut presigned, &key, SCOPE, Duration::from_secs(60)).expect("signable");
        let signed = Signed::in_query(presigned.uri()).expect("signed");
        assert_eq!((signed.access_key.as_str(), signed.region.as_str()), (key.access_key_id.as_str(), "us-west-2"));
        assert_eq!((signed.date, signed.expires), (Some(SCOPE.date), Some(Duration::from_secs(60))));
        assert!(query_signature_holds(&presigned, &signed, &key.secret));
        assert!(!query_signature_holds(&presigned, &signed, "another secret"));
        let moved: Uri = presigned.uri().to_string().replace("/a%20b", "/c").parse().expect("a path");
        *presigned.uri_mut() = moved;
        assert!(!query_signature_holds(&presigned, &signed, &key.secret));
        assert_eq!(without_signature(presigned.uri()), "/c?list-type=2&prefix=x%2Fy");
    }

    #[test]
    fn a_header_tells_who_signed_and_when() {
        let key = credentials_of("alice");
        let mut with = request("/k");
        sign_headers(&mut with, None, &key, SCOPE).expect("signable");
        let signed = Signed::in_headers(with.headers()).expect("signed");
        assert_eq!((signed.access_key, signed.date), (key.access_key_id, Some(SCOPE.date)));
        assert_eq!(Signed::in_headers(request("/k").headers()), None);
    }

    #[test]
    fn a_header_signature_covers_the_body() {
        let key = credentials_of("alice");
        let scope = SigningScope { service: "dynamodb", ..SCOPE };
        let mut request = Request::post("/").header("host", "dynamodb.us-west-2.amazonaws.com").body(()).expect("one");
        sign_headers(&mut request, Some(b"{}"), &key, scope).expect("signable");
        let signed = Signed::in_headers(request.headers()).expect("signed");
        assert!(header_signature_holds(&request, b"{}", &signed, &key.secret, "dynamodb"));
        assert!(!header_signature_holds(&request, b"{ }", &signed, &key.secret, "dynamodb"));
        assert!(!header_signature_holds(&request, b"{}", &signed, "another secret", "dynamodb"));
    }

    proptest! {
        #[test]
        fn no_header_and_no_query_panics(header in ".{0,80}", query in "[ -~]{0,80}") {
            if let Ok(value) = http::HeaderValue::from_str(&format!("AWS4-HMAC-SHA256 {header}")) {
                let _ = Signed::in_headers(&HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]));
            }
            if let Ok(uri) = format!("/?X-Amz-Signature=1&X-Amz-Credential={query}").parse() {
                let _ = Signed::in_query(&uri);
            }
        }
    }
}
