//! Answers that are lost or say nothing: what a create made on the target is found and removed all the same, or it is said that it may be left.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
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

/// Trials whose fixtures and whose steps make servers, more than there are ways to lose an answer.
const MANY: [&str; 4] = ["authorization-servers/create", "authorization-servers/lifecycle", "--breaker", "0"];

/// Each create is carried out, and each loses its answer, in turn in each of the ways.
#[test]
fn a_create_without_an_answer_of_use_is_found_by_its_name_and_removed() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let ways: Vec<_> = BROKEN.into_iter().chain(USELESS).collect();
    let (all, lost) = (ways.clone(), Arc::<Mutex<Vec<(String, String)>>>::default());
    let losing = Arc::clone(&lost);
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let answer = call.pass();
        if !call.makes_a_server() || answer.status != 201 {
            return Fate::Answer(answer);
        }
        let mut lost = losing.lock().expect("no panic");
        let (way, lose) = all[lost.len() % all.len()];
        lost.push((call.request.json()["name"].as_str().unwrap_or_default().to_owned(), way.to_owned()));
        lose(answer)
    });
    let ran = run(&place, &gateway, &MANY);
    let lost = lost.lock().expect("no panic").clone();
    wrong.unless(lost.len() > ways.len(), format!("the scenario: {} creates", lost.len()));
    let left = org.left_by(&ran);
    let left: Vec<_> =
        lost.iter().filter(|(name, _)| left.contains(name)).map(|(name, way)| format!("{name} ({way})")).collect();
    wrong.unless(left.is_empty(), format!("left are {left:#?}"));
    let names: BTreeSet<&String> = lost.iter().map(|(name, _)| name).collect();
    wrong.unless(names.len() == lost.len(), format!("what was made once is made again: {lost:?}"));
    // An answer with another id is whole, as far as anybody can see.
    let whole = lost.iter().filter(|(_, way)| way == "another id").count() as u64;
    wrong
        .unless(ran.count("/trials/passed").is_some_and(|count| count <= whole), "trials without an answer are passed");
    let broken = lost.iter().filter(|(_, way)| BROKEN.iter().any(|(broken, _)| broken == way)).count() as u64;
    wrong.unless(ran.count("/trials/errored") == Some(broken), format!("{broken} answers are broken: {}", ran.line()));
    wrong.unless([1, 2].contains(&ran.done.code), ran.line());
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless_unchanged(&org);
    wrong.end();
}

