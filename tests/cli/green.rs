//! A run against a target that does all it should, and the agreement of everything that is written about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;

use super::{
    red::plain,
    support::{Done, MockProcess, Place, Totals, finish, junit, of_kind, outcomes, snapshot, text},
};

/// What the whole suite against the embedded mock comes to, for all tests that look at it: how it ended, and the files that it wrote.
pub(crate) struct Whole {
    done: Done,
    files: BTreeMap<String, Vec<u8>>,
}

pub(crate) static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let place = Place::new();
    let reports = ["junit", "json", "coverage"].map(|format| ["--report", format]).concat();
    let done = place.run(&[&["run", "--record", "run.jsonl"], &reports[..]].concat());
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    Whole { done, files: place.files() }
});

impl Whole {
    pub(crate) fn read(&self, name: &str) -> &str {
        std::str::from_utf8(&self.files[name]).expect("text")
    }
}

/// How many trials of the summary had this outcome.
fn count(summary: &Value, outcome: &str) -> usize {
    let count = summary["trials"][outcome].as_u64().unwrap_or_else(|| panic!("no {outcome} in {summary}"));
    usize::try_from(count).expect("a count")
}

#[test]
fn the_embedded_mock_conforms_and_every_report_says_the_same() {
    let (whole, done) = (&*WHOLE, &WHOLE.done);
    let listed = Place::new().run(&["list"]).out.lines().count();

    let summary: Value = serde_json::from_str(whole.read("reports/run.json")).expect("a summary");
    assert_eq!(summary["verdict"], "conformant");
    let (passed, idle) = (count(&summary, "passed"), count(&summary, "not_applicable"));
    assert_eq!(passed + idle, listed, "no trial is missing: {summary}");
    assert!(passed > 0);

    let (_, totals) = junit(whole.read("reports/junit.xml"));
    assert_eq!(totals, Totals { tests: listed, passed, skipped: idle, ..Totals::default() });

    assert!(done.last_line().starts_with("conformant: "), "{}", done.last_line());
    assert!(done.last_line().contains(&format!(": {passed} passed, {idle} not-applicable; ")), "{}", done.last_line());

    let events: Vec<Value> =
        whole.read("reports/events.jsonl").lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events.first().expect("a header")["event"], "run-started");
    assert_eq!(events.last().expect("a footer")["event"], "run-finished");
    let ended = outcomes(&events);
    assert_eq!(ended.len(), listed);
    assert_eq!(ended.values().filter(|outcome| *outcome == "passed").count(), passed);
    let started: Vec<String> = of_kind(&events, "trial-started").map(|event| text(event, "trial")).collect();
    assert_eq!(started.len(), passed, "those that do not apply never start");
    let requests = of_kind(&events, "trial-finished").filter_map(|event| event["requests"].as_u64()).sum::<u64>();
    assert_eq!(summary["requests"].as_u64(), Some(requests));
    assert_eq!(summary["leaked"], 0);
    // What trials hold the target to stands in the header, once, with what establishes it.
    let held = of_kind(&events, "trial-finished").flat_map(|event| event["requirements"].as_array().expect("a list"));
    let held: BTreeSet<&str> = held.filter_map(Value::as_str).collect();
    let said = events[0]["requirements"].as_array().expect("a list");
    assert_eq!(said.iter().map(|one| one["id"].as_str().expect("an ID")).collect::<BTreeSet<_>>(), held);
    assert!(said.iter().all(|one| !text(one, "text").is_empty() && !text(one, "evidence").is_empty()));
}

