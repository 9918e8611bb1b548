//! What came of a scenario's expectations, as text, JSON and JUnit. Judges nothing itself.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::bill;
use super::recorder::Record;
use crate::analysis::Tariff;
use crate::base::{Era, SimTime};

/// One expectation, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationResult {
    /// What was expected, in the words of the scenario.
    pub text: String,
    /// The ids of the rules that it shows.
    pub rules: Vec<String>,
    /// Whether it held.
    pub held: bool,
    /// What was seen instead, or what made it true.
    pub saw: String,
    /// `file:line:column` of it.
    pub place: String,
}

/// One scenario, run and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its file.
    pub file: String,
    /// In which of its eras, where the file runs in several.
    pub era: Option<Era>,
    /// Its title.
    pub title: String,
    /// The seed of the run.
    pub seed: u64,
    /// The calendar's instant at which virtual time began, as RFC 3339 writes it.
    pub start: String,
    /// When it ended.
    pub ended_at: SimTime,
    /// Why it ended before its time, such as a budget that was spent; empty otherwise.
    pub cut_short: String,
    /// Its expectations, in their order.
    pub expectations: Vec<ExpectationResult>,
    /// The command that repeats the run.
    pub repeat: String,
    /// What bytes and hours cost.
    pub tariff: Tariff,
}

impl Verdict {
    /// Its file, with the era where the file runs in several.
    pub fn label(&self) -> String {
        self.era.map_or_else(|| self.file.clone(), |era| format!("{} (era {era})", self.file))
    }

    /// Whether everything held, and the run came to its end.
    pub fn held(&self) -> bool {
        self.cut_short.is_empty() && self.expectations.iter().all(|expectation| expectation.held)
    }

    /// For people: each expectation with a mark, what was seen where one did not hold, and then how to repeat it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for expectation in &self.expectations {
            let mark = if expectation.held { "✓" } else { "✗" };
            let rules = match expectation.rules.is_empty() {
                true => String::new(),
                false => format!("  [{}]", expectation.rules.join(" ")),
            };
            text.push_str(&format!("  {mark} {}{rules}\n", expectation.text));
            if !expectation.held {
                text.push_str(&format!("      saw: {}\n      at {}\n", expectation.saw, expectation.place));
            }
        }
        if !self.cut_short.is_empty() {
            text.push_str(&format!("  ✗ the run was cut short at {}: {}\n", self.ended_at, self.cut_short));
        }
        let held = self.expectations.iter().filter(|expectation| expectation.held).count();
        text.push_str(&format!(
            "  {held} of {} held\n",
            super::words::counted(self.expectations.len() as u64, "expectation")
        ));
        if !self.held() {
            text.push_str(&format!("  repeat with: {}\n", self.repeat));
        }
        text
    }

    /// What the run cost, for people; empty where nothing was used.
    pub fn costs(&self, record: &Record) -> String {
        bill::text(&record.bill(&self.tariff))
    }

    /// As an object; with the record of the run, what `summary.json` holds.
    pub fn json(&self, record: Option<&Record>) -> Value {
        let expectations = self.expectations.iter().map(|expectation| {
            json!({
                "text": expectation.text, "rules": expectation.rules, "held": expectation.held,
                "saw": expectation.saw, "place": expectation.place,
            })
        });
        let mut value = json!({
            "file": self.file, "title": self.title, "seed": self.seed, "held": self.held(),
            "start": self.start, "ended_at_ns": self.ended_at.as_nanos(), "cut_short": self.cut_short,
            "repeat": self.repeat, "expectations": expectations.collect::<Vec<_>>(),
        });
        if let Some(era) = self.era {
            value["era"] = era.as_str().into();
        }
        if let Some(record) = record {
            value["summary"] = record.summary.json();
            value["summary"]["costs"] = bill::json(&record.bill(&self.tariff));
        }
        value
    }
}

/// A JUnit report: a suite for each scenario, a case for each expectation. Without stamps of the wall clock, so that equal
/// runs give equal bytes. Fails only where the texts cannot be XML.
pub fn junit(verdicts: &[Verdict]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("vpclab");
    for verdict in verdicts {
        let mut suite = TestSuite::new(verdict.label().as_str());
        for expectation in &verdict.expectations {
            let mut status = match expectation.held {
                true => TestCaseStatus::success(),
                false => TestCaseStatus::non_success(NonSuccessKind::Failure),
            };
            if !expectation.held {
                status.set_message(expectation.saw.as_str());
                status.set_description(format!(
                    "{}\nsaw: {}\nrepeat with: {}",
                    expectation.place, expectation.saw, verdict.repeat
                ));
            }
            let mut case = TestCase::new(expectation.text.as_str(), status);
            case.set_classname(verdict.label().as_str());
            for rule in &expectation.rules {
                case.add_property(("rule", rule.as_str()));
            }
            suite.add_test_case(case);
        }
        if !verdict.cut_short.is_empty() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(verdict.cut_short.as_str());
            suite.add_test_case(TestCase::new("the run comes to its end", status));
        }
        suite.add_property(("seed", verdict.seed.to_string().as_str()));
        report.add_test_suite(suite);
    }
    report.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(held: bool) -> Verdict {
        let expectation = |text: &str, held: bool, saw: &str, line: u32| ExpectationResult {
            text: text.into(),
            rules: vec!["R43".into()],
            held,
            saw: saw.into(),
            place: format!("reset.yaml:{line}:5"),
        };
        Verdict {
            tariff: Tariff::usual(),
            file: "reset.yaml".into(),
            era: None,
            title: "Creating an endpoint resets open connections".into(),
            seed: 7,
            start: "2017-06-01T00:00:00Z".into(),
            ended_at: SimTime::from_secs(9),
            cut_short: String::new(),
            expectations: vec![
                expectation("upload is reset within 100ms", true, "reset at 5.021000", 31),
                expectation("upload completes", held, "failed: connection reset", 32),
            ],
            repeat: "vpclab run reset.yaml --seed 7".into(),
        }
    }

    #[test]
    fn a_verdict_shows_what_was_seen_instead_and_how_to_repeat_it() {
        assert_eq!(
            verdict(false).text(),
            "  ✓ upload is reset within 100ms  [R43]
  ✗ upload completes  [R43]
      saw: failed: connection reset
      at reset.yaml:32:5
  1 of 2 expectations held
  repeat with: vpclab run reset.yaml --seed 7
"
        );
        assert!(!verdict(false).held());
    }

    #[test]
    fn where_all_held_nothing_is_to_be_repeated() {
        assert!(verdict(true).held());
        assert!(!verdict(true).text().contains("repeat"));
    }

    #[test]
    fn a_run_that_was_cut_short_has_not_held() {
        let verdict = Verdict { cut_short: "the budget of events is spent".into(), ..verdict(true) };
        assert!(!verdict.held());
        assert!(verdict.text().contains("cut short at 9.000000: the budget of events is spent"));
    }

    #[test]
    fn junit_has_a_failure_for_what_did_not_hold_and_no_stamps() {
        let xml = junit(&[verdict(false)]).expect("texts are XML");
        assert!(xml.contains(r#"tests="2" skipped="0" failures="1" errors="0""#), "{xml}");
        assert!(xml.contains("repeat with: vpclab run reset.yaml --seed 7"), "{xml}");
        assert!(!xml.contains("timestamp") && !xml.contains(" time="), "{xml}");
        assert!(xml.contains(r#"<failure message="failed: connection reset">"#), "{xml}");
        assert!(!junit(&[verdict(true)]).expect("texts are XML").contains("<failure"));
    }
}
