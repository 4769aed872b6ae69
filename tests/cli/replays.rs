//! `replay` and `run --record`: what was recorded of a target is the same when it is asked again, but for names and times; what is not is told
//! with its place.

use serde_json::{Value, json};

use super::{
    forms::mistakes,
    green::WHOLE,
    server::{Answer, Server},
    support::{MockProcess, Place, TOKEN, of_kind, snapshot, text},
};

/// What a create, a get and a delete of a server look like.
const ONE: &str = "authorization-servers/get/same-as-created";

fn lines(place: &Place, name: &str) -> Vec<Value> {
    place.read(name).lines().map(|line| serde_json::from_str(line).expect("an exchange a line")).collect()
}

pub(crate) fn write(place: &Place, name: &str, exchanges: &[Value]) {
    place.write(name, &(exchanges.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n"));
}

/// The recording of one small trial against the embedded mock: create, get, delete.
pub(crate) fn recorded() -> (Place, Vec<Value>) {
    let place = Place::new();
    let done = place.run(&["run", ONE, "--record", "one.jsonl", "--quiet"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let exchanges = lines(&place, "one.jsonl");
    let methods: Vec<_> = exchanges.iter().map(|exchange| text(&exchange["request"], "method")).collect();
    assert_eq!(methods, ["POST", "GET", "DELETE"]);
    (place, exchanges)
}

pub(crate) fn replay(place: &Place, arguments: &[&str]) -> Value {
    let done = place.run(&[&["replay", "--format", "json"], arguments].concat());
    let summary = done.json();
    assert_eq!(mistakes("replay", &summary), [""; 0]);
    let count = |member: &str| summary[member].as_u64().expect("a count");
    let ends = ["equal", "different", "explained", "not_comparable", "outside"].map(count);
    assert_eq!(ends.iter().sum::<u64>(), count("exchanges"), "each exchange ends once: {summary}");
    let years = summary["by_year"].as_object().expect("years").values();
    assert_eq!(years.filter_map(|year| year["exchanges"].as_u64()).sum::<u64>(), count("exchanges"));
    let code = match summary["verdict"].as_str() {
        Some("conformant") => 0,
        Some("not conformant") => 1,
        Some("nothing ran") => 4,
        Some("could not be judged") if summary["broken"] == json!([]) => 2,
        _ => 3,
    };
    assert_eq!(done.code, code, "{summary}");
    summary
}

/// The places in which exchanges differ, by the recording's line.
pub(crate) fn places(summary: &Value) -> Vec<(String, Vec<String>)> {
    let exchanges = summary["differences"].as_array().expect("a list").iter();
    let places = |exchange: &Value| {
        let differences = exchange["differences"].as_array().expect("a list").iter();
        differences.map(|difference| text(difference, "place")).collect::<Vec<_>>()
    };
    exchanges.map(|exchange| (text(exchange, "place"), places(exchange))).collect()
}

/// All trials, one after the other and side by side. What cannot be compared is what a recording does not hold: bytes that are no text,
/// tokens that a case writes out, and how much of a rate limit was left.
#[test]
fn a_run_of_the_whole_suite_is_the_same_when_it_is_replayed() {
    let place = Place::new();
    let done = place.run(&["run", "--jobs", "1", "--record", "1.jsonl", "--events", "none", "--quiet"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    // So many at a time is what a run against the mock begins with.
    place.write("16.jsonl", WHOLE.read("run.jsonl"));
    for jobs in ["1", "16"] {
        let recording = format!("{jobs}.jsonl");
        let summary = replay(&place, &[&recording]);
        // A token that a client got is not in the replayed org, as nobody can ask for it again.
        let differing = summary["differences"].as_array().expect("a list").iter().map(|one| text(one, "call"));
        assert_eq!(
            differing.collect::<Vec<_>>(),
            ["listRefreshTokensForAuthorizationServerAndClient"],
            "{jobs} at a time"
        );
        assert_eq!(summary["explained"], 0);
        assert_eq!(summary["exchanges"], lines(&place, &recording).len());
        let reasons = summary["reasons"].as_object().expect("reasons");
        let reasons: Vec<_> = reasons.iter().map(|(reason, count)| (reason.as_str(), count.as_u64())).collect();
        let expected = [
            ("it shows a client's secret or a token, which no recording holds", Some(847)),
            ("oar… was not made in this recording", Some(1)),
            ("the recording does not hold all bytes of this request", Some(1)),
            ("the recording's rate limit was used up", Some(50)),
            ("the request had credentials of its own, which the recording does not hold", Some(8)),
        ];
        assert_eq!(reasons, expected, "{jobs} at a time");
    }
}

#[test]
fn a_recording_holds_what_was_sent_and_came_and_no_secret() {
    let mock = MockProcess::start(&[]);
    let place = Place::new();
    let done =
        place.run(&["run", "authorization-servers/get", "--target", &mock.url, "--record", "new/run.jsonl", "--quiet"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let events = place.events();
    let exchanges = lines(&place, "new/run.jsonl");
    let steps: Vec<&Value> = of_kind(&events, "step-finished").filter(|step| !step["exchange"].is_null()).collect();
    assert_eq!(exchanges.len(), steps.len());
    for (exchange, step) in exchanges.iter().zip(steps) {
        assert_eq!(exchange["source"], step["trial"]);
        assert_eq!(exchange["principal"], step["principal"]);
        assert_eq!(exchange["request"]["url"], step["exchange"]["request"]["url"]);
        assert_eq!(exchange["response"]["status"], step["exchange"]["response"]["status"]);
    }
    assert!(!place.read("new/run.jsonl").contains(TOKEN));
    let verified = place.run(&["verify", "new/run.jsonl", "--format", "json"]).json();
    assert_eq!((&verified["failures"], &verified["broken"]), (&json!([]), &json!([])));
}

#[test]
fn a_replay_can_be_recorded_and_replayed_again() {
    let (place, exchanges) = recorded();
    let first = replay(&place, &["one.jsonl", "--record", "again.jsonl"]);
    assert_eq!((&first["equal"], &first["different"]), (&json!(3), &json!(0)));
    let again = lines(&place, "again.jsonl");
    assert_eq!(again.len(), 3);
    let id = |exchanges: &[Value]| text(&exchanges[0]["response"]["body"], "id");
    assert_ne!(id(&again), id(&exchanges), "it is another server, of another org");
    assert_eq!(replay(&place, &["again.jsonl"])["equal"], 3);
}

#[test]
fn what_differs_is_told_with_its_place() {
    let (place, exchanges) = recorded();
    let body: [(&str, Value, &[&str]); 8] = [
        ("/description", json!("Another"), &["/description"]),
        ("/description", Value::Null, &["/description"]),
        ("/audiences", json!(["api://default", "api://more"]), &["/audiences"]),
        ("/_links/self/hints/allow", json!(["GET"]), &["/_links/self/hints/allow", "/_links/self/hints/allow"]),
        ("/id", json!("aus0000000000000001x"), &["/id"]),
        ("/created", json!("yesterday"), &["/created"]),
        ("/more", json!(1), &["/more"]),
        ("/credentials/signing/kid", json!("short"), &["/credentials/signing/kid"]),
    ];
    let answer: [(&str, Value, &[&str]); 5] = [
        ("/status", json!(404), &["status"]),
        ("/body", json!("text"), &[""]),
        ("/body", Value::Null, &[""]),
        ("/headers/content-type", json!(["text/html"]), &["header Content-Type"]),
        ("/headers/link", json!(["<http://127.0.0.1:1/next>; rel=\"next\""]), &["link next"]),
    ];
    let body = body.map(|(pointer, value, places)| (format!("/body{pointer}"), value, places));
    let answer = answer.map(|(pointer, value, places)| (pointer.to_owned(), value, places));
    let (mut files, mut expected) = (Vec::new(), Vec::new());
    for (index, (pointer, value, places)) in body.into_iter().chain(answer).enumerate() {
        let mut changed = exchanges.clone();
        let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
        changed[1]["response"].pointer_mut(parent).expect("a member")[member] = value;
        let file = format!("{index}.jsonl");
        write(&place, &file, &changed);
        expected.push((format!("{file}:2"), places.iter().map(ToString::to_string).collect::<Vec<_>>()));
        files.push(file);
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let summary = replay(&place, &files);
    assert_eq!(places(&summary), expected);
    assert_eq!((&summary["equal"], &summary["different"]), (&json!(files.len() * 2), &json!(files.len())));

    let mut changed = exchanges;
    changed[1]["response"]["body"]["_links"] = json!({});
    write(&place, "links.jsonl", &changed);
    let told = places(&replay(&place, &["links.jsonl"]));
    assert!(told[0].1.len() > 5 && told[0].1.iter().all(|place| place.starts_with("/_links/")), "{told:?}");
}

/// An exchange of a handmade recording.
#[expect(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
pub(crate) fn exchange(
    id: &str,
    method: &str,
    path: &str,
    body: Value,
    date: &str,
    status: u16,
    answer: Value,
) -> Value {
    let mut headers = json!({ "content-type": ["application/json"], "x-okta-request-id": ["r1"] });
    if !date.is_empty() {
        headers["date"] = json!([date]);
    }
    json!({
        "id": id,
        "request": { "method": method, "url": format!("https://old.example.com{path}"), "headers": {}, "body": body },
        "response": { "status": status, "headers": headers, "body": answer },
    })
}

fn server(id: &str, name: &str, created: &str, updated: &str) -> Value {
    let href = format!("https://old.example.com/api/v1/authorizationServers/{id}");
    json!({ "id": id, "name": name, "created": created, "lastUpdated": updated, "_links": { "self": { "href": href } } })
}

#[test]
fn names_and_times_are_those_of_the_target() {
    let target = Server::start(|request| {
        let host = request.header("Host").unwrap_or_default();
        let mut server = server("ausNEWNEWNEWNEW1234x", "A", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z");
        server["_links"]["self"]["href"] =
            format!("http://{host}/api/v1/authorizationServers/ausNEWNEWNEWNEW1234x").into();
        Some(match request.method.as_str() {
            "GET" if request.target == "/api/v1/authorizationServers" => Answer::json(200, &json!([])),
            "GET" if request.target.ends_with("/default") => Answer::new(404, ""),
            "POST" => Answer::json(201, &server),
            "DELETE" => Answer::new(204, ""),
            _ => Answer::json(200, &server),
        })
    });
    let place = Place::new();
    let (old, other) = ("ausOLDOLDOLDOLD5678y", "ausOTHEROTHER90123zz");
    let times = |day: &str| format!("{day}T00:00:00.000Z");
    let run = |shown: Value| {
        let made = server(old, "A", &times("2020-01-01"), &times("2020-01-05"));
        write(
            &place,
            "r.jsonl",
            &[
                exchange("a", "POST", "/api/v1/authorizationServers", json!({ "name": "A" }), "", 201, made),
                exchange("b", "GET", &format!("/api/v1/authorizationServers/{old}"), Value::Null, "", 200, shown),
            ],
        );
        places(&replay(&place, &["r.jsonl", "--target", &target.url, "--principal", "admin"]))
    };
    assert_eq!(run(server(old, "A", &times("2020-01-01"), &times("2020-01-05"))), []);
    let asked = target.lines();
    assert!(asked.contains(&"GET /api/v1/authorizationServers/ausNEWNEWNEWNEW1234x".to_owned()), "{asked:?}");
    assert_eq!(asked.last().map(String::as_str), Some("DELETE /api/v1/authorizationServers/ausNEWNEWNEWNEW1234x"));

    let told =
        |places: &[&str]| vec![("r.jsonl:2".to_owned(), places.iter().map(ToString::to_string).collect::<Vec<_>>())];
    // Other times in the same order are no difference, another order is.
    assert_eq!(run(server(old, "A", &times("2001-02-03"), &times("2031-02-03"))), []);
    assert_eq!(run(server(old, "A", &times("2020-01-05"), &times("2020-01-01"))), told(&["order of times"]));
    // One name for one thing, in every place.
    assert_eq!(
        run(server(other, "A", &times("2020-01-01"), &times("2020-01-05"))),
        told(&["/id", "/_links/self/href"])
    );
    // What the client chose is not a name of the target's.
    assert_eq!(run(server(old, "B", &times("2020-01-01"), &times("2020-01-05"))), told(&["/name"]));
}

#[test]
fn a_replay_reads_like_this() {
    let (place, exchanges) = recorded();
    let dated = |exchange: &Value, date: &str| {
        let mut exchange = exchange.clone();
        exchange["id"] = json!(format!("of {date}"));
        exchange["response"]["headers"]["date"] = json!([date]);
        exchange
    };
    let (old, new) = ("Fri, 01 May 2020 00:00:00 GMT", "Fri, 01 May 2026 00:00:00 GMT");
    let mut list = vec![dated(&exchanges[0], old), dated(&exchanges[1], new), dated(&exchanges[1], "never")];
    list[0]["response"]["body"].as_object_mut().expect("an object").shift_remove("default");
    list[1]["response"]["body"]["description"] = json!("Another\u{1b}[31m");
    list[1]["response"]["body"].as_object_mut().expect("an object").shift_remove("issuerMode");
    let path = "/api/v1/authorizationServers/aus00000000000000000";
    list.push(exchange("foreign", "GET", path, Value::Null, old, 200, json!({})));
    list.push(exchange("busy", "GET", "/api/v1/authorizationServers", Value::Null, old, 429, json!({})));
    write(&place, "some.jsonl", &list);
    let done = place.run(&["replay", "some.jsonl", "--as-of", "today"]);
    assert_eq!((done.code, done.err.as_str()), (1, ""), "{}", done.out);
    snapshot(&place, "replay", &done.out);
    let verbose = place.run(&["replay", "some.jsonl", "--as-of", "today", "--verbose"]);
    snapshot(&place, "replay-verbose", &verbose.out);
}

#[test]
fn nothing_is_written_to_that_the_replay_did_not_make() {
    let mock = MockProcess::start(&[]);
    let (place, exchanges) = recorded();
    let start = mock.servers();
    let proxy = Server::proxy(&mock.url, |_, _| {});
    let foreign = text(&start[0], "id");
    let made = text(&exchanges[0]["response"]["body"], "id");
    let at = |id: &str| format!("/api/v1/authorizationServers/{id}");
    let body = json!({ "name": "x", "audiences": ["api://x"] });
    let mut list = vec![exchanges[0].clone()];
    for (method, path, status) in [
        ("DELETE", at(&foreign), 204),
        ("PUT", at(&foreign), 200),
        ("DELETE", at("default"), 204),
        ("PUT", at("default"), 200),
        ("POST", format!("{}/lifecycle/deactivate", at("default")), 204),
        ("POST", format!("{}/scopes", at("default")), 201),
        ("DELETE", at("x/../default"), 204),
    ] {
        list.push(exchange(method, method, &path, body.clone(), "", status, json!({})));
    }
    list.push(exchange("found", "GET", &at(&made), Value::Null, "", 200, json!({})));
    write(&place, "foreign.jsonl", &list);
    let summary = replay(&place, &["foreign.jsonl", "--target", &proxy.url]);
    assert_eq!(summary["not_comparable"], 7, "{summary}");
    let written: Vec<String> = proxy.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect();
    assert_eq!(written.len(), 2, "the create and its clean-up: {written:?}");
    assert_eq!(mock.servers(), start);
}

#[test]
fn a_broken_file_takes_nothing_away_from_the_others() {
    let (place, exchanges) = recorded();
    place.write("broken.jsonl", &format!("{}\n{{\"request\":\n", exchanges[0]));
    place.write("empty.jsonl", "");
    let done = place.run(&["replay", "broken.jsonl", "one.jsonl", "missing.jsonl", "empty.jsonl", "--format", "json"]);
    assert_eq!(done.code, 3, "{}", done.err);
    let summary = done.json();
    assert_eq!((&summary["equal"], summary["broken"].as_array().map(Vec::len)), (&json!(3), Some(3)));
    assert_eq!(summary["verdict"], "could not be judged");
    for said in [
        "broken.jsonl:2: not a recorded exchange",
        "cannot use missing.jsonl",
        "empty.jsonl: there is no exchange in it",
    ] {
        assert!(done.err.contains(said), "{}", done.err);
    }
    let wrong = place.run(&["replay", "one.jsonl", "--principal", "nobody"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (3, ""), "{}", wrong.err);
    write(
        &place,
        "busy.jsonl",
        &[exchange("busy", "GET", "/api/v1/authorizationServers", Value::Null, "", 429, json!({}))],
    );
    assert_eq!(replay(&place, &["busy.jsonl"])["verdict"], "nothing ran");
}

#[test]
fn a_target_that_does_not_answer_makes_nothing_green() {
    let (place, _) = recorded();
    let url = Server::always(Answer::default()).url.clone();
    let summary = replay(&place, &["one.jsonl", "--target", &url, "--principal", "admin"]);
    assert_eq!((&summary["not_comparable"], &summary["verdict"]), (&json!(3), &json!("could not be judged")));
    // Nor does one of which nobody can say what it held before.
    let body = json!({ "name": "a", "description": "b", "audiences": ["api://c"] });
    let create = exchange("make", "POST", "/api/v1/authorizationServers", body.clone(), "", 201, body);
    write(&place, "create.jsonl", &[create]);
    let summary = replay(&place, &["create.jsonl", "--target", "http://127.0.0.1:1", "--principal", "admin"]);
    assert_eq!((&summary["not_comparable"], &summary["verdict"]), (&json!(1), &json!("could not be judged")));
}
