//! A target that answers 429 and asks for a long wait: no run is held up by it beyond its limits.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use okta_conformance::{
    event::Event,
    http::Limits,
    plan::Plan,
    report::Report,
    run::{self, Options, Stopper},
    suite::Suite,
    targets::Opened,
};
use serde_json::json;

use super::{
    gateway::{Fate, Gateway, Manner},
    org::Org,
    server::{Answer, Server},
    support::{Place, TOKEN, of_kind, rest, signal, watch},
};

/// Trials that write, so that what the target shares with others is asked for first.
const WRITES: &str = "authorization-servers/create/**";

fn never_now() -> Answer {
    Answer::json(429, &serde_json::json!({ "errorCode": "E0000047" })).header("Retry-After", "99999999999")
}

fn nothing_ran(place: &Place) {
    let outcomes = place.outcomes();
    let ran = outcomes.values().filter(|outcome| !["not-run", "not-applicable"].contains(&outcome.as_str())).count();
    assert_eq!((ran, outcomes.is_empty()), (0, false));
}

#[test]
fn the_deadline_ends_what_is_asked_before_the_first_trial() {
    let server = Server::always(never_now());
    for (more, stopped) in [(&[][..], "the preflight"), (&["--no-preflight"][..], "a question before a write")] {
        let place = Place::new();
        let arguments = [&["run", WRITES, "--target", &server.url, "--deadline", "500ms"][..], more].concat();
        let done = place.run(&arguments);
        assert_eq!(done.code, 2, "{stopped}: {}{}", done.out, done.err);
        assert!(done.last_line().ends_with("; stopped at the deadline"), "{stopped}: {}", done.last_line());
        nothing_ran(&place);
    }
}

#[test]
fn an_interrupt_ends_what_is_asked_before_the_first_trial() {
    for more in [&[][..], &["--no-preflight"][..]] {
        let (tell, told) = mpsc::channel();
        let server = Server::start(move |_| {
            // Nobody listens any more when the run was interrupted.
            let _ = tell.send(());
            Some(never_now())
        });
        let place = Place::new();
        let arguments = [&["run", WRITES, "--target", &server.url][..], more].concat();
        let mut child = place.command(&arguments).spawn().expect("the program starts");
        let _watched = watch(child.id());
        told.recv().expect("a request");
        signal(child.id(), "INT");
        let out = child.stdout.take().expect("its output");
        let done = rest(child, out);
        assert_eq!(done.code, 130, "{more:?}: {}", done.out);
        nothing_ran(&place);
    }
}

#[test]
fn a_wait_that_is_longer_than_the_trial_may_take_is_not_begun() {
    let server = Server::always(never_now());
    let place = Place::with_suite(&["levels"]);
    let limits = ["--suite", "suite", "--trial-timeout", "30s", "--target", &server.url];
    let done = place.run(&[&["run", "things/levels/note"][..], &limits].concat());
    assert_eq!(done.code, 2, "{}", done.out);
    assert_eq!(server.lines().len(), 1);
    let events = place.events();
    let finished = of_kind(&events, "trial-finished").next().expect("a trial");
    assert_eq!(
        finished["reason"],
        "getThing: 429, and the requested wait of 65s would take longer than the trial may, which is 30s"
    );
}

#[test]
fn a_wait_for_a_budget_obeys_the_limit_of_the_trial_and_the_breaker() {
    let reset = (chrono::Utc::now().timestamp() + 3000).to_string();
    let server = Server::start(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        let answer = Answer::json(200, &json!({ "id": name, "name": name, "color": "red" }));
        let answer = answer.header("X-Rate-Limit-Limit", "10").header("X-Rate-Limit-Remaining", "1");
        Some(answer.header("X-Rate-Limit-Reset", &reset))
    });
    let place = Place::with_suite(&["colors"]);
    let limits = ["--suite", "suite", "--trial-timeout", "30s", "--jobs", "1", "--breaker", "3"];
    let done = place.run(&[&["run", "--target", &server.url][..], &limits].concat());
    assert_eq!((done.code, server.lines().len()), (2, 1), "{}", done.out);
    let outcomes: Vec<String> = place.outcomes().into_values().collect();
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert_eq!((count("passed"), count("errored"), count("not-run")), (1, 3, 5), "{}", done.out);
    let events = place.events();
    assert_eq!(events.last().expect("a footer")["stopped"], "breaker");
    assert_eq!(of_kind(&events, "waited").count(), 0, "what is not waited for is not told as a wait");
    let errored = of_kind(&events, "trial-finished").find(|event| event["outcome"] == "errored").expect("a trial");
    assert_eq!(
        errored["reason"],
        "getThing: its share of the rate limit is used up, and waiting 65s for more would take longer than the trial may, which is 30s"
    );
}

/// In this process, whose clean-up need not be given the time that a user's has.
#[test]
fn clean_up_that_waits_without_end_is_ended() {
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| {
        let removes = call.request.method == "DELETE";
        Fate::Answer(if removes { never_now() } else { call.pass() })
    });
    place.write("token", TOKEN);
    let token = place.path("token");
    place.write(
        "settings.toml",
        &format!(
            "[targets.here]\nurl = {:?}\n[targets.here.principals]\nadmin = {{ ssws = {{ file = {token:?} }} }}\n",
            gateway.url
        ),
    );
    let opened = Opened::open("here", Some(&place.path("settings.toml")), Limits::default()).expect("a target");
    let mut mistakes = Vec::new();
    let suite = Suite::embedded(&mut mistakes);
    let plan = Plan::compile(&suite, &mut mistakes).expect("the suite has no mistakes");
    let trial = plan.trials.iter().find(|trial| trial.id == "authorization-servers/get/same-as-created");
    let trials = vec![Arc::clone(trial.expect("the trial"))];
    let options = Options { grace: Duration::from_millis(10), ..Options::default() };
    let (mut report, stopper) = (Report::default(), Stopper::default());
    let mut take = |event: &Event| {
        if let Event::Waited(_) = event {
            stopper.stop(okta_conformance::event::Stop::Deadline);
        }
        report.take(event);
    };
    let running = run::run(&plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut take);
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(running);
    let leaks: Vec<&str> = report.leaks.iter().map(|leak| leak.reason.as_str()).collect();
    assert_eq!((leaks, org.left()), (vec!["the run was stopped immediately"], 1));
    let [judged] = report.trials.as_slice() else { panic!("one trial") };
    assert_eq!(judged.finished.outcome.name(), "not-run");
}
