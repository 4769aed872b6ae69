//! What the keys of a step do, seen from the target: a small suite against a server that writes down what it is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server},
    support::{Done, Place, check, of_kind, text},
};

const TOPICS: [&str; 6] = ["repetition", "paging", "cleanup", "values", "tables", "levels"];

/// The outcomes of all cases of these topics against [`things`].
const OUTCOMES: [(&str, &str); 43] = [
    ("cleanup/after-a-failure", "failed"),
    ("cleanup/gone", "passed"),
    ("cleanup/last-first", "passed"),
    ("cleanup/locked", "passed"),
    ("cleanup/made-though-not-meant", "failed"),
    ("cleanup/refused", "passed"),
    ("levels/blocked", "blocked"),
    ("levels/contract[code]", "failed"),
    ("levels/contract[drift]", "passed"),
    ("levels/contract[error-form]", "failed"),
    ("levels/contract[form]", "failed"),
    ("levels/contract[header]", "failed"),
    ("levels/contract[status]", "failed"),
    ("levels/note", "passed"),
    ("levels/redirect", "passed"),
    ("levels/server-trouble", "errored"),
    ("levels/warning", "warned"),
    ("paging/all-pages", "failed"),
    ("paging/circle", "failed"),
    ("paging/each-page", "failed"),
    ("paging/elsewhere", "failed"),
    ("paging/to-the-end", "passed"),
    ("paging/too-many", "failed"),
    ("repetition/never-refused", "failed"),
    ("repetition/never-settles", "failed"),
    ("repetition/settles", "passed"),
    ("repetition/until-refused", "passed"),
    ("tables/by-principal@anonymous", "failed"),
    ("tables/by-principal@manager", "passed"),
    ("tables/by-principal@reader", "passed"),
    ("tables/by-row[lenient]", "warned"),
    ("tables/by-row[reader]", "passed"),
    ("tables/by-row[teleport]", "not-applicable"),
    ("tables/typed[list]", "passed"),
    ("tables/typed[nothing]", "passed"),
    ("tables/typed[number]", "passed"),
    ("tables/typed[text]", "passed"),
    ("values/captures", "passed"),
    ("values/captures-nothing", "failed"),
    ("values/encoded", "passed"),
    ("values/headers", "passed"),
    ("values/same-as", "failed"),
    ("values/unique", "passed"),
];

/// Things that behave, misbehave and never change, by their names.
fn things(elsewhere: &str) -> Server {
    let (elsewhere, slow, limited) = (elsewhere.to_owned(), AtomicUsize::new(0), AtomicUsize::new(0));
    Server::start(move |request| {
        let host = request.header("Host").unwrap_or_default();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let name = path.strip_prefix("/api/v1/things/").unwrap_or_default();
        Some(match (request.method.as_str(), path) {
            ("POST", "/echo") => Answer::new(200, request.body.clone()).header("Content-Type", "application/json"),
            ("GET", "/limited") if limited.fetch_add(1, Ordering::SeqCst) == 2 => Answer::new(429, "{}"),
            ("GET", "/limited" | "/unlimited") => Answer::new(200, "{}"),
            ("GET", "/redirect") => Answer::new(302, "").header("Location", &elsewhere),
            ("GET", "/api/v1/things") => page(host, query, &elsewhere),
            ("POST", "/api/v1/things") => made(&request.json()),
            ("GET", _) if request.header("Authorization").is_none() => refused(401, "E0000401"),
            ("GET", _) if name == "slow" => {
                let color = if slow.fetch_add(1, Ordering::SeqCst) == 2 { "blue" } else { "red" };
                thing(name, color)
            }
            ("GET", _) if !name.is_empty() => shown(name, host),
            ("DELETE", _) if name == "locked" => refused(403, "E0000403"),
            ("DELETE", _) if name == "gone" => refused(404, "E0000404"),
            ("DELETE", _) => Answer::new(204, ""),
            _ => refused(404, "E0000404"),
        })
    })
}

fn thing(name: &str, color: &str) -> Answer {
    Answer::json(200, &json!({ "id": name, "name": name, "color": color }))
}

fn refused(status: u16, code: &str) -> Answer {
    Answer::json(status, &json!({ "errorCode": code, "text": "no" }))
}

fn shown(name: &str, host: &str) -> Answer {
    match name {
        "missing" => refused(404, "E0000404"),
        "shapeless" => Answer::json(200, &json!({ "id": "NOT A SLUG", "name": "" })),
        "unnumbered" => Answer { headers: vec![], ..thing(name, "red") },
        "mute" => Answer::json(404, &json!({ "errorCode": "E0000404" })),
        "ill-refused" => refused(404, "E0000999"),
        "teapot" => refused(418, "E0000418"),
        "broken" => Answer::new(500, "trouble"),
        "heavy" => Answer::json(200, &json!({ "id": name, "name": name, "color": "green", "weight": 7, "size": 9 })),
        _ if name.contains('%') => thing("odd", "red"),
        _ => thing(name, "red").header("Link", &format!("<http://{host}/next>; rel=\"next\"")),
    }
}

