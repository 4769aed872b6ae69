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
        // The text is one line of JSON, which is YAML, and what is told to be wrong stands within what is told to have it.
        let location = error.location.as_ref().expect("a location");
        let pointer = format!("/{}", place.replace('[', "/").replace(']', "").replace('.', "/"));
        let whole = value.pointer(&pointer).expect("a place").to_string();
        let text = value.to_string();
        let starts: Vec<usize> = text.match_indices(&whole).map(|(start, _)| start).collect();
        let is_within = |start: &usize| (*start..start + whole.len()).contains(&location.span.start);
        assert!(starts.iter().any(is_within), "{value}: {error}");
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
        (json!({"apps": [{"clientId": "c", "tokenEndpointAuthMethod": "none"}]}), "apps[0]"),
        (app("trustedOrigins", json!(["https://a.example/"])), "apps[0]"),
        (app("trustedOrigins", json!(["https://a.example/page"])), "apps[0]"),
        (app("trustedOrigins", json!(["a.example"])), "apps[0]"),
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

/// The parts of the guide that are states.
fn states_of_the_guide() -> Vec<&'static str> {
    let blocks = include_str!("../../../docs/mock.md").split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_states_of_the_guide_are_right_and_the_first_gives_a_token() {
    let states = states_of_the_guide();
    assert_eq!(states.len(), 3);
    for state in &states {
        assert_eq!(State::mistakes(state), [], "{state}");
    }
    let state = State::from_yaml(states[0]).expect("a state");
    assert!(state.users.iter().all(|user| user.id.len() == 20 && user.id.starts_with("00u")));
    let org = Org::with(Settings { state: Some(state), built_in_keys: true, ..settings() }).await;
    let form = [("grant_type", "client_credentials"), ("scope", "orders")];
    let request = org.request(Method::POST, "/oauth2/default/v1/token");
    let reply = org.send(request.basic_auth("orders-service", Some("s3cret")).form(&form)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let org = Org::with(Settings { state: Some(State::from_yaml(states[2]).expect("a state")), ..settings() }).await;
    let form = [("grant_type", "client_credentials"), ("scope", "okta.authorizationServers.manage")];
    let request = org.request(Method::POST, "/oauth2/v1/token");
    let reply = org.send(request.basic_auth("provisioner", Some("s3cret")).form(&form)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// What is told of a text: the line, what stands there, and how the message begins.
fn told<'t>(text: &'t str, mistakes: &[okta_mock::StateError]) -> Vec<(u64, &'t str, String)> {
    let tell = |mistake: &okta_mock::StateError| {
        let location = mistake.location.as_ref().expect("a location");
        let there = text[location.span.start..].split([',', ' ', ':', ']', '\n']).next().unwrap_or_default();
        let line = text[..location.span.start].matches('\n').count() as u64 + 1;
        assert_eq!(location.line, line, "{mistake}");
        (line, there, mistake.message.chars().take(20).collect())
    };
    mistakes.iter().map(tell).collect()
}

#[tokio::test]
async fn every_mistake_is_told_where_it_is() {
    const TEXT: &str = "\
servers:
  - { id: ausA, nmae: A, audiences: [a], colour: red }
  - { id: ausB, name: B, audiences: [b], scopes: [{ name: okta.x }, { name: fine, optional: maybe }] }
  - { id: ausB, name: C, audiences: [c], status: GONE, associated: [ausA, ausZ] }
groups: [{ id: 00gDev, name: Developers }, { id: 00gDev, name: Again }]
users:
  - { id: 00uAda, login: ada, groups: [00gDev, 00gNone, 00gNot] }
  - { id: 00uBob, status: GONE }
apps:
  - { clientId: shop, clientSecret: s, redirectUris: 5, assignedUsers: [00uNone] }
  - { clientId: page, tokenEndpointAuthMethod: none, trustedOrigins: ['https://a.example', 'https://a.example/'] }
login: nobody
";
    let expected = [
        (2, "nmae", "unknown field `nmae`"),
        (2, "colour", "unknown field `colou"),
        (3, "okta.x", "name: The name may h"),
        (3, "maybe", "invalid boolean"),
        (4, "ausB", "the id `ausB` is tak"),
        (4, "GONE", "status: The field ha"),
        (4, "ausZ", "Not found: Resource "),
        (5, "00gDev", "the id `00gDev` is t"),
        (7, "00gNone", "there is no group `0"),
        (7, "00gNot", "there is no group `0"),
        (8, "GONE", "unknown variant `GON"),
        (10, "5", "unexpected"),
        (11, "{", "a client that does n"),
        (11, "'https", "an origin is a schem"),
        (12, "nobody", "there is no ACTIVE u"),
    ];
    let mistakes = State::mistakes(TEXT);
    let told = told(TEXT, &mistakes);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((line, there, message), (at, what, said)) in told.iter().zip(expected) {
        assert_eq!((*line, *there), (at, what), "{message}");
        assert!(message.starts_with(said) || said.len() < 20, "{message}");
    }
    // What is told first of a text is one of them, and the mock does not start with it.
    let first = State::from_yaml(TEXT).expect_err("a mistake");
    assert!(mistakes.iter().any(|mistake| mistake.message == first.message));
    assert_eq!(mistakes[0].place, "servers[0].nmae");
}

#[test]
fn a_text_without_mistakes_has_none_and_one_that_is_no_yaml_has_one() {
    assert_eq!(State::mistakes(include_str!("state.yaml")), []);
    assert_eq!(State::mistakes(""), []);
    for text in ["servers: [", "- a", "a: b: c", "servers: 5"] {
        let mistakes = State::mistakes(text);
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:#?}");
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
