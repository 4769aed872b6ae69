//! Runs that end at moments that nobody chose: by `kill -9`, after which a sweep makes the org what it was, and by an interrupt, after
//! which it is that already. Moments are counted in requests, at a gate in front of the org.

use std::{
    process::Stdio,
    sync::{Arc, OnceLock},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::{
    gateway::{Fate, Gateway, Manner},
    org::{ALL, target},
    server::ask,
    support::{MockProcess, Place, TOKEN, finish, signal},
};

/// Cases that make servers and what belongs to them, in a hundred requests.
const PART: [&str; 4] = ["run", "policies/delete", "rules/lifecycle", "associated-servers/*/a*"];

/// Lets requests through to an org; when the one of this number comes, the run gets a signal.
struct Gate {
    gateway: Gateway,
    run: Arc<OnceLock<u32>>,
}

impl Gate {
    fn start(url: &str, moment: usize, name: &'static str) -> Self {
        let run = Arc::<OnceLock<u32>>::default();
        let victim = Arc::clone(&run);
        let gateway = Gateway::start(url, Manner::Said, move |call| {
            // At every other moment, the request of that moment comes to the org all the same, and its answer to nobody.
            let hit = |early: bool| {
                if call.number == moment && moment.is_multiple_of(2) == early {
                    signal(*victim.wait(), name);
                }
            };
            hit(true);
            let answer = call.pass();
            hit(false);
            Fate::Answer(answer)
        });
        Self { gateway, run }
    }

    /// Runs until the signal ends it, and the org has nothing more to do; gives the exit code.
    fn run(&self, place: &Place, part: &[&str]) -> Option<i32> {
        target(place, &self.gateway.url, &ALL);
        let arguments = [part, &["--target", "here", "--quiet", "--events", "none", "--jobs", "4"]].concat();
        let mut command = place.command(&arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        self.run.set(child.id()).expect("one run");
        let code = finish(child).code;
        self.gateway.settle();
        (code >= 0).then_some(code)
    }
}

/// All that the org holds: its servers, and what belongs to each.
fn everything(mock: &MockProcess) -> Vec<Value> {
    let authorization = format!("SSWS {TOKEN}");
    let get = |path: &str| -> Value {
        let answer = ask(&mock.url, "GET", path, &[("Authorization", &authorization)], b"");
        serde_json::from_slice(&answer.body).expect("JSON")
    };
    let mut all = mock.servers();
    for server in mock.servers() {
        let id = server["id"].as_str().expect("an id");
        for part in ["scopes", "claims", "policies", "clients", "associatedServers", "credentials/keys"] {
            all.push(get(&format!("/api/v1/authorizationServers/{id}/{part}")));
        }
    }
    all
}

/// Ends runs at random moments with a signal; `after` makes the org what it was, if that is needed.
fn end_runs(part: &[&str], rounds: usize, name: &'static str, after: impl Fn(&Place)) {
    let mock = MockProcess::start(&["--seed", "4"]);
    let whole = Gate::start(&mock.url, 0, name);
    assert_eq!(whole.run(&Place::new(), part), Some(0));
    let (requests, start) = (whole.gateway.requests().len(), everything(&mock));
    let mut random = StdRng::seed_from_u64(20);
    let mut left = 0;
    for _ in 0..rounds {
        let (place, moment) = (Place::new(), random.random_range(1..requests));
        let gate = Gate::start(&mock.url, moment, name);
        let code = gate.run(&place, part);
        assert_eq!(code, if name == "KILL" { None } else { Some(130) }, "at request {moment} of {requests}");
        left += usize::from(everything(&mock) != start);
        after(&place);
        assert!(everything(&mock) == start, "at request {moment} of {requests} the org is not what it was");
        assert!(!place.files().keys().any(|file| file.starts_with("reports/ledgers/")), "no ledger is left");
    }
    assert_eq!(left > 0, name == "KILL", "{left} of {rounds} runs left something");
}

/// Something is left after some of the moments.
fn sweep(place: &Place) {
    let swept = place.run(&["sweep", "--target", "here"]);
    assert_eq!(swept.code, 0, "{}{}", swept.out, swept.err);
}

#[test]
fn whenever_a_run_is_killed_a_sweep_makes_the_org_what_it_was() {
    end_runs(&PART, 6, "KILL", sweep);
}

#[test]
fn whenever_a_run_is_interrupted_the_org_is_what_it_was() {
    end_runs(&PART, 6, "INT", |_| {});
}

#[test]
#[ignore = "takes minutes"]
fn the_whole_suite_can_be_killed_at_any_moment() {
    end_runs(&["run"], 20, "KILL", sweep);
}

#[test]
#[ignore = "takes minutes"]
fn the_whole_suite_can_be_interrupted_at_any_moment() {
    end_runs(&["run"], 20, "INT", |_| {});
}
