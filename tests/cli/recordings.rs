//! `verify`: recordings are judged exchange by exchange, and a broken file takes nothing away from the others.

use std::fs;

use super::support::{Done, Place, data, shared_recordings, snapshot};

fn verify(place: &Place, names: &[&str], more: &[&str]) -> Done {
    for name in names {
        fs::copy(data(&format!("recordings/{name}.jsonl")), place.path(&format!("{name}.jsonl"))).expect("a recording");
    }
    let files: Vec<String> = names.iter().map(|name| format!("{name}.jsonl")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    place.run(&[&["verify"], files.as_slice(), more].concat())
}

const SUITE: [&str; 2] = ["--suite", "suite"];

#[test]
fn a_recording_that_conforms_is_green() {
    let place = Place::with_suite(&["levels"]);
    let done = verify(&place, &["good"], &SUITE);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
    snapshot(&place, "verify-good", &done.out);
}

#[test]
fn each_false_exchange_is_named_with_its_line() {
    let place = Place::with_suite(&["levels"]);
    let done = verify(&place, &["bad"], &SUITE);
    assert_eq!((done.code, done.err.as_str()), (1, ""), "{}", done.out);
    snapshot(&place, "verify-bad", &done.out);
    let summary = verify(&place, &["good", "bad"], &[&SUITE[..], &["--format", "json"]].concat()).json();
    assert_eq!(summary["verdict"], "not conformant");
    assert_eq!(summary["exchanges"], 12);
    assert_eq!((&summary["judged"], &summary["outside"]), (&11.into(), &1.into()));
    assert_eq!(summary["failed"], 6);
    let places = summary["failures"].as_array().expect("a list").iter().map(|failure| failure["place"].clone());
    let lines: Vec<String> = (1..=6).map(|line| format!("bad.jsonl:{line}")).collect();
    assert_eq!(places.collect::<Vec<_>>(), lines);
}

#[test]
fn a_broken_file_is_told_and_the_others_are_judged() {
    let place = Place::with_suite(&["levels"]);
    let done = verify(&place, &["broken", "good", "empty"], &SUITE);
    assert_eq!(done.code, 3, "{}", done.out);
    snapshot(&place, "verify-broken", &format!("{}{}", done.err, done.out));
    // What was found false weighs more than what could not be read.
    assert_eq!(verify(&place, &["broken", "bad"], &SUITE).code, 1);
}

#[test]
fn a_line_is_refused_in_words() {
    let place = Place::with_suite(&["levels"]);
    let line = |status: &str| {
        format!(
            "{{\"request\":{{\"method\":\"GET\",\"url\":\"https://a.example/b\"}},\"response\":{{\"status\":{status}}}}}\n"
        )
    };
    let wanted = "expected a status, which is a number from 100 to 999";
    for (status, reason) in [
        ("\"200\"", format!("invalid type: string \"200\", {wanted}")),
        ("99999", format!("invalid value: integer `99999`, {wanted}")),
        ("20", format!("invalid value: integer `20`, {wanted}")),
        ("0", "the answer has no status".to_owned()),
    ] {
        place.write("odd.jsonl", &format!("{}{}", line("200"), line(status)));
        let done = place.run(&["verify", "odd.jsonl", "--suite", "suite"]);
        let beginning = format!("error: odd.jsonl:2: not a recorded exchange: {reason}");
        assert!(done.code == 3 && done.err.starts_with(&beginning), "{status}: {}", done.err);
        assert!(done.out.contains("1 exchange"), "{}", done.out);
    }
    place.write("long.jsonl", &format!("{}{}\n", line("200"), " ".repeat(16 * 1024 * 1024)));
    let done = place.run(&["verify", "long.jsonl", "--suite", "suite"]);
    assert_eq!(done.err, "error: long.jsonl:2: not a recorded exchange: it has more than 16 MiB\n");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let place = Place::with_suite(&["levels"]);
    let good = fs::read_to_string(data("recordings/good.jsonl")).expect("a recording");
    place.write("plain.jsonl", &good);
    place.write("marked.jsonl", &format!("\u{feff}{good}"));
    let [plain, marked] = ["plain", "marked"].map(|name| {
        let done = place.run(&["verify", &format!("{name}.jsonl"), "--suite", "suite"]);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{name}: {}", done.out);
        done.out
    });
    assert_eq!(marked, plain);
}

/// A replay needs the whole file before its first request.
#[test]
fn of_a_file_with_a_broken_line_nothing_is_replayed() {
    let place = Place::new();
    let good = fs::read_to_string(data("recordings/documented.jsonl")).expect("a recording");
    place.write("cut.jsonl", &format!("{good}{{\"request\":\n"));
    let judged = place.run(&["verify", "cut.jsonl", "--format", "json"]).json();
    let done = place.run(&["replay", "cut.jsonl", "--format", "json"]);
    assert_eq!((done.code, &done.json()["exchanges"], &judged["exchanges"]), (3, &0.into(), &8.into()), "{}", done.err);
}

#[test]
fn a_recording_of_other_things_judges_nothing() {
    let place = Place::with_suite(&["levels"]);
    place.write(
        "other.jsonl",
        "{\"request\":{\"method\":\"GET\",\"url\":\"https://a.example/b\"},\"response\":{\"status\":200}}\n",
    );
    let done = place.run(&["verify", "other.jsonl", "--suite", "suite"]);
    assert_eq!(done.code, 4, "{}", done.out);
    assert_eq!(place.run(&["verify", "none.jsonl"]).code, 3);
}

#[test]
fn the_documented_examples_fit_the_shipped_schemas_but_for_their_placeholders() {
    let place = Place::new();
    let summary = verify(&place, &["documented"], &["--format", "json"]).json();
    let failures = summary["failures"].as_array().expect("a list").iter();
    let findings = failures.flat_map(|failure| failure["findings"].as_array().expect("findings").clone());
    let placeholders: Vec<String> = findings.map(|finding| finding["actual"]["of"]["value"].to_string()).collect();
    assert!(!placeholders.is_empty());
    assert!(placeholders.iter().all(|text| text.contains("sample") || text.contains('{')), "{placeholders:?}");
    assert_eq!((&summary["judged"], &summary["drift"]), (&8.into(), &0.into()));
}

#[test]
fn the_recordings_of_the_real_service_conform() {
    let Some(files) = shared_recordings("recordings") else { return };
    conform(&files);
}

#[test]
fn the_recordings_of_the_token_endpoints_conform_and_are_no_evidence_against_the_mock() {
    let Some(files) = shared_recordings("token-recordings") else { return };
    conform(&files);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let done = Place::new().run(&[&["replay", "--format", "json"], files.as_slice()].concat());
    let summary = done.json();
    let counts = ["exchanges", "equal", "explained", "different", "not_comparable", "outside"];
    // Eight show a client's secret, four are a proxy's.
    assert_eq!(counts.map(|count| summary[count].as_u64()), [16, 2, 2, 0, 8, 4].map(Some), "{summary}");
    assert_eq!(done.code, 0);
}

fn conform(files: &[String]) {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let place = Place::new();
    let done = place.run(&[&["verify", "--format", "json"], files.as_slice()].concat());
    let summary = done.json();
    assert_eq!(summary["failures"], serde_json::json!([]));
    assert_eq!(summary["broken"], serde_json::json!([]));
    let new = summary["drifted"].as_array().expect("a list").iter().filter(|drift| drift["explained"].is_null());
    assert_eq!(new.collect::<Vec<_>>(), [&serde_json::Value::Null; 0], "all that is recorded is known");
    assert_eq!(done.code, 0);
}
