//! Two runs compared: what is named, what is not, and which exit code follows.

use serde_json::{Value, json};

use super::{
    forms::mistakes,
    server::{Answer, Request, Server},
    support::{Done, MockProcess, Place, check, edit, snapshot, text},
};

const TOPICS: [&str; 3] = ["colors", "levels", "values"];

/// A thing of this colour, by its name; what is no thing of a colour is as any other.
fn things(color: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        Some(match (request.method.as_str(), name.len()) {
            ("GET", 1) => color(name),
            ("GET", _) if name == "broken" => Answer::new(500, "trouble"),
            ("POST", _) => Answer::json(201, &json!({ "id": "a", "name": "a" })),
            _ => Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })),
        })
    })
}

fn colored(name: &str, color: &str) -> Answer {
    Answer::json(200, &json!({ "id": name, "name": name, "color": color }))
}

/// Runs the suite of things against a server of the settings, so that its port does not make it another target.
fn run(place: &Place, server: &Server, stream: &str, more: &[&str]) -> Done {
    place.target(&server.url, &["admin", "manager"], &[]);
    place.run(&[&["run", "--suite", "suite", "--target", "here", "--no-preflight", "--events", stream], more].concat())
}

fn diff(place: &Place, more: &[&str]) -> Done {
    place.run(&[&["diff"], more].concat())
}

/// The trials of one kind of change.
fn kind(comparison: &Value, kind: &str) -> Vec<String> {
    let all = comparison["trials"].as_array().expect("a list").iter();
    all.filter(|change| change["kind"] == kind).map(|change| text(change, "trial")).collect()
}

#[test]
fn every_kind_of_change_is_named() {
    let place = Place::with_suite(&TOPICS);
    let server = things(|name| match name {
        "b" | "c" => colored(name, "blue"),
        "d" => Answer::new(500, "trouble"),
        _ => colored(name, "red"),
    });
    run(&place, &server, "old.jsonl", &["--jobs", "1"]);
    // A row is removed and another written, which is not the target's doing.
    let colors = place.read("suite/cases/things/colors.yaml");
    let colors = colors.replace("      - { row: h, name: h }\n", "      - { row: j, name: j }\n");
    place.write("suite/cases/things/colors.yaml", &colors);
    let server = things(|name| match name {
        "a" => colored(name, "green"),
        "c" => colored(name, "black"),
        "e" => Answer::new(500, "trouble"),
        "f" => Answer::json(200, &json!({ "id": name, "name": name, "color": "red", "weight": 7 })),
        "j" => Answer::json(404, &json!({})),
        _ => colored(name, "red"),
    });
    run(&place, &server, "new.jsonl", &["--jobs", "1"]);
    let done = diff(&place, &["old.jsonl", "new.jsonl"]);
    assert_eq!(done.code, 1, "{}", done.err);
    snapshot(&place, "diff", &done.out);
    let json = diff(&place, &["old.jsonl", "new.jsonl", "--format", "json"]);
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!(mistakes("diff", &json), [""; 0]);
    let red = |row: &str| format!("things/colors/red[{row}]");
    for (what, rows) in [
        ("broken", &["a"][..]),
        ("changed-failure", &["c"]),
        ("gone", &["h"]),
        ("unjudged", &["e"]),
        ("new", &["j"]),
        ("judged", &["d"]),
        ("fixed", &["b"]),
    ] {
        let mut found = kind(&json, what);
        found.retain(|trial| trial.starts_with("things/colors/"));
        assert_eq!(found, rows.iter().map(|row| red(row)).collect::<Vec<_>>(), "{what}");
    }
    let drift: Vec<&Value> = json["drift"].as_array().expect("a list").iter().map(|drift| &drift["pointer"]).collect();
    assert_eq!(drift, ["/color", "/weight"]);
    assert_eq!(json["lost_checks"], json!([]));
    // The other way round, what was better is worse.
    let back = diff(&place, &["new.jsonl", "old.jsonl", "--format", "json"]).json();
    assert_eq!(kind(&back, "broken"), [red("b")]);
    assert_eq!(kind(&back, "fixed"), [red("a")]);
    assert_eq!(back["notes"][1]["about"], "order");
}

