//! A rig for tests of this room: the bed of `route-switch.md` out of real boxes and hosts, small enough to read. A client
//! in a private subnet, a NAT gateway, an internet gateway, the internet, an endpoint that no route leads to yet, and S3.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::base::{Cidr, Era, PrefixTable, SimTime};
use crate::data_plane::{
    Attachment, Fib, FibEntry, GatewayEndpoint, Interface, Internet, InternetGateway, NatGateway, NextHop, Ports,
    StatelessFilter, StatelessRule, SubnetEdge, VpcRouter,
};
use crate::engine::{Engine, LineSpec, LinkSpec, Stop};
use crate::host::{Host, HostConfig, Net, TcpStream};
use crate::provision::nat_limits;
use crate::trace::{
    Citations, Cite, CiteId, Component, Directory, NodeId, NodeInfo, Observer, PortId, ProgramId, ProgramInfo,
    ProgramKind,
};

pub(crate) const CLIENT: &str = "10.0.1.10";
pub(crate) const S3: &str = "52.218.160.10";
const SERVICE_BLOCK: &str = "52.218.128.0/17";

/// The bed.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) citations: Citations,
    pub(crate) directory: Directory,
    pub(crate) client: NodeId,
    pub(crate) s3: NodeId,
    pub(crate) router: NodeId,
    endpoint_port: PortId,
    nat_port: PortId,
    to_nat: CiteId,
    to_endpoint: CiteId,
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn block(text: &str) -> Cidr {
    Cidr::parse(text).expect("a block")
}

fn delayed(micros: u64) -> LinkSpec {
    LinkSpec::both(LineSpec::delayed(Duration::from_micros(micros), 1_500))
}

impl Rig {
    pub(crate) fn new() -> Self {
        let mut engine = Engine::new();
        let mut citations = Citations::new();
        let mut directory = Directory::default();
        let mut name = |id: NodeId, component: Component, resource: &str, name: &str, addresses: &[&str]| {
            let addresses: Vec<_> = addresses.iter().map(|text| ip(text)).collect();
            directory.addresses.extend(addresses.iter().map(|address| (*address, name.to_owned())));
            directory.nodes.push(NodeInfo { component, id: resource.to_owned(), name: name.to_owned(), addresses });
            assert_eq!(directory.nodes.len(), id.0 as usize + 1, "nodes are named in order");
        };
        let mut cite = |component, id: &str, name: &str, detail: &str| {
            citations.intern(Cite::new(component, id, name).detail(detail))
        };
        let vpc = vec![block("10.0.0.0/16")];
        let host = |name: &str, addresses: &[&str]| {
            Host::new(HostConfig::new(name, 7, addresses.iter().map(|text| ip(text)).collect::<Vec<_>>()))
        };

        let client = engine.add(host("client", &[CLIENT]));
        name(client, Component::Instance, "i-0c11e47", "client", &[CLIENT]);
        let s3 = engine.add(host("s3", &[S3]));
        name(s3, Component::Service, "com.amazonaws.us-east-1.s3", "s3", &[S3]);

        let mut main = VpcRouter::new(vpc.clone(), cite(Component::Vpc, "vpc-1a2b3c4d", "main", ""));
        let endpoint_port = main.attach(Attachment::Gateway);
        let igw_port = main.attach(Attachment::InternetGateway);
        let mut nat_interface = Interface::new([ip("10.0.0.5")], 0, None);
        nat_interface.source_dest_check = false;
        let nat_port = main.attach(Attachment::Interface(Box::new(nat_interface)));
        let client_port = main.attach(Attachment::Interface(Box::new(Interface::new([ip(CLIENT)], 1, None))));
        let all = |by| StatelessRule { protocol: None, ports: Ports::Any, block: Cidr::ALL_V4, allow: true, by };
        let entry = cite(Component::NetworkAcl, "acl-5fb85d36", "", "rule 100: allow all from 0.0.0.0/0");
        let acl = Rc::new(StatelessFilter { ingress: vec![all(entry)], egress: vec![all(entry)] });
        let to_igw = cite(Component::Route, "rtb-0a1b2c3d", "public", "0.0.0.0/0 → igw");
        let to_nat = cite(Component::Route, "rtb-22574640", "private", "0.0.0.0/0 → nat");
        let routes = |block: &str| format!("pl-68a54001 ({block}) → s3-endpoint");
        let to_endpoint =
            Cite::new(Component::Route, "rtb-22574640", "private").detail(routes(SERVICE_BLOCK)).rule("R12");
        let mut public = Fib::new(cite(Component::RouteTable, "rtb-0a1b2c3d", "public", ""));
        public.insert(Cidr::ALL_V4, FibEntry { hop: NextHop::Gateway(igw_port), by: to_igw });
        let local = cite(Component::Route, "rtb-0a1b2c3d", "public", "10.0.0.0/16 → local");
        public.insert(block("10.0.0.0/16"), FibEntry { hop: NextHop::Local, by: local });
        let nat_cite = cite(Component::NatGateway, "nat-05dba92075d71c408", "nat", "");
        let igw_cite = cite(Component::InternetGateway, "igw-eaad4883", "igw", "");
        let internet_cite = cite(Component::Internet, "internet", "internet", "");
        let endpoint_cite = cite(Component::VpcEndpoint, "vpce-1a2b3c4d", "s3-endpoint", "");
        let to_endpoint = citations.intern(to_endpoint);
        for (network, fib) in [("10.0.0.0/24", public), ("10.0.1.0/24", Fib::new(CiteId::NONE))] {
            let network = block(network);
            let router = network.network();
            main.subnets.push(SubnetEdge { blocks: vec![network], acl: acl.clone(), fib: Rc::new(fib), router });
        }
        let router = engine.add(main);
        name(router, Component::Vpc, "vpc-1a2b3c4d", "main", &[]);

        let nat = engine.add(NatGateway::new(ip("10.0.0.5"), vpc, nat_limits(Era::Y2017), nat_cite));
        name(nat, Component::NatGateway, "nat-05dba92075d71c408", "nat", &["10.0.0.5", "203.0.113.10"]);
        let mut gateway = InternetGateway::new(igw_cite);
        gateway.associate(ip("10.0.0.5"), ip("203.0.113.10"));
        let igw = engine.add(gateway);
        name(igw, Component::InternetGateway, "igw-eaad4883", "igw", &[]);
        let mut outside = Internet::new(false, ip("192.0.2.1"), internet_cite);
        outside.route(block("203.0.113.0/24"), PortId(0));
        outside.route(block(SERVICE_BLOCK), PortId(1));
        let internet = engine.add(outside);
        name(internet, Component::Internet, "internet", "internet", &[]);
        let mut list = PrefixTable::new();
        list.insert(block(SERVICE_BLOCK), ());
        let endpoint = engine.add(GatewayEndpoint::new(Rc::new(list), endpoint_cite));
        name(endpoint, Component::VpcEndpoint, "vpce-1a2b3c4d", "s3-endpoint", &[]);

        engine.connect((client, PortId(0)), (router, client_port), delayed(100));
        engine.connect((nat, NatGateway::INTERFACE), (router, nat_port), LinkSpec::both(LineSpec::DIRECT));
        engine.connect((router, igw_port), (igw, InternetGateway::VPC), LinkSpec::both(LineSpec::DIRECT));
        engine.connect((igw, InternetGateway::INTERNET), (internet, PortId(0)), delayed(5_000));
        engine.connect((internet, PortId(1)), (s3, PortId(0)), delayed(5_400));
        engine.connect((router, endpoint_port), (endpoint, GatewayEndpoint::VPC), LinkSpec::both(LineSpec::DIRECT));
        engine.connect((endpoint, GatewayEndpoint::SERVICE), (s3, PortId(1)), delayed(4_400));
        let mut rig =
            Self { engine, citations, directory, client, s3, router, endpoint_port, nat_port, to_nat, to_endpoint };
        rig.set_private(&[(Cidr::ALL_V4, NextHop::Interface(rig.nat_port), rig.to_nat)]);
        rig
    }

