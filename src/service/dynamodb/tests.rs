//! DynamoDB's client against its front end over byte queues.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{DynamoDbFront, Tables, dynamodb};
use crate::base::{AccountId, Calendar, Era, RegionName};
use crate::policy::{Attached, DocumentKind, PolicyDocument, Principal};
use crate::service::spec::{Credentials, DynamoDbSpec, Repeat, Retry};
use crate::service::testing::{Computer, Outside, World, pair};
use crate::service::{Access, Peer, Through, credentials_of};

fn account() -> AccountId {
    AccountId::parse("123456789012").expect("an account")
}

fn policy(kind: DocumentKind, text: &str) -> PolicyDocument {
    let (document, problems) = PolicyDocument::parse_bytes("policy", text.as_bytes(), kind, Era::Y2017);
    document.unwrap_or_else(|| panic!("{problems:?}"))
}

struct Rig {
    world: Rc<World>,
    access: Arc<Access>,
    computer: Computer,
}

impl Rig {
    fn new(access: Access) -> Self {
        let (world, access) = (World::new(), Arc::new(access));
        let region = RegionName::parse("us-west-2").expect("a region");
        let front = DynamoDbFront::new(region, Calendar::ERA_2017, Arc::new(Tables::new()), access.clone(), 7);
        let (front, outside) = (Rc::new(front), world.clone());
        let computer = Computer::new(&world, move |_| {
            let (client, server) = pair();
            let (front, world) = (front.clone(), outside.clone());
            let through = Some(Through { endpoint: "vpce-1".into(), vpc: "vpc-1".into() });
            let peer =
                Peer { connection: None, source: "10.0.1.5:40000".parse().expect("an address"), through, port: 443 };
            outside.spawn(async move {
                let _ = front.serve(server, peer, Rc::new(Outside(world))).await;
            });
            Ok(client)
        });
        Self { world, access, computer }
    }

    #[track_caller]
    fn run(&self, action: &str, table: &str, credentials: Option<&Credentials>) -> Result<String, String> {
        let spec = DynamoDbSpec {
            action: action.into(),
            table: table.into(),
            region: RegionName::parse("us-west-2").expect("a region"),
            port: 443,
            credentials: credentials.cloned(),
            retry: Retry::NONE,
            repeat: Repeat { count: 2, pause: Duration::from_secs(1), same_connection: true },
            read_timeout: None,
            connect_timeout: None,
        };
        let spec =
            DynamoDbSpec { repeat: if action == "CreateTable" { Repeat::ONCE } else { spec.repeat.clone() }, ..spec };
        self.world.run(dynamodb(self.computer.clone(), Calendar::ERA_2017, spec)).expect("an end");
        self.computer.end()
    }
}

#[test]
fn tables_and_items_come_and_go() {
    let rig = Rig::new(Access::open(Era::Current, account()));
    let missing = Err("400 ResourceNotFoundException: Requested resource not found".to_owned());
    assert_eq!(rig.run("GetItem", "stock", None), missing);
    assert_eq!(rig.run("CreateTable", "stock", None), Ok("CreateTable stock".into()));
    for action in ["PutItem", "GetItem", "UpdateItem", "Scan", "DescribeTable", "DeleteItem"] {
        assert_eq!(rig.run(action, "stock", None), Ok(format!("2 times: {action} stock")));
    }
    assert_eq!(rig.run("ListTables", "", None), Ok("2 times: ListTables".into()));
    assert_eq!(rig.run("FrobTable", "stock", None), Err("400 UnknownOperationException".into()));
    let notes = rig.world.notes();
    assert_eq!((notes[1].operation.as_str(), notes[1].bucket.as_str()), ("CreateTable", "stock"));
    assert_eq!(notes[1].endpoint.as_deref(), Some("vpce-1"));
}

#[test]
fn denials_are_400_with_the_words_of_json() {
    let rig = Rig::new(Access::new(Era::Current, account()));
    let anonymous = rig.run("ListTables", "", None);
    assert_eq!(
        anonymous,
        Err("400 MissingAuthenticationTokenException: Request is missing Authentication Token".into())
    );
    let all = policy(
        DocumentKind::Identity,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}"#,
    );
    let alice = credentials_of("alice");
    let policies = vec![Attached::user("alice", "all", all)];
    rig.access.add_key(&alice, Principal::user(&account(), "alice"), policies);
    assert!(rig.run("CreateTable", "stock", Some(&alice)).is_ok());
    assert!(rig.run("PutItem", "stock", Some(&alice)).is_ok());
    let read_only = policy(
        DocumentKind::Endpoint,
        r#"{"Statement":[{"Sid":"ReadOnly","Principal":"*","Action":["dynamodb:DescribeTable","dynamodb:ListTables"],"Effect":"Allow","Resource":"*"}]}"#,
    );
    rig.access.set_endpoint_policy("vpce-1", Attached::endpoint("vpce-1", read_only));
    assert!(rig.run("DescribeTable", "stock", Some(&alice)).is_ok());
    let denied = "400 AccessDeniedException: User: arn:aws:iam::123456789012:user/alice is not authorized to perform: \
                  dynamodb:PutItem on resource: arn:aws:dynamodb:us-west-2:123456789012:table/stock";
    assert_eq!(rig.run("PutItem", "stock", Some(&alice)), Err(denied.into()));
    let forged = Credentials { secret: "wrong".into(), ..alice };
    let error = rig.run("ListTables", "", Some(&forged)).expect_err("a wrong signature");
    assert!(error.starts_with("400 InvalidSignatureException"), "{error}");
    let stranger = rig.run("ListTables", "", Some(&credentials_of("stranger"))).expect_err("an unknown key");
    assert!(stranger.starts_with("400 UnrecognizedClientException"), "{stranger}");
}
