//! What the fuzz targets of `fuzz/` call: every reader of foreign data, given bytes. Part of the program under fuzzing and in tests alone.
//!
//! A reader may refuse. It may not panic, and what it does is bounded by what it is given. What it says of a place must be a place.
//! docs/fuzzing.md tells how to run them, and what they found.

#![expect(clippy::missing_panics_doc, reason = "a panic is what fuzzing looks for")]

use std::{
    io::{self, Write as _},
    sync::{Arc, OnceLock},
};

use serde_json::{Value, json};

use crate::{
    diagnostic::{COLUMNS, Diagnostic, Source, Span},
    http::Answer,
    matcher::{Context, Matcher, Patterns},
    plan::Plan,
    report::{self, Comparison, Console, Ending, FailOn, HarWriter, Report, Style, Trend},
    settings,
    suite::Suite,
    template::{Scope, Template, Variables},
    verify,
    yaml::{Problems, parse, readers_agree},
};

/// A target: its name, which is that of its corpus, and what it calls.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 8] = [
    ("yaml", yaml),
    ("cases", cases),
    ("settings", settings),
    ("recording", recording),
    ("template", template),
    ("matcher", matcher),
    ("link_header", link_header),
    ("event_stream", event_stream),
];

/// The suite that the case files belong to.
const THINGS: [(&str, &str); 7] = [
    ("schemas/operations.yaml", include_str!("../tests/data/things/schemas/operations.yaml")),
    ("schemas/okta/error.schema.json", include_str!("../tests/data/things/schemas/okta/error.schema.json")),
    ("schemas/okta/thing.schema.json", include_str!("../tests/data/things/schemas/okta/thing.schema.json")),
    ("schemas/okta/things.schema.json", include_str!("../tests/data/things/schemas/okta/things.schema.json")),
    ("cases/requirements.yaml", include_str!("../tests/data/things/cases/requirements.yaml")),
    ("cases/vocabulary.yaml", include_str!("../tests/data/things/cases/vocabulary.yaml")),
    ("cases/fixtures/things.yaml", include_str!("../tests/data/things/cases/fixtures/things.yaml")),
];

/// What a run is compared with if the input has no older one.
const OLDER: &[u8] = include_bytes!("../tests/data/streams/every.jsonl");

fn things(more: Option<&str>, found: &mut Vec<Diagnostic>) -> Suite {
    let files = THINGS.into_iter().chain(more.map(|text| ("cases/things/fuzzed.yaml", text)));
    Suite::of_texts(&files.collect::<Vec<_>>(), found)
}

/// Every message is drawn, so that its place is looked up.
fn draw(found: &[Diagnostic]) {
    for diagnostic in found {
        assert!(!diagnostic.render(false, COLUMNS).is_empty());
    }
}

/// Any text as YAML, by both readers: what the one of plain YAML takes, the library reads in the same way, with the same places.
pub fn yaml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert!(readers_agree(text));
}

/// A file of cases, compiled as part of a suite.
pub fn cases(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut found = Vec::new();
    let suite = things(Some(text), &mut found);
    let plan = Plan::compile(&suite, &mut found);
    assert!(plan.is_some() == found.is_empty(), "there is a plan if there is no mistake");
    draw(&found);
}

/// A settings file.
pub fn settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut found = Vec::new();
    settings::check_text("okta-conformance.toml", text, None, &mut found);
    draw(&found);
}

/// A recording in any form, judged.
pub fn recording(bytes: &[u8]) {
    static PLAN: OnceLock<Plan> = OnceLock::new();
    let compiled = || Plan::compile(&things(None, &mut Vec::new()), &mut Vec::new());
    let plan = PLAN.get_or_init(|| compiled().expect("the suite of things"));
    let mut judged = 0;
    let read = verify::verify_from(bytes, "recorded".to_owned(), plan, |_| judged += 1);
    assert!(read.is_err() || judged > 0, "a recording without an exchange is none");
    if let Err(error) = read {
        assert!(error.to_string().starts_with("recorded") || error.to_string().starts_with("cannot use recorded"));
    }
}

/// A text with templates: what was read is written as it was read, and can be filled.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source::new("fuzzed.yaml", text);
    let names = ["a", "a.b", "server.id", "unique"];
    let (mut scope, mut variables) = (Scope::default(), Variables::default());
    for name in names {
        scope.add(name);
        variables.set(&Arc::from(name), json!({ "a": [1, null, "x"] }));
    }
    let mut found = Vec::new();
    let template = Template::read(text, Span::new(0, text.len()), &scope, &mut Problems::new(&source, &mut found));
    draw(&found);
    if found.is_empty() {
        let again =
            Template::read(&template.source(), Span::new(0, 0), &scope, &mut Problems::new(&source, &mut found));
        assert_eq!(template, again, "a template is what it is written as");
        assert!(template.text(&variables).is_ok() && template.value(&variables).is_ok());
    }
}

