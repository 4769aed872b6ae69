//! Targets that make what nobody meant, or make nothing and show what was there: what they made is removed, and what they show is left alone.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use super::{
    gateway::{Call, Fate, Gateway, Manner, Once, SERVERS},
    org::{Org, THEIR_FIRST, Wrong, play, run},
    server::Answer,
    support::{Done, Place, copy, data},
};

/// The suite of this program, in a directory.
fn own_suite(place: &Place) {
    for part in ["cases", "schemas"] {
        copy(&data("../..").join(part), &place.path(&format!("suite/{part}")));
    }
}

/// A body that makes a thing at this path, for a target that takes anything.
fn valid(path: &str, number: usize) -> Option<Value> {
    let name = format!("untitled-{number}");
    let last = path.rsplit('/').next().unwrap_or_default();
    Some(match last {
        "authorizationServers" => json!({ "name": name, "audiences": ["api://untitled"] }),
        "scopes" => json!({ "name": name }),
        "claims" => {
            json!({ "name": name, "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "\"a\"", "status": "ACTIVE", "conditions": {} })
        }
        "policies" => {
            json!({ "type": "OAUTH_AUTHORIZATION_POLICY", "name": name, "description": "a", "status": "ACTIVE", "priority": 1, "conditions": { "clients": { "include": ["ALL_CLIENTS"] } } })
        }
        _ => return None,
    })
}

#[test]
fn a_create_that_was_to_be_refused_and_is_answered_201_leaves_nothing() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        let refused = call.request.method == "POST" && [400, 411, 415].contains(&answer.status);
        let Some(body) = valid(call.path(), call.number).filter(|_| refused) else { return Fate::Answer(answer) };
        count.fetch_add(1, Ordering::SeqCst);
        Fate::Answer(call.pass_as(call.path(), body.to_string().as_bytes()))
    });
    let patterns = [
        "authorization-servers/errors/create*",
        "authorization-servers/protocol/wrong-content-type",
        "claims/errors/create-refused",
        "policies/errors/create-refused[no-name]",
        "scopes/errors/create-refused[nothing]",
    ];
    let ran = run(&place, &gateway, &patterns);
    let taken = taken.load(Ordering::SeqCst);
    wrong.unless(taken > 30, format!("the scenario: {taken} creates are taken that were to be refused"));
    wrong.unless(ran.done.code == 1, ran.line());
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless_unchanged(&org);
    wrong.end();
}

