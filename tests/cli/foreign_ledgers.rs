//! Ledgers that no run wrote so: broken ones are told and not read without a limit, and what hostile ones ask for is not carried out.

use std::{
    fs::{self, File},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

use super::{
    gateway::{Fate, Gateway, Manner, Once, SERVERS},
    org::{Org, THEIR_FIRST, Wrong, ledgers, run, sweep, target},
    server::{Answer, Server},
    support::{Done, Place, copy, text},
};

const TRIAL: &str = "authorization-servers/get/same-as-created";

/// The program, with so much memory to address as it needs many times over, but not the size of a ledger.
fn within_memory(place: &Place, arguments: &[&str]) -> Done {
    place.run_within("ulimit -v 1500000", arguments)
}

fn sparse(place: &Place, name: &str) {
    let file = File::options().append(true).create(true).open(place.path(name)).expect("a file");
    file.set_len(2 << 30).expect("a sparse file");
}

#[test]
fn a_ledger_that_says_nothing_is_told() {
    let mut wrong = Wrong::default();
    let org = Org::start();
    let head = json!({ "ledger": "run", "origin": org.mock.url, "run": "abc234", "names": "okc_abc234_", "started": "2026-01-01T00:00:00Z" });
    let head = format!("{head}\n");
    let cut = &head[..head.len() / 2];
    let cases: [(&str, String, bool); 6] = [
        ("empty", String::new(), false),
        ("cut", cut.to_owned(), false),
        ("nuls", "\0".repeat(4096), false),
        ("nuls-behind-a-line", format!("{head}{}", "\0".repeat(4096)), false),
        ("huge", String::new(), true),
        ("huge-behind-a-line", head.clone(), true),
    ];
    let place = Place::new();
    target(&place, &org.mock.url, &[]);
    for (name, content, large) in &cases {
        let file = format!("reports/ledgers/{name}.jsonl");
        place.write(&file, content);
        if *large {
            sparse(&place, &file);
        }
    }
    let lying = ledgers(&place);
    let ran = within_memory(&place, &["run", TRIAL, "--target", "here"]);
    let swept = within_memory(&place, &["sweep", "--target", "here"]);
    for (name, _, _) in &cases {
        let told = |done: &Done| done.err.contains(&format!("reports/ledgers/{name}.jsonl"));
        wrong.unless(told(&ran), format!("{name}: a run does not tell"));
        wrong.unless(told(&swept), format!("{name}: a sweep does not tell"));
    }
    wrong.unless(ran.code == 0, format!("a run goes on: exit {}, {}", ran.code, ran.err));
    wrong.unless(swept.code == 2, format!("exit {} of a sweep: {}{}", swept.code, swept.out, swept.err));
    wrong.unless(ledgers(&place) == lying, format!("these are left of {lying:?}: {:?}", ledgers(&place)));
    wrong.unless_unchanged(&org);
    wrong.end();
}

/// Requests that no run makes to remove what it made, and that would change what a person has. `FIRST` is the person's first server, `OURS`
/// one that has a run's name.
const HOSTILE: &[(&str, &str)] = &[
    ("DELETE", "/FIRST"),
    ("DELETE", "/FIRST/policies/00p1theirs0000000aaa"),
    ("DELETE", "/FIRST/policies/00p1theirs0000000aaa/rules/0pr1theirs0000000aaa"),
    ("DELETE", "/FIRST/scopes/scp1theirs0000000aaa"),
    ("DELETE", "/FIRST/claims/ocl1theirs0000000aaa"),
    ("DELETE", "/aus3theirs0000000aaa"),
    ("DELETE", "/aus4theirs0000000aaa"),
    ("DELETE", "/aus6theirs0000000aaa"),
    ("DELETE", "/FIRST?force=true"),
    ("DELETE", "/FIRST/"),
    ("DELETE", "//FIRST"),
    ("DELETE", "/OURS/../FIRST"),
    ("DELETE", "/OURS/%2e%2e/FIRST"),
    ("DELETE", "/OURS/%2E%2e/FIRST"),
    ("DELETE", "/OURS/..%2fFIRST"),
    ("DELETE", "/OURS/.%2e/FIRST/policies/00p1theirs0000000aaa"),
    ("DELETE", "/OURS/policies/../../FIRST"),
    ("DELETE", "/OURS\\..\\FIRST"),
    ("DELETE", "/./FIRST"),
    ("DELETE", "/%61us1theirs0000000aaa"),
    ("DELETE", "/FIRST#/OURS"),
    ("DELETE", "/default"),
    ("DELETE", "/%64efault/scopes/scp1"),
    ("PUT", "/FIRST"),
    ("PUT", "/OURS/../FIRST"),
    ("PUT", "/FIRST/policies/00p1theirs0000000aaa"),
    ("PATCH", "/FIRST"),
    ("POST", "/FIRST/lifecycle/deactivate"),
    ("POST", "/FIRST/lifecycle/activate"),
    ("POST", "/FIRST/policies/00p1theirs0000000aaa/lifecycle/deactivate"),
    ("POST", "/FIRST/credentials/lifecycle/keyRotate"),
    ("POST", "/FIRST/scopes"),
    ("POST", "/FIRST/policies"),
    ("POST", "/FIRST/associatedServers"),
    ("POST", ""),
    ("POST", "/default/lifecycle/deactivate"),
    ("POST", "/default/credentials/lifecycle/keyRotate"),
    ("POST", "/default/lifecycle/activate"),
];

/// The same, of operations that the suite does not describe.
const OUTSIDE: &[(&str, &str)] = &[
    ("DELETE", "/api/v1/users/00u1"),
    ("DELETE", "/api/v1/apps/0oa1"),
    ("POST", "/api/v1/users/00u1/lifecycle/deactivate"),
    ("PUT", "/api/v1/org"),
    ("DELETE", "http://127.0.0.1:1/api/v1/authorizationServers/aus1theirs0000000aaa"),
    ("DELETE", "@127.0.0.1:1/api/v1/authorizationServers/aus1theirs0000000aaa"),
];

/// A body with which each of the writes would be taken.
fn body(path: &str) -> Value {
    match path.rsplit('/').next().unwrap_or_default() {
        "scopes" => json!({ "name": "intruder" }),
        "policies" => {
            json!({ "type": "OAUTH_AUTHORIZATION_POLICY", "name": "intruder", "description": "a", "status": "ACTIVE", "priority": 1, "conditions": { "clients": { "include": ["ALL_CLIENTS"] } } })
        }
        "associatedServers" => json!({ "trusted": ["aus2theirs0000000aaa"] }),
        "keyRotate" => json!({ "use": "sig" }),
        _ => json!({ "name": "Taken over", "description": "a", "audiences": ["api://taken"] }),
    }
}

/// The requests that hostile lines ask for.
fn requests(ours: &str) -> Vec<(String, String, Value)> {
    let of_servers = HOSTILE.iter().map(|(method, path)| {
        let path = path.replace("FIRST", THEIR_FIRST).replace("OURS", ours);
        (*method, format!("{SERVERS}{path}"))
    });
    let outside = OUTSIDE.iter().map(|(method, path)| (*method, (*path).to_owned()));
    of_servers.chain(outside).map(|(method, path)| (method.to_owned(), path.clone(), body(&path))).collect()
}

/// A line of a ledger that a run wrote about its server `id`, turned into one that asks for something else; `number` tells it from the others.
fn turned(line: &Value, id: &str, (method, path, body): (&str, &str, &Value), number: usize) -> Value {
    let again = |value: &Value| turned(value, id, (method, path, body), number);
    match line {
        Value::String(text) if text == "DELETE" => method.into(),
        Value::String(text) if text.ends_with(&format!("/{id}")) => path.into(),
        Value::Array(items) => items.iter().map(again).collect(),
        Value::Object(members) => {
            let turned = members.iter().map(|(name, value)| (name.clone(), again(value)));
            let mut turned: serde_json::Map<_, _> = turned.collect();
            if let Some(old) = members.get("number").and_then(Value::as_u64) {
                turned.insert("number".to_owned(), json!(old + 100 * number as u64));
            }
            if members.contains_key("path") && method != "DELETE" {
                turned.insert("body".to_owned(), body.to_string().into());
            }
            turned.into()
        }
        other => other.clone(),
    }
}

/// A run whose clean-up the target refuses: its ledger is left, and one server with the run's name.
fn with_a_real_ledger(place: &Place, org: &Org) -> (Gateway, String, Vec<Value>) {
    let locked = Arc::new(AtomicBool::new(true));
    let lock = Arc::clone(&locked);
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        if call.request.method == "DELETE" && lock.load(Ordering::SeqCst) {
            return Fate::Answer(Answer::json(403, &json!({ "errorCode": "E0000006", "errorSummary": "no" })));
        }
        Fate::Answer(call.pass())
    });
    let ran = run(place, &gateway, &[TRIAL]);
    assert_eq!((ran.count("/leaked"), ledgers(place).len()), (Some(1), 1), "{}", ran.line());
    locked.store(false, Ordering::SeqCst);
    let ledger = place.read(&format!("reports/ledgers/{}", ledgers(place)[0]));
    let lines = ledger.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    let servers = org.get(&format!("{SERVERS}?q=okc_"));
    let ours = servers
        .as_array()
        .expect("a list")
        .iter()
        .filter(|server| server["description"] == "Made by a conformance run");
    let ours: Vec<String> = ours.map(|server| text(server, "id")).collect();
    assert_eq!(ours.len(), 1);
    (gateway, ours[0].clone(), lines)
}

