//! What `replay` sends to a target that others use: nothing of operations that the suite does not describe, and no write to what it did not
//! make, whatever the recording says and whatever the target answers.

use std::sync::{Mutex, mpsc};

use serde_json::{Value, json};

use super::{
    replays::{exchange, replay, write},
    server::{Answer, Request, Server},
    support::{PATIENCE, Place, TOKEN, interrupt, rest, snapshot},
};

const SERVERS: &str = "/api/v1/authorizationServers";
/// What the target has: its default server, under its identifier there, and what the recordings call the same.
const THERE: &str = "aus0000000000000there";
const RECORDED_DEFAULT: &str = "aus00000000000default";
/// What the recordings make, and what the target makes of it.
const OLD: &str = "aus00000000000000001a";
const NEW: &str = "aus00000000000000002b";

fn at(rest: &str) -> String {
    format!("{SERVERS}/{rest}")
}

fn named(id: &str, name: &str) -> Value {
    json!({ "id": id, "name": name })
}

/// An org with its default server, in which a new server gets the identifier that `made` says.
fn org(made: &str) -> impl Fn(&Request) -> Option<Answer> + Send + Sync + use<> {
    let made = made.to_owned();
    move |request| {
        let path = request.target.split('?').next().unwrap_or_default();
        Some(match (request.method.as_str(), path) {
            ("GET", SERVERS) => Answer::json(200, &json!([named(THERE, "default")])),
            ("GET", _) => Answer::json(200, &named(THERE, "default")),
            ("POST", SERVERS) => Answer::json(201, &named(&made, "mine")),
            ("POST", _) => Answer::json(201, &named("scp00000000000000002b", "mine")),
            ("DELETE", _) => Answer::new(204, ""),
            _ => Answer::json(200, &named(&made, "mine")),
        })
    }
}

fn create() -> Value {
    exchange("create", "POST", SERVERS, json!({ "name": "mine", "audiences": ["a"] }), "", 201, named(OLD, "mine"))
}

/// The requests that write, in order.
fn writes(server: &Server) -> Vec<String> {
    server.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect()
}

#[test]
fn what_is_outside_is_named_and_never_sent() {
    let server = Server::start(org(NEW));
    let place = Place::new();
    let mut list: Vec<Value> = [
        ("POST", "/api/v1/users?activate=true"),
        ("POST", "/api/v1/apps"),
        ("POST", "/api/v1/users/me@example.com/lifecycle/suspend"),
        ("PUT", "/api/v1/org"),
        ("GET", "/api/v1/users/00u00000000000000001"),
        ("GET", "/api/v1/users/00u00000000000000002"),
        ("PATCH", "/api/v1/authorizationServers/default"),
        ("DELETE", "/api/v1/authorizationServers"),
        ("POST", "/api/v1/authorizationServers/x/../../users"),
    ]
    .into_iter()
    .map(|(method, path)| exchange("f", method, path, json!({ "x": 1 }), "", 200, json!({ "id": "00u1" })))
    .collect();
    write(&place, "foreign.jsonl", &list);
    let calls = json!({
        "POST /api/v1/users": 2, "POST /api/v1/apps": 1, "POST /api/v1/users/*/lifecycle/suspend": 1, "PUT /api/v1/org": 1,
        "GET /api/v1/users/*": 2, "PATCH /api/v1/authorizationServers/default": 1, "DELETE /api/v1/authorizationServers": 1,
    });
    for target in [&["--target", &server.url][..], &[]] {
        let summary = replay(&place, &[&["foreign.jsonl"], target].concat());
        assert_eq!((&summary["outside"], &summary["outside_calls"]), (&json!(9), &calls));
        assert_eq!((&summary["different"], &summary["verdict"]), (&json!(0), &json!("nothing ran")));
    }
    let verified = place.run(&["verify", "foreign.jsonl", "--format", "json"]).json();
    assert_eq!((&verified["outside"], &verified["outside_calls"]), (&json!(9), &calls));

    list.push(create());
    write(&place, "mixed.jsonl", &list);
    let summary = replay(&place, &["mixed.jsonl", "--target", &server.url]);
    assert_eq!((&summary["outside"], &summary["equal"]), (&json!(9), &json!(1)), "{summary}");
    assert_eq!(writes(&server), [format!("POST {SERVERS}"), format!("DELETE {}", at(NEW))]);
    let told = place.run(&["replay", "mixed.jsonl", "--target", &server.url]);
    snapshot(&place, "replay-outside", &format!("{}{}", told.err, told.out));

    let kinds = (0..150).map(|number| {
        let path = format!("/api/v{number}/{}", "a".repeat(1000));
        exchange("f", "POST", &path, Value::Null, "", 200, json!({}))
    });
    write(&place, "kinds.jsonl", &kinds.collect::<Vec<_>>());
    for command in ["replay", "verify"] {
        let summary = place.run(&[command, "kinds.jsonl", "--format", "json"]).json();
        let calls = summary["outside_calls"].as_object().expect("an object");
        assert_eq!((&summary["outside"], &calls["others"], calls.len()), (&json!(150), &json!(50), 101));
        assert!(calls.keys().all(|call| call.len() < 500), "{command}");
    }
}