#[test]
fn a_check_that_silently_disappeared_is_named() {
    let place = Place::with_suite(&["colors"]);
    let server = things(|name| colored(name, "red"));
    let done = run(&place, &server, "old.jsonl", &[]);
    assert_eq!(done.code, 0, "{}", done.out);
    let colors = place.read("suite/cases/things/colors.yaml");
    place.write("suite/cases/things/colors.yaml", &colors.replace("body: { color: red }", "status: 200"));
    assert_eq!(run(&place, &server, "new.jsonl", &[]).code, 0, "it is green all the same");
    let done = diff(&place, &["old.jsonl", "new.jsonl", "--format", "json"]);
    assert_eq!(done.code, 1);
    let comparison = done.json();
    assert_eq!(comparison["trials"], json!([]));
    let lost = &comparison["lost_checks"];
    assert_eq!((lost[0]["call"].as_str(), lost[0]["check"].as_str()), (Some("getThing"), Some("body /color")));
    assert_eq!((lost[0]["trials"].as_array().map(Vec::len), lost[1].is_null()), (Some(9), true), "{lost}");
    let text = diff(&place, &["old.jsonl", "new.jsonl"]).out;
    assert!(text.contains("getThing: body /color (9 trials)"), "{text}");
    assert!(text.ends_with("worse: 9 unchanged; 1 check no longer made\n"), "{text}");
    let more = diff(&place, &["new.jsonl", "old.jsonl"]);
    assert_eq!(more.code, 0, "a check that is new is no loss: {}", more.out);
    // A stream that does not say which checks were made says how many.
    for stream in ["old", "new"] {
        edit(&place, &format!("{stream}.jsonl"), &format!("{stream}-counts.jsonl"), |event| {
            event.as_object_mut().expect("an object").shift_remove("made");
        });
    }
    assert_eq!(diff(&place, &["old-counts.jsonl", "new-counts.jsonl"]).code, 1);
    assert_eq!(diff(&place, &["new-counts.jsonl", "old-counts.jsonl"]).code, 0);
}

#[test]
fn a_renamed_case_is_the_same_case() {
    let place = Place::with_suite(&["colors"]);
    let server = things(|name| colored(name, "red"));
    run(&place, &server, "old.jsonl", &[]);
    let colors = place.read("suite/cases/things/colors.yaml");
    let renamed = colors.replace("id: red", "id: ruddy\n    aliases: [things/colors/red]");
    place.write("suite/cases/things/colors.yaml", &renamed);
    let server = things(|name| colored(name, if name == "c" { "blue" } else { "red" }));
    run(&place, &server, "new.jsonl", &[]);
    let comparison = diff(&place, &["old.jsonl", "new.jsonl", "--format", "json"]).json();
    assert_eq!(comparison["unchanged"], 8);
    let change = &comparison["trials"][0];
    assert_eq!(
        (text(change, "kind"), text(change, "trial")),
        ("broken".to_owned(), "things/colors/ruddy[c]".to_owned())
    );
    assert_eq!(text(change, "formerly"), "things/colors/red[c]");
    assert!(comparison["trials"][1].is_null());
}

/// Answers of the mock, three of which are other than they were.
fn changed(request: &Request, answer: &mut Answer) {
    let path = request.target.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    // A scope is created with another status than the documented one.
    if request.method == "POST" && parts.last() == Some(&"scopes") && answer.status == 201 {
        answer.status = 200;
    }
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    // A server that is inactive offers nothing to activate it.
    if request.method == "GET" && parts.len() == 4 && body["status"] == "INACTIVE" {
        body["_links"].as_object_mut().expect("links").shift_remove("activate");
        answer.body = body.to_string().into_bytes();
    }
    // A policy that is not found has another code.
    if parts.get(4) == Some(&"policies") && answer.status == 404 && body["errorCode"] == "E0000007" {
        body["errorCode"] = "E0000008".into();
        answer.body = body.to_string().into_bytes();
    }
}

