//! Targets that depart from what they are held to: dead ones let nothing pass, and one wrong member is named sharply.

use std::{collections::BTreeSet, fmt::Write as _, sync::Mutex};

use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server, ask},
    support::{Done, MockProcess, Place, Totals, data, junit, snapshot, text},
};

/// The embedded suite, in full, against a target that answers everything alike.
fn dead(answer: Answer) -> (Place, Done) {
    let place = Place::new();
    let (_, done) = run_all(&place, &Server::always(answer), "16");
    (place, done)
}

/// The trials of the embedded suite, and how a run of all of them against this server ended.
pub(crate) fn run_all(place: &Place, server: &Server, jobs: &str) -> (Vec<Value>, Done) {
    let listed = place.run(&["list", "--format", "json"]).json();
    let trials = listed.as_array().expect("a list").clone();
    let all = |member: &str| -> BTreeSet<String> {
        let values = trials.iter().flat_map(|trial| match &trial[member] {
            Value::Array(values) => values.clone(),
            value => vec![value.clone()],
        });
        values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let (principals, capabilities) = (all("principal"), all("needs"));
    let principals = principals.iter().map(String::as_str).filter(|name| *name != "anonymous");
    let principals: BTreeSet<&str> = principals.chain(["admin", "manager", "reader"]).collect();
    let capabilities: Vec<&str> = capabilities.iter().map(String::as_str).collect();
    place.target(&server.url, &principals.into_iter().collect::<Vec<_>>(), &capabilities);
    place.write("secrets/client", "a-secret-of-thirty-two-characters\n");
    let settings = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &format!("{settings}{}", clients_and_users()));
    let alive = ["--no-preflight", "--breaker", "0", "--allow-default-server"];
    let run = ["run", "--target", "here", "--jobs", jobs, "--format", "json", "--report", "junit"];
    let done = place.run(&[&run[..], &alive[..]].concat());
    let summary = done.json();
    assert_eq!(summary["trials"]["not_applicable"], 0, "every trial was tried");
    assert_eq!(place.outcomes().len(), trials.len());
    (trials, done)
}

/// Settings for all clients and users of the vocabulary.
fn clients_and_users() -> String {
    let vocabulary = include_str!("../../cases/vocabulary.yaml");
    let of = |section: &str| {
        let rest = vocabulary.split_once(&format!("\n{section}:\n")).expect("the section").1;
        let lines = rest.lines().take_while(|line| line.starts_with("  - "));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    let member = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}: ")).map(|(_, rest)| rest);
        rest.map(|rest| rest.split([',', ' ', '}']).next().unwrap_or_default().to_owned())
    };
    let key = data("keys/rsa.pkcs8.pem").display().to_string();
    let mut text = String::new();
    for line in of("clients") {
        let (id, method) = (member(&line, "id").expect("an ID"), member(&line, "method").expect("a method"));
        let own = match method.as_str() {
            "private_key_jwt" => format!("private-key = {{ file = {key:?} }}\n"),
            "none" => String::new(),
            _ => "client-secret = { file = \"secrets/client\" }\n".to_owned(),
        };
        let dpop = member(&line, "dpop").is_some_and(|dpop| dpop == "true");
        let _ = write!(
            text,
            "[targets.here.clients.{id}]\nclient-id = \"0oa-{id}\"\nmethod = \"{method}\"\ndpop = {dpop}\n{own}"
        );
    }
    for line in of("users") {
        let id = member(&line, "id").expect("an ID");
        let _ = write!(
            text,
            "[targets.here.users.{id}]\nlogin = \"{id}@example.com\"\npassword = {{ file = \"secrets/client\" }}\n"
        );
    }
    text
}

/// Trials in which no check of level `must` was false: there must be none.
pub(crate) fn passed(place: &Place) -> Vec<String> {
    let outcomes = place.outcomes().into_iter();
    let passes = |outcome: &str| ["passed", "warned"].contains(&outcome);
    outcomes.filter(|(_, outcome)| passes(outcome)).map(|(trial, _)| trial).collect()
}

