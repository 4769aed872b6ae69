//! Very many trials: that each does what its own row says, that reports stay small enough to be opened, and, when asked for, how long that
//! takes.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use serde_json::Value;

use super::{
    browser::in_browser,
    server::{Answer, Server},
    support::{Place, data, of_kind, text},
};

/// Of a hundred trials three fail, one settles, one warns, one does not apply.
const ORDINARY: fn(usize) -> usize = |number| (number % 100).min(6);

/// A stream of so many trials, made of those of `every`; `kind` chooses one of them by the number of a trial.
fn many(trials: usize, kind: impl Fn(usize) -> usize) -> String {
    let stored = fs::read_to_string(data("streams/every.jsonl")).expect("a stream");
    let stored: Vec<Value> = stored.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let of = |trial: &str| -> Vec<Value> { stored.iter().filter(|event| event["trial"] == trial).cloned().collect() };
    let [failed, settled, warned, idle, passed] = [
        "things/values/keeps-its-description[long]",
        "things/values/settles",
        "things/values/rounded",
        "things/made/needs[shared]",
        "things/values/created-and-read",
    ]
    .map(of);
    let mut events = vec![stored[0].clone()];
    events[0]["trials"] = trials.into();
    for number in 0..trials {
        let template = match kind(number) {
            0..=2 => &failed,
            3 => &settled,
            4 => &warned,
            5 => &idle,
            _ => &passed,
        };
        for event in template {
            let mut event = event.clone();
            event["trial"] =
                format!("area-{}/topic-{}/case-{}[row-{}]", number % 12, number % 90, number / 10, number % 10).into();
            if event["event"] == "trial-finished" {
                event["title"] = format!("Case {} of this suite does what its title says", number / 10).into();
                event["duration_ms"] = (number % 700).into();
            }
            events.push(event);
        }
    }
    let mut footer = stored.last().expect("a footer").clone();
    footer["trials"] = serde_json::json!({});
    for finished in of_kind(&events, "trial-finished") {
        let count = &mut footer["trials"][text(finished, "outcome")];
        *count = (count.as_u64().unwrap_or(0) + 1).into();
    }
    events.push(footer);
    events.into_iter().fold(String::new(), |mut text, event| {
        let _ = writeln!(text, "{event}");
        text
    })
}

/// A plan does not keep what so many trials do; it compiles that again when they are due.
#[test]
fn of_very_many_trials_each_does_what_its_own_row_says() {
    let server = Server::start(|request| {
        Some(Answer::new(200, request.body.clone()).header("Content-Type", "application/json"))
    });
    let place = Place::with_suite(&["values"]);
    place.target(&server.url, &["manager", "reader"], &[]);
    let (files, rows, wrong) = (3, 1_700, [(0, 3), (1, 0), (2, 1_699)]);
    for file in 0..files {
        let mut text = format!(
            "area: things\ntopic: many-{file}\nprofile: extra\ncases:\n  - id: echo\n    title: Number ${{number}} comes back\n    \
             requirements: [things.work]\n    each:\n"
        );
        for row in 0..rows {
            let number = 10_000 * file + row + 1;
            let expected = if wrong.contains(&(file, row)) { 0 } else { number };
            let _ = writeln!(text, "      - {{ row: n{row}, number: {number}, expected: {expected} }}");
        }
        text.push_str(
            "    steps:\n      - request: { method: POST, path: /echo }\n        body: { number: \"${number}\" }\n        \
             expect: { status: 200, body: { number: \"${expected}\" } }\n",
        );
        place.write(&format!("suite/cases/things/many-{file}.yaml"), &text);
    }
    let arguments =
        ["run", "things/many-*/**", "--suite", "suite", "--target", "here", "--no-preflight", "--jobs", "4"];
    let done = place.run(&arguments);
    assert_eq!(done.code, 1, "{}", done.err);
    let outcomes = place.outcomes();
    let not_passed: BTreeSet<&str> =
        outcomes.iter().filter(|(_, outcome)| *outcome != "passed").map(|(id, _)| id.as_str()).collect();
    let expected: BTreeSet<String> =
        wrong.iter().map(|(file, row)| format!("things/many-{file}/echo[n{row}]")).collect();
    assert_eq!(not_passed, expected.iter().map(String::as_str).collect());
    assert_eq!(outcomes.len(), files * rows);
    let sent: BTreeSet<u64> =
        server.requests().iter().filter_map(|request| request.json()["number"].as_u64()).collect();
    assert_eq!(sent.len(), files * rows, "each has sent its own number");
}

