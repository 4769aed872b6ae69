//! What is made of an event stream later, and what is known of trials without a run.

use std::collections::BTreeSet;

use super::{
    server::{Answer, Server},
    support::{Place, data, junit, snapshot, text},
};

/// A run with failures, warnings and a leak, recorded in `reports/events.jsonl`.
fn recorded() -> Place {
    let server = Server::start(|request| {
        Some(match request.method.as_str() {
            "DELETE" => Answer::new(403, "{}"),
            "POST" => Answer::json(201, &serde_json::json!({ "id": "a", "name": "a", "size": 9 })),
            _ => Answer::json(200, &serde_json::json!({ "id": "a", "name": "a", "color": "red" })),
        })
    });
    let place = Place::with_suite(&["cleanup", "levels", "values"]);
    let arguments =
        ["run", "--suite", "suite", "--target", &server.url, "--jobs", "1", "--report", "junit", "--report", "json"];
    assert_eq!(place.run(&arguments).code, 1);
    place
}

#[test]
fn a_report_made_later_is_the_same() {
    let place = recorded();
    let before = (place.read("reports/junit.xml"), place.read("reports/run.json"));
    let later =
        ["report", "reports/events.jsonl", "--report", "junit=later/junit.xml", "--report", "json=later/run.json"];
    let done = place.run(&later);
    assert_eq!(done.code, 1, "the verdict stays the same");
    assert_eq!((place.read("later/junit.xml"), place.read("later/run.json")), before);
    assert!(done.last_line().starts_with("not conformant: "), "{}", done.out);
    let json = place.run(&["report", "reports/events.jsonl", "--format", "json"]);
    assert_eq!(json.out.trim_end(), before.1.trim_end());
}

#[test]
fn leaks_are_a_suite_of_their_own_in_junit() {
    let (report, totals) = junit(&recorded().read("reports/junit.xml"));
    let cleanup = report.test_suites.iter().find(|suite| suite.name.as_str() == "cleanup").expect("a suite of leaks");
    assert!(!cleanup.test_cases.is_empty());
    assert_eq!(cleanup.errors, cleanup.test_cases.len());
    // GitLab keeps the first of equal ones.
    let cases = report.test_suites.iter().flat_map(|suite| suite.test_cases.iter());
    let names: BTreeSet<_> = cases
        .map(|case| (case.classname.as_ref().map(|name| name.as_str().to_owned()), case.name.as_str().to_owned()))
        .collect();
    assert_eq!(names.len(), totals.tests, "class and name are unique together");
}

#[test]
fn no_report_takes_the_place_of_the_stream_that_it_is_made_of() {
    let place = Place::new();
    place.run(&["run", "authorization-servers/get/same-as-created", "--quiet", "--events", "e.jsonl"]);
    let stream = place.read("e.jsonl");
    let done = place.run(&["report", "e.jsonl", "--report", "json=./e.jsonl"]);
    assert_eq!((done.code, done.out.as_str()), (3, ""), "{}", done.err);
    assert!(done.err.contains("would overwrite what it is made from"), "{}", done.err);
    assert_eq!(place.read("e.jsonl"), stream);
}

#[test]
fn streams_are_merged_into_one_report() {
    let server = Server::always(Answer::json(200, &serde_json::json!({ "id": "a", "name": "a", "color": "red" })));
    let place = Place::with_suite(&["levels", "values"]);
    for topic in ["levels", "values"] {
        let events = format!("{topic}.jsonl");
        let pattern = format!("things/{topic}");
        place.run(&["run", &pattern, "--suite", "suite", "--target", &server.url, "--events", &events]);
    }
    let one = |arguments: &[&str]| place.run(&[&["report", "--format", "json"], arguments].concat()).json();
    let (levels, values) = (one(&["levels.jsonl"]), one(&["values.jsonl"]));
    let both = one(&["levels.jsonl", "values.jsonl"]);
    for outcome in ["passed", "failed", "errored", "blocked"] {
        let count = |summary: &serde_json::Value| summary["trials"][outcome].as_u64().expect("a count");
        assert_eq!(count(&both), count(&levels) + count(&values), "{outcome}");
    }
    assert_eq!(
        both["requests"].as_u64(),
        levels["requests"].as_u64().zip(values["requests"].as_u64()).map(|(a, b)| a + b)
    );
}

