//! Faults of the mock, and the proof that the suite finds them: a fixed sample; `okta-conformance mutants` goes through all.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{
    forms::{mistakes, root},
    server::ask,
    support::{MockProcess, Place, TOKEN, text},
};

/// One fault a kind at least, over all resources.
const SAMPLE: &[&str] = &[
    "replace-oauth2-claim/status/success",
    "delete-oauth2-claim/status/with-body",
    "create-associated-servers/error-code/400",
    "get-oauth2-claim/error-form/text",
    "get-oauth2-scope/missing/system",
    "replace-oauth2-claim/null/name",
    "create-oauth2-scope/mistyped/optional",
    "list-oauth2-claims/renamed/claim-type",
    "get-authorization-server-key/value/kid",
    "get-jwks/extra/keys.d",
    "list-authorization-server-policies/items/short",
    "get-authorization-server-policy/link/rules-methods",
    "delete-oauth2-scope/header/no-x-okta-request-id-on-204",
    "replace-oauth2-scope/stale/all",
    "rotate-authorization-server-keys/not-stored/all",
    "create-oauth2-scope/ignored/consent",
    "replace-oauth2-claim/forgotten/always-include-in-token",
    "replace-oauth2-scope/merged/all",
    "create-oauth2-claim/read-only/system",
    "create-oauth2-scope/default/metadata-publish",
    "replace-authorization-server-policy/unvalidated/name-length",
    "list-oauth2-scopes/query/q",
    "delete-oauth2-claim/spread/neighbour",
    "get-authorization-server-policy/leak/server",
    "create-oauth2-claim/collision/id",
    "list-oauth2-claims/token/unknown",
    "delete-oauth2-scope/scope/none",
    "rotate-authorization-server-keys/effect/refused-body",
    "replace-oauth2-scope/unsteady/each-2nd",
    "list-oauth2-clients-for-authorization-server/delivery/cut",
    "no-operation/status/wrong-method",
    "token-custom-as/unheeded/rule-status",
    "token-custom-as/signature/active-key",
    "token-custom-as/missing/access-token.jti",
    "token-custom-as/error-form/400-invalid-dpop-proof",
    "introspect-custom-as/leak/introspect-server",
    "revoke-custom-as/not-stored/revoke-access",
    "revoke-custom-as/strict/revoke-unknown",
    "authorize-custom-as/header/no-state",
];

/// The table that is checked in: a line a fault.
fn table() -> String {
    fs::read_to_string(root("docs/fault-table.md")).expect("the table")
}

/// The line of a fault, as docs/fault-table.md has it.
fn line_of(mutant: &Value) -> String {
    let first = &mutant["first"];
    let step = first["step"].as_u64().map(|step| format!(" {step}")).unwrap_or_default();
    let how = match text(first, "outcome").as_str() {
        "failed" => String::new(),
        other => format!(", {other}"),
    };
    let found = format!("`{}`{step}: {}{how}", text(first, "trial"), text(first, "check"));
    format!("| `{}` | {} | {found} |", text(mutant, "fault"), mutant["red"])
}

#[test]
fn the_suite_finds_and_names_a_sample_of_the_faults_as_the_table_says() {
    // However slow the machine is, all trials run.
    let mut arguments = vec!["mutants", "--format", "json", "--jobs", "2", "--time-limit", "1h"];
    arguments.extend(SAMPLE.iter().flat_map(|name| ["--fault", name]));
    let done = Place::new().run(&arguments);
    let found = done.json();
    assert_eq!(mistakes("mutants", &found), [""; 0]);
    assert_eq!((&found["survivors"], done.code), (&serde_json::json!([]), 0), "{}", done.err);
    let gone_through = found["mutants"].as_array().expect("a list");
    let names: BTreeSet<String> = gone_through.iter().map(|mutant| text(mutant, "fault")).collect();
    assert_eq!(names, SAMPLE.iter().map(|name| (*name).to_owned()).collect(), "each was gone through, once");
    assert_eq!(gone_through.len(), SAMPLE.len());
    assert_eq!((&found["not_named"], &found["named"]), (&serde_json::json!([]), &found["faults"]));
    let table = table();
    let others: Vec<String> =
        gone_through.iter().map(line_of).filter(|line| !table.lines().any(|other| other == line)).collect();
    assert_eq!(others, [""; 0], "docs/fault-table.md is of another suite or mock; docs/mutants.md says how it is made");
}