/// Creates that never come to the org, though nobody can know: after two lists without them, all is settled.
#[test]
fn what_is_in_no_list_was_not_made() {
    let mut wrong = Wrong::default();
    let (place, org, count) = (Place::new(), Org::start(), AtomicUsize::new(0));
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        let ways = [BROKEN[3].1, BROKEN[4].1];
        if call.makes_a_server() {
            return ways[count.fetch_add(1, Ordering::SeqCst) % ways.len()](Answer::json(201, &json!({})));
        }
        Fate::Answer(call.pass())
    });
    let ran = run(
        &place,
        &gateway,
        &[GIVEN, "authorization-servers/get/changes-nothing", "authorization-servers/get/inactive-server"],
    );
    wrong.unless(ran.done.code == 2, ran.line());
    wrong.unless_clean(&org, &place, &ran);
    let looks =
        gateway.count("GET", |path| (path == SERVERS || path.starts_with(&format!("{SERVERS}?"))) && path != PREFLIGHT);
    wrong.unless(looks >= 2, format!("it was looked for {looks} times"));
    let made = gateway.count("POST", |path| path == SERVERS);
    wrong.unless(made == 3, format!("what may have been made is sent {made} times, and not 3"));
    wrong.end();
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
    // As long as nobody can look, a sweep settles nothing either; once is enough to see that.
    let scenarios: [(&str, (bool, Hide)); 4] = [
        ("no list", (true, |_, _| error(503))),
        ("an object", (false, |_, _| Fate::Answer(Answer::json(200, &json!({}))))),
        ("a refusal", (false, |_, _| Fate::Answer(Answer::json(403, &json!({ "errorCode": "E0000006" }))))),
        ("half a list", (false, with_a_lost_page)),
    ];
    play(&scenarios, |(sweeps, hide), org, wrong| {
        let (place, hide) = (Place::new(), *hide);
        let (blind, lost) = (Arc::new(AtomicBool::new(true)), AtomicBool::new(false));
        let blinded = Arc::clone(&blind);
        let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
            let answer = call.pass();
            if call.makes_a_server() && !lost.swap(true, Ordering::SeqCst) {
                return Fate::Reset;
            }
            let list = call.is("GET", SERVERS) && lost.load(Ordering::SeqCst);
            if list && blinded.load(Ordering::SeqCst) { hide(call, answer) } else { Fate::Answer(answer) }
        });
        let ran = run(&place, &gateway, &[GIVEN, "--no-preflight"]);
        wrong.unless(ran.count("/may_be_left") == Some(1), "it does not say that something may be left");
        wrong.unless(org.left_by(&ran).len() == 1, "the scenario: a server is left");
        wrong.unless_accounted(org, &place, &ran);
        if *sweeps {
            let swept = sweep(&place, &[]);
            wrong.unless(swept.code == 2, format!("a blind sweep: {swept:?}"));
            wrong.unless(ledgers(&place).len() == 1, "a blind sweep forgets the ledger");
        }
        blind.store(false, Ordering::SeqCst);
        let swept = sweep(&place, &[]);
        wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("a sweep that sees: {swept:?}"));
        wrong.unless(org.left_by(&ran).is_empty(), "after a sweep that sees, it is left");
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
    let ran = run(&place, &gateway, &[GIVEN, "--timeout", "4s"]);
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
    let ran = run(&place, &gateway, &[GIVEN, "--timeout", "4s"]);
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
    wrong.unless(org.left_by(&ran).is_empty(), format!("what appears is not removed: {:?}", org.left_by(&ran)));
    wrong.unless_unchanged(&org);
    wrong.unless(swept.code == 0 && ledgers(&place).is_empty(), format!("then all is settled: {swept:?}"));
    wrong.end();
}

/// What clean-ups meet, at each of their first requests, and whether the org has done what it was asked for.
const TROUBLE: [(&str, bool, usize, Lose); 7] = [
    ("closed before", false, 2, |_| Fate::Close),
    ("closed after", true, 1, |_| Fate::Close),
    ("reset before", false, 2, |_| Fate::Reset),
    ("reset after", true, 2, |_| Fate::Reset),
    ("503 before", false, 2, |_| error(503)),
    ("503 after", true, 1, |_| error(503)),
    ("500 before", false, 2, |_| error(500)),
];

#[test]
fn a_clean_up_that_meets_trouble_is_tried_again() {
    let mut wrong = Wrong::default();
    let (place, org) = (Place::new(), Org::start());
    let met = Arc::<Mutex<Vec<(String, usize)>>>::default();
    let meeting = Arc::clone(&met);
    let gateway = Gateway::start(&org.mock.url, Manner::Said, move |call| {
        if call.request.method != "DELETE" {
            return Fate::Answer(call.pass());
        }
        let (number, times) = {
            let mut met = meeting.lock().expect("no panic");
            let place = met.iter().position(|(path, _)| path == call.path()).unwrap_or_else(|| {
                met.push((call.path().to_owned(), 0));
                met.len() - 1
            });
            met[place].1 += 1;
            (place, met[place].1)
        };
        let (_, done, most, lose) = TROUBLE[number % TROUBLE.len()];
        if times > most {
            return Fate::Answer(call.pass());
        }
        lose(if done { call.pass() } else { Answer::default() })
    });
    let ran = run(&place, &gateway, &["authorization-servers/lifecycle"]);
    let met = met.lock().expect("no panic").clone();
    wrong.unless(met.len() >= TROUBLE.len(), format!("the scenario: {} clean-ups", met.len()));
    let given_up = met.iter().enumerate().filter(|(number, (_, times))| *times <= TROUBLE[number % TROUBLE.len()].2);
    let given_up: BTreeSet<_> = given_up.map(|(number, _)| TROUBLE[number % TROUBLE.len()].0).collect();
    wrong.unless(given_up.is_empty(), format!("given up after {given_up:?}"));
    wrong.unless(ran.done.code == 0, ran.line());
    wrong.unless_clean(&org, &place, &ran);
    wrong.unless_unchanged(&org);
    wrong.end();
}
