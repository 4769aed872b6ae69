//! An org that others use: what is theirs, all that the org holds, and what a run or a sweep has made of it. The org is asked itself, and
//! never through the gateway that a run goes through.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    fs,
    sync::OnceLock,
};

use serde_json::{Value, json};

use super::{
    gateway::{Gateway, SERVERS},
    server::{Answer, ask},
    support::{Done, MockProcess, PATIENCE, Place, TOKEN, finish_within, text},
};

/// Six servers of a person that are named almost as a run names its own, and what one of them holds. The names of the last three say it in
/// an audience, a description, and in the middle.
const THEIRS: &str = r#"servers:
  - id: aus1theirs0000000aaa
    name: okc_production
    description: Used by everybody
    audiences: ["api://production"]
    created: 2020-01-01T00:00:00Z
    rotationMode: MANUAL
    scopes: [{ id: scp1theirs0000000aaa, name: "orders:read" }]
    claims: [{ id: ocl1theirs0000000aaa, name: tier, claimType: RESOURCE, valueType: EXPRESSION, value: "\"gold\"" }]
    policies:
      - id: 00p1theirs0000000aaa
        name: okc_policy
        rules: [{ id: 0pr1theirs0000000aaa, name: okc_rule, conditions: { grantTypes: { include: [client_credentials] }, scopes: { include: ["*"] } } }]
  - { id: aus2theirs0000000aaa, name: okc_backup_eu, audiences: ["api://backup"], created: 2020-01-02T00:00:00Z, rotationMode: MANUAL }
  - { id: aus3theirs0000000aaa, name: OKC_abc234_00001, audiences: ["api://upper"], created: 2020-01-03T00:00:00Z, rotationMode: MANUAL }
  - { id: aus4theirs0000000aaa, name: Audience, audiences: ["okc_abc234_00001"], created: 2020-01-04T00:00:00Z, rotationMode: MANUAL }
  - { id: aus5theirs0000000aaa, name: Description, description: okc_abc234_00001, audiences: ["api://text"], created: 2020-01-05T00:00:00Z, rotationMode: MANUAL }
  - { id: aus6theirs0000000aaa, name: Our okc_abc234_00001, audiences: ["api://middle"], created: 2020-01-06T00:00:00Z, rotationMode: MANUAL }
"#;

/// The first of them.
pub(crate) const THEIR_FIRST: &str = "aus1theirs0000000aaa";

/// What belongs to a server.
const PARTS: [&str; 7] = [
    "scopes",
    "claims",
    "policies",
    "clients",
    "associatedServers",
    "credentials/keys",
    "resourceservercredentials/keys",
];

/// An org, and how it was at the start.
pub(crate) struct Org {
    pub(crate) mock: MockProcess,
    start: BTreeMap<String, Value>,
    _state: Place,
}

impl Org {
    /// With the servers of that person, and the default server.
    pub(crate) fn start() -> Self {
        let state = Place::new();
        state.write("state.yaml", THEIRS);
        let file = state.path("state.yaml");
        let file = file.to_str().expect("a path");
        let mock = MockProcess::start(&["--state", file, "--rate-limit", "1000000", "--seed", "4"]);
        let mut org = Self { mock, start: BTreeMap::new(), _state: state };
        org.start = org.everything();
        org
    }

    /// What is there now is what is there at the start.
    pub(crate) fn starts_now(&mut self) {
        self.start = self.everything();
    }

