//! The outcome `warned`: no check of level `must` was false, but one of level `should` was.

use quick_junit::{TestCase, TestCaseStatus};
use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{Done, Place, Totals, junit, text, unsealed},
};

const TRIAL: &str = "things/levels/warning";

/// One thing, which should have another colour.
fn red() -> Server {
    Server::always(Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })))
}

fn run(place: &Place, server: &Server, more: &[&str]) -> Done {
    let arguments = ["run", TRIAL, "--suite", "suite", "--target", &server.url, "--no-preflight"];
    let reports = ["--report", "junit", "--report", "tap=run.tap", "--report", "json=run.json"];
    place.run(&[&arguments[..], &reports, more].concat())
}

fn case(place: &Place) -> (Totals, TestCase) {
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    let mut cases = report.test_suites.into_iter().flat_map(|suite| suite.test_cases);
    (totals, cases.find(|case| case.name.as_str() == "warning").expect("the trial"))
}

#[test]
fn a_false_check_of_level_should_makes_a_trial_warned_and_leaves_the_run_green() {
    let (place, server) = (Place::with_suite(&["levels"]), red());
    let done = run(&place, &server, &["--retries", "2"]);
    assert_eq!((done.code, server.lines().len()), (0, 1), "it is not tried again: {}", done.out);
    assert!(done.last_line().starts_with("conformant: 1 warned; "), "{}", done.last_line());
    assert_eq!(place.outcomes()[TRIAL], "warned");

    let (totals, case) = case(&place);
    assert_eq!(totals, Totals { tests: 1, passed: 1, ..Totals::default() });
    let property = case.properties.iter().find(|property| property.name.as_str() == "outcome").expect("the outcome");
    assert_eq!(property.value.as_str(), "warned");
    let out = case.system_out.expect("what should be");
    assert!(out.as_str().contains("warning: body /color: expected \"blue\", got \"red\""), "{out:?}");
    assert!(place.read("run.tap").contains("\nok 1 - things/levels/warning\n  ---\n"), "{}", place.read("run.tap"));
    let summary: Value = serde_json::from_str(&place.read("run.json")).expect("JSON");
    assert_eq!((&summary["trials"]["warned"], &summary["trials"]["passed"]), (&json!(1), &json!(0)));
}

#[test]
fn who_wants_warnings_to_be_red_says_so() {
    let (place, server) = (Place::with_suite(&["levels"]), red());
    let done = run(&place, &server, &["--fail-on", "warning"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert_eq!(place.outcomes()[TRIAL], "warned");
    let (totals, case) = case(&place);
    assert_eq!(totals, Totals { tests: 1, failures: 1, ..Totals::default() });
    let TestCaseStatus::NonSuccess { ty, .. } = &case.status else { panic!("{case:?}") };
    assert_eq!(ty.as_ref().map(quick_junit::XmlString::as_str), Some("warning"));
    assert!(place.read("run.tap").contains("\nnot ok 1 - things/levels/warning\n"), "{}", place.read("run.tap"));
}

#[test]
fn a_listed_failure_that_is_no_more_than_a_warning_is_an_unexpected_pass() {
    let (place, server) = (Place::with_suite(&["levels"]), red());
    let entry = format!(
        "  - trial: {TRIAL}\n    observed: ['body /color: \"red\"']\n    reason: a\n    issue: b\n    owner: c\n    expires: 2999-12-31\n"
    );
    place.write("known.yaml", &format!("knownFailures:\n{entry}"));
    let done = run(&place, &server, &["--known-failures", "known.yaml"]);
    assert_eq!((done.code, place.outcomes()[TRIAL].as_str()), (1, "unexpected-pass"), "{}", done.out);
}

#[test]
fn a_false_check_of_level_info_leaves_a_trial_passed() {
    let (place, server) = (Place::with_suite(&["levels"]), red());
    let arguments = ["run", "things/levels/note", "--suite", "suite", "--target", &server.url, "--no-preflight"];
    let done = place.run(&arguments);
    assert_eq!((done.code, place.outcomes()["things/levels/note"].as_str()), (0, "passed"), "{}", done.out);
}

/// Streams had no word for it once: such a trial passed, and its warnings were counted.
#[test]
fn a_passed_trial_with_warnings_of_an_older_stream_is_warned() {
    let (place, server) = (Place::with_suite(&["levels"]), red());
    run(&place, &server, &[]);
    let stream = place.read("reports/events.jsonl");
    assert_eq!(stream.matches("warned").count(), 2, "in the trial and in the footer: {stream}");
    place.write("old.jsonl", &unsealed(&stream).replace("warned", "passed"));
    for (name, more) in [("old.jsonl", &[][..]), ("reports/events.jsonl", &[])] {
        let done = place.run(&[&["report", name, "--format", "json"], more].concat());
        let summary = done.json();
        assert_eq!((done.code, &summary["trials"]["warned"]), (0, &json!(1)), "{name}: {}", done.err);
        assert_eq!(text(&summary["causes"][0], "outcome"), "warned", "{summary}");
    }
    let diff = place.run(&["diff", "old.jsonl", "reports/events.jsonl"]);
    assert_eq!(diff.code, 0, "{}", diff.out);
    assert!(!diff.out.contains(TRIAL), "nothing has changed: {}", diff.out);
}
