//! Runs that end at moments that nobody chose: by `kill -9`, after which a sweep makes the org what it was, and by an interrupt, after
//! which it is that already. Moments are counted in requests, at a gate in front of the org.

use std::{
    process::Stdio,
    sync::{
        Arc, Condvar, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::{
    server::{Server, ask},
    support::{MockProcess, Place, TOKEN, finish, signal},
};

/// Cases that make servers and what belongs to them, in a hundred requests.
const PART: [&str; 4] = ["run", "policies/delete", "rules/lifecycle", "associated-servers/*/a*"];

/// Lets requests through to an org; when one of a number comes, the run gets a signal.
struct Gate {
    server: Server,
    run: Arc<OnceLock<u32>>,
    /// Requests that the org is working on.
    busy: Arc<(Mutex<usize>, Condvar)>,
}

impl Gate {
    fn start(url: &str, moment: usize, name: &'static str) -> Self {
        let (run, url) = (Arc::<OnceLock<u32>>::default(), url.to_owned());
        let busy = Arc::<(Mutex<usize>, Condvar)>::default();
        let (victim, working, count) = (Arc::clone(&run), Arc::clone(&busy), AtomicUsize::new(0));
        let server = Server::start(move |request| {
            *working.0.lock().expect("no panic") += 1;
            let now = count.fetch_add(1, Ordering::SeqCst) + 1 == moment;
            // At every other moment, the request of that moment comes to the org all the same, and its answer to nobody.
            let hit = || now.then(|| signal(*victim.wait(), name));
            if moment.is_multiple_of(2) {
                hit();
            }
            let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = ask(&url, &request.method, &request.target, &headers, &request.body);
            if !moment.is_multiple_of(2) {
                hit();
            }
            *working.0.lock().expect("no panic") -= 1;
            working.1.notify_all();
            Some(answer)
        });
        Self { server, run, busy }
    }

    /// Runs until the signal ends it, and the org has nothing more to do; gives the exit code.
    fn run(&self, place: &Place, part: &[&str]) -> Option<i32> {
        let capabilities = "[\"associated-servers\", \"resource-server-keys\"]";
        let settings = format!("[targets.here]\nurl = {:?}\ncapabilities = {capabilities}\n", self.server.url);
        place.write("okta-conformance.toml", &settings);
        let arguments = [part, &["--target", "here", "--quiet", "--events", "none", "--jobs", "4"]].concat();
        let mut command = place.command(&arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        self.run.set(child.id()).expect("one run");
        let code = finish(child).code;
        let busy = self.busy.0.lock().expect("no panic");
        drop(self.busy.1.wait_while(busy, |busy| *busy > 0).expect("no panic"));
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
    let (requests, start) = (whole.server.lines().len(), everything(&mock));
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
