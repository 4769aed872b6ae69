//! Runs that end before their end: interrupt, deadline, limits. Whatever happens, the stream is whole and the target is clean.

use std::{io::BufReader, sync::mpsc};

use super::{
    server::{Answer, Server},
    support::{MockProcess, Place, Totals, interrupt, junit, of_kind, read_until, rest, signal, text, watch},
};

#[test]
fn an_interrupted_run_cleans_up_and_says_what_it_knows() {
    for (name, code, verdict, stopped) in [
        ("INT", 130, "interrupted", "interrupt"),
        ("TERM", 143, "terminated", "terminate"),
        ("HUP", 130, "interrupted", "interrupt"),
    ] {
        let mock = MockProcess::start(&["--latency", "50ms"]);
        let place = Place::new();
        let arguments = ["run", "--target", &mock.url, "--jobs", "8", "--report", "junit"];
        let mut child = place.command(&arguments).spawn().expect("the program starts");
        let _watched = watch(child.id());
        let mut out = BufReader::new(child.stdout.take().expect("its output"));
        let passed = std::cell::Cell::new(0);
        read_until(&mut out, |line| {
            passed.set(passed.get() + usize::from(line.starts_with("passed")));
            passed.get() == 10
        });
        signal(child.id(), name);
        let done = rest(child, out);
        assert_eq!(done.code, code, "{name}: {}{}", done.out, done.err);
        assert!(done.told().starts_with("interrupted: "), "{}", done.err);
        assert!(done.last_line().starts_with(&format!("{verdict}: ")), "{}", done.last_line());

        let events = place.events();
        let footer = events.last().expect("a footer");
        assert_eq!((&footer["event"], &footer["stopped"]), (&"run-finished".into(), &stopped.into()));
        let planned = events[0]["trials"].as_u64().expect("a count");
        let outcomes = place.outcomes();
        assert_eq!(outcomes.len() as u64, planned, "every trial has an outcome");
        assert!(outcomes.values().any(|outcome| outcome == "not-run"), "it was interrupted in the middle");
        assert_eq!(of_kind(&events, "leaked").count(), 0);
        let (_, totals) = junit(&place.read("reports/junit.xml"));
        // One more says that the run did not come to its end.
        assert_eq!((totals.tests as u64, totals.errors), (planned + 1, 1));

        let left: Vec<String> = mock.servers().iter().map(|server| text(server, "name")).collect();
        assert_eq!(left, ["default"], "{name}: nothing that the run made is left");
    }
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |_| {
        tell.send(()).expect("somebody listens");
        None
    });
    let place = Place::with_suite(&["levels"]);
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--jobs", "1", "--report", "junit"];
    let mut child = place.command(&arguments).spawn().expect("the program starts");
    let _watched = watch(child.id());
    let _err = interrupt(&mut child, &told);
    signal(child.id(), "INT");
    let out = child.stdout.take().expect("its output");
    let done = rest(child, out);
    assert_eq!(done.code, 130, "{}", done.out);
    let (_, totals) = junit(&place.read("reports/junit.xml"));
    assert_eq!(totals, Totals { tests: 12, skipped: 11, errors: 1, ..Totals::default() });
    let report = place.run(&["report", "reports/events.jsonl"]);
    assert_eq!(report.code, 130, "{}", report.out);
}

#[test]
fn a_server_that_never_answers_is_an_error_within_the_limit() {
    let server = Server::start(|_| None);
    let place = Place::with_suite(&["levels"]);
    let arguments = ["run", "--suite", "suite", "--target", &server.url, "--timeout", "200ms", "--report", "junit"];
    let done = place.run(&arguments);
    assert_eq!(done.code, 2, "{}", done.out);
    let (_, totals) = junit(&place.read("reports/junit.xml"));
    // The eleventh may have made something, which is an error of its own.
    assert_eq!(totals, Totals { tests: 12, errors: 12, ..Totals::default() });
    let events = place.events();
    for event in of_kind(&events, "trial-finished") {
        assert_eq!(text(event, "reason"), "no complete answer within 200ms");
    }
}

#[test]
fn an_answer_beyond_all_bounds_is_an_error() {
    let server = Server::always(Answer::new(200, vec![b' '; 6 * 1024 * 1024]));
    let place = Place::with_suite(&["levels"]);
    let done = place.run(&["run", "things/levels/note", "--suite", "suite", "--target", &server.url]);
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(done.out.contains("the answer is larger than 5242880 bytes"), "{}", done.out);
}