    /// Asks the org as its administrator.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let (authorization, body) = (format!("SSWS {TOKEN}"), body.map(Value::to_string).unwrap_or_default());
        let length = body.len().to_string();
        let headers =
            [("Authorization", &*authorization), ("Content-Type", "application/json"), ("Content-Length", &*length)];
        ask(&self.mock.url, method, path, &headers, body.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, None);
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {} {error}", answer.status))
    }

    /// Makes a server, as a run or somebody else would.
    pub(crate) fn make(&self, server: &Value) -> String {
        let answer = self.ask("POST", SERVERS, Some(server));
        assert_eq!(answer.status, 201, "{server}");
        text(&serde_json::from_slice(&answer.body).expect("a server"), "id")
    }

    /// All that it holds, each thing by its path: the servers, and what belongs to that person's and to the default server.
    pub(crate) fn everything(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        let servers = self.get(&format!("{SERVERS}?limit=200"));
        let servers = servers.as_array().expect("a list");
        assert!(servers.len() < 200, "more than a page of servers is left");
        for server in servers {
            let id = text(server, "id");
            let path = format!("{SERVERS}/{id}");
            let deep = server["default"] == true || id.contains("theirs");
            for part in PARTS.into_iter().filter(|_| deep) {
                let things = self.get(&format!("{path}/{part}"));
                if part == "policies" {
                    for policy in things.as_array().expect("a list") {
                        let rules = format!("{path}/policies/{}/rules", text(policy, "id"));
                        all.insert(rules.clone(), self.get(&rules));
                    }
                }
                all.insert(format!("{path}/{part}"), things);
            }
            all.insert(path, server.clone());
        }
        all
    }

    /// In what the org differs from its start, in a line each.
    pub(crate) fn changes(&self) -> Vec<String> {
        let now = self.everything();
        let server = |path: &str| path.matches('/').count() == 4;
        let gone = self.start.iter().filter(|(path, _)| server(path) && !now.contains_key(*path));
        let mut lines: Vec<String> = gone.map(|(path, thing)| format!("gone: {path}: {}", thing["name"])).collect();
        for (path, thing) in &now {
            match self.start.get(path) {
                Some(before) => lines.extend(difference(before, thing).map(|what| format!("changed: {path}: {what}"))),
                // What belongs to a new server is new, too.
                None if server(path) => lines.push(format!("left: {path}: {}", thing["name"])),
                None => {}
            }
        }
        lines
    }

    /// How many servers there are that were not there at the start.
    pub(crate) fn left(&self) -> usize {
        self.changes().iter().filter(|line| line.starts_with("left: ")).count()
    }

    /// The names of the servers that a run has made and that are there now.
    pub(crate) fn left_by(&self, ran: &Ran) -> Vec<String> {
        let servers = self.get(&format!("{SERVERS}?limit=200"));
        let names = servers.as_array().expect("a list").iter().map(|server| text(server, "name"));
        let own = format!("_{}_", ran.json["run"].as_str().unwrap_or("unknown"));
        names.filter(|name| name.contains(&own)).collect()
    }
}

