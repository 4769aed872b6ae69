//! The state an org starts with: what it becomes, and what is refused.

use std::collections::BTreeSet;

use okta_mock::{Mock, Settings, StartError, State, start::Example};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Org, SERVERS, members, settings, text};

fn state(value: &Value) -> State {
    State::from_yaml(&value.to_string()).expect("a state")
}

/// A state with something of everything.
fn full() -> State {
    State::from_yaml(include_str!("state.yaml")).expect("a state")
}

#[tokio::test]
async fn what_the_state_says_is_there() {
    let org = Org::with(Settings { state: Some(full()), seed: Some(1), ..settings() }).await;
    let orders = org.get(&format!("{SERVERS}/ausOrders")).await.json();
    assert_eq!((text(&orders, "name"), text(&orders, "status")), ("Orders", "INACTIVE"));
    assert_eq!((text(&orders, "created"), text(&orders, "issuerMode")), ("2026-01-02T03:04:05.000Z", "ORG_URL"));
    assert_eq!(members(&orders["credentials"]["signing"]), ["kid", "rotationMode", "lastRotated"]);
    assert_eq!(orders["credentials"]["signing"]["lastRotated"], "2026-02-03T04:05:06.000Z");
    let get = async |tail: &str| org.get(&format!("{SERVERS}/{tail}")).await.json();
    assert_eq!(get("ausOrders/scopes/scpRead").await["name"], "orders:read");
    assert_eq!(get("ausOrders/claims/oclDept").await["value"], "user.department");
    assert_eq!(get("ausOrders/policies/00pAll").await["conditions"]["clients"]["include"], json!(["0oaShop"]));
    let people = json!({"users": {"include": ["00uAnn"], "exclude": []}, "groups": {"include": ["00gStaff"]}});
    assert_eq!(get("ausOrders/policies/00pAll/rules/0prStaff").await["conditions"]["people"], people);
    let trusted = get("ausOrders/associatedServers").await;
    let trusted: Vec<_> = trusted.as_array().expect("a list").iter().map(|server| text(server, "name")).collect();
    assert_eq!(trusted, ["renamed", "Billing"]);
    let default = get("default").await;
    assert_eq!((text(&default, "name"), &default["audiences"]), ("renamed", &json!(["api://default"])));
    assert_eq!(get("default/scopes").await.as_array().map(Vec::len), Some(28));
    let token = get("ausOrders/clients/0oaShop/tokens").await;
    assert_eq!(
        (text(&token[0], "created"), text(&token[0], "expiresAt")),
        ("2026-06-01T00:00:00.000Z", "2026-06-08T00:00:00.000Z")
    );
    assert!(text(&token[0], "id").starts_with("oar"));
}

