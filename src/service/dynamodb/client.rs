//! A program that asks DynamoDB one thing, as often and as patiently as its spec says.

use std::net::SocketAddr;
use std::rc::Rc;

use http::Request;
use serde_json::{Value, json};

use crate::base::Calendar;
use crate::host::ConnectOptions;
use crate::service::http_client::{ExchangeError, HttpConnection, SendBody};
use crate::service::machine::Machine;
use crate::service::s3::Content;
use crate::service::s3_client::{ClientError, wait_before};
use crate::service::signature::{SigningScope, sign_headers};
use crate::service::spec::DynamoDbSpec;
use crate::service::traffic::Totals;
use crate::trace::ProgramNote;

/// Asks as the spec says, and says what came of it.
pub async fn dynamodb<M: Machine>(machine: M, calendar: Calendar, spec: DynamoDbSpec) {
    machine.note(ProgramNote::Started);
    let mut client = Client { machine: machine.clone(), calendar, totals: Rc::default(), open: None };
    let mut done = String::new();
    for time in 0..spec.repeat.count.max(1) {
        if 0 < time {
            if !spec.repeat.same_connection {
                client.open = None;
            }
            client.idle(&spec).await;
        }
        match client.patiently(&spec).await {
            Ok(what) => done = what,
            Err(error) => {
                client.totals.settle(|note| machine.note(note));
                return machine.note(error.note());
            }
        }
    }
    client.totals.settle(|note| machine.note(note));
    drop(client);
    let what = if 1 < spec.repeat.count { format!("{} times: {done}", spec.repeat.count) } else { done };
    machine.note(ProgramNote::Completed { what });
}

struct Client<M: Machine> {
    machine: M,
    calendar: Calendar,
    totals: Rc<Totals>,
    open: Option<HttpConnection<M>>,
}

impl<M: Machine> Client<M> {
    async fn patiently(&mut self, spec: &DynamoDbSpec) -> Result<String, ClientError> {
        let mut failed = 0;
        loop {
            let error = match self.once(spec).await {
                Ok(what) => return Ok(what),
                Err(error) => error,
            };
            if spec.retry.attempts <= failed || !error.is_worth_a_retry() {
                return Err(error);
            }
            self.open = None;
            let after = wait_before(&spec.retry, failed);
            failed += 1;
            let (because, cause) = (error.to_string(), error.cause());
            self.machine.note(ProgramNote::Retrying { attempt: failed + 1, after, because, cause });
            self.machine.wait(after).await;
        }
    }

    async fn once(&mut self, spec: &DynamoDbSpec) -> Result<String, ClientError> {
        let host = format!("dynamodb.{}.amazonaws.com", spec.region);
        if !self.open.as_ref().is_some_and(HttpConnection::is_open) {
            self.open = None;
            self.open = Some(self.connect(&host, spec).await?);
        }
        let what = format!("{} {}", spec.action, spec.table).trim_end().to_owned();
        let request = self.request(spec, &host)?;
        self.machine.note(ProgramNote::Request { what: what.clone() });
        let Some(connection) = &mut self.open else { return Err(ExchangeError::Closed.into()) };
        let (head, mut body) = connection.send(request).await?.into_parts();
        let body = connection.whole(&mut body).await?;
        let status = head.status.as_u16();
        if head.status.is_success() {
            self.machine.note(ProgramNote::Response { status, what: "OK".to_owned() });
            return Ok(what);
        }
        let told: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let code = text("__type").rsplit('#').next().unwrap_or("").to_owned();
        let message = text("message");
        self.machine.note(ProgramNote::Response { status, what: format!("{code}: {message}") });
        Err(ClientError::Answer { status, code, message })
    }

    fn request(&self, spec: &DynamoDbSpec, host: &str) -> Result<Request<SendBody>, ClientError> {
        let wrong = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
        let body = body_of(&spec.action, &spec.table).to_string();
        let mut request = Request::post("/")
            .header("host", host)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{}", spec.action))
            .body(SendBody::of(&Content::from_bytes(body.clone())))
            .map_err(|error| wrong(&error))?;
        if let Some(credentials) = &spec.credentials {
            let date = self.calendar.date(self.machine.now());
            let scope = SigningScope { service: "dynamodb", region: spec.region.as_str(), date };
            sign_headers(&mut request, Some(body.as_bytes()), credentials, scope).map_err(|error| wrong(&error))?;
        }
        Ok(request)
    }

    async fn connect(&self, host: &str, spec: &DynamoDbSpec) -> Result<HttpConnection<M>, ClientError> {
        let addresses = self.machine.resolve(host).await.map_err(ClientError::Resolve)?;
        self.machine.note(ProgramNote::Resolved { name: host.to_owned(), addresses: addresses.clone() });
        let nothing = || ClientError::Resolve(format!("could not resolve host {host}: no address of ours"));
        let address = *addresses.first().ok_or_else(nothing)?;
        let begun = self.machine.now();
        let options = ConnectOptions { timeout: spec.connect_timeout, ..ConnectOptions::default() };
        let stream = self.machine.connect(SocketAddr::new(address, spec.port), options).await;
        let stream = stream.map_err(|error| ClientError::Connect { error, after: self.machine.now().since(begun) })?;
        Ok(HttpConnection::over(&self.machine, stream, &self.totals, spec.read_timeout).await?)
    }

    async fn idle(&mut self, spec: &DynamoDbSpec) {
        let length = spec.repeat.pause;
        if length.is_zero() {
            return;
        }
        self.machine.note(ProgramNote::Idle { length });
        match &mut self.open {
            Some(connection) => connection.idle(length).await,
            None => self.machine.wait(length).await,
        }
    }
}

/// What an action says: about the one item whose key `id` is `1`, in a table whose key is `id`.
fn body_of(action: &str, table: &str) -> Value {
    let key = json!({"id": {"S": "1"}});
    let mut body = match action {
        "CreateTable" => json!({
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        }),
        "PutItem" => json!({"Item": key}),
        "GetItem" | "DeleteItem" => json!({"Key": key}),
        "UpdateItem" => json!({"Key": key, "AttributeUpdates": {"seen": {"Value": {"BOOL": true}, "Action": "PUT"}}}),
        _ => json!({}),
    };
    if !table.is_empty() {
        body["TableName"] = json!(table);
    }
    body
}