#[test]
fn no_line_of_a_ledger_reaches_what_no_run_made() {
    let mut wrong = Wrong::default();
    for by_hand in [false, true] {
        let (place, mut org) = (Place::new(), Org::start());
        let (gateway, ours, lines) = with_a_real_ledger(&place, &org);
        org.starts_now();
        let (head, entries): (Vec<&Value>, Vec<&Value>) = lines.iter().partition(|line| is_head(line));
        let mut hostile: Vec<Value> = head.into_iter().cloned().collect();
        for (number, (method, path, body)) in requests(&ours).iter().enumerate() {
            let removal = json!({ "method": method, "path": path, "principal": "manager", "trial": "a/b/c", "body": body.to_string() });
            let made = json!({ "ledger": "made", "number": number + 1, "removal": removal });
            let real = entries.iter().map(|line| turned(line, &ours, (method, path, body), number));
            hostile.extend(if by_hand { vec![made] } else { real.collect() });
        }
        let text: String = hostile.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
        place.write(&format!("reports/ledgers/{}", ledgers(&place)[0]), &text);
        let before = gateway.writes().len();
        let swept = sweep(&place, &[]);
        let form = if by_hand { "by hand" } else { "as a run writes it" };
        let told = format!("{}{}", swept.out, swept.err);
        wrong.unless(swept.code == 2, format!("{form}: exit code {}: {told}", swept.code));
        wrong.unless(told.lines().count() > 1, format!("{form}: it is not told: {told}"));
        let writes = gateway.writes().split_off(before);
        let writes: Vec<_> = writes.into_iter().filter(|line| !line.ends_with(&format!("/{ours}"))).collect();
        wrong.unless(writes.is_empty(), format!("{form}: sent {writes:#?}"));
        let changes: Vec<_> = org.changes().into_iter().filter(|line| !line.contains(&ours)).collect();
        let short = changes.iter().map(|line| line.chars().take(100).collect::<String>());
        wrong.unless(changes.is_empty(), format!("{form}: {:#?}", short.collect::<Vec<_>>()));
        wrong.unless(ledgers(&place).len() == 1, format!("{form}: the ledger is gone"));
    }
    wrong.end();
}

