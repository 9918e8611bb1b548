//! The heart of it, from text to verdict.

use super::*;
use crate::base::SimTime;
use crate::notation::{Source, problems_to_text};
use crate::scenario::load;

#[test]
fn the_heart_of_it_holds() {
    let text = include_str!("../../../scenarios/gateway-endpoint/creating-an-endpoint-resets-open-connections.yaml");
    let source = Source::new("scenario.yaml", text);
    let (mut scenarios, problems) = load(&source);
    let scenario = scenarios.pop().unwrap_or_else(|| panic!("{}", problems_to_text(&source, &problems, false)));
    let mut run = Run::new(scenario, None, &mut ());
    assert_eq!(run.advance(SimTime::FAR, &mut ()), Advance::Ended);
    let outcome = run.finish();
    assert!(outcome.judged.iter().all(|judged| judged.held), "{:#?}", outcome.judged);
}