/// In what a thing differs from what it was; the members, where it has some.
fn difference(before: &Value, now: &Value) -> Option<String> {
    if before == now {
        return None;
    }
    let (Some(old), Some(new)) = (before.as_object(), now.as_object()) else {
        return Some(format!("{before} to {now}"));
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    Some(changed.map(|name| format!("{name}: {} to {}", before[name], now[name])).collect::<Vec<_>>().join(", "))
}

/// What the mock has that a target may lack.
pub(crate) const ALL: [&str; 2] = ["associated-servers", "resource-server-keys"];

/// Settings with the target `here` at `url`.
pub(crate) fn target(place: &Place, url: &str, capabilities: &[&str]) {
    place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {url:?}\ncapabilities = {capabilities:?}\n"));
}

/// The ledgers that lie about, by their names.
pub(crate) fn ledgers(place: &Place) -> Vec<String> {
    let Ok(entries) = fs::read_dir(place.path("reports/ledgers")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let ledgers = paths.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let mut names: Vec<String> = ledgers.map(|path| path.file_name().expect("a name").display().to_string()).collect();
    names.sort_unstable();
    names
}

/// A run through a gateway, and the object that it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) done: Done,
    pub(crate) json: Value,
}

/// Runs these trials against `here`, in one process and with nothing kept for others.
pub(crate) fn run(place: &Place, gateway: &Gateway, arguments: &[&str]) -> Ran {
    if !place.path("okta-conformance.toml").exists() {
        target(place, &gateway.url, &ALL);
    }
    let common = ["--target", "here", "--format", "json", "--keep", "0"];
    Ran::of(place.run(&[&["run"], arguments, &common].concat()), gateway)
}

/// Runs these trials against `here` until somebody kills the run, who learns its process from `victim`, and until the org has nothing more to
/// do; gives its end, if it came to one.
pub(crate) fn run_to_be_killed(place: &Place, gateway: &Gateway, arguments: &[&str], victim: &OnceLock<u32>) -> Ran {
    let common = ["--target", "here", "--format", "json", "--keep", "0"];
    let child = place.command(&[&["run"], arguments, &common].concat()).spawn().expect("the program starts");
    victim.set(child.id()).expect("one run");
    Ran::of(finish_within(child, 10 * PATIENCE), gateway)
}

/// Sweeps `here`.
pub(crate) fn sweep(place: &Place, more: &[&str]) -> Done {
    place.run(&[&["sweep", "--target", "here"], more].concat())
}

impl Ran {
    /// A run that has ended, once the org has nothing more to do.
    pub(crate) fn of(done: Done, gateway: &Gateway) -> Self {
        gateway.settle();
        let json = serde_json::from_str(&done.out).unwrap_or_default();
        Self { done, json }
    }

    /// A count of the summary; none where there is no such member.
    pub(crate) fn count(&self, pointer: &str) -> Option<u64> {
        self.json.pointer(pointer).and_then(Value::as_u64)
    }

    /// What the run says of itself, in a line.
    pub(crate) fn line(&self) -> String {
        let told = json!({
            "exit": self.done.code,
            "trials": self.json["trials"].as_object().map(|all| {
                all.iter().filter(|(_, count)| *count != 0).collect::<BTreeMap<_, _>>()
            }),
            "leaked": self.json["leaked"],
            "may_be_left": self.json["may_be_left"],
            "stderr": self.done.err.lines().last(),
        });
        told.to_string()
    }
}

/// Statements that do not hold, collected, so that one test tells all of them.
#[derive(Debug, Default)]
pub(crate) struct Wrong(Vec<String>);

impl Wrong {
    pub(crate) fn unless(&mut self, holds: bool, otherwise: impl Display) {
        if !holds {
            self.0.push(otherwise.to_string());
        }
    }

    /// What a run made is gone and nothing is said to be left, or else it says so and keeps its ledger.
    pub(crate) fn unless_accounted(&mut self, org: &Org, place: &Place, ran: &Ran) {
        let (left, ledgers) = (org.left_by(ran), ledgers(place));
        let told = ["/leaked", "/may_be_left"].map(|count| ran.count(count));
        let [leaked, open] = told.map(Option::unwrap_or_default);
        self.unless(told[1].is_some(), "the summary has no member may_be_left");
        self.unless(left.len() as u64 <= leaked + open, format!("{told:?} told, and left are {left:?}"));
        self.unless(
            open == 0 || ran.done.code == 2,
            format!("{open} may be left, and the exit code is {}", ran.done.code),
        );
        let kept = usize::from(leaked + open > 0);
        self.unless(ledgers.len() == kept, format!("{told:?} told, and these ledgers are kept: {ledgers:?}"));
    }

    /// Nothing is left, nothing is said to be left, and no ledger lies about.
    pub(crate) fn unless_clean(&mut self, org: &Org, place: &Place, ran: &Ran) {
        let told = ["/leaked", "/may_be_left"].map(|count| ran.count(count));
        self.unless(told == [Some(0), Some(0)], format!("leaked and may_be_left: {told:?}"));
        let (left, ledgers) = (org.left_by(ran), ledgers(place));
        self.unless(left.is_empty(), format!("left: {left:?}"));
        self.unless(ledgers.is_empty(), format!("these ledgers are left: {ledgers:?}"));
    }

    /// The org is what it was at the start.
    pub(crate) fn unless_unchanged(&mut self, org: &Org) {
        let changes = org.changes();
        self.unless(changes.is_empty(), format!("the org is not as at the start: {changes:#?}"));
    }

    /// Adds what did not hold elsewhere; gives it in lines, to be printed as it comes.
    pub(crate) fn add(&mut self, other: Self) -> String {
        let lines = other.0.join("\n");
        self.0.extend(other.0);
        lines
    }

    /// Ends the test, if anything did not hold.
    pub(crate) fn end(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }

    /// What did not hold in one of several scenarios, with what the run said.
    fn of(self, scenario: &str, said: &str) -> Vec<String> {
        let head = (!self.0.is_empty()).then(|| format!("{scenario}: {said}"));
        head.into_iter().chain(self.0.into_iter().map(|line| format!("    {line}"))).collect()
    }
}

/// Plays scenarios at the same time and on one org, since most of them wait; each gives what the program said. At the end the org is what it
/// was.
pub(crate) fn play<S: Sync>(scenarios: &[(&str, S)], scene: impl Fn(&S, &Org, &mut Wrong) -> String + Sync) {
    let org = &Org::start();
    let play = |(name, scenario): &(&str, S)| {
        let mut wrong = Wrong::default();
        let said = scene(scenario, org, &mut wrong);
        wrong.of(name, &said)
    };
    let all = std::thread::scope(|scope| {
        let play = &play;
        let playing: Vec<_> = scenarios.iter().map(|scenario| scope.spawn(move || play(scenario))).collect();
        let ended = playing.into_iter().zip(scenarios);
        let lines =
            ended.flat_map(|(scene, (name, _))| scene.join().unwrap_or_else(|_| vec![format!("{name}: panic")]));
        lines.collect()
    });
    let mut wrong = Wrong(all);
    wrong.unless_unchanged(org);
    wrong.end();
}
