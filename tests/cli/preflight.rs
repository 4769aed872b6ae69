//! What a run finds out before its first trial: one finding instead of hundreds of red trials.

use chrono::Utc;
use serde_json::{Value, json};

use super::{
    server::{Answer, Request, Server},
    support::{Done, MockProcess, Place, TOKEN, Totals, junit, of_kind, run_up_to_a_wait, snapshot, text},
};

/// A trial of the embedded suite that any org lets pass.
const ONE: &str = "authorization-servers/get/same-as-created";

fn run(place: &Place, target: &str, more: &[&str]) -> Done {
    place.run(&[&["run", ONE, "--target", target, "--jobs", "1", "--report", "junit"], more].concat())
}

fn findings(place: &Place) -> Vec<(bool, String)> {
    let events = place.events();
    of_kind(&events, "preflight").map(|event| (event["fatal"] == true, text(event, "text"))).collect()
}

/// Nothing was tried, and every report says so.
fn nothing_ran(place: &Place, done: &Done) {
    assert_eq!(done.code, 2, "{}{}", done.out, done.err);
    let outcomes = place.outcomes();
    assert!(!outcomes.is_empty() && outcomes.values().all(|outcome| outcome == "not-run"), "{outcomes:?}");
    let xml = place.read("reports/junit.xml");
    let (_, totals) = junit(&xml);
    let (tests, skipped) = (outcomes.len() + 1, outcomes.len());
    assert_eq!(totals, Totals { tests, skipped, errors: 1, ..Totals::default() });
    assert!(xml.contains("the run was stopped by the preflight: "), "{xml}");
    let events = place.events();
    assert_eq!(events.last().expect("a footer")["stopped"], "preflight");
}

fn refused(code: &str) -> Answer {
    Answer::json(
        401,
        &json!({ "errorCode": code, "errorSummary": "no", "errorLink": code, "errorId": "oae1", "errorCauses": [] }),
    )
}

#[test]
fn a_principal_who_is_not_let_in_is_one_finding() {
    let server = Server::start(|request: &Request| {
        let reader = request.header("Authorization").is_some_and(|text| text.contains("token-of-reader"));
        Some(if reader { refused("E0000011") } else { Answer::json(200, &json!([])) })
    });
    let place = Place::new();
    place.target(&server.url, &["admin", "manager", "reader"], &[]);
    let done = run(&place, "here", &[]);
    nothing_ran(&place, &done);
    let said = "the target rejects the principal `reader`: 401 E0000011".to_owned();
    assert_eq!(findings(&place), [(true, said)]);
    assert_eq!(
        server.lines(),
        ["GET /api/v1/authorizationServers?limit=1"; 3],
        "each was asked once, and nothing else was"
    );
    snapshot(&place, "preflight-refused", &done.out);
}

