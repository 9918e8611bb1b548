//! The spine, without scenario files: a world made by actions, real packets across it, an endpoint created under an
//! open connection.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Checks, Simulation};
use crate::base::*;
use crate::control_plane::*;
use crate::host::{Host, NetError, Probe, ProbeKind, TcpStream};
use crate::provision::Settings;
use crate::service::s3::FrontSettings;
use crate::trace::{NodeId, Observers};

fn scope() -> Scope {
    Scope::new(AccountId::parse("123456789012").expect("an account"), RegionName::parse("us-west-2").expect("a region"))
}

fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect(text)
}

struct Lab {
    world: World,
    at: SimTime,
}

impl Lab {
    fn new() -> Self {
        let mut world = World::new(Era::Y2017);
        world.open(&scope());
        Self { world, at: SimTime::ZERO }
    }

    fn act(&mut self, action: impl Into<Action>) {
        let call = Call::admin(scope());
        let action = action.into();
        self.world.apply(&call, &action, self.at).unwrap_or_else(|error| panic!("{}: {error}", action.name()));
    }
}

/// A VPC with a public subnet that holds a NAT gateway, and a private one that holds the client.
fn with_nat() -> Lab {
    let mut lab = Lab::new();
    let vpc = VpcId::of_name("main", 8);
    let (public, private) = (SubnetId::of_name("public", 8), SubnetId::of_name("private", 8));
    let (public_table, private_table) = (RouteTableId::of_name("public", 8), RouteTableId::of_name("private", 8));
    let (igw, nat) = (InternetGatewayId::of_name("igw", 8), NatGatewayId::of_name("nat", 8));
    let eip = AllocationId::of_name("nat", 8);
    let zone = AvailabilityZone::of(&scope().region, 'a');
    lab.act(Action::from(CreateVpc { id: Some(vpc.clone()), ..CreateVpc::new(cidr("10.0.0.0/16")) }));
    lab.act(CreateInternetGateway { id: Some(igw.clone()), ..Default::default() });
    lab.act(AttachInternetGateway::new(igw.clone(), vpc.clone()));
    for (subnet, table, block) in [(&public, &public_table, "10.0.0.0/24"), (&private, &private_table, "10.0.1.0/24")] {
        let create = CreateSubnet::new(vpc.clone(), cidr(block));
        lab.act(CreateSubnet { id: Some(subnet.clone()), availability_zone: Some(zone.clone()), ..create });
        lab.act(CreateRouteTable { id: Some(table.clone()), ..CreateRouteTable::new(vpc.clone()) });
        lab.act(AssociateRouteTable::new(table.clone(), subnet.clone()));
    }
    let default = || Destination::Cidr(Cidr::ALL_V4);
    lab.act(CreateRoute::new(public_table, default(), RouteTarget::InternetGateway(igw)));
    lab.act(AllocateAddress { id: Some(eip.clone()), ..Default::default() });
    lab.act(CreateNatGateway { id: Some(nat.clone()), allocation_id: Some(eip), ..CreateNatGateway::new(public) });
    lab.act(CreateRoute::new(private_table, default(), RouteTarget::NatGateway(nat)));
    let client = InstanceId::of_name("client", 8);
    lab.act(RunInstances {
        subnet_id: Some(private),
        id: Some(client),
        tags: Tags::named("client"),
        private_ip_address: Some("10.0.1.10".parse().expect("an address")),
        ..Default::default()
    });
    lab
}

fn s3_front(simulation: &Simulation) -> NodeId {
    let services = simulation.network().services().find(|(_, name, _)| name.as_str().ends_with(".s3"));
    services.expect("S3 is in every region").2
}

fn s3_address(simulation: &Simulation) -> std::net::IpAddr {
    let world = simulation.world();
    let name = ServiceName::parse("com.amazonaws.us-west-2.s3").expect("a name");
    let service = world.service(&scope().region, &name).expect("S3");
    service.ranges.iter().next().and_then(|block| block.nth(10)).expect("an address")
}

type Log = Rc<RefCell<Vec<String>>>;