#[test]
fn json_stands_alone_on_stdout() {
    let place = Place::new();
    let done = place.run(&["run", "authorization-servers/get", "--format", "json", "--events", "none"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let summary = done.json();
    assert_eq!((&summary["verdict"], &summary["exit_code"]), (&"conformant".into(), &0.into()));
    for outcome in [
        "passed",
        "warned",
        "failed",
        "flaky",
        "known_failure",
        "unexpected_pass",
        "changed_failure",
        "expired",
        "blocked",
        "errored",
        "not_applicable",
        "not_run",
    ] {
        count(&summary, outcome);
    }
    for member in ["requests", "drift", "leaked", "duration_s"] {
        assert!(summary[member].is_number(), "{member}");
    }
    assert!(done.err.contains("conformant: "), "people read on: {}", done.err);
    assert!(place.files().is_empty(), "no stream was asked for");
}

#[test]
fn a_green_run_reads_like_this() {
    let mock = MockProcess::start(&[]);
    let proxy = plain(&mock, |_, _| {});
    let place = Place::with_suite(&[]);
    place.use_servers();
    let done = place.run(&["run", "--suite", "suite", "--target", &proxy.url, "--jobs", "1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(done.err, format!("target: {} (no settings file)\n", proxy.url));
    snapshot(&place, "green-console", &done.out);
    let quiet = place.run(&["run", "--suite", "suite", "--target", &mock.url, "--quiet"]);
    assert_eq!(quiet.out.trim().lines().count(), 1, "{}", quiet.out);
    assert_eq!(mock.servers().len(), 1, "nothing but the default server is left");
}

#[test]
fn a_target_of_the_settings_file_is_found_by_name() {
    let mock = MockProcess::with_token("token-of-manager", &[]);
    let place = Place::with_suite(&[]);
    place.use_servers();
    place.target(&mock.url, &["manager"], &[]);
    let mut command = place.command(&["run", "--suite", "suite", "--target", "here"]);
    command.env_remove("OKTA_CLIENT_TOKEN");
    let done = finish(command.spawn().expect("the program starts"));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert_eq!(place.events()[0]["target"], "here");
}

/// The answers of a recorded run to the gets of what lies below the default server, by path.
fn below_default(place: &Place, recording: &str) -> Vec<(String, Value)> {
    let origin = Regex::new(r"http://127\.0\.0\.1:\d+").expect("a pattern");
    let times = Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").expect("a pattern");
    let servers = Regex::new("aus[A-Za-z0-9]{17}").expect("a pattern");
    let text = place.read(recording);
    let text = servers.replace_all(&text, "SERVER");
    let text = times.replace_all(&text, "TIME");
    let text = origin.replace_all(&text, "ORIGIN");
    let exchanges = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an exchange"));
    let gets = exchanges.filter(|exchange| exchange["request"]["method"] == "GET");
    let mut all: Vec<_> = gets
        .map(|exchange| (exchange["request"]["url"].to_string(), exchange["response"]["body"].clone()))
        .filter(|(url, _)| url.contains("/default/clients"))
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

#[test]
fn the_example_of_a_state_is_what_the_embedded_org_holds() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mock-state.yaml");
    let mock = MockProcess::with_token("token-of-manager", &["--state", path.to_str().expect("a path")]);
    let place = Place::new();
    place.target(&mock.url, &["manager"], &["refresh-tokens"]);
    let run = |target: &str, recording: &str| {
        let trials =
            ["run", "clients/clients/list", "clients/tokens/members", "clients/tokens/list", "--target", target];
        place.run(&[&trials[..], &["--jobs", "1", "--record", recording, "--quiet", "--no-preflight"]].concat())
    };
    for (target, recording) in [("mock", "inside.jsonl"), ("here", "outside.jsonl")] {
        let done = run(target, recording);
        assert_eq!(done.code, 0, "{target}: {}{}", done.out, done.err);
    }
    let inside = below_default(&place, "inside.jsonl");
    assert!(inside.iter().any(|(url, _)| url.contains("/0oa1web0000000000aaa/tokens")), "{inside:?}");
    assert!(inside.iter().any(|(_, body)| body.to_string().contains("0oa2job0000000000aaa")), "both clients are shown");
    assert_eq!(inside, below_default(&place, "outside.jsonl"));
}