/// Each of these would change what the replay did not make; before each, it makes a server of its own, which it may change.
#[test]
fn no_write_leads_to_what_the_replay_did_not_make() {
    let (server, other) = (Server::start(org(NEW)), Server::start(org(NEW)));
    let place = Place::new();
    let settings = format!("[targets.here]\nurl = {:?}\ncapabilities = [\"default-server-writable\"]\n", server.url);
    place.write("okta-conformance.toml", &settings);
    let body = || json!({ "name": "x", "audiences": ["a"] });
    let one = |method: &str, path: &str, body: Value, status: u16| {
        vec![exchange("x", method, path, body, "", status, json!({}))]
    };
    let elsewhere = |url: String| {
        let mut exchange = exchange("x", "PUT", SERVERS, body(), "", 200, json!({}));
        exchange["request"]["url"] = url.into();
        vec![exchange]
    };
    // Shows that what the recordings call so is the target's default server.
    let list = exchange("list", "GET", SERVERS, Value::Null, "", 200, json!([named(RECORDED_DEFAULT, "default")]));
    let get = exchange("get", "GET", &at(RECORDED_DEFAULT), Value::Null, "", 200, named(RECORDED_DEFAULT, "default"));
    let mapped = |more: Value| vec![list.clone(), get.clone(), more];
    let associate = |id: &str| {
        let path = at(&format!("{OLD}/associatedServers"));
        exchange("x", "POST", &path, json!({ "trusted": [id] }), "", 200, json!([]))
    };
    let policy = |include: Value| {
        let body = json!({ "name": "p", "type": "OAUTH_AUTHORIZATION_POLICY", "conditions": { "clients": { "include": include } } });
        one("POST", &at(&format!("{OLD}/policies")), body, 201)
    };
    for (what, exchanges) in [
        ("not there, says the recording", one("DELETE", &at("aus0000000000000none1"), Value::Null, 404)),
        ("not there, in small letters", one("delete", &at("aus0000000000000none1"), Value::Null, 404)),
        ("an identifier of another form", one("PUT", &at("srv-1"), body(), 200)),
        ("the default server", one("PUT", &at("default"), body(), 200)),
        ("its letters in percent", one("PUT", &at("%64efault"), body(), 200)),
        ("by way of another", one("DELETE", &at("x/../default"), Value::Null, 204)),
        ("by way of its own", one("DELETE", &at(&format!("{OLD}/../default")), Value::Null, 204)),
        ("by way of its own, in percent", one("DELETE", &at(&format!("{OLD}%2F..%2Fdefault")), Value::Null, 204)),
        ("by way of its own, backwards", one("DELETE", &at(&format!("{OLD}%5C..%5Cdefault")), Value::Null, 204)),
        ("below the default server", one("POST", &at("default/scopes"), json!({ "name": "x" }), 201)),
        ("its lifecycle", one("POST", &at("default/lifecycle/deactivate"), Value::Null, 204)),
        ("its keys", one("POST", &at("default/credentials/lifecycle/keyRotate"), json!({ "use": "sig" }), 200)),
        ("by its identifier", one("PUT", &at(THERE), body(), 200)),
        ("by what stands for it", mapped(exchange("x", "PUT", &at(RECORDED_DEFAULT), body(), "", 200, json!({})))),
        ("below what stands for it", {
            let path = at(&format!("{RECORDED_DEFAULT}/scopes"));
            mapped(exchange("x", "POST", &path, json!({ "name": "x" }), "", 201, json!({})))
        }),
        ("something below its own that it did not make", {
            one("DELETE", &at(&format!("{OLD}/scopes/scp0000000000000none1")), Value::Null, 404)
        }),
        ("a server to be trusted", vec![associate(THERE)]),
        ("what stands for it", mapped(associate(RECORDED_DEFAULT))),
        ("the word", vec![associate("default")]),
        ("the word in another case", vec![associate("Default")]),
        ("its URL", vec![associate("https://old.example.com/api/v1/authorizationServers/default")]),
        ("JSON in a text", {
            let path = at(&format!("{OLD}/associatedServers"));
            one("POST", &path, json!(format!("{{\"trusted\": [\"\\u0061{}\"]}}", &THERE[1..])), 200)
        }),
        ("a text in percent", {
            one("POST", &at(&format!("{OLD}/scopes")), json!(format!("id=%61{}", &THERE[1..])), 201)
        }),
        ("a client of others", policy(json!(["0oa00000000000000001"]))),
        ("a query that nobody describes", { one("PUT", &at(&format!("{OLD}?id={THERE}")), body(), 200) }),
        ("a create that names what is there", { one("POST", SERVERS, json!({ "id": THERE, "name": "x" }), 201) }),
        ("what the whole org shares", one("POST", "/oauth2/v1/token", json!("grant_type=x"), 200)),
        ("a login before another host", elsewhere(other.url.replace("http://", "http://x@") + at(THERE).as_str())),
        ("a URL without a host", elsewhere("data:text/plain,x".to_owned())),
    ] {
        let before = server.requests().len();
        write(&place, "r.jsonl", &[vec![create()], exchanges].concat());
        let summary = replay(&place, &["r.jsonl", "--target", "here", "--principal", "admin"]);
        let lines = server.lines().split_off(before);
        let writes: Vec<&String> = lines.iter().filter(|line| !line.starts_with("GET ")).collect();
        assert_eq!(writes, [&format!("POST {SERVERS}"), &format!("DELETE {}", at(NEW))], "{what}: {summary}");
        assert_eq!(summary["different"], 0, "{what}: {summary}");
    }
    assert_eq!(other.lines(), [""; 0]);
    // What is below its own server is its own.
    let (scope, path) = ("scp00000000000000001a", at(&format!("{OLD}/scopes")));
    let mut list = [
        create(),
        exchange("s", "POST", &path, json!({ "name": "mine" }), "", 201, named(scope, "mine")),
        exchange("d", "DELETE", &format!("{path}/{scope}"), Value::Null, "", 204, Value::Null),
        exchange("p", "PUT", &at(OLD), json!({ "name": "default", "description": OLD }), "", 200, named(OLD, "mine")),
    ];
    list[2]["response"]["headers"] = json!({});
    write(&place, "r.jsonl", &list);
    let before = writes(&server).len();
    let summary = replay(&place, &["r.jsonl", "--target", "here", "--principal", "admin"]);
    assert_eq!((&summary["not_comparable"], &summary["differences"]), (&json!(0), &json!([])), "{summary}");
    let new = format!("{}/scopes", at(NEW));
    let expected = [
        format!("POST {SERVERS}"),
        format!("POST {new}"),
        format!("DELETE {new}/scp00000000000000002b"),
        format!("PUT {}", at(NEW)),
        format!("DELETE {}", at(NEW)),
    ];
    assert_eq!(writes(&server).split_off(before), expected);
    assert!(
        server.requests().last().is_some_and(|last| last.header("Authorization") == Some(&format!("SSWS {TOKEN}")))
    );
}

