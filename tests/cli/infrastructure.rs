//! What stands before a target, and the connections to it: whatever they answer, and however they end, it is never a failure of the target.

use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server},
    support::{Done, Place, junit, of_kind, text},
};

/// Statuses that say nothing of a target, which each speaker before it has: proxies, load balancers, gateways, networks.
const STATUSES: [u16; 10] = [407, 408, 421, 425, 502, 503, 504, 511, 520, 599];

fn thing(request: &Request) -> Answer {
    let name = request.target.rsplit('/').next().unwrap_or_default();
    Answer::json(200, &json!({ "id": name, "name": name, "color": "red" }))
}

/// Runs the coloured things, and what else stands in the suite.
fn run(place: &Place, url: &str, more: &[&str]) -> Done {
    place.run(&[&["run", "--suite", "suite", "--target", url, "--jobs", "1"], more].concat())
}

/// A suite with the cases of one file, written as steps.
fn with_steps(steps: &[(&str, &str)]) -> Place {
    let place = Place::with_suite(&[]);
    let mut cases = String::from("area: things\ntopic: one\nprofile: core\ncases:\n");
    for (id, steps) in steps {
        let head = format!("id: {id}, title: The steps of {id}, requirements: [things.work], principal: admin");
        let _ = writeln!(cases, "  - {{ {head}, steps: [{steps}] }}");
    }
    place.write("suite/cases/things/one.yaml", &cases);
    place
}

fn reasons(place: &Place) -> Vec<(String, String)> {
    let events = place.events();
    of_kind(&events, "trial-finished").map(|event| (text(event, "outcome"), text(event, "reason"))).collect()
}

#[test]
fn what_stands_before_a_target_is_no_failure_of_it() {
    for status in STATUSES {
        let server = Server::always(Answer::new(status, "<html>trouble</html>"));
        let place = Place::with_suite(&["colors"]);
        let done = run(&place, &server.url, &["things/colors/red[a]", "things/colors/red[b]", "--report", "junit"]);
        assert_eq!(done.code, 2, "{status}: {}", done.out);
        let expected = ("errored".to_owned(), format!("the target answered {status}"));
        assert_eq!(reasons(&place), [expected.clone(), expected], "{status}");
        let xml = place.read("reports/junit.xml");
        let (_, totals) = junit(&xml);
        assert_eq!((totals.errors, totals.failures), (2, 0), "{status}");
        assert!(xml.contains(&format!("&lt; {status} in ")), "{status}: the exchange is shown: {xml}");
    }
}

#[test]
fn a_status_that_a_step_expects_is_an_answer_whoever_gave_it() {
    for status in STATUSES.into_iter().chain([429, 500, 501]) {
        let server = Server::always(Answer::new(status, ""));
        let steps = format!("{{ request: {{ method: GET, path: /a }}, expect: {{ status: {status} }} }}");
        let place = with_steps(&[("expects", &steps)]);
        let done = run(&place, &server.url, &["--report", "json"]);
        assert_eq!(done.code, 0, "{status}: {}{}", done.out, done.err);
        // A server that says so and closes the connection may not have read it.
        assert_eq!(server.lines().len(), if status == 408 { 2 } else { 1 }, "{status}");
    }
}

#[test]
fn a_fixture_that_meets_trouble_is_errored_and_not_blocked() {
    for status in [407, 408, 421, 425] {
        let server = Server::always(Answer::new(status, ""));
        let place = Place::with_suite(&["values"]);
        let done = run(&place, &server.url, &["things/values/unique"]);
        assert_eq!(done.code, 2, "{status}: {}", done.out);
        assert_eq!(place.outcomes()["things/values/unique"], "errored", "{status}");
    }
}

/// A step that waits for a 404.
const UNTIL: &str = "{ request: { method: GET, path: /a }, repeat: { max: 3, until: 404 }, expect: { status: 404 } }";

#[test]
fn trouble_ends_a_repetition_and_a_limit_does_not() {
    for (status, code, requests) in [(425, 2, 1), (503, 2, 1), (500, 2, 2), (429, 0, 2)] {
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |_| {
            let last = status == 429 && asked.fetch_add(1, Ordering::SeqCst) > 0;
            Some(Answer::new(if last { 404 } else { status }, "").header("Retry-After", "1"))
        });
        let place = with_steps(&[("until", UNTIL)]);
        let done = run(&place, &server.url, &[]);
        assert_eq!((done.code, server.lines().len()), (code, requests), "{status}: {}", done.out);
        assert!(place.outcomes().values().all(|outcome| outcome == if code == 0 { "passed" } else { "errored" }));
    }
}

