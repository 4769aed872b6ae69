//! Answers that are lost or say nothing: what a create made on the target is found and removed all the same, or it is said that it may be left.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::{
    gateway::{Call, Fate, Gateway, Manner, Once, SERVERS, pass},
    org::{Org, Wrong, ledgers, play, run, sweep},
    server::{Answer, Request},
    support::Place,
};

/// Its fixture makes one server.
const GIVEN: &str = "authorization-servers/get/same-as-created";
/// Its first step makes one server.
const STEP: &str = "authorization-servers/create/order-of-members";

/// What a gateway makes of an answer.
type Lose = fn(Answer) -> Fate;

fn error(status: u16) -> Fate {
    Fate::Answer(Answer::new(status, "<html>upstream</html>").header("Content-Type", "text/html"))
}

/// 201 with this body, and the headers of the org's answer.
fn made(mut answer: Answer, body: &str) -> Fate {
    answer.body = body.into();
    Fate::Answer(answer)
}

fn another_id(answer: Answer) -> Fate {
    let mut server: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    server["id"] = "aus0nobody0000000000".into();
    made(answer, &server.to_string())
}

/// Ends in which nobody can tell whether the org has done what it was asked for.
const BROKEN: [(&str, Lose); 6] = [
    ("reset", |_| Fate::Reset),
    ("closed", |_| Fate::Close),
    ("cut", Fate::Cut),
    ("503", |_| error(503)),
    ("500", |_| error(500)),
    ("408", |_| error(408)),
];

/// Answers that say that something was made, and not what.
const USELESS: [(&str, Lose); 7] = [
    ("no JSON", |answer| made(answer, "<html>created</html>")),
    ("an empty object", |answer| made(answer, "{}")),
    ("null", |answer| made(answer, "null")),
    ("nothing", |answer| made(answer, "")),
    ("an empty id", |answer| made(answer, "{\"id\":\"\"}")),
    ("another id", another_id),
    ("202 and nothing", |_| Fate::Answer(Answer::json(202, &json!({})))),
];

/// The first create is carried out, and its answer becomes what `lose` makes of it.
fn losing(org: &Org, lose: Lose) -> Gateway {
    let first = Once::default();
    Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && first.now() { lose(answer) } else { Fate::Answer(answer) }
    })
}

#[test]
fn a_create_whose_answer_is_lost_is_found_by_its_name_and_removed() {
    play(&BROKEN, |lose, wrong| {
        let (place, org) = (Place::new(), Org::start());
        let gateway = losing(&org, *lose);
        let ran = run(&place, &gateway, &[GIVEN]);
        wrong.unless(ran.done.code == 2, format!("exit code {}, and not 2", ran.done.code));
        wrong.unless(ran.count("/trials/errored") == Some(1), "the trial is not errored");
        wrong.unless_clean(&org, &place, &ran);
        let made = gateway.count("POST", |path| path == SERVERS);
        wrong.unless(made == 1, format!("what was made once is made {made} times"));
        ran.line()
    });
}

#[test]
fn a_create_whose_answer_does_not_tell_what_it_made_is_found_by_its_name_and_removed() {
    play(&USELESS, |lose, wrong| {
        for trial in [GIVEN, STEP] {
            let (place, org) = (Place::new(), Org::start());
            let gateway = losing(&org, *lose);
            let ran = run(&place, &gateway, &[trial]);
            wrong.unless([1, 2].contains(&ran.done.code), format!("{trial}: exit code {}", ran.done.code));
            wrong.unless_clean(&org, &place, &ran);
            if trial == STEP {
                return ran.line();
            }
        }
        String::new()
    });
}

#[test]
fn where_no_create_has_an_answer_of_use_nothing_is_left() {
    let scenarios: [(&str, Lose); 2] = [USELESS[0], BROKEN[0]];
    play(&scenarios, |lose, wrong| {
        let (place, org, lose) = (Place::new(), Org::start(), *lose);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            let answer = call.pass();
            if call.makes_a_server() { lose(answer) } else { Fate::Answer(answer) }
        });
        let trials = ["authorization-servers/create", "authorization-servers/get", "policies/create", "--breaker", "0"];
        let ran = run(&place, &gateway, &trials);
        wrong.unless([1, 2].contains(&ran.done.code), format!("exit code {}", ran.done.code));
        wrong.unless_clean(&org, &place, &ran);
        ran.line()
    });
}