/// Creates in the raw, by ways that lead to one path.
const RAW: &str = r#"area: authorization-servers
topic: raw
profile: core
cases:
  - id: created
    title: A create in the raw, by ${what}
    requirements: [as.create]
    each:
      - { row: plain, what: its path, path: /api/v1/authorizationServers }
      - { row: query, what: its path and a query, path: "/api/v1/authorizationServers?conformance=1" }
      - { row: encoded, what: a path with a percent sign, path: /api/v1/%61uthorizationServers }
      - { row: dot, what: a path with a dot, path: /api/v1/./authorizationServers }
      - { row: dots, what: a path with two dots, path: /api/v1/users/../authorizationServers }
      - { row: slashes, what: a path with two slashes, path: /api/v1//authorizationServers }
      - { row: last, what: a path with a last slash, path: /api/v1/authorizationServers/ }
    steps:
      - request: { method: POST, path: "${path}" }
        body: { name: "${unique}", description: Made by a conformance run, audiences: ["api://default"] }
        expect: { status: 201 }

  - id: by-a-url
    title: A create by a URL
    requirements: [as.create]
    steps:
      - request: { method: POST, url: "${target.origin}/api/v1/authorizationServers" }
        body: { name: "${unique}", description: Made by a conformance run, audiences: ["api://default"] }
        expect: { status: 201 }

  - id: below-a-server
    title: A policy in the raw, below a server
    requirements: [as.create]
    given: { server: authorization-server }
    steps:
      - request: { method: POST, path: "/api/v1/authorizationServers/${server.id}/policies" }
        body: { type: OAUTH_AUTHORIZATION_POLICY, name: "${unique}", description: a, status: ACTIVE, priority: 1, conditions: { clients: { include: [ALL_CLIENTS] } } }
        expect: { status: 201 }

  - id: deferred
    title: A create that says itself how it is removed
    requirements: [as.create]
    steps:
      - call: createAuthorizationServer
        body: { name: "${unique}", description: Made by a conformance run, audiences: ["api://default"] }
        capture: { id: $.id }
        defer: [{ call: deleteAuthorizationServer, path: { authServerId: "${id}" } }]
"#;

/// A gateway that arrives at one path by all of these ways.
fn lenient(call: &Call<'_>) -> Answer {
    let ways = ["/%61uthorizationServers", "//authorizationServers", "/authorizationServers/"];
    if call.request.method == "POST" && ways.iter().any(|way| call.path().ends_with(way)) {
        call.pass_as(SERVERS, &call.request.body)
    } else {
        call.pass()
    }
}

#[test]
fn a_create_in_the_raw_counts_as_the_operation_that_its_path_reaches() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    own_suite(&place);
    place.write("suite/cases/authorization-servers/raw.yaml", RAW);
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| Fate::Answer(lenient(call)));
    let raw = ["authorization-servers/raw", "--suite", "suite"];
    let ran = run(&place, &gateway, &raw);
    wrong.unless(ran.done.code == 0, format!("{} {}", ran.line(), ran.json["red"]));
    wrong.unless_clean(&org, &place, &ran);
    let deleted = gateway.writes().into_iter().filter(|line| line.starts_with("DELETE "));
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = deleted.filter(|line| !seen.insert(line.clone())).collect();
    wrong.unless(twice.is_empty(), format!("removed twice: {twice:?}"));

    // Its answer may be lost as that of any other.
    let first = Once::default();
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && first.now() { Fate::Reset } else { Fate::Answer(answer) }
    });
    fs::remove_file(place.path("okta-conformance.toml")).expect("the settings");
    let ran = run(&place, &gateway, &["authorization-servers/raw/created[plain]", "--suite", "suite"]);
    wrong.unless(ran.done.code == 2, ran.line());
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless_unchanged(&org);
    wrong.end();
}

/// A create of things that nobody removes.
const KEPT: &str = r#"area: things
topic: kept
profile: core
cases:
  - id: kept
    title: A thing is made
    requirements: [things.work]
    steps:
      - call: createThing
        body: { name: "${unique}" }
"#;

fn check(place: &Place) -> Done {
    place.run(&["check", "suite"])
}

#[test]
fn a_create_that_nothing_removes_draws_a_warning() {
    let mut wrong = Wrong::default();
    let place = Place::with_suite(&[]);
    place.write("suite/cases/things/kept.yaml", KEPT);
    let warned = |done: &Done| done.err.contains("warning") && done.err.contains("createThing");
    let done = check(&place);
    wrong.unless(warned(&done), format!("no warning: {done:?}"));
    wrong.unless(done.code == 0, format!("a warning is no mistake: {done:?}"));

    // Who says that it is meant is left alone.
    let operations = place.read("suite/schemas/operations.yaml");
    let create = "  - operationId: createThing\n";
    place
        .write("suite/schemas/operations.yaml", &operations.replacen(create, &format!("{create}    keeps: true\n"), 1));
    let done = check(&place);
    wrong.unless(done.code == 0 && !warned(&done), format!("`keeps: true`: {done:?}"));

    // So is who removes.
    place.write("suite/schemas/operations.yaml", &operations);
    let removed =
        "        capture: { id: $.id }\n        defer: [{ call: deleteThing, path: { thingId: \"${id}\" } }]\n";
    place.write("suite/cases/things/kept.yaml", &format!("{KEPT}{removed}"));
    let done = check(&place);
    wrong.unless(done.code == 0 && !warned(&done), format!("with `defer`: {done:?}"));

    // Nobody finds again what has its name elsewhere, and nothing is removed that is kept.
    let made = |makes: &str| {
        let operations = operations.replacen(create, &format!("{create}    {makes}\n"), 1);
        place.write("suite/schemas/operations.yaml", &operations);
        check(&place)
    };
    let done = made("makes: { name: /nme, remove: [deleteThing] }");
    let said = "warning: no request to `createThing` has a name at `/nme`";
    wrong.unless(done.code == 0 && done.err.contains(said), format!("a wrong pointer: {done:?}"));
    let done = made("makes: { name: /name, remove: [deleteThing] }");
    wrong.unless(done.code == 0 && done.err.is_empty(), format!("a right pointer: {done:?}"));
    let done = made("makes: { name: /name, remove: [deleteThing] }\n    keeps: true");
    let said = "`makes` and `keeps` contradict each other";
    wrong.unless(done.code == 3 && done.err.contains(said), format!("both: {done:?}"));
    wrong.end();
}

