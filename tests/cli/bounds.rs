//! What a target or a file makes large does not make the program large: memory, findings, what is kept of a body, listings.

use std::{fmt::Write as _, fs, process::Command, thread, time::Duration};

use serde_json::{Value, json};

use super::{
    server::{Answer, Server},
    support::{Done, PATIENCE, Place, TOKEN, finish_within, of_kind},
};

/// In MiB.
const MOST_MEMORY: u64 = 256;

/// As long as a body may be, nearly.
const LONG: usize = 4_900_000;

/// Runs a program to its end; it may take no more memory than that. What the system counts of children has our own memory in it, so the
/// program itself is looked at while it runs.
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one did less")]
fn run_small(mut command: Command) -> Done {
    let child = command.spawn().expect("the program starts");
    if cfg!(not(target_os = "linux")) {
        eprintln!("skipped: the peak of memory is told in another way here");
        return finish_within(child, PATIENCE * 10);
    }
    let status = format!("/proc/{}/status", child.id());
    let watching = thread::spawn(move || {
        let (mut peak, mut looks) = (0, 0);
        // What has ended has no memory.
        while let Some(now) = fs::read_to_string(&status).ok().and_then(|status| high_water(&status)) {
            (peak, looks) = (now.max(peak), looks + 1);
            thread::sleep(Duration::from_millis(2));
        }
        (peak / 1024, looks)
    });
    let done = finish_within(child, PATIENCE * 10);
    let (peak, looks) = watching.join().expect("no panic");
    assert!(looks > 0 && peak < MOST_MEMORY, "{peak} MiB");
    done
}

/// In KiB.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn error(summary: &str, causes: usize) -> Answer {
    let causes = vec![json!({ "errorSummary": "name: The field cannot be left blank" }); causes];
    let body = json!({ "errorCode": "E0000001", "errorSummary": summary, "errorLink": "E0000001",
        "errorId": "oaeAAAAAAAAAAAAAAAAAAAAAA", "errorCauses": causes });
    Answer::json(400, &body)
}

/// Bodies that are long in several ways.
fn bodies() -> Vec<(&'static str, Answer)> {
    let list = |item: &Value, count: usize| Answer::json(200, &Value::Array(vec![item.clone(); count]));
    let filler = "y".repeat(120);
    vec![
        ("an error with a long text", error(&"x".repeat(LONG), 0)),
        ("an error with many causes", error("x", LONG / 60)),
        ("objects", list(&json!({ "id": "aus1kqmhq4C2zZ4DN0g4", "name": "okc" }), LONG / 50)),
        ("fewer objects, of which each is wrong", list(&json!({ "id": 1, "x": filler }), 33_000)),
        ("secrets", list(&json!({ "access_token": format!("A1{filler}") }), 33_000)),
        ("escapes", error(&"%41\\u0041&#65;".repeat(LONG / 20), 0)),
        ("signs that a text was cut", error(&"…".repeat(LONG / 3), 0)),
    ]
}

/// Runs a part of the suite against a server that answers alike to everything.
fn run(answer: Answer, more: &[&str]) -> (Place, Done) {
    let (place, server) = (Place::new(), Server::always(answer));
    let arguments = ["run", "--target", &server.url, "--no-preflight", "--quiet"];
    let done = run_small(place.command(&[&arguments[..], more].concat()));
    (place, done)
}

#[test]
fn long_bodies_do_not_fill_the_memory() {
    let (place, done) = run(
        error(&"x".repeat(LONG), 0),
        &["authorization-servers/get/**", "--jobs", "64", "--report", "html", "--report", "har"],
    );
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let cut: Vec<u64> = of_kind(&place.events(), "step-finished")
        .filter_map(|event| event["exchange"]["response"]["cut_from"].as_u64())
        .collect();
    assert!(!cut.is_empty() && cut.iter().all(|bytes| *bytes > LONG as u64), "{cut:?}");
}