fn made(body: &Value) -> Answer {
    let name = body["name"].as_str().unwrap_or_default();
    if name == "impossible" || body["color"] == "none" {
        return refused(400, "E0000400");
    }
    let id = name.replace('_', "-");
    Answer::json(201, &json!({ "id": id, "name": name, "color": body["color"] }))
}

/// Two of five things a page; other limits are other ways to go wrong.
fn page(host: &str, query: &str, elsewhere: &str) -> Answer {
    let here = |query: &str| format!("<http://{host}/api/v1/things?{query}>; rel=\"next\"");
    let (first, next) = match query {
        "limit=2" => (0, Some(here("limit=2&after=2"))),
        "limit=2&after=2" => (2, Some(here("limit=2&after=4"))),
        "limit=2&after=4" => (4, None),
        "limit=11" => (0, Some(here("limit=11"))),
        _ => (0, Some(format!("<{elsewhere}/api/v1/things?limit=12&after=2>; rel=\"next\""))),
    };
    let items = (first..5).take(2).map(|n| json!({ "id": format!("t{n}"), "name": format!("t{n}"), "color": "red" }));
    let answer = Answer::json(200, &items.collect());
    match next {
        Some(next) => answer.header("Link", &next),
        None => answer,
    }
}

/// Runs the trials that `pattern` selects, one at a time, against things.
fn run(pattern: &str) -> (Place, Server, Server, Done) {
    let elsewhere = Server::always(Answer::json(200, &json!([])));
    let server = things(&elsewhere.url);
    let place = Place::with_suite(&TOPICS);
    place.target(&server.url, &["admin", "manager", "reader"], &[]);
    let done = place.run(&["run", pattern, "--suite", "suite", "--target", "here", "--jobs", "1", "--format", "json"]);
    (place, server, elsewhere, done)
}

/// What the trial `things/…` sends.
fn sent(pattern: &str) -> Vec<String> {
    run(pattern).1.lines()
}

fn finished(place: &Place, trial: &str) -> Value {
    let events = place.events();
    let found = of_kind(&events, "trial-finished").find(|event| event["trial"] == trial);
    found.unwrap_or_else(|| panic!("no {trial}")).clone()
}

fn checks(place: &Place, trial: &str) -> Vec<String> {
    let events = place.events();
    let steps = of_kind(&events, "step-finished").filter(|event| event["trial"] == trial);
    let findings = steps.flat_map(|step| step["findings"].as_array().cloned().unwrap_or_default());
    findings.map(|finding| check(&finding)).collect()
}

#[test]
fn every_key_does_what_the_documentation_says() {
    let (place, _server, elsewhere, done) = run("**");
    let expected: Vec<_> = OUTCOMES.iter().map(|(trial, outcome)| (format!("things/{trial}"), *outcome)).collect();
    let outcomes = place.outcomes();
    let found: Vec<_> = outcomes.iter().map(|(trial, outcome)| (trial.clone(), outcome.as_str())).collect();
    assert_eq!(found, expected, "{}", done.err);
    assert_eq!(elsewhere.lines(), [""; 0], "nothing is sent to another origin");
    assert_eq!(done.code, 1);

    let summary = done.json();
    assert_eq!(summary["leaked"], 1);
    assert_eq!(summary["leaks"][0]["trial"], "things/cleanup/locked");
    assert_eq!(summary["leaks"][0]["reason"], "answered 403");
    assert_eq!(summary["warnings"], 2);
    let drift = summary["drifted"].as_array().expect("a list");
    let drift: Vec<_> = drift.iter().map(|drift| (text(drift, "pointer"), drift["explained"].clone())).collect();
    let explained = json!("things.weight");
    assert_eq!(drift, [("/color".into(), Value::Null), ("/size".into(), Value::Null), ("/weight".into(), explained)]);

    assert_eq!(checks(&place, "things/levels/contract[form]"), ["schema", "schema"]);
    assert_eq!(checks(&place, "things/levels/contract[header]"), ["header X-Request-Id"]);
    assert_eq!(checks(&place, "things/levels/contract[error-form]"), ["error-form"]);
    assert_eq!(checks(&place, "things/levels/contract[code]"), ["error-code"]);
    assert_eq!(checks(&place, "things/levels/contract[status]"), ["status"]);
    assert_eq!(checks(&place, "things/paging/circle"), ["pages"]);
    assert_eq!(checks(&place, "things/paging/too-many"), ["pages"]);
    assert_eq!(checks(&place, "things/paging/elsewhere"), ["origin"]);
    assert_eq!(checks(&place, "things/paging/all-pages"), ["collected"]);
    assert_eq!(checks(&place, "things/paging/each-page"), ["body"]);
    assert_eq!(checks(&place, "things/values/captures-nothing"), ["capture"]);
    assert_eq!(checks(&place, "things/values/same-as"), ["body"], "only the name differs, and only in the last step");
    assert_eq!(finished(&place, "things/levels/warning")["warnings"], 1);
    assert_eq!(finished(&place, "things/levels/note")["warnings"], 0);
}

