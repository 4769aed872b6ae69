//! The schemas of our own files (`schemas/harness/`): editors use them, so they must say what the readers say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granit_parser::{Event, Parser, ScalarStyle};
use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

use super::{
    server::{Answer, Server},
    support::{Place, data},
};

pub(crate) fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The schema called `name`, with its siblings at hand, as an editor finds them beside it.
pub(crate) fn schema(name: &str) -> Validator {
    let base = "https://okta-conformance.test/harness/";
    let mut siblings = Registry::new();
    for entry in fs::read_dir(root("schemas/harness")).expect("the schemas") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a schema");
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        let file = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        siblings = siblings.add(format!("{base}{file}"), schema).expect("a schema");
    }
    let siblings = siblings.prepare().expect("schemas that refer to each other");
    let schema = serde_json::json!({ "$ref": format!("{base}{name}.schema.json") });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).with_registry(&siblings);
    options.build(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// YAML as an editor's language server reads it: its own reader, so that it does not share the mistakes of ours.
pub(crate) fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    let mut events = Parser::new_from_str(&text).map(|event| event.expect("YAML").0);
    loop {
        match events.next().expect("a document") {
            Event::StreamStart | Event::DocumentStart(..) => {}
            event => return value(event, &mut events),
        }
    }
}

fn value<'e>(event: Event<'e>, events: &mut impl Iterator<Item = Event<'e>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty() || text == "~" => Value::Null,
        Event::Scalar(text, ScalarStyle::Plain, ..) => {
            let plain = serde_json::from_str(&text).ok().filter(|value: &Value| !value.is_string());
            plain.unwrap_or_else(|| Value::String(text.into_owned()))
        }
        Event::Scalar(text, ..) => Value::String(text.into_owned()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().expect("an end") {
                    Event::SequenceEnd => return Value::Array(items),
                    event => items.push(value(event, events)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut members = Map::new();
            loop {
                match events.next().expect("an end") {
                    Event::MappingEnd => return Value::Object(members),
                    Event::Scalar(key, ..) => {
                        let event = events.next().expect("a value");
                        members.insert(key.into_owned(), value(event, events));
                    }
                    event => panic!("a key that is no text: {event:?}"),
                }
            }
        }
        event => panic!("not read here: {event:?}"),
    }
}

/// The form that a file of a suite has.
fn form(path: &Path) -> &'static str {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("history.yaml") => "history",
        Some("requirements.yaml") => "requirements",
        Some("vocabulary.yaml") => "vocabulary",
        Some("operations.yaml") if path.parent().is_some_and(|dir| dir.ends_with("schemas")) => "operations",
        _ if path.components().any(|part| part.as_os_str() == "fixtures") => "fixtures",
        _ => "cases",
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            all.push(path);
        }
    }
    all
}

pub(crate) fn mistakes(form: &str, value: &Value) -> Vec<String> {
    schema(form).iter_errors(value).map(|error| format!("{}: {error}", error.instance_path().as_str())).collect()
}

#[test]
fn every_file_of_every_suite_has_its_form() {
    let mut count = 0;
    for dir in [root("cases"), root("schemas"), data("cases"), data("things"), data("servers")] {
        for path in files(&dir) {
            count += 1;
            assert_eq!(mistakes(form(&path), &yaml(&path)), [""; 0], "{}", path.display());
        }
    }
    assert!(count > 20, "only {count} files were found");
}

#[test]
fn a_file_with_mistakes_has_not() {
    for name in ["many", "matchers"] {
        assert_ne!(mistakes("cases", &yaml(&data(&format!("mistakes/{name}.yaml")))), [""; 0], "{name}");
    }
    assert_ne!(mistakes("vocabulary", &yaml(&data("things/cases/requirements.yaml"))), [""; 0]);
}

#[test]
fn streams_and_summaries_have_their_forms() {
    let server = Server::start(|request| {
        Some(match request.method.as_str() {
            "DELETE" => Answer::new(403, "{}"),
            "POST" => Answer::json(201, &serde_json::json!({ "id": "a", "name": "a", "size": 9 })),
            _ if request.target.ends_with("broken") => Answer::new(500, "\u{1b}"),
            _ => Answer::json(200, &serde_json::json!({ "id": "a", "name": "a", "color": "red", "weight": 1 })),
        })
    });
    let place = Place::with_suite(&["cleanup", "levels", "values", "tables"]);
    let done = place.run(&["run", "--suite", "suite", "--target", &server.url, "--format", "json"]);
    assert_eq!(mistakes("run", &done.json()), [""; 0]);
    let events = place.events();
    for kind in ["run-started", "trial-started", "step-finished", "trial-finished", "leaked", "run-finished"] {
        assert!(events.iter().any(|event| event["event"] == kind), "no {kind} in the stream");
    }
    let validator = schema("events");
    for event in &events {
        let error = validator.iter_errors(event).next().map(|error| error.to_string());
        assert_eq!(error, None, "{event}");
        // An event that lacks what makes it one is refused.
        let mut less = event.clone();
        less.as_object_mut().expect("an object").shift_remove("event");
        assert!(!validator.is_valid(&less));
    }
    fs::copy(data("recordings/bad.jsonl"), place.path("bad.jsonl")).expect("a recording");
    let verified = place.run(&["verify", "bad.jsonl", "--suite", "suite", "--format", "json"]);
    assert_eq!(mistakes("verify", &verified.json()), [""; 0]);
}

