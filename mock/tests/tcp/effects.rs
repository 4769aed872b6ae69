//! Policies, rules, scopes and claims act on the next token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use okta_mock::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    issuing::{self, alone, ask, claims, refused},
    members, text,
};

const NO_MATCH: &str = "Policy evaluation failed for this request, please check the policy configurations.";
const POLICY: &str = "/api/v1/authorizationServers/ausApi/policies/00pAll";

fn denied(reply: &Reply) {
    refused(reply, 401, "access_denied", NO_MATCH);
}

fn rule(scopes: &[&str], grants: &[&str], minutes: u32) -> Value {
    json!({"name": format!("r{minutes}"), "type": "RESOURCE_ACCESS", "conditions": {
        "people": {"groups": {"include": ["EVERYONE"]}}, "grantTypes": {"include": grants}, "scopes": {"include": scopes}},
        "actions": {"token": {"accessTokenLifetimeMinutes": minutes}}})
}

/// Replaces the one rule.
async fn put_rule(org: &Org, rule: &Value) {
    let reply = org.put(&format!("{POLICY}/rules/0prAll"), rule).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

async fn lifetime(org: &Org, scope: &str) -> Value {
    alone(org, "token-client", scope).await.json()["expires_in"].clone()
}

#[tokio::test]
async fn a_policy_is_for_its_clients() {
    let org = issuing::org().await;
    for (include, token, other) in
        [(json!(["token-client"]), 200, 401), (json!([]), 401, 401), (json!(["ALL_CLIENTS"]), 200, 200)]
    {
        let body = json!({"name": "All", "conditions": {"clients": {"include": include}}});
        assert_eq!(org.put(POLICY, &body).await.status, 200);
        assert_eq!(alone(&org, "token-client", "read").await.status, token);
        assert_eq!(alone(&org, "other-client", "read").await.status, other);
    }
}

#[tokio::test]
async fn what_is_inactive_is_ignored() {
    let org = issuing::org().await;
    for place in [POLICY.to_owned(), format!("{POLICY}/rules/0prAll")] {
        assert_eq!(org.ask(Method::POST, &format!("{place}/lifecycle/deactivate"), crate::ADMIN).await.status, 204);
        denied(&alone(&org, "token-client", "read").await);
        assert_eq!(org.ask(Method::POST, &format!("{place}/lifecycle/activate"), crate::ADMIN).await.status, 204);
        assert_eq!(alone(&org, "token-client", "read").await.status, 200);
    }
    assert_eq!(org.delete(POLICY).await.status, 204);
    denied(&alone(&org, "token-client", "read").await);
}

#[tokio::test]
async fn a_rule_is_for_its_grants_and_scopes() {
    let org = issuing::org().await;
    put_rule(&org, &rule(&["*"], &["password"], 10)).await;
    denied(&alone(&org, "token-client", "read").await);
    put_rule(&org, &rule(&["read"], &["client_credentials"], 10)).await;
    assert_eq!(alone(&org, "token-client", "read").await.status, 200);
    denied(&alone(&org, "token-client", "read write").await);
}

#[tokio::test]
async fn the_first_rule_that_fits_decides_and_others_follow() {
    let org = issuing::org().await;
    put_rule(&org, &rule(&["read"], &["client_credentials"], 7)).await;
    let mut first = rule(&["read"], &["client_credentials"], 5);
    first["priority"] = json!(1);
    assert_eq!(org.post(&format!("{POLICY}/rules"), &first).await.status, 201);
    assert_eq!(lifetime(&org, "read").await, 300);
    // Of another policy: what no rule of the first allows.
    let policy = json!({"name": "second", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}}});
    let second = org.post(&format!("{SERVERS}/ausApi/policies"), &policy).await.json();
    let rules = format!("{SERVERS}/ausApi/policies/{}/rules", text(&second, "id"));
    assert_eq!(org.post(&rules, &rule(&["*"], &["client_credentials"], 9)).await.status, 201);
    assert_eq!(lifetime(&org, "read write").await, 540);
    assert_eq!(lifetime(&org, "read").await, 300);
}

#[tokio::test]
async fn scopes_are_known_or_not() {
    let org = issuing::org().await;
    let unknown = "One or more scopes are not configured for the authorization server resource.";
    refused(&alone(&org, "token-client", "read none").await, 400, "invalid_scope", unknown);
    let made = org.post(&format!("{SERVERS}/ausApi/scopes"), &json!({"name": "none"})).await.json();
    assert_eq!(alone(&org, "token-client", "read none").await.json()["scope"], "read write none".replace(" write", ""));
    assert_eq!(org.delete(&format!("{SERVERS}/ausApi/scopes/{}", text(&made, "id"))).await.status, 204);
    refused(&alone(&org, "token-client", "none").await, 400, "invalid_scope", unknown);
    let openid = "Cannot request 'openid' scopes using client credentials.";
    for scope in ["openid", "profile", "read email"] {
        refused(&alone(&org, "token-client", scope).await, 400, "invalid_scope", openid);
    }
}

