//! What others give is not trusted further than it goes: identifiers of a target, ledgers, programs of secrets, readers that go away.

use std::{fs, process::Stdio};

use serde_json::json;

use super::{
    server::{Answer, Server},
    support::{Done, MockProcess, Place, TOKEN, finish, of_kind, rest, text},
};

const TRIAL: &str = "authorization-servers/get/same-as-created";

#[test]
fn an_identifier_that_leads_elsewhere_is_no_part_of_a_path() {
    for id in ["..", ".", ""] {
        let made = json!({ "id": id });
        let server = Server::start(move |request| {
            Some(if request.method == "POST" { Answer::json(201, &made) } else { Answer::json(200, &json!({})) })
        });
        let place = Place::new();
        place.target(&server.url, &["admin"], &[]);
        let done = place.run(&["run", TRIAL, "--target", "here", "--no-preflight"]);
        let sent = server.lines();
        let server = "/api/v1/authorizationServers";
        let known = [format!("POST {server}"), format!("GET {server}"), format!("GET {server}/default")];
        let elsewhere = sent.iter().filter(|line| !known.contains(line));
        assert_eq!((elsewhere.count(), done.code), (0, 2), "{id}: {sent:?} {}", done.out);
        let found = "identity /id: expected the identifier of something new, got none";
        assert!(done.out.contains(found), "{id}: {}", done.out);
        let events = place.events();
        let left = of_kind(&events, "may-be-left").next().expect("what may have been made is told");
        assert!(text(left, "call").starts_with("createAuthorizationServer okc_"), "{left}");
        assert!(text(left, "reason").ends_with("answered 200 and no list"), "{left}");
    }
}

#[test]
fn a_ledger_that_no_run_wrote_removes_nothing_of_others() {
    let place = Place::new();
    place.write(
        "state.yaml",
        "servers:\n  - { id: aus1theirs0000000aaa, name: Theirs, description: Not ours, audiences: [\"api://theirs\"], created: 2020-01-01T00:00:00Z, rotationMode: MANUAL }\n",
    );
    let mock = MockProcess::start(&["--state", place.path("state.yaml").to_str().expect("a path")]);
    let before = mock.servers();
    for names in ["", "Theirs", "Th", "_abcdef_", "x_abcdef_", "okc_abcdef_"] {
        let head = json!({ "ledger": "run", "origin": mock.url, "run": "abcdef", "names": names, "started": "2026-01-01T00:00:00Z" });
        let removal = |number: usize, path: &str| {
            let removal = json!({ "method": "DELETE", "path": path, "principal": "manager", "trial": "a/b/c" });
            format!("{}\n", json!({ "ledger": "made", "number": number, "removal": removal }))
        };
        let defaults = [(1, "%64efault"), (2, "default")]
            .map(|(number, name)| removal(number, &format!("/api/v1/authorizationServers/{name}/scopes/scp1")));
        place.write("reports/ledgers/abcdef.jsonl", &format!("{head}\n{}", defaults.concat()));
        let swept = place.run(&["sweep", "--target", &mock.url]);
        assert_eq!(swept.code, 2, "{names}: {}{}", swept.out, swept.err);
        let why = if names == "okc_abcdef_" {
            "it is part of something that others use"
        } else {
            "the ledger does not say how its run named things"
        };
        assert_eq!(swept.out.matches(why).count(), 2, "{names}: {}", swept.out);
        assert_eq!(mock.servers(), before, "{names}");
    }
}

#[test]
fn two_outputs_in_one_file_are_a_mistake() {
    let place = Place::new();
    for outputs in [
        &["--events", "x.jsonl", "--record", "x.jsonl"][..],
        &["--report", "junit=a.xml", "--report", "html=./a.xml"],
        &["--events", "x.jsonl", "--report", "json=x.jsonl"],
    ] {
        let done = place.run(&[&["run", TRIAL], outputs].concat());
        assert_eq!(done.code, 3, "{outputs:?}: {}", done.err);
        assert!(done.err.contains("two outputs write to"), "{}", done.err);
        let file = if outputs[0] == "--events" { "x.jsonl" } else { "a.xml" };
        assert!(place.read(file).contains("two outputs write to"), "one of them says that nothing has run");
    }
}

#[test]
fn a_hyphen_is_no_file() {
    let place = Place::new();
    for arguments in [
        &["run", TRIAL, "--events", "-"][..],
        &["run", TRIAL, "--record", "-"],
        &["run", TRIAL, "--propose-known-failures", "-"],
        &["replay", "x.jsonl", "--record", "-"],
    ] {
        let done = place.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{arguments:?}: {}", done.err);
        assert!(done.err.contains("`-` is not a file: name one (`./-` for a file called `-`)"), "{}", done.err);
    }
    let done = place.command(&["run", TRIAL]).env("OKTA_CONFORMANCE_EVENTS", "-").spawn().expect("the program starts");
    assert_eq!(finish(done).code, 3);
    assert!(place.files().is_empty(), "nothing has run");
    let done = place.run(&["run", TRIAL, "--quiet", "--events", "/dev/stdout", "--format", "json"]);
    assert!(done.out.starts_with("{\"event\":\"run-started\""), "{}", done.out);
}

/// A command whose reader goes away at once.
fn unread(place: &Place, arguments: &[&str]) -> Done {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    rest(child, std::io::empty())
}

