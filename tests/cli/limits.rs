//! Rate limits: the run keeps to what the target tells of its limit, waits when its part is spent, and lives with a 429 that comes all the same.
//! Windows of these targets are as short as the headers can say, so that waiting is over soon.

use std::{
    io::BufReader,
    sync::{
        Arc, Condvar, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use chrono::Utc;
use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server},
    support::{Done, PATIENCE, Place, interrupt, of_kind, read_until, rest, signal, text, watch},
};

/// A window of a limit: when it ends, and what was asked for in it.
#[derive(Debug, Default, Clone, Copy)]
struct Window {
    ends: i64,
    used: u64,
}

/// A target with a limit for each principal, which counts.
struct Limited {
    server: Server,
    windows: Arc<Mutex<Vec<(String, Window)>>>,
    refused: Arc<AtomicUsize>,
}

impl Limited {
    /// `limit` requests in each window of `seconds`; `skew` is how far its clock is from ours.
    fn start(limit: u64, seconds: i64, skew: i64) -> Self {
        Self::slow(limit, seconds, skew, 0)
    }

    /// As [`Self::start`]; an answer waits until so many requests of the nine came after its own, so that as many are always under way.
    fn slow(limit: u64, seconds: i64, skew: i64, behind: usize) -> Self {
        let (arrived, arrival) = (Mutex::new(0), Condvar::new());
        let windows: Arc<Mutex<Vec<(String, Window)>>> = Arc::default();
        let refused: Arc<AtomicUsize> = Arc::default();
        let (all, count) = (Arc::clone(&windows), Arc::clone(&refused));
        let server = Server::start(move |request| {
            let now = Utc::now() + chrono::Duration::seconds(skew);
            let number = {
                let mut arrived = arrived.lock().expect("no panic");
                *arrived += 1;
                arrival.notify_all();
                *arrived
            };
            let who = request.header("Authorization").unwrap_or_default().to_owned();
            let mut all = all.lock().expect("no panic");
            let open = all.iter().rposition(|(name, window)| *name == who && now.timestamp() < window.ends);
            let at = open.unwrap_or_else(|| {
                all.push((who, Window { ends: now.timestamp() + seconds, used: 0 }));
                all.len() - 1
            });
            let window = &mut all[at].1;
            let answer = if window.used == limit {
                count.fetch_add(1, Ordering::SeqCst);
                Answer::json(429, &json!({ "errorCode": "E0000429", "text": "no" }))
            } else {
                window.used += 1;
                thing(request)
            };
            let answer = answer
                .header("Date", &now.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
                .header("X-Rate-Limit-Limit", &limit.to_string())
                .header("X-Rate-Limit-Remaining", &(limit - window.used).to_string())
                .header("X-Rate-Limit-Reset", &window.ends.to_string());
            drop(all);
            let early = |arrived: &mut usize| *arrived < (number + behind).min(9);
            let arrived = arrived.lock().expect("no panic");
            drop(arrival.wait_timeout_while(arrived, PATIENCE, early).expect("no panic"));
            Some(answer)
        });
        Self { server, windows, refused }
    }

    /// How many requests came in each window.
    fn used(&self) -> Vec<u64> {
        self.windows.lock().expect("no panic").iter().map(|(_, window)| window.used).collect()
    }

    fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }
}

fn thing(request: &Request) -> Answer {
    let name = request.target.rsplit('/').next().unwrap_or_default();
    Answer::json(200, &json!({ "id": name, "name": name, "color": "red" }))
}

/// Runs the nine coloured things.
fn run(url: &str, more: &[&str]) -> (Place, Done) {
    let place = Place::with_suite(&["colors"]);
    let done = place.run(&[&["run", "--suite", "suite", "--target", url], more].concat());
    (place, done)
}

/// Reasons of the waits of a run.
fn waits(place: &Place) -> Vec<String> {
    let events = place.events();
    of_kind(&events, "waited").map(|event| text(event, "why")).collect()
}

