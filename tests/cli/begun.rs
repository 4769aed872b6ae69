//! Runs that end before they began, or that cannot write everything: no report of yesterday is taken for today's, and none is missing that
//! could have been written.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read as _},
};

use serde_json::Value;

use super::{
    formats::FORMATS,
    server::Server,
    support::{Done, PATIENCE, Place, Totals, junit, of_kind, read_until, rest, signal, watch},
};

const TRIAL: &str = "authorization-servers/get/same-as-created";

/// Each format of a report, with its usual place.
const REPORTS: [(&str, &str); 13] = [
    ("text", "reports/run.txt"),
    ("json", "reports/run.json"),
    ("junit", "reports/junit.xml"),
    ("junit-strict", "reports/junit-strict.xml"),
    ("markdown", "reports/run.md"),
    ("github", "reports/github.txt"),
    ("tap", "reports/run.tap"),
    ("ctrf", "reports/ctrf.json"),
    ("openmetrics", "reports/metrics.txt"),
    ("har", "reports/run.har"),
    ("badge", "reports/badge.json"),
    ("coverage", "reports/coverage.md"),
    ("html", "reports/report.html"),
];

#[test]
fn each_format_has_its_usual_place_here() {
    assert_eq!(REPORTS.map(|(format, _)| format), FORMATS);
}

fn all_reports<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().chain(REPORTS.iter().flat_map(|(format, _)| ["--report", format])).collect()
}

/// A place with the reports of a run that was conformant.
fn yesterday() -> Place {
    let place = Place::new();
    let done = place.run(&all_reports(&["run", TRIAL, "--quiet"]));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    place
}

/// Every report says that the run did not begin, and why; none has anything of yesterday.
fn assert_not_begun(place: &Place, done: &Done, why: &str) {
    assert_eq!(done.code, 3, "{why}: {}{}", done.out, done.err);
    assert!(done.err.contains(why), "{why}: {}", done.err);
    for (format, path) in REPORTS {
        let text = place.read(path);
        assert!(!text.contains("same-as-created"), "{why}: {format} is yesterday's: {text}");
        assert!(text.contains("did not begin"), "{why}: {format}: {text}");
    }
    let (report, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!(totals, Totals { tests: 1, errors: 1, ..Totals::default() }, "{why}");
    assert_eq!(report.test_suites.len(), 1);
    assert!(place.read("reports/junit.xml").contains(why), "{why}: {}", place.read("reports/junit.xml"));
    let (_, strict) =
        junit(&place.read("reports/junit-strict.xml").replacen("<testsuites ", "<testsuites skipped=\"0\" ", 1));
    assert_eq!(strict, Totals { tests: 1, errors: 1, ..Totals::default() }, "{why}");
    let json: Value = serde_json::from_str(&place.read("reports/run.json")).expect("JSON");
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"did not begin".into(), &3.into()));
    assert!(json["not_begun"].as_str().expect("a reason").contains(why), "{json}");
    assert!(place.read("reports/run.tap").contains("\nnot ok 1 - "));
    assert!(place.read("reports/github.txt").starts_with("::error "));

    // The stream gives the same reports again.
    let events = place.events();
    assert_eq!(
        events.iter().map(|event| event["event"].as_str().expect("a kind")).collect::<Vec<_>>(),
        ["run-started", "not-begun", "run-finished"]
    );
    let again = place.run(&["report", "reports/events.jsonl", "--format", "junit"]);
    assert_eq!((again.code, again.out), (3, place.read("reports/junit.xml")), "{}", again.err);
}