#[test]
fn a_stream_that_is_not_whole_is_refused() {
    let place = recorded();
    let stream = place.read("reports/events.jsonl");
    let lines: Vec<&str> = stream.lines().collect();
    let (first, last) = (lines[0], lines[lines.len() - 1]);
    let damaged = [
        ("no-footer", lines[..lines.len() - 1].join("\n")),
        ("half-a-line", format!("{first}\n{}", &last[..20])),
        ("a-line-missing", [&lines[..2], &lines[3..]].concat().join("\n")),
        ("changed", stream.replacen("\"passed\"", "\"failed\"", 1)),
        ("no-header", lines[1..].join("\n")),
        ("two-headers", format!("{first}\n{stream}")),
        ("not-an-event", format!("{first}\n{{\"event\":\"other\"}}\n{last}\n")),
        ("other-version", stream.replacen("\"version\":2", "\"version\":3", 1)),
        ("empty", String::new()),
        ("recording", std::fs::read_to_string(data("recordings/good.jsonl")).expect("a recording")),
    ];
    let mut shown = String::new();
    for (name, text) in damaged {
        let file = format!("{name}.jsonl");
        place.write(&file, &text);
        let done = place.run(&["report", &file, "--report", "junit=never.xml"]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{name}: {}", done.err);
        shown.push_str(&done.err);
    }
    assert!(!place.path("never.xml").exists(), "nothing is made of half a run");
    snapshot(&place, "report-refused", &shown);
}

#[test]
fn lists_agree_with_each_other_and_with_what_runs() {
    let place = Place::new();
    let all = place.run(&["list"]);
    let ids: Vec<&str> = all.out.lines().collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "IDs are unique");
    let json = place.run(&["list", "--format", "json"]).json();
    let listed: Vec<String> = json.as_array().expect("a list").iter().map(|trial| text(trial, "id")).collect();
    assert_eq!(listed, ids);
    for trial in json.as_array().expect("a list") {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(text(trial, "file"));
        let line = usize::try_from(trial["line"].as_u64().expect("a line")).expect("a number");
        let source = std::fs::read_to_string(file).expect("the file of the case");
        let case = text(trial, "id");
        let case = case.rsplit('/').next().and_then(|name| name.split(['[', '@']).next()).expect("a name").to_owned();
        let written = source.lines().nth(line - 1).expect("the line of the case");
        assert!(written.contains(&format!("id: {case}")), "{written} is not where {case} stands");
        assert!(trial["requirements"].as_array().is_some_and(|list| !list.is_empty()), "{case}");
    }
    let some = place.run(&["list", "authorization-servers/get", "**/unknown-id[word]"]);
    let chosen: Vec<&str> = some.out.lines().collect();
    assert!(!chosen.is_empty() && chosen.len() < ids.len());
    let done = place.run(&["run", "authorization-servers/get", "**/unknown-id[word]", "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.out);
    let outcomes = place.outcomes();
    assert_eq!(outcomes.keys().map(String::as_str).collect::<BTreeSet<_>>(), chosen.into_iter().collect());
}

#[test]
fn a_list_of_nothing_ends_as_a_run_of_nothing() {
    let place = Place::new();
    let one = "authorization-servers/get/same-as-created";
    let codes = ["1/2", "2/2"].map(|shard| {
        let listed = place.run(&["list", one, "--shard", shard]);
        let ran = place.run(&["run", one, "--shard", shard, "--quiet"]);
        assert_eq!((listed.code, listed.out.lines().count()), (ran.code, usize::from(ran.code == 0)), "{shard}");
        if ran.code == 4 {
            assert_eq!(listed.err, format!("nothing to run: no trial is in shard {shard}\n"));
            let json = place.run(&["list", one, "--shard", shard, "--format", "json"]);
            assert_eq!((json.code, json.out.as_str()), (4, "[]\n"));
        }
        ran.code
    });
    assert_eq!(codes.iter().sum::<i32>(), 4, "a trial is in one of two parts");
    place.target("http://127.0.0.1:1", &["admin"], &[]);
    let done = place.run(&["list", "**/unlicensed*", "--target", "here"]);
    assert_eq!((done.code, done.out.as_str()), (4, ""), "{}", done.err);
    assert_eq!(done.err, "nothing to run: no trial applies to here\n");
}

#[test]
fn profiles_choose_and_aliases_still_work() {
    let place = Place::with_suite(&["levels", "tables"]);
    let list = |arguments: &[&str]| {
        let done = place.run(&[&["list", "--suite", "suite"], arguments].concat());
        done.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(list(&["--profile", "extra"]).iter().all(|id| id.starts_with("things/tables/")));
    assert_eq!(list(&["--profile", "extra"]).len() + list(&["--profile", "core"]).len(), list(&[]).len());
    assert_eq!(list(&["--profile", "all"]), list(&[]));

    let tables = place.read("suite/cases/things/tables.yaml");
    place.write(
        "suite/cases/things/tables.yaml",
        &tables.replace("id: by-row", "id: by-line\n    aliases: [things/tables/by-row]"),
    );
    assert_eq!(
        list(&["things/tables/by-row"]),
        ["reader", "teleport", "lenient"].map(|row| format!("things/tables/by-line[{row}]"))
    );
}

#[test]
fn the_catalogue_is_what_the_suite_is() {
    let made = Place::new().run(&["list", "--format", "markdown"]);
    assert_eq!(made.code, 0);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/CATALOGUE.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == made.out,
        "cases/CATALOGUE.md is out of date: run `cargo run -- list --format markdown > cases/CATALOGUE.md`, and review the difference"
    );
}

#[test]
fn a_trial_is_explained_by_what_establishes_it() {
    let place = Place::with_suite(&["levels"]);
    let run = |id: &str| place.run(&["explain", id, "--suite", "suite"]);
    let done = run("things/levels/contract[form]");
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("things.work: Things do what is asked of them"));
    assert!(done.out.contains("source: docs page of things"));
    assert!(done.out.contains("no outcome of it at reports/events.jsonl"));
    let several = run("things/levels/contract");
    assert_eq!(several.code, 3);
    snapshot(&place, "explain-several", &several.err);
}

#[test]
fn pages_that_are_made_of_the_suite_are_what_the_suite_is() {
    for (page, arguments) in [
        ("docs/vendor-history.md", &["replay", "--history"][..]),
        ("docs/evidence-age.md", &["list", "--requirements", "--format", "markdown"]),
    ] {
        let made = Place::new().run(arguments);
        assert_eq!(made.code, 0);
        let kept = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page));
        let command = format!("cargo run -- {} > {page}", arguments.join(" "));
        assert!(
            kept.unwrap_or_default() == made.out,
            "{page} is out of date: run `{command}`, and review the difference"
        );
    }
}
