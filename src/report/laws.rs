//! Laws of reports, for runs of any outcomes: what a report counts is what there was.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    FailOn, Percent, Report, RequirementStanding, Score, Verdict, write_json, write_junit, write_junit_strict,
    write_tap,
};
use crate::event::{Event, Outcome, RunFinished, RunStarted};

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

/// The last event of a trial on some of these requirements, as the engine writes it.
fn trial(number: usize, (outcome, named, held, departed): &(Outcome, usize, usize, usize)) -> Event {
    let ids = |bits: usize| {
        ["a", "b", "c", "d"].into_iter().enumerate().filter_map(move |(at, id)| (bits >> at & 1 == 1).then_some(id))
    };
    serde_json::from_value(json!({
        "event": "trial-finished", "trial": format!("area/topic/case-{number}"), "title": "A case", "file": "cases/a.yaml", "line": 1,
        "profile": format!("p{}", number % 2), "principal": "admin", "requirements": ids(*named).collect::<Vec<_>>(), "operations": [],
        "held": ids(*held).collect::<Vec<_>>(), "departed": ids(*departed).collect::<Vec<_>>(), "outcome": outcome, "warnings": 0,
        "checks": { "must": 1, "should": 0, "info": 0 }, "requests": 1, "duration_ms": 1.0,
    }))
    .expect("an event")
}

fn header(scored: bool) -> Event {
    Event::RunStarted(Box::new(RunStarted { version: 2, scored, ..RunStarted::default() }))
}

/// The stream of a run of these trials.
fn take(report: &mut Report, scored: bool, trials: impl Iterator<Item = Event>) {
    report.take(&header(scored));
    for trial in trials {
        report.take(&trial);
    }
    report.take(&Event::RunFinished(RunFinished::default()));
}

fn score(trials: &[(Outcome, usize, usize, usize)]) -> Option<Score> {
    let mut report = Report::default();
    take(&mut report, true, (0..).zip(trials).map(|(number, told)| trial(number, told)));
    report.score()
}

/// How the target stands to the requirement `a`.
fn stands(trials: &[(Outcome, usize, usize, usize)]) -> RequirementStanding {
    score(trials).expect("a score").requirements["a"]
}

#[test]
fn a_requirement_stands_as_its_trials_say() {
    use Outcome::{Blocked, Errored, Failed, KnownFailure, NotApplicable, NotRun, Passed, Warned};
    use RequirementStanding::{Departed, Held, NotJudged, Noted};
    let held = (Passed, 1, 1, 0);
    assert_eq!(stands(&[held]), Held);
    for outcome in [Failed, KnownFailure, Warned, Blocked] {
        assert_eq!(stands(&[held, (outcome, 1, 1, 1)]), Departed, "{outcome:?}");
    }
    for outcome in [Blocked, Errored, NotRun] {
        assert_eq!(stands(&[held, (outcome, 1, 0, 0)]), NotJudged, "{outcome:?}");
        assert_eq!(stands(&[held, (outcome, 2, 0, 0)]), Held, "{outcome:?} of another requirement");
    }
    assert_eq!(stands(&[held, (NotApplicable, 1, 0, 0)]), Held);
    assert_eq!(stands(&[(NotApplicable, 1, 0, 0)]), RequirementStanding::NotApplicable);
    assert_eq!(stands(&[(Failed, 3, 0, 2)]), NotJudged, "the trial ended before it");
    assert_eq!(stands(&[(Passed, 3, 2, 0)]), Noted, "its only checks were false and of level info");
    assert_eq!(stands(&[(Passed, 2, 3, 0)]), Held, "a call implies it");
}

#[test]
fn a_hundred_percent_is_all() {
    for (part, whole, words) in [(2000, 2000, "100 %"), (1999, 2000, "99.9 %"), (2, 3, "66.6 %"), (0, 3, "0.0 %")] {
        assert_eq!(Percent::of(part, whole).map(|percent| percent.to_string()).as_deref(), Some(words));
    }
    assert_eq!(Percent::of(0, 0), None);
}

#[test]
fn there_is_no_score_of_what_is_not_there() {
    let told = trial(0, &(Outcome::Passed, 1, 1, 0));
    let with = |parts: &[bool]| {
        let mut report = Report::default();
        for scored in parts {
            take(&mut report, *scored, std::iter::once(told.clone()));
        }
        report.score().is_some()
    };
    assert!(with(&[true, true]));
    assert!(!with(&[true, false]), "a part of a program that did not write it down");
    let mut cut = Report::default();
    cut.take(&header(true));
    cut.take(&told);
    assert_eq!(cut.score(), None, "it was cut short");
}

/// Outcome, and as bits: the requirements of a trial, those held, those departed.
fn told() -> impl Strategy<Value = (Outcome, usize, usize, usize)> {
    (prop::sample::select(Outcome::ALL.to_vec()), 1..16usize, 0..16usize, 0..16usize)
}

proptest! {
    /// The parts, each a stream of its own, in either order.
    #[test]
    fn merged_parts_have_the_score_of_the_whole(trials in prop::collection::vec(told(), 0..24), parts in 1..5usize, reversed: bool) {
        let whole = score(&trials).expect("a score");
        let mut merged = Report::default();
        let order: Vec<usize> = if reversed { (0..parts).rev().collect() } else { (0..parts).collect() };
        for part in order {
            let own = (0..).zip(&trials).filter(|(number, _)| number % parts == part);
            take(&mut merged, true, own.map(|(number, told)| trial(number, told)));
        }
        let sum = whole.all.total() + whole.all.noted + whole.all.not_applicable;
        prop_assert_eq!(sum, whole.requirements.len());
        prop_assert_eq!(merged.score(), Some(whole));
    }

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
