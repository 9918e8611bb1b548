//! The front end of S3 in one region: a request comes in, the answer of the real service goes out, a line is logged.
//! Opens no connection and reads no clock.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, StdError};

use super::answer::{Refusal, RequestIds, element_of, http_date, message_of, sign_off, unescape};
use super::arrival::Arrival;
use super::authorize::Gate;
use super::names::{HostName, S3Name};
use super::operations::Operations;
use super::request::Target;
use super::store::ObjectStore;
use crate::base::{Calendar, RegionName, Rng};
use crate::service::access::{Access, Peer};
use crate::service::around::Around;
use crate::service::http_server::{Open, Session};
use crate::service::signature::{SKEW_MAX, Signed, query_signature_holds, without_signature};
use crate::trace::RequestNote;

/// What can be set on a front end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontSettings {
    /// A connection without a request is closed after so long. Ours, not AWS's: facts.md names no figure.
    pub idle_timeout: Duration,
    /// A request whose body brings no byte for so long is answered 400 `RequestTimeout`. Ours as well.
    pub body_timeout: Duration,
    /// How long S3 thinks before any answer; an object may have more of its own.
    pub first_byte_delay: Duration,
}

impl Default for FrontSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            first_byte_delay: Duration::ZERO,
        }
    }
}

/// S3 as it answers in one region. Shared by all connections of the region.
pub struct S3Front {
    region: RegionName,
    calendar: Calendar,
    settings: FrontSettings,
    gate: Gate,
    library: S3Service,
    ids: Mutex<Rng>,
}

impl S3Front {
    /// The front end of `region` over a world's objects and identities; its request ids follow from the seed.
    pub fn new(
        region: RegionName,
        calendar: Calendar,
        settings: FrontSettings,
        store: Arc<ObjectStore>,
        access: Arc<Access>,
        seed: u64,
    ) -> Self {
        let gate = Gate { access, store, calendar };
        let mut builder = S3ServiceBuilder::new(Operations { gate: gate.clone() });
        let mut config = S3Config::default();
        // The library compares dates with the wall clock; ours is virtual, and checked in front of it.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.set_host(Hosts);
        builder.set_auth(gate.clone());
        builder.set_access(gate.clone());
        let ids = Mutex::new(Rng::stream(seed, &format!("service/s3/{region}")));
        Self { library: builder.build(), region, calendar, settings, gate, ids }
    }

    /// Its settings.
    pub fn settings(&self) -> &FrontSettings {
        &self.settings
    }

    /// Its region.
    pub fn region(&self) -> &RegionName {
        &self.region
    }

    /// The objects behind it.
    pub fn store(&self) -> &Arc<ObjectStore> {
        &self.gate.store
    }

    /// Answers a request of a connection. The line of the access log is written when the answer is sent or given up.
    pub(in crate::service) async fn answer(
        &self,
        mut request: Request<Incoming>,
        session: &Session,
    ) -> Response<AnswerBody> {
        let Session { peer, around, stalled, .. } = session;
        let open = session.begin();
        let at = around.now();
        let ids = RequestIds::next(&mut self.ids.lock().unwrap_or_else(PoisonError::into_inner));
        let target = Target::of(request.uri(), request.headers());
        let mut line = self.line(&request, &target, peer, around, open);
        let with_body = request.method() != Method::HEAD;
        let presigned_by = match self.look(&mut request, &target, at) {
            Ok(presigned_by) => presigned_by,
            Err(refusal) => {
                line.note.error.clone_from(&refusal.code);
                line.note.because = refusal.because.to_string();
                let response = refusal.into_response(&ids, with_body).map(Body::from);
                return self.finish(response, line, &ids, around);
            }
        };
        let arrival = Arrival::new(at, self.region.clone(), peer.clone(), target, presigned_by);
        request.extensions_mut().insert(arrival.clone());
        let counted = Counted { stalled: stalled.clone(), received: line.received.clone() };
        let request = request.map(|inner| Body::http_body_unsync(Metered { inner, counted }));
        let answer = self.library.call(request).await;
        let mut response = match answer {
            Ok(response) => response,
            Err(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message_of("InternalError"))
                .into_response(&ids, with_body)
                .map(Body::from),
        };
        if !response.status().is_success() {
            response = self.retell(response, &arrival, &ids, with_body, &mut line).await;
        }
        let told = arrival.told().clone();
        line.note.requester = if told.requester.is_empty() { "-".to_owned() } else { told.requester };
        line.note.because = told.because;
        let think = self.settings.first_byte_delay + told.think;
        if !think.is_zero() {
            around.wait(think).await;
        }
        self.finish(response, line, &ids, around)
    }

