//! `vpclab explain WORLD --from A --to B:port`: the path out and back, and everything in its way. Explains by `analysis`,
//! shows by `report`.

use serde_json::json;

use super::args::{ExplainArgs, Machine};
use super::asked::{self, Asked};
use super::complaint::{Complaint, Refusal};
use super::exit::Exit;
use super::show::marked;
use super::terminal::Terminal;
use super::world::World;
use crate::analysis::{Labels, Prober, explain};
use crate::report::ExplanationPage;

pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, Refusal> {
    let world = World::load(&args.world, (args.at, args.era), (&args.account, &args.assumed), terminal)?;
    let mut stage = world.stage(&asked::literals(&args.from, &args.to));
    let title = world.title(&mut stage);
    let mut prober = Prober::new(stage);
    let asked = asked::find(&mut prober, &args.from, &args.to, &args.traffic, None)?;
    let to = match &asked.to {
        Ok(to) => *to,
        Err(why) => return unresolved(args, (&world, &title), &asked, why, &mut prober, terminal),
    };
    let explained = explain(&mut prober, asked.from, to, asked.traffic).map_err(Complaint::new)?;
    let labels = Labels::of(prober.stage().simulation().world());
    let names = prober.names();
    let page = ExplanationPage {
        world: &title,
        from: &args.from,
        to: &args.to,
        resolved: asked.resolved.as_ref().map(|(name, all)| (name.as_str(), all.as_slice())),
        assumes: world.assumes(),
        explained: &explained,
        labels: &labels,
        names: &names,
    };
    match args.format {
        Machine::Text => terminal.print(&marked(&page.text()))?,
        Machine::Json => terminal.print(&format!("{}\n", page.json()))?,
    }
    Ok(if explained.disagreement.is_some() { Exit::Failed } else { Exit::Held })
}

/// A name that does not resolve is an answer: nothing is sent then.
fn unresolved(
    args: &ExplainArgs,
    (world, title): (&World, &str),
    asked: &Asked,
    why: &str,
    prober: &mut Prober,
    terminal: &Terminal,
) -> Result<Exit, Refusal> {
    let name = asked.resolved.as_ref().map_or(args.to.as_str(), |(name, _)| name.as_str());
    let off = prober.names_are_off(asked.from);
    // An account's files tell neither what its own DNS servers answer nor all names of the world.
    let unknown = off.is_none() && world.assumes();
    let foreign = unknown.then(|| match prober.own_name_servers(asked.from) {
        Some(servers) => {
            format!("its VPC asks DNS servers of its own, {servers}, whose answers are in no file: ask by address")
        }
        None => {
            "of an account's world only the names of S3, DynamoDB and instances are known: ask by address".to_owned()
        }
    });
    let cause = off.or(foreign);
    if args.format == Machine::Json {
        let reaches = if unknown { json!(null) } else { json!(false) };
        let outcome = json!({"reaches": reaches, "unresolved": why, "because": cause});
        let page = json!({"kind": "explanation", "world": title, "from": {"said": args.from, "address": asked.from},
            "to": {"said": args.to, "name": name}, "traffic": asked.traffic.to_string(), "outcome": outcome});
        terminal.print(&format!("{page}\n"))?;
        return Ok(Exit::Held);
    }
    let from = prober.names().directory.address(asked.from);
    let cause = cause.map(|cause| format!("       {cause}\n")).unwrap_or_default();
    let verdict = match unknown {
        true => "? nobody can tell, for the name does not resolve here",
        false => "✗ nothing is sent, for the name does not resolve",
    };
    let text = format!("{from} → {name}  {}\n  {title}\n\n  {verdict}\n       {why}\n{cause}", asked.traffic);
    terminal.print(&marked(&text))?;
    Ok(Exit::Held)
}
