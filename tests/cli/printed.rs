//! What is printed: whatever a target, a file or an argument says, neither a terminal nor a CI system obeys it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{Done, Place, finish},
};

/// A case that reads one server.
const TRIAL: &str = "authorization-servers/get/same-as-created";

/// A name with commands of GitHub, Azure and `TeamCity`, with sequences for a terminal, and with a mark that turns a line around.
const EVIL: &str = "okc_x\n::error::pwned\n  ::add-mask::a\r##[error]pwned ##vso[task.complete]##teamcity[x]\u{1b}[31m\u{9b}2J\u{202e}\u{2028}";

/// Looks for what somebody would obey.
fn assert_harmless(done: &Done, what: &str) {
    for (name, text) in [("stdout", &done.out), ("stderr", &done.err)] {
        let obeyed = |c: &char| {
            (c.is_control() && !matches!(c, '\n' | '\t'))
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert_eq!(text.chars().find(obeyed), None, "{what}, {name}: {text}");
        let command = text.lines().find(|line| line.trim_start().starts_with("::") || line.trim_start() == "pwned");
        assert_eq!(command, None, "{what}, {name}: {text}");
        for mark in ["##[", "##vso[", "##teamcity["] {
            assert!(!text.contains(mark), "{what}, {name}: {mark} in {text}");
        }
    }
}

#[test]
fn no_argument_makes_a_command() {
    let place = Place::new();
    for arguments in [
        &["run", EVIL][..],
        &["run", "--target", EVIL],
        &["run", TRIAL, "--settings", EVIL],
        &["run", "--known-failures", EVIL],
        &["run", "--baseline", EVIL],
        &["run", "--report", EVIL],
        &["run", "--suite", EVIL],
        &["run", "--ledgers", EVIL, "--target", EVIL],
        &["list", EVIL],
        &["list", "--target", EVIL],
        &["check", EVIL],
        &["explain", EVIL],
        &["explain", TRIAL, "--events", EVIL],
        &["mutants", "--fault", EVIL],
        &["mock", "--fault", EVIL],
        &["mock", "--state", EVIL],
        &["verify", EVIL],
        &["replay", EVIL],
        &["report", EVIL],
        &["diff", EVIL, EVIL],
        &["trend", EVIL],
        &[EVIL],
        &["run", "--no-such-flag", EVIL, EVIL],
        &["run", "--jobs", EVIL],
    ] {
        assert_harmless(&place.run(arguments), &format!("{arguments:?}"));
    }
    let mut command = place.command(&["list", TRIAL]);
    command.env("OKTA_CONFORMANCE_\n::error::x", "1");
    assert_harmless(&finish(command.spawn().expect("the program starts")), "a variable");
}

/// The events of a run of one trial in which a target has said evil things.
fn evil_stream(place: &Place) {
    let done = place.run(&["run", TRIAL, "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let mut text = String::new();
    for mut event in place.events() {
        event.as_object_mut().expect("an object").shift_remove("sum");
        match event["event"].as_str().expect("a kind") {
            "run-started" => (event["target"], event["run"]) = (EVIL.into(), EVIL.into()),
            "trial-finished" => {
                (event["outcome"], event["reason"], event["title"]) = ("failed".into(), EVIL.into(), EVIL.into());
                event["signatures"] = json!([EVIL]);
            }
            "step-finished" => {
                event["findings"] = json!([{
                    "check": "body", "level": "must", "requirements": [{ "id": "a", "text": EVIL, "evidence": EVIL }],
                    "pointer": format!("/{EVIL}"), "expected": EVIL, "actual": EVIL,
                }]);
                event["drift"] = json!([{ "call": EVIL, "pointer": EVIL, "value": EVIL }]);
                event["curl"] = EVIL.into();
                event["exchange"]["response"]["headers"] = json!([[EVIL, EVIL]]);
                event["exchange"]["response"]["body"] = EVIL.into();
            }
            "run-finished" => {
                for (kind, more) in [
                    ("leaked", json!({ "trial": TRIAL, "call": EVIL, "reason": EVIL })),
                    ("preflight", json!({ "fatal": false, "text": EVIL })),
                    ("snapshot-drifted", json!({ "trial": EVIL, "kind": "changed", "file": EVIL, "difference": EVIL })),
                    ("not-begun", json!({ "reason": EVIL })),
                ] {
                    let mut other: Value = more;
                    other["event"] = kind.into();
                    let _ = writeln!(text, "{other}");
                }
                event["trials"] = json!({ "failed": 1 });
            }
            _ => {}
        }
        let _ = writeln!(text, "{event}");
    }
    place.write("evil.jsonl", &text);
}

#[test]
fn no_event_makes_a_command() {
    let place = Place::new();
    evil_stream(&place);
    for format in ["text", "json", "junit", "junit-strict", "markdown", "tap", "har", "badge", "coverage", "html"] {
        let done = place.run(&["report", "evil.jsonl", "--format", format, "--verbose"]);
        assert_eq!(done.code, 1, "{format}: {}", done.err);
        assert_harmless(&done, format);
    }
    let github = place.run(&["report", "evil.jsonl", "--format", "github"]);
    let ours = ["::error ", "::warning ", "::notice "];
    assert!(github.out.lines().all(|line| ours.iter().any(|command| line.starts_with(command))), "{}", github.out);
    let pairs = [["evil.jsonl", "reports/events.jsonl"], ["reports/events.jsonl", "evil.jsonl"]];
    for [old, new] in pairs {
        for format in ["text", "json"] {
            assert_harmless(&place.run(&["diff", old, new, "--format", format, "--verbose"]), "diff");
        }
    }
    for format in ["text", "json", "html"] {
        assert_harmless(&place.run(&["trend", "evil.jsonl", "--format", format, "--verbose"]), "trend");
    }
    // At any width, where lines are broken anew.
    for columns in ["20", "33", "60"] {
        for arguments in [&["report", "evil.jsonl", "--verbose"][..], &["diff", "reports/events.jsonl", "evil.jsonl"]] {
            let mut command = place.command(arguments);
            command.env("COLUMNS", columns);
            assert_harmless(&finish(command.spawn().expect("the program starts")), columns);
        }
    }
    assert_harmless(&place.run(&["explain", TRIAL, "--events", "evil.jsonl"]), "explain");
}

#[test]
fn no_recording_makes_a_command() {
    let place = Place::new();
    let line = json!({
        "id": EVIL, "source": EVIL, "principal": EVIL,
        "request": { "method": "GET", "url": "https://a.example/api/v1/authorizationServers", "headers": {}, "body": null },
        "response": { "status": 200, "headers": { EVIL: [EVIL] }, "body": [{ "id": EVIL, "name": EVIL, EVIL: EVIL, "_links": EVIL }] },
    });
    let outside = json!({
        "id": "b", "request": { "method": EVIL, "url": format!("https://a.example/{EVIL}"), "headers": {} },
        "response": { "status": 200, "headers": {}, "body": EVIL },
    });
    place.write("evil.jsonl", &format!("{line}\n{outside}\n"));
    place.write("broken.jsonl", &format!("{line}\n{EVIL}\n"));
    place.write(
        "settings.toml",
        &format!("[targets.a]\nurl = \"http://127.0.0.1:1\"\n\"{}\" = 1\n", EVIL.escape_default()),
    );
    for command in ["verify", "replay"] {
        for format in ["text", "json"] {
            for file in ["evil.jsonl", "broken.jsonl"] {
                assert_harmless(&place.run(&[command, file, "--format", format]), command);
            }
        }
    }
    assert_harmless(&place.run(&["replay", "evil.jsonl", "--verbose"]), "replay");
    assert_harmless(&place.run(&["check", "settings.toml"]), "settings");
}

#[test]
fn no_target_makes_a_command() {
    let server = Server::start(|_| {
        let body = json!({ "id": EVIL, "name": EVIL, EVIL: EVIL, "color": 1 });
        Some(Answer::json(200, &body))
    });
    let place = Place::with_suite(&["levels", "values"]);
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--verbose"];
    for more in
        [&[][..], &["--format", "json"], &["--report", "junit=-"], &["--report", "markdown=-"], &["--report", "tap=-"]]
    {
        assert_harmless(&place.run(&[&arguments[..], more].concat()), &format!("{more:?}"));
    }
}