#[test]
fn one_wrong_token_is_one_finding_whoever_has_it() {
    let server = Server::always(refused("E0000011"));
    let place = Place::new();
    let done = run(&place, &server.url, &[]);
    nothing_ran(&place, &done);
    assert_eq!(findings(&place).len(), 1, "the manager is the admin: {}", done.out);
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn nobody_there_is_one_finding() {
    let url = Server::always(Answer::default()).url.clone();
    let place = Place::new();
    let done = run(&place, &url, &[]);
    nothing_ran(&place, &done);
    let found = findings(&place);
    let [(true, said)] = found.as_slice() else { panic!("{found:?}") };
    assert!(said.starts_with(&format!("cannot reach {url}: cannot connect: ")), "{said}");
}

#[test]
fn an_org_without_the_feature_runs_what_is_about_that() {
    let mock = MockProcess::start(&["--without-api-access-management"]);
    let place = Place::new();
    let done = run(&place, &mock.url, &["authorization-servers/unlicensed", "--format", "json"]);
    let mut counts = [0; 2];
    for (trial, outcome) in place.outcomes() {
        let unlicensed = trial.starts_with("authorization-servers/unlicensed/");
        assert_eq!(outcome, if unlicensed { "passed" } else { "not-run" }, "{trial}");
        counts[usize::from(unlicensed)] += 1;
    }
    assert!(counts[0] > 0 && counts[1] > 30, "{counts:?}");
    let found = findings(&place);
    assert_eq!(found.len(), 1, "it is one finding for all principals: {found:?}");
    assert!(
        !found[0].0 && found[0].1.contains("API Access Management") && found[0].1.ends_with("(401 E0000015)"),
        "{found:?}"
    );
    let summary = done.json();
    assert_eq!(
        (&summary["findings"][0], &summary["verdict"]),
        (&Value::from(found[0].1.clone()), &"could not be judged".into())
    );
    assert_eq!(done.code, 2, "most of it was not judged");
    let alone = place.run(&["run", "--profile", "unlicensed", "--target", &mock.url, "--quiet"]);
    assert_eq!(alone.code, 0, "asked for alone, it is a whole run: {}", alone.out);
}

#[test]
fn a_clock_that_is_far_from_ours_is_a_warning() {
    for (minutes, direction) in [(10, "ahead of"), (-10, "behind")] {
        let mock = MockProcess::start(&[]);
        let proxy = Server::proxy(&mock.url, move |_, answer| {
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
            let date =
                (Utc::now() + chrono::Duration::minutes(minutes)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            answer.headers.push(("Date".to_owned(), date));
        });
        let place = Place::new();
        let done = place.run(&["run", ONE, "--target", &proxy.url]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        assert_eq!(place.outcomes()[ONE], "passed");
        let found = findings(&place);
        let [(false, said)] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            said.starts_with("the target's clock is ") && said.ends_with(&format!(" s {direction} ours")),
            "{said}"
        );
        assert!(done.out.contains(&format!("preflight, a warning: {said}\n")), "{}", done.out);
    }
}

#[test]
fn a_used_up_limit_is_waited_out_twice() {
    let mock = MockProcess::start(&[]);
    for (times, code) in [(1, 0), (2, 0), (3, 2)] {
        let url = mock.url.clone();
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let server = Server::start(move |request| {
            if asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < times {
                return Some(Answer::json(429, &json!({ "errorCode": "E0000047" })).header("Retry-After", "1"));
            }
            let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            Some(super::server::ask(&url, &request.method, &request.target, &headers, &request.body))
        });
        let place = Place::new();
        let done = place.run(&["run", ONE, "--target", &server.url]);
        assert_eq!(done.code, code, "{}{}", done.out, done.err);
        let fatal = findings(&place).into_iter().filter(|(fatal, _)| *fatal).count();
        assert_eq!(fatal, usize::from(code == 2));
    }
}

#[test]
fn a_target_that_hangs_is_a_finding_within_the_limit() {
    let server = Server::start(|_| None);
    let place = Place::new();
    let done = run(&place, &server.url, &["--timeout", "200ms"]);
    nothing_ran(&place, &done);
    assert!(findings(&place)[0].1.ends_with(": no complete answer within 200ms"), "{:?}", findings(&place));
}

#[test]
fn who_wants_no_preflight_says_so() {
    let mock = MockProcess::with_token(TOKEN, &[]);
    let proxy = Server::proxy(&mock.url, |_, _| {});
    let place = Place::new();
    let question = "GET /api/v1/authorizationServers?limit=1".to_owned();
    for (more, asked) in [(&[][..], true), (&["--no-preflight"], false)] {
        let before = proxy.lines().len();
        let done = place.run(&[&["run", ONE, "--target", &proxy.url], more].concat());
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        assert_eq!(proxy.lines()[before..].contains(&question), asked);
    }
}

#[test]
fn a_budget_begins_with_what_the_preflight_was_told() {
    // Others have left three of twenty, and leave no more in this hour: a run keeps two.
    let reset = (Utc::now().timestamp() + 3600).to_string();
    let mock = MockProcess::start(&[]);
    let proxy = Server::proxy(&mock.url, move |_, answer| {
        answer.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-rate-limit"));
        for (name, value) in [("Limit", "20"), ("Remaining", "3"), ("Reset", reset.as_str())] {
            answer.headers.push((format!("X-Rate-Limit-{name}"), value.to_owned()));
        }
    });
    let place = Place::new();
    let start = mock.servers();
    let (done, _) = run_up_to_a_wait(place.command(&["run", ONE, "--target", &proxy.url]));
    let events = place.events();
    let waited = of_kind(&events, "waited").next().expect("a wait");
    assert_eq!((text(waited, "principal"), text(waited, "why")), ("manager".to_owned(), "budget".to_owned()));
    assert_eq!(events.last().expect("a footer")["stopped"], "interrupt", "{}", done.out);
    let written = proxy.lines().into_iter().filter(|line| !line.starts_with("GET ")).collect::<Vec<_>>();
    assert_eq!(written.len(), 2, "one thing is made and, though the run is interrupted, removed: {written:?}");
    assert_eq!((mock.servers(), of_kind(&events, "leaked").count()), (start.clone(), 0));

    // A deadline ends that wait too; on a slow machine it ends more.
    let done = place.run(&["run", ONE, "--target", &proxy.url, "--deadline", "1s"]);
    let events = place.events();
    assert_eq!(events.last().expect("a footer")["stopped"], "deadline", "{}", done.out);
    assert_eq!((mock.servers(), of_kind(&events, "leaked").count()), (start, 0));

    let silent = Server::proxy(&mock.url, |_, answer| {
        answer.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("x-rate-limit"));
    });
    let place = Place::new();
    let done = place.run(&["run", ONE, "--target", &silent.url]);
    assert_eq!(done.code, 0, "{}", done.out);
    let said = "the target sends no rate limit headers (X-Rate-Limit-Limit), so the run is not limited".to_owned();
    assert_eq!(findings(&place), [(false, said)]);
}

#[test]
fn what_stands_before_a_target_that_does_not_work_is_one_finding() {
    for status in [407, 408, 421, 425, 500, 502, 520] {
        let server = Server::always(Answer::new(status, ""));
        let place = Place::new();
        let done = run(&place, &server.url, &[]);
        nothing_ran(&place, &done);
        let said = format!("{} answers {status}: the service, or a gateway in front of it, is down", server.url);
        assert_eq!(findings(&place), [(true, said)]);
    }
}

/// A client whose name or secret nobody knows.
const STRANGER: &str =
    "{ client-credentials = { client-id = \"0oaStranger\", client-secret = \"s3cret-of-a-stranger\" } }";

#[test]
fn a_client_that_gets_no_token_is_named_and_the_others_are_asked() {
    let mock = MockProcess::start(&[]);
    let place = Place::new();
    let settings = |principals: &[(&str, &str)]| {
        let lines: Vec<_> = principals.iter().map(|(name, credential)| format!("{name} = {credential}\n")).collect();
        let head = format!("[targets.here]\nurl = {:?}\n[targets.here.principals]\n", mock.url);
        place.write("okta-conformance.toml", &format!("{head}{}", lines.concat()));
    };
    let token = format!("{{ ssws = {TOKEN:?} }}");
    let why = "the token endpoint refused the client: invalid_client: ";
    // Whoever asks first has no token: neither the trials of others nor the question what the org shares depend on it.
    settings(&[("admin", STRANGER), ("manager", &token), ("reader", STRANGER)]);
    let done = run(&place, "here", &[]);
    assert_eq!((done.code, place.outcomes()[ONE].as_str()), (0, "passed"), "{}{}", done.out, done.err);
    let found = findings(&place);
    assert_eq!(found.len(), 2, "{found:?}");
    for (name, (fatal, said)) in ["admin", "reader"].iter().zip(found) {
        assert!(!fatal && said.starts_with(&format!("principal `{name}`: {why}")), "{said}");
        assert!(said.ends_with(&format!("; trials of `{name}` are errored")), "{said}");
    }
    // Who is needed by some trial alone is asked for too; who is needed by none is not.
    settings(&[("manager", &token), ("no-scope", STRANGER), ("rate-limited", STRANGER)]);
    let trial = "access/operations/no-scope[list-authorization-servers]";
    place.run(&["run", ONE, trial, "--target", "here", "--jobs", "1"]);
    let found = findings(&place);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.starts_with(&format!("principal `no-scope`: {why}")), "{found:?}");
    // Where nobody gets a token, nothing can be learnt.
    settings(&[("admin", STRANGER), ("manager", STRANGER)]);
    let done = run(&place, "here", &[]);
    nothing_ran(&place, &done);
    for (name, (fatal, said)) in ["admin", "manager"].iter().zip(findings(&place)) {
        assert!(fatal && said.contains(&format!(": principal `{name}`: {why}")), "{said}");
    }
}