#[test]
fn a_request_that_breaks_the_target_each_time_is_one_cause_that_names_it() {
    let server = Server::start(|request| {
        Some(if request.target.contains("/things/") { Answer::new(500, "") } else { Answer::json(200, &json!([])) })
    });
    let place = Place::with_suite(&["colors"]);
    let done = run(&place, &server.url, &["--format", "json"]);
    assert_eq!(done.code, 2, "{}", done.err);
    let title = "getThing: GET /api/v1/things/{thingId} answered 500 twice";
    let summary = done.json();
    let causes = summary["causes"].as_array().expect("causes");
    assert_eq!(causes.len(), 1, "{summary}");
    assert_eq!((&causes[0]["title"], &causes[0]["outcome"]), (&json!(title), &json!("errored")));
    assert_eq!(causes[0]["trials"].as_array().map(Vec::len), Some(9));
    assert_eq!((summary["requests"].as_u64(), server.lines().len()), (Some(18), 18), "each was sent twice");
    for format in ["text", "markdown", "html", "github"] {
        let report = place.run(&["report", "reports/events.jsonl", "--format", format]).out;
        assert!(report.replace("%2C", ",").contains("answered 500 twice"), "{format}: {report}");
    }
}

#[test]
fn trouble_that_comes_once_and_a_create_are_not_said_to_break_it() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        Some(if first || request.method == "POST" { Answer::new(501, "") } else { thing(request) })
    });
    let place = with_steps(&[
        ("a-read", "{ call: getThing, path: { thingId: a } }"),
        ("b-write", "{ call: createThing, body: { name: b } }"),
    ]);
    let done = run(&place, &server.url, &[]);
    assert_eq!(done.code, 2, "{}", done.out);
    let expected = ("errored".to_owned(), "the target answered 501".to_owned());
    assert_eq!(reasons(&place), [expected.clone(), expected]);
    let written = server.lines().iter().filter(|line| line.starts_with("POST ")).count();
    assert_eq!(written, 1, "what may make something is not sent again: {:?}", server.lines());
}

/// Status, headers and body of an answer, and whether it is the last one of its connection.
type Reply = (u16, String, Vec<u8>, bool);

/// Serves connections that are kept alive: what is answered to the request with this number on its connection, and whether that is the end of
/// the connection. Gives its URL and how many connections there were.
fn kept(answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (answer, connections) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), answer) = (stream, Arc::clone(&answer)) else { return };
            counted.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || serve(&stream, answer.as_ref()).ok());
        }
    });
    (url, connections)
}

fn serve(stream: &TcpStream, answer: &dyn Fn(usize, &str) -> Reply) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    for number in 1.. {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first)? == 0 {
            break;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end().to_ascii_lowercase().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
                Some(_) => {}
                None => break,
            }
        }
        reader.read_exact(&mut vec![0; length])?;
        let (status, headers, body, ends) = answer(number, first.trim_end());
        let close = if ends { "Connection: close\r\n" } else { "" };
        let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("HTTP/1.1 {status} Whatever\r\nX-Request-Id: r1\r\n{headers}{close}{length}\r\n");
        (&mut &*stream).write_all(&[head.as_bytes(), &body].concat())?;
        if ends {
            break;
        }
    }
    Ok(())
}

/// An answer that fits the suite of things.
fn right(line: &str) -> (u16, String, Vec<u8>) {
    let target = line.split(' ').nth(1).unwrap_or_default();
    let name = target.rsplit('/').next().unwrap_or_default();
    let body = json!({ "id": name, "name": name, "color": "red" }).to_string().into_bytes();
    let json = "Content-Type: application/json\r\n".to_owned();
    match line.split(' ').next() {
        Some("POST") => (201, json, body),
        Some("DELETE") => (204, String::new(), Vec::new()),
        _ => (200, json, body),
    }
}