#[tokio::test]
async fn equal_states_give_equal_bytes() {
    let mut answers = BTreeSet::new();
    for _ in 0..2 {
        let org = Org::with(Settings { state: Some(full()), seed: Some(4), ..settings() }).await;
        let mut answer = String::new();
        for tail in
            ["ausBilling", "ausBilling/scopes", "ausOrders/policies/00pAll/rules", "ausBilling/credentials/keys"]
        {
            answer += &org.get(&format!("{SERVERS}/{tail}")).await.text.replace(&org.mock.url(), "");
        }
        answers.insert(answer);
    }
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn a_state_that_contradicts_itself_does_not_start() {
    let server = |member: &str, value: Value| {
        let mut server = json!({"id": "ausA", "name": "n", "audiences": ["a"]});
        server[member] = value;
        json!({"servers": [server]})
    };
    for (value, place) in [
        (json!({"servers": [{"audiences": ["a"]}]}), "servers[0]"),
        (server("audiences", json!(["a", "b"])), "servers[0]"),
        (server("id", json!("a b")), "servers[0]"),
        (server("id", json!("x".repeat(65))), "servers[0]"),
        (server("status", json!("GONE")), "servers[0]"),
        (server("created", json!("2020-01-01T00:00:00Z")), "servers[0]"),
        (server("associated", json!(["ausB"])), "servers[0].associated"),
        (server("scopes", json!([{"name": "a"}, {"name": "a"}])), "servers[0].scopes[1]"),
        (server("scopes", json!([{"name": "okta.x"}])), "servers[0].scopes[0]"),
        (
            server(
                "claims",
                json!([{"name": "sub", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "v"}]),
            ),
            "servers[0].claims[0]",
        ),
        (server("policies", json!([{"description": "d"}])), "servers[0].policies[0]"),
        (server("policies", json!([{"name": "p", "rules": [{"name": "r"}]}])), "servers[0].policies[0].rules[0]"),
        (json!({"groups": [{"id": "g", "name": "a"}], "users": [{"id": "g", "name": "b"}]}), "groups[0]"),
        (
            json!({"refreshTokens": [{"client": "c", "server": "default", "user": "u", "scopes": []}]}),
            "refreshTokens[0]",
        ),
        (
            json!({"clients": [{"id": "c", "name": "c"}],
            "refreshTokens": [{"client": "c", "server": "default", "user": "u", "scopes": []}]}),
            "refreshTokens[0]",
        ),
        (json!({"serviceApps": [{"clientId": "a", "scopes": []}]}), "serviceApps[0]"),
        (
            json!({"serviceApps": [{"clientId": "a", "clientSecret": "s", "scopes": []},
            {"clientId": "a", "clientSecret": "s", "scopes": []}]}),
            "serviceApps[1]",
        ),
    ] {
        let started = Mock::start(Settings { state: Some(state(&value)), ..settings() }).await;
        let Err(StartError::State(error)) = started else { panic!("{value} started") };
        assert_eq!(error.place, place, "{value}: {error}");
        // The text is one line of JSON, which is YAML, and what is told to be wrong stands where it is told to be.
        let location = error.location.as_ref().expect("a location");
        let pointer = format!("/{}", place.replace('[', "/").replace(']', "").replace('.', "/"));
        let wrong = value.pointer(&pointer).expect("a place").to_string();
        assert!(value.to_string()[location.span.start..].starts_with(&wrong), "{value}: {error}");
        assert_eq!((location.line, location.column), (1, location.span.start as u64 + 1));
        let start = format!("the state is wrong at {place} (line 1, column {}): ", location.column);
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[tokio::test]
async fn apps_and_users_that_contradict_themselves_do_not_start() {
    let app = |member: &str, value: Value| {
        let mut app = json!({"clientId": "c", "clientSecret": "s"});
        app[member] = value;
        json!({"apps": [app]})
    };
    let user = |member: &str, value: Value| json!({"users": [{"id": "u", member: value}]});
    for (value, place) in [
        (json!({"apps": [{"clientId": "c"}]}), "apps[0]"),
        (json!({"apps": [{"clientId": "c", "clientSecret": "s"}, {"clientId": "c", "clientSecret": "s"}]}), "apps[1]"),
        (app("clientId", json!("a b")), "apps[0]"),
        (app("tokenEndpointAuthMethod", json!("client_secret_jwt")), "apps[0]"),
        (app("tokenEndpointAuthMethod", json!("private_key_jwt")), "apps[0]"),
        (app("tokenEndpointAuthMethod", json!("none")), "apps[0]"),
        (app("grantTypes", json!(["authorization_code"])), "apps[0]"),
        (app("redirectUris", json!(["/callback"])), "apps[0]"),
        (app("redirectUris", json!(["https://a.example/#b"])), "apps[0]"),
        (app("assignedUsers", json!(["nobody"])), "apps[0]"),
        (user("groups", json!(["none"])), "users[0]"),
        (user("password", json!("p")), "users[0]"),
        (json!({"users": [{"id": "a", "login": "l"}, {"id": "b", "login": "l"}]}), "users[1]"),
        (json!({"login": "nobody"}), "login"),
        (json!({"users": [{"id": "a", "status": "INACTIVE"}], "login": "a"}), "login"),
    ] {
        let started = Mock::start(Settings { state: Some(state(&value)), ..settings() }).await;
        let Err(StartError::State(error)) = started else { panic!("{value} started") };
        assert_eq!((error.place.as_str(), error.location.is_some()), (place, true), "{value}: {error}");
    }
    let started = Mock::start(Settings { login: Some(String::from("nobody")), ..settings() }).await;
    assert!(matches!(started, Err(StartError::State(_))));
}

#[tokio::test]
async fn an_example_is_the_same_for_a_seed() {
    let secrets = |seed| {
        let example = Example::new(seed);
        (example.client_secret, example.password)
    };
    assert_eq!(secrets(Some(1)), secrets(Some(1)));
    assert_ne!(secrets(Some(1)), secrets(Some(2)));
    assert_ne!(secrets(None), secrets(None));
    let example = Example::new(None);
    let org = Org::with(Settings { state: Some(example.state), built_in_keys: true, ..settings() }).await;
    for form in [
        &[("grant_type", "client_credentials"), ("scope", example.scope)][..],
        &[
            ("grant_type", "password"),
            ("scope", "openid offline_access"),
            ("username", example.login),
            ("password", &example.password),
        ],
    ] {
        let request = org.request(Method::POST, "/oauth2/default/v1/token");
        let request = request.basic_auth(example.client_id, Some(&example.client_secret)).form(form);
        assert_eq!(org.send(request).await.status, 200);
    }
}

#[test]
fn unknown_members_are_refused() {
    for value in [
        json!({"server": []}),
        json!({"servers": [{"nmae": "n"}]}),
        json!({"servers": [{"scopes": [{"nmae": "n"}]}]}),
        json!({"serviceApps": [{"clientId": "a", "scopes": [], "secret": "s"}]}),
        json!({"apps": [{"clientId": "a", "clientSecret": "s", "scopes": []}]}),
        json!({"users": [{"id": "u", "groupIds": []}]}),
    ] {
        let error = State::from_yaml(&value.to_string()).expect_err("an unknown member");
        assert!(error.message.starts_with("unknown field"), "{value}: {error}");
        assert!(error.place.is_empty() && error.location.is_some(), "{error:?}");
    }
}

#[test]
fn every_operation_of_the_document_has_its_name() {
    let names: Vec<&str> = okta_mock::operations().collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len());
    // 48 of the vendor's document, five public ones, the token endpoint of the org, ten of servers and the page for devices.
    assert_eq!(names.len(), 65);
    for name in ["createAuthorizationServer", "deactivateOAuth2ResourceServerJsonWebKey", "mintOrgToken"] {
        assert!(distinct.contains(name), "{name}");
    }
}
