//! Every format of a report, from stored streams: what it says, what it is valid against, what a hostile target cannot do in it.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use regex::Regex;

use super::{
    forms::schema,
    support::{Done, Place, data, finish, junit},
};

/// All formats that `report --format` prints.
pub(crate) const FORMATS: [&str; 13] = [
    "text",
    "json",
    "junit",
    "junit-strict",
    "markdown",
    "github",
    "tap",
    "ctrf",
    "openmetrics",
    "har",
    "badge",
    "coverage",
    "html",
];

/// `every` has each outcome, attempts, drift, a leak, waits and a warning; the others are what their names say.
const STREAMS: [&str; 5] = ["every", "green", "interrupted", "empty", "hostile"];

fn print(stream: &str, format: &str, more: &[&str]) -> Done {
    let stream = data(&format!("streams/{stream}.jsonl")).display().to_string();
    Place::new().run(&[&["report", &stream, "--format", format], more].concat())
}

/// Compares with a snapshot to the byte: a report is a function of its stream.
fn same_as_ever(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(data("../snapshots/formats"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Elements that begin a line of a snapshot.
const BLOCKS: &str = "article|body|button|details|div|dl|dt|figure|footer|form|h[1-6]|head|header|li|link|main|meta|nav|ol|p|pre|rect|\
    script|section|select|style|summary|svg|table|td|th|title|tr|ul";

/// A page in parts that a person can review, each with its name: what stands before the first section, each section, each cause, and the data
/// of the script. Together they are the whole page, but for its own style and script.
fn parts(html: &str) -> Vec<(String, String)> {
    let mut page = html.to_owned();
    for (pattern, shown) in [
        ("(?s)<style>.*?</style>", "<style/>"),
        ("(?s)<script>.*?</script>", "<script/>"),
        ("sha256-[^']*", "sha256-HASH"),
        (&format!(r"><({BLOCKS})\b"), ">\n<$1"),
        // Lists in the data: elsewhere a quotation mark is an entity.
        (r#"\],(\[?")"#, "],\n$1"),
    ] {
        page = Regex::new(pattern).expect("a pattern").replace_all(&page, shown).into_owned();
    }
    let begins = r#"\n<(?:section [^>]*?\bid="([a-z]+)"|article class="cause |script id="(data)")"#;
    let (mut begun, mut causes) = (vec![(0, "head".to_owned())], 0);
    for found in Regex::new(begins).expect("a pattern").captures_iter(&page) {
        let name = found.get(1).or(found.get(2)).map_or_else(
            || {
                causes += 1;
                format!("cause-{causes:02}")
            },
            |name| name.as_str().to_owned(),
        );
        begun.push((found.get(0).expect("all of it").start() + 1, name));
    }
    let ends: Vec<usize> = begun.iter().skip(1).map(|(begin, _)| *begin).chain([page.len()]).collect();
    begun.into_iter().zip(ends).map(|((begin, name), end)| (name, page[begin..end].to_owned())).collect()
}

#[test]
fn each_format_is_known_here_and_in_the_manual() {
    let done = Place::new().run(&["report", "x.jsonl", "--format", "none"]);
    let values = Regex::new(r"\[possible values: (.*)\]").expect("a pattern").captures(&done.err).expect("values");
    assert_eq!(values[1].split(", ").collect::<Vec<_>>(), FORMATS);
    let manual =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md")).expect("a page");
    for format in FORMATS {
        assert!(manual.contains(&format!("| `{format}` |")), "docs/reports.md needs a row of `{format}`");
    }
}

/// `version-1` is `every` as an earlier version of the program has written it: what its checks wanted and found is text.
#[test]
fn a_stream_of_version_1_is_told_as_it_says() {
    let told = print("version-1", "text", &[]);
    assert_eq!((told.code, told.err.as_str()), (1, ""));
    for line in ["expected a size of 10 or less, got 12", "actual:   no such member in {\"id\":\"a\"", "failed: status"]
    {
        assert!(told.out.contains(line), "{line}: {}", told.out);
    }
    let [old, new] = ["version-1", "every"].map(|name| data(&format!("streams/{name}.jsonl")).display().to_string());
    let diff = Place::new().run(&["diff", &old, &new, "--format", "json"]);
    let compared = diff.json();
    assert_eq!((diff.code, &compared["verdict"]), (0, &"not worse".into()), "{}", diff.out);
    assert_eq!(compared["trials"], serde_json::json!([]), "nothing has changed but the form");
}

#[test]
fn every_format_says_all_that_a_stream_holds() {
    for format in FORMATS {
        let done = print("every", format, &[]);
        assert_eq!((done.code, done.err.as_str()), (1, ""), "{format}");
        if format != "html" {
            same_as_ever(format, &done.out);
            continue;
        }
        let parts = parts(&done.out);
        for (name, part) in &parts {
            same_as_ever(&format!("html-{name}"), part);
        }
        let stored = std::fs::read_dir(data("../snapshots/formats")).expect("the snapshots");
        let stored = stored.filter_map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().ok()?;
            Some(name.strip_prefix("html-")?.strip_suffix(".snap")?.to_owned())
        });
        let stored: BTreeSet<String> = stored.collect();
        let now: BTreeSet<String> = parts.into_iter().map(|(name, _)| name).collect();
        assert_eq!(now, stored, "a part that is no more has no snapshot");
    }
}

#[test]
fn the_verdict_of_a_stream_is_the_same_in_every_format() {
    for (stream, code) in [("every", 1), ("green", 0), ("interrupted", 130), ("empty", 4), ("hostile", 1)] {
        for format in FORMATS {
            assert_eq!(print(stream, format, &[]).code, code, "{stream} as {format}");
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
fn junit_strict_is_valid_against_the_schema_of_jenkins() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/junit/junit-10.xsd");
    let there = Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_ok();
    if !there || !schema.exists() {
        eprintln!("skipped: there is no xmllint, or no schema beside this clone");
        return;
    }
    let valid = |xml: &str| {
        let place = Place::new();
        place.write("junit.xml", xml);
        let mut lint = Command::new("xmllint");
        lint.args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(place.path("junit.xml"));
        let output = lint.output().expect("xmllint runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for stream in STREAMS {
        for more in [&[][..], &["--fail-on", "drift,flaky,warning"]] {
            let done = print(stream, "junit-strict", more);
            let (good, said) = valid(&done.out);
            assert!(good, "{stream} {more:?}: {said}\n{}", done.out);
        }
    }
    assert!(!valid(&print("every", "junit", &[]).out).0, "the rich form says more than the schema knows");
}

/// `COLUMNS` is what a terminal without a size of its own is asked by.
fn at_width(stream: &str, columns: &str, more: &[&str]) -> String {
    let stream = data(&format!("streams/{stream}.jsonl")).display().to_string();
    let mut command = Place::new().command(&[&["report", &stream], more].concat());
    command.env("COLUMNS", columns);
    finish(command.current_dir(data("")).spawn().expect("the program starts")).out
}

#[test]
fn the_console_is_as_wide_as_the_terminal() {
    same_as_ever("text-80", &at_width("every", "80", &[]));
    same_as_ever("text-40", &at_width("every", "40", &[]));
    for (columns, stream) in [(40, "every"), (80, "every"), (120, "every"), (40, "hostile")] {
        let text = at_width(stream, &columns.to_string(), &["--verbose"]);
        // What is copied, into a shell or a chat, is one line.
        let copied = ["    again: ", "  next: ", "not conformant: "];
        let mut lines = text.lines().filter(|line| !copied.iter().any(|copied| line.starts_with(copied)));
        assert_eq!(lines.find(|line| line.width() > columns), None, "{stream} at {columns}");
    }
    assert_eq!(at_width("every", "none", &[]), print("every", "text", &[]).out, "what is no number says nothing");
}

/// The same command without a width and with 80 columns.
fn both_widths(place: &Place, arguments: &[&str]) -> [String; 2] {
    [None, Some("80")].map(|columns| {
        let mut command = place.command(arguments);
        command.envs(columns.map(|columns| ("COLUMNS", columns)));
        let done = finish(command.spawn().expect("the program starts"));
        assert_eq!(done.err, "", "{arguments:?}");
        done.out
    })
}

#[test]
fn what_other_commands_print_is_as_wide_as_the_terminal_too() {
    let place = Place::with_suite(&["levels"]);
    let [every, green] = ["every", "green"].map(|name| data(&format!("streams/{name}.jsonl")).display().to_string());
    let bad = data("recordings/bad.jsonl").display().to_string();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<String>();
    for arguments in [
        &["explain", "authorization-servers/create/echoes[audiences]"][..],
        &["verify", &bad, "--suite", "suite"],
        &["diff", &green, &every],
    ] {
        let [free, narrow] = both_widths(&place, arguments);
        assert!(free.lines().any(|line| line.width() > 80), "{free}");
        assert_eq!(narrow.lines().find(|line| line.width() > 80), None, "{arguments:?}");
        assert_eq!(words(&narrow), words(&free));
    }
    // The table of runs is one at any width: it has fewer columns.
    let other = std::fs::read_to_string(&green).expect("a stream").replace("abc234", "abc235");
    place.write("other.jsonl", &other.replace("\"target\":\"", "\"target\":\"a-target-with-a-long-name-of-"));
    let [free, narrow] = both_widths(&place, &["trend", &every, "other.jsonl"]);
    assert_eq!(narrow.lines().find(|line| line.width() > 80), None, "{narrow}");
    assert!(free.lines().next().is_some_and(|head| head.contains("requests")), "{free}");
    same_as_ever("trend-80", &narrow);
}

#[test]
fn colours_are_put_around_what_is_said_and_change_nothing() {
    let plain = at_width("every", "80", &[]);
    let painted = at_width("every", "80", &["--color", "always"]);
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("a pattern");
    assert!(colours.find_iter(&painted).count() > 40);
    assert_eq!(colours.replace_all(&painted, ""), plain);
    assert_eq!(at_width("every", "80", &["--color", "never"]), plain);
}

#[test]
fn a_summary_has_the_documented_form() {
    let validator = schema("run");
    for stream in STREAMS {
        let summary: Value = serde_json::from_str(&print(stream, "json", &[]).out).expect("JSON");
        let mistakes: Vec<String> = validator.iter_errors(&summary).map(|error| error.to_string()).collect();
        assert_eq!(mistakes, [""; 0], "{stream}");
    }
}

#[test]
fn reports_go_to_stdout_and_to_devices_too() {
    let stream = data("streams/green.jsonl").display().to_string();
    let place = Place::new();
    let done = place.run(&["report", &stream, "--report", "tap=-", "--report", "badge=/dev/stderr"]);
    assert_eq!(done.code, 0);
    assert!(done.out.starts_with("TAP version 14\n1..2\nok 1 - "), "{}", done.out);
    assert!(done.last_line().starts_with("conformant: 2 passed; "), "what is printed comes after it: {}", done.out);
    assert!(done.err.starts_with("{\"schemaVersion\":1,"), "{}", done.err);
    assert!(place.files().is_empty(), "nothing is left beside a device");
    let done = place.run(&["run", "--format", "json", "--report", "github=-"]);
    assert_eq!((done.code, done.out.as_str()), (3, ""), "{}", done.err);
    assert!(done.err.contains("both write to stdout"), "{}", done.err);
}

#[test]
fn har_holds_what_a_recording_holds() {
    let place = Place::new();
    let done = place.run(&["run", "scopes", "--quiet", "--report", "har=run.har", "--record", "run.jsonl"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let judged = |file: &str| {
        let summary = place.run(&["verify", file, "--format", "json"]).json();
        ["exchanges", "judged", "failed", "drift", "outside"].map(|member| summary[member].clone())
    };
    let of_har = judged("run.har");
    assert_eq!(of_har, judged("run.jsonl"));
    let requests = place.run(&["report", "reports/events.jsonl", "--format", "json"]).json()["requests"].clone();
    assert_eq!(of_har[0], requests, "no exchange is missing");
}

/// A run whose trials are all green and that is red all the same: no format may leave it at the trials.
#[test]
fn what_is_red_beside_the_trials_is_red_in_every_format() {
    let green = std::fs::read_to_string(data("streams/green.jsonl")).expect("a stream");
    let lines: Vec<&str> = green.lines().collect();
    let (footer, rest) = lines.split_last().expect("a footer");
    let snapshot =
        serde_json::json!({ "event": "snapshot-drifted", "trial": "t", "kind": "changed", "file": "t.snap" });
    // Without the second trial, its events and all.
    let one: Vec<String> = lines
        .iter()
        .filter(|line| !line.contains("values/two"))
        .map(|line| line.replace("\"trials\":2", "\"trials\":1").replace("\"passed\":2", "\"passed\":1"))
        .collect();
    let place = Place::new();
    place.write("drifted.jsonl", &format!("{}\n{snapshot}\n{footer}\n", rest.join("\n")));
    place.write("one.jsonl", &(one.join("\n") + "\n"));
    let baseline = data("streams/green.jsonl").display().to_string();
    for (arguments, kind, word) in [
        (["drifted.jsonl", "--fail-on", "drift"], "snapshot", "drift"),
        (["one.jsonl", "--baseline", &baseline], "baseline", "worse than before"),
    ] {
        let print = |format: &str| {
            let done = place.run(&[&["report", "--format", format], &arguments[..]].concat());
            assert_eq!(done.code, 1, "{kind} as {format}: {}", done.err);
            done.out
        };
        for format in ["junit", "junit-strict"] {
            let (report, totals) = junit(&print(format));
            let suite =
                report.test_suites.iter().find(|suite| suite.name.as_str() == kind).expect("a suite of its own");
            assert_eq!((suite.failures, totals.failures), (1, 1), "{format}");
        }
        let tap = print("tap");
        assert_eq!(tap.lines().filter(|line| line.starts_with("not ok ")).count(), 1, "{tap}");
        assert!(tap.contains(&format!(" - {kind}: ")), "{tap}");
        let ctrf: Value = serde_json::from_str(&print("ctrf")).expect("JSON");
        let failed =
            ctrf["results"]["tests"].as_array().expect("a list").iter().filter(|test| test["status"] == "failed");
        assert_eq!((failed.count(), &ctrf["results"]["summary"]["failed"]), (1, &1.into()), "{ctrf}");
        let metrics = print("openmetrics");
        assert!(metrics.contains(&format!("okta_conformance_deviations{{kind=\"{kind}\"}} 1\n")), "{metrics}");
        assert_eq!(print("github").lines().filter(|line| line.starts_with("::error ")).count(), 1);
        assert!(print("badge").contains(&format!("\"message\":\"{word}\",\"color\":\"red\"")), "{}", print("badge"));
        let markdown = print("markdown");
        assert!(markdown.starts_with("## ❌"), "{markdown}");
        assert!(markdown.contains(if kind == "snapshot" { "changed t.snap" } else { "<b>baseline</b>" }), "{markdown}");
    }
}

/// A stream with this many trials, each of which fails in a way of its own.
fn many(count: usize) -> String {
    let stream = std::fs::read_to_string(data("streams/every.jsonl")).expect("a stream");
    let line = |words: &[&str]| -> Value {
        let line = stream.lines().find(|line| words.iter().all(|word| line.contains(word))).expect("a line");
        serde_json::from_str(line).expect("JSON")
    };
    let (mut header, mut footer) = (line(&["run-started"]), line(&["run-finished"]));
    let step = line(&["step-finished", "listed-in-full"]);
    let finished = line(&["trial-finished", "listed-in-full"]);
    header["trials"] = count.into();
    footer["trials"] = serde_json::json!({ "failed": count });
    let mut lines = vec![header.to_string()];
    for index in 0..count {
        let trial = format!("things/values/number-{index:04}");
        let (mut step, mut finished) = (step.clone(), finished.clone());
        step["trial"] = trial.clone().into();
        step["findings"][0]["check"] = format!("number {index}").into();
        finished["trial"] = trial.into();
        lines.extend([step.to_string(), finished.to_string()]);
    }
    lines.push(footer.to_string());
    lines.join("\n") + "\n"
}

#[test]
fn what_is_more_than_a_reader_takes_is_counted() {
    let place = Place::new();
    place.write("many.jsonl", &many(300));
    let print = |format: &str| place.run(&["report", "many.jsonl", "--format", format]).out;

    let page = print("markdown");
    assert!(page.len() <= 65_536, "{} bytes are too many for a comment", page.len());
    let shown = page.matches("<details>").count();
    assert!(shown > 10, "{shown}");
    assert!(page.ends_with(&format!(
        "\n_Left out for lack of space: {} causes. The event stream has all of it._\n",
        300 - shown
    )));

    let annotations = print("github");
    assert_eq!(annotations.lines().filter(|line| line.starts_with("::error ")).count(), 10, "GitHub shows no more");
    assert!(annotations.contains("title=and 291 more%2C of which GitHub shows no annotations::"), "{annotations}");

    let text = print("text");
    assert_eq!(text.matches("\n  failed  ").count(), 300 + 5, "each has a line, and the heaviest one more at the end");
    assert_eq!(text.matches("\nfailed  ").count(), 10, "and some all that there is to say");
    assert!(text.contains("\n300 causes, the first 10 in full below:\n"));
    assert_eq!(junit(&print("junit")).1.failures, 300);
}

/// Characters that no terminal, no XML reader and no eye may meet.
fn obeyed(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{fffe}'..='\u{ffff}')
}

#[test]
fn what_a_target_sends_stays_text_in_every_format() {
    for format in FORMATS {
        let text = print("hostile", format, &["--verbose"]).out;
        assert_eq!(text.chars().find(|c| obeyed(*c)), None, "{format}: {text}");
        if !["json", "har"].contains(&format) {
            assert!(!text.contains("##[") && !text.contains("##vso["), "{format}: a command of a CI system");
        }
        if format.starts_with("junit") {
            let (report, totals) = junit(&text);
            assert_eq!((totals.tests, report.test_suites.len()), (11, 5), "{format}");
            assert!(!text.contains("]]>"), "{format}");
        }
    }
}

/// Whatever is printed in a CI system is read by it line by line.
#[test]
fn no_line_of_a_target_begins_a_line_of_a_report() {
    let begins = |text: &str, with: &[&str]| -> Vec<String> {
        let lines = text.lines().filter(|line| with.iter().any(|with| line.trim_start().starts_with(with)));
        lines.map(str::to_owned).collect()
    };
    for format in ["text", "json", "har", "tap", "badge", "coverage"] {
        let text = print("hostile", format, &["--verbose"]).out;
        assert_eq!(begins(&text, &["::"]), [""; 0], "{format}");
    }
    let github = print("hostile", "github", &[]).out;
    assert_eq!(begins(&github, &["::error ", "::warning ", "::notice "]).len(), github.lines().count());
    assert!(github.lines().all(|line| !line.contains("::stop-commands") || line.matches("::").count() > 2));
    let tap = print("hostile", "tap", &[]).out;
    let points = tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count();
    assert_eq!(points, 9, "{tap}");
    assert_eq!(tap.lines().filter(|line| line.starts_with("Bail out!") || line.starts_with("1..")).count(), 2);
    assert_eq!(tap.matches("  ---\n").count(), tap.matches("\n  ...\n").count());
}