#[test]
fn who_stops_reading_does_not_change_the_exit_code() {
    let place = Place::new();
    let mock = MockProcess::start(&["--fault", "get-authorization-server/status/success"]);
    let run = ["run", TRIAL, "--target", &mock.url, "--events", "e.jsonl", "--record", "r.jsonl", "--quiet"];
    assert_eq!(place.run(&run).code, 1);
    for arguments in [
        &["report", "e.jsonl"][..],
        &["report", "e.jsonl", "--format", "json"],
        &["report", "e.jsonl", "--format", "html"],
        &["verify", "r.jsonl"],
        &["verify", "r.jsonl", "--format", "json"],
        &["replay", "r.jsonl"],
    ] {
        let whole = place.run(arguments).code;
        assert_eq!((unread(&place, arguments).code, whole), (1, 1), "{arguments:?}");
    }
    assert_eq!(unread(&place, &["list"]).code, 0);
}

#[test]
fn what_cannot_be_printed_has_not_been_told() {
    let place = Place::new();
    let run = ["run", TRIAL, "--record", "r.jsonl"];
    assert_eq!(place.run(&run).code, 0);
    for arguments in [
        &run[..],
        &["run", TRIAL, "--quiet"],
        &["run", TRIAL, "--format", "json"],
        &["run", TRIAL, "--report", "junit=-"],
        &["list"],
        &["list", "--format", "json"],
        &["check"],
        &["explain", TRIAL],
        &["verify", "r.jsonl", "--format", "json"],
        &["report", "reports/events.jsonl"],
        &["report", "reports/events.jsonl", "--format", "coverage"],
        &["diff", "reports/events.jsonl", "reports/events.jsonl"],
        &["trend", "reports/events.jsonl"],
        &["replay", "r.jsonl"],
        &["mutants", "--fault", "get-authorization-server/status/success", "--format", "json"],
        &["mock", "--list-faults"],
        &["--help"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").expect("a device without space");
        let done = finish(place.command(arguments).stdout(full).spawn().expect("the program starts"));
        assert_eq!(done.code, 3, "{arguments:?}: {}", done.err);
        assert!(done.err.contains("No space left"), "{arguments:?}: {}", done.err);
    }
    // What it was asked for is on disk all the same.
    assert_eq!(place.events().last().expect("events")["event"], "run-finished");
}

#[test]
fn a_program_that_prints_without_an_end_is_ended() {
    let place = Place::new();
    let text = "[targets.here]\nurl = \"http://127.0.0.1:1\"\n[targets.here.principals]\nadmin = { ssws = { command = [\"cat\", \"/dev/zero\"] } }\n";
    place.write("okta-conformance.toml", text);
    let child = place.command(&["run", TRIAL, "--target", "here"]).spawn().expect("the program starts");
    let done = finish(child);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("it printed more than 1048576 bytes"), "{}", done.err);
    assert!(!done.err.contains(TOKEN), "{}", done.err);
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    let place = Place::new();
    let done = place.run(&["run", TRIAL, "--quiet", "--report", "badge=/dev/full"]);
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    assert!(done.err.contains("cannot write the report /dev/full"), "{}", done.err);
}

#[test]
fn a_ledger_that_cannot_be_read_is_named_and_stops_nothing() {
    let place = Place::new();
    place.write(
        "state.yaml",
        "servers:\n  - { id: aus1left0000000aaaa, name: okc_abcdef_00001, description: Left, audiences: [\"api://left\"], created: 2020-01-01T00:00:00Z, rotationMode: MANUAL }\n",
    );
    let mock = MockProcess::start(&["--state", place.path("state.yaml").to_str().expect("a path")]);
    let head = json!({ "ledger": "run", "origin": mock.url, "run": "abcdef", "names": "okc_abcdef_", "started": "2026-01-01T00:00:00Z" });
    let removal = json!({ "method": "DELETE", "path": "/api/v1/authorizationServers/aus1left0000000aaaa", "principal": "manager", "trial": "a/b/c" });
    let removal = json!({ "ledger": "made", "number": 1, "removal": removal });
    place.write("reports/ledgers/abcdef.jsonl", &format!("{head}\n{removal}\n"));
    place.write("reports/ledgers/b.jsonl/x", "");
    place.write("reports/ledgers/c.jsonl", "no ledger\nat all\n");
    place.write("reports/ledgers/d.jsonl", &format!("{head}\n{{\"ledger\":\"ma\n{removal}\n"));
    let named = |err: &str| {
        let names = ["read the ledger reports/ledgers/b.jsonl", "read the ledger reports/ledgers/c.jsonl"];
        names.iter().all(|name| err.contains(name)) && err.contains("read all of the ledger reports/ledgers/d.jsonl")
    };

    let run = place.run(&["run", TRIAL, "--target", &mock.url]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(named(&run.err), "{}", run.err);

    let before = mock.servers().len();
    let swept = place.run(&["sweep", "--target", &mock.url]);
    assert_eq!(swept.code, 2, "{}{}", swept.out, swept.err);
    assert!(named(&swept.err), "{}", swept.err);
    assert_eq!(mock.servers().len(), before - 1, "what can be read is swept");
    let left =
        ["abcdef.jsonl", "b.jsonl", "c.jsonl", "d.jsonl"].map(|name| place.path("reports/ledgers").join(name).exists());
    assert_eq!(left, [false, true, true, true], "what was not read as a whole is kept");
}