    fn finish(
        &self,
        mut response: Response<Body>,
        mut line: Line,
        ids: &RequestIds,
        around: &Rc<dyn Around>,
    ) -> Response<AnswerBody> {
        sign_off(&mut response, ids, self.calendar.date(around.now()));
        line.note.status = response.status().as_u16();
        response.map(|inner| AnswerBody { inner, line })
    }

    fn line(
        &self,
        request: &Request<Incoming>,
        target: &Target,
        peer: &Peer,
        around: &Rc<dyn Around>,
        open: Open,
    ) -> Line {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let note = RequestNote {
            service: "s3".to_owned(),
            connection: peer.connection,
            source: peer.source.ip(),
            source_port: peer.source.port(),
            endpoint: peer.through.as_ref().map(|through| through.endpoint.clone()),
            vpc: peer.through.as_ref().map(|through| through.vpc.clone()),
            requester: "-".to_owned(),
            operation: target.operation(request.method(), request.uri(), request.headers()),
            bucket: dash(&target.bucket),
            key: dash(&target.key),
            // What a request is logged as whose sender is gone before there is an answer. UNSOURCED.
            status: 400,
            error: String::new(),
            because: String::new(),
            bytes_sent: 0,
            bytes_received: 0,
        };
        Line { note: Box::new(note), received: Arc::default(), around: around.clone(), _open: open }
    }

