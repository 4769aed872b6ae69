//! Capabilities: what a preflight sees of them by reads alone, and what becomes of trials where the settings say otherwise.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    server::{Answer, Request, Server},
    support::{Done, MockProcess, Place, TOKEN, of_kind, text},
};

/// A trial for each capability that can be seen, with the reads that show it.
const SCOPES: (&str, &str) = ("access/operations/no-scope[list-claims]", "GET /api/v1/authorizationServers?limit=1");
const ASSOCIATED: (&str, &str) =
    ("associated-servers/associations/list", "GET /api/v1/authorizationServers/ID/associatedServers?limit=1");
const KEYS: (&str, &str) =
    ("resource-server-keys/keys/none", "GET /api/v1/authorizationServers/ID/resourceservercredentials/keys");
const TOKENS: (&str, &str) = ("clients/tokens/list", "GET /api/v1/authorizationServers/default/clients");
const TOKENS_OF_FIRST: &str = "GET /api/v1/authorizationServers/default/clients/0oa1web0000000000aaa/tokens";

/// One that needs none of them.
const PLAIN: &str = "authorization-servers/get/same-as-created";

const NO_SCOPE: &str = "an-access-token-of-somebody";

/// The org of the embedded mock as a process of its own.
fn mock() -> MockProcess {
    let state = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mock-state.yaml");
    MockProcess::start(&["--state", state, "--token", &format!("{NO_SCOPE}=okta.users.read")])
}

/// A target with these capabilities, whose `no-scope` has a token of this kind.
fn place(url: &str, kind: &str, capabilities: &[&str]) -> Place {
    let place = Place::new();
    let principals = format!("admin = {{ ssws = {TOKEN:?} }}\nno-scope = {{ {kind} = {NO_SCOPE:?} }}");
    let text = format!(
        "[targets.here]\nurl = {url:?}\ncapabilities = {capabilities:?}\n[targets.here.principals]\n{principals}\n"
    );
    place.write("okta-conformance.toml", &text);
    place
}

fn run(place: &Place, trials: &[&str]) -> (Done, BTreeMap<String, String>, Vec<String>) {
    let done = place.run(&[&["run", "--target", "here", "--jobs", "1"], trials].concat());
    let events = place.events();
    let findings = of_kind(&events, "preflight").map(|event| text(event, "text")).collect();
    (done, place.outcomes(), findings)
}

/// What was asked before the first write, or the first read of a trial, with the one identifier that the target chose.
fn asked(server: &Server) -> Vec<String> {
    let lines = server.lines().into_iter().take_while(|line| !line.starts_with("POST"));
    lines
        .map(|line| regex::Regex::new("aus[A-Za-z0-9]{17}").expect("a pattern").replace(&line, "ID").into_owned())
        .collect()
}

#[test]
fn what_is_not_declared_is_seen_by_reads_and_tried() {
    let mock = mock();
    let proxy = Server::proxy(&mock.url, |_, _| {});
    let place = place(&proxy.url, "bearer", &[]);
    let trials = [SCOPES.0, ASSOCIATED.0, KEYS.0, TOKENS.0, PLAIN];
    let (done, outcomes, findings) = run(&place, &trials);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(outcomes.len() == 5 && outcomes.values().all(|outcome| outcome == "passed"), "{outcomes:?}");
    let names = "oauth-scopes`, `associated-servers`, `resource-server-keys`, `refresh-tokens";
    let said = format!("the target has the undeclared capabilities `{names}`; trials that need them run");
    assert_eq!(findings, [said]);
    let question = "GET /api/v1/authorizationServers?limit=1";
    let asked = asked(&proxy);
    // As whoever may ask, and with a token that nobody issued.
    let all = [question, question, SCOPES.1, ASSOCIATED.1, KEYS.1, TOKENS.1, TOKENS_OF_FIRST];
    assert_eq!(asked[..7], all.map(str::to_owned));
}

#[test]
fn what_is_declared_and_there_is_nothing_to_tell_of() {
    let mock = mock();
    let place = place(&mock.url, "bearer", &["oauth-scopes", "associated-servers", "refresh-tokens"]);
    let (done, outcomes, findings) = run(&place, &[SCOPES.0, ASSOCIATED.0, TOKENS.0]);
    assert_eq!((done.code, findings), (0, vec![]), "{}", done.out);
    assert!(outcomes.values().all(|outcome| outcome == "passed"), "{outcomes:?}");
}

