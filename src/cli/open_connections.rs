//! The file of `--connections`: which connections are open when a change is made. Opens none.

use std::net::{IpAddr, SocketAddr};

use crate::analysis::{OpenConnection, Place, Places, Prober, Unplaced, split_port};
use crate::notation::check::check;
use crate::notation::shape::{Kind, Shape, key, required, shape};
use crate::notation::{Node, Problem, Problems, Source, View, parse_yaml};

/// The most connections of a file.
const CONNECTIONS_MAX: usize = 10_000;

static CONNECTION: Shape = shape(
    "connection",
    "A connection that is open when the change is made.",
    &[
        required("from", Kind::Text, "The client: a machine's name, id or address."),
        required("to", Kind::Text, "The server: a name, id or address, `s3`, or a DNS name; also with `:PORT`."),
        key("port", Kind::Port, "The server's port, if it does not stand in `to`."),
        key("sends", Kind::Bool, "Whether it sends during the change, or is idle; both are watched unless it is said."),
    ],
);
static CONNECTIONS: Kind = Kind::OneOrMany(&Kind::Shape(&CONNECTION));

/// The addresses that a file names as such: in an account, hosts of the internet.
pub(super) fn literals(source: &Source) -> Vec<IpAddr> {
    let (root, _) = parse_yaml(source);
    let texts = |node: &Node| -> Vec<String> {
        let map = node.as_map();
        let ends = ["from", "to"].into_iter().filter_map(|key| map?.get(key)?.as_text());
        ends.map(str::to_owned).collect()
    };
    let nodes = root.as_ref().map(items).unwrap_or_default();
    let all = nodes.into_iter().flat_map(texts);
    all.filter_map(|text| split_port(&text).map_or(text.as_str(), |(name, _)| name).parse().ok()).collect()
}

/// Reads a file: a list of connections, or one. All problems come with their places.
pub(super) fn read(source: &Source, prober: &mut Prober) -> (Vec<OpenConnection>, Vec<Problem>) {
    let (root, found) = parse_yaml(source);
    let mut problems = Problems::default();
    problems.extend(found);
    let mut connections = Vec::new();
    if let Some(root) = &root {
        check(root, &CONNECTIONS, &mut problems);
        let nodes = items(root);
        if nodes.is_empty() && !problems.has_errors() {
            let problem = Problem::error(root.span, "no connection is named");
            problems.push(
                problem.help(
                    "write connections, such as `- {from: web, to: s3, port: 443}`, or leave `--connections` away",
                ),
            );
        }
        if CONNECTIONS_MAX < nodes.len() {
            let text = format!("more than {CONNECTIONS_MAX} connections");
            problems.push(Problem::error(nodes[CONNECTIONS_MAX].span, text));
        }
        if !problems.has_errors() {
            nodes.iter().for_each(|node| connection(node, prober, &mut connections, &mut problems));
        }
    } else if !problems.has_errors() {
        let problem = Problem::error(Default::default(), "the file is empty");
        problems.push(problem.help("write connections, such as `- {from: web, to: s3, port: 443}`"));
    }
    (connections, problems.into_sorted())
}

fn items(root: &Node) -> Vec<&Node> {
    root.as_list().map_or_else(|| vec![root], |items| items.iter().collect())
}

fn connection(node: &Node, prober: &mut Prober, out: &mut Vec<OpenConnection>, problems: &mut Problems) {
    let Some(view) = View::of(node, &CONNECTION) else { return };
    let (Some(from), Some(to)) = (view.text("from"), view.text("to")) else { return };
    let mut wrong = |key: &str, unplaced: Unplaced| {
        let problem = Problem::error(view.span_of(key), unplaced.message);
        problems.push(if unplaced.help.is_empty() { problem } else { problem.help(unplaced.help) });
    };
    let stage = prober.stage();
    let outside = stage.simulation().network().settings().outside.clone();
    let world = stage.simulation().world().clone();
    let places = Places::new(&world, &outside);
    let mut own = match places.asker(from) {
        Ok(address) => address,
        Err(unplaced) => return wrong("from", unplaced),
    };
    let (name, port) = match split_port(to) {
        Ok((name, port)) => (name, port.or_else(|| view.port("port"))),
        Err(unplaced) => return wrong("to", unplaced),
    };
    let Some(port) = port else {
        let message = "a port is missing".to_owned();
        return wrong("to", Unplaced { message, help: format!("write `to: {name}:443`, or add `port: 443`") });
    };
    let region = places.region_of(prober.stage().index(), own);
    let mut address = match places.asked(name, region.as_ref()) {
        Ok(Place::Address(address)) => address,
        Ok(Place::Name(name)) => match prober.look_up(own, &name) {
            Ok(found) => match found.iter().find(|one| one.is_ipv4() == own.is_ipv4()) {
                Some(address) => *address,
                None => {
                    return wrong("to", Unplaced { message: format!("`{name}` has no address"), help: String::new() });
                }
            },
            Err(message) => return wrong("to", Unplaced { message, help: String::new() }),
        },
        Err(unplaced) => return wrong("to", unplaced),
    };
    // A name means an IPv4 address, unless the other end is an address of IPv6.
    if own.is_ipv4() != address.is_ipv4() {
        let v6 = |text: &str| match text.parse::<IpAddr>() {
            Ok(_) => None,
            Err(_) => places.asker(&format!("{text}.ipv6")).ok(),
        };
        let other = if own.is_ipv4() { v6(from).map(|v6| (v6, address)) } else { v6(name).map(|v6| (own, v6)) };
        let Some(ends) = other else {
            let message = format!("{own} and {address} are not of the same version of IP");
            return wrong(
                "to",
                Unplaced { message, help: "write an address of each end's, or `NAME.ipv6`".to_owned() },
            );
        };
        (own, address) = ends;
    }
    let each = view.boolean("sends").map_or(vec![false, true], |sends| vec![sends]);
    out.extend(each.into_iter().map(|sends| OpenConnection { from: own, to: SocketAddr::new(address, port), sends }));
}