#[test]
fn a_run_never_meets_the_end_of_a_limit_and_leaves_half_of_it() {
    for (jobs, limit, keep, own) in [("1", 8, None, 4), ("4", 10, Some("30"), 7), ("4", 5, Some("0"), 5)] {
        let target = Limited::start(limit, 1, 0);
        let kept = keep.map_or(vec![], |keep| vec!["--keep", keep]);
        let (place, done) = run(&target.server.url, &[&["--jobs", jobs], kept.as_slice()].concat());
        let used = target.used();
        assert_eq!((done.code, target.refused()), (0, 0), "{jobs} at a time, {used:?}: {}", done.out);
        assert!(used.iter().all(|used| *used <= own), "{jobs} at a time: {used:?} of {own}");
        assert_eq!(used.iter().sum::<u64>(), 9);
        let waits = waits(&place);
        assert!(!waits.is_empty() && waits.iter().all(|why| why == "budget"), "{waits:?}");
        assert!(
            done.out.contains(" s for admin: its share of the rate limit is spent\n")
                || done.out.contains(" s for manager: its share of the rate limit is spent\n"),
            "{}",
            done.out
        );
        assert!(done.last_line().starts_with("conformant: 9 passed; 9 requests"), "{}", done.last_line());
    }
}

#[test]
fn what_is_under_way_counts() {
    let target = Limited::slow(5, 1, 0, 3);
    let (_, done) = run(&target.server.url, &["--jobs", "4", "--keep", "0"]);
    assert_eq!((done.code, target.refused()), (0, 0), "{:?}: {}", target.used(), done.out);
}

#[test]
fn the_clock_of_the_target_counts() {
    // Its windows would be over, or far away, by ours.
    for skew in [-600, 600] {
        let target = Limited::start(16, 1, skew);
        let (_, done) = run(&target.server.url, &["--jobs", "1"]);
        assert_eq!((done.code, target.refused()), (0, 0), "{}", done.out);
        assert!(target.used().iter().all(|used| *used <= 8), "{:?}", target.used());
    }
}

#[test]
fn each_principal_has_a_budget_of_its_own() {
    // Three rows of three principals each: three requests a principal, which is what half of the limit holds.
    let target = Limited::start(6, 3600, 0);
    let place = Place::with_suite(&["tables"]);
    place.target(&target.server.url, &["admin", "manager", "reader"], &[]);
    let done = place.run(&["run", "things/tables/by-principal", "--suite", "suite", "--target", "here", "--jobs", "1"]);
    assert_eq!(waits(&place), [""; 0], "{}", done.out);
    assert_eq!(target.used().len(), 3, "one window for each");
}

#[test]
fn a_429_that_nobody_asked_for_is_waited_out_and_counted() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        let refused = Answer::json(429, &json!({ "errorCode": "E0000429", "text": "no" })).header("Retry-After", "1");
        Some(if first { refused } else { thing(request) })
    });
    let (place, done) = run(&server.url, &["--jobs", "1", "--format", "json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(place.outcomes().values().all(|outcome| outcome == "passed"));
    let summary = done.json();
    assert_eq!((&summary["rate_limited"], &summary["requests"]), (&json!(1), &json!(10)));
    assert!(summary["waited_s"].as_f64().is_some_and(|seconds| seconds > 0.0), "{summary}");
    assert_eq!(waits(&place), ["too-many-requests"]);
    assert_eq!(place.events().last().expect("a footer")["rate_limited"], 1);
    assert!(done.err.contains("waiting 1 s for manager: the target answered 429\n"), "{}", done.err);
}

#[test]
fn a_429_that_does_not_end_is_an_error() {
    let server = Server::always(Answer::json(429, &json!({ "errorCode": "E0000429" })).header("Retry-After", "1"));
    let (place, done) = run(&server.url, &["things/colors/red[a]", "things/colors/red[b]", "--jobs", "2"]);
    assert_eq!(done.code, 2, "{}", done.out);
    let events = place.events();
    for event in of_kind(&events, "trial-finished") {
        assert_eq!((text(event, "outcome"), text(event, "reason")), ("errored".into(), "429 that did not end".into()));
    }
    assert_eq!(server.lines().len(), 6, "three tries each");
    assert_eq!(waits(&place), ["too-many-requests"; 4]);
}

#[test]
fn nonsense_about_a_limit_does_no_harm() {
    for (remaining, reset) in [
        ("-1", "-9223372036854775808"),
        ("0", "0"),
        ("18446744073709551616", "1"),
        ("many", "soon"),
        ("9", "9223372036854775807"),
        ("9", "-9223372036854775808"),
    ] {
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let limited = asked.fetch_add(1, Ordering::SeqCst) == 1;
            let answer = if limited {
                Answer::json(429, &json!({})).header("Retry-After", "-9223372036854775808")
            } else {
                thing(request)
            };
            let answer = answer.header("X-Rate-Limit-Limit", "10").header("X-Rate-Limit-Remaining", remaining);
            Some(answer.header("X-Rate-Limit-Reset", reset).header("Date", "Thu, 01 Jan 1970 00:00:01 GMT"))
        });
        let trials = ["things/colors/red[a]", "things/colors/red[b]", "--jobs", "1", "--keep", "0"];
        let (place, done) = run(&server.url, &trials);
        assert_eq!(done.code, 0, "{remaining} until {reset}: {}{}", done.out, done.err);
        assert!(place.outcomes().values().all(|outcome| outcome == "passed"));
    }
}

