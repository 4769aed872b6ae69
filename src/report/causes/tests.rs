//! Which trials stand together, under which title and in which order.

use serde_json::{Value, json};

use super::{
    super::{FailOn, Report},
    Cause,
};

/// A run of these trials: ID, operation, the status that came, and the false checks.
fn run(trials: &[(&str, &str, u16, Value)]) -> Report {
    let operation = |id: &str, path: &str| json!({ "id": id, "method": "GET", "path": path, "statuses": [200, 404] });
    let mut events = vec![json!({
        "event": "run-started", "version": 1, "run": "r", "program": "0", "suite": "s", "target": "t", "origin": "o",
        "started": "2026-01-01T00:00:00Z", "jobs": 1, "trials": trials.len(), "principals": [], "capabilities": [],
        "operations": [
            operation("listKeys", "/keys"), operation("getKey", "/keys/{id}"), operation("listKeyrings", "/keyrings"),
            operation("getServer", "/servers/{id}")
        ]
    })];
    for (trial, call, status, findings) in trials {
        let passes = findings.as_array().is_some_and(Vec::is_empty);
        let checks = json!({ "must": 1, "should": 0, "info": 0 });
        events.push(json!({
            "event": "step-finished", "trial": trial, "phase": "steps", "attempt": 1, "step": 1, "call": call, "principal": "p",
            "requests": 1, "checks": checks, "mismatches": findings,
            "exchange": {
                "request": { "method": "GET", "url": "/", "headers": [] },
                "response": { "status": status, "headers": [] }, "duration_ms": 1.0
            }
        }));
        events.push(json!({
            "event": "trial-finished", "trial": trial, "title": "", "file": "f", "line": 1, "profile": "core", "principal": "p",
            "requirements": [], "operations": [call], "outcome": if passes { "passed" } else { "failed" },
            "warnings": 0, "checks": checks, "requests": 1, "duration_ms": 1.0
        }));
    }
    let mut report = Report::default();
    let event = |event: Value| serde_json::from_value(event).expect("an event");
    events.into_iter().map(event).for_each(|event| report.take(&event));
    report
}

/// A false check of level `must`.
fn wrong(check: &str, pointer: &str, expected: &str, actual: &str) -> Value {
    json!({
        "check": check, "level": "must", "requirements": [], "pointer": pointer, "expected": expected, "actual": actual
    })
}

/// The titles of the causes, each with its trials.
fn told(report: &Report) -> Vec<(String, Vec<String>)> {
    let ids = |cause: &Cause<'_>| cause.trials.iter().map(|trial| trial.finished.trial.clone()).collect();
    report.causes(FailOn::default()).iter().map(|cause| (cause.title(), ids(cause))).collect()
}

/// The causes of these trials: ID, operation, the status that was expected and the one that came.
fn causes(trials: &[(&'static str, &'static str, u16, u16)]) -> Vec<(String, Vec<String>)> {
    let findings = |expected: u16, status: u16| {
        let wrong = || wrong("status", "", &expected.to_string(), &status.to_string());
        if expected == status { json!([]) } else { json!([wrong()]) }
    };
    let trial = |(trial, call, expected, status): &(&'static str, &'static str, u16, u16)| {
        (*trial, *call, *status, findings(*expected, *status))
    };
    told(&run(&trials.iter().map(trial).collect::<Vec<_>>()))
}

fn cause(title: &str, trials: &[&str]) -> (String, Vec<String>) {
    (title.to_owned(), trials.iter().map(|trial| (*trial).to_owned()).collect())
}

#[test]
fn operations_that_are_not_there_are_one_cause_with_what_is_below_them() {
    let found = causes(&[
        ("one/a/list", "listKeys", 401, 404),
        ("two/a/get", "getKey", 401, 404),
        ("three/a/rings", "listKeyrings", 200, 404),
        ("servers/a/unknown", "getServer", 404, 404),
        ("servers/a/get", "getServer", 200, 404),
        ("servers/b/get", "getServer", 200, 200),
    ]);
    assert_eq!(
        found,
        [
            cause("nothing but 404, 405 or 501 from `/keys` and what is below it", &["one/a/list", "two/a/get"]),
            cause("getServer: status: expected 200, got 404", &["servers/a/get"]),
            cause("listKeyrings: status: expected 200, got 404", &["three/a/rings"]),
        ],
        "a name that begins alike is another path, one answer is enough to be there, and one operation is no path"
    );
}

