//! A small budget of an org, spent politely: windows of a second instead of a minute, so that the mock's clock is sixty times as fast.

use std::{
    fmt::Write as _,
    sync::mpsc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    server::{Answer, ask},
    support::{Done, MockProcess, PATIENCE, Place, TOKEN, data, finish_within},
};

/// Requests in a window, for everybody.
const LIMIT: usize = 60;

/// A hundred requests.
const PART: [&str; 2] = ["run", "scopes/create"];

/// Roles beside the administrator's: their tokens as the mock takes them.
const ROLES: [(&str, &str); 5] = [
    ("manager", "token-of-manager=okta.authorizationServers.read,okta.authorizationServers.manage"),
    ("reader", "token-of-reader=okta.authorizationServers.read"),
    ("no-scope", "token-of-nobody="),
    ("expired-token", "token-of-yesterday:expired=okta.authorizationServers.read"),
    ("rate-limited", "token-of-few:20=okta.authorizationServers.read,okta.authorizationServers.manage"),
];

/// What the org is able to, for whom everything applies but what an org without the feature is asked.
const CAPABILITIES: [&str; 7] = [
    "oauth-scopes",
    "exhaustible-rate-limit",
    "default-server-writable",
    "associated-servers",
    "resource-server-keys",
    "refresh-tokens",
    "revocable-refresh-tokens",
];

fn org() -> MockProcess {
    let state = data("../../examples/mock-state.yaml").display().to_string();
    let limit = LIMIT.to_string();
    let mut arguments = vec!["--rate-limit", &limit, "--rate-window", "1s", "--state", &state];
    arguments.extend(ROLES.iter().flat_map(|(_, token)| ["--token", token]));
    MockProcess::start(&arguments)
}

fn settings(url: &str) -> String {
    let mut text =
        format!("[targets.here]\nurl = {url:?}\ncapabilities = {CAPABILITIES:?}\n[targets.here.principals]\n");
    for (role, token) in ROLES {
        let value = token.split([':', '=']).next().expect("a token");
        let _ = writeln!(text, "{role} = {{ bearer = {value:?} }}");
    }
    text
}

/// Runs to the end; gives how many requests there were, and how many were answered with a 429 that nobody had asked for.
fn run(mock: &MockProcess, part: &[&str], patience: Duration) -> (u64, u64) {
    let place = Place::new();
    place.write("okta-conformance.toml", &settings(&mock.url));
    let arguments = [part, &["--target", "here", "--allow-default-server", "--format", "json"]].concat();
    let done: Done = finish_within(place.command(&arguments).spawn().expect("the program starts"), patience);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let summary = done.json();
    for (outcome, trials) in summary["trials"].as_object().expect("counts") {
        assert!(
            ["passed", "not_applicable"].contains(&outcome.as_str()) || trials == 0,
            "{trials} {outcome}: {summary}"
        );
    }
    assert!(
        summary["waited_s"].as_f64().is_some_and(|seconds| seconds > 0.0),
        "the budget is smaller than the run: {summary}"
    );
    let number = |member: &str| summary[member].as_u64().expect("a number");
    (number("requests"), number("rate_limited"))
}

/// Somebody else, who uses a third of each window as soon as it can, until told to stop; gives how many answers were no 429. Half is the run's:
/// the rest is for requests that are on their way for so long that they come in the next window.
fn somebody_else(url: &str, stop: &mpsc::Receiver<()>) -> usize {
    let authorization = format!("SSWS {TOKEN}");
    let (mut window, mut used, mut all) = (0, 0, 0);
    loop {
        let headers = [("Authorization", authorization.as_str())];
        let Answer { status, headers, .. } = ask(url, "GET", "/api/v1/authorizationServers?limit=1", &headers, b"");
        let reset = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-rate-limit-reset"));
        let reset: u64 = reset.and_then(|(_, value)| value.parse().ok()).expect("a window");
        if reset != window {
            (window, used) = (reset, 0);
        }
        used += 1;
        all += usize::from(status == 200);
        let over = UNIX_EPOCH + Duration::from_secs(reset);
        let rest = over.duration_since(SystemTime::now()).unwrap_or_default();
        let pause = if used < LIMIT / 3 && status == 200 { Duration::ZERO } else { rest };
        if stop.recv_timeout(pause) != Err(mpsc::RecvTimeoutError::Timeout) {
            return all;
        }
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn shared(part: &[&str], patience: Duration) {
    let mock = org();
    let (stop, stopped) = mpsc::channel();
    let url = mock.url.clone();
    let other = thread::spawn(move || somebody_else(&url, &stopped));
    let (requests, refused) = run(&mock, part, patience);
    stop.send(()).expect("it goes on until now");
    let others = other.join().expect("no panic");
    assert!(others > LIMIT / 3, "the other used the org for longer than one window: {others}");
    assert!(refused * 100 <= requests, "{refused} of {requests} were refused; the other had {others}");
    println!("{requests} requests, {refused} refused; the other had {others}");
}

#[test]
fn a_budget_is_never_used_up() {
    let (_, refused) = run(&org(), &PART, PATIENCE);
    assert_eq!(refused, 0);
}

#[test]
fn a_budget_that_somebody_else_uses_too_lasts() {
    shared(&PART, PATIENCE);
}

/// Takes minutes.
const LONG: Duration = Duration::from_hours(1);

#[test]
#[ignore = "takes minutes"]
#[expect(clippy::print_stdout, reason = "the figures are what it is run for")]
fn the_whole_suite_keeps_to_a_budget() {
    let (requests, refused) = run(&org(), &["run"], LONG);
    println!("{requests} requests, {refused} refused");
    assert_eq!(refused, 0);
}

#[test]
#[ignore = "takes minutes"]
fn the_whole_suite_shares_a_budget() {
    shared(&["run"], LONG);
}