#[test]
fn a_pause_may_be_a_date_or_have_a_fraction() {
    // Both moments are the target's: that its clock is years behind does not matter.
    for (after, seconds) in [("Thu, 01 Jan 1970 00:00:03 GMT", 2.0), ("1.5", 1.5)] {
        let asked = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            let refused = Answer::json(429, &json!({ "errorCode": "E0000429", "text": "no" }));
            let answer = if first { refused.header("Retry-After", after) } else { thing(request) };
            Some(answer.header("Date", "Thu, 01 Jan 1970 00:00:01 GMT"))
        });
        let (place, done) = run(&server.url, &["things/colors/red[a]", "--jobs", "1"]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        let events = place.events();
        let waited: Vec<_> = of_kind(&events, "waited").map(|event| event["seconds"].as_f64()).collect();
        assert_eq!(waited, [Some(seconds)], "{after}");
    }
}

#[test]
fn a_limit_that_cannot_be_meant_is_told_once_and_not_kept_to() {
    let soon = (Utc::now().timestamp() + 30).to_string();
    let milliseconds = Utc::now().timestamp_millis().to_string();
    for (limit, reset, said) in [
        ("0", &soon, "a rate limit of 0 or less (X-Rate-Limit-Limit)"),
        ("-1", &soon, "a rate limit of 0 or less (X-Rate-Limit-Limit)"),
        ("10", &milliseconds, "a rate limit whose window ends in more than an hour (X-Rate-Limit-Reset)"),
    ] {
        let (sent, reset) = (limit.to_owned(), reset.clone());
        let server = Server::start(move |request| {
            let answer = thing(request).header("X-Rate-Limit-Limit", &sent).header("X-Rate-Limit-Remaining", "0");
            Some(answer.header("X-Rate-Limit-Reset", &reset))
        });
        let (place, done) = run(&server.url, &["--jobs", "4"]);
        assert_eq!(done.code, 0, "{limit}: {}{}", done.out, done.err);
        assert_eq!((waits(&place), server.lines().len()), (vec![], 9), "{limit}");
        let events = place.events();
        let findings: Vec<_> = of_kind(&events, "preflight").collect();
        assert_eq!((findings.len(), &findings[0]["fatal"]), (1, &json!(false)), "{limit}: {findings:?}");
        assert!(text(findings[0], "text").starts_with(&format!("the target sends {said}")), "{findings:?}");
    }
}

#[test]
fn an_interrupt_ends_a_wait() {
    let target = Limited::start(2, 3600, 0);
    let place = Place::with_suite(&["colors"]);
    let mut child = place
        .command(&["run", "--suite", "suite", "--target", &target.server.url, "--jobs", "1"])
        .spawn()
        .expect("the program starts");
    let _watched = watch(child.id());
    let mut out = BufReader::new(child.stdout.take().expect("its output"));
    read_until(&mut out, |line| line.starts_with("waiting "));
    signal(child.id(), "INT");
    let done = rest(child, out);
    assert_eq!(done.code, 130, "{}{}", done.out, done.err);
    let outcomes: Vec<String> = place.outcomes().into_values().collect();
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert_eq!((count("passed"), count("not-run")), (1, 8), "{}", done.out);
    assert_eq!(target.used(), [1]);
}

#[test]
fn a_run_stops_when_there_is_nothing_but_trouble() {
    // The port was free a moment ago, and the server that had it is gone.
    let url = Server::always(Answer::default()).url.clone();
    for (jobs, breaker, errored) in [("1", "3", 3..=3), ("4", "3", 3..=6), ("1", "0", 9..=9), ("1", "9", 9..=9)] {
        let (place, done) = run(&url, &["--jobs", jobs, "--breaker", breaker]);
        assert_eq!(done.code, 2, "{}", done.out);
        let outcomes = place.outcomes();
        let count = |wanted: &str| outcomes.values().filter(|outcome| *outcome == wanted).count();
        assert!(errored.contains(&count("errored")), "{jobs} at a time, {breaker}: {outcomes:?}");
        assert_eq!(count("errored") + count("not-run"), 9);
        if *errored.end() < 9 {
            assert_eq!(place.events().last().expect("a footer")["stopped"], "breaker");
            assert!(done.out.contains("trial after trial met nothing but trouble"), "{}", done.out);
        }
    }
}

