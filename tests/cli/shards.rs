//! Parts of a run on several machines: each trial is in one part, and the merged parts say what the whole says. The order of trials.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use super::{
    formats::FORMATS,
    server::{Answer, Server},
    support::{Done, Place, finish, junit, of_kind, text},
};

/// As many as no list of trials can be divided by without a rest.
const PARTS: usize = 7;

const TOPICS: [&str; 6] = ["cleanup", "colors", "levels", "paging", "tables", "values"];

/// Things that pass, fail, warn, drift, leak and break, whatever the order in which they are asked for.
fn things() -> Server {
    Server::start(|request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        Some(match (request.method.as_str(), name) {
            ("DELETE", "odd") => Answer::new(403, "{}"),
            ("DELETE", _) => Answer::new(204, ""),
            ("POST", _) => {
                let name = request.json()["name"].as_str().unwrap_or("nameless").replace('_', "-");
                Answer::json(201, &json!({ "id": name, "name": name, "size": 9 }))
            }
            (_, "broken") => Answer::new(500, "trouble"),
            (_, "c" | "f") => Answer::json(200, &json!({ "id": name, "name": name, "color": "blue" })),
            _ => Answer::json(200, &json!({ "id": "a", "name": "a", "color": "red" })),
        })
    })
}

/// What a stream says of each trial, without times and without what differs from run to run.
fn trials(events: &[Value]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for event in of_kind(events, "trial-finished") {
        let mut event = event.clone();
        event.as_object_mut().expect("an object").retain(|name, _| name != "duration_ms" && name != "sum");
        let said: Value = serde_json::from_str(&steady(&event.to_string())).expect("JSON");
        assert_eq!(all.insert(text(&event, "trial"), said), None, "one outcome for each trial");
    }
    all
}

/// The names of a run, its times and its ports.
fn steady(text: &str) -> String {
    let text = Regex::new(r"okc[_-][a-z0-9]{6}[_-]\d{5}").expect("a pattern").replace_all(text, "NAME").into_owned();
    Regex::new(r"\d+(\.\d+)? ms|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)")
        .expect("a pattern")
        .replace_all(&text, "TIME")
        .into_owned()
}

/// The cases of a report with all that is said of each, without times.
fn cases(xml: &str) -> Vec<String> {
    let (report, _) = junit(xml);
    let mut all: Vec<String> = Vec::new();
    for suite in &report.test_suites {
        for case in &suite.test_cases {
            let mut case = case.clone();
            case.time = None;
            all.push(steady(&format!("{} {case:?}", suite.name.as_str())));
        }
    }
    all.sort_unstable();
    all
}

/// Runs the suite of things, or a part of it, and writes its stream to `NAME.jsonl`.
fn run(place: &Place, server: &Server, name: &str, more: &[&str]) -> Done {
    let (stream, report) = (format!("{name}.jsonl"), format!("junit={name}.xml"));
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--events", &stream, "--report", &report];
    place.run(&[&arguments[..], more].concat())
}

