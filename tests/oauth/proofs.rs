//! Proofs of possession: one a request, with the nonces of both ends.

use super::{
    org::{Org, Rules, SECRET, with_secret},
    support::Place,
};

fn run(org: &Org, trials: usize) -> (Place, super::support::Done) {
    let place = org.place(&with_secret(", dpop = true"), trials);
    place.write("secret", SECRET);
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1"]);
    (place, done)
}

#[test]
fn each_request_has_a_proof_with_the_same_key() {
    let org = Org::start(Rules { dpop: true, ..Rules::default() });
    let (_, done) = run(&org, 3);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    assert_eq!(org.counts(), (1, 3));
    assert_eq!(org.seen().thumbprints.len(), 1, "one key");
}

#[test]
fn nonces_are_taken_up_at_both_ends_with_one_retry_each() {
    let org =
        Org::start(Rules { dpop: true, nonces: [Some("nonce-of-tokens"), Some("nonce-of-api")], ..Rules::default() });
    let (_, done) = run(&org, 3);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    assert_eq!(org.counts(), (2, 4), "the challenge of each, and nothing twice after it");
    assert_eq!(org.seen().thumbprints.len(), 1, "one key");
}

#[test]
fn a_nonce_that_changes_is_followed() {
    // The server names a new nonce in an answer of 200 (RFC 9449 section 8.2): the next request has it at once.
    let org = Org::start(Rules { dpop: true, nonces: [None, Some("first")], ..Rules::default() });
    let rules = std::sync::Arc::clone(&org.rules);
    let front = super::server::Server::proxy(&org.server.url, move |request, answer| {
        if request.target.starts_with("/api/0") && answer.status == 200 {
            answer.headers.push(("DPoP-Nonce".to_owned(), "second".to_owned()));
            rules.lock().expect("no panic").nonces[1] = Some("second");
        }
    });
    let place = org.place(&with_secret(", dpop = true"), 2);
    place.write("secret", SECRET);
    let text = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &text.replace(&org.server.url, &front.url));
    let done = place.run(&["run", "--suite", "suite", "--target", "here", "--jobs", "1"]);
    assert_eq!(done.code, 0, "{done:?} {:?}", org.seen().refusals);
    assert_eq!(org.counts(), (1, 3), "one challenge, for the first nonce");
}

#[test]
fn an_api_that_never_takes_its_own_nonce_is_not_judged() {
    let org = Org::start(Rules { dpop: true, ..Rules::default() });
    let front = super::server::Server::proxy(&org.server.url, |request, answer| {
        if request.target.starts_with("/api/") {
            *answer = super::server::Answer::json(401, &serde_json::json!({}))
                .header("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
                .header("DPoP-Nonce", "again");
        }
    });
    let place = org.place(&with_secret(", dpop = true"), 1);
    place.write("secret", SECRET);
    let text = place.read("okta-conformance.toml");
    place.write("okta-conformance.toml", &text.replace(&org.server.url, &front.url));
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.out.contains("the API asks for a DPoP nonce again, with the nonce that it gave"), "{}", done.out);
    assert_eq!(front.lines().iter().filter(|line| line.contains("/api/")).count(), 2, "one retry");
}

#[test]
fn a_token_that_is_not_bound_is_not_used() {
    // RFC 9449 section 5.
    let org = Org::start(Rules::default());
    let (_, done) = run(&org, 1);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.out.contains("a token of type `bearer` instead of DPoP"), "{}", done.out);
    assert_eq!(org.counts(), (1, 0));
}

#[test]
fn an_org_that_wants_proofs_is_understood() {
    let org = Org::start(Rules { dpop: true, ..Rules::default() });
    let place = org.place(&with_secret(""), 1);
    place.write("secret", SECRET);
    let done = place.run(&["run", "--suite", "suite", "--target", "here"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.out.contains("set `dpop = true` for this principal"), "{}", done.out);
}
