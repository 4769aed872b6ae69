//! What a run leaves behind when it is killed, and how that is found and removed. A run is killed while it waits for an answer that is kept
//! from it; it is interrupted at a line of its event stream, which goes through a pipe: a run that is ahead of its reader waits.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use serde_json::{Value, json};

use super::{
    gateway::pass,
    server::{Answer, Request, Server, ask},
    support::{Done, MockProcess, PATIENCE, Place, TOKEN, finish, signal, text, watch},
};

/// Somebody else's servers, one of them named as if a run had made it.
const STATE: &str = "servers:
  - { id: aus1theirs0000000aaa, name: Theirs, description: Not ours, audiences: [\"api://theirs\"], created: 2020-01-01T00:00:00Z, rotationMode: MANUAL }
  - { id: aus2theirs0000000aaa, name: okc_zzzzzz_00001, description: Not ours, audiences: [\"api://theirs\"], created: 2020-01-01T00:00:00Z, rotationMode: MANUAL }
";

/// An org that others use, too.
fn org(place: &Place) -> MockProcess {
    place.write("state.yaml", STATE);
    MockProcess::start(&["--state", place.path("state.yaml").to_str().expect("a path")])
}

/// The ledgers that lie about.
fn ledgers(place: &Place) -> Vec<String> {
    let Ok(entries) = fs::read_dir(place.path("reports/ledgers")) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    names.collect()
}

/// A run that goes on, and its stream from here.
struct Running {
    child: Child,
    stream: BufReader<File>,
    /// While it is there, the run is ended when it outlives every patience.
    _watched: mpsc::Sender<()>,
}

/// A run against `url` that has written so many lines of its stream.
fn run_up_to(place: &Place, url: &str, lines: usize) -> Running {
    let pipe = place.path("pipe");
    if !pipe.exists() {
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    }
    let arguments =
        ["run", "authorization-servers/get", "policies/create", "rules/create", "scopes/create", "--target", url];
    let mut command = place.command(&[&arguments[..], &["--jobs", "4", "--quiet", "--events", "pipe"]].concat());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let watched = watch(child.id());
    // A pipe opens when both sides do; who never comes is not waited for.
    let (tell, opened) = mpsc::channel();
    thread::spawn(move || tell.send(File::open(pipe)));
    let stream = opened.recv_timeout(PATIENCE).expect("the run opens its stream").expect("a pipe");
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    for number in 0..lines {
        line.clear();
        assert!(stream.read_line(&mut line).expect("a line") > 0, "it ended after {number} lines");
    }
    Running { child, stream, _watched: watched }
}

fn kill(mut child: Child) {
    signal(child.id(), "KILL");
    child.wait().expect("its end");
}

fn sweep(place: &Place, url: &str, more: &[&str]) -> Done {
    place.run(&[&["sweep", "--target", url], more].concat())
}

fn ids(servers: &[Value]) -> BTreeSet<String> {
    servers.iter().map(|server| text(server, "id")).collect()
}

/// When a run is killed: at the request of this number that is so.
struct Moment {
    method: &'static str,
    /// How its path ends.
    end: &'static str,
    number: usize,
    /// Whether the org has done what it was asked for.
    done: bool,
    /// How many servers are left, and how what a sweep says of one of the things begins.
    left: (usize, &'static str),
}

const fn at(method: &'static str, end: &'static str, number: usize, done: bool, left: (usize, &'static str)) -> Moment {
    Moment { method, end, number, done, left }
}

const MOMENTS: [Moment; 7] = [
    at("GET", "", 1, true, (0, "0 removed")),
    at("POST", "/authorizationServers", 1, false, (0, "never made: ")),
    at("POST", "/authorizationServers", 1, true, (1, "removed authorization server ")),
    at("POST", "/authorizationServers", 5, true, (1, "removed authorization server ")),
    at("POST", "/policies", 2, true, (1, "removed authorization server ")),
    at("DELETE", "", 1, false, (1, "removed authorization server ")),
    at("DELETE", "", 3, true, (0, "already gone: ")),
];

/// An org behind a gateway, which keeps to itself the answer to the request of this number that is so, and tells that it has come.
fn holding(
    mock: &MockProcess,
    (number, done): (usize, bool),
    is_so: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> (Server, mpsc::Receiver<()>) {
    let (url, count, (tell, told)) = (mock.url.clone(), AtomicUsize::new(0), mpsc::channel());
    let gate = Server::start(move |request| {
        let now = is_so(request) && count.fetch_add(1, Ordering::SeqCst) + 1 == number;
        let answer = (!now || done).then(|| pass(&url, request));
        if now {
            tell.send(()).expect("somebody listens");
        }
        answer.filter(|_| !now)
    });
    (gate, told)
}

/// A run that is killed at this moment; there is never more than one request on its way.
fn kill_at(place: &Place, mock: &MockProcess, moment: &'static Moment) -> Server {
    let (gate, told) = holding(mock, (moment.number, moment.done), |request| {
        let path = request.target.split('?').next().unwrap_or_default();
        request.method == moment.method && path.ends_with(moment.end)
    });
    let parts = ["authorization-servers/get", "policies/create", "--jobs", "1", "--quiet", "--events", "none"];
    let mut command = place.command(&[&["run"], &parts[..], &["--target", &gate.url]].concat());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    let _watched = watch(child.id());
    told.recv_timeout(PATIENCE).expect("the moment comes");
    kill(child);
    gate
}

#[test]
fn what_a_killed_run_left_is_told_and_swept() {
    for moment in &MOMENTS {
        let Moment { method, end, number, left: (ours, said), .. } = moment;
        let when = format!("at {method} {end} number {number}, {ours} are left");
        let place = Place::new();
        let mock = org(&place);
        let start = mock.servers();
        let gate = kill_at(&place, &mock, moment);
        let left = mock.servers();
        assert_eq!(left.len() - start.len(), *ours, "{when}");
        let ledger = ledgers(&place);
        assert!(*ours == 0 || ledger.len() == 1, "{when}, and {ledger:?} knows them");

        if !ledger.is_empty() {
            let run = ledger[0].trim_end_matches(".jsonl");
            let next = place.run(&["run", "authorization-servers/get/same-as-created", "--target", &gate.url]);
            assert_eq!(next.code, 0, "{}{}", next.out, next.err);
            let warned = format!("warning: earlier runs may have left things on {}: {run} (", gate.url);
            assert!(next.err.contains(&warned), "{when}: {}", next.err);
            assert!(next.err.contains(&format!("`okta-conformance sweep --target {}`", gate.url)), "{}", next.err);
            assert_eq!(ledgers(&place), ledger, "the next run leaves it alone, and none of its own");
        }

        let dry = sweep(&place, &gate.url, &["--dry-run"]);
        assert_eq!(dry.code, 0, "{}", dry.err);
        let told = dry.out.lines().count() - 1;
        assert!(told >= *ours, "{when}: {}", dry.out);
        assert_eq!(mock.servers(), left, "a dry run removes nothing");
        assert_eq!(ledgers(&place), ledger);

        let swept = sweep(&place, &gate.url, &[]);
        assert_eq!(swept.code, 0, "{}{}", swept.out, swept.err);
        let ended = ["removed ", "already gone: ", "never made: "]
            .map(|word| swept.out.lines().filter(|line| line.starts_with(word)).count());
        assert_eq!(ended.iter().sum::<usize>(), told, "{}", swept.out);
        assert!(swept.out.lines().any(|line| line.starts_with(said)), "{when}: {}", swept.out);
        assert!(swept.out.ends_with(&format!(", 0 left, on {}\n", gate.url)), "{}", swept.out);
        assert_eq!(mock.servers(), start, "{when}: the org is as it was");
        assert_eq!(ledgers(&place), [""; 0]);
        let again = sweep(&place, &gate.url, &[]);
        assert_eq!((again.code, again.out), (0, format!("0 removed, 0 left, on {}\n", gate.url)));
    }
}

#[test]
fn an_interrupted_run_leaves_neither_things_nor_a_ledger() {
    for lines in [1, 6, 40, 150] {
        let place = Place::new();
        let mock = org(&place);
        let start = mock.servers();
        let mut run = run_up_to(&place, &mock.url, lines);
        signal(run.child.id(), "INT");
        let mut last = String::new();
        for line in (&mut run.stream).lines() {
            last = line.expect("a line");
        }
        assert_eq!(finish(run.child).code, 130);
        let footer: Value = serde_json::from_str(&last).expect("an event");
        assert_eq!(footer["stopped"], "interrupt", "after {lines}: {footer}");
        assert_eq!(mock.servers(), start, "after {lines}");
        assert_eq!(ledgers(&place), [""; 0], "after {lines}");
    }
}

#[test]
fn the_ledger_of_a_run_that_is_going_on_is_left_alone() {
    let place = Place::new();
    let mock = org(&place);
    let start = mock.servers();
    // The first get of a server.
    let (gate, told) = holding(&mock, (1, true), |request| {
        let below = request.target.strip_prefix("/api/v1/authorizationServers/");
        below.is_some_and(|id| id != "default") && request.method == "GET"
    });
    let mut command = place.command(&["run", "authorization-servers/get/same-as-created", "--target", &gate.url]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    told.recv_timeout(PATIENCE).expect("a request that is held");
    let (ledger, made) = (ledgers(&place), mock.servers());
    assert_eq!((ledger.len(), made.len()), (1, start.len() + 1), "it made something and wrote that down");

    let swept = sweep(&place, &gate.url, &[]);
    assert_eq!((swept.code, swept.out), (0, format!("0 removed, 0 left, on {}\n", gate.url)));
    let by_name = sweep(&place, &gate.url, &["--by-name", "--prefix", "okc_"]);
    assert!(!by_name.out.contains(&text(made.last().expect("a server"), "id")), "what is young may be in use");
    let next =
        place.run(&["run", "authorization-servers/get/same-as-created", "--target", &gate.url, "--events", "none"]);
    assert_eq!((next.code, next.told().as_str()), (0, ""), "{}", next.out);
    let theirs = "aus2theirs0000000aaa";
    let without_theirs =
        |servers: Vec<Value>| servers.into_iter().filter(|server| server["id"] != theirs).collect::<Vec<_>>();
    assert_eq!(without_theirs(mock.servers()), without_theirs(made));
    assert_eq!(ledgers(&place), ledger);

    // The lock goes with the process.
    kill(child);
    let swept = sweep(&place, &gate.url, &[]);
    assert_eq!(swept.code, 0, "{}", swept.err);
    assert!(swept.out.contains("authorization-servers/get/same-as-created)"), "{}", swept.out);
    assert_eq!(without_theirs(mock.servers()), without_theirs(start));
    assert_eq!(ledgers(&place), [""; 0]);
}

/// Makes a server, as a run or somebody else would.
fn make(mock: &MockProcess, name: &str) -> String {
    let body = json!({ "name": name, "description": "Made by a test", "audiences": ["api://default"] }).to_string();
    let (authorization, length) = (format!("SSWS {TOKEN}"), body.len().to_string());
    let headers =
        [("Authorization", &*authorization), ("Content-Type", "application/json"), ("Content-Length", &*length)];
    let answer = ask(&mock.url, "POST", "/api/v1/authorizationServers", &headers, body.as_bytes());
    assert_eq!(answer.status, 201);
    text(&serde_json::from_slice(&answer.body).expect("a server"), "id")
}

#[test]
fn a_sweep_by_name_takes_what_is_old_and_named_so() {
    let place = Place::new();
    let mock = org(&place);
    let young = make(&mock, "okc_aaaaaa_00001");
    let other = make(&mock, "Not okc_aaaaaa_00002");
    let gone = |done: &Done, before: &[Value]| {
        assert_eq!(done.code, 0, "{}", done.err);
        let (before, after) = (ids(before), ids(&mock.servers()));
        before.difference(&after).cloned().collect::<Vec<_>>()
    };
    let all = mock.servers();
    assert_eq!(
        gone(&sweep(&place, &mock.url, &[]), &all),
        [""; 0],
        "without being asked for, nothing goes by its name"
    );
    let dry = sweep(&place, &mock.url, &["--by-name", "--dry-run", "--older-than", "0s"]);
    assert!(dry.out.ends_with(&format!("2 to remove, 0 left, on {}\n", mock.url)), "{}", dry.out);
    assert_eq!(gone(&dry, &all), [""; 0]);
    assert_eq!(gone(&sweep(&place, &mock.url, &["--by-name"]), &all), ["aus2theirs0000000aaa"], "the young stays");
    assert_eq!(
        gone(&sweep(&place, &mock.url, &["--by-name", "--prefix", "okc_b", "--older-than", "0s"]), &mock.servers()),
        [""; 0]
    );
    let before = mock.servers();
    assert_eq!(gone(&sweep(&place, &mock.url, &["--by-name", "--older-than", "0s"]), &before), [young]);
    assert!(ids(&mock.servers()).contains(&other));
    let wide = sweep(&place, &mock.url, &["--by-name", "--prefix", "ok"]);
    assert_eq!((wide.code, wide.out.as_str()), (3, ""), "{}", wide.err);
}

#[test]
fn a_sweep_by_name_knows_the_prefix_of_the_settings() {
    let place = Place::new();
    let mock = MockProcess::start(&[]);
    let (ours, other) = (make(&mock, "okc-nightly_aaaaaa_00001"), make(&mock, "okc_aaaaaa_00001"));
    place.write("okta-conformance.toml", &format!("[targets.here]\nurl = {:?}\nprefix = \"okc-nightly\"\n", mock.url));
    let swept = place.run(&["sweep", "--target", "here", "--by-name", "--older-than", "0s"]);
    assert_eq!(swept.code, 0, "{}", swept.err);
    let left = ids(&mock.servers());
    assert!(!left.contains(&ours) && left.contains(&other), "{}", swept.out);
}

#[test]
fn what_cannot_be_removed_stays_in_its_ledger() {
    let place = Place::new();
    let mock = org(&place);
    let start = mock.servers();
    let locked = Arc::new(AtomicBool::new(true));
    let (url, lock) = (mock.url.clone(), Arc::clone(&locked));
    let gate = Server::start(move |request| {
        if request.method == "DELETE" && lock.load(Ordering::SeqCst) {
            return Some(Answer::json(403, &json!({ "errorCode": "E0000006" })));
        }
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(ask(&url, &request.method, &request.target, &headers, &request.body))
    });
    // The run itself cannot remove it either, and says so.
    let done =
        place.run(&["run", "authorization-servers/get/same-as-created", "--target", &gate.url, "--format", "json"]);
    assert_eq!(done.json()["leaked"], 1, "{}", done.err);
    let ledger = ledgers(&place);
    assert_eq!(ledger.len(), 1, "what leaked is written down");

    let swept = sweep(&place, &gate.url, &[]);
    assert_eq!(swept.code, 2, "{}", swept.out);
    assert!(swept.out.contains(": answered 403\n0 removed, 1 left, on "), "{}", swept.out);
    assert_eq!(ledgers(&place), ledger);
    assert_eq!(sweep(&place, &mock.url, &[]).out, format!("0 removed, 0 left, on {}\n", mock.url), "of another target");

    locked.store(false, Ordering::SeqCst);
    let swept = sweep(&place, &gate.url, &[]);
    assert_eq!(swept.code, 0, "{}", swept.out);
    assert_eq!((mock.servers(), ledgers(&place)), (start, vec![]));
}

#[test]
fn a_sweep_says_what_it_removed_and_what_was_gone() {
    let place = Place::new();
    let mock = org(&place);
    let there = make(&mock, "okc_abcdef_00001");
    let head = |origin: &str| json!({ "ledger": "run", "origin": origin, "run": "abcdef", "names": "okc_abcdef_", "started": "2026-01-01T00:00:00Z" });
    let made = |number: usize, method: &str, path: &str| {
        let path = format!("/api/v1/authorizationServers/{path}");
        let removal = json!({ "method": method, "path": path, "principal": "manager", "trial": "a/b/c" });
        json!({ "ledger": "made", "number": number, "removal": removal })
    };
    let lines = |origin: &str| {
        let removals = [
            made(1, "DELETE", &there),
            made(2, "DELETE", &format!("{there}/scopes/scp1")),
            made(3, "POST", &format!("{there}/lifecycle/deactivate")),
        ];
        format!("{}\n{}\n{}\n{}\n", head(origin), removals[0], removals[1], removals[2])
    };
    place.write("reports/ledgers/abcdef.jsonl", &lines(&mock.url));
    let not_ours = "the suite does not list this request as a removal";
    let dry = sweep(&place, &mock.url, &["--dry-run"]);
    let said = [
        format!("would leave authorization server {there} (run abcdef, a/b/c): {not_ours}"),
        "would remove scope scp1 (run abcdef, a/b/c)".to_owned(),
        format!("would remove authorization server {there} (run abcdef, a/b/c)"),
        format!("2 to remove, 1 left, on {}\n", mock.url),
    ];
    assert_eq!((dry.code, dry.out), (2, said.join("\n")), "{}", dry.err);
    let swept = sweep(&place, &mock.url, &[]);
    let said = [
        format!("left authorization server {there} (run abcdef, a/b/c): {not_ours}"),
        "already gone: scope scp1 (run abcdef, a/b/c)".to_owned(),
        format!("removed authorization server {there} (run abcdef, a/b/c)"),
        format!("1 removed, 1 already gone, 1 left, on {}\n", mock.url),
    ];
    assert_eq!((swept.code, swept.out), (2, said.join("\n")), "{}", swept.err);

    // A target that is not there tells nothing, so nothing is removed and nothing forgotten.
    let nowhere = "http://127.0.0.1:1";
    assert_eq!(sweep(&place, nowhere, &[]).code, 0, "nothing is asked where there is nothing to remove");
    place.write("reports/ledgers/abcdef.jsonl", &lines(nowhere));
    for more in [&[][..], &["--dry-run"]] {
        let swept = sweep(&place, nowhere, more);
        assert_eq!((swept.code, swept.out.as_str()), (2, ""), "{}", swept.err);
        assert!(
            swept.told().starts_with("error: it is not known what is left, so nothing was removed: "),
            "{}",
            swept.err
        );
    }
    assert_eq!(ledgers(&place), ["abcdef.jsonl"]);
}

#[test]
fn what_cannot_be_written_down_is_not_made() {
    let place = Place::new();
    let mock = org(&place);
    let gate = Server::proxy(&mock.url, |_, _| {});
    // The place of the directory is taken.
    place.write("reports/ledgers", "");
    let done = place.run(&["run", "authorization-servers/get/same-as-created", "--target", &gate.url]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.err.contains("cannot write the ledger") && done.err.contains("in reports/ledgers: "), "{}", done.err);
    assert_eq!(gate.lines(), [""; 0]);
}

#[test]
fn the_embedded_mock_needs_no_ledger() {
    let place = Place::new();
    assert_eq!(place.run(&["run", "authorization-servers/get", "--quiet"]).code, 0);
    assert_eq!(ledgers(&place), [""; 0]);
}

#[test]
fn what_is_removed_with_a_body_is_swept_with_it() {
    let locked = Arc::new(AtomicBool::new(true));
    let (lock, name) = (Arc::clone(&locked), Mutex::new(Value::Null));
    let server = Server::start(move |request| {
        let mut name = name.lock().expect("a name");
        if request.method == "POST" {
            *name = request.json()["name"].clone();
        }
        let thing = json!({ "id": "thi1", "name": *name, "color": "red" });
        Some(match request.method.as_str() {
            "POST" => Answer::json(201, &thing),
            "GET" if request.target == "/api/v1/things" && name.is_null() => Answer::json(200, &json!([])),
            "GET" if request.target == "/api/v1/things" => Answer::json(200, &json!([thing])),
            "GET" => Answer::json(200, &thing),
            _ if lock.load(Ordering::SeqCst) => Answer::new(403, "{}"),
            _ => Answer::new(204, ""),
        })
    });
    let place = Place::with_suite(&[]);
    let table = place.read("suite/schemas/operations.yaml");
    let sweep = "  sweep: [{ list: /api/v1/things, names: name, created: created, delete: \"/api/v1/things/{id}\" }]\n  errors:\n";
    place.write("suite/schemas/operations.yaml", &table.replacen("  errors:\n", sweep, 1));
    let cases = r#"area: things
topic: bodies
profile: core
cases:
  - id: made
    title: What is made is removed for a reason
    requirements: [things.work]
    steps:
      - call: createThing
        body: { name: "${unique}" }
        capture: { id: "$.id" }
        defer: [{ call: deleteThing, path: { thingId: "${id}" }, body: { reason: "${id} is not needed" } }]
"#;
    place.write("suite/cases/things/bodies.yaml", cases);
    let arguments = ["--suite", "suite", "--target", &server.url];
    place.run(&[&["run"], &arguments[..]].concat());
    locked.store(false, Ordering::SeqCst);
    let swept = place.run(&[&["sweep"], &arguments[..]].concat());
    assert_eq!(swept.code, 0, "{}{}", swept.out, swept.err);
    let removals: Vec<(String, Value)> = server
        .requests()
        .iter()
        .filter(|request| request.method == "DELETE")
        .map(|request| (request.line(), request.json()))
        .collect();
    let one = ("DELETE /api/v1/things/thi1".to_owned(), json!({ "reason": "thi1 is not needed" }));
    assert_eq!(removals, [one.clone(), one], "by the run, and by the sweep");
}