#[test]
fn a_client_whose_secret_is_wrong_is_named_and_its_trials_are_errored() {
    let place = Place::new();
    let apps = "apps:\n- { clientId: 0oaPost, clientSecret: s3cret-of-post, tokenEndpointAuthMethod: client_secret_post }\n\
                - { clientId: 0oaToken, clientSecret: s3cret-of-token }\n";
    place.write("state.yaml", apps);
    let mock = MockProcess::start(&["--state", place.path("state.yaml").to_str().expect("UTF-8")]);
    let settings = |mock: &MockProcess, secret: &str| {
        let client = |name: &str, id: &str, method: &str, secret: &str| {
            format!(
                "[targets.here.clients.{name}]\nclient-id = {id:?}\nmethod = {method:?}\nclient-secret = {secret:?}\n"
            )
        };
        let clients = [
            client("post-client", "0oaPost", "client_secret_post", secret),
            client("token-client", "0oaToken", "client_secret_basic", "s3cret-of-token"),
        ];
        let admin = format!("[targets.here.principals]\nadmin = {{ ssws = {TOKEN:?} }}\n");
        let head = format!("[targets.here]\nurl = {:?}\n", mock.url);
        place.write("okta-conformance.toml", &format!("{head}{admin}{}", clients.concat()));
    };
    let [post, basic] = ["tokens/client-credentials/method[post]", "tokens/client-credentials/method[basic]"];
    let outcome = || {
        let done = place.run(&["run", post, basic, "--target", "here", "--jobs", "1"]);
        let outcomes = place.outcomes();
        (done.code, outcomes[post].clone(), outcomes[basic].clone())
    };
    settings(&mock, "s3cret-of-post");
    assert_eq!(outcome(), (0, "passed".to_owned(), "passed".to_owned()));
    assert!(findings(&place).is_empty(), "{:?}", findings(&place));
    settings(&mock, "s3cret-of-another");
    assert_eq!(outcome(), (2, "errored".to_owned(), "passed".to_owned()));
    let said = "the target refuses the client `post-client` (401 invalid_client to /oauth2/default/v1/introspect and to \
                /oauth2/default/v1/token): compare its id, method and secret or key in the settings with the \
                target's; what it is to send is errored";
    assert_eq!(findings(&place), [(false, said.to_owned())]);
    // Whose secret is right by another method is known: that this method is refused is the target's own doing.
    let apps = apps.replace("client_secret_post", "client_secret_basic");
    place.write("state.yaml", &apps);
    let mock = MockProcess::start(&["--state", place.path("state.yaml").to_str().expect("UTF-8")]);
    settings(&mock, "s3cret-of-post");
    assert_eq!(outcome(), (1, "failed".to_owned(), "passed".to_owned()));
    assert!(findings(&place).is_empty(), "{:?}", findings(&place));
}