#[test]
fn what_answers_now_and_then_does_not_stop_a_run() {
    let server = Server::start(|request| {
        let lives = ["c", "f", "i"].iter().any(|name| request.target.ends_with(name));
        Some(if lives { thing(request) } else { Answer::new(503, "trouble") })
    });
    let (place, done) = run(&server.url, &["--jobs", "1", "--breaker", "3"]);
    assert_eq!(done.code, 2, "{}", done.out);
    let outcomes: Vec<String> = place.outcomes().into_values().collect();
    let (passed, errored): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| *outcome == "passed");
    assert_eq!((passed.len(), errored.len()), (3, 6), "two in a row are not three: {outcomes:?}");
    assert_eq!(place.events().last().expect("a footer")["stopped"], Value::Null);
}

/// One case that makes a thing and looks at it; the thing is removed at its end.
const MAKES: &str = "area: things\ntopic: makes\nprofile: core\ncases:
  - id: one
    title: A thing is made
    requirements: [things.work]
    principal: admin
    steps:
      - call: createThing
        body: { name: a }
        capture: { id: $.id }
        defer: [{ call: deleteThing, path: { thingId: \"${id}\" } }]
      - { call: getThing, path: { thingId: \"${id}\" } }
";

#[test]
fn a_429_on_removal_is_waited_out_though_the_run_was_interrupted() {
    // The interrupt comes while the trial is on its way, so that removal begins after it; or while removal waits for the limit already. The
    // limit opens again, or it does not.
    for (method, seconds) in [("GET", 1), ("DELETE", 1), ("GET", 3600)] {
        let (tell, told) = mpsc::channel();
        let (interrupted, interruption) = mpsc::channel::<()>();
        let (opens, interruption) = (OnceLock::new(), Mutex::new(interruption));
        let server = Server::start(move |request| {
            if request.method == method && opens.get().is_none() {
                let _ = tell.send(());
                if method == "GET" {
                    interruption.lock().expect("no panic").recv_timeout(PATIENCE).expect("an interrupt");
                }
            }
            let now = Instant::now();
            let opens = || *opens.get_or_init(|| now + Duration::from_secs(seconds));
            Some(match request.method.as_str() {
                "DELETE" if now < opens() => {
                    Answer::json(429, &json!({ "errorCode": "E0000429" })).header("Retry-After", "2")
                }
                "DELETE" => Answer::new(204, ""),
                "POST" => Answer { status: 201, ..thing(request) },
                _ => thing(request),
            })
        });
        let place = Place::with_suite(&[]);
        place.write("suite/cases/things/makes.yaml", MAKES);
        let arguments = ["run", "--suite", "suite", "--target", &server.url, "--no-preflight"];
        let mut child = place.command(&arguments).spawn().expect("the program starts");
        let _watched = watch(child.id());
        let _err = interrupt(&mut child, &told);
        let _ = interrupted.send(());
        let out = child.stdout.take().expect("its output");
        let done = rest(child, out);
        assert_eq!(done.code, 130, "{method}: {}", done.out);
        let events = place.events();
        assert_eq!(events.last().expect("a footer")["stopped"], "interrupt");
        let waits = waits(&place);
        assert!(!waits.is_empty() && waits.iter().all(|why| why == "too-many-requests"), "{method}: {waits:?}");
        let removals = server.lines().iter().filter(|line| line.starts_with("DELETE ")).count();
        let leaks: Vec<_> = of_kind(&events, "leaked").map(|event| text(event, "reason")).collect();
        let ledgers = place.files().into_keys().filter(|name| name.starts_with("reports/ledgers/")).count();
        if seconds == 1 {
            assert_eq!((removals, leaks, ledgers), (2, vec![], 0), "{method}: {}", done.out);
        } else {
            assert_eq!((leaks, ledgers), (vec!["429 that did not end".to_owned()], 1), "{}", done.out);
            assert_eq!(removals, waits.len() + 1, "it was asked for again after each wait");
        }
    }
}