/// A sink on the front end of S3, and a client that sends, waits, and sends again.
fn run_client(simulation: &mut Simulation, checks: &mut Checks) -> Log {
    let log = Log::default();
    let front = s3_front(simulation);
    let sink = Rc::clone(&log);
    simulation.network_mut().engine.with::<Host, _>(front, checks, |host, out| {
        host.run(None, out, |net| async move {
            let listener = net.listen(8080, 16).expect("a free port");
            while let Ok(stream) = listener.accept().await {
                sink.borrow_mut().push(format!("accepted from {}", stream.peer().ip()));
                net.spawn(async move {
                    let mut buffer = [0; 4096];
                    while read(&stream, &mut buffer).await.is_ok_and(|count| 0 < count) {}
                });
            }
        });
    });
    let to = std::net::SocketAddr::new(s3_address(simulation), 8080);
    let client = simulation.host_of(&InstanceId::of_name("client", 8)).expect("the client runs");
    let heard = Rc::clone(&log);
    simulation.network_mut().engine.with::<Host, _>(client, checks, |host, out| {
        host.run(None, out, |net| async move {
            for attempt in 0..2 {
                let stream = match net.connect(to).await {
                    Ok(stream) => stream,
                    Err(error) => return heard.borrow_mut().push(format!("connect: {error:?}")),
                };
                for _ in 0..5 {
                    if let Err(error) = write(&stream, &[7; 10]).await {
                        heard.borrow_mut().push(format!("attempt {attempt}: {error:?} at {}", net.now()));
                        break;
                    }
                    net.sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        });
    });
    log
}

async fn read(stream: &TcpStream, buffer: &mut [u8]) -> Result<usize, NetError> {
    stream.read(buffer).await
}

async fn write(stream: &TcpStream, bytes: &[u8]) -> Result<(), NetError> {
    stream.write_all(bytes).await
}

#[test]
fn creating_an_endpoint_resets_the_open_connection_by_packets_alone() {
    let lab = with_nat();
    let settings = Settings::of(Era::Y2017, 1);
    let mut simulation = Simulation::new(lab.world, settings, Calendar::ERA_2017, FrontSettings::default());
    let mut checks = Checks::new(vec![simulation.network().internet()]);
    let log = run_client(&mut simulation, &mut checks);
    simulation.run_until(SimTime::from_millis(2_500), &mut checks);
    assert_eq!(log.borrow().len(), 1, "{:?}", log.borrow());
    let endpoint = CreateVpcEndpoint {
        route_table_ids: vec![RouteTableId::of_name("private", 8)],
        ..CreateVpcEndpoint::new(
            VpcId::of_name("main", 8),
            ServiceName::parse("com.amazonaws.us-west-2.s3").expect("a name"),
        )
    };
    simulation
        .apply(
            &Call::admin(scope()),
            &Action::from(endpoint),
            "create endpoint",
            &mut Observers::new([&mut checks as &mut dyn crate::trace::Observer]),
        )
        .expect("an endpoint can be created");
    simulation.run_until(SimTime::from_secs(20), &mut checks);
    let log = log.borrow();
    assert!(log[0].starts_with("accepted from 203.0.113."), "{log:?}");
    assert!(log[1].contains("Reset"), "{log:?}");
    assert_eq!(log[2], "accepted from 10.0.1.10", "{log:?}");
    assert_eq!(checks.violations(), [] as [String; 0]);
}

#[test]
fn an_interface_begins_at_its_own_port_whatever_its_device_index() {
    // Launched with the world, and put onto a running machine; each with a hole before the last device index.
    for launched in [true, false] {
        let mut lab = with_nat();
        let far = "10.0.0.33".parse().expect("an address");
        let near = "10.0.1.44".parse().expect("an address");
        let attach: Vec<Action> = [("far", "public", far, 3), ("near", "private", near, 12)]
            .into_iter()
            .flat_map(|(name, subnet, address, index)| {
                let eni = NetworkInterfaceId::of_name(name, 8);
                let create = CreateNetworkInterface::new(SubnetId::of_name(subnet, 8));
                let private_ip_address = Some(address);
                let create = CreateNetworkInterface { id: Some(eni.clone()), private_ip_address, ..create };
                let attach = AttachNetworkInterface::new(eni, InstanceId::of_name("client", 8), index);
                [Action::from(create), Action::from(attach)]
            })
            .collect();
        let peer = RunInstances {
            subnet_id: Some(SubnetId::of_name("private", 8)),
            id: Some(InstanceId::of_name("peer", 8)),
            private_ip_address: Some("10.0.1.20".parse().expect("an address")),
            ..Default::default()
        };
        lab.act(peer);
        if launched {
            attach.iter().for_each(|action| lab.act(action.clone()));
        }
        let settings = Settings::of(Era::Y2017, 1);
        let mut simulation = Simulation::new(lab.world, settings, Calendar::ERA_2017, FrontSettings::default());
        let mut checks = Checks::new(vec![simulation.network().internet()]);
        for action in attach.iter().filter(|_| !launched) {
            let mut observers = Observers::new([&mut checks as &mut dyn crate::trace::Observer]);
            simulation.apply(&Call::admin(scope()), action, "attach", &mut observers).expect("it can be attached");
        }
        let client = simulation.host_of(&InstanceId::of_name("client", 8)).expect("the client runs");
        let log = Log::default();
        for (identifier, from) in (1..).zip([None, Some(far.into()), Some(near.into())]) {
            let heard = Rc::clone(&log);
            simulation.network_mut().engine.with::<Host, _>(client, &mut checks, |host, out| {
                host.run(None, out, |net| async move {
                    let kind = ProbeKind::Echo { identifier, sequence: 1, bytes: 56 };
                    let probe = Probe { from, ..Probe::new("10.0.1.20".parse().expect("an address"), kind) };
                    let answer = net.probe(&probe, std::time::Duration::from_secs(1)).await;
                    let answered = answer.is_ok_and(|answer| answer.is_some());
                    heard.borrow_mut().push(format!("{from:?}: {answered}"));
                });
            });
        }
        simulation.run_until(SimTime::from_secs(5), &mut checks);
        log.borrow_mut().sort();
        assert_eq!(*log.borrow(), ["None: true", "Some(10.0.0.33): true", "Some(10.0.1.44): true"]);
        assert_eq!(checks.violations(), [] as [String; 0]);
    }
}

#[test]
fn without_an_endpoint_the_connection_lives_on() {
    let lab = with_nat();
    let mut simulation =
        Simulation::new(lab.world, Settings::of(Era::Y2017, 1), Calendar::ERA_2017, FrontSettings::default());
    let mut checks = Checks::new(vec![simulation.network().internet()]);
    let log = run_client(&mut simulation, &mut checks);
    simulation.run_until(SimTime::from_secs(20), &mut checks);
    assert!(!log.borrow().iter().any(|line| line.contains("Reset")), "{:?}", log.borrow());
    assert_eq!(checks.violations(), [] as [String; 0]);
}

mod names;