#[test]
fn what_was_there_before_is_not_the_replays_whoever_says_so() {
    let place = Place::new();
    let scopes = at(&format!("{OLD}/scopes"));
    let list = [
        create(),
        exchange("p", "PUT", &at(OLD), json!({ "name": "x" }), "", 200, named(OLD, "x")),
        exchange("s", "POST", &scopes, json!({ "name": "mine" }), "", 201, named("scp00000000000000001a", "mine")),
        exchange("d", "DELETE", &at(OLD), Value::Null, "", 204, Value::Null),
    ];
    write(&place, "r.jsonl", &list);
    let sent = |server: &Server| {
        let summary = replay(&place, &["r.jsonl", "--target", &server.url]);
        assert_eq!((&summary["different"], &summary["equal"]), (&json!(0), &json!(0)), "{summary}");
        writes(server)
    };
    let post = vec![format!("POST {SERVERS}")];
    // An upsert, or a cache; by the word that names it; on the second page.
    assert_eq!(sent(&Server::start(org(THERE))), post);
    assert_eq!(sent(&Server::start(org("default"))), post);
    let paged = Server::start(|request| {
        let host = request.header("Host").unwrap_or_default();
        Some(match (request.method.as_str(), request.target.as_str()) {
            ("GET", SERVERS) => {
                let next = format!("<http://{host}{SERVERS}?after=1>; rel=\"next\"");
                Answer::json(200, &json!([])).header("Link", &next)
            }
            ("GET", path) if path.contains("after") => Answer::json(200, &json!([named(NEW, "a person's")])),
            ("GET", _) => Answer::new(404, ""),
            _ => Answer::json(201, &named(NEW, "mine")),
        })
    });
    assert_eq!(sent(&paged), post);
    // Where it cannot be known, nothing is made.
    for (status, body) in [(500, json!([])), (403, json!({})), (200, json!({ "id": "x" })), (200, json!("text"))] {
        let blind = Server::start(move |request| {
            let list = request.method == "GET" && request.target == SERVERS;
            Some(if list { Answer::json(status, &body) } else { Answer::json(201, &named(NEW, "mine")) })
        });
        assert_eq!(sent(&blind), [""; 0], "{status}");
    }
    let endless = Server::start(|request| {
        let host = request.header("Host").unwrap_or_default();
        let next = format!("<http://{host}{SERVERS}?after=1>; rel=\"next\"");
        Some(Answer::json(200, &json!([])).header("Link", &next))
    });
    assert_eq!(sent(&endless), [""; 0]);
}

