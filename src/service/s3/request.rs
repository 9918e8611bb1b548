//! What a request asks for, as its line and headers say: bucket, key, operation. Judges nothing.

use http::{HeaderMap, Method, Uri};

use super::names::HostName;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The host it names; `None` without a Host header.
    pub(crate) host: Option<HostName>,
    /// The bucket, from the host or the path.
    pub(crate) bucket: Option<String>,
    /// The key, decoded.
    pub(crate) key: Option<String>,
}

impl Target {
    /// Reads host and path.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).map(HostName::parse);
        let path = percent_decode(uri.path());
        let path = path.strip_prefix('/').unwrap_or(&path);
        let named = host.as_ref().and_then(HostName::bucket).map(str::to_owned);
        let (bucket, key) = match named {
            Some(bucket) => (Some(bucket), path),
            None => match path.split_once('/') {
                Some((bucket, key)) => (Some(bucket.to_owned()), key),
                None => ((!path.is_empty()).then(|| path.to_owned()), ""),
            },
        };
        Self { host, bucket, key: (!key.is_empty()).then(|| key.to_owned()) }
    }

    /// The resource as error bodies show it: `/bucket/key`.
    pub(crate) fn resource(&self) -> String {
        match (&self.bucket, &self.key) {
            (Some(bucket), Some(key)) => format!("/{bucket}/{key}"),
            (Some(bucket), None) => format!("/{bucket}"),
            (None, _) => "/".to_owned(),
        }
    }

    /// The operation as S3's access log names it (S3 User Guide, server access log format): `REST.GET.OBJECT`.
    pub(crate) fn operation(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
        let has = |name: &str| query(uri).any(|(known, _)| known == name);
        let copies = headers.contains_key("x-amz-copy-source");
        let what = match (&self.bucket, &self.key, method.as_str()) {
            (None, ..) => "SERVICE",
            (_, Some(_), "PUT") if copies && has("partNumber") => return "REST.COPY.PART".to_owned(),
            (_, Some(_), "PUT") if copies => return "REST.COPY.OBJECT".to_owned(),
            (_, Some(_), "POST") if has("uploads") => "UPLOADS",
            (_, Some(_), "PUT") if has("uploadId") => "PART",
            (_, Some(_), _) if has("uploadId") => "UPLOAD",
            (_, Some(_), _) => "OBJECT",
            (_, None, "POST") if has("delete") => "MULTI_OBJECT_DELETE",
            (_, None, _) if has("uploads") => "UPLOADS",
            (_, None, _) if has("location") => "LOCATION",
            (_, None, _) if has("policy") => "BUCKETPOLICY",
            (_, None, _) => "BUCKET",
        };
        format!("REST.{method}.{what}")
    }
}

/// The parameters of a query, decoded, in order.
pub fn query(uri: &Uri) -> impl Iterator<Item = (String, String)> + '_ {
    uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
    })
}

/// Decodes `%41`; what is no such code stays, and what is no UTF-8 afterwards becomes a replacement character.
pub fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes all but unreserved characters (RFC 3986 section 2.3) and those of `also`.
pub fn percent_encode(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target(host: &str, path: &str) -> (Target, Uri, HeaderMap) {
        let uri: Uri = path.parse().expect(path);
        let headers = HeaderMap::from_iter([(http::header::HOST, host.parse().expect(host))]);
        (Target::of(&uri, &headers), uri, headers)
    }

    #[test]
    fn bucket_and_key_come_from_host_or_path() {
        let some = |text: &str| Some(text.to_owned());
        for (host, path, bucket, key) in [
            ("data.s3-us-west-2.amazonaws.com", "/a/b%20c", some("data"), some("a/b c")),
            ("s3-us-west-2.amazonaws.com", "/data/a/b", some("data"), some("a/b")),
            ("s3-us-west-2.amazonaws.com", "/data", some("data"), None),
            ("s3-us-west-2.amazonaws.com", "/data/", some("data"), None),
            ("s3-us-west-2.amazonaws.com", "/", None, None),
            ("52.218.0.9", "/data/k", some("data"), some("k")),
            ("files.example.com", "/k", some("files.example.com"), some("k")),
        ] {
            let (target, ..) = target(host, path);
            assert_eq!((target.bucket, target.key), (bucket, key), "{host}{path}");
        }
    }

    #[test]
    fn operations_have_the_names_of_the_access_log() {
        for (method, path, name) in [
            ("GET", "/b/k", "REST.GET.OBJECT"),
            ("HEAD", "/b/k", "REST.HEAD.OBJECT"),
            ("GET", "/b?list-type=2", "REST.GET.BUCKET"),
            ("GET", "/b?location", "REST.GET.LOCATION"),
            ("GET", "/", "REST.GET.SERVICE"),
            ("POST", "/b/k?uploads", "REST.POST.UPLOADS"),
            ("PUT", "/b/k?partNumber=1&uploadId=u", "REST.PUT.PART"),
            ("POST", "/b/k?uploadId=u", "REST.POST.UPLOAD"),
            ("DELETE", "/b/k?uploadId=u", "REST.DELETE.UPLOAD"),
            ("POST", "/b?delete", "REST.POST.MULTI_OBJECT_DELETE"),
        ] {
            let (target, uri, headers) = target("s3.amazonaws.com", path);
            let method = Method::from_bytes(method.as_bytes()).expect(method);
            assert_eq!(target.operation(&method, &uri, &headers), name);
        }
    }

    proptest! {
        #[test]
        fn encoding_goes_both_ways(text in ".{0,40}", also in "[/]?") {
            prop_assert_eq!(percent_decode(&percent_encode(&text, &also)), text);
        }
    }
}