#[test]
fn after_the_deadline_no_trial_starts() {
    let server = Server::start(|_| None);
    let place = Place::with_suite(&["levels"]);
    let limits = ["--jobs", "1", "--timeout", "300ms", "--deadline", "100ms"];
    let done = place.run(&[&["run", "--suite", "suite", "--target", &server.url][..], &limits].concat());
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(done.last_line().ends_with("; stopped at the deadline"), "{}", done.last_line());
    assert!(done.last_line().contains(": 1 errored, 10 not-run; "), "{}", done.last_line());
    let events = place.events();
    assert_eq!(events.last().expect("a footer")["stopped"], "deadline");
    let reason = "the run reached its deadline before this trial";
    assert_eq!(of_kind(&events, "trial-finished").filter(|event| event["reason"] == reason).count(), 10);
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn a_trial_that_takes_too_long_sends_no_further_step() {
    let place = Place::new();
    // A request takes longer than the trial may; a second is enough to send the first, however slow the machine is.
    let mock = MockProcess::start(&["--latency", "1100ms"]);
    let limits = ["--trial-timeout", "1s", "--no-preflight", "--target", &mock.url];
    let done = place.run(&[&["run", "authorization-servers/get/same-as-created"][..], &limits].concat());
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(done.out.contains("the trial did not end within 1s"), "{}", done.out);
    let events = place.events();
    let phases: Vec<String> = of_kind(&events, "step-finished").map(|event| text(event, "phase")).collect();
    assert_eq!(phases, ["given", "defer"], "no further step is sent, and what it made is removed");
}

#[test]
fn a_limit_of_no_time_is_a_mistake() {
    let place = Place::new();
    for (arguments, said) in [
        (&["run", "--timeout", "0s"][..], "`0s` is no time at all"),
        (&["run", "--trial-timeout", "0ms"], "`0ms` is no time at all"),
        (&["run", "--deadline", "0h"], "`0h` is no time at all"),
        (&["replay", "x.jsonl", "--timeout", "0s"], "`0s` is no time at all"),
        (&["mutants", "--time-limit", "0s"], "`0s` is no time at all"),
        (&["mock", "--list-faults", "--rate-window", "0s"], "`0s` is no time at all"),
        (&["mock", "--list-faults", "--rate-window", "1ms"], "`1ms` is not a whole number of seconds"),
        (&["mock", "--list-faults", "--token-lifetime", "1500ms"], "`1500ms` is not a whole number of seconds"),
        (&["mock", "--list-faults", "--as-of", "1066-10-14"], "no recording is older than 2020-08-01"),
        (&["mock", "--list-faults", "--as-of", "9999-12-31"], "that day is in the future"),
        (&["replay", "x.jsonl", "--as-of", "9999-12-31"], "that day is in the future"),
    ] {
        let done = place.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (3, ""), "{arguments:?}: {}", done.err);
        assert!(done.err.contains(said), "{arguments:?}: {}", done.err);
    }
    assert!(place.files().is_empty(), "nothing has run");
}

#[test]
fn a_run_stops_at_its_limit_of_failures() {
    let server = Server::always(Answer::new(404, "{}"));
    let place = Place::with_suite(&["levels"]);
    let run = |limit: &str| {
        let arguments = ["run", "--suite", "suite", "--target", &server.url, "--jobs", "1", limit, "--report", "junit"];
        place.run(&arguments)
    };
    for (limit, failed) in [("--fail-fast", 1), ("--fail-fast=2", 2)] {
        let done = run(limit);
        assert_eq!(done.code, 1, "{}", done.out);
        let outcomes = place.outcomes();
        assert_eq!(outcomes.len(), 11, "every trial has an outcome");
        assert_eq!(outcomes.values().filter(|outcome| *outcome == "failed").count(), failed, "{}", done.out);
        assert!(outcomes.values().any(|outcome| outcome == "not-run"));
        assert!(done.last_line().ends_with("; stopped at the limit of failures"), "{}", done.last_line());
        let (_, totals) = junit(&place.read("reports/junit.xml"));
        assert_eq!((totals.tests, totals.failures), (12, failed));
        let not_run = outcomes.values().filter(|outcome| *outcome == "not-run").count();
        let said = format!("the run was stopped at the limit of failures: {not_run} trials not run");
        assert!(place.read("reports/junit.xml").contains(&said), "{}", place.read("reports/junit.xml"));
    }
}