#[test]
fn three_changes_of_a_target_are_the_three_that_are_named() {
    let mock = MockProcess::start(&[]);
    let place = Place::new();
    let run = |url: &str, more: &[&str]| {
        place.target(url, &[], &[]);
        let settings = format!("[targets.here]\nurl = {url:?}\n[targets.here.principals]\n");
        let token = format!("{settings}manager = {{ ssws = {{ env = \"OKTA_CLIENT_TOKEN\" }} }}\n");
        place.write("okta-conformance.toml", &token);
        let chosen =
            ["run", "authorization-servers", "scopes", "policies", "--target", "here", "--no-preflight", "--keep", "0"];
        place.run(&[&chosen[..], more].concat())
    };
    let before = run(&mock.url, &[]);
    assert_eq!(before.code, 0, "{}{}", before.out, before.err);
    let proxy = Server::proxy(&mock.url, changed);
    let same = Server::proxy(&mock.url, |_, _| {});
    // The stream of the run before stands where that of this run will.
    let unchanged = run(&same.url, &["--baseline", "reports/events.jsonl", "--seed", "5"]);
    assert_eq!(unchanged.code, 0, "{}{}", unchanged.out, unchanged.err);
    let line = unchanged.last_line();
    assert!(line.starts_with("conformant: ") && line.contains("; since the baseline not worse: "), "{line}");

    let done = run(&proxy.url, &["--baseline", "reports/events.jsonl", "--format", "json"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let summary = done.json();
    assert_eq!(mistakes("run", &summary), [""; 0]);
    let comparison = &summary["comparison"];
    let causes = comparison["causes"].as_array().expect("a list").iter();
    let mut named: Vec<String> = causes.map(|cause| format!("{} {}", check(cause), text(cause, "pointer"))).collect();
    named.sort();
    assert_eq!(named, ["body /_links/activate", "error-code /errorCode", "schema /_links", "status "]);
    // What a case of level `should` or `info` met is noted; its trial passes.
    let bad = ["broken", "unjudged", "noted"];
    let others: Vec<&Value> = comparison["trials"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|change| !bad.iter().any(|kind| change["kind"] == *kind))
        .collect();
    assert_eq!(others, Vec::<&Value>::new());
    for other in ["lost_checks", "drift", "notes"] {
        assert_eq!(comparison[other], json!([]), "{other}");
    }
}

#[test]
fn what_is_not_a_whole_run_is_compared_as_far_as_it_goes() {
    let place = Place::with_suite(&TOPICS);
    let server = things(|name| colored(name, "red"));
    run(&place, &server, "old.jsonl", &["--jobs", "1"]);
    let whole = place.read("old.jsonl");
    // Killed in the middle of a line.
    place.write("cut.jsonl", &whole[..whole.len() * 2 / 3]);
    let cut = diff(&place, &["old.jsonl", "cut.jsonl", "--format", "json"]);
    assert_eq!(cut.code, 2, "what did not end cannot be judged: {}", cut.err);
    let comparison = cut.json();
    assert_eq!(
        (&comparison["notes"][0]["about"], &comparison["new"]["complete"]),
        (&"cut-short".into(), &false.into())
    );
    assert_eq!((kind(&comparison, "gone"), &comparison["lost_checks"]), (vec![], &json!([])));
    let (missing, same) = (kind(&comparison, "unjudged").len(), comparison["unchanged"].as_u64().expect("a count"));
    assert!(missing > 0 && same > 0, "{comparison}");
    assert_eq!(missing as u64 + same, comparison_size(&place), "each trial once");
    let text = diff(&place, &["old.jsonl", "cut.jsonl"]).out;
    assert!(text.contains("note: the new run was cut short: "), "{text}");
    let back = diff(&place, &["cut.jsonl", "old.jsonl", "--format", "json"]);
    assert_eq!((back.code, kind(&back.json(), "new").len()), (1, missing), "red trials that nobody knew are told");

    // The parts of a run are the run.
    for part in ["1/2", "2/2"] {
        let stream = format!("parts/{}.jsonl", &part[..1]);
        run(&place, &server, &stream, &["--jobs", "1", "--shard", part]);
    }
    for new in ["parts", "parts/2.jsonl,parts/1.jsonl"] {
        let parts = diff(&place, &["old.jsonl", new, "--format", "json"]);
        let comparison = parts.json();
        assert_eq!((parts.code, &comparison["notes"], &comparison["trials"]), (0, &json!([]), &json!([])), "{new}");
    }
    let one = diff(&place, &["old.jsonl", "parts/1.jsonl", "--format", "json"]);
    let comparison = one.json();
    assert_eq!((one.code, &comparison["notes"][0]["about"]), (0, &"selection".into()));
    assert_eq!((kind(&comparison, "gone").len(), kind(&comparison, "not-chosen").is_empty()), (0, false));
    for part in ["a", "b"] {
        run(&place, &server, &format!("{part}.jsonl"), &[&format!("**/red[{part}]")]);
    }
    let none = diff(&place, &["a.jsonl", "b.jsonl"]);
    assert_eq!(none.code, 2, "{}", none.out);
    assert!(none.out.ends_with("\nnothing in common: 1 new, 1 not chosen\n"), "{}", none.out);

    // What is no run at all is a mistake.
    place.write("empty.jsonl", "");
    place.write("none/readme", "");
    for wrong in ["empty.jsonl", "missing.jsonl", "none", ",", "old.jsonl,old.jsonl", "suite/cases/things/colors.yaml"]
    {
        let done = diff(&place, &["old.jsonl", wrong]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{wrong}: {}", done.err);
        let before = server.lines().len();
        let done = run(&place, &server, "new.jsonl", &["--baseline", wrong]);
        assert_eq!((done.code, server.lines().len()), (3, before), "nothing is sent: {wrong}: {}", done.err);
    }
    assert_eq!(run(&place, &server, "new.jsonl", &["--fail-on", "latency"]).code, 3);
}

/// How many trials the stream of the whole suite tells of.
fn comparison_size(place: &Place) -> u64 {
    place.read("old.jsonl").lines().filter(|line| line.contains("\"event\":\"trial-finished\"")).count() as u64
}

#[test]
fn only_what_is_asked_for_makes_slower_answers_worse() {
    let place = Place::with_suite(&["colors", "values"]);
    let server = things(|name| colored(name, "red"));
    run(&place, &server, "run.jsonl", &[]);
    // The times are made: each answer takes a little more than the one before.
    for (stream, scale) in [("old", 100.0), ("new", 250.0)] {
        let mut count = 0.0;
        edit(&place, "run.jsonl", &format!("{stream}.jsonl"), |event| {
            if event["exchange"]["duration_ms"].is_number() {
                count += 1.0;
                event["exchange"]["duration_ms"] = json!(scale + count);
            }
        });
    }
    let slower = diff(&place, &["old.jsonl", "new.jsonl", "--format", "json"]);
    let comparison = slower.json();
    assert_eq!(mistakes("diff", &comparison), [""; 0]);
    assert_eq!(slower.code, 0, "{comparison}");
    assert_eq!(
        (comparison["latency"][0]["call"].as_str(), comparison["latency"][1].is_null()),
        (Some("getThing"), true)
    );
    let asked = diff(&place, &["old.jsonl", "new.jsonl", "--fail-on", "latency"]);
    assert_eq!(asked.code, 1);
    assert!(asked.out.contains("\n  slower: getThing 200: 1"), "{}", asked.out);
    assert_eq!(diff(&place, &["new.jsonl", "old.jsonl", "--fail-on", "latency"]).code, 0, "faster is not worse");
    let drift = diff(&place, &["old.jsonl", "new.jsonl", "--fail-on", "drift,flaky"]);
    assert_eq!(drift.code, 0);
}

#[test]
fn another_target_and_known_failures_are_said() {
    let place = Place::with_suite(&["colors"]);
    let red = things(|name| colored(name, "red"));
    let blue = things(|name| colored(name, if name == "b" { "blue" } else { "red" }));
    run(&place, &red, "red.jsonl", &[]);
    run(&place, &blue, "blue.jsonl", &[]);
    place.run(&["run", "--suite", "suite", "--target", &blue.url, "--events", "other.jsonl", "--no-preflight"]);
    let other = diff(&place, &["blue.jsonl", "other.jsonl", "--format", "json"]).json();
    assert_eq!(other["notes"], json!([]), "another name of the same origin");
    place.run(&["run", "--suite", "suite", "--target", &red.url, "--events", "other.jsonl", "--no-preflight"]);
    let other = diff(&place, &["blue.jsonl", "other.jsonl", "--format", "json"]).json();
    assert_eq!(other["notes"][0]["about"], "target");

    let known = "knownFailures:\n  - trial: things/colors/red[b]\n    observed: ['body /color: \"blue\"']\n    reason: old\n    issue: \
                 one\n    owner: us\n    expires: DAY\n";
    place.write("known.yaml", &known.replace("DAY", "2999-12-31"));
    place.write("past.yaml", &known.replace("DAY", "2001-12-31"));
    let listed = run(&place, &blue, "known.jsonl", &["--known-failures", "known.yaml", "--baseline", "red.jsonl"]);
    assert_eq!(listed.code, 0, "somebody answers for it: {}", listed.out);
    assert!(listed.out.contains("broken: 1 trial\n  things/colors/red[b] (passed → known-failure)"), "{}", listed.out);
    run(&place, &blue, "past.jsonl", &["--known-failures", "past.yaml"]);
    run(&place, &red, "pass.jsonl", &["--known-failures", "known.yaml"]);
    for (old, new, code, what) in [
        ("blue", "known", 0, "now-known"),
        ("known", "blue", 1, "no-longer-known"),
        ("known", "past", 1, "no-longer-known"),
        ("known", "pass", 0, "fixed"),
        ("past", "red", 0, "fixed"),
    ] {
        let done = diff(&place, &[&format!("{old}.jsonl"), &format!("{new}.jsonl"), "--format", "json"]);
        let comparison = done.json();
        assert_eq!(
            (done.code, kind(&comparison, what)),
            (code, vec!["things/colors/red[b]".to_owned()]),
            "{old} {new}"
        );
    }
}