#[test]
fn only_what_a_trial_needs_is_asked_for() {
    let mock = mock();
    let proxy = Server::proxy(&mock.url, |_, _| {});
    let place = place(&proxy.url, "bearer", &["associated-servers"]);
    let question = "GET /api/v1/authorizationServers?limit=1".to_owned();
    let (done, _, findings) = run(&place, &[PLAIN]);
    assert_eq!((done.code, findings), (0, vec![]), "{}", done.out);
    // What is there, and the default server's identifier, are asked for before the first write.
    let before = |line: &String| !line.ends_with("/default") && !line.ends_with("/authorizationServers");
    let asked = asked(&proxy).into_iter().filter(before);
    assert_eq!(asked.collect::<Vec<_>>(), [question.clone(), question]);
    let before = proxy.lines().len();
    let done = place.run(&["run", "--target", "here", "--no-preflight", ASSOCIATED.0]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(
        !proxy.lines()[before..].iter().any(|line| line.ends_with("associatedServers?limit=1")),
        "it was not to ask"
    );
}

#[test]
fn what_is_declared_and_missing_blocks_its_trials() {
    // No client of this org ever got a token.
    let mock = MockProcess::start(&["--token", &format!("{NO_SCOPE}=okta.authorizationServers.read")]);
    let refused = json!({ "errorCode": "E0000015", "errorSummary": "no", "errorLink": "E0000015", "errorId": "oae1", "errorCauses": [] });
    let proxy = Server::proxy(&mock.url, move |request: &Request, answer| {
        if request.target.contains("/associatedServers") {
            *answer = Answer::json(401, &refused);
        }
    });
    let trials = [SCOPES.0, ASSOCIATED.0, TOKENS.0, PLAIN];
    let declared = ["oauth-scopes", "associated-servers", "refresh-tokens"];
    let (done, outcomes, findings) = run(&place(&proxy.url, "bearer", &declared), &trials);
    assert_eq!(done.code, 2, "{}", done.out);
    for trial in &trials[..3] {
        assert_eq!(outcomes[*trial], "blocked", "{trial}");
    }
    assert_eq!(outcomes[PLAIN], "passed");
    let starts = ["associated-servers", "oauth-scopes", "refresh-tokens"]
        .map(|name| format!("the settings declare the capability `{name}`, but GET /api/v1/authorizationServers"));
    let ends = ["401 E0000015", "gives 200", "/default/clients gives 200 an empty list"]
        .map(|said| format!("{said}; trials that need it are blocked"));
    assert_eq!(findings.len(), 3, "{findings:?}");
    for ((finding, start), end) in findings.iter().zip(starts).zip(ends) {
        assert!(finding.starts_with(&start) && finding.ends_with(&end), "{finding}");
        assert!(done.out.contains(&format!("preflight, a warning: {finding}\n")), "{}", done.out);
    }
    // Not declared, they are what a target lacks, and nothing is wrong with that.
    let (done, outcomes, findings) = run(&place(&proxy.url, "bearer", &[]), &trials);
    assert_eq!((done.code, findings), (0, vec![]), "{}", done.out);
    for trial in &trials[..3] {
        assert_eq!(outcomes[*trial], "not-applicable", "{trial}");
    }
}

#[test]
fn an_org_that_is_declared_to_lack_the_feature_and_has_it_is_not_written_to() {
    let mock = mock();
    let proxy = Server::proxy(&mock.url, |_, _| {});
    let place = place(&proxy.url, "bearer", &["no-api-access-management"]);
    let (done, outcomes, findings) = run(&place, &["--profile", "unlicensed"]);
    assert_eq!(done.code, 2, "{}", done.out);
    assert!(!outcomes.is_empty() && outcomes.values().all(|outcome| outcome == "blocked"), "{outcomes:?}");
    assert!(
        matches!(findings.as_slice(), [one] if one.contains("`no-api-access-management`, but GET ")),
        "{findings:?}"
    );
    assert!(proxy.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", proxy.lines());
}

#[test]
fn what_shows_neither_leaves_it_to_the_settings() {
    let mock = mock();
    // Nothing of the kind, an identifier that is none, and somebody who has no access token.
    let unknown = Server::proxy(&mock.url, |request: &Request, answer| {
        if request.target.ends_with("/associatedServers?limit=1") {
            *answer = Answer::json(404, &json!({ "errorCode": "E0000007" }));
        }
    });
    let odd = Server::proxy(&mock.url, |request: &Request, answer| {
        if request.target.ends_with("?limit=1") {
            answer.body = json!([{ "id": "../../elsewhere" }]).to_string().into_bytes();
        }
    });
    for (server, kind, trial) in
        [(&unknown, "bearer", ASSOCIATED.0), (&odd, "bearer", ASSOCIATED.0), (&unknown, "ssws", SCOPES.0)]
    {
        let (done, outcomes, findings) = run(&place(&server.url, kind, &[]), &[trial]);
        assert_eq!((outcomes[trial].as_str(), findings), ("not-applicable", vec![]), "{kind}: {}", done.out);
    }
    assert!(odd.lines().iter().all(|line| !line.contains("elsewhere")), "{:?}", odd.lines());
    let (done, outcomes, findings) = run(&place(&unknown.url, "bearer", &["associated-servers"]), &[ASSOCIATED.0]);
    assert_eq!((done.code, outcomes[ASSOCIATED.0].as_str(), findings), (0, "passed", vec![]), "{}", done.out);
}

#[test]
fn the_manual_says_of_every_capability_how_it_is_seen_or_why_it_is_declared() {
    let (manual, vocabulary) = (include_str!("../../docs/live-org.md"), include_str!("../../cases/vocabulary.yaml"));
    let rest = vocabulary.split_once("\ncapabilities:\n").expect("capabilities").1;
    let list = rest.split_once("\n\n").expect("their end").0;
    let names: Vec<&str> =
        list.lines().filter_map(|line| Some(line.split_once("id: ")?.1.split_once(',')?.0)).collect();
    assert_eq!(names.len(), 10);
    for name in names {
        let row = manual
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap_or_else(|| panic!("no {name}"));
        assert!(row.split('|').skip(2).any(|cell| !cell.trim().is_empty()), "{row}");
    }
}