/// Whether it is the line that says which run it is.
fn is_head(line: &Value) -> bool {
    line.get("origin").is_some()
}

/// What has no GET cannot be looked at, so it is told.
#[test]
fn what_cannot_be_looked_at_is_told_and_not_removed() {
    let mut wrong = Wrong::default();
    let locked = Arc::new(AtomicBool::new(true));
    let lock = Arc::clone(&locked);
    let server = Server::start(move |request| {
        Some(match request.method.as_str() {
            "POST" => Answer::json(201, &json!({ "id": "thi1", "name": "a", "color": "red" })),
            "DELETE" if !lock.load(Ordering::SeqCst) => Answer::new(204, ""),
            "DELETE" => Answer::json(403, &json!({ "errorCode": "E0000403", "text": "no" })),
            _ => Answer::json(404, &json!({ "errorCode": "E0000404", "text": "no" })),
        })
    });
    let place = Place::with_suite(&[]);
    place.write(
        "suite/cases/things/kept.yaml",
        "area: things
topic: kept
profile: core
cases:
  - id: made
    title: A thing is made
    requirements: [things.work]
    steps:
      - call: createThing
        body: { name: \"${unique}\" }
        capture: { id: $.id }
        defer: [{ call: deleteThing, path: { thingId: \"${id}\" } }]
",
    );
    let operations = place.read("suite/schemas/operations.yaml");
    let (before, after) =
        (operations.find("  - operationId: getThing"), operations.find("  - operationId: deleteThing"));
    let without = format!("{}{}", &operations[..before.expect("it")], &operations[after.expect("it")..]);
    place.write("suite/schemas/operations.yaml", &without);
    target(&place, &server.url, &[]);
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--no-preflight"]);
    assert_eq!(ledgers(&place).len(), 1, "{done:?}");
    locked.store(false, Ordering::SeqCst);
    let sent = server.lines().len();
    let swept = sweep(&place, &["--suite", "suite"]);
    let deletes: Vec<_> = server.lines()[sent..].iter().filter(|line| line.starts_with("DELETE")).cloned().collect();
    wrong.unless(deletes.is_empty(), format!("sent {deletes:?}"));
    wrong.unless(swept.code == 2 && swept.out.contains("thi1"), format!("it is told: {swept:?}"));
    wrong.unless(ledgers(&place).len() == 1, "the ledger is kept");
    wrong.end();
}

#[test]
fn a_sweep_of_a_suite_that_cannot_look_says_so() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    place.use_servers();
    target(&place, &org.mock.url, &[]);
    let swept = sweep(&place, &["--suite", "suite", "--by-name", "--older-than", "0s"]);
    wrong.unless(swept.code == 2, format!("{swept:?}"));
    wrong.unless(!swept.out.contains("0 left"), format!("it says that nothing is left: {swept:?}"));
    wrong.unless(!format!("{}{}", swept.out, swept.err).trim().is_empty(), "it says nothing");
    wrong.unless(org.changes().is_empty(), "it removed something");

    // A run that lost an answer leaves a name, for which nobody can look.
    let first = Once::default();
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && first.now() { Fate::Reset } else { Fate::Answer(answer) }
    });
    target(&place, &gateway.url, &[]);
    let ran = run(&place, &gateway, &["authorization-servers/get/keeps-its-description", "--suite", "suite"]);
    wrong.unless(ran.count("/may_be_left") == Some(1), format!("the run: {}", ran.line()));
    wrong.unless(ran.done.code == 2 && ledgers(&place).len() == 1, format!("its ledger: {:?}", ledgers(&place)));
    let swept = sweep(&place, &["--suite", "suite"]);
    wrong.unless(swept.code == 2 && !swept.out.contains("0 left"), format!("the sweep: {swept:?}"));
    wrong.unless(ledgers(&place).len() == 1, "the sweep forgets the ledger");
    wrong.end();
}

/// Groups, whose names are nested, and a suite of them that sweeps.
fn groups(names: &str) -> (Place, Server) {
    let group = |id: &str, name: &str| json!({ "id": id, "created": "2020-01-01T00:00:00.000Z", "profile": { "name": name, "description": "okc_abc234_00001" } });
    let all = Mutex::new(vec![
        group("grp1", "okc_abc234_00001"),
        group("grp2", "okc_production"),
        group("grp3", "Our okc_abc234_00002"),
    ]);
    let server = Server::start(move |request| {
        let mut all = all.lock().expect("no panic");
        let id = request.target.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        let place = all.iter().position(|group| group["id"] == id.as_str());
        Some(match (request.method.as_str(), place) {
            ("GET", None) if id == "groups" => Answer::json(200, &Value::from(all.clone())),
            ("GET", Some(at)) => Answer::json(200, &all[at]),
            ("DELETE", Some(at)) => {
                all.remove(at);
                Answer::new(204, "")
            }
            _ => Answer::json(404, &json!({ "errorCode": "E0000404", "text": "no" })),
        })
    });
    let place = Place::with_suite(&[]);
    let table = place.read("suite/schemas/operations.yaml").replace("/api/v1/things", "/api/v1/groups");
    let look = format!(
        "  sweep:\n    - {{ list: \"/api/v1/groups?q={{prefix}}\", names: [{names}], created: created, delete: \"/api/v1/groups/{{id}}\" }}\n  errors:\n"
    );
    place.write("suite/schemas/operations.yaml", &table.replacen("  errors:\n", &look, 1));
    target(&place, &server.url, &[]);
    (place, server)
}

#[test]
fn a_name_is_found_where_the_suite_points() {
    let mut wrong = Wrong::default();
    let (place, server) = groups("/profile/name");
    let swept = sweep(&place, &["--suite", "suite", "--by-name", "--older-than", "0s"]);
    let deleted: Vec<_> = server.lines().into_iter().filter(|line| line.starts_with("DELETE")).collect();
    wrong.unless(deleted == ["DELETE /api/v1/groups/grp1"], format!("{deleted:?}: {swept:?}"));
    wrong.unless(swept.code == 0, format!("{swept:?}"));
    wrong.end();
}

#[test]
fn a_sweep_that_finds_no_names_at_all_does_not_say_that_nothing_is_left() {
    let mut wrong = Wrong::default();
    for names in ["name", "profile", "profile.name", "/profile/title"] {
        let (place, server) = groups(names);
        let swept = sweep(&place, &["--suite", "suite", "--by-name", "--older-than", "0s"]);
        wrong.unless(!swept.out.contains("0 left"), format!("{names}: it says that nothing is left: {swept:?}"));
        // A suite whose names cannot be a place may also be a mistake.
        wrong.unless([2, 3].contains(&swept.code), format!("{names}: {swept:?}"));
        wrong.unless(
            server.lines().iter().all(|line| line.starts_with("GET")),
            format!("{names}: {:?}", server.lines()),
        );
    }
    wrong.end();
}

#[test]
fn a_ledger_of_another_suite_is_told() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let (gateway, ours, _) = with_a_real_ledger(&place, &org);
    place.write("other/x", "");
    fs::remove_dir_all(place.path("other")).expect("a directory");
    let other = Place::with_suite(&[]);
    copy(&other.path("suite"), &place.path("other"));
    place.write("other/cases/things/one.yaml", "area: things\ntopic: one\nprofile: core\ncases:\n  - id: one\n    title: A thing is there\n    requirements: [things.work]\n    steps: [{ call: listThings }]\n");
    let before = gateway.writes().len();
    let swept = sweep(&place, &["--suite", "other"]);
    let told = format!("{}{}", swept.out, swept.err);
    wrong.unless(swept.code == 2, format!("{swept:?}"));
    wrong.unless(told.contains("suite"), format!("it does not say so: {told}"));
    wrong.unless(gateway.writes().len() == before && ledgers(&place).len() == 1, "it is not left as it is");
    // With its own suite all goes well.
    let swept = sweep(&place, &[]);
    wrong.unless(swept.code == 0 && swept.out.contains(&ours), format!("with its own: {swept:?}"));
    let changes = org.changes();
    wrong.unless(changes.is_empty() && ledgers(&place).is_empty(), format!("with its own: {changes:?}"));
    wrong.end();
}