#[test]
fn a_request_is_repeated_as_often_as_it_takes() {
    assert_eq!(sent("things/repetition/settles"), ["GET /api/v1/things/slow"; 3]);
    assert_eq!(sent("things/repetition/until-refused"), ["GET /limited"; 3]);
    assert_eq!(sent("things/repetition/never-refused"), ["GET /unlimited"; 4]);
    let tries = sent("things/repetition/never-settles").len();
    assert!(tries > 1, "{tries}");
}

#[test]
fn pages_are_followed_as_the_links_say() {
    let pages =
        ["GET /api/v1/things?limit=2", "GET /api/v1/things?limit=2&after=2", "GET /api/v1/things?limit=2&after=4"];
    assert_eq!(sent("things/paging/each-page"), pages);
    assert_eq!(sent("things/paging/too-many"), pages[..2]);
    assert_eq!(sent("things/paging/circle"), ["GET /api/v1/things?limit=11"]);
}

#[test]
fn what_was_made_is_removed_whatever_happens() {
    let make = "POST /api/v1/things";
    assert_eq!(
        sent("things/cleanup/last-first"),
        [make, make, "GET /api/v1/things/one", "DELETE /api/v1/things/two", "DELETE /api/v1/things/one"]
    );
    assert_eq!(sent("things/cleanup/after-a-failure"), [make, "GET /api/v1/things/one", "DELETE /api/v1/things/one"]);
    assert_eq!(sent("things/cleanup/refused"), [make]);
    assert_eq!(sent("things/cleanup/made-though-not-meant"), [make, "DELETE /api/v1/things/odd"]);
}

#[test]
fn a_case_is_blocked_when_its_fixture_cannot_be_made() {
    let (place, server, _, done) = run("things/levels/blocked");
    assert_eq!(server.lines(), ["POST /api/v1/things"], "no step of the case is sent");
    assert_eq!(done.code, 2);
    let reason = text(&finished(&place, "things/levels/blocked"), "reason");
    assert_eq!(
        reason,
        "the fixture `thing` could not be created: createThing: status: expected 201, got 400 (E0000400)"
    );
}

#[test]
fn what_a_step_says_is_what_goes_out() {
    let (_, server, ..) = run("things/values/encoded");
    assert_eq!(
        server.lines(),
        ["GET /api/v1/things/a%2Fb%20c%25%3F%C3%A4", "GET /raw/a%2fB%20c?x=%7E&y=a+b&z=1%262&after=7",]
    );

    let (_, server, ..) = run("things/values/headers");
    let requests = server.requests();
    let [plain, bytes] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(plain.header("Authorization"), None);
    assert_ne!(plain.header("Accept"), Some("application/json"));
    assert_eq!(plain.header("Content-Type"), Some("text/plain"));
    let many: Vec<_> = plain.headers.iter().filter(|(name, _)| name == "x-many").map(|(_, value)| value).collect();
    assert_eq!(many, ["one", "two"]);
    assert_eq!(plain.body, br#"not "JSON": ${x}"#);
    assert_eq!(bytes.body, [0xff, 0, 0xfe]);
    assert_eq!(bytes.header("Authorization"), Some("Bearer token-of-reader"));
}

#[test]
fn principals_send_their_own_credentials() {
    let (_, server, ..) = run("things/tables/by-principal");
    let credentials: Vec<Option<String>> =
        server.requests().iter().map(|request: &Request| request.header("Authorization").map(str::to_owned)).collect();
    let credential = |text: &str| Some(text.to_owned());
    assert_eq!(credentials, [credential("SSWS token-of-manager"), credential("Bearer token-of-reader"), None]);
}

#[test]
fn a_run_on_a_target_without_a_capability_says_which() {
    let (place, server, _, done) = run("things/tables/by-row[teleport]");
    assert_eq!(server.lines(), [""; 0]);
    let reason = text(&finished(&place, "things/tables/by-row[teleport]"), "reason");
    assert_eq!(reason, "the target lacks the capability teleport");
    assert_eq!(done.code, 2, "nothing was judged");
}

#[test]
fn trials_side_by_side_end_as_they_do_alone() {
    let elsewhere = Server::always(Answer::new(200, "[]"));
    let server = things(&elsewhere.url);
    let place = Place::with_suite(&TOPICS);
    place.target(&server.url, &["admin", "manager", "reader"], &[]);
    place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "8"]);
    let expected = OUTCOMES.iter().map(|(trial, outcome)| (format!("things/{trial}"), (*outcome).to_owned())).collect();
    assert_eq!(place.outcomes(), expected);
}
