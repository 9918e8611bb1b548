//! Names across a whole world: instances find S3 by asking their VPC's resolver, and nobody else knows it for them.

use std::time::Duration;

use super::*;
use crate::service::s3::{Content, Object};
use crate::service::spec::{
    ByteRange, Does, DynamoDbSpec, ProgramSpec, Repeat, Retry, S3Names, S3Operation, S3Spec, ServeSpec,
    Service as Serves, Signature,
};
use crate::trace::{Attention, Note, Observer, ProgramNote, RequestNote, Sees};

/// What programs said and what S3 logged.
#[derive(Default)]
struct Ear {
    programs: Vec<(SimTime, ProgramNote)>,
    requests: Vec<RequestNote>,
}

impl Observer for Ear {
    fn sees(&self) -> Sees {
        Sees::ALL
    }

    fn note(&mut self, at: SimTime, _node: NodeId, note: &Note) -> Attention {
        match note {
            Note::Program { what, .. } => self.programs.push((at, what.clone())),
            Note::Request(request) => self.requests.push((**request).clone()),
            Note::Connection { .. } => {}
        }
        Attention::Continue
    }
}

fn program(operation: S3Operation, names: S3Names) -> ProgramSpec {
    let spec = S3Spec {
        local_port: None,
        operation,
        region: scope().region,
        names,
        port: 443,
        endpoint: None,
        credentials: None,
        signature: Signature::Header,
        retry: Retry::NONE,
        repeat: Repeat::ONCE,
        read_timeout: None,
        connect_timeout: None,
    };
    ProgramSpec { name: "client".into(), does: Does::S3(spec) }
}

fn get(names: S3Names) -> ProgramSpec {
    program(S3Operation::Get { bucket: "data".into(), key: "k".into(), range: None }, names)
}

fn start(lab: Lab) -> (Simulation, Checks, Ear) {
    let settings = Settings::of(Era::Y2017, 1);
    let simulation = Simulation::new(lab.world, settings, Calendar::ERA_2017, FrontSettings::default());
    let owner = AccountId::parse("123456789012").expect("an account");
    simulation.objects().create_bucket("data", &scope().region, &owner, SimTime::ZERO).expect("a new bucket");
    let object = Object::new(Content::generated(3, 1 << 20), SimTime::ZERO);
    simulation.objects().put("data", "k", object).expect("a bucket");
    let checks = Checks::new(vec![simulation.network().internet()]);
    (simulation, checks, Ear::default())
}

/// Runs a program on the client and tells how it ended.
#[track_caller]
fn run(simulation: &mut Simulation, checks: &mut Checks, ear: &mut Ear, spec: &ProgramSpec) -> Result<String, String> {
    let client = simulation.host_of(&InstanceId::of_name("client", 8)).expect("the client runs");
    let horizon = simulation.now().after(Duration::from_secs(300));
    {
        let mut both = Observers::new([checks as &mut dyn Observer, ear]);
        simulation.start(client, spec, &mut both);
        simulation.run_until(horizon, &mut both);
    }
    assert_eq!(checks.violations(), [] as [String; 0]);
    match ear.programs.last() {
        Some((_, ProgramNote::Completed { what })) => Ok(what.clone()),
        Some((_, ProgramNote::Failed { error, .. })) => Err(error.clone()),
        other => panic!("the program did not end: {other:?}"),
    }
}

fn endpoint(simulation: &mut Simulation) {
    let service = ServiceName::parse("com.amazonaws.us-west-2.s3").expect("a name");
    let create = CreateVpcEndpoint {
        route_table_ids: vec![RouteTableId::of_name("private", 8)],
        ..CreateVpcEndpoint::new(VpcId::of_name("main", 8), service)
    };
    simulation.apply(&Call::admin(scope()), &Action::from(create), "create endpoint", &mut ()).expect("created");
}

#[test]
fn s3_is_found_by_the_vpcs_resolver_and_reached_by_nat_and_by_endpoint() {
    let (mut simulation, mut checks, mut ear) = start(with_nat());
    let fine = Ok("1 MiB, every byte as it was put".to_owned());
    for names in [S3Names::Dash, S3Names::Regional, S3Names::Path, S3Names::Global] {
        assert_eq!(run(&mut simulation, &mut checks, &mut ear, &get(names)), fine, "{names:?}");
    }
    assert!(ear.requests.iter().all(|request| request.source.to_string().starts_with("203.0.113.")));
    endpoint(&mut simulation);
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &get(S3Names::Dash)), fine);
    let last = ear.requests.last().expect("a request");
    assert_eq!(last.source.to_string(), "10.0.1.10");
    assert!(last.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("vpce-")), "{last:?}");
    assert_eq!((last.operation.as_str(), last.status, last.bytes_sent), ("REST.GET.OBJECT", 200, 1 << 20));
}