#[test]
fn a_path_of_a_ledger_leads_to_no_other_host() {
    let (place, mut org) = (Place::new(), Org::start());
    let elsewhere = Server::always(Answer::json(200, &json!({})));
    target(&place, &org.mock.url, &[]);
    let made = org.make(&json!({ "name": "okc_abc234_00001", "description": "a", "audiences": ["api://default"] }));
    org.starts_now();
    let host = elsewhere.url.trim_start_matches("http://");
    let head = json!({ "ledger": "run", "origin": org.mock.url, "run": "abc234", "names": "okc_abc234_", "started": "2026-01-01T00:00:00Z" });
    for (number, before) in [format!("@{host}"), format!(":x@{host}"), format!(".{host}")].into_iter().enumerate() {
        let path = format!("{before}{SERVERS}/{made}");
        let removal = json!({ "method": "DELETE", "path": path, "principal": "manager", "trial": "a/b/c" });
        let line = json!({ "ledger": "made", "number": 1, "removal": removal });
        place.write(&format!("reports/ledgers/l{number}.jsonl"), &format!("{head}\n{line}\n"));
        let swept = sweep(&place, &[]);
        assert_eq!(elsewhere.lines(), [""; 0], "{path}: {}", swept.out);
        assert!(swept.out.contains("it has no path on the target"), "{path}: {swept:?}");
        fs::remove_file(place.path(&format!("reports/ledgers/l{number}.jsonl"))).ok();
    }
}