#[test]
fn what_stays_on_a_target_is_told_a_line_each() {
    let place = Place::new();
    write(&place, "r.jsonl", &[create()]);
    let told = |answer: Option<Answer>, removal: u16| {
        let (made, silent) = (org(NEW), answer.is_none());
        let server = Server::start(move |request| match request.method.as_str() {
            "POST" => answer.clone(),
            "DELETE" => Some(Answer::new(removal, "")),
            _ => made(request),
        });
        // The limit is short where it is to be met.
        let timeout = if silent { "1s" } else { "60s" };
        let done = place.run(&["replay", "r.jsonl", "--target", &server.url, "--timeout", timeout]);
        let lines: Vec<String> = done.err.lines().skip(1).map(|line| line.replace(&server.url, "URL")).collect();
        (lines, done.code, writes(&server).split_off(1))
    };
    let made = || Some(Answer::json(201, &named(NEW, "mine")));
    let removal = format!("DELETE {}", at(NEW));
    assert_eq!(told(made(), 204), (vec![], 0, vec![removal.clone()]));
    assert_eq!(told(made(), 404), (vec![], 0, vec![removal.clone()]));
    let left = |status: u16| vec![format!("left: URL{}: the target answered {status} to its removal", at(NEW))];
    assert_eq!(told(made(), 403), (left(403), 0, vec![removal.clone()]));
    assert_eq!(told(made(), 503), (left(503), 0, vec![removal.clone(), removal.clone()]));
    // Another status than the documented one makes things as well.
    assert_eq!(told(Some(Answer::json(200, &named(NEW, "mine"))), 204), (vec![], 1, vec![removal]));
    let may = |reason: &str| vec![format!("may be left: what POST URL{SERVERS} `mine` may have made: {reason}")];
    let plain = |body: &str| Some(Answer::new(201, body));
    for (answer, reason, code) in [
        (None, "no answer: no complete answer within 1s", 2),
        (Some(Answer::json(503, &json!({}))), "the target answered with an error of its own (503)", 2),
        (plain("<html>"), "the target answered without an identifier (201)", 1),
        (plain("{\"id\": \"\"}"), "the target answered with an identifier that no path can have (201)", 1),
        (plain("{\"id\": \"..\"}"), "the target answered with an identifier that no path can have (201)", 1),
        (plain("{\"id\": \"../users/00u1\"}"), "the target answered with an identifier that no path can have (201)", 1),
        (plain("{\"id\": \"x?all=true\"}"), "the target answered with an identifier that no path can have (201)", 1),
    ] {
        assert_eq!(told(answer, 204), (may(reason), code, vec![]), "{reason}");
    }
}