    /// The private table with a route to the endpoint, as creating it leaves it.
    pub(crate) fn create_endpoint(&mut self, observer: &mut dyn Observer) {
        self.set_private(&[
            (Cidr::ALL_V4, NextHop::Interface(self.nat_port), self.to_nat),
            (block(SERVICE_BLOCK), NextHop::Gateway(self.endpoint_port), self.to_endpoint),
        ]);
        observer.learn(&self.citations, &self.directory);
        observer.change(self.engine.now(), "CreateVpcEndpoint s3-endpoint in private", None);
    }

    /// The private table without a route to anywhere outside.
    pub(crate) fn delete_default_route(&mut self, observer: &mut dyn Observer) {
        self.set_private(&[]);
        observer.learn(&self.citations, &self.directory);
        observer.change(self.engine.now(), "DeleteRoute 0.0.0.0/0 of private", None);
    }

    fn set_private(&mut self, routes: &[(Cidr, NextHop, CiteId)]) {
        let none = self.citations.intern(Cite::new(Component::RouteTable, "rtb-22574640", "private").rule("R01"));
        let local = Cite::new(Component::Route, "rtb-22574640", "private").detail("10.0.0.0/16 → local");
        let local = self.citations.intern(local);
        let mut fib = Fib::new(none);
        fib.insert(block("10.0.0.0/16"), FibEntry { hop: NextHop::Local, by: local });
        for (block, hop, by) in routes {
            fib.insert(*block, FibEntry { hop: *hop, by: *by });
        }
        let router = self.engine.node_mut::<VpcRouter>(self.router).expect("the router");
        router.subnets[1].fib = Rc::new(fib);
        router.touch();
    }

    pub(crate) fn run_on<F: Future<Output = ()> + 'static>(
        &mut self,
        node: NodeId,
        (name, what): (&str, &str),
        observer: &mut dyn Observer,
        work: impl FnOnce(Net) -> F,
    ) {
        let program = ProgramId(self.directory.programs.len() as u32);
        self.directory.programs.push(ProgramInfo {
            name: name.into(),
            node,
            kind: ProgramKind::Tcp,
            what: what.into(),
        });
        observer.learn(&self.citations, &self.directory);
        self.engine.with(node, observer, |host: &mut Host, out| host.run(Some(program), out, work));
    }

    /// S3's front end as far as these tests need one: takes bytes on 443, and sends them back if it is to.
    pub(crate) fn serve(&mut self, echoes: bool, observer: &mut dyn Observer) {
        self.run_on(self.s3, ("front", "takes bytes"), observer, move |net| async move {
            let listener = net.listen(443, 16).expect("a free port");
            while let Ok(stream) = listener.accept().await {
                net.spawn(answer(stream, echoes));
            }
        });
    }

    pub(crate) fn until(&mut self, at: SimTime, observer: &mut dyn Observer) {
        assert_ne!(self.engine.run_until(at, 10_000_000, observer), Stop::BudgetSpent);
    }
}

async fn answer(stream: TcpStream, echoes: bool) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            return stream.close();
        }
        if echoes && stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// The service's address and port.
pub(crate) fn service() -> SocketAddr {
    SocketAddr::new(ip(S3), 443)
}

/// A sink that a test can look into while others hold it.
#[derive(Clone, Default)]
pub(crate) struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).expect("text")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