#[test]
#[ignore = "takes minutes"]
fn no_body_fills_the_memory_on_every_request_of_the_suite() {
    for jobs in ["4", "64"] {
        for (name, answer) in bodies() {
            let reports = ["html", "junit", "har"].map(|format| ["--report", format]).concat();
            let (place, done) = run(answer, &[&["--jobs", jobs, "--record", "all.jsonl"], &reports[..]].concat());
            assert!(matches!(done.code, 1 | 2), "{name}: {}", done.err);
            assert_eq!(json!(place.outcomes().len()), place.events()[0]["trials"], "{name}");
        }
    }
}

#[test]
fn the_deadline_ends_a_run_whose_answers_are_long() {
    let (place, done) = run(error(&"x".repeat(LONG), 0), &["--deadline", "1s", "--jobs", "8"]);
    assert_ne!(done.code, 0, "{}", done.err);
    assert_eq!(place.events().last().expect("a footer")["stopped"], "deadline");
    assert!(place.outcomes().values().any(|outcome| outcome == "not-run"));
}

/// One thing, asked for once.
fn thing(answer: Answer, more: &[&str]) -> (Place, Done) {
    let (place, server) = (Place::with_suite(&["colors"]), Server::always(answer));
    let arguments = ["run", "things/colors/red[a]", "--suite", "suite", "--target", &server.url, "--no-preflight"];
    let done = place.run(&[&arguments[..], more].concat());
    (place, done)
}

#[test]
fn too_many_values_are_no_answer() {
    let (place, done) = thing(Answer::json(200, &json!(vec![1; 100_000])), &[]);
    assert_eq!(done.code, 2, "{}", done.out);
    let reason = place.events().iter().find_map(|event| event["reason"].as_str().map(str::to_owned));
    assert_eq!(reason.as_deref(), Some("the answer is JSON of more than 100000 values, the limit"));
}

#[test]
fn a_body_that_was_cut_is_told_as_such_and_has_no_half_of_a_secret() {
    // The secret stands across the place where the body is cut.
    let before = "x".repeat(128 * 1024 - 40);
    let body = json!({ "id": "a", "name": format!("{before}{TOKEN}{}", "y".repeat(100_000)), "color": "blue" });
    let length = body.to_string().len();
    let (place, done) = thing(
        Answer::json(200, &body),
        &[
            &["--record", "all.jsonl", "--snapshots", "snapshots"][..],
            &["--report", "har=run.har", "--report", "html=run.html", "--report", "junit=run.xml"],
        ]
        .concat(),
    );
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let events = place.events();
    let response = &of_kind(&events, "step-finished").next().expect("a step")["exchange"]["response"];
    assert_eq!(response["cut_from"], length);
    let kept = response["body"].as_str().expect("a body");
    assert!(kept.ends_with("xx***…") && kept.len() < 129 * 1024, "{}", &kept[kept.len() - 60..]);
    let recorded: Value = serde_json::from_str(&place.read("all.jsonl")).expect("a line");
    assert_eq!((&recorded["response"]["body"], &recorded["response"]["cut_from"]), (&Value::Null, &json!(length)));
    let har: Value = serde_json::from_str(&place.read("run.har")).expect("a HAR");
    let content = &har["log"]["entries"][0]["response"]["content"];
    assert_eq!((&content["size"], &content["text"]), (&json!(length), &Value::Null), "{content}");
    assert_eq!(content["comment"], format!("a body of {length} bytes, which was not kept"));
    assert!(place.read("run.html").contains(&format!("the body had {length} bytes")));
    assert!(place.read("run.xml").contains(&format!("xx… ({length} bytes in all)")));
    for (name, bytes) in place.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(name.starts_with("suite/") || !text.contains(&TOKEN[..6]), "{name}");
        if name.ends_with(".snap.new") {
            assert!(text.contains("| (a body too long to be kept)"), "{text}");
        }
    }
    let judged = place.run(&["verify", "all.jsonl", "--suite", "suite"]);
    assert!(judged.err.contains("there is no exchange in it"), "{}{}", judged.out, judged.err);
    place.write("two.jsonl", &format!("{}{}\n", place.read("all.jsonl"), good_line()));
    let judged = place.run(&["verify", "two.jsonl", "--suite", "suite", "--format", "json"]).json();
    assert_eq!((&judged["exchanges"], &judged["passed_over"]), (&json!(1), &json!(1)));
    let replayed = place.run(&["replay", "two.jsonl", "--suite", "suite", "--format", "json"]).json();
    assert_eq!((&replayed["exchanges"], &replayed["passed_over"]), (&json!(1), &json!(1)));
}

