//! DynamoDB's front end in one region: JSON requests in, JSON answers out, each judged and logged. Opens no connection
//! by itself and reads no clock.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use serde_json::{Map, Value, json};

use super::tables::{Item, TableError, Tables};
use crate::base::{AccountId, Calendar, RegionName, Rng};
use crate::host::{Net, NetError};
use crate::policy::{ConditionKey, KeyValue, RequestContext};
use crate::service::access::{Access, Peer};
use crate::service::around::Around;
use crate::service::http_server::{Limits, Session, serve_connection};
use crate::service::listen::{self, Carriers};
use crate::service::s3::http_date;
use crate::service::signature::{SKEW_MAX, Signed, header_signature_holds};
use crate::trace::RequestNote;

/// A request is at most so large (DynamoDB, BatchWriteItem: 16 MB).
const BODY_BYTES_MAX: usize = 16 << 20;
/// A connection without a request is closed after so long. Ours.
const IDLE: Duration = Duration::from_secs(60);
/// A scan gives so many items.
const SCAN_MAX: usize = 1_000;

/// DynamoDB as it answers in one region. Shared by all connections of the region.
pub struct DynamoDbFront {
    region: RegionName,
    calendar: Calendar,
    tables: Arc<Tables>,
    access: Arc<Access>,
    ids: Mutex<Rng>,
}

/// An error as DynamoDB tells it: always with status 400, unless it is its own fault (facts.md D5).
struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<TableError> for Refusal {
    fn from(error: TableError) -> Self {
        match error {
            TableError::NotFound => Self::new("ResourceNotFoundException", "Requested resource not found"),
            TableError::Exists => Self::new("ResourceInUseException", "Table already exists"),
            TableError::NoKey => Self::new("ValidationException", "The provided key element does not match the schema"),
            TableError::Limit => Self::new("LimitExceededException", "More than this world keeps"),
        }
    }
}

/// A request as it was read.
struct Asked {
    action: String,
    table: String,
    body: Map<String, Value>,
    signer: Option<String>,
    account: AccountId,
}

impl DynamoDbFront {
    /// The front end of `region` over a world's tables and identities; its request ids follow from the seed.
    pub fn new(region: RegionName, calendar: Calendar, tables: Arc<Tables>, access: Arc<Access>, seed: u64) -> Self {
        let ids = Mutex::new(Rng::stream(seed, &format!("service/dynamodb/{region}")));
        Self { region, calendar, tables, access, ids }
    }

    /// Serves a connection until either end is done with it.
    pub(super) async fn serve<I>(&self, io: I, peer: Peer, around: Rc<dyn Around>) -> Result<(), hyper::Error>
    where
        I: Read + Write + Unpin,
    {
        let session = Session::new(peer, around);
        let limits = Limits { idle: IDLE, body: IDLE };
        serve_connection(io, limits, &session, |request| self.answer(request, &session)).await
    }

    async fn answer(&self, request: Request<Incoming>, session: &Session) -> Response<Full<Bytes>> {
        let _open = session.begin();
        let (peer, around) = (&session.peer, &session.around);
        let mut note = line(peer);
        let (head, body) = request.into_parts();
        let read = read_whole(body).await;
        note.bytes_received = read.as_ref().map_or(0, |body| body.len() as u64);
        let request = Request::from_parts(head, ());
        let answered = match read {
            Some(body) => self.handle(&request, &body, peer, around, &mut note),
            None => Err(Refusal::new("SerializationException", "The request could not be read")),
        };
        let (status, body) = match answered {
            Ok(body) => (StatusCode::OK, body),
            Err(refusal) => {
                note.error = refusal.code.to_owned();
                let body = json!({
                    "__type": format!("com.amazonaws.dynamodb.v20120810#{}", refusal.code),
                    "message": refusal.message,
                });
                (StatusCode::BAD_REQUEST, body)
            }
        };
        let body = Bytes::from(body.to_string());
        note.status = status.as_u16();
        note.bytes_sent = body.len() as u64;
        around.log(note);
        self.respond(status, body, &http_date(self.calendar.date(around.now())))
    }