fn stream(place: &Place, name: &str) -> Vec<Value> {
    place.read(name).lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

#[test]
fn the_merged_parts_say_what_the_whole_says() {
    let server = things();
    let place = Place::with_suite(&TOPICS);
    let whole = run(&place, &server, "whole", &[]);
    assert_eq!(whole.code, 1, "{}", whole.err);
    let mut streams = Vec::new();
    let mut parts = BTreeMap::new();
    for index in 1..=PARTS {
        let (name, shard) = (format!("part-{index}"), format!("{index}/{PARTS}"));
        let done = run(&place, &server, &name, &["--shard", &shard]);
        let events = stream(&place, &format!("{name}.jsonl"));
        let planned = events[0]["trials"].as_u64().expect("a count");
        assert!(done.err.contains(&format!("shard {shard}: {planned} trials")), "{}", done.err);
        for (trial, said) in trials(&events) {
            assert_eq!(parts.insert(trial.clone(), said), None, "{trial} is in one part only");
        }
        streams.push(format!("{name}.jsonl"));
    }
    let of_whole = trials(&stream(&place, "whole.jsonl"));
    assert_eq!(parts.keys().collect::<Vec<_>>(), of_whole.keys().collect::<Vec<_>>(), "no trial is missing");
    assert_eq!(parts, of_whole, "outcome, checks, reasons and all");

    // The order in which the parts are named does not matter.
    for reversed in [false, true] {
        let mut streams: Vec<&str> = streams.iter().map(String::as_str).collect();
        if reversed {
            streams.reverse();
        }
        let merged = place
            .run(&[&["report"], streams.as_slice(), &["--report", "junit=merged.xml", "--format", "json"]].concat());
        assert_eq!(merged.code, 1, "{}", merged.err);
        assert_eq!(cases(&place.read("merged.xml")), cases(&place.read("whole.xml")));
        let one = place.run(&["report", "whole.jsonl", "--format", "json"]).json();
        let all = merged.json();
        for member in [
            "verdict",
            "trials",
            "requests",
            "checks",
            "score",
            "warnings",
            "rate_limited",
            "drift",
            "leaked",
            "target",
            "suite",
        ] {
            assert_eq!(all[member], one[member], "{member}");
        }
        let drift = |summary: &Value| {
            let list = summary["drifted"].as_array().expect("a list").iter();
            list.map(|drift| (text(drift, "call"), text(drift, "pointer"), drift["count"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(drift(&all), drift(&one));
    }
    let coverage = |streams: &[&str]| place.run(&[&["report", "--format", "coverage"], streams].concat()).out;
    let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
    assert_eq!(coverage(&streams), coverage(&["whole.jsonl"]));
}

/// A report without what is another one's in every run: names, times, and the order.
fn essence(report: &str, runs: &[String]) -> Vec<String> {
    let mut text = steady(report);
    for run in runs {
        text = text.replace(run.as_str(), "RUN");
    }
    for pattern in [
        r#"time="[0-9.]+""#,
        r"in [0-9.]+ s\b",
        r#""(duration_s|waited_s|time|wait|duration|start|stop)": ?[0-9.]+"#,
        r"seconds(_sum)?(\{[^}]*\})? [0-9.e-]+",
        r#""(started|startedDateTime)": ?"[^"]*""#,
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, "TIME").into_owned();
    }
    // HAR is one line: an entry a line then.
    let mut lines: Vec<String> = text
        .replace(r#"{"pageref""#, "\n{")
        .lines()
        .map(|line| line.trim_end_matches([',', ']', '}']).to_owned())
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn the_merged_parts_are_the_whole_in_every_format() {
    let server = things();
    let place = Place::with_suite(&TOPICS);
    run(&place, &server, "whole", &["--retries", "1"]);
    let names: Vec<String> = (1..=3).map(|index| format!("part-{index}")).collect();
    for (index, name) in names.iter().enumerate() {
        run(&place, &server, name, &["--retries", "1", "--shard", &format!("{}/3", index + 1)]);
    }
    let runs = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| text(&stream(&place, &format!("{name}.jsonl"))[0], "run")).collect()
    };
    let print = |names: &[String], format: &str| {
        let streams: Vec<String> = names.iter().map(|name| format!("{name}.jsonl")).collect();
        let streams: Vec<&str> = streams.iter().map(String::as_str).collect();
        let options = ["--format", format, "--verbose", "--fail-on", "drift,warning,flaky"];
        let done = place.run(&[&["report"], &streams[..], &options[..]].concat());
        assert_eq!(done.code, 1, "{}", done.err);
        essence(&done.out, &runs(names))
    };
    let whole = ["whole".to_owned()];
    // A page is drawn with times; what it says of trials is compared below.
    for format in FORMATS.into_iter().filter(|format| *format != "html") {
        let lines = print(&whole, format);
        assert!(!lines.is_empty());
        let merged = print(&names, format);
        let only = |these: &[String], others: &[String]| -> Vec<String> {
            these.iter().filter(|line| !others.contains(line)).cloned().collect()
        };
        assert_eq!(only(&merged, &lines), only(&lines, &merged), "{format}");
        assert_eq!(merged.len(), lines.len(), "{format}");
    }
    // Of a page: every trial among its causes, every headline, every requirement, in order.
    let said = |names: &[String]| -> Vec<String> {
        let page = print(names, "html").join("\n");
        let parts = regex::Regex::new(r#"(data-trial="[^"]*"|<h3 [^\n]*?</h3>|<tr id="[^"]*")"#).expect("a pattern");
        parts.find_iter(&page).map(|part| part.as_str().to_owned()).collect()
    };
    let page = said(&whole);
    assert!(page.len() > 20, "{page:?}");
    assert_eq!(said(&names), page);
}

#[test]
fn a_part_that_is_missing_or_there_twice_is_told() {
    let server = Server::start(|request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        Some(Answer::json(200, &json!({ "id": name, "name": name, "color": "red" })))
    });
    let place = Place::with_suite(&["colors"]);
    for index in 1..=3 {
        run(&place, &server, &format!("part-{index}"), &["--shard", &format!("{index}/3")]);
    }
    let report = |streams: &[&str]| {
        place.run(&[&["report"], streams, &["--report", "junit=merged.xml", "--report", "json=merged.json"]].concat())
    };
    let whole = report(&["part-1.jsonl", "part-2.jsonl", "part-3.jsonl"]);
    assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
    let done = report(&["part-3.jsonl", "part-1.jsonl"]);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    let said = format!("shard 2 of 3 is missing, of the run against {}", server.url);
    assert!(done.last_line().starts_with("could not be judged: ") && done.last_line().ends_with(&said), "{}", done.out);
    let summary: Value = serde_json::from_str(&place.read("merged.json")).expect("JSON");
    assert_eq!(summary["findings"], json!([said]));
    let (_, totals) = junit(&place.read("merged.xml"));
    assert_eq!(totals.errors, 1);
    let one = report(&["part-2.jsonl"]);
    assert!(one.out.contains("; shards 1, 3 of 3 are missing, "), "{}", one.out);

    let twice = report(&["part-1.jsonl", "part-2.jsonl", "part-1.jsonl", "part-3.jsonl"]);
    assert_eq!((twice.code, twice.out.as_str()), (3, ""), "{}", twice.err);
    assert!(twice.err.contains("part-1.jsonl: shard 1/3 of the run against "), "{}", twice.err);

    // A run of other cases is no part of it.
    let other = Place::with_suite(&["levels"]);
    run(&other, &server, "part-4", &["--shard", "2/3"]);
    place.write("other.jsonl", &other.read("part-4.jsonl"));
    let mixed = report(&["part-1.jsonl", "other.jsonl"]);
    assert_eq!((mixed.code, mixed.err.contains("other.jsonl: its suite differs")), (3, true), "{}", mixed.err);
}

#[test]
fn a_list_is_what_a_run_with_the_same_options_runs() {
    let place = Place::new();
    let url = "http://127.0.0.1:9";
    place.target(url, &["admin", "reader"], &["oauth-scopes"]);
    let list = |more: &[&str]| {
        let done = place.run(&[&["list", "authorization-servers"], more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done.out.lines().map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let run = |more: &[&str]| {
        place.run(&[&["run", "authorization-servers", "--no-preflight", "--breaker", "0"], more].concat());
        let outcomes = place.outcomes().into_iter();
        outcomes.filter(|(_, outcome)| outcome != "not-applicable").map(|(trial, _)| trial).collect::<BTreeSet<_>>()
    };
    let all = list(&[]);
    for more in [&["--target", "here"][..], &["--target", "mock"], &["--target", "mock", "--shard", "2/5"]] {
        let listed = list(more);
        assert_eq!(listed, run(more), "{more:?}");
        assert!(!listed.is_empty() && listed.len() < all.len(), "{more:?}");
    }
}

#[test]
fn the_embedded_suite_is_divided_without_a_rest() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let done = place.run(&[&["run", "scopes", "metadata", "--quiet"], more].concat());
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        trials(&place.events())
    };
    let whole = run(&[]);
    let mut parts = BTreeMap::new();
    for index in 1..=3 {
        let part = run(&["--shard", &format!("{index}/3")]);
        assert!(part.len() > whole.len() / 6, "a part of {} is no third of {}", part.len(), whole.len());
        parts.extend(part);
    }
    let said = |trials: &BTreeMap<String, Value>| {
        let said =
            |(trial, event): (&String, &Value)| (trial.clone(), event["outcome"].clone(), event["checks"].clone());
        trials.iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(said(&parts), said(&whole));
}

#[test]
fn a_new_case_moves_no_other_one() {
    let server = things();
    let place = Place::with_suite(&["colors", "levels"]);
    let part = |place: &Place| {
        run(place, &server, "part", &["--shard", "2/3"]);
        trials(&stream(place, "part.jsonl")).into_keys().collect::<Vec<_>>()
    };
    let before = part(&place);
    let more = Place::with_suite(&TOPICS);
    let after: Vec<String> = part(&more);
    let old = |trial: &&String| trial.starts_with("things/colors/") || trial.starts_with("things/levels/");
    assert_eq!(after.iter().filter(old).collect::<Vec<_>>(), before.iter().collect::<Vec<_>>());
    assert!(after.len() > before.len());
}

#[test]
fn the_ci_system_says_which_part_it_is() {
    let server = things();
    let place = Place::with_suite(&["colors"]);
    let run = |variables: &[(&str, &str)], more: &[&str]| {
        let arguments = [&["run", "--suite", "suite", "--target", &server.url, "--quiet"], more].concat();
        let mut command = place.command(&arguments);
        command.envs(variables.iter().copied());
        finish(command.spawn().expect("the program starts"))
    };
    let shard = |variables: &[(&str, &str)], more: &[&str]| {
        let err = run(variables, more).err;
        err.lines().find_map(|line| Some(line.strip_prefix("shard ")?.split(':').next()?.to_owned()))
    };
    let (index, completion) = (("CI_NODE_INDEX", "2"), ("JOB_COMPLETION_INDEX", "0"));
    let total = ("CI_NODE_TOTAL", "3");
    assert_eq!(shard(&[index, total], &[]).as_deref(), Some("2/3"), "from 1");
    assert_eq!(shard(&[completion, total], &[]).as_deref(), Some("1/3"), "from 0");
    assert_eq!(shard(&[index, completion, total], &[]).as_deref(), Some("2/3"));
    assert_eq!(shard(&[index, total], &["--shard", "3/3"]).as_deref(), Some("3/3"), "the flag decides");
    for whole in [&[index][..], &[completion], &[total], &[]] {
        assert_eq!(shard(whole, &[]), None, "{whole:?}");
    }

    let before = server.lines().len();
    for (variable, value) in [
        ("CI_NODE_INDEX", "4"),
        ("CI_NODE_INDEX", "0"),
        ("CI_NODE_INDEX", ""),
        ("CI_NODE_INDEX", "one"),
        ("JOB_COMPLETION_INDEX", "3"),
        ("JOB_COMPLETION_INDEX", "-1"),
        ("JOB_COMPLETION_INDEX", "18446744073709551615"),
    ] {
        let done = run(&[(variable, value), total], &[]);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{variable}={value}: {}", done.err);
        assert!(done.err.contains("CI_NODE_TOTAL"), "{}", done.err);
    }
    for wrong in ["0/3", "4/3", "3", "1/0"] {
        let done = run(&[], &["--shard", wrong]);
        assert_eq!(done.code, 3, "{wrong}: {}", done.err);
        assert!(done.err.contains(&format!("`{wrong}` is not a shard: write 2/5")), "{}", done.err);
    }
    assert_eq!(server.lines().len(), before, "nothing is sent");
}

#[test]
fn a_part_without_trials_is_not_green() {
    let place = Place::with_suite(&["colors"]);
    let server = things();
    let mut codes = BTreeMap::new();
    for index in 1..=9 {
        let shard = format!("{index}/9");
        let done =
            place.run(&["run", "things/colors/red[a]", "--suite", "suite", "--target", &server.url, "--shard", &shard]);
        *codes.entry(done.code).or_insert(0) += 1;
        if done.code == 4 {
            assert!(done.last_line().starts_with("nothing ran: no trials; "), "{}", done.out);
        }
    }
    assert_eq!(codes, BTreeMap::from([(0, 1), (4, 8)]));
}

#[test]
fn a_seed_decides_the_order_and_nothing_else() {
    let server = things();
    let place = Place::with_suite(&["colors", "levels"]);
    let order = |more: &[&str]| {
        run(&place, &server, "stream", &[&["--jobs", "1"], more].concat());
        let events = stream(&place, "stream.jsonl");
        let order: Vec<String> = of_kind(&events, "trial-started").map(|event| text(event, "trial")).collect();
        (order, trials(&events))
    };
    let (plain, outcomes) = order(&[]);
    let (one, of_one) = order(&["--seed", "1"]);
    let (again, _) = order(&["--seed", "1"]);
    let (two, of_two) = order(&["--seed", "2"]);
    assert_eq!(one, again);
    assert_ne!(one, plain);
    assert_ne!(one, two);
    assert_eq!((&of_one, &of_two), (&outcomes, &outcomes));
}