#[tokio::test]
async fn defaults_are_granted_as_far_as_the_rule_allows() {
    let org = issuing::org().await;
    let none =
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.";
    let ask = async || ask(&org, "token-client", &[("grant_type", "client_credentials")]).await;
    refused(&ask().await, 400, "invalid_scope", none);
    for (id, name) in [("scpRead", "read"), ("scpWrite", "write")] {
        let body = json!({"name": name, "consent": "IMPLICIT", "default": true});
        assert_eq!(org.put(&format!("{SERVERS}/ausApi/scopes/{id}"), &body).await.status, 200);
    }
    assert_eq!(ask().await.json()["scope"], "read write");
    put_rule(&org, &rule(&["write"], &["client_credentials"], 10)).await;
    assert_eq!(ask().await.json()["scope"], "write");
    put_rule(&org, &rule(&["other"], &["client_credentials"], 10)).await;
    denied(&ask().await);
}

#[tokio::test]
async fn consent_keeps_a_scope_from_clients_alone() {
    let org = issuing::org().await;
    for (consent, status) in [("REQUIRED", 400), ("FLEXIBLE", 200), ("IMPLICIT", 200)] {
        let body = json!({"name": "read", "consent": consent});
        assert_eq!(org.put(&format!("{SERVERS}/ausApi/scopes/scpRead"), &body).await.status, 200);
        let reply = alone(&org, "token-client", "read").await;
        assert_eq!(reply.status, status, "{}", reply.text);
        if status == 400 {
            let description = "The following scopes require user consent and cannot be granted for the client credentials grant type: [read].";
            refused(&reply, 400, "consent_required", description);
        }
    }
}

