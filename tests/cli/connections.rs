//! Networks that close connections: what may be repeated is sent once more, and nothing else is; a server that closes the connections that a
//! client keeps is no other target than one that keeps them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    gateway::{Call, Fate, Gateway, Manner, SERVERS},
    org::{Org, Ran, Wrong, play, run},
    support::Place,
};

/// Trials that make servers and what belongs to them, rotate, and remove.
const PART: [&str; 8] = [
    "authorization-servers/delete",
    "authorization-servers/lifecycle",
    "authorization-servers/replace",
    "policies/delete",
    "rules/lifecycle",
    "keys/rotate",
    "associated-servers",
    "scopes/create",
];

fn through(manner: Manner, arguments: &[&str]) -> (Ran, BTreeMap<String, String>, Vec<String>) {
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, manner, |call| Fate::Answer(call.pass()));
    let ran = run(&place, &gateway, arguments);
    (ran, place.outcomes(), org.changes())
}

#[test]
fn a_server_that_closes_the_connections_that_it_said_it_would_keep_changes_no_outcome() {
    let part = [&PART[..], &["--jobs", "8"]].concat();
    let (polite, outcomes, _) = through(Manner::Said, &part);
    assert_eq!(polite.done.code, 0, "{}", polite.line());
    let (ran, same, changes) = through(Manner::Unsaid, &part);
    let mut wrong = Wrong::default();
    wrong.unless(ran.done.code == 0, ran.line());
    wrong.unless(ran.count("/trials/errored") == Some(0), "trials are errored");
    wrong.unless(ran.count("/leaked") == Some(0) && changes.is_empty(), format!("left: {changes:?}"));
    let other: Vec<_> = same.iter().filter(|(trial, outcome)| outcomes.get(*trial) != Some(*outcome)).collect();
    wrong.unless(other.is_empty() && same.len() == outcomes.len(), format!("otherwise than without it: {other:?}"));
    wrong.end();
}

#[test]
fn a_request_that_is_lost_with_a_kept_connection_is_sent_once_more() {
    // None of these makes a request that may not be repeated, but the creates, which are looked for.
    // One at a time, so that there is never a second connection to send it on.
    let arguments = ["authorization-servers/lifecycle/deactivate*", "--jobs", "1", "--no-preflight"];
    let (ran, outcomes, changes) = through(Manner::LosesSecond, &arguments);
    let mut wrong = Wrong::default();
    wrong.unless(ran.done.code == 0, ran.line());
    wrong.unless(outcomes.values().all(|outcome| outcome == "passed"), format!("{outcomes:?}"));
    wrong.unless(ran.count("/leaked") == Some(0) && changes.is_empty(), format!("left: {changes:?}"));
    wrong.end();
}

/// A request that is lost: which, whether the org has done it, how often, and by what.
struct Loss {
    trial: &'static str,
    what: fn(&Call<'_>) -> bool,
    done: bool,
    times: usize,
    /// How the trial ends, and how often such a request comes to the gateway.
    ends: (&'static [&'static str], usize),
}

fn below(call: &Call<'_>, end: &str) -> bool {
    call.path().starts_with(SERVERS) && call.path().ends_with(end)
}

fn is_get(call: &Call<'_>) -> bool {
    call.request.method == "GET" && call.path().starts_with(&format!("{SERVERS}/aus"))
}

const PASSES: &[&str] = &["passed"];
const ERRS: &[&str] = &["errored"];

/// What is lost once, whether the org has done it, how the trial ends, and how often such a request comes to the gateway.
const fn once(
    trial: &'static str,
    what: fn(&Call<'_>) -> bool,
    done: bool,
    outcomes: &'static [&'static str],
    sent: usize,
) -> Loss {
    Loss { trial, what, done, times: 1, ends: (outcomes, sent) }
}

fn is_put(call: &Call<'_>) -> bool {
    call.request.method == "PUT"
}

fn is_delete(call: &Call<'_>) -> bool {
    call.request.method == "DELETE"
}

fn is_create_of_a_claim(call: &Call<'_>) -> bool {
    call.request.method == "POST" && call.path().ends_with("/claims")
}

fn is_create_of_a_scope(call: &Call<'_>) -> bool {
    call.request.method == "POST" && call.path().ends_with("/scopes")
}

fn is_create_of_a_server(call: &Call<'_>) -> bool {
    call.makes_a_server()
}

fn is_deactivate(call: &Call<'_>) -> bool {
    below(call, "/lifecycle/deactivate")
}

fn is_activate(call: &Call<'_>) -> bool {
    below(call, "/lifecycle/activate")
}

fn is_rotation(call: &Call<'_>) -> bool {
    below(call, "/keyRotate")
}

/// It gets a server once.
const GETS: &str = "authorization-servers/get/same-as-created";
const CLAIM: &str = "claims/create/answers-with-the-claim";

const LOSSES: [(&str, Loss); 12] = [
    ("a get", once(GETS, is_get, true, PASSES, 2)),
    ("a get, twice", Loss { times: 2, ..once(GETS, is_get, true, ERRS, 2) }),
    (
        "a replace that was not done",
        once("authorization-servers/credentials/manual-in-a-replace", is_put, false, PASSES, 2),
    ),
    ("a deactivate that was done", once("authorization-servers/lifecycle/deactivate", is_deactivate, true, PASSES, 2)),
    ("an activate of a policy that was done", once("policies/lifecycle/activate", is_activate, true, PASSES, 2)),
    ("a rotation that was not done", once("keys/rotate/answer-is-the-list", is_rotation, false, ERRS, 1)),
    ("a create that was not done", once(GETS, is_create_of_a_server, false, PASSES, 2)),
    ("a create that was done", once(GETS, is_create_of_a_server, true, ERRS, 1)),
    // What is below the run's own is looked for, too.
    ("a create of a claim that was done", once(CLAIM, is_create_of_a_claim, true, ERRS, 1)),
    ("a create of a claim that was not done", once(CLAIM, is_create_of_a_claim, false, PASSES, 2)),
    (
        "a create below a server that is not there",
        once("scopes/errors/unknown-server-with-a-body", is_create_of_a_scope, false, PASSES, 2),
    ),
    // The 404 to its repetition says nothing.
    (
        "a delete that was done",
        once("authorization-servers/delete/while-active", is_delete, true, &["passed", "errored"], 2),
    ),
];

#[test]
fn what_may_be_repeated_is_sent_once_more_and_nothing_else() {
    play(&LOSSES, |loss, org, wrong| {
        let (place, met) = (Place::new(), AtomicUsize::new(0));
        let (what, done, times) = (loss.what, loss.done, loss.times);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            if what(call) && met.fetch_add(1, Ordering::SeqCst) < times {
                if done {
                    call.pass();
                }
                return Fate::Close;
            }
            Fate::Answer(call.pass())
        });
        let ran = run(&place, &gateway, &[loss.trial]);
        let (outcomes, how_often) = loss.ends;
        let outcome = place.outcomes().remove(loss.trial).unwrap_or_default();
        wrong.unless(outcomes.contains(&outcome.as_str()), format!("{outcome}, and not {outcomes:?}"));
        let sent = gateway.matching(what);
        // The clean-up deletes, too, where the trial has not.
        let most = how_often + usize::from(loss.trial.contains("/delete/"));
        wrong.unless((how_often..=most).contains(&sent), format!("sent {sent} times, and not {how_often}"));
        wrong.unless_clean(org, &place, &ran);
        ran.line()
    });
}