#[test]
fn what_departs_alike_stands_together_and_most_comes_first() {
    let found = causes(&[
        ("servers/a/1", "getServer", 200, 500),
        ("servers/a/2", "getServer", 200, 403),
        ("servers/a/3", "getServer", 200, 403),
        ("servers/a/4", "getServer", 200, 200),
    ]);
    let first = cause("getServer: status: expected 200, got 403", &["servers/a/2", "servers/a/3"]);
    assert_eq!(found, [first, cause("getServer: status: expected 200, got 500", &["servers/a/1"])]);
}

#[test]
fn no_cause_hides_another_and_a_trial_stands_under_each() {
    let created = |actual| wrong("schema", "/items/3/created", "a date", actual);
    let name = |expected| wrong("body", "/name", expected, "\"z\"");
    let report = run(&[
        ("a/a/1", "getServer", 200, json!([name("\"x\""), created("1")])),
        ("a/a/2", "getServer", 200, json!([wrong("schema", "/items/4/created", "a date", "2")])),
        ("a/a/3", "listKeys", 200, json!([created("1")])),
    ]);
    assert_eq!(
        told(&report),
        [
            cause("getServer: schema /items/*/created: expected a date, got 1", &["a/a/1", "a/a/2"]),
            cause("getServer: body /name: expected \"x\", got \"z\"", &["a/a/1"]),
            cause("listKeys: schema /items/*/created: expected a date, got 1", &["a/a/3"]),
        ]
    );
}

#[test]
fn what_follows_in_the_same_answer_stands_beside_and_in_another_one_does_not() {
    let body = |place: &str| wrong("body", place, "\"x\"", "nothing");
    let nothing = || {
        let mut wrong = wrong("schema", "", "an object", "");
        wrong["actual"] = json!({ "is": "not-json", "of": "the body is empty" });
        wrong
    };
    let report = run(&[
        ("a/a/1", "getServer", 200, json!([nothing(), body("/name")])),
        ("a/a/2", "listKeys", 200, json!([body("/name")])),
    ]);
    assert_eq!(
        told(&report),
        [
            cause("getServer: schema: expected an object, got the body is empty", &["a/a/1"]),
            cause("listKeys: body /name: expected \"x\", got nothing", &["a/a/2"]),
        ]
    );
    let causes = report.causes(FailOn::default());
    let beside = causes.iter().filter_map(Cause::check).map(|check| check.beside.clone()).collect::<Vec<_>>();
    assert_eq!(beside, [vec!["body /name".to_owned()], vec![]]);
}

#[test]
fn another_status_is_why_the_rest_of_an_answer_is_wrong() {
    let form = || wrong("error form", "", "an error", "nothing");
    let report = run(&[
        ("a/a/1", "getServer", 500, json!([form(), wrong("status", "", "200", "500")])),
        ("a/a/2", "listKeys", 500, json!([form(), wrong("status", "", "200", "500")])),
    ]);
    let title = |call| format!("{call}: status: expected 200, got 500");
    assert_eq!(told(&report), [cause(&title("getServer"), &["a/a/1"]), cause(&title("listKeys"), &["a/a/2"])]);
}

#[test]
fn what_a_trial_a_run_or_an_org_names_makes_no_other_cause() {
    let link = |id: &str| wrong("link self", "/_links/self", &format!("\"o/servers/{id}\""), "nothing");
    let report = run(&[
        ("a/a/1", "getServer", 200, json!([link("aus0kfgs0BV70xdcJ1d7")])),
        ("a/a/2", "getServer", 200, json!([link("aus1Vw1w9Raq7HYid1d7")])),
        ("a/a/3", "getServer", 200, json!([wrong("body", "/name", "\"x\"", "1")])),
        ("a/a/4", "getServer", 200, json!([wrong("body", "/name", "\"y\"", "2")])),
    ]);
    let trials: Vec<_> = told(&report).into_iter().map(|(_, trials)| trials).collect();
    assert_eq!(trials, [["a/a/3", "a/a/4"], ["a/a/1", "a/a/2"]]);
}

#[test]
fn a_header_that_all_operations_lack_is_one_cause() {
    let lacks = || {
        let mut wrong = wrong("header", "", "one", "nothing");
        wrong["check"] = json!({ "header": "X-Okta-Request-Id" });
        json!([wrong])
    };
    let report = run(&[
        ("a/a/1", "getServer", 200, lacks()),
        ("a/a/2", "listKeys", 200, lacks()),
        ("a/a/3", "getKey", 200, lacks()),
        ("a/a/4", "listKeyrings", 200, lacks()),
        ("a/a/5", "PATCH /", 200, lacks()),
    ]);
    let title = "5 operations: header X-Okta-Request-Id: expected one, got nothing";
    assert_eq!(told(&report), [cause(title, &["a/a/1", "a/a/2", "a/a/3", "a/a/4", "a/a/5"])]);
}