#[test]
fn a_408_to_an_idle_connection_is_no_answer_to_what_was_just_sent_there() {
    // The server has given up the connection while the request was on its way: its words are there before it has read it.
    let (url, connections) = kept(|number, line| match right(line) {
        (status, headers, body) if number == 1 => (status, headers, body, false),
        _ => (408, String::new(), Vec::new(), true),
    });
    let place = Place::with_suite(&["colors"]);
    let done = run(&place, &url, &["--format", "json"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let (requests, connections) = (done.json()["requests"].as_u64(), connections.load(Ordering::SeqCst) as u64);
    assert!(connections > 1 && requests > Some(9), "{connections} connections, {requests:?} requests");

    // What was made is removed all the same, and a create that meets it is no failure.
    let makes = "{ call: createThing, body: { name: a }, capture: { id: $.id }, \
                   defer: [{ call: deleteThing, path: { thingId: \"${id}\" } }] }, \
                 { call: getThing, path: { thingId: a } }, { call: getThing, path: { thingId: b } }";
    let place = with_steps(&[("makes", makes)]);
    let done = run(&place, &url, &[]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert_eq!(of_kind(&place.events(), "leaked").count(), 0);

    let (url, _) = kept(|_, _| (408, String::new(), Vec::new(), true));
    let place = with_steps(&[("makes", makes), ("reads", "{ call: getThing, path: { thingId: a } }")]);
    let done = run(&place, &url, &[]);
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(place.outcomes().values().all(|outcome| outcome == "errored"), "{:?}", place.outcomes());
}

#[test]
fn an_idle_connection_is_not_used_for_as_long_as_others_keep_it() {
    // It waits for longer than a connection is kept, since the server asks for that, once.
    let asked = AtomicUsize::new(0);
    let (url, connections) = kept(move |_, line| {
        let (status, headers, body) = right(line);
        let waits = line.contains("/things/a ") && asked.fetch_add(1, Ordering::SeqCst) == 0;
        if waits { (429, "Retry-After: 5\r\n".to_owned(), Vec::new(), false) } else { (status, headers, body, false) }
    });
    let place = with_steps(&[("one", "{ call: getThing, path: { thingId: a } }")]);
    let done = run(&place, &url, &["--trial-timeout", "600s"]);
    let connections = connections.load(Ordering::SeqCst);
    assert_eq!((done.code, connections), (0, 2), "each of two tries has its own: {}", done.out);
}

#[test]
fn a_replay_and_a_verification_do_not_blame_the_target_either() {
    let line = |status: u16, body: &Value| {
        let request = json!({ "method": "GET", "url": "https://things.example/api/v1/things/a", "headers": {} });
        let headers = json!({ "x-request-id": ["r1"], "content-type": ["application/json"] });
        json!({ "request": request, "response": { "status": status, "headers": headers, "body": body } }).to_string()
    };
    let good = json!({ "id": "a", "name": "a", "color": "red" });
    for status in STATUSES.into_iter().chain([429]) {
        let place = Place::with_suite(&["colors"]);
        place.write("good.jsonl", &format!("{}\n{}\n", line(200, &good), line(200, &good)));
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            Some(if first { thing(request) } else { Answer::new(status, "").header("Retry-After", "0") })
        });
        let arguments = ["replay", "good.jsonl", "--suite", "suite", "--target", &server.url, "--format", "json"];
        let done = place.run(&arguments);
        let summary = done.json();
        assert_eq!((&summary["equal"], &summary["different"]), (&json!(1), &json!(0)), "{status}: {summary}");
        assert_eq!((&summary["not_comparable"], done.code), (&json!(1), 2), "{status}: {summary}");
        let reason = format!("what stands before the target answered {status}");
        assert_eq!(summary["reasons"][reason.as_str()], 1, "{summary}");

        place.write("trouble.jsonl", &format!("{}\n{}\n", line(200, &good), line(status, &Value::Null)));
        let done = place.run(&["verify", "trouble.jsonl", "--suite", "suite", "--format", "json"]);
        let summary = done.json();
        assert_eq!(super::forms::mistakes("verify", &summary), [""; 0]);
        assert_eq!((&summary["judged"], &summary["failed"]), (&json!(1), &json!(0)), "{status}: {summary}");
        assert_eq!((&summary["infrastructure"], done.code), (&json!(1), 2), "{status}: {summary}");
        let told = place.run(&["verify", "trouble.jsonl", "--suite", "suite"]).out;
        assert!(told.contains(&format!("proxy\n       1  {status} to getThing\n")), "{told}");
    }
}
