//! Every format of a report, from stored streams: what it says, what it is valid against, what a hostile target cannot do in it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::support::{Done, Place, data};

/// All formats that `report --format` prints.
const FORMATS: [&str; 5] = ["text", "json", "junit", "junit-strict", "coverage"];

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

#[test]
fn every_format_says_all_that_a_stream_holds() {
    for format in FORMATS {
        let done = print("every", format, &[]);
        assert_eq!((done.code, done.err.as_str()), (1, ""), "{format}");
        same_as_ever(format, &done.out);
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