    /// What S3 looks at before it reads a request further: names, regions, dates. Returns the key that signed the
    /// query, which is taken away: the library would judge its age by the wall clock.
    fn look(
        &self,
        request: &mut Request<Incoming>,
        target: &Target,
        at: crate::base::SimTime,
    ) -> Result<Option<String>, Refusal> {
        let (uri, headers) = (request.uri().clone(), request.headers());
        if target.host.is_none() {
            let message = "The server could not understand the request: the Host header is missing.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", message).closing());
        }
        check_supported(request.method(), &uri, headers)?;
        let place = target.bucket.as_deref().and_then(|bucket| self.gate.store.place_of(bucket));
        let asks_location = target.operation(request.method(), &uri, headers) == "REST.GET.LOCATION";
        if let Some((region, _)) = &place
            && *region != self.region
            && !asks_location
        {
            return Err(self.redirect(target, region, &uri));
        }
        let in_query = Signed::in_query(&uri);
        let Some(signed) = in_query.as_ref().cloned().or_else(|| Signed::in_headers(headers)) else { return Ok(None) };
        if signed.region != self.region.as_str() {
            return Err(self.wrong_scope(&signed, in_query.is_some()));
        }
        let now = self.calendar.date(at);
        let age = signed.date.map(|date| now - date);
        if in_query.is_none() && age.is_none_or(|age| SKEW_MAX < age.unsigned_abs()) {
            let code = "RequestTimeTooSkewed";
            let refusal = Refusal::new(StatusCode::FORBIDDEN, code, message_of(code))
                .element("ServerTime", http_date(now))
                .element("MaxAllowedSkewMilliseconds", SKEW_MAX.as_millis().to_string());
            return Err(refusal);
        }
        if in_query.is_none() {
            return Ok(None);
        }
        let expired = age.zip(signed.expires).is_none_or(|(age, expires)| {
            age.is_positive() && expires < age.unsigned_abs() || age.is_negative() && SKEW_MAX < age.unsigned_abs()
        });
        if expired {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"));
        }
        let refuse = |code: &str| Refusal::new(StatusCode::FORBIDDEN, code, message_of(code));
        let secret = self.gate.access.secret(&signed.access_key).ok_or_else(|| refuse("InvalidAccessKeyId"))?;
        if !query_signature_holds(request, &signed, &secret) {
            return Err(refuse("SignatureDoesNotMatch"));
        }
        *request.uri_mut() = without_signature(&uri);
        Ok(Some(signed.access_key))
    }

    /// A bucket of another region (facts.md B2, B4, B5): the global name leads on temporarily, every other name is
    /// wrong for good.
    fn redirect(&self, target: &Target, region: &RegionName, uri: &Uri) -> Refusal {
        let bucket = target.bucket.clone().unwrap_or_default();
        let endpoint = S3Name::of_region(region.as_str()).with_bucket(&bucket).host();
        let global = matches!(&target.host, Some(HostName::S3(S3Name { region: None, bucket: Some(_), .. })));
        let refusal = if global {
            let location = format!("https://{endpoint}{}", uri.path_and_query().map_or("/", |path| path.as_str()));
            Refusal::new(
                StatusCode::TEMPORARY_REDIRECT,
                "TemporaryRedirect",
                "Please re-send this request to the specified temporary endpoint. Continue to use the original request \
                 endpoint for future requests.",
            )
            .header("location", location)
        } else {
            Refusal::new(
                StatusCode::MOVED_PERMANENTLY,
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all \
                 future requests to this endpoint.",
            )
        };
        let because = match global {
            true => format!("bucket {bucket} lies in {region}, and the global name led here [R49]"),
            false => format!("bucket {bucket} lies in {region}, and this is S3 of {} [R48]", self.region),
        };
        refusal
            .element("Endpoint", endpoint)
            .element("Bucket", bucket)
            .header("x-amz-bucket-region", region.as_str())
            .because(because)
    }

    /// Signed for another region than that of the front end (facts.md B6).
    fn wrong_scope(&self, signed: &Signed, in_query: bool) -> Refusal {
        let (code, start) = if in_query {
            ("AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter")
        } else {
            ("AuthorizationHeaderMalformed", "The authorization header is malformed")
        };
        let message = format!("{start}; the region '{}' is wrong; expecting '{}'", signed.region, self.region);
        let because = format!("the request is signed for {}, and this is S3 of {} [R50]", signed.region, self.region);
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, code, message);
        refusal.element("Region", self.region.as_str()).because(because).closing()
    }

    /// Tells an error of the library as S3 does: with its words, the resource and both ids.
    async fn retell(
        &self,
        response: Response<Body>,
        arrival: &Arrival,
        ids: &RequestIds,
        with_body: bool,
        line: &mut Line,
    ) -> Response<Body> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let xml = String::from_utf8_lossy(&body);
        let element = |name: &str| element_of(&xml, name).map(unescape).unwrap_or_default();
        let code = match (element("Code"), parts.status) {
            (code, _) if !code.is_empty() => code,
            (_, StatusCode::NOT_MODIFIED) => "NotModified".to_owned(),
            _ => "InternalError".to_owned(),
        };
        line.note.error.clone_from(&code);
        let own = element("Message");
        let message = if own.is_empty() { message_of(&code).to_owned() } else { own };
        let target = arrival.target();
        let mut refusal = Refusal::new(parts.status, &code, message);
        refusal = match code.as_str() {
            "NoSuchBucket" => refusal.element("BucketName", target.bucket.clone().unwrap_or_default()),
            "NoSuchKey" => refusal.element("Key", target.key.clone().unwrap_or_default()),
            "AccessDenied" => refusal,
            _ => refusal.element("Resource", target.resource()),
        };
        if code == "RequestTimeout" {
            refusal = refusal.closing();
        }
        let with_body = with_body && parts.status != StatusCode::NOT_MODIFIED;
        let mut told = refusal.into_response(ids, with_body);
        for (name, value) in &parts.headers {
            if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
                told.headers_mut().insert(name.clone(), value.clone());
            }
        }
        told.map(Body::from)
    }
}

/// What the real service understands and this one does not.
fn check_supported(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    let old = |name: &str| super::request::query(uri).any(|(known, _)| known == name);
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if authorization.starts_with("AWS ") || (old("Signature") && old("AWSAccessKeyId")) {
        let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    }
    let form = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if *method == Method::POST && form.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let message = "Uploads by an HTML form are not modeled.";
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message));
    }
    Ok(())
}

/// Host names as the library asks for them.
struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match HostName::parse(host).bucket() {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket.to_owned()),
            None => VirtualHost::new(host),
        })
    }
}

/// A line of the access log in the making; written when it is dropped.
struct Line {
    note: Box<RequestNote>,
    received: Arc<AtomicU64>,
    around: Rc<dyn Around>,
    _open: Open,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.note.bytes_received = self.received.load(Ordering::Relaxed);
        self.around.log((*self.note).clone());
    }
}

/// The body of an answer, with the line of the log that tells of it.
pub(crate) struct AnswerBody {
    inner: Body,
    line: Line,
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.line.note.bytes_sent += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What is counted of a request's body.
struct Counted {
    stalled: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
}

/// A request's body that is counted, and that ends with an error when its sender has fallen silent.
struct Metered {
    inner: Incoming,
    counted: Counted,
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                let len = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.counted.received.fetch_add(len, Ordering::Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Box::new(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.counted.stalled.load(Ordering::Relaxed) => {
                Poll::Ready(Some(Err(Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