#[test]
fn a_run_that_did_not_begin_replaces_the_reports_of_yesterday() {
    let nothing: &[(&str, &str)] = &[];
    let settings = (
        "okta-conformance.toml",
        "[targets.here]\nurl = \"http://127.0.0.1:1\"\n[targets.here.principals]\nadmin = { ssws = { env = \"NO_SUCH\" } }\n",
    );
    for (arguments, files, why) in [
        (&["--target", "nope"][..], nothing, "there is no target `nope`"),
        (&["--target", "here"], &[settings], "NO_SUCH"),
        (&["--target", "here"], &[("okta-conformance.toml", "[targets.here\n")], "okta-conformance.toml"),
        (&["--target", "http://127.0.0.1:1/path"], nothing, "http://127.0.0.1:1/path"),
        (&["--settings", "none.toml", "--target", "here"], nothing, "none.toml"),
        (&["--suite", "nowhere"], nothing, "nowhere"),
        (
            &["--suite", "s"],
            &[("s/cases/a/b.yaml", "area: [\n"), ("s/schemas/operations.yaml", "x: 1\n")],
            "is not a suite",
        ),
        (&["--suite", "suite"], &[("suite/cases/broken.yaml", "area: [\n")], "mistake"),
        (&["--known-failures", "known.yaml"], nothing, "known.yaml"),
        (
            &["--known-failures", "known.yaml"],
            &[("known.yaml", "knownFailures:\n  - trial: no/such/trial\n")],
            "mistake",
        ),
        (&["--baseline", "before.jsonl"], nothing, "before.jsonl"),
        (&["--fail-on", "latency"], nothing, "--baseline"),
        (&["--record", "taken/r.jsonl"], &[("taken", "")], "taken/r.jsonl"),
        (&["--snapshots", "taken/s"], &[("taken", "")], "taken/s"),
        (&["--propose-known-failures", "taken/k.yaml"], &[("taken", "")], "taken/k.yaml"),
        (&["--report", "badge=taken/b.json"], &[("taken", "")], "taken/b.json"),
    ] {
        let place = yesterday();
        place.use_servers();
        for (name, text) in files {
            place.write(name, text);
        }
        let done = place.run(&all_reports(&[&["run"], arguments].concat()));
        assert_not_begun(&place, &done, why);
    }
}

#[test]
fn a_stream_that_was_asked_for_says_that_the_run_did_not_begin() {
    let place = Place::new();
    let done = place.run(&["run", "--target", "nope", "--events", "tonight/e.jsonl"]);
    assert_eq!(done.code, 3, "{}", done.err);
    assert_eq!(
        place.run(&["report", "tonight/e.jsonl"]).last_line(),
        "did not begin: error: there is no target `nope`: use `mock`, a URL, or name one in okta-conformance.toml"
    );
    // Nobody asked for one here.
    let place = Place::new();
    assert_eq!(place.run(&["run", "--target", "nope"]).code, 3);
    assert_eq!(place.files(), BTreeMap::new());
}

#[test]
fn a_password_in_a_target_is_in_no_report() {
    let place = yesterday();
    place.run(&all_reports(&["run", "--target", "https://me:s3cret-pass@org.example.com"]));
    for (name, bytes) in place.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains("s3cret-pass"), "{name}");
    }
}

#[test]
fn where_nothing_was_chosen_the_stream_of_yesterday_is_replaced_too() {
    let place = yesterday();
    let done = place.run(&all_reports(&["run", "no/such/trial"]));
    assert_eq!(done.code, 4, "{}", done.err);
    for (format, path) in REPORTS {
        assert!(!place.read(path).contains("same-as-created"), "{format}");
    }
    assert_eq!(place.outcomes(), BTreeMap::new());
    assert_eq!(place.run(&["report", "reports/events.jsonl"]).code, 4);
}

#[test]
fn a_part_that_did_not_begin_leaves_the_whole_unjudged() {
    let place = Place::new();
    assert_eq!(place.run(&["run", "--shard", "1/2", "--events", "1.jsonl", "--quiet"]).code, 0);
    let done = place.run(&["run", "--shard", "2/2", "--events", "2.jsonl", "--known-failures", "none.yaml"]);
    assert_eq!(done.code, 3, "{}", done.err);
    for streams in [["1.jsonl", "2.jsonl"], ["2.jsonl", "1.jsonl"]] {
        let merged = place.run(&["report", streams[0], streams[1]]);
        assert_eq!(merged.code, 2, "{}{}", merged.out, merged.err);
        assert!(merged.last_line().contains("; a part did not begin: error: "), "{}", merged.last_line());
        assert!(!merged.last_line().contains("missing"), "{}", merged.last_line());
    }
}

/// A device without space.
const FULL: &str = "/dev/full";

