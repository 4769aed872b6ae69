//! `--failed-in`: what an earlier run left to be done, and nothing else.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    server::{Answer, Server},
    support::{Done, Place, of_kind, text},
};

/// Things that are red, but for these.
fn things(blue: &'static [&'static str], broken: &'static [&'static str]) -> Server {
    Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let color = if blue.contains(&name) { "blue" } else { "red" };
        let answer = Answer::json(200, &json!({ "id": name, "name": name, "color": color }));
        Some(if broken.contains(&name) { Answer::new(502, "trouble") } else { answer })
    })
}

fn run(place: &Place, server: &Server, events: &str, more: &[&str]) -> Done {
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--events", events, "--no-preflight"];
    place.run(&[&arguments[..], more].concat())
}

/// The IDs of the trials that a stream tells of.
fn trials(place: &Place, events: &str) -> BTreeSet<String> {
    let lines: Vec<_> = place.read(events).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    of_kind(&lines, "trial-finished").map(|event| text(event, "trial")).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn only_what_failed_is_run_again() {
    let place = Place::with_suite(&["colors"]);
    let all = {
        let first = run(&place, &things(&["a"], &["b"]), "first.jsonl", &[]);
        assert_eq!(first.code, 1, "{}", first.out);
        trials(&place, "first.jsonl")
    };
    let failed = set(&["things/colors/red[a]", "things/colors/red[b]"]);
    assert!(all.is_superset(&failed) && all.len() > failed.len(), "{all:?}");

    let listed = place.run(&["list", "--suite", "suite", "--failed-in", "first.jsonl"]);
    let listed: BTreeSet<String> =
        listed.out.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert!(failed.is_subset(&listed), "{listed:?}");
    let mended = things(&[], &[]);
    let second = run(&place, &mended, "second.jsonl", &["--failed-in", "first.jsonl"]);
    assert_eq!((second.code, trials(&place, "second.jsonl")), (0, failed), "{}", second.err);

    // Nothing is left to be done, and a run of nothing is not green.
    let third = run(&place, &mended, "third.jsonl", &["--failed-in", "second.jsonl"]);
    assert_eq!(third.code, 4, "{}", third.err);
    assert!(third.err.contains("none failed in second.jsonl"), "{}", third.err);
}

#[test]
fn what_was_not_reached_is_run_too() {
    let place = Place::with_suite(&["colors"]);
    let server = things(&[], &[]);
    assert_eq!(run(&place, &server, "whole.jsonl", &[]).code, 0);
    let all = trials(&place, "whole.jsonl");
    // Cut before the last trial ended, as by a machine that went away.
    let text = place.read("whole.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| line.contains("\"trial-finished\"")).expect("a trial");
    place.write("cut.jsonl", &format!("{}\n", lines[..last].join("\n")));
    let reached = trials(&place, "cut.jsonl");
    assert_eq!(run(&place, &server, "rest.jsonl", &["--failed-in", "cut.jsonl"]).code, 0);
    assert_eq!(trials(&place, "rest.jsonl"), all.difference(&reached).cloned().collect());

    // A narrower run left nothing behind of what it was not to run.
    let narrow = run(&place, &server, "narrow.jsonl", &["things/colors/red[a]"]);
    assert_eq!(narrow.code, 0);
    assert_eq!(run(&place, &server, "none.jsonl", &["--failed-in", "narrow.jsonl"]).code, 4);
    // Nor did a rerun.
    assert_eq!(run(&place, &server, "none.jsonl", &["--failed-in", "rest.jsonl"]).code, 4);
}

#[test]
fn parts_of_a_rerun_make_the_whole_of_it() {
    let place = Place::with_suite(&["colors", "values"]);
    let server = things(&["a", "b", "c", "d", "e", "f"], &[]);
    let parts = ["1/3", "2/3", "3/3"];
    for (index, part) in parts.iter().enumerate() {
        run(&place, &server, &format!("parts/{index}.jsonl"), &["--shard", part]);
    }
    run(&place, &server, "again.jsonl", &["--failed-in", "parts"]);
    let again = trials(&place, "again.jsonl");
    let mut of_parts = BTreeSet::new();
    for (index, part) in parts.iter().enumerate() {
        let events = format!("again-{index}.jsonl");
        run(&place, &server, &events, &["--failed-in", "parts", "--shard", part]);
        let own = trials(&place, &events);
        let earlier = trials(&place, &format!("parts/{index}.jsonl"));
        assert!(own.is_subset(&earlier), "a trial stays in its part");
        of_parts.extend(own);
    }
    assert!(!again.is_empty());
    assert_eq!(again, of_parts);
}

#[test]
fn a_case_that_was_renamed_is_found_and_one_that_is_gone_is_told() {
    let place = Place::with_suite(&["colors"]);
    let server = things(&["a", "b"], &[]);
    run(&place, &server, "first.jsonl", &[]);
    let cases = place.read("suite/cases/things/colors.yaml");
    place.write(
        "suite/cases/things/colors.yaml",
        &cases.replace("- id: red\n", "- id: crimson\n    aliases: [things/colors/red]\n"),
    );
    run(&place, &server, "renamed.jsonl", &["--failed-in", "first.jsonl"]);
    assert_eq!(trials(&place, "renamed.jsonl"), set(&["things/colors/crimson[a]", "things/colors/crimson[b]"]));
    place.write("suite/cases/things/colors.yaml", &cases.replace("- id: red\n", "- id: crimson\n"));
    let gone = run(&place, &server, "gone.jsonl", &["--failed-in", "first.jsonl"]);
    assert!(gone.err.contains("no longer in this suite, such as things/colors/red[a]"), "{}", gone.err);
}

#[test]
fn the_stream_that_is_repeated_stays() {
    let place = Place::with_suite(&["colors"]);
    let server = things(&["a"], &[]);
    run(&place, &server, "reports/events.jsonl", &[]);
    let first = place.read("reports/events.jsonl");
    let again = run(&place, &server, "reports/events.jsonl", &["--failed-in", "reports/events.jsonl"]);
    assert_eq!(again.code, 1, "{}", again.err);
    assert!(again.err.contains("the event stream goes to reports/events.rerun.jsonl"), "{}", again.err);
    assert_eq!(place.read("reports/events.jsonl"), first);
    // Beside it, the rerun is no part of the same run.
    assert_eq!(place.run(&["list", "--suite", "suite", "--failed-in", "reports"]).code, 0);
    assert_eq!(trials(&place, "reports/events.rerun.jsonl"), set(&["things/colors/red[a]"]));
    // A name that was mistyped costs nothing either.
    let mistyped = run(&place, &server, "reports/events.jsonl", &["--failed-in", "reports/event.jsonl"]);
    assert_eq!((mistyped.code, place.read("reports/events.jsonl")), (3, first));
    let named = run(&place, &server, "reports/events.rerun.jsonl", &["--failed-in", "reports/events.rerun.jsonl"]);
    assert_eq!(named.code, 3);
    assert!(named.err.contains("choose another `--events`"), "{}", named.err);
}

#[test]
fn a_stream_that_cannot_be_read_sends_nothing() {
    let place = Place::with_suite(&["colors"]);
    let server = things(&[], &[]);
    place.write("broken.jsonl", "{\"event\": \"run-started\"\n");
    for (events, code) in [("missing.jsonl", 3), ("broken.jsonl", 3)] {
        let done = run(&place, &server, "none.jsonl", &["--failed-in", events]);
        assert_eq!(done.code, code, "{}", done.err);
        assert!(done.err.contains(events), "{}", done.err);
    }
    assert!(server.requests().is_empty());
}