/// Faults at once: two that contradict each other, one that shows in another operation, one that keeps the trials of another from it.
const TOGETHER: [&str; 5] = [
    "get-oauth2-scope/missing/system",
    "get-oauth2-scope/missing/name",
    "get-oauth2-scope/value/name",
    "replace-oauth2-scope/ignored/description",
    "create-oauth2-scope/status/success",
];

#[test]
fn faults_at_once_are_named_hidden_or_missed() {
    let run = |faults: &[&str], more: &[&str]| {
        let mut arguments = vec!["mutants", "--format", "json", "--jobs", "2", "--time-limit", "1h"];
        arguments.extend(more);
        arguments.extend(faults.iter().flat_map(|name| ["--fault", name]));
        let done = Place::new().run(&arguments);
        let found = done.json();
        assert_eq!(mistakes("mutants", &found), [""; 0]);
        (done.code, found)
    };
    let (code, found) = run(&TOGETHER, &["--at-once", "5", "--rounds", "1"]);
    assert_eq!((code, &found["named_percent"]), (0, &serde_json::json!(100.0)), "{found}");
    // Each of the two that contradict each other is in one set, with all others.
    assert_eq!((&found["faults"], &found["sets"], &found["in_sets"]), (&5.into(), &2.into(), &8.into()));

    // Whatever the get answers, its body is no JSON.
    let (code, found) = run(
        &["get-oauth2-scope/missing/body", "get-oauth2-scope/missing/system"],
        &["--at-once", "2", "--rounds", "1"],
    );
    let hidden = serde_json::json!([
        { "set": 1, "fault": "get-oauth2-scope/missing/system", "by": ["get-oauth2-scope/missing/body"] }
    ]);
    assert_eq!((code, &found["hidden"], &found["missed"]), (1, &hidden, &serde_json::json!([])), "{found}");
}

#[test]
fn the_table_has_every_fault_and_says_that_each_is_found_and_named() {
    let listed = Place::new().run(&["mock", "--list-faults", "--format", "json"]).json();
    let listed: Vec<String> = listed.as_array().expect("a list").iter().map(|fault| text(fault, "name")).collect();
    let table = table();
    let rows: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(rows, listed);
    let all = rows.len();
    let total = format!("{all} faults, {all} killed, 0 survived, {all} named by their first finding. ");
    assert!(table.contains(&total), "{total}");
}

#[test]
fn the_sample_has_every_kind() {
    let listed = Place::new().run(&["mock", "--list-faults", "--format", "json"]).json();
    let listed = listed.as_array().expect("a list");
    let kinds = |chosen: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
        let of = listed.iter().filter(|fault| chosen(&text(fault, "name")));
        of.map(|fault| text(fault, "kind")).collect()
    };
    assert_eq!(kinds(&|name| SAMPLE.contains(&name)), kinds(&|_| true));
    let names: BTreeSet<String> = listed.iter().map(|fault| text(fault, "name")).collect();
    assert_eq!(names.len(), listed.len(), "no two faults have one name");
    assert!(names.len() >= 250, "{}", names.len());
}

#[test]
fn a_mock_serves_with_the_fault_that_is_asked_for() {
    let ask_for = |mock: &MockProcess| -> Value {
        let authorization = format!("SSWS {TOKEN}");
        let headers = [("Authorization", authorization.as_str())];
        let answer = ask(&mock.url, "GET", "/api/v1/authorizationServers/default", &headers, b"");
        serde_json::from_slice(&answer.body).expect("JSON")
    };
    let sound = ask_for(&MockProcess::start(&[]));
    let faulty = ask_for(&MockProcess::start(&["--fault", "get-authorization-server/missing/issuer"]));
    assert!(sound["issuer"].is_string() && faulty.get("issuer").is_none(), "{faulty}");
    assert_eq!(faulty["name"], sound["name"]);
}

#[test]
fn names_of_faults_that_do_not_exist_are_mistakes() {
    for command in ["mock", "mutants"] {
        let done = Place::new().run(&[command, "--fault", "get-authorization-server/missing/isuer"]);
        assert_eq!(done.code, 3, "{done:?}");
        assert!(done.err.contains("get-authorization-server/missing/issuer"), "{}", done.err);
    }
}