/// A target that does not work at all fails everywhere, with the same to say each time.
#[test]
fn a_page_of_nothing_but_failures_stays_bearable() {
    let place = Place::new();
    place.write("many.jsonl", &many(6_000, |number| number % 4));
    let done = place.run(&["report", "many.jsonl", "--report", "html=report.html"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let page = place.read("report.html");
    assert!(page.len() < 16 << 20, "{} bytes", page.len());
    assert_eq!(page.matches("<li data-trial=").count(), 6_000, "each can be linked to");
    assert!(page.contains("The page is full; the event stream has the details of this trial."));
    for cause in page.split("<article ").skip(1) {
        let first = cause.split("<li data-trial=").nth(1).expect("a trial");
        assert!(first.contains("class=\"step\""), "the first of each cause has its details: {first}");
    }
}

/// CI systems refuse files that are too large; a test case that is not there looks like one that was removed.
#[test]
fn details_are_shared_out_and_no_test_case_is_left_out() {
    let place = Place::new();
    place.write("many.jsonl", &many(10_000, |number| number % 4));
    let done = place.run(&["report", "many.jsonl", "--report", "junit=all.xml", "--report", "tap=all.tap"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let (xml, tap) = (place.read("all.xml"), place.read("all.tap"));
    assert!(xml.len() < 30_000_000 && tap.len() < 30_000_000, "{} and {} bytes", xml.len(), tap.len());
    assert_eq!(xml.matches("<testcase ").count(), 10_000);
    assert_eq!(tap.lines().filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).count(), 10_000);
    assert!(xml.contains(" bytes; the event stream has all of them\"/>") && tap.contains(" details cut to "));
    // Of the few, everything.
    place.write("few.jsonl", &many(10, |number| number % 4));
    place.run(&["report", "few.jsonl", "--report", "junit=few.xml"]);
    assert!(!place.read("few.xml").contains("cut to"));
}

/// How long a page takes from the beginning of its load to its first paint and to the end of its load, in milliseconds, and how many trials
/// its script knows.
const OPENED: &str = "
    const [load] = performance.getEntriesByType('navigation');
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    return [paint.startTime, load.domInteractive, load.loadEventEnd, JSON.parse(document.getElementById('data').textContent).trials.length];
";

/// `cargo test --test cli -- --ignored --nocapture large::ten_thousand`; the figures of docs/reports.md.
#[test]
#[ignore = "prints figures, and asserts nothing about them"]
#[expect(clippy::print_stderr, reason = "prints figures")]
fn ten_thousand_trials_are_opened() {
    in_browser(async |browser| {
        let place = Place::new();
        place.write("many.jsonl", &many(10_000, ORDINARY));
        let done = place.run(&["report", "many.jsonl", "--report", "html=report.html"]);
        assert_eq!(done.code, 1, "{}", done.err);
        let path = place.path("report.html");
        eprintln!("{} bytes", fs::metadata(&path).expect("a file").len());
        for _ in 0..5 {
            browser.open(&path, "").await;
            let (paint, interactive, loaded, trials): (f64, f64, f64, usize) = browser.ask(OPENED).await;
            assert_eq!(trials, 10_000);
            eprintln!("first paint {paint:.0} ms, interactive {interactive:.0} ms, loaded {loaded:.0} ms");
        }
        let search = "
            const from = performance.now();
            const search = document.getElementById('search');
            search.value = 'case-77'; search.dispatchEvent(new Event('input', { bubbles: true }));
            document.body.getBoundingClientRect();
            return [performance.now() - from, document.getElementById('matching').value];
        ";
        let (took, found): (f64, String) = browser.ask(search).await;
        eprintln!("search {took:.0} ms: {found}");
    });
}
