//! `report --recheck`: what a run said, its exchanges say again; and a stream that was changed is no stream.

use rand::{Rng, SeedableRng, rngs::StdRng};
use regex::Regex;
use serde_json::{Value, json};

use super::support::{Done, MockProcess, Place, snapshot, unsealed};

/// Faults of many kinds, of what the suite reads, makes, lists and refuses.
const FAULTS: [&str; 12] = [
    "get-authorization-server-policy/link/links.deactivate-methods",
    "create-authorization-server-policy/mistyped/type",
    "create-oauth2-claim/unvalidated/malformed",
    "create-authorization-server/status/unknown-token",
    "list-oauth2-claims/renamed/status",
    "delete-authorization-server-policy/status/not-found",
    "delete-authorization-server/error-form/no-summary-on-404",
    "get-authorization-server/header/no-x-rate-limit-remaining-on-404",
    "get-authorization-server-policy-rule/missing/links.self",
    "replace-authorization-server/value/created",
    "revoke-refresh-tokens-for-authorization-server-and-client/status/with-body",
    "get-authorization-server/missing/description",
];

/// A stream of the whole suite, and one of a part of it on a mock with faults.
fn streams() -> Place {
    let place = Place::new();
    let done = place.run(&["run", "--quiet", "--events", "whole.jsonl"]);
    assert_eq!(done.code, 0, "{}", done.out);
    let faults: Vec<&str> = FAULTS.iter().flat_map(|fault| ["--fault", fault]).collect();
    let mock = MockProcess::with_token("token-of-manager", &faults);
    place.target(&mock.url, &["manager"], &[]);
    let run = ["run", "authorization-servers/**", "claims/**", "--target", "here", "--quiet"];
    let done = place.run(&[&run[..], &["--events", "faulty.jsonl", "--no-preflight"]].concat());
    assert_eq!(done.code, 1, "{}", done.err);
    place
}

fn rechecked(place: &Place, streams: &[&str]) -> Done {
    place.run(&[&["report", "--recheck", "--format", "json"], streams].concat())
}

#[test]
fn what_a_run_said_its_exchanges_say_again() {
    let place = streams();
    for stream in ["whole", "faulty"] {
        let done = rechecked(&place, &[&format!("{stream}.jsonl")]);
        let told = done.json();
        assert_eq!((done.code, &told["differences"]), (0, &json!(0)), "{stream}: {told}");
        let (same, lacks) = (told["same"].as_u64(), told["not_recheckable"].as_u64());
        let (same, lacks) = (same.expect("a count"), lacks.expect("a count"));
        assert!(same > 1000 && same > 8 * lacks, "{stream}: {told}");
    }
    let done = place.run(&["report", "whole.jsonl", "--recheck"]);
    let kinds: Vec<&str> = done.out.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(kinds.iter().any(|line| line.ends_with("  body: redacted")), "{}", done.out);
    assert!(kinds.iter().any(|line| line.ends_with("  identity: not kept")), "{}", done.out);
    assert!(done.out.contains("\nall as the run said: "), "{}", done.out);
}

fn first<'e>(events: &'e mut [Value], is: &dyn Fn(&Value) -> bool) -> &'e mut Value {
    events.iter_mut().find(|event| is(event)).expect("such an event")
}

/// Whether a check of a step of a case was false.
fn is_false(event: &Value) -> bool {
    event["event"] == "step-finished" && event["phase"] == "steps" && event["findings"].is_array()
}