#[test]
fn a_new_buckets_global_name_leads_to_another_region_first() {
    let mut lab = with_nat();
    lab.world.open(&Scope::new(scope().account, RegionName::parse("us-east-1").expect("a region")));
    let (mut simulation, mut checks, mut ear) = start(lab);
    let create = program(S3Operation::CreateBucket { bucket: "fresh".into() }, S3Names::Regional);
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &create), Ok("fresh created".into()));
    let list = |names| program(S3Operation::List { bucket: "fresh".into(), prefix: String::new() }, names);
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &list(S3Names::Global)), Ok("0 keys".into()));
    let statuses: Vec<u16> = ear.requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 307, 200]);
}

#[test]
fn without_dns_support_no_name_resolves() {
    let mut lab = with_nat();
    lab.act(ModifyVpcAttribute {
        enable_dns_support: Some(false),
        ..ModifyVpcAttribute::new(VpcId::of_name("main", 8))
    });
    let (mut simulation, mut checks, mut ear) = start(lab);
    let error = "could not resolve host data.s3-us-west-2.amazonaws.com: temporary failure in name resolution";
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &get(S3Names::Dash)), Err(error.into()));
}

#[test]
fn a_server_of_ones_own_decides_where_a_name_leads() {
    let mut lab = with_nat();
    let options = DhcpOptionsId::of_name("own", 8);
    let own = "10.0.1.10".parse().expect("an address");
    lab.act(CreateDhcpOptions {
        id: Some(options.clone()),
        domain_name_servers: vec![NameServer::Address(own)],
        ..CreateDhcpOptions::default()
    });
    let associate = AssociateDhcpOptions::new(VpcId::of_name("main", 8));
    lab.act(AssociateDhcpOptions { dhcp_options_id: Some(options), ..associate });
    let (mut simulation, mut checks, mut ear) = start(lab);
    let address = s3_address(&simulation);
    let records = vec![("data.s3-us-west-2.amazonaws.com".to_owned(), vec![address])];
    let serve = ServeSpec { port: 53, service: Serves::Dns { records }, backlog: 8 };
    let client = simulation.host_of(&InstanceId::of_name("client", 8)).expect("the client runs");
    simulation.start(client, &ProgramSpec { name: "dns".into(), does: Does::Serve(serve) }, &mut ear);
    assert!(run(&mut simulation, &mut checks, &mut ear, &get(S3Names::Dash)).is_ok());
    let error = "could not resolve host data.s3.us-west-2.amazonaws.com: name or service not known";
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &get(S3Names::Regional)), Err(error.into()));
}

#[test]
fn an_endpoint_created_under_a_download_resets_it_and_a_retry_finishes_it() {
    for (retry, outcome) in [
        (Retry::NONE, Err("connection reset by peer".to_owned())),
        (
            Retry { attempts: 1, delay: Duration::from_secs(1), backoff: 1.0, resume: true },
            Ok("24 MiB, every byte as it was put".to_owned()),
        ),
    ] {
        let (mut simulation, mut checks, mut ear) = start(with_nat());
        let object = Object::new(Content::generated(9, 24 << 20), SimTime::ZERO);
        simulation.objects().put("data", "large", object).expect("a bucket");
        let mut spec =
            program(S3Operation::Get { bucket: "data".into(), key: "large".into(), range: None }, S3Names::Dash);
        if let Does::S3(spec) = &mut spec.does {
            spec.retry = retry;
        }
        let client = simulation.host_of(&InstanceId::of_name("client", 8)).expect("the client runs");
        {
            let mut both = Observers::new([&mut checks as &mut dyn Observer, &mut ear]);
            simulation.start(client, &spec, &mut both);
            simulation.run_until(SimTime::from_millis(250), &mut both);
        }
        endpoint(&mut simulation);
        let mut both = Observers::new([&mut checks as &mut dyn Observer, &mut ear]);
        simulation.run_until(SimTime::from_secs(300), &mut both);
        let end = match ear.programs.last() {
            Some((_, ProgramNote::Completed { what })) => Ok(what.clone()),
            Some((_, ProgramNote::Failed { error, .. })) => Err(error.clone()),
            other => panic!("the program did not end: {other:?}"),
        };
        assert_eq!(end, outcome);
    }
}

#[test]
fn dynamodb_answers_by_its_own_name() {
    let (mut simulation, mut checks, mut ear) = start(with_nat());
    let spec = DynamoDbSpec {
        action: "ListTables".into(),
        table: String::new(),
        region: scope().region,
        port: 443,
        credentials: None,
        retry: Retry::NONE,
        repeat: Repeat::ONCE,
        read_timeout: None,
        connect_timeout: None,
    };
    let spec = ProgramSpec { name: "tables".into(), does: Does::DynamoDb(spec) };
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &spec), Ok("ListTables".into()));
    let last = ear.requests.last().expect("a request");
    assert_eq!((last.service.as_str(), last.operation.as_str(), last.status), ("dynamodb", "ListTables", 200));
}

#[test]
fn a_range_comes_as_asked() {
    let (mut simulation, mut checks, mut ear) = start(with_nat());
    let range = Some(ByteRange { first: 100, last: Some(199) });
    let spec = program(S3Operation::Get { bucket: "data".into(), key: "k".into(), range }, S3Names::Dash);
    assert_eq!(run(&mut simulation, &mut checks, &mut ear, &spec), Ok("100 bytes, every byte as it was put".into()));
}