async fn add_claim(org: &Org, claim: Value) -> String {
    let mut body = json!({"name": "extra", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'v'"});
    for (name, value) in claim.as_object().expect("members") {
        body[name] = value.clone();
    }
    let reply = org.post(&format!("{SERVERS}/ausApi/claims"), &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    format!("{SERVERS}/ausApi/claims/{}", text(&reply.json(), "id"))
}

#[tokio::test]
async fn a_claim_is_what_its_value_comes_to() {
    let org = issuing::org().await;
    for (value, wanted) in [
        ("'text'", json!("text")),
        ("42", json!(42)),
        ("true", json!(true)),
        ("app.clientId", json!("token-client")),
        ("access.scope", json!(["read"])),
        ("null", json!(null)),
    ] {
        let claim = add_claim(&org, json!({"value": value})).await;
        let claims = claims(&org, &alone(&org, "token-client", "read").await).await;
        assert_eq!(claims["extra"], wanted, "{value}");
        assert_eq!(members(&claims).contains(&"extra"), !wanted.is_null(), "{value}");
        assert_eq!(org.delete(&claim).await.status, 204);
    }
}

#[tokio::test]
async fn a_claim_has_its_token_its_status_and_its_scopes() {
    let org = issuing::org().await;
    for (change, scope, there) in [
        (json!({}), "read", true),
        (json!({"status": "INACTIVE"}), "read", false),
        (json!({"claimType": "IDENTITY", "alwaysIncludeInToken": true}), "read", false),
        (json!({"conditions": {"scopes": ["write"]}}), "read", false),
        (json!({"conditions": {"scopes": ["write"]}}), "read write", true),
        (json!({"conditions": {"scopes": []}}), "read", true),
    ] {
        let claim = add_claim(&org, change.clone()).await;
        let claims = claims(&org, &alone(&org, "token-client", scope).await).await;
        assert_eq!(claims.get("extra").is_some(), there, "{change}");
        assert_eq!(claims["cid"], "token-client");
        assert_eq!(org.delete(&claim).await.status, 204);
    }
}

/// The forms in which expressions ask for groups.
#[tokio::test]
async fn expressions_know_the_groups_of_the_user() {
    const EXPRESSIONS: [(&str, &str); 10] = [
        (r#"user.getGroups({"group.profile.name":"Eng"}).![name]"#, r#"["Eng"]"#),
        (r#"user.getGroups({"group.profile.name":"E"}).![name]"#, "[]"),
        ("user.getGroups({'group.profile.name': 'Eng', 'operator': 'STARTS_WITH'}).![name]", r#"["Eng","Eng-Looms"]"#),
        ("user.getGroups({'group.id': {'00gB', '00gC'}}).![id]", r#"["00gB"]"#),
        ("user.isMemberOf({'group.profile.name': 'Eng'})", "true"),
        ("user.isMemberOf({'group.id': {'00gC', '00gD'}})", "false"),
        (r#"isMemberOfGroupName("Eng") ? "in" : "out""#, r#""in""#),
        (r#"isMemberOfGroupName("Sales")"#, "false"),
        (r#"isMemberOfAnyGroup("00gC", "00gB")"#, "true"),
        (r#"Groups.startsWith("OKTA", "Eng", 100)"#, r#"["Eng","Eng-Looms"]"#),
    ];
    let named = |(number, (value, _)): (usize, &(&str, &str))| json!({"name": format!("c{number}"), "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": value});
    let claims: Vec<Value> = EXPRESSIONS.iter().enumerate().map(named).collect();
    let state = json!({
        "groups": [{"id": "00gA", "name": "Eng"}, {"id": "00gB", "name": "Eng-Looms"}, {"id": "00gC", "name": "Sales"}],
        "users": [{"id": "00uAda", "login": "ada", "password": "right", "groups": ["00gA", "00gB"]}],
        "apps": [{"clientId": "c", "clientSecret": "s", "grantTypes": ["password"], "applicationType": "native"}],
        "servers": [{"id": "default", "claims": claims}],
    });
    let state = okta_mock::State::from_yaml(&state.to_string()).expect("a state");
    let org = Org::with(Settings { state: Some(state), built_in_keys: true, ..crate::settings() }).await;
    let form = [("grant_type", "password"), ("scope", "openid"), ("username", "ada"), ("password", "right")];
    let request = org.request(Method::POST, "/oauth2/default/v1/token").basic_auth("c", Some("s")).form(&form);
    let reply = org.send(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let body = text(&reply.json(), "access_token").split('.').nth(1).expect("claims").to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).expect("base64url")).expect("claims");
    for (number, (expression, wanted)) in EXPRESSIONS.iter().enumerate() {
        assert_eq!(claims[format!("c{number}")].to_string(), *wanted, "{expression}");
    }
}

#[tokio::test]
async fn a_broken_claim_breaks_the_token() {
    let org = issuing::org().await;
    let claim = add_claim(&org, json!({"value": "cool", "conditions": {"scopes": ["write"]}})).await;
    let description = "The 'extra' user claim could not be evaluated.";
    refused(&alone(&org, "token-client", "write").await, 400, "server_error", description);
    assert_eq!(alone(&org, "token-client", "read").await.status, 200);
    assert_eq!(org.delete(&claim).await.status, 204);
    assert_eq!(alone(&org, "token-client", "write").await.status, 200);
}

#[tokio::test]
async fn the_issuer_names_the_domain_of_its_mode() {
    let org =
        issuing::org_with(|settings| Settings { custom_domain: Some(String::from("id.example")), ..settings }).await;
    let own = org.mock.url();
    for (mode, host, wanted) in [
        ("ORG_URL", "org.example", "http://org.example"),
        ("ORG_URL", "id.example", own.as_str()),
        ("CUSTOM_URL", "org.example", "http://id.example"),
        ("CUSTOM_URL", "id.example", "http://id.example"),
        ("DYNAMIC", "org.example", "http://org.example"),
        ("DYNAMIC", "id.example", "http://id.example"),
    ] {
        let body = json!({"name": "api", "audiences": ["api://api"], "issuerMode": mode});
        assert_eq!(org.put(&format!("{SERVERS}/ausApi"), &body).await.status, 200);
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        let reply = org.send(issuing::by(&org, "token-client", issuing::TOKEN, &form).header("Host", host)).await;
        let claims = claims(&org, &reply).await;
        let wanted = format!("{wanted}/oauth2/ausApi");
        assert_eq!(text(&claims, "iss"), wanted, "{mode} at {host}");
        let path = "/oauth2/ausApi/.well-known/openid-configuration";
        let document = org.send(org.request(Method::GET, path).header("Host", host)).await.json();
        assert_eq!(text(&document, "issuer"), wanted, "{mode} at {host}");
    }
}

#[tokio::test]
async fn the_audience_is_that_of_the_server() {
    let org = issuing::org().await;
    let body = json!({"name": "api", "audiences": ["https://other.example"]});
    assert_eq!(org.put(&format!("{SERVERS}/ausApi"), &body).await.status, 200);
    let claims = claims(&org, &alone(&org, "token-client", "read").await).await;
    assert_eq!(claims["aud"], "https://other.example");
}