/// Each change to an event, and what it makes differ: what the run says is then not what its exchanges say.
#[test]
fn what_its_exchanges_do_not_say_is_told() {
    let place = streams();
    let mut shown = String::new();
    let mut changed = |what: &str, change: &dyn Fn(&mut [Value])| {
        let mut events: Vec<Value> = unsealed(&place.read("faulty.jsonl"))
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event"))
            .collect();
        change(&mut events);
        let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
        place.write("changed.jsonl", &lines.join("\n"));
        let done = place.run(&["report", "changed.jsonl", "--recheck"]);
        assert_eq!(done.code, 1, "{what}: {} {}", done.out, done.err);
        let told = done.out.split("not recheckable").next().unwrap_or_default();
        shown = format!("{shown}# {what}\n{told}");
    };
    changed("a finding taken out", &|events| {
        first(events, &is_false).as_object_mut().expect("an object").shift_remove("findings");
    });
    changed("a finding of something else", &|events| {
        first(events, &is_false)["findings"][0]["actual"] = json!({ "is": "absent" });
    });
    changed("an answer that is another one", &|events| {
        let active = "\"status\":\"ACTIVE\"";
        let holds = |event: &Value| {
            let body = event["exchange"]["response"]["body"].as_str().unwrap_or_default();
            !is_false(event) && event["phase"] == "steps" && body.contains(active)
        };
        let body = &mut first(events, &holds)["exchange"]["response"]["body"];
        *body = body.as_str().expect("a text").replacen(active, "\"status\":\"OTHER\"", 1).into();
    });
    changed("more checks than there are", &|events| first(events, &is_false)["checks"]["must"] = 70.into());
    let passed = |event: &Value| event["outcome"] == "passed" && event["held"].is_array();
    changed("a requirement more that was held", &|events| {
        first(events, &passed)["held"].as_array_mut().expect("a list").push("as.delete".into());
    });
    changed("a requirement less that was departed from", &|events| {
        first(events, &|event| event["departed"].is_array())["departed"] = json!([]);
    });
    changed("a passed trial without its last step", &|events| {
        let trial = first(events, &passed)["trial"].clone();
        let is_last = |event: &&mut Value| event["event"] == "step-finished" && event["trial"] == trial;
        let last = events.iter_mut().rfind(is_last).expect("a step");
        *last = json!({ "event": "waited", "principal": "manager", "seconds": 0.0, "why": "budget" });
    });
    changed("a failed trial that passes", &|events| {
        first(events, &|event| event["outcome"] == "failed")["outcome"] = "passed".into();
        let trials = &mut first(events, &|event| event["event"] == "run-finished")["trials"];
        for (outcome, more) in [("failed", -1), ("passed", 1)] {
            trials[outcome] = (trials[outcome].as_i64().expect("a count") + more).into();
        }
    });
    snapshot(&place, "recheck-differences", &shown);
}

#[test]
fn what_cannot_be_rechecked_is_refused() {
    let place = Place::with_suite(&["levels"]);
    place.run(&["run", "authorization-servers/get/**", "--quiet"]);
    let stream = place.read("reports/events.jsonl");
    place.write("old.jsonl", &unsealed(&stream).replacen("\"version\":2", "\"version\":1", 1));
    let mut shown = String::new();
    for arguments in [
        &["reports/events.jsonl", "--recheck", "--suite", "suite"][..],
        &["old.jsonl", "--recheck"],
        &["reports/events.jsonl", "--recheck", "--format", "junit"],
    ] {
        let done = place.run(&[&["report"], arguments].concat());
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{arguments:?}");
        shown.push_str(&done.err);
    }
    let shown = Regex::new("[0-9a-f]{32}").expect("a pattern").replace_all(&shown, "HASH");
    snapshot(&place, "recheck-refused", &shown);
}

#[test]
fn edits_of_a_stream_are_found() {
    let place = Place::new();
    place.run(&["run", "authorization-servers/get/**", "--quiet"]);
    let whole = place.read("reports/events.jsonl");
    let mut draw = StdRng::seed_from_u64(1);
    for number in 0..100 {
        let mut lines: Vec<Vec<u8>> = whole.lines().map(|line| line.as_bytes().to_vec()).collect();
        let at = draw.random_range(0..lines.len() - 1);
        match number % 5 {
            0 => {
                let byte = draw.random_range(0..lines[at].len());
                lines[at][byte] ^= 1 << draw.random_range(0..5);
            }
            1 => drop(lines.remove(at)),
            2 => lines.swap(at, at + 1),
            3 => lines.insert(at, lines[at].clone()),
            _ => drop(lines.drain(at..at + draw.random_range(1..lines.len() - at))),
        }
        std::fs::write(place.path("edited.jsonl"), lines.join(&b'\n')).expect("a file");
        let done = place.run(&["report", "edited.jsonl"]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "edit {number} of line {at}: {}", done.err);
    }
}
