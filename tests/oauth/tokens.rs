//! A token's life: fetched once, given up before it expires, exchanged once when it is refused; and what becomes of a run without one.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{
    org::{Org, Rules, SECRET, with_secret},
    server::{Answer, Server},
    support::{Done, Place, of_kind, text},
};

fn run(org: &Org, trials: usize, arguments: &[&str]) -> (Place, Done) {
    let place = org.place(&with_secret(""), trials);
    place.write("secret", SECRET);
    let done = place.run(&[&["run", "--suite", "suite", "--target", "here"], arguments].concat());
    (place, done)
}

#[test]
fn many_at_a_time_fetch_one_token() {
    let org = Org::start(Rules { together: 40, ..Rules::default() });
    let (_, done) = run(&org, 40, &["--jobs", "40"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(org.counts(), (1, 40));
}

#[test]
fn a_token_is_given_up_before_it_expires() {
    // Half of so short a life is its margin; a request takes longer.
    let org = Org::start(Rules { expires_in: json!(2), pause: Duration::from_millis(1100), ..Rules::default() });
    let (_, done) = run(&org, 2, &["--jobs", "1"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_given_up(&org, "2");
}

/// A machine that is slow enough may give up one before its first request.
fn assert_given_up(org: &Org, life: &str) {
    let (fetched, requests) = org.counts();
    assert!(fetched >= 2 && requests == 2, "{life}: {fetched} tokens for {requests} requests");
}

#[test]
fn a_long_lived_token_is_given_up_a_minute_before_it_expires() {
    for life in [json!(3600), json!("121"), json!(null)] {
        let org = Org::start(Rules { expires_in: life.clone(), ..Rules::default() });
        let (_, done) = run(&org, 2, &["--jobs", "1"]);
        assert_eq!((done.code, org.counts()), (0, (1, 2)), "{life}: {done:?}");
    }
    // Who has no time left but the margin has none.
    let org = Org::start(Rules { expires_in: json!(1), pause: Duration::from_millis(600), ..Rules::default() });
    let (_, done) = run(&org, 2, &["--jobs", "1"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_given_up(&org, "1");
}

#[test]
fn a_token_that_is_refused_is_exchanged_once_for_all() {
    let org = Org::start(Rules { revoked: BTreeSet::from([1]), together: 8, ..Rules::default() });
    let (_, done) = run(&org, 8, &["--jobs", "8"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(org.counts(), (2, 16), "one token for all, and each request again with it");
}

#[test]
fn a_target_that_refuses_every_token_gets_its_401_judged() {
    let org = Org::start(Rules { revoked: (1..100).collect(), ..Rules::default() });
    let (_, done) = run(&org, 5, &["--jobs", "1"]);
    assert_eq!(done.code, 1, "a token that was just given and is not let in is the target's doing: {done:?}");
    assert_eq!(org.counts(), (2, 6), "no token for each trial");
}

#[test]
fn a_client_that_is_refused_makes_trials_errored_with_the_endpoints_own_words() {
    let org = Org::start(Rules { secret: "another", ..Rules::default() });
    let (place, done) = run(&org, 5, &["--report", "junit"]);
    assert_eq!(done.code, 2, "{done:?}");
    let message = "principal `admin`: the token endpoint refused the client: invalid_client: another name or secret";
    let events = place.events();
    let finished: Vec<_> = of_kind(&events, "trial-finished").collect();
    assert_eq!(finished.len(), 5);
    for trial in finished {
        assert_eq!((text(trial, "outcome").as_str(), text(trial, "reason").as_str()), ("errored", message));
    }
    assert!(done.out.contains(message), "{}", done.out);
    assert_eq!(org.counts(), (1, 0), "a refusal is final: no trial asks again");
}

#[test]
fn troubles_of_the_token_endpoint_are_no_failures_of_the_target() {
    let answers: [(Answer, &str); 6] = [
        (Answer::new(502, "<html>"), "the token endpoint answered 502"),
        (Answer::new(200, "<html>"), "the token endpoint answered 200, but the body is not JSON"),
        (
            Answer::json(200, &json!({ "token_type": "Bearer" })),
            "the token endpoint answered 200 without an `access_token`",
        ),
        (
            Answer::json(200, &json!({ "access_token": "some-token", "token_type": "mac" })),
            "a token of type `mac` instead of Bearer",
        ),
        (Answer::new(302, "").header("Location", "/elsewhere"), "the token endpoint answered 302"),
        (
            Answer::json(403, &json!({ "errorCode": "E0000006", "errorSummary": "You do not" })),
            "the token endpoint refused the client: E0000006: You do not",
        ),
    ];
    for (answer, said) in answers {
        let org = Org::start(Rules::default());
        let token = Server::always(answer);
        let more = format!(", token-url = \"{}/token\"", token.url);
        let place = org.place(&with_secret(&more), 1);
        place.write("secret", SECRET);
        let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
        assert_eq!(done.code, 2, "{said}: {done:?}");
        assert!(done.out.contains(said), "{said}: {}", done.out);
        assert_eq!((token.lines(), org.counts()), (vec!["POST /token".to_owned()], (0, 0)));
    }
}

#[test]
fn a_full_token_endpoint_is_waited_for() {
    let org = Org::start(Rules::default());
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let front = Server::proxy(&org.server.url, move |request, answer| {
        let first = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        if request.method == "POST" && first {
            *answer = Answer::json(429, &json!({ "errorCode": "E0000047" })).header("Retry-After", "1");
        }
    });
    let place = org.place(&with_secret(""), 1);
    place.write("secret", SECRET);
    let text = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &text.replace(&org.server.url, &front.url));
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn nothing_is_added_to_a_case_that_writes_the_header_itself() {
    let org = Org::start(Rules { dpop: true, ..Rules::default() });
    let place = org.place(&with_secret(", dpop = true"), 1);
    place.write("secret", SECRET);
    let cases = place.read("suite/cases/things/clients.yaml");
    let own = "headers: { Authorization: Bearer of-the-case }, expect: { status: 401 }";
    place.write(
        "suite/cases/things/clients.yaml",
        &cases.replace("expect: { status: 200 }", own).replace("q=1", "q=${token}"),
    );
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 0, "{done:?}");
    let requests = org.server.requests();
    let api: Vec<_> = requests.iter().filter(|request| request.target.starts_with("/api")).collect();
    assert_eq!(api.len(), 1, "a 401 is the case's answer, not one to try again");
    assert_eq!((api[0].header("Authorization"), api[0].header("DPoP")), (Some("Bearer of-the-case"), None));
    let token = percent_encoding::percent_decode_str(&api[0].target).decode_utf8_lossy().into_owned();
    assert!(token.contains(&org.seen().tokens[0].0), "${{token}} is the fetched token: {token}");
}

#[test]
fn a_token_whose_end_nobody_waits_for_makes_its_trials_not_applicable_and_is_not_sent() {
    for (expires_in, said) in [
        (json!(3600), "it lives 3600 s, more than the 60 s that a run waits"),
        (json!(null), "its endpoint does not say when that is"),
    ] {
        let org = Org::start(Rules { expires_in, ..Rules::default() });
        let place = org.place(&with_secret(", expired = true"), 2);
        place.write("secret", SECRET);
        let reason = format!("the token is to be used when it has expired, and {said}");
        let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1"]);
        assert_eq!(done.code, 2, "nothing was left to judge: {done:?}");
        assert!(place.outcomes().values().all(|outcome| outcome == "not-applicable"), "{done:?}");
        let remedy = "give the principal a `bearer` token that has already expired";
        let finding = format!("a warning: trials of the principal `admin` are not applicable: {reason}; {remedy}\n");
        assert!(done.out.contains(&finding), "{done:?}");
        assert_eq!(org.counts(), (1, 0), "one is fetched, and it is not sent");
        // Who does not ask first finds out too late.
        let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1", "--no-preflight"]);
        assert_eq!((done.code, org.counts()), (2, (2, 0)), "{done:?}");
        assert!(done.out.contains(&reason), "{done:?}");
    }
}

#[test]
fn a_token_that_lives_no_time_is_an_error_of_the_client_and_is_not_asked_for_again() {
    for life in [json!(0), json!("0"), json!(-5), json!(0.0)] {
        let org = Org::start(Rules { expires_in: life.clone(), ..Rules::default() });
        let (place, done) = run(&org, 40, &["--jobs", "4", "--retries", "1"]);
        assert_eq!((done.code, org.counts()), (2, (1, 0)), "{life}: {done:?}");
        let events = place.events();
        let reasons: Vec<_> = of_kind(&events, "trial-finished").map(|event| text(event, "reason")).collect();
        let said = "principal `admin`: the token endpoint gave a token with a lifetime of 0 s (`expires_in`), which has expired before it can be sent";
        assert!(reasons.len() == 40 && reasons.iter().all(|reason| reason == said), "{life}: {reasons:?}");
    }
}

/// As many tokens as may be asked for in the time that a run took.
fn most_tokens(place: &Place) -> usize {
    let events = place.events();
    let milliseconds = events.last().expect("a footer")["duration_ms"].as_f64().expect("a number");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "runs of a test are short")]
    let half_seconds = (milliseconds / 500.0).ceil() as usize;
    2 + half_seconds
}

#[test]
fn a_target_that_takes_each_token_once_is_not_given_one_for_each_request() {
    let used = std::sync::Mutex::new(BTreeSet::new());
    let org = Org::start(Rules::default());
    let front = Server::proxy(&org.server.url, move |request, answer| {
        let fresh =
            request.header("Authorization").is_none_or(|token| used.lock().expect("no panic").insert(token.to_owned()));
        if request.method == "GET" && !fresh {
            *answer = Answer::json(401, &json!({ "code": "invalid_token" }));
        }
    });
    let place = org.place(&with_secret(""), 60);
    place.write("secret", SECRET);
    let settings = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &settings.replace(&org.server.url, &front.url));
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1"]);
    assert_eq!(done.code, 1, "its 401 is judged: {done:?}");
    let (tokens, most) = (org.counts().0, most_tokens(&place));
    assert!(tokens <= most, "{tokens} tokens, where {most} may be asked for");
}

#[test]
fn an_endpoint_that_does_not_work_is_left_alone_for_a_while() {
    for answer in [Answer::new(502, "<html>"), Answer::new(200, "<html>"), Answer::new(408, "")] {
        let org = Org::start(Rules::default());
        let token = Server::always(answer);
        let more = format!(", token-url = \"{}/token\"", token.url);
        let place = org.place(&with_secret(&more), 60);
        place.write("secret", SECRET);
        let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1", "--breaker", "0"]);
        assert_eq!(done.code, 2, "{done:?}");
        // A 408 of a connection that is closed is asked about once more.
        let (asked, most) = (token.lines().len(), 2 * most_tokens(&place));
        assert!(asked <= most, "{asked} requests, where {most} may be sent");
        assert!(place.outcomes().values().all(|outcome| outcome == "errored"));
    }
}

#[test]
fn a_wait_for_a_token_obeys_the_limit_of_the_trial() {
    let org = Org::start(Rules::default());
    let token = Server::always(Answer::new(429, "").header("Retry-After", "3600"));
    let more = format!(", token-url = \"{}/token\"", token.url);
    let place = org.place(&with_secret(&more), 2);
    place.write("secret", SECRET);
    let limits = ["--no-preflight", "--trial-timeout", "1s", "--jobs", "1"];
    let done = place.run(&[&["run", "--suite", "suite", "--target", "here"][..], &limits].concat());
    assert_eq!(done.code, 2, "{done:?}");
    let events = place.events();
    for event in of_kind(&events, "trial-finished") {
        let said = "principal `admin`: no token within 1s, the trial's time limit";
        assert_eq!((text(event, "outcome").as_str(), text(event, "reason").as_str()), ("errored", said));
    }
}

#[test]
fn one_bad_client_keeps_no_trial_of_others_from_being_run() {
    for more in [&[][..], &["--no-preflight"]] {
        let org = Org::start(Rules { secret: "another", ..Rules::default() });
        let place = org.place(&with_secret(""), 30);
        place.write("secret", SECRET);
        let others = place.read("suite/cases/things/clients.yaml").replace("principal: admin", "principal: reader");
        place.write("suite/cases/things/others.yaml", &others.replace("topic: clients", "topic: others"));
        let settings = place.read("okta-conformance.toml");
        place.write("okta-conformance.toml", &format!("{settings}reader = {{ bearer = \"of-nobody\" }}\n"));
        let done = place.run(&[&["run", "--suite", "suite", "--target", "here", "--jobs", "1"][..], more].concat());
        let outcomes = place.outcomes();
        for (trial, outcome) in &outcomes {
            let expected = if trial.starts_with("things/clients/") { "errored" } else { "failed" };
            assert_eq!(outcome, expected, "{trial}: {}", done.out);
        }
        let events = place.events();
        assert_eq!((outcomes.len(), &events.last().expect("a footer")["stopped"]), (60, &json!(null)), "{}", done.out);
        assert_eq!(org.counts(), (1, 30), "the client is refused once, and the API judges the other");
    }
}