/// A create that never comes to the org, though nobody can know: after two lists without it, it is settled.
#[test]
fn what_is_in_no_list_was_not_made() {
    let scenarios = [BROKEN[3], BROKEN[4], USELESS[1]];
    play(&scenarios, |lose, wrong| {
        let (place, org, lose, first) = (Place::new(), Org::start(), *lose, Once::default());
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            if call.makes_a_server() && first.now() {
                return lose(Answer::json(201, &json!({})));
            }
            Fate::Answer(call.pass())
        });
        let ran = run(&place, &gateway, &[GIVEN]);
        wrong.unless(ran.done.code == 2, format!("exit code {}", ran.done.code));
        wrong.unless_clean(&org, &place, &ran);
        let lists = gateway.count("GET", |path| path.starts_with(&format!("{SERVERS}?")) && path != PREFLIGHT);
        wrong.unless(lists >= 2, format!("it was looked for {lists} times"));
        ran.line()
    });
}

/// What the preflight asks.
const PREFLIGHT: &str = "/api/v1/authorizationServers?limit=1";

/// How the look-up fails: what becomes of a list.
type Hide = fn(&Call<'_>, Answer) -> Fate;

fn without_theirs(answer: Answer) -> Answer {
    let servers: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kept = servers.as_array().into_iter().flatten();
    let kept: Vec<_> = kept.filter(|server| server["name"].as_str().is_some_and(|name| !ours(name))).collect();
    Answer { body: json!(kept).to_string().into_bytes(), ..answer }
}

/// Whether a run calls things so; nothing else in the org does.
fn ours(name: &str) -> bool {
    let named = regex::Regex::new("^okc_[a-z2-9]{6}_[0-9]{5}").expect("a pattern");
    named.is_match(name)
}

/// A list with a further page that does not come.
fn with_a_lost_page(call: &Call<'_>, answer: Answer) -> Fate {
    if call.request.target.contains("lost-page") {
        return error(503);
    }
    let next = format!("<http://{}{SERVERS}?after=lost-page>; rel=\"next\"", call.request.header("Host").unwrap_or(""));
    let mut answer = without_theirs(answer);
    answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("link"));
    Fate::Answer(answer.header("Link", &next))
}

#[test]
fn what_cannot_be_looked_for_may_be_left() {
    let scenarios: [(&str, Hide); 4] = [
        ("no list", |_, _| error(503)),
        ("no list, but an object", |_, _| Fate::Answer(Answer::json(200, &json!({})))),
        ("a refused list", |_, _| Fate::Answer(Answer::json(403, &json!({ "errorCode": "E0000006" })))),
        ("half a list", with_a_lost_page),
    ];
    play(&scenarios, |hide, wrong| {
        let (place, org, hide) = (Place::new(), Org::start(), *hide);
        let (blind, lost) = (Arc::new(AtomicBool::new(true)), AtomicBool::new(false));
        let blinded = Arc::clone(&blind);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            let answer = call.pass();
            if call.makes_a_server() && !lost.swap(true, Ordering::SeqCst) {
                return Fate::Reset;
            }
            let list = call.is("GET", SERVERS) && lost.load(Ordering::SeqCst);
            if list && blinded.load(Ordering::SeqCst) {
                return hide(call, answer);
            }
            Fate::Answer(answer)
        });
        let ran = run(&place, &gateway, &[GIVEN, "--no-preflight"]);
        wrong.unless(
            ran.count("/may_be_left").is_some_and(|count| count > 0),
            "it does not say that something may be left",
        );
        wrong.unless(org.left() == 1, "the scenario: a server is left");
        wrong.unless_accounted(&org, &place, &ran);

        // As long as nobody can look, nothing is settled.
        let swept = sweep(&place, &[]);
        wrong.unless(swept.code == 2, format!("a blind sweep: {swept:?}"));
        wrong.unless(ledgers(&place).len() == 1, "a blind sweep forgets the ledger");
        blind.store(false, Ordering::SeqCst);
        let swept = sweep(&place, &[]);
        let changes = org.changes();
        wrong.unless(changes.is_empty(), format!("after a sweep that sees: {changes:?}, {swept:?}"));
        wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("a sweep that sees: {swept:?}"));
        ran.line()
    });
}