#[test]
fn an_interrupt_removes_what_was_made() {
    let (asked, ask) = mpsc::channel();
    let (interrupted, interruption) = mpsc::channel::<()>();
    let (made, interruption) = (org(NEW), Mutex::new(interruption));
    let server = Server::start(move |request| {
        if request.target == at(NEW) && request.method == "GET" {
            asked.send(()).ok();
            // No answer comes before the replay knows that it is interrupted.
            let _ = interruption.lock().expect("no panic").recv_timeout(PATIENCE);
        }
        made(request)
    });
    let place = Place::new();
    let get = exchange("g", "GET", &at(OLD), Value::Null, "", 200, named(OLD, "mine"));
    write(&place, "r.jsonl", &[vec![create()], vec![get; 3]].concat());
    let arguments = ["replay", "r.jsonl", "--target", &server.url, "--format", "json"];
    let mut child = place.command(&arguments).spawn().expect("the program starts");
    let out = child.stdout.take().expect("its output");
    let mut err = interrupt(&mut child, &ask);
    drop(interrupted);
    let done = rest(child, out);
    let mut later = String::new();
    std::io::Read::read_to_string(&mut err, &mut later).expect("text");
    assert_eq!((done.code, later.as_str()), (130, ""), "{done:?}");
    assert_eq!(done.json()["verdict"], "interrupted");
    assert_eq!(writes(&server), [format!("POST {SERVERS}"), format!("DELETE {}", at(NEW))]);
}

/// What a write that is not sent would have changed is not the target's departure.
#[test]
fn what_differs_after_a_write_that_was_not_sent_is_not_comparable() {
    let server = Server::start(org(NEW));
    let place = Place::new();
    let get = |path: &str, name: &str| exchange("g", "GET", path, Value::Null, "", 200, named(RECORDED_DEFAULT, name));
    let put = exchange("p", "PUT", &at("default"), json!({ "name": "x" }), "", 200, named(RECORDED_DEFAULT, "x"));
    write(&place, "r.jsonl", &[get(&at("default"), "default"), put, get(&at(RECORDED_DEFAULT), "x")]);
    let summary = replay(&place, &["r.jsonl", "--target", &server.url]);
    assert_eq!((&summary["equal"], &summary["different"]), (&json!(1), &json!(0)), "{summary}");
    let reasons = summary["reasons"].as_object().expect("reasons");
    let reasons: Vec<&str> = reasons.keys().map(String::as_str).collect();
    assert_eq!(
        reasons,
        ["a change before it, of the same, was not made on the target", "def… was not made in this replay"]
    );
}
