//! Where a run writes: found out before the first request, and told to whoever has to sweep.

use std::process::{Command, Stdio};

use serde_json::json;

use super::{
    server::{Answer, Server, ask},
    support::{Done, MockProcess, Place, finish},
};

const TRIAL: &str = "authorization-servers/get/same-as-created";

/// An org whose things cannot be removed, as long as there is a file of this name.
fn locked(mock: &MockProcess, lock: std::path::PathBuf) -> Server {
    let url = mock.url.clone();
    Server::start(move |request| {
        if request.method == "DELETE" && lock.exists() {
            return Some(Answer::json(403, &json!({ "errorCode": "E0000006" })));
        }
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(ask(&url, &request.method, &request.target, &headers, &request.body))
    })
}

/// Runs what stands between backticks or behind `next: ` as a person does who copies it into a shell.
fn copied(place: &Place, text: &str) -> Done {
    let line = text
        .lines()
        .find(|line| line.contains("okta-conformance sweep "))
        .unwrap_or_else(|| panic!("no command in {text}"));
    let from = line.find("okta-conformance sweep ").expect("a command");
    let command = line[from..].split('`').next().expect("a command");
    // Its words are read by the shell, and take the place of no arguments.
    let words = command.strip_prefix("okta-conformance").expect("the program");
    place.run_within(&format!("set --{words}"), &[])
}

#[test]
fn the_command_that_is_told_sweeps() {
    for (prepare, arguments, flags) in [
        ("", &[][..], ""),
        ("", &["--ledgers", "the led'gers"], " --ledgers 'the led'\\''gers'"),
        // The usual place is taken, so the ledger lies beside the events.
        ("reports", &["--events", "out put/e.jsonl"], " --ledgers 'out put/ledgers'"),
        ("reports/ledgers", &["--events", "e.jsonl"], " --ledgers ledgers"),
    ] {
        let place = Place::new();
        let mock = MockProcess::start(&[]);
        let start = mock.servers();
        place.write("lock", "");
        let gate = locked(&mock, place.path("lock"));
        if !prepare.is_empty() {
            place.write(prepare, "");
        }
        let settings = format!("[targets.here]\nurl = {:?}\n", gate.url);
        place.write("my settings.toml", &settings);
        let target = ["--target", "here", "--settings", "my settings.toml"];
        let done = place.run(&[&["run", TRIAL], &target[..], arguments].concat());
        let told = format!("okta-conformance sweep --target here --settings 'my settings.toml'{flags}");
        assert!(done.out.contains(&format!("  next: {told}\n")), "{}{}", done.out, done.err);
        // The next run says it too.
        let next = place.run(&[&["run", TRIAL, "--quiet"], &target[..], arguments].concat());
        assert!(next.err.contains(&format!("  `{told}` removes them")), "{}", next.err);
        assert_eq!(mock.servers().len(), start.len() + 2);

        std::fs::remove_file(place.path("lock")).expect("a file");
        let swept = copied(&place, &next.err);
        assert_eq!(swept.code, 0, "{}{}", swept.out, swept.err);
        assert_eq!(mock.servers(), start, "{}", swept.out);
    }
}

/// Nothing was sent, and the run says why.
fn assert_refused(done: &Done, gate: &Server, said: &[&str]) {
    assert_eq!((done.code, done.out.as_str()), (3, ""), "{}", done.err);
    assert!(said.iter().all(|said| done.err.contains(said)), "{}", done.err);
    assert_eq!(gate.lines(), [""; 0], "nothing is sent");
}

#[test]
fn where_no_ledger_can_be_kept_nothing_is_sent() {
    let gate = Server::always(Answer::new(200, "[]"));
    for (taken, arguments, said) in [
        ("reports", &["--events", "none"][..], &["in reports/ledgers: ", "--ledgers DIR"][..]),
        ("reports/ledgers", &[], &["in reports/ledgers: "]),
        ("reports", &["--events", "/dev/null"], &["in reports/ledgers: "]),
        ("mine", &["--ledgers", "mine/ledgers"], &["mine/ledgers", "--ledgers DIR"]),
        ("mine", &["--ledgers", "mine"], &["in mine "]),
        ("out/x", &["--ledgers", "/proc/nowhere"], &["/proc/nowhere"]),
    ] {
        let place = Place::new();
        place.write(taken, "");
        let done = place.run(&[&["run", TRIAL, "--target", &gate.url], arguments].concat());
        assert_refused(&done, &gate, said);
    }
}

#[test]
fn an_output_that_cannot_be_opened_is_found_out_before_the_first_request() {
    let gate = Server::always(Answer::new(200, "[]"));
    for arguments in [
        &["--events", "taken/e.jsonl"][..],
        &["--report", "junit=taken/j.xml"],
        &["--report", "junit=there"],
        &["--report", "tap", "--report", "html=/proc/nowhere/r.html"],
        &["--record", "taken/r.jsonl"],
        &["--propose-known-failures", "taken/k.yaml"],
        &["--snapshots", "taken/s"],
    ] {
        let place = Place::new();
        place.write("taken", "");
        place.write("there/x", "");
        let done = place.run(&[&["run", TRIAL, "--target", &gate.url], arguments].concat());
        assert_refused(&done, &gate, &["error: cannot "]);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know that this one had nothing to do")]
fn a_working_directory_that_cannot_be_written_is_found_out_before_the_first_request() {
    let place = Place::new();
    place.write("work/x", "");
    let work = place.path("work");
    let mount = |arguments: &[&str]| {
        let mut command = Command::new(arguments[0]);
        command.args(&arguments[1..]).arg(&work).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "ro", "none"]) {
        eprintln!("skipped: nothing can be mounted here");
        return;
    }
    let gate = Server::always(Answer::new(404, "{}"));
    let run = |arguments: &[&str]| {
        let mut command = place.command(&[&["run", TRIAL, "--target", &gate.url], arguments].concat());
        finish(command.current_dir(&work).spawn().expect("the program starts"))
    };
    let refused = [
        run(&[]),
        run(&["--events", "none"]),
        run(&["--events", "../e.jsonl", "--report", "junit"]),
        run(&["--ledgers", "l", "--events", "../e.jsonl"]),
    ];
    let before = gate.lines();
    let beside = run(&["--events", "../out/e.jsonl"]);
    let unmounted = mount(&["umount"]);
    for done in refused {
        assert_eq!(done.code, 3, "{}{}", done.out, done.err);
        assert!(done.err.contains("Read-only file system"), "{}", done.err);
    }
    assert_eq!(before, [""; 0]);
    assert!(!gate.lines().is_empty() && beside.code != 3, "beside the events there is room: {}", beside.err);
    assert!(unmounted, "the directory is as it was");
}