#[test]
fn the_suite_of_this_program_draws_no_warning() {
    let place = Place::new();
    own_suite(&place);
    let done = check(&place);
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{}", done.out);
}

const REMOVED: &str = "        capture: { id: $.id }
        defer: [{ call: deleteAuthorizationServer, path: { authServerId: \"${id}\" } }]
";
const REFUSED: &str = "        expect: { status: 400, error: E0000001 }\n";
const TAKEN: &str = "        expect: { status: 201 }\n";
const CALL: &str = "call: createAuthorizationServer";
const RAW_CALL: &str = "request: { method: POST, path: /api/v1/authorizationServers }";

/// Cases that name a server as they like, one a row.
fn named(rows: &[(&str, &str, &str)]) -> String {
    let mut text = "area: authorization-servers\ntopic: named\nprofile: core\ncases:\n".to_owned();
    for (number, (request, name, more)) in rows.iter().enumerate() {
        let _ = write!(
            text,
            "  - id: named-{number}\n    title: Server {number} has this name\n    requirements: [as.create]\n    steps:\n      - {request}\n        body: {{ name: {name}, description: \"${{unique}}\", audiences: [\"api://default\"] }}\n{more}"
        );
    }
    text
}

#[test]
fn a_name_that_no_sweep_finds_is_a_mistake() {
    let mut wrong = Wrong::default();
    let place = Place::new();
    own_suite(&place);
    let file = "suite/cases/authorization-servers/named.yaml";
    // What is to be refused is not there to be found, and what is no text is no name.
    let right = [
        (CALL, "\"${unique}\"", REMOVED),
        (CALL, "\"${unique} beta\"", REMOVED),
        (RAW_CALL, "\"${unique}\"", TAKEN),
        (CALL, "\"alpha ${unique}\"", REFUSED),
        (CALL, "\"\"", REFUSED),
        (CALL, "{ text: alpha }", REFUSED),
    ];
    place.write(file, &named(&right));
    let done = check(&place);
    wrong.unless(done.code == 0, format!("names that are as they should be: {done:?}"));

    let mistaken = [
        (CALL, "\"alpha ${unique}\"", REMOVED),
        (CALL, "alpha", REMOVED),
        (CALL, "\" ${unique}\"", REMOVED),
        (CALL, "\"okc_abc234_00001\"", REMOVED),
        (CALL, "\"alpha ${unique}\"", ""),
        (RAW_CALL, "\"alpha ${unique}\"", TAKEN),
    ];
    let text = named(&mistaken);
    place.write(file, &text);
    let done = check(&place);
    wrong.unless(done.code == 3, format!("names that no sweep finds: exit {}: {}", done.code, done.err));
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("body:")) {
        let told = done.err.contains(&format!("named.yaml:{}:", number + 1));
        wrong.unless(told, format!("line {} is not told: {}", number + 1, line.trim()));
    }
    wrong.end();
}

/// Trials that make servers, in their fixtures and in their steps; more than the breaker bears.
const MANY: [&str; 6] = [
    "authorization-servers/create",
    "authorization-servers/delete",
    "authorization-servers/lifecycle",
    "authorization-servers/replace",
    "policies/create",
    "keys/rotate",
];

/// What a target answers to the create of a server.
type Shown = fn(&Call<'_>) -> Answer;

fn shown(server: &Value) -> Answer {
    Answer::json(201, server).header("X-Okta-Request-Id", "r1").header("Cache-Control", "no-store")
}

const THERE_BEFORE: [(&str, Shown); 3] = [
    ("a server of a person", |call| shown(&call.look(&format!("{SERVERS}/{THEIR_FIRST}")))),
    ("the default server", |call| shown(&call.look(&format!("{SERVERS}/default")))),
    ("a server of a person, as a run calls it", |call| {
        let sent: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        let mut server = call.look(&format!("{SERVERS}/{THEIR_FIRST}"));
        for member in ["name", "description", "audiences"] {
            server[member].clone_from(&sent[member]);
        }
        shown(&server)
    }),
];

#[test]
fn what_was_there_before_is_not_what_a_create_made() {
    play(&THERE_BEFORE, |show, org, wrong| {
        let (place, show) = (Place::new(), *show);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            Fate::Answer(if call.makes_a_server() { show(call) } else { call.pass() })
        });
        let ran = run(&place, &gateway, &MANY);
        // Nothing is written but the creates, which made nothing, and what cases send to an id that nothing has.
        let harmless = |line: &String| *line == format!("POST {SERVERS}") || line.contains("/aus00000000000000000");
        let written: Vec<_> = gateway.writes().into_iter().filter(|line| !harmless(line)).collect();
        wrong.unless(written.is_empty(), format!("it was written to what was there: {written:?}"));
        wrong.unless_clean(org, &place, &ran);
        let count = |outcome: &str| ran.count(&format!("/trials/{outcome}")).unwrap_or(0);
        wrong.unless(count("errored") == 0, format!("{} trials are errored", count("errored")));
        wrong.unless(
            count("not_run") == 0 && ran.json["stopped"].is_null(),
            format!("stopped: {}", ran.json["stopped"]),
        );
        wrong.unless(count("failed") > 0, "no trial is failed whose step is the create");
        wrong.unless(count("blocked") > 0, "no trial is blocked whose fixture is the create");
        wrong.unless(ran.done.code == 1, format!("exit code {}", ran.done.code));
        wrong.unless_one_cause(&ran.json);
        ran.line()
    });
}

impl Wrong {
    /// One finding, of the operation that makes servers, accounts for every red trial.
    fn unless_one_cause(&mut self, summary: &Value) {
        let causes = summary["causes"].as_array().cloned().unwrap_or_default();
        // What its headers lack is a warning, here as in every answer.
        let creates = |cause: &&Value| {
            cause["standing"] != "warning"
                && cause["calls"].as_array().is_some_and(|calls| calls.contains(&json!("createAuthorizationServer")))
        };
        let of_create: Vec<_> = causes.iter().filter(creates).collect();
        let titles: Vec<_> = causes.iter().map(|cause| cause["title"].as_str().unwrap_or_default()).collect();
        self.unless(of_create.len() == 1, format!("{} findings of the create: {titles:?}", of_create.len()));
        let red = summary["red"].as_array().map_or(0, Vec::len);
        let of_it = of_create.first().and_then(|cause| cause["trials"].as_array()).map_or(0, Vec::len);
        self.unless(of_it == red, format!("it accounts for {of_it} of {red} red trials: {titles:?}"));
    }
}

/// What a target makes of a create that it carries out.
const CARRIED_OUT: [(&str, Shown); 3] = [
    ("without an id", |call| {
        let mut answer = call.pass();
        let mut server: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        server["id"] = "".into();
        answer.body = server.to_string().into_bytes();
        answer
    }),
    ("answered with what a person has", |call| {
        call.pass();
        shown(&call.look(&format!("{SERVERS}/{THEIR_FIRST}")))
    }),
    ("under another name", |call| {
        let mut sent: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        sent["name"] = format!("Server {}", call.number).into();
        call.pass_as(SERVERS, sent.to_string().as_bytes())
    }),
];

#[test]
fn what_a_create_made_is_removed_whatever_it_shows() {
    play(&CARRIED_OUT, |show, org, wrong| {
        let (place, show) = (Place::new(), *show);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            Fate::Answer(if call.makes_a_server() { show(call) } else { call.pass() })
        });
        let trials = ["authorization-servers/create", "authorization-servers/lifecycle"];
        let ran = run(&place, &gateway, &trials);
        wrong.unless_clean(org, &place, &ran);
        let written: Vec<_> = gateway.writes().into_iter().filter(|line| line.contains(THEIR_FIRST)).collect();
        wrong.unless(written.is_empty(), format!("it was written to what was there: {written:?}"));
        wrong.unless(ran.done.code == 1, format!("exit code {}", ran.done.code));
        wrong.unless(ran.count("/trials/errored") == Some(0), "trials are errored");
        let named = ran.json["causes"].to_string().contains("createAuthorizationServer");
        wrong.unless(named, "there is no finding of the operation");
        ran.line()
    });
}

