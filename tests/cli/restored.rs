//! The default server, which a run may change where that was allowed: a run that is killed in between leaves it changed, and a sweep that is
//! allowed to puts it back, if it is as the run left it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

use super::{
    gateway::{Call, Fate, Gateway, Manner, Once, SERVERS},
    org::{Org, Wrong, ledgers, run, run_to_be_killed, sweep, target},
    support::{Place, signal},
};

const TRIAL: [&str; 2] = ["authorization-servers/default-server/lifecycle", "--allow-default-server"];

/// Where a run is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The request to deactivate has been sent and does not come to the org.
    Before,
    /// The org has deactivated the default server, and the run has no answer yet.
    After,
    /// The run has its answer and asks for something else.
    Later,
}

fn deactivates(call: &Call<'_>) -> bool {
    call.request.method == "POST" && call.path().ends_with("/lifecycle/deactivate")
}

/// A place, an org and a gateway of a run that was killed there.
fn killed(moment: Moment) -> (Place, Org, Gateway) {
    let (place, org) = (Place::new(), Org::start());
    let victim = Arc::<OnceLock<u32>>::default();
    let (run, hit, deactivated) = (Arc::clone(&victim), Once::default(), AtomicBool::new(false));
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let kill = || signal(*run.wait(), "KILL");
        if moment == Moment::Later && deactivated.load(Ordering::SeqCst) && hit.now() {
            kill();
            return Fate::Close;
        }
        if deactivates(call) {
            if moment == Moment::Before && hit.now() {
                kill();
                return Fate::Close;
            }
            let answer = call.pass();
            deactivated.store(true, Ordering::SeqCst);
            if moment == Moment::After && hit.now() {
                kill();
                return Fate::Close;
            }
            return Fate::Answer(answer);
        }
        Fate::Answer(call.pass())
    });
    target(&place, &gateway.url, &["default-server-writable"]);
    let ran = run_to_be_killed(&place, &gateway, &TRIAL, &victim);
    assert_eq!(ran.done.code, -1, "{ran:?}");
    (place, org, gateway)
}

fn status(org: &Org) -> Value {
    org.get(&format!("{SERVERS}/default"))["status"].clone()
}

/// What differs from the start, but for the times of the default server.
fn changes(org: &Org) -> Vec<String> {
    let default = org.get(&format!("{SERVERS}/default"));
    let path = format!("changed: {SERVERS}/{}: ", default["id"].as_str().expect("an id"));
    org.changes().into_iter().filter(|line| !line.starts_with(&path)).collect()
}

#[test]
fn the_default_server_is_put_back_by_a_sweep_that_may() {
    let mut wrong = Wrong::default();
    for moment in [Moment::After, Moment::Later] {
        let (place, org, gateway) = killed(moment);
        assert_eq!(status(&org), "INACTIVE", "the scenario");
        wrong.unless(ledgers(&place).len() == 1, format!("{moment:?}: the run has written it down"));

        let before = gateway.writes().len();
        let swept = sweep(&place, &[]);
        wrong.unless(swept.code == 2, format!("{moment:?}: not allowed: {swept:?}"));
        let how = format!("{}{}", swept.out, swept.err).contains("--allow-default-server");
        wrong.unless(how, format!("{moment:?}: it does not say how: {swept:?}"));
        wrong.unless(gateway.writes().len() == before, format!("{moment:?}: written without leave"));
        wrong.unless(ledgers(&place).len() == 1, format!("{moment:?}: the ledger is forgotten"));

        let swept = sweep(&place, &["--allow-default-server"]);
        wrong.unless(status(&org) == "ACTIVE", format!("{moment:?}: it is {}: {swept:?}", status(&org)));
        wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("{moment:?}: allowed: {swept:?}"));
        let changes = changes(&org);
        wrong.unless(changes.is_empty(), format!("{moment:?}: {changes:?}"));
    }
    wrong.end();
}

#[test]
fn a_default_server_that_is_not_as_the_run_left_it_is_left_alone() {
    let mut wrong = Wrong::default();
    for moment in [Moment::Before, Moment::After] {
        let (place, mut org, gateway) = killed(moment);
        if moment == Moment::After {
            // Somebody has put it back meanwhile.
            assert_eq!(org.ask("POST", &format!("{SERVERS}/default/lifecycle/activate"), None).status, 204);
        }
        org.starts_now();
        wrong
            .unless(ledgers(&place).len() == 1, format!("{moment:?}: the intent is not in a ledger before the change"));
        let before = gateway.writes().len();
        let swept = sweep(&place, &["--allow-default-server"]);
        let writes = gateway.writes().split_off(before);
        wrong.unless(writes.is_empty(), format!("{moment:?}: sent {writes:?}"));
        wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("{moment:?}: {swept:?}"));
        let changes = org.changes();
        wrong.unless(changes.is_empty(), format!("{moment:?}: {changes:?}"));
    }
    wrong.end();
}

/// A target that cannot be asked how it is now is not written to.
#[test]
fn a_default_server_that_cannot_be_read_is_left_alone() {
    let mut wrong = Wrong::default();
    let (place, org, gateway) = killed(Moment::After);
    let url = gateway.url.clone();
    drop(gateway);
    let blind = Gateway::start(&org.mock.url, Manner::Said, |call| {
        let (get, default) = (call.request.method == "GET", call.path().ends_with("/default"));
        let answer = call.pass();
        Fate::Answer(if get && default { super::server::Answer::new(503, "") } else { answer })
    });
    // The ledger is of the gateway that was.
    let ledger = format!("reports/ledgers/{}", ledgers(&place)[0]);
    place.write(&ledger, &place.read(&ledger).replace(&url, &blind.url));
    target(&place, &blind.url, &["default-server-writable"]);
    let swept = sweep(&place, &["--allow-default-server"]);
    wrong.unless(blind.writes().is_empty(), format!("sent {:?}", blind.writes()));
    wrong.unless(swept.code == 2 && ledgers(&place).len() == 1, format!("{swept:?}"));
    wrong.end();
}

/// A lifecycle call may be repeated, so that a lost answer is no reason to leave it INACTIVE.
#[test]
fn a_lost_answer_does_not_leave_the_default_server_changed() {
    let mut wrong = Wrong::default();
    for end in ["/lifecycle/deactivate", "/lifecycle/activate"] {
        let (place, org, first) = (Place::new(), Org::start(), Once::default());
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            let answer = call.pass();
            let lost = call.request.method == "POST" && call.path().ends_with(end) && first.now();
            if lost { Fate::Reset } else { Fate::Answer(answer) }
        });
        target(&place, &gateway.url, &["default-server-writable"]);
        let ran = run(&place, &gateway, &TRIAL);
        wrong.unless(status(&org) == "ACTIVE", format!("{end}: it is {}: {}", status(&org), ran.line()));
        wrong.unless(ran.done.code == 0 && ledgers(&place).is_empty(), format!("{end}: {}", ran.line()));
        let changes = changes(&org);
        wrong.unless(changes.is_empty(), format!("{end}: {changes:?}"));
    }
    wrong.end();
}