    fn respond(&self, status: StatusCode, body: Bytes, date: &str) -> Response<Full<Bytes>> {
        let id = {
            const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
            let mut rng = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            (0..52).map(|_| char::from(LETTERS[rng.below(32) as usize])).collect::<String>()
        };
        let checksum = crc32(&body).to_string();
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        headers.insert(header::SERVER, HeaderValue::from_static("Server"));
        for (name, value) in [("date", date), ("x-amzn-requestid", id.as_str()), ("x-amz-crc32", checksum.as_str())] {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        response
    }

    fn handle(
        &self,
        request: &Request<()>,
        body: &[u8],
        peer: &Peer,
        around: &Rc<dyn Around>,
        note: &mut RequestNote,
    ) -> Result<Value, Refusal> {
        let date = self.calendar.date(around.now());
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("");
        let action = target.strip_prefix("DynamoDB_20120810.").unwrap_or("");
        if !ACTIONS.contains(&action) {
            return Err(Refusal::new("UnknownOperationException", ""));
        }
        note.operation = action.to_owned();
        let signer = self.signer(request, body, date, note)?;
        let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(body) else {
            return Err(Refusal::new("SerializationException", "Start of structure or map found where not expected."));
        };
        let table = body.get("TableName").and_then(Value::as_str).unwrap_or("").to_owned();
        if !table.is_empty() {
            note.bucket.clone_from(&table);
        }
        let account = match signer.as_deref().and_then(|key| self.access.holder(key)) {
            Some(holder) => holder.account().cloned().unwrap_or_else(|| self.access.account().clone()),
            None => self.access.account().clone(),
        };
        let asked = Asked { action: action.to_owned(), table, body, signer, account };
        self.judge(&asked, peer, date, note)?;
        if asked.table.is_empty() && asked.action != "ListTables" {
            let message = "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member \
                           must not be null";
            return Err(Refusal::new("ValidationException", message));
        }
        self.perform(&asked)
    }

    /// Who signed; nobody in an open world.
    fn signer(
        &self,
        request: &Request<()>,
        body: &[u8],
        date: time::OffsetDateTime,
        note: &mut RequestNote,
    ) -> Result<Option<String>, Refusal> {
        let Some(signed) = Signed::in_headers(request.headers()) else {
            return if self.access.is_open() {
                Ok(None)
            } else {
                Err(Refusal::new("MissingAuthenticationTokenException", "Request is missing Authentication Token"))
            };
        };
        let invalid = |message: &str| Refusal::new("InvalidSignatureException", message);
        if signed.region != self.region.as_str() {
            return Err(invalid("Credential should be scoped to a valid region."));
        }
        if signed.date.is_none_or(|at| SKEW_MAX < (date - at).unsigned_abs()) {
            return Err(invalid("Signature expired"));
        }
        let Some(secret) = self.access.secret(&signed.access_key) else {
            let message = "The security token included in the request is invalid.";
            return Err(Refusal::new("UnrecognizedClientException", message));
        };
        if let Some(holder) = self.access.holder(&signed.access_key).as_ref().and_then(|holder| holder.identity()) {
            note.requester = holder.arn().to_owned();
        }
        if !header_signature_holds(request, body, &signed, &secret, "dynamodb") {
            return Err(invalid(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            ));
        }
        Ok(Some(signed.access_key))
    }

    fn judge(
        &self,
        asked: &Asked,
        peer: &Peer,
        date: time::OffsetDateTime,
        note: &mut RequestNote,
    ) -> Result<(), Refusal> {
        let action = format!("dynamodb:{}", asked.action);
        let arn = format!("arn:aws:dynamodb:{}:{}:table/{}", self.region, asked.account, asked.table);
        let arn = if asked.table.is_empty() { "*".to_owned() } else { arn };
        let principal = self.access.principal(asked.signer.as_deref(), &asked.account);
        let user = principal.identity().map_or("anonymous", |identity| identity.arn()).to_owned();
        let mut request =
            RequestContext::new(self.access.era(), principal, action.as_str(), arn.as_str(), &asked.account)
                .at(date)
                .secure_transport(peer.port == 443)
                .to_region(self.region.as_str());
        if let Some(key) = leading_key(&asked.body) {
            request.set(ConditionKey::DynamodbLeadingKeys, KeyValue::List(vec![key]));
        }
        let request = match &peer.through {
            Some(through) => request.through_endpoint(&through.endpoint, &through.vpc, peer.source.ip()),
            None => request.from_address(peer.source.ip()),
        };
        let endpoint = peer.through.as_ref().map(|through| through.endpoint.as_str());
        // Tables have no policies of their own in the document's time (facts.md D2).
        let decision = self.access.decide(&request, asked.signer.as_deref(), None, endpoint);
        if decision.is_allowed() {
            return Ok(());
        }
        note.because = decision.explanation().to_string();
        let message = format!("User: {user} is not authorized to perform: {action} on resource: {arn}");
        Err(Refusal::new("AccessDeniedException", message))
    }

    fn perform(&self, asked: &Asked) -> Result<Value, Refusal> {
        let at = (&asked.account, &self.region);
        let table = asked.table.as_str();
        let part = |name: &str| -> Result<Item, Refusal> {
            let part = asked.body.get(name).and_then(Value::as_object).cloned();
            part.ok_or_else(|| Refusal::new("ValidationException", format!("{name} is missing")))
        };
        let item = |item: Option<Item>| item.map_or_else(|| json!({}), |item| json!({"Item": item}));
        Ok(match asked.action.as_str() {
            "ListTables" => json!({"TableNames": self.tables.names(&asked.account, &self.region)}),
            "CreateTable" => {
                let key = asked.body.get("KeySchema").and_then(|schema| schema.get(0)?.get("AttributeName")?.as_str());
                let key = key.ok_or_else(|| Refusal::new("ValidationException", "KeySchema is missing"))?;
                self.tables.create(&asked.account, &self.region, table, key)?;
                json!({"TableDescription": self.description(asked, key, 0)})
            }
            "DescribeTable" => {
                let (key, count) = self.tables.describe(at, table)?;
                json!({"Table": self.description(asked, &key, count)})
            }
            "DeleteTable" => {
                let (key, count) = self.tables.describe(at, table)?;
                self.tables.delete(&asked.account, &self.region, table)?;
                json!({"TableDescription": self.description(asked, &key, count)})
            }
            "PutItem" => {
                self.tables.put(at, table, part("Item")?)?;
                json!({})
            }
            "GetItem" => item(self.tables.get(at, table, &part("Key")?)?),
            "DeleteItem" => {
                self.tables.remove(at, table, &part("Key")?)?;
                json!({})
            }
            "UpdateItem" => {
                let key = part("Key")?;
                let old = self.tables.get(at, table, &key)?.unwrap_or_default();
                let mut new: Item = old.into_iter().chain(key).collect();
                update(&mut new, asked.body.get("AttributeUpdates"))?;
                self.tables.put(at, table, new)?;
                json!({})
            }
            _ => {
                let items = self.tables.scan(at, table, SCAN_MAX)?;
                json!({"Count": items.len(), "ScannedCount": items.len(), "Items": items})
            }
        })
    }

    fn description(&self, asked: &Asked, key: &str, count: usize) -> Value {
        json!({
            "TableName": asked.table,
            "TableStatus": "ACTIVE",
            "TableArn": format!("arn:aws:dynamodb:{}:{}:table/{}", self.region, asked.account, asked.table),
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "ItemCount": count,
        })
    }
}

/// The actions that are modeled.
const ACTIONS: [&str; 9] = [
    "ListTables",
    "CreateTable",
    "DescribeTable",
    "DeleteTable",
    "PutItem",
    "GetItem",
    "DeleteItem",
    "UpdateItem",
    "Scan",
];

/// Carries out `AttributeUpdates`; the newer update expressions are not modeled.
fn update(item: &mut Item, updates: Option<&Value>) -> Result<(), Refusal> {
    for (name, update) in updates.and_then(Value::as_object).into_iter().flatten() {
        match (update.get("Action").and_then(Value::as_str).unwrap_or("PUT"), update.get("Value")) {
            ("PUT", Some(value)) => {
                item.insert(name.clone(), value.clone());
            }
            ("DELETE", None) => {
                item.remove(name);
            }
            _ => {
                return Err(Refusal::new("ValidationException", "only PUT and DELETE of whole attributes are modeled"));
            }
        }
    }
    Ok(())
}

/// The first value of the key or item: the partition key, as policies ask for it.
fn leading_key(body: &Map<String, Value>) -> Option<String> {
    let part = body.get("Key").or_else(|| body.get("Item"))?.as_object()?;
    let typed = part.values().next()?.as_object()?;
    typed.values().next()?.as_str().map(str::to_owned)
}

async fn read_whole(mut body: Incoming) -> Option<BytesMut> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.ok()?;
        let Some(data) = frame.data_ref() else { continue };
        if BODY_BYTES_MAX < all.len() + data.len() {
            return None;
        }
        all.extend_from_slice(data);
    }
    Some(all)
}

fn line(peer: &Peer) -> RequestNote {
    RequestNote {
        service: "dynamodb".to_owned(),
        connection: peer.connection,
        source: peer.source.ip(),
        source_port: peer.source.port(),
        endpoint: peer.through.as_ref().map(|through| through.endpoint.clone()),
        vpc: peer.through.as_ref().map(|through| through.vpc.clone()),
        requester: "-".to_owned(),
        operation: "-".to_owned(),
        bucket: "-".to_owned(),
        key: "-".to_owned(),
        status: 400,
        error: String::new(),
        because: String::new(),
        bytes_sent: 0,
        bytes_received: 0,
    }
}

/// CRC-32 as Ethernet has it; SDKs compare it with the body.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Accepts connections on both ports for ever, each served by a task of its own.
pub fn listen(net: &Net, front: &Rc<DynamoDbFront>, carriers: &Carriers) -> Result<(), NetError> {
    let front = Rc::clone(front);
    listen::listen(net, carriers, move |stream, peer, around| {
        let front = Rc::clone(&front);
        Box::pin(async move {
            // How the connection ended is told by its host's own notes.
            let _ = front.serve(stream, peer, around).await;
        })
    })
}