/// An expectation, and behind a zero byte the value that is held against it.
pub fn matcher(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (expectation, value) = text.split_once('\0').unwrap_or((text, "null"));
    let source = Source::new("fuzzed.yaml", expectation);
    let Ok(node) = parse(&source).map_err(|diagnostic| draw(&[*diagnostic])) else { return };
    let (mut scope, mut variables) = (Scope::default(), Variables::default());
    scope.add("id");
    variables.set(&Arc::from("id"), json!("x"));
    let mut found = Vec::new();
    let suite = things(None, &mut found);
    let patterns = Patterns::default();
    let context = Context { scope: &scope, schemas: &suite.schemas, patterns: &patterns };
    let matcher = Matcher::read(&node, &context, &mut Problems::new(&source, &mut found));
    draw(&found);
    let value: Option<Value> = serde_json::from_str(value).ok();
    let Ok(findings) = matcher.judge(value.as_ref(), &variables) else { return };
    for finding in findings.told {
        assert!(value.is_none() || finding.pointer.is_empty() || finding.pointer.starts_with('/'));
    }
}

/// The lines of a `Link` header.
pub fn link_header(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let headers = text.split('\n').map(|line| ("Link".to_owned(), line.to_owned()));
    for (relation, target) in Answer::new(200, headers.collect(), Vec::new()).links().all() {
        assert!(text.contains(target) && text.contains(relation) && !relation.contains(char::is_whitespace));
    }
}

/// A stream of events, and behind a zero byte that of an older run; every report of it, of the change, and of both in the course of time.
pub fn event_stream(bytes: &[u8]) {
    let zero = bytes.iter().position(|byte| *byte == 0);
    let (newer, older) = zero.map_or((bytes, OLDER), |zero| (&bytes[..zero], &bytes[zero + 1..]));
    let (mut run, mut former) = (Report::default(), Report::default());
    let read = |bytes, ending, folded: &mut Report| {
        let mut har = HarWriter::new(io::sink());
        let read = report::read_stream_from(bytes, "events".to_owned(), ending, |event| {
            assert!(har.take(event).is_ok());
            folded.take(event);
        });
        assert!(har.finish(None).is_ok());
        read
    };
    // A stream that is whole is one that may have been cut short.
    let whole = read(newer, Ending::Footer, &mut Report::default()).is_ok();
    let cut = read(newer, Ending::Anywhere, &mut run).is_ok();
    assert!(cut || !whole);
    // What was read before a line that cannot be read is a report too: an interrupted run is.
    let _ = read(older, Ending::Anywhere, &mut former);
    let all = FailOn { drift: true, flaky: true, warning: true, latency: true, ..FailOn::default() };
    every_report(&run, FailOn::default());
    run.compare_with(&former);
    every_report(&run, all);
    let comparison = Comparison::of(&former, &run);
    let text = comparison.text(true) + comparison.text(false).as_str() + comparison.sentence(all).as_str();
    assert!(!text.is_empty() && comparison.json(all).is_ok());
    let mut trend = Trend::default();
    trend.take(&former);
    trend.take(&run);
    let trend = trend.finish(|_, _| Vec::new());
    let text = trend.text(true, None) + trend.text(false, Some(80)).as_str();
    assert!(!text.is_empty() && trend.json().is_ok() && report::write_trend(&trend, &mut io::sink()).is_ok());
}

fn every_report(run: &Report, fail_on: FailOn) {
    let mut out = io::sink();
    let quiet = Style { quiet: true, ..Style::default() };
    let wordy = Style { color: true, verbose: true, width: Some(40), ..Style::default() };
    let written = [
        report::write_junit(run, fail_on, &mut out).is_ok(),
        report::write_junit_strict(run, fail_on, &mut out).is_ok(),
        report::write_markdown(run, fail_on, &mut out).is_ok(),
        report::write_github(run, fail_on, &mut out).is_ok(),
        report::write_tap(run, fail_on, &mut out).is_ok(),
        report::write_html(run, fail_on, &mut out).is_ok(),
        Console::new(&mut out, Style::default()).finish(run, fail_on).is_ok(),
        Console::new(&mut out, quiet).finish(run, fail_on).is_ok(),
        Console::new(&mut out, wordy).finish(run, fail_on).is_ok(),
        report::write_json(run, fail_on, &mut out).is_ok(),
        report::write_badge(run, fail_on, &mut out).is_ok(),
        out.write_all(run.coverage.table(run.operations()).as_bytes()).is_ok(),
    ];
    assert_eq!(written, [true; 12]);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// What the corpus holds, with all that was once found, is read as under fuzzing.
    #[test]
    fn the_corpus_of_every_target_is_read() {
        for (name, target) in TARGETS {
            let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
            let mut files: Vec<_> =
                fs::read_dir(&corpus).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
            files.sort();
            assert!(files.len() > 3, "{name}");
            for file in files {
                target(&fs::read(&file).expect("a file"));
            }
        }
    }
}