fn good_line() -> Value {
    json!({ "request": { "method": "GET", "url": "https://a.example/api/v1/things/a" },
        "response": { "status": 200, "body": { "id": "a", "name": "a" } } })
}

#[test]
fn of_many_mismatches_some_are_told_and_the_rest_is_counted() {
    let items: Vec<Value> = (0..3000).map(|number| json!({ "id": number, "name": "a" })).collect();
    let line = json!({ "request": { "method": "GET", "url": "https://a.example/api/v1/things" },
        "response": { "status": 200, "body": items } });
    let place = Place::with_suite(&["colors"]);
    place.write("all.jsonl", &format!("{line}\n"));
    let judged = place.run(&["verify", "all.jsonl", "--suite", "suite", "--format", "json"]).json();
    let failure = &judged["failures"][0];
    assert_eq!((failure["findings"].as_array().map(Vec::len), &failure["left_out"]), (Some(50), &json!(950)));
    let done = place.run(&["verify", "all.jsonl", "--suite", "suite"]);
    assert!(done.out.contains("\n  and at least 950 more places in this answer\n"), "{}", done.out);
}

#[test]
fn a_line_is_refused_that_would_fill_the_memory() {
    let place = Place::with_suite(&["colors"]);
    let line = |body: &str| {
        format!(
            "{{\"request\":{{\"method\":\"GET\",\"url\":\"https://a.example/api/v1/things\"}},\"response\":{{\"status\":200,\"body\":{body}}}}}\n"
        )
    };
    let list = format!("[{}]", vec!["{}"; 4_000_000].join(","));
    for (name, text, reason) in [
        ("values", line(&list), "it has more than 100000 values, the limit"),
        ("text", line(&format!("\"{list}\"")), "a body of more than 100000 values, the limit"),
        ("long", line(&format!("\"{}\"", "x".repeat(100_000_000))), "it has more than 16 MiB"),
    ] {
        place.write("all.jsonl", &text);
        let done = run_small(place.command(&["verify", "all.jsonl", "--suite", "suite"]));
        let expected = format!("error: all.jsonl:1: not a recorded exchange: {reason}\n");
        assert_eq!((done.code, done.err), (3, expected), "{name}");
    }
}

#[test]
fn a_long_recording_of_failures_does_not_fill_the_memory() {
    let place = Place::with_suite(&["colors"]);
    let bad = json!({ "request": { "method": "GET", "url": "https://a.example/api/v1/things" },
        "response": { "status": 200, "body": vec![json!({ "id": 1 }); 60] } });
    let mut text = String::new();
    for _ in 0..1100 {
        let _ = writeln!(text, "{bad}");
    }
    place.write("all.jsonl", &text);
    let done = run_small(place.command(&["verify", "all.jsonl", "--suite", "suite"]));
    assert_eq!(done.code, 1);
    assert!(done.out.contains("\nfailed 100 more exchanges that are not listed\n"), "{}", done.last_line());
    assert!(done.last_line().contains(" 1100 failed"), "{}", done.last_line());
}

#[cfg(unix)]
#[test]
fn links_that_go_round_are_one_mistake() {
    use std::os::unix::fs::symlink;

    for (from, to) in [("cases/round", "."), ("cases/things/round", ".."), ("schemas/okta/round", "../../schemas")] {
        let place = Place::with_suite(&["colors"]);
        symlink(to, place.path("suite").join(from)).expect("a link");
        for arguments in [&["check", "suite"][..], &["run", "--suite", "suite"], &["list", "--suite", "suite"]] {
            let done = place.run(arguments);
            assert_eq!((done.code, done.err.lines().count()), (3, 1), "{from}: {}", done.err);
            assert!(done.err.contains("leads to a directory that is read already"), "{}", done.err);
        }
    }
    let place = Place::with_suite(&["colors"]);
    symlink("itself.yaml", place.path("suite/cases/itself.yaml")).expect("a link");
    let done = place.run(&["check", "suite"]);
    assert_eq!((done.code, done.err.lines().count()), (3, 2), "{}", done.err);
}
