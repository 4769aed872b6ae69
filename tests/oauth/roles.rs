//! The whole suite with every role that has a token by client credentials, `private_key_jwt` and `DPoP`, against mocks in processes of
//! their own. An org either has the feature that the API belongs to or lacks it, so two orgs let every trial apply.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use super::support::{Done, MockProcess, Place, data, outcomes};

/// Apps of the org, one a role: its scopes, and what is particular about its tokens.
const ROLES: [(&str, &str, &str); 6] = [
    ("admin", "okta.authorizationServers.read, okta.authorizationServers.manage", ""),
    ("manager", "okta.authorizationServers.read, okta.authorizationServers.manage", ""),
    ("reader", "okta.authorizationServers.read", ""),
    ("no-scope", "okta.users.read", ""),
    ("expired-token", "okta.authorizationServers.read, okta.authorizationServers.manage", ", tokenLifetime: 1"),
    ("rate-limited", "okta.authorizationServers.read, okta.authorizationServers.manage", ", rateLimit: 20"),
];

/// What the mock is able to, beside what has to do with the feature.
const CAPABILITIES: [&str; 7] = [
    "oauth-scopes",
    "exhaustible-rate-limit",
    "default-server-writable",
    "associated-servers",
    "resource-server-keys",
    "refresh-tokens",
    "revocable-refresh-tokens",
];

/// An org whose only way in is a proof with each request, its nonces at the API too.
fn org(place: &Place, arguments: &[&str]) -> MockProcess {
    let people = fs::read_to_string(data("../../examples/mock-state.yaml")).expect("a state");
    let mut state = format!("{people}serviceApps:\n");
    let key = "kty: EC, crv: P-256, kid: ec-jwk, x: UVXYY0fgtZJYeYhiYMS_VvMWWeoIb_Kr6HkBgRvLr90, y: MwQh07br5D0d61xNfZBc031MFSZ4FIw0wL77Iv8RNVo";
    for (role, scopes, more) in ROLES {
        let app = format!("clientId: 0oa-{role}, scopes: [{scopes}], dpopBoundAccessTokens: true{more}");
        let _ = writeln!(state, "  - {{ {app}, jwks: {{ keys: [{{ {key} }}] }} }}");
    }
    place.write("state.yaml", &state);
    let path = place.path("state.yaml");
    let always = ["--state", path.to_str().expect("a path"), "--api-nonce", "--rate-limit", "1000000"];
    MockProcess::start(&[&always[..], arguments].concat())
}

fn settings(url: &str) -> String {
    let key = data("keys/ec.jwk.json").display().to_string();
    let mut text = format!("[targets.here]\nurl = {url:?}\ncapabilities = {CAPABILITIES:?}\n");
    for (role, scopes, _) in ROLES {
        let scopes: Vec<&str> = scopes.split(", ").collect();
        let _ = write!(
            text,
            "[targets.here.principals.{role}.client-credentials]\nclient-id = \"0oa-{role}\"\nprivate-key = {{ file = {key:?} }}\n\
             scopes = {scopes:?}\ndpop = true\nexpired = {}\n",
            role == "expired-token"
        );
    }
    text
}

/// Runs with nothing in the surroundings; the stream goes to `NAME.jsonl`.
fn run(place: &Place, url: &str, name: &str, profiles: &[&str]) -> (Done, BTreeMap<String, String>) {
    place.write("okta-conformance.toml", &settings(url));
    let stream = format!("{name}.jsonl");
    let mut arguments = vec!["run", "--target", "here", "--allow-default-server", "--jobs", "16", "--quiet"];
    arguments.extend(["--events", &stream]);
    arguments.extend(profiles.iter().flat_map(|profile| ["--profile", profile]));
    let mut command = place.command(&arguments);
    command.env_remove("OKTA_CLIENT_TOKEN");
    let done = super::support::finish(command.spawn().expect("the program starts"));
    let events: Vec<_> =
        place.read(&stream).lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    (done, outcomes(&events))
}

#[test]
fn every_trial_passes_with_every_role_by_private_key_and_proof() {
    let place = Place::new();
    let list: Vec<serde_json::Value> =
        place.run(&["list", "--format", "json"]).json().as_array().expect("a list").clone();
    // Trials about tokens need clients that the program knows: `as_client` has them.
    let about_tokens = |trial: &serde_json::Value| matches!(trial["profile"].as_str(), Some("tokens" | "effects"));
    let list: Vec<serde_json::Value> = list.into_iter().filter(|trial| !about_tokens(trial)).collect();
    let (licensed, unlicensed): (Vec<_>, Vec<_>) =
        list.iter().partition(|trial| trial["profile"].as_str() != Some("unlicensed"));
    let mut profiles: Vec<&str> = licensed.iter().filter_map(|trial| trial["profile"].as_str()).collect();
    profiles.sort_unstable();
    profiles.dedup();

    for (name, more, profiles, trials) in [
        ("with", &[][..], profiles.as_slice(), licensed.len()),
        ("without", &["--without-api-access-management"], &["unlicensed"], unlicensed.len()),
    ] {
        let mock = org(&place, more);
        let (done, outcomes) = run(&place, &mock.url, name, profiles);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        assert_eq!(outcomes.len(), trials);
        let others: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome != "passed").collect();
        assert!(others.is_empty(), "{others:?}");
    }
    let merged = place.run(&["report", "with.jsonl", "without.jsonl", "--format", "json"]);
    let summary = merged.json();
    assert_eq!((merged.code, &summary["trials"]["passed"]), (0, &list.len().into()), "{summary}");
}
