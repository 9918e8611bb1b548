//! Every verb of the table is read, from all of its keys.

use super::{action, created_id};
use crate::base::*;
use crate::control_plane::*;
use crate::notation::shape::Kind;
use crate::notation::{Problems, Source, Span, parse_yaml};
use crate::scenario::context::Cx;
use crate::scenario::names::{Named, Names, Place};
use crate::scenario::vocabulary::ACTIONS;

/// A text that a value of this kind can have.
fn sample(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "true".to_owned(),
        Kind::Cidr => "10.0.0.0/24".to_owned(),
        Kind::Address => "10.0.0.9".to_owned(),
        Kind::Choice(words) => words[0].0.to_owned(),
        Kind::Form(form) => {
            let forms = ["tcp 443 from any", "tcp 443 to any", "allow all from any", "s3", "0-9", "us-west-2"];
            forms.into_iter().find(|text| (form.fits)(text)).unwrap_or("x").to_owned()
        }
        Kind::List(item) => format!("[{}]", sample(item)),
        Kind::OneOrMany(item) | Kind::Optional(item) => sample(item),
        Kind::Named { value, .. } => format!("{{x: {}}}", sample(value)),
        Kind::Shape(shape) => {
            let keys: Vec<String> =
                shape.plain_keys().map(|key| format!("{}: {}", key.name, sample(&key.kind))).collect();
            format!("{{{}}}", keys.join(", "))
        }
        Kind::Either(kinds) => sample(&kinds[0]),
        Kind::Integer { .. } | Kind::Port | Kind::Ports => "7".to_owned(),
        Kind::Duration => "1s".to_owned(),
        Kind::Size | Kind::Rate | Kind::Share | Kind::Date => "1".to_owned(),
        Kind::Text | Kind::Prose | Kind::Free => "x".to_owned(),
    }
}

fn scope() -> Scope {
    Scope::new(AccountId::parse("123456789012").expect("digits"), RegionName::parse("us-west-2").expect("a region"))
}

/// One resource of each kind, all called `x`.
fn names() -> Names {
    let (mut names, mut problems) = (Names::default(), Problems::default());
    for id in [
        "vpc-1",
        "subnet-1",
        "rtb-1",
        "igw-1",
        "eigw-1",
        "nat-1",
        "vpce-1",
        "pl-1",
        "eni-1",
        "i-1",
        "sg-1",
        "acl-1",
        "eipalloc-1",
        "pcx-1",
        "vgw-1",
        "vpn-1",
        "dxvif-1",
        "dopt-1",
        "rtbassoc-1",
    ] {
        let id = ResourceId::parse(id).expect("an id");
        let (name, vpc, span) = ("x".to_owned(), String::new(), Span::default());
        names.add(Named { name, vpc, scope: scope(), id, span }, &mut problems);
    }
    assert!(problems.is_empty());
    names
}

#[test]
fn every_action_of_the_table_is_read_from_all_of_its_keys() {
    let (names, mut world) = (names(), World::new(Era::Y2017));
    world.open(&scope());
    for key in ACTIONS {
        // `x` stands for several things at once, and only one of them is meant.
        const SEVERAL: [&str; 2] = ["create-tags", "delete-tags"];
        let Kind::Shape(shape) = key.kind else { panic!("{} has no parameters", key.name) };
        let mut text = sample(&key.kind);
        if let Some(target) = shape.key("target") {
            text = text.replace(&format!("{}: x", target.name), "target: igw-1");
        }
        if key.name.ends_with("egress") {
            text = text.replace("from any", "to any");
        }
        let source = Source::new("t", format!("{}: {text}", key.name));
        let (root, problems) = parse_yaml(&source);
        assert_eq!(problems, [], "{}", source.text);
        let root = root.expect("a map");
        let entry = &root.as_map().expect("a map").entries[0];
        let mut problems = Problems::default();
        let place = Place { scope: scope(), vpc: String::new() };
        let mut cx = Cx { source: &source, names: &names, world: &world, place, problems: &mut problems };
        let action = action(&mut cx, key.name, entry, None);
        if !SEVERAL.contains(&key.name) {
            let action = action.unwrap_or_else(|| panic!("{}: {problems:?}", source.text));
            assert_eq!(action.name(), key.alias, "{}", source.text);
        }
    }
}

#[test]
fn only_actions_that_create_give_an_id() {
    for key in ACTIONS {
        let creates = key.name.starts_with("create-") || matches!(key.name, "allocate-address" | "run-instances");
        let none = ["create-route", "create-network-acl-entry", "create-tags", "create-vpc-with-endpoint"];
        let wanted = creates && !none.contains(&key.name);
        assert_eq!(created_id(key.name, "x", 8).is_some(), wanted, "{}", key.name);
    }
}
