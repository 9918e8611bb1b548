//! From a spec to a running program: which of this floor's programs does it, and what people call it. Runs nothing
//! itself.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::dynamodb::dynamodb;
use super::lookup::Lookup;
use super::machine::HostMachine;
use super::s3::{ObjectStore, show_bytes};
use super::spec::{Does, S3Operation, Service, Target, TcpStep, TracerouteBy};
use super::{http, ping, resolve, s3_client, serve, tcp, traceroute, udp};
use crate::base::Calendar;
use crate::engine::Effects;
use crate::host::{Host, Net};
use crate::service::spec::ProgramSpec;
use crate::trace::{ProgramId, ProgramKind, ProgramNote};

/// What programs find around them.
pub struct Surroundings<'a> {
    /// How names are looked up.
    pub lookup: Lookup,
    /// The world's calendar, for signatures.
    pub calendar: Calendar,
    /// All of S3's objects: a download is compared with what stands there when the program starts.
    pub objects: &'a ObjectStore,
}

/// Ends a program from outside, as a signal that cannot be caught would.
#[derive(Default)]
pub struct Switch {
    off: Cell<bool>,
    ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Switch {
    /// Whether the program has ended, by itself or by the switch.
    pub fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Ends the program; its host has to be given a turn.
    pub fn turn_off(&self) {
        self.off.set(true);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }
}

/// Starts a program on a host. The switch ends it before its time.
pub fn launch(
    host: &mut Host,
    id: ProgramId,
    spec: &ProgramSpec,
    around: &Surroundings<'_>,
    out: &mut Effects<'_>,
) -> Rc<Switch> {
    let switch = Rc::new(Switch::default());
    let (lookup, calendar) = (around.lookup.clone(), around.calendar);
    let mut run = |work: Box<dyn FnOnce(Net) -> Work>| {
        let switch = Rc::clone(&switch);
        host.run(Some(id), out, |net| unless_off(switch, net.clone(), work(net)));
    };
    match spec.does.clone() {
        Does::S3(spec) => {
            let expected = match &spec.operation {
                S3Operation::Get { bucket, key, .. } => around.objects.object(bucket, key).ok().map(|o| o.content),
                _ => None,
            };
            run(Box::new(move |net| Box::pin(s3_client::run(HostMachine::new(net, lookup), calendar, spec, expected))));
        }
        Does::Tcp(spec) => run(Box::new(move |net| Box::pin(tcp(net, spec, lookup)))),
        Does::Serve(spec) => run(Box::new(move |net| Box::pin(serve(net, spec)))),
        Does::Udp(spec) => run(Box::new(move |net| Box::pin(udp(net, spec, lookup)))),
        Does::Ping(spec) => run(Box::new(move |net| Box::pin(ping(net, spec, lookup)))),
        Does::Traceroute(spec) => run(Box::new(move |net| Box::pin(traceroute(net, spec, lookup)))),
        Does::Resolve(spec) => run(Box::new(move |net| Box::pin(resolve(net, spec, lookup)))),
        Does::Http(spec) => run(Box::new(move |net| Box::pin(http(HostMachine::new(net, lookup), spec)))),
        Does::DynamoDb(spec) => {
            run(Box::new(move |net| Box::pin(dynamodb(HostMachine::new(net, lookup), calendar, spec))));
        }
    }
    switch
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Runs a program until it ends or is switched off; then its connections are closed, as a kernel does.
async fn unless_off(switch: Rc<Switch>, net: Net, mut work: Work) {
    let off = poll_fn(|cx| {
        if switch.off.get() {
            return Poll::Ready(true);
        }
        *switch.waker.borrow_mut() = Some(cx.waker().clone());
        work.as_mut().poll(cx).map(|()| false)
    });
    let off = off.await;
    switch.ended.set(true);
    if off {
        net.note(ProgramNote::Failed { error: "killed".to_owned(), cause: None });
    }
}

/// What kind of program it is.
pub const fn kind(does: &Does) -> ProgramKind {
    match does {
        Does::S3(_) => ProgramKind::S3,
        Does::DynamoDb(_) => ProgramKind::DynamoDb,
        Does::Http(_) => ProgramKind::Http,
        Does::Tcp(_) => ProgramKind::Tcp,
        Does::Serve(_) => ProgramKind::Server,
        Does::Udp(_) => ProgramKind::Udp,
        Does::Ping(_) => ProgramKind::Ping,
        Does::Traceroute(_) => ProgramKind::Traceroute,
        Does::Resolve(_) => ProgramKind::Resolve,
    }
}

/// What a program does, in a few words: `s3 put data/up.bin (8 MiB)`.
pub fn in_words(does: &Does) -> String {
    match does {
        Does::S3(spec) => match &spec.operation {
            S3Operation::Get { bucket, key, .. } => format!("s3 get {bucket}/{key}"),
            S3Operation::Put { bucket, key, body, .. } => format!("s3 put {bucket}/{key} ({})", show_bytes(body.len())),
            S3Operation::Head { bucket, key } => format!("s3 head {bucket}/{key}"),
            S3Operation::Delete { bucket, key } => format!("s3 delete {bucket}/{key}"),
            S3Operation::List { bucket, prefix } => format!("s3 list {bucket}/{prefix}"),
            S3Operation::ListBuckets => "s3 list buckets".to_owned(),
            S3Operation::Location { bucket } => format!("s3 location of {bucket}"),
            S3Operation::CreateBucket { bucket } => format!("s3 create bucket {bucket}"),
            S3Operation::Copy { from_bucket, from_key, bucket, key } => {
                format!("s3 copy {from_bucket}/{from_key} to {bucket}/{key}")
            }
        },
        Does::DynamoDb(spec) => format!("dynamodb {} {}", spec.action, spec.table).trim_end().to_owned(),
        Does::Http(spec) => format!("http {} {}:{}{}", spec.method, target(&spec.to), spec.port, spec.path),
        Does::Tcp(spec) => {
            let steps: Vec<String> = spec.script.iter().map(step).collect();
            format!("tcp {}:{} {}", target(&spec.to), spec.port, steps.join(", ")).trim_end().to_owned()
        }
        Does::Serve(spec) => format!("{} on port {}", service(&spec.service), spec.port),
        Does::Udp(spec) => format!("udp {}:{}", target(&spec.to), spec.port),
        Does::Ping(spec) => format!("ping {}", target(&spec.to)),
        Does::Traceroute(spec) => {
            let by = match spec.by {
                TracerouteBy::Udp { .. } => "udp",
                TracerouteBy::Icmp => "icmp",
                TracerouteBy::Tcp { .. } => "tcp",
            };
            format!("traceroute {} by {by}", target(&spec.to))
        }
        Does::Resolve(spec) => format!("resolve {}", spec.name),
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Address(address @ IpAddr::V6(_)) => format!("[{address}]"),
        Target::Address(address) => address.to_string(),
        Target::Name(name) => name.clone(),
    }
}

fn step(step: &TcpStep) -> String {
    match step {
        TcpStep::Send(bytes) => format!("send {}", show_bytes(*bytes)),
        TcpStep::Receive(bytes) => format!("receive {}", show_bytes(*bytes)),
        TcpStep::ReceiveAll => "receive all".to_owned(),
        TcpStep::Idle(length) => format!("idle {}", crate::base::show_duration(*length)),
        TcpStep::Hold => "hold".to_owned(),
        TcpStep::Close => "close".to_owned(),
        TcpStep::Abort => "abort".to_owned(),
    }
}

fn service(service: &Service) -> &'static str {
    match service {
        Service::Echo => "echo",
        Service::Sink => "sink",
        Service::Source { .. } => "source",
        Service::Script(_) => "script",
        Service::Http { .. } => "http",
        Service::UdpEcho => "udp echo",
        Service::UdpSink => "udp sink",
        Service::Dns { .. } => "dns",
    }
}