#[test]
fn nothing_passes_where_everything_is_an_empty_object() {
    let (place, done) = dead(Answer { headers: vec![], ..Answer::json(200, &json!({})) });
    assert_eq!(passed(&place), [""; 0]);
    assert_eq!(done.code, 1, "{}", done.err);
    let (_, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!((totals.passed, totals.skipped), (0, 0));
}

#[test]
fn nothing_passes_where_nothing_is_found() {
    let (place, done) = dead(Answer { headers: vec![], ..Answer::json(404, &json!({})) });
    assert_eq!(passed(&place), [""; 0]);
    assert_eq!(done.code, 1, "{}", done.err);
}

#[test]
fn nothing_can_be_judged_where_everything_is_an_internal_error() {
    let (place, done) = dead(Answer { headers: vec![], ..Answer::json(500, &json!({})) });
    assert_eq!(passed(&place), [""; 0]);
    let judged: Vec<_> = place
        .outcomes()
        .into_iter()
        .filter(|(_, outcome)| !["errored", "blocked"].contains(&outcome.as_str()))
        .collect();
    assert_eq!(judged, [], "an internal error says nothing about conformance");
    assert_eq!(done.code, 2, "{}", done.err);
}

#[test]
fn a_target_that_does_not_work_is_one_finding() {
    let server = Server::always(Answer { headers: vec![], ..Answer::json(500, &json!({})) });
    let place = Place::new();
    place.target(&server.url, &["admin", "manager"], &[]);
    let done = place.run(&["run", "--target", "here", "--format", "json"]);
    let summary = done.json();
    assert_eq!((done.code, summary["findings"].as_array().map(Vec::len)), (2, Some(1)), "{}", done.err);
    assert!(summary["findings"][0].as_str().is_some_and(|text| text.contains("answers 500")), "{summary}");
    assert!(place.outcomes().values().all(|outcome| outcome == "not-run"), "nothing was tried");
    assert_eq!(server.requests().len(), 1, "and nothing was sent but the question");
}

#[test]
fn nothing_can_be_judged_where_nobody_listens() {
    // The port was free a moment ago, and the server that had it is gone.
    let url = Server::always(Answer::default()).url.clone();
    let place = Place::with_suite(&["levels"]);
    let done = place.run(&["run", "--suite", "suite", "--target", &url, "--report", "junit"]);
    assert_eq!(done.code, 2);
    let (_, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!(totals, Totals { tests: 11, errors: 11, ..Totals::default() });
    assert!(done.out.contains("cannot connect: "), "{}", done.out);
}

/// The ID that every server has in snapshots.
const ID: &str = "aus0123456789abcdefg";

/// In front of a mock, with what snapshots hold of its answers and no more; `change` makes them wrong.
pub(crate) fn plain(mock: &MockProcess, change: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Server {
    let (url, id) = (mock.url.clone(), Mutex::new(String::new()));
    Server::start(move |request| {
        let mut id = id.lock().expect("no panic");
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = ask(&url, &request.method, &request.target.replace(ID, &id), &headers, &request.body);
        if request.method == "POST" {
            *id = text(&serde_json::from_slice(&answer.body).expect("a server"), "id");
        }
        essence(&mut answer);
        change(request, &mut answer);
        Some(answer)
    })
}

fn essence(answer: &mut Answer) {
    answer.headers.retain(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    answer.headers.push(("X-Okta-Request-Id".to_owned(), "reqFixed".to_owned()));
    if let Ok(Value::Object(mut body)) = serde_json::from_slice(&answer.body) {
        body.retain(|name, _| {
            ["id", "name", "description", "status", "errorCode", "errorSummary"].contains(&name.as_str())
        });
        if let Some(id) = body.get_mut("id") {
            *id = json!(ID);
        }
        answer.body = Value::Object(body).to_string().into_bytes();
    }
}

/// Takes the description out of what a get shows.
fn forget_description(request: &Request, answer: &mut Answer) {
    if request.method == "GET"
        && let Ok(Value::Object(mut body)) = serde_json::from_slice(&answer.body)
    {
        body.shift_remove("description");
        answer.body = Value::Object(body).to_string().into_bytes();
    }
}

#[test]
fn one_missing_member_is_named_with_place_evidence_and_a_way_to_see_it() {
    let mock = MockProcess::start(&[]);
    let proxy = plain(&mock, forget_description);
    let place = Place::with_suite(&[]);
    place.use_servers();
    let arguments = ["run", "--suite", "suite", "--target", &proxy.url, "--jobs", "1", "--report", "junit"];
    let done = place.run(&arguments);
    assert_eq!(done.code, 1, "{}", done.err);
    snapshot(&place, "red-console", &done.out);
    snapshot(&place, "red-junit", &place.read("reports/junit.xml"));
    assert_eq!(mock.servers().len(), 1, "the server that the case made is gone");

    let again = place.run(&["report", "reports/events.jsonl", "--format", "junit"]);
    assert_eq!(again.out, place.read("reports/junit.xml"), "a report can be made later");
    let explained = place.run(&["explain", "authorization-servers/get/keeps-its-description", "--suite", "suite"]);
    assert_eq!(explained.code, 0);
    snapshot(&place, "explain", &explained.out);
}

#[test]
fn the_embedded_suite_sees_a_description_that_went_missing() {
    let mock = MockProcess::start(&[]);
    let proxy = Server::proxy(&mock.url, forget_description);
    let place = Place::new();
    let done = place.run(&["run", "authorization-servers/get/same-as-created", "--target", &proxy.url]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!(done.out.contains(" /description"), "{}", done.out);
    let honest = Server::proxy(&mock.url, |_, _| {});
    let done = place.run(&["run", "authorization-servers/get/same-as-created", "--target", &honest.url]);
    assert_eq!(done.code, 0, "it is the missing member that fails it: {}", done.out);
}

#[test]
fn what_turns_a_run_red_is_a_choice() {
    let server = Server::start(|_| {
        let body = json!({ "id": "a", "name": "a", "color": "red", "size": 9 });
        Some(Answer::json(200, &body))
    });
    let place = Place::with_suite(&["levels"]);
    let run = |trial: &str, more: &[&str]| {
        let arguments = [&["run", trial, "--suite", "suite", "--target", &server.url, "--quiet"], more].concat();
        place.run(&arguments).code
    };
    assert_eq!(run("things/levels/warning", &[]), 0);
    assert_eq!(run("things/levels/warning", &["--fail-on", "warning"]), 1);
    assert_eq!(run("things/levels/note", &["--fail-on", "warning"]), 0);
    assert_eq!(run("things/levels/note", &["--fail-on", "drift"]), 1);
    assert_eq!(run("things/levels/note", &["--fail-on", "flaky"]), 0);
}

#[test]
fn what_could_not_be_judged_outweighs_what_passed_and_a_failure_outweighs_both() {
    let server = Server::start(|request| {
        Some(match request.method.as_str() {
            "POST" => Answer::json(400, &json!({ "errorCode": "E0000400", "text": "no" })),
            _ if request.target.ends_with("broken") => Answer::new(500, "trouble"),
            _ => Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })),
        })
    });
    let place = Place::with_suite(&["levels"]);
    let run = |trials: &[&str]| {
        let trials: Vec<String> = trials.iter().map(|trial| format!("things/levels/{trial}")).collect();
        let trials: Vec<&str> = trials.iter().map(String::as_str).collect();
        let done = place.run(&[&["run", "--suite", "suite", "--target", &server.url], trials.as_slice()].concat());
        let mut outcomes: Vec<String> = place.outcomes().into_values().collect();
        outcomes.sort_unstable();
        (done.code, outcomes.join(" "))
    };
    let expected = |code: i32, outcomes: &str| (code, outcomes.to_owned());
    assert_eq!(run(&["note"]), expected(0, "passed"));
    assert_eq!(run(&["note", "server-trouble"]), expected(2, "errored passed"));
    assert_eq!(run(&["note", "blocked"]), expected(2, "blocked passed"));
    assert_eq!(run(&["note", "blocked", "server-trouble", "redirect"]), expected(1, "blocked errored failed passed"));
}
