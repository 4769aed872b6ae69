//! Laws of reports, for runs of any outcomes: what a report counts is what there was.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FailOn, Report, Verdict, write_json, write_junit, write_junit_strict, write_tap};
use crate::event::{Event, Outcome};

fn report(outcomes: &[Outcome]) -> Report {
    let mut report = Report::default();
    for (number, outcome) in outcomes.iter().enumerate() {
        let finished = json!({
            "event": "trial-finished", "trial": format!("area/topic-{}/case-{number}", number % 3), "title": "A case", "file": "cases/a.yaml",
            "line": 1, "profile": "core", "principal": "admin", "requirements": [], "operations": [], "outcome": outcome,
            "reason": "because", "warnings": 0, "checks": { "must": 1, "should": 0, "info": 0 }, "requests": 1, "duration_ms": 1.0,
        });
        report.take(&serde_json::from_value::<Event>(finished).expect("an event"));
    }
    report
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("text")
}

proptest! {
    #[test]
    fn totals_are_the_sum_of_outcomes(outcomes in prop::collection::vec(prop::sample::select(Outcome::ALL.to_vec()), 0..40)) {
        let (report, fail_on) = (report(&outcomes), FailOn::default());
        let count = |outcome: Outcome| outcomes.iter().filter(|other| **other == outcome).count();
        prop_assert_eq!(Outcome::ALL.iter().map(|outcome| report.count(*outcome)).sum::<usize>(), outcomes.len());
        for outcome in Outcome::ALL.iter().copied() {
            prop_assert_eq!(report.count(outcome), count(outcome));
        }

        let summary = text(|out| write_json(&report, fail_on, out).expect("written"));
        let summary: Value = serde_json::from_str(&summary).expect("JSON");
        let told = summary["trials"].as_object().expect("trials");
        prop_assert_eq!(told.values().filter_map(Value::as_u64).sum::<u64>(), outcomes.len() as u64);

        for junit in [
            text(|out| write_junit(&report, fail_on, out).expect("written")),
            text(|out| write_junit_strict(&report, fail_on, out).expect("written")),
        ] {
            let cases = junit.matches("<testcase ").count();
            // A run that is not conformant has one case more where no trial says so.
            let told = outcomes.iter().any(|outcome| outcome.departs() || outcome.is_unjudged());
            let untold = !told && !outcomes.is_empty() && report.verdict(fail_on) != Verdict::Conformant;
            prop_assert_eq!(cases, outcomes.len() + usize::from(untold));
            let red = junit.matches("<failure").count() + junit.matches("<error").count();
            let skipped = junit.matches("<skipped").count();
            let green = [Outcome::Passed, Outcome::Warned, Outcome::Flaky].into_iter().map(count).sum::<usize>();
            prop_assert_eq!(cases - red - skipped, green, "{}", junit);
        }

        let tap = text(|out| write_tap(&report, fail_on, out).expect("written"));
        let points = tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count();
        let plan = format!("1..{points}");
        prop_assert!(tap.lines().any(|line| line == plan));
    }

    #[test]
    fn nothing_green_hides_something_red(outcomes in prop::collection::vec(prop::sample::select(Outcome::ALL.to_vec()), 0..12)) {
        let verdict = report(&outcomes).verdict(FailOn::default());
        let any = |is: fn(Outcome) -> bool| outcomes.iter().any(|outcome| is(*outcome));
        if verdict == Verdict::Conformant {
            prop_assert!(!any(Outcome::departs) && !any(Outcome::is_unjudged) && !outcomes.is_empty());
        }
        if any(Outcome::departs) {
            prop_assert_eq!(verdict, Verdict::NotConformant);
        }
    }
}