#[test]
fn files_beside_a_suite_have_their_forms() {
    let states = [
        "examples/mock-state.yaml",
        "tests/clients/state.yaml",
        "tests/clients/openapi/state.yaml",
        "tests/oauth-clients/state.yaml",
    ];
    // The last one has something of everything, and the mock takes it.
    for state in states.into_iter().chain(["mock/tests/tcp/state.yaml"]) {
        assert_eq!(mistakes("state", &yaml(&root(state))), [""; 0], "{state}");
    }
    for wrong in [
        json!({"server": []}),
        json!({"servers": [{"status": "GONE"}]}),
        json!({"servers": [{"name": "n", "scopes": [{}]}]}),
        json!({"refreshTokens": [{"client": "c"}]}),
        json!({"serviceApps": [{"clientId": "c", "scopes": []}]}),
        json!({"serviceApps": [{"clientId": "c", "clientSecret": "s", "scopes": [], "dpopBoundAccessTokens": "yes"}]}),
    ] {
        assert_ne!(mistakes("state", &wrong), [""; 0], "{wrong}");
    }

    // What `run` proposes has the form, and what it refuses the schema refuses.
    let server = Server::always(Answer::json(200, &serde_json::json!({ "id": "a", "name": "a", "color": "blue" })));
    let place = Place::with_suite(&["colors"]);
    let run = ["run", "--suite", "suite", "--target", &server.url, "--propose-known-failures", "proposed.yaml"];
    assert_eq!(place.run(&run).code, 1);
    assert_eq!(mistakes("known-failures", &yaml(&place.path("proposed.yaml"))), [""; 0]);
    for wrong in [
        "knownFailures: 7\n",
        "knownFailures: [{ trial: a }]\n",
        "knownFailures: [{ finding: { place: /a }, reason: r }]\n",
        "knownFailures: [{ finding: { check: boddy }, reason: r }]\n",
        "others: []\n",
    ] {
        place.write("wrong.yaml", wrong);
        assert_ne!(mistakes("known-failures", &yaml(&place.path("wrong.yaml"))), [""; 0], "{wrong}");
    }
}

#[test]
fn every_event_of_a_run_against_an_org_has_its_form() {
    // Findings, waits, known failures and attempts are in no other stream of these tests.
    let times = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let first = times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2;
        let limited = Answer::new(429, "{}").header("Retry-After", "1").header("Date", "Thu, 01 Jan 1970 00:00:00 GMT");
        let answer = Answer::json(200, &serde_json::json!([])).header("Date", "Thu, 01 Jan 1970 00:00:00 GMT");
        Some(if first && request.method == "GET" { limited } else { answer })
    });
    let place = Place::new();
    let trial = "authorization-servers/get/unknown-id";
    let entry = format!("{{ trial: {trial}, observed: [x], reason: r, issue: i, owner: o, expires: 2999-12-31 }}");
    let finding = "{ finding: { check: status }, reason: r, issue: i, owner: o, expires: 2999-12-31 }";
    place.write("known.yaml", &format!("knownFailures: [{entry}, {finding}]\n"));
    let run = ["run", trial, "--target", &server.url, "--retries", "1", "--known-failures", "known.yaml"];
    assert_eq!(place.run(&run).code, 1);
    let events = place.events();
    for kind in ["preflight", "waited", "trial-finished"] {
        assert!(events.iter().any(|event| event["event"] == kind), "no {kind} in the stream");
    }
    let finished = events.iter().find(|event| event["event"] == "trial-finished").expect("a trial");
    assert_eq!(finished["outcome"], "changed-failure");
    assert!(finished["earlier"].is_array() && finished["signatures"].is_array(), "{finished}");
    assert_eq!(finished["known"], json!([0]), "{finished}");
    let validator = schema("events");
    for event in &events {
        assert_eq!(validator.iter_errors(event).next().map(|error| error.to_string()), None, "{event}");
    }
    let summary = place.run(&["report", "reports/events.jsonl", "--format", "json"]).json();
    assert_eq!(mistakes("run", &summary), [""; 0]);
}