/// The lists hide what a person has, and each create makes nothing and shows that.
#[test]
fn what_no_list_shows_and_nobody_made_just_now_stays() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| {
        let mut answer = if call.makes_a_server() { return Fate::Answer(THERE_BEFORE[0].1(call)) } else { call.pass() };
        if let Ok(Value::Array(mut servers)) = serde_json::from_slice(&answer.body)
            && call.is("GET", SERVERS)
        {
            servers.retain(|server| server["id"] != THEIR_FIRST);
            answer.body = Value::Array(servers).to_string().into_bytes();
        }
        Fate::Answer(answer)
    });
    let ran = run(&place, &gateway, &["authorization-servers/create", "authorization-servers/lifecycle"]);
    let written: Vec<_> = gateway.writes().into_iter().filter(|line| line.contains(THEIR_FIRST)).collect();
    wrong.unless(written.is_empty(), format!("it was written to what was there: {written:?}"));
    wrong.unless_unchanged(&org);
    wrong.unless(ran.done.code != 0, ran.line());
    wrong.end();
}

/// What is made has another name than was sent, and its answer has no id.
#[test]
fn what_was_made_and_is_not_found_by_its_name_may_be_left() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| {
        if !call.makes_a_server() {
            return Fate::Answer(call.pass());
        }
        let mut sent: Value = serde_json::from_slice(&call.request.body).unwrap_or_default();
        sent["name"] = format!("Server {}", call.number).into();
        call.pass_as(SERVERS, sent.to_string().as_bytes());
        Fate::Answer(shown(&json!({})))
    });
    let ran = run(&place, &gateway, &["authorization-servers/create/echoes*"]);
    let made = gateway.count("POST", |path| path == SERVERS);
    let told = ran.json["may_be_left"].as_u64().unwrap_or_default();
    wrong.unless(made > 3 && told >= made as u64, format!("{made} were made, and {told} may be left: {}", ran.line()));
    wrong.end();
}

