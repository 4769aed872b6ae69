//! Retries: a trial is tried again as a whole, what came of each attempt is told, and who passes in the end is flaky.

use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
};

use quick_junit::{NonSuccessKind, TestCaseStatus, TestRerun};
use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{Done, Place, Totals, junit, of_kind, snapshot, text},
};

/// Things that are of these colours, one after the other, each time that they are asked for; the last colour stays.
fn fickle(colors: &'static [&'static str]) -> Server {
    let asked: Mutex<BTreeMap<String, usize>> = Mutex::default();
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let mut asked = asked.lock().expect("no panic");
        let times = asked.entry(name.to_owned()).or_default();
        let color = colors[(*times).min(colors.len() - 1)];
        *times += 1;
        Some(match color {
            "broken" => Answer::new(503, "trouble"),
            color => Answer::json(200, &json!({ "id": name, "name": name, "color": color })),
        })
    })
}

fn run(server: &Server, more: &[&str]) -> (Place, Done) {
    let place = Place::with_suite(&["colors"]);
    let arguments =
        ["run", "things/colors/red[a]", "things/colors/red[b]", "--suite", "suite", "--target", &server.url];
    let done = place.run(&[&arguments[..], &["--jobs", "1", "--report", "junit"], more].concat());
    (place, done)
}

/// The attempts before the last that `JUnit` tells of the trial `red[a]`, and whether the last one was a success.
fn attempts(place: &Place) -> (Totals, bool, Vec<(NonSuccessKind, String)>) {
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    let case =
        report.test_suites.iter().flat_map(|suite| &suite.test_cases).find(|case| case.name.as_str() == "red[a]");
    let told = |rerun: &TestRerun| (rerun.kind, rerun.ty.as_ref().map_or("", |ty| ty.as_str()).to_owned());
    match &case.expect("the trial").status {
        TestCaseStatus::Success { flaky_runs } => (totals, true, flaky_runs.iter().map(told).collect()),
        TestCaseStatus::NonSuccess { reruns, .. } => (totals, false, reruns.runs.iter().map(told).collect()),
        TestCaseStatus::Skipped { .. } => panic!("it ran"),
    }
}

#[test]
fn a_trial_that_passes_on_a_retry_is_flaky() {
    let (place, done) = run(&fickle(&["blue", "red"]), &["--retries", "1"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "flaky"), "{}", done.out);
    snapshot(&place, "flaky", &done.out);
    let failed = (NonSuccessKind::Failure, "failed".to_owned());
    let two = Totals { tests: 2, passed: 2, ..Totals::default() };
    assert_eq!(attempts(&place), (two, true, vec![failed]));
    assert!(place.read("reports/junit.xml").contains("<flakyFailure "));

    let events = place.events();
    let steps = of_kind(&events, "step-finished").filter(|event| event["trial"] == "things/colors/red[a]");
    let seen: Vec<(Value, usize)> =
        steps.map(|step| (step["attempt"].clone(), step["findings"].as_array().map_or(0, Vec::len))).collect();
    assert_eq!(seen, [(json!(1), 1), (json!(2), 0)], "each attempt is in the stream");
    let finished = of_kind(&events, "trial-finished").next().expect("a trial");
    let earlier = finished["earlier"].as_array().expect("a list");
    assert_eq!(earlier.len(), 1);
    assert_eq!(text(&earlier[0], "outcome"), "failed");
    assert!(text(&earlier[0], "reason").contains("/color: expected \"red\", got \"blue\""), "{earlier:?}");
    assert_eq!(events.last().expect("a footer")["trials"], json!({ "flaky": 2 }));
}

#[test]
fn who_wants_flaky_trials_to_be_red_says_so() {
    let (place, done) = run(&fickle(&["blue", "red"]), &["--retries", "1", "--fail-on", "flaky"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.last_line().starts_with("not conformant: 2 flaky; "), "{}", done.last_line());
    assert!(place.outcomes().values().all(|outcome| outcome == "flaky"));
}

#[test]
fn without_retries_nothing_is_tried_again() {
    let server = fickle(&["blue", "red"]);
    let (place, done) = run(&server, &[]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "failed"));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn a_trial_that_fails_each_time_has_failed() {
    let server = fickle(&["blue", "broken", "green"]);
    let (place, done) = run(&server, &["--retries", "2"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "failed"));
    let before = vec![(NonSuccessKind::Failure, "failed".to_owned()), (NonSuccessKind::Error, "errored".to_owned())];
    assert_eq!(attempts(&place), (Totals { tests: 2, failures: 2, ..Totals::default() }, false, before));
    assert_eq!(server.lines().len(), 6, "as often as was asked for, and no more");
    assert!(done.out.contains("actual:   \"green\""), "{}", done.out);
}

#[test]
fn trouble_is_tried_again_and_a_pass_is_not() {
    let server = fickle(&["broken", "broken", "red"]);
    let (place, done) = run(&server, &["--retries", "5"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "flaky"), "{}", done.out);
    let (_, passed, before) = attempts(&place);
    assert_eq!((passed, before), (true, vec![(NonSuccessKind::Error, "errored".to_owned()); 2]));
    assert_eq!(server.lines().len(), 6);

    let server = fickle(&["red"]);
    let (place, done) = run(&server, &["--retries", "5"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "passed"));
    assert_eq!(server.lines().len(), 2);
}

#[test]
fn each_attempt_makes_its_own_things_and_removes_them() {
    let made = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        Some(match request.method.as_str() {
            "POST" => {
                let id = format!("thing-{}", made.fetch_add(1, Ordering::SeqCst));
                Answer::json(201, &json!({ "id": id, "name": request.json()["name"] }))
            }
            "DELETE" => Answer::new(204, ""),
            _ => Answer::json(404, &json!({ "errorCode": "E0000404", "text": "no" })),
        })
    });
    let place = Place::with_suite(&["cleanup"]);
    let arguments = ["run", "things/cleanup/last-first", "--suite", "suite", "--target", &server.url, "--retries", "1"];
    assert_eq!(place.run(&arguments).code, 1);
    let things = |numbers: [usize; 3]| {
        let [asked, last, first] = numbers.map(|number| format!("/api/v1/things/thing-{number}"));
        let make = "POST /api/v1/things".to_owned();
        [make.clone(), make, format!("GET {asked}"), format!("DELETE {last}"), format!("DELETE {first}")]
    };
    assert_eq!(server.lines(), [things([0, 1, 0]), things([2, 3, 2])].concat());
}
