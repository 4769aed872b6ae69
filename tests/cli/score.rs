//! The score: what of the requirements a target holds, in every form that shows it, and beside it what was not selected.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{MockProcess, Place, data, text},
};

/// The counts of a score, and the sum of those that count.
fn counts(score: &Value) -> [u64; 3] {
    ["held", "departed", "not_judged"].map(|member| score[member].as_u64().expect("a count"))
}

/// How the target of the last run stood to each requirement of these trials.
fn standings(place: &Place, choice: &[&str]) -> BTreeMap<String, Option<String>> {
    let listed = place.run(&[&["list", "--requirements", "--format", "json"], choice].concat());
    assert_eq!(listed.code, 0, "{}", listed.err);
    let all = listed.json();
    let standing = |one: &Value| (text(one, "id"), one["standing"].as_str().map(str::to_owned));
    all.as_array().expect("a list").iter().map(standing).collect()
}

#[test]
fn the_mock_holds_every_requirement() {
    let place = Place::new();
    assert!(standings(&place, &[]).values().all(Option::is_none), "there is no run yet");
    let done = place.run(&["run", "--format", "json"]);
    let score = &done.json()["score"];
    let [held, departed, not_judged] = counts(score);
    assert!(held > 300, "{score}");
    assert_eq!((departed, not_judged, &score["percent"]), (0, 0, &json!(100.0)), "{score}");
    assert_eq!(score["left_out"], json!([]));
    let profiles = score["profiles"].as_object().expect("profiles");
    assert!(profiles.len() > 10 && profiles.values().all(|one| counts(one)[1..] == [0, 0]), "{score}");

    // The list has the same requirements.
    let standings = standings(&place, &[]);
    let of = |word: &str| standings.values().filter(|standing| standing.as_deref() == Some(word)).count() as u64;
    assert_eq!(of("held"), held);
    assert_eq!(of("noted"), score["noted"].as_u64().expect("a count"));
    assert_eq!(of("not_applicable"), score["not_applicable"].as_u64().expect("a count"));
    assert!(standings.values().all(Option::is_some), "{standings:?}");
}

#[test]
fn what_was_not_selected_is_said_beside_the_score() {
    let place = Place::new();
    let done = place.run(&["run", "--profile", "scopes", "--report", "json"]);
    let score = serde_json::from_str::<Value>(&place.read("reports/run.json")).expect("JSON")["score"].clone();
    let left_out: Vec<&str> = score["left_out"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    assert!(left_out.contains(&"claims") && !left_out.contains(&"scopes"), "{score}");
    let said = format!("held\n  profiles that were not selected: {}\n", left_out.join(", "));
    assert!(done.out.contains(&said), "{}", done.out);
    assert!(!place.run(&["run", "scopes/create"]).out.contains("not selected"), "no profile was named");
    assert!(!place.run(&["run", "scopes/create", "--quiet"]).out.contains("score"), "only the last line");
}

#[test]
fn a_fault_is_a_departure_in_every_form() {
    let place = Place::new();
    let mock = MockProcess::start(&["--fault", "replace-oauth2-scope/status/success"]);
    place.target(&mock.url, &["admin"], &[]);
    place.write("secrets/admin", super::support::TOKEN);
    let choice = ["scopes/replace", "scopes/create"];
    let more = ["--target", "here", "--no-preflight", "--keep", "0", "--format", "json"];
    let summary = place.run(&[&["run"], &choice[..], &more].concat()).json();
    let score = &summary["score"];
    let [held, departed, not_judged] = counts(score);
    assert!(held > 0 && departed > 0, "{summary}");

    // What departed is behind a failure, and what is behind one departed.
    let standings = standings(&place, &choice);
    let departures = standings.iter().filter(|(_, standing)| standing.as_deref() == Some("departed"));
    let departures: Vec<&str> = departures.map(|(id, _)| id.as_str()).collect();
    assert_eq!(departures.len() as u64, departed);
    let causes =
        summary["causes"].as_array().expect("causes").iter().flat_map(|cause| cause["requirements"].as_array());
    for requirement in causes.flatten() {
        assert!(departures.contains(&text(requirement, "id").as_str()), "{requirement} of {departures:?}");
    }

    let total = held + departed + not_judged;
    let tenths = held * 1000 / total;
    let share = format!("{}.{} % of {total} requirements", tenths / 10, tenths % 10);
    let unjudged = if not_judged > 0 { format!(", {not_judged} not judged") } else { String::new() };
    let sentence = format!("{share} held, {departed} departed{unjudged}");
    let print = |format: &str| place.run(&["report", "reports/events.jsonl", "--format", format]).out;
    let lines = print("text");
    let lines: Vec<&str> = lines.lines().rev().collect();
    assert_eq!(lines[1], format!("score: {sentence}"), "before the last line");
    assert!(print("markdown").contains(&format!("Score: **{sentence}**")));
    assert!(print("html").contains(&format!("Score: {sentence}.")));
    assert!(print("badge").contains(&format!("\"message\":\"{share}\",\"color\":\"red\"")), "{}", print("badge"));
    for format in ["junit", "junit-strict"] {
        assert!(print(format).contains(&format!("name=\"score\" value=\"{sentence}\"")), "{format}");
    }
}

#[test]
fn a_known_failure_departs_and_a_comparison_shows_both_scores() {
    let place = Place::with_suite(&["colors"]);
    let run = |color: &'static str, stream: &str| {
        let server = Server::start(move |request| {
            let name = request.target.rsplit('/').next().unwrap_or_default();
            let color = if name == "b" { color } else { "red" };
            Some(Answer::json(200, &json!({ "id": name, "name": name, "color": color })))
        });
        place.run(&[
            "run",
            "--suite",
            "suite",
            "--target",
            &server.url,
            "--known-failures",
            "known.yaml",
            "--events",
            stream,
            "--format",
            "json",
        ])
    };
    place.write("known.yaml", "knownFailures: []\n");
    let red = run("red", "red.jsonl").json()["score"].clone();
    assert_eq!(counts(&red)[1..], [0, 0], "{red}");
    place.write(
        "known.yaml",
        "knownFailures:\n  - trial: things/colors/red[b]\n    observed: ['body /color: \"blue\"']\n    reason: The paint is old\n    \
         issue: T-1\n    owner: painters\n    expires: 2999-12-31\n",
    );
    let known = run("blue", "known.jsonl");
    assert_eq!((known.code, &known.json()["trials"]["known_failure"]), (0, &json!(1)), "{}", known.err);
    let score = known.json()["score"].clone();
    assert_eq!(counts(&score)[1], 1, "{score}");

    let [held, ..] = counts(&red);
    let compared = place.run(&["diff", "red.jsonl", "known.jsonl"]).out;
    let (before, after) = (format!("score: 100 % of {held} requirement"), "held, 1 departed");
    let line = compared.lines().find(|line| line.starts_with(&before)).unwrap_or_else(|| panic!("{compared}"));
    assert!(line.contains(" → ") && line.ends_with(after), "{line}");
    let compared = place.run(&["diff", "red.jsonl", "known.jsonl", "--format", "json"]).json();
    assert_eq!((&compared["old"]["score"], &compared["new"]["score"]), (&red, &score));
}

#[test]
fn a_stream_that_does_not_tell_what_was_held_has_no_score() {
    let place = Place::new();
    for stream in ["version-1", "green"] {
        let stream = data(&format!("streams/{stream}.jsonl")).display().to_string();
        assert_eq!(place.run(&["report", &stream, "--format", "json"]).json().get("score"), None, "{stream}");
        assert!(!place.run(&["report", &stream]).out.contains("score"), "{stream}");
    }
}