#[test]
fn what_a_list_shows_late_is_found_in_the_second() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let (lost, late) = (AtomicBool::new(false), Once::default());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && !lost.swap(true, Ordering::SeqCst) {
            return error(503);
        }
        let list = call.is("GET", SERVERS) && lost.load(Ordering::SeqCst);
        Fate::Answer(if list && late.now() { without_theirs(answer) } else { answer })
    });
    let ran = run(&place, &gateway, &[GIVEN]);
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless(ran.done.code == 2, ran.line());
    wrong.end();
}

#[test]
fn after_a_timeout_what_was_made_is_removed() {
    let mut wrong = Wrong::default();
    let (place, org, first) = (Place::new(), Org::start(), Once::default());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if call.makes_a_server() && first.now() { Fate::Silence } else { Fate::Answer(answer) }
    });
    let ran = run(&place, &gateway, &[GIVEN, "--timeout", "2s"]);
    wrong.unless(ran.done.code == 2, ran.line());
    wrong.unless_clean(&org, &place, &ran);
    wrong.end();
}

#[test]
fn after_a_timeout_absence_settles_nothing() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let held: Arc<Mutex<Option<Request>>> = Arc::default();
    let (keeping, first) = (Arc::clone(&held), Once::default());
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        if call.makes_a_server() && first.now() {
            *keeping.lock().expect("no panic") = Some(call.request.clone());
            return Fate::Silence;
        }
        Fate::Answer(call.pass())
    });
    let ran = run(&place, &gateway, &[GIVEN, "--timeout", "2s"]);
    wrong.unless(ran.count("/may_be_left") == Some(1), format!("it may be left: {}", ran.line()));
    wrong.unless_accounted(&org, &place, &ran);
    let kept = ledgers(&place);
    wrong.unless(kept.len() == 1, "the ledger is kept");

    let swept = sweep(&place, &[]);
    wrong.unless(swept.code == 2, format!("a sweep cannot settle it: {swept:?}"));
    wrong.unless(ledgers(&place) == kept, "the ledger is kept by the sweep");

    // What the org does late, it does.
    let request = held.lock().expect("no panic").take().expect("a request that was held");
    assert_eq!(pass(&org.mock.url, &request).status, 201);
    let swept = sweep(&place, &[]);
    let changes = org.changes();
    wrong.unless(changes.is_empty(), format!("what appears is removed: {changes:?}"));
    wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("then all is settled: {swept:?}"));
    wrong.end();
}

/// What a clean-up meets, at each of its first requests, and whether the org has done what it was asked for.
const TROUBLE: [(&str, (bool, usize, Lose)); 7] = [
    ("closed before", (false, 2, |_| Fate::Close)),
    ("closed after", (true, 1, |_| Fate::Close)),
    ("reset before", (false, 2, |_| Fate::Reset)),
    ("reset after", (true, 2, |_| Fate::Reset)),
    ("503 before", (false, 2, |_| error(503))),
    ("503 after", (true, 1, |_| error(503))),
    ("500 before", (false, 2, |_| error(500))),
];

#[test]
fn a_clean_up_that_meets_trouble_is_tried_again() {
    play(&TROUBLE, |(done, times, lose), wrong| {
        let (place, org, met) = (Place::new(), Org::start(), AtomicUsize::new(0));
        let (done, times, lose) = (*done, *times, *lose);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            if call.request.method == "DELETE" && met.fetch_add(1, Ordering::SeqCst) < times {
                return lose(if done { call.pass() } else { Answer::default() });
            }
            Fate::Answer(call.pass())
        });
        let ran = run(&place, &gateway, &[GIVEN]);
        wrong.unless(ran.done.code == 0, format!("exit code {}", ran.done.code));
        wrong.unless_clean(&org, &place, &ran);
        ran.line()
    });
}