#[test]
fn what_cannot_be_written_keeps_nothing_else_from_being_written() {
    let place = Place::new();
    for (arguments, named) in [
        (&["--events", FULL][..], "cannot use /dev/full"),
        (&["--record", FULL], "/dev/full"),
        (&["--report", "json=/dev/full"], "cannot write the report /dev/full"),
        (&["--report", "badge=/dev/full", "--report", "html=/dev/full"], "cannot write the report /dev/full"),
        (&["--propose-known-failures", FULL], "cannot write /dev/full"),
    ] {
        // Before and behind what fails.
        let reports = ["--report", "junit=last.xml", "--report", "tap=last.tap"];
        let arguments = [&["run", TRIAL, "--report", "markdown=first.md"], arguments, &reports].concat();
        let done = place.run(&arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(named) && done.err.contains("No space left"), "{arguments:?}: {}", done.err);
        assert!(done.last_line().starts_with("conformant: 1 passed; "), "the run came to its end: {}", done.out);
        let (_, totals) = junit(&place.read("last.xml"));
        assert_eq!(totals, Totals { tests: 1, passed: 1, ..Totals::default() }, "{arguments:?}");
        assert!(place.read("first.md").contains("1 passed") && place.read("last.tap").contains("\nok 1 - "));
        for name in ["last.xml", "first.md", "last.tap"] {
            std::fs::remove_file(place.path(name)).expect("a report");
        }
    }
    let done = place.run(&["run", TRIAL, "--quiet", "--events", "e.jsonl"]);
    assert_eq!(done.code, 0);
    let report = place.run(&["report", "e.jsonl", "--report", "json=/dev/full", "--report", "junit=again.xml"]);
    assert_eq!(report.code, 2, "{}", report.err);
    assert_eq!(junit(&place.read("again.xml")).1.passed, 1);
}

/// A limit for the size of files is a full disk that everybody can have.
#[test]
fn half_a_report_is_none_and_an_earlier_one_is_not_of_this_run() {
    let place = Place::new();
    place.write("last.html", "of last night");
    let arguments = ["run", TRIAL, "--events", "none", "--report", "html=last.html", "--report", "badge=last.svg"];
    let done = place.run_within("trap '' XFSZ; ulimit -f 8", &arguments);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    assert!(done.err.contains("cannot write the report last.html: File too large"), "{}", done.err);
    let files: Vec<String> = place.files().into_keys().collect();
    assert_eq!(files, ["last.svg"]);
}

#[test]
fn a_second_signal_leaves_no_trial_without_an_outcome() {
    for (name, code, verdict) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
        let (tell, told) = std::sync::mpsc::channel();
        let server = Server::start(move |_| {
            tell.send(()).expect("somebody listens");
            None
        });
        let place = Place::with_suite(&["levels", "values"]);
        let arguments = [
            "run",
            "--suite",
            "suite",
            "--target",
            &server.url,
            "--jobs",
            "2",
            "--report",
            "junit",
            "--report",
            "json",
            "--no-preflight",
        ];
        let mut child = place.command(&arguments).spawn().expect("the program starts");
        let _watched = watch(child.id());
        told.recv_timeout(PATIENCE).expect("a request");
        signal(child.id(), name);
        let mut err = BufReader::new(child.stderr.take().expect("its errors"));
        read_until(&mut err, |line| line.starts_with("interrupted: "));
        signal(child.id(), name);
        let out = child.stdout.take().expect("its output");
        let done = rest(child, out);
        let mut said = String::new();
        err.read_to_string(&mut said).expect("text");
        assert_eq!(done.code, code, "{}", done.out);
        assert!(done.last_line().starts_with(&format!("{verdict}: ")), "{}", done.last_line());
        assert!(said.contains(&format!("`okta-conformance sweep --target {} --suite suite`", server.url)), "{said}");

        let events = place.events();
        let planned = events[0]["trials"].as_u64().expect("a count");
        let outcomes = place.outcomes();
        assert_eq!(outcomes.len() as u64, planned, "every trial has an outcome");
        let reasons: Vec<&str> =
            of_kind(&events, "trial-finished").filter_map(|event| event["reason"].as_str()).collect();
        assert!(
            reasons.contains(&"the run was stopped immediately during this trial: it may have left things behind"),
            "{reasons:?}"
        );
        assert!(reasons.contains(&"the run was stopped immediately before this trial"), "{reasons:?}");
        assert_eq!(events.last().expect("a footer")["event"], "run-finished");
        let (_, totals) = junit(&place.read("reports/junit.xml"));
        assert_eq!((totals.tests as u64, totals.errors), (planned + 1, 1), "one more says that the run was stopped");
        let again = place.run(&["report", "reports/events.jsonl", "--format", "json"]);
        assert_eq!((again.code, again.out), (code, place.read("reports/run.json")));
        assert_eq!(again.err, "");
    }
}

#[test]
fn the_embedded_mock_has_no_command_that_sweeps() {
    let place = Place::new();
    let done = place.run(&["run", TRIAL, "--quiet"]);
    assert!(!done.out.contains("sweep") && !done.err.contains("sweep"), "{done:?}");
}