/// The default server is what each create shows.
#[test]
fn the_default_server_matters_on_a_disposable_target_too() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| {
        Fate::Answer(if call.makes_a_server() { THERE_BEFORE[1].1(call) } else { call.pass() })
    });
    let patterns = ["authorization-servers/lifecycle", "authorization-servers/replace", "--disposable"];
    let ran = run(&place, &gateway, &patterns);
    wrong.unless_unchanged(&org);
    wrong.unless(ran.done.code != 0, ran.line());
    wrong.end();
}

/// A cache: each create is carried out, and answered as the first one was.
#[test]
fn what_is_made_behind_a_cache_is_removed_or_told() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let cached: Mutex<Option<Answer>> = Mutex::default();
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if !call.makes_a_server() {
            return Fate::Answer(answer);
        }
        Fate::Answer(cached.lock().expect("no panic").get_or_insert(answer).clone())
    });
    let ran = run(&place, &gateway, &["authorization-servers/create", "authorization-servers/lifecycle"]);
    wrong.unless(ran.done.code != 0, ran.line());
    wrong.unless_accounted(&org, &place, &ran);
    let foreign: Vec<_> = org.changes().into_iter().filter(|line| !line.starts_with("left: ")).collect();
    wrong.unless(foreign.is_empty(), format!("what others have is not what it was: {foreign:#?}"));
    wrong.end();
}

/// An association is known by its pair, and has no id that could be new.
#[test]
fn an_association_that_was_there_before_stays() {
    let mut wrong = Wrong::default();
    let (place, mut org) = (Place::new(), Org::start());
    let theirs = format!("{SERVERS}/{THEIR_FIRST}/associatedServers");
    let answer = org.ask("POST", &theirs, Some(&json!({ "trusted": ["aus2theirs0000000aaa"] })));
    assert_eq!(answer.status, 200);
    org.starts_now();
    let gateway = Gateway::start(&org.mock.url, Manner::Said, |call| Fate::Answer(call.pass()));
    let ran = run(&place, &gateway, &["associated-servers"]);
    wrong.unless(ran.done.code == 0, format!("{} {}", ran.line(), ran.json["red"]));
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless_unchanged(&org);
    wrong.end();
}
