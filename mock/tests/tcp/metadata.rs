//! What servers publish, and how it follows their state.

use okta_mock::{Settings, State};
use serde_json::{Value, json};

use crate::{Org, SERVERS, settings, text};

/// An org with a server, and its id.
async fn org() -> (Org, String) {
    let org = Org::start().await;
    let id = text(&org.create("m").await, "id").to_owned();
    (org, id)
}

async fn document(org: &Org, path: &str) -> Value {
    let reply = org.send(org.request(reqwest::Method::GET, path)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.headers.get("x-rate-limit-limit"), None);
    reply.json()
}

fn has(document: &Value, list: &str, name: &str) -> bool {
    document[list].as_array().expect("a list").contains(&json!(name))
}

#[tokio::test]
async fn only_published_scopes_are_told() {
    let (org, id) = org().await;
    let path = format!("{SERVERS}/{id}/scopes");
    org.post(&path, &json!({"name": "told", "metadataPublish": "ALL_CLIENTS"})).await;
    org.post(&path, &json!({"name": "untold"})).await;
    for place in ["oauth-authorization-server", "openid-configuration"] {
        let document = document(&org, &format!("/oauth2/{id}/.well-known/{place}")).await;
        assert!(has(&document, "scopes_supported", "told"), "{document}");
        assert!(!has(&document, "scopes_supported", "untold"), "{document}");
    }
}

#[tokio::test]
async fn lists_are_the_same_for_every_server() {
    let (org, id) = org().await;
    let claim = json!({"name": "own", "claimType": "IDENTITY", "valueType": "EXPRESSION", "value": "v"});
    assert_eq!(org.post(&format!("{SERVERS}/{id}/claims"), &claim).await.status, 201);
    let oauth = document(&org, &format!("/.well-known/oauth-authorization-server/oauth2/{id}")).await;
    let openid = document(&org, &format!("/oauth2/{id}/.well-known/openid-configuration")).await;
    assert!(!has(&oauth, "claims_supported", "own") && !has(&openid, "claims_supported", "own"));
    assert_eq!(
        (openid["claims_supported"].as_array().map(Vec::len), &openid["claims_supported"][29]),
        (Some(31), &json!("at_hash"))
    );
    for (list, name, of_oauth, of_openid) in [
        ("response_types_supported", "token", true, false),
        ("response_types_supported", "code id_token token", false, true),
        ("grant_types_supported", "client_credentials", true, false),
        ("grant_types_supported", "urn:ietf:params:oauth:grant-type:token-exchange", true, false),
        ("grant_types_supported", "urn:ietf:params:oauth:grant-type:device_code", true, true),
    ] {
        assert_eq!((has(&oauth, list, name), has(&openid, list, name)), (of_oauth, of_openid), "{list} {name}");
    }
}

#[tokio::test]
async fn documents_may_be_kept() {
    let (org, id) = org().await;
    for (path, seconds) in [
        (format!("/oauth2/{id}/.well-known/openid-configuration"), 86_400),
        // The next key is announced 75 days after the last rotation.
        (format!("/oauth2/{id}/v1/keys"), 6_480_000),
    ] {
        let reply = org.send(org.request(reqwest::Method::GET, &path)).await;
        let kept = format!("max-age={seconds}, must-revalidate");
        assert_eq!((reply.header("cache-control"), reply.header("pragma")), (kept.as_str(), ""));
        let time = |name| chrono::DateTime::parse_from_rfc2822(reply.header(name)).expect("a time").timestamp();
        assert_eq!(time("expires") - time("date"), seconds);
    }
}

#[tokio::test]
async fn the_org_has_a_document_of_its_own() {
    let (org, _) = org().await;
    let document = document(&org, "/.well-known/oauth-authorization-server").await;
    let base = org.mock.url();
    assert_eq!(document["issuer"], base);
    assert_eq!(document["token_endpoint"], format!("{base}/oauth2/v1/token"));
    assert_eq!(document["registration_endpoint"], format!("{base}/oauth2/v1/clients"));
    assert_eq!(document["frontchannel_logout_supported"], true);
    assert_eq!(document.get("jwks_uri"), None);
    assert!(has(&document, "scopes_supported", "okta.users.read"));
    assert!(has(&document, "grant_types_supported", "urn:okta:params:oauth:grant-type:otp"));
}

#[tokio::test]
async fn a_client_that_is_named_has_to_be_known() {
    let state = "
      clients: [{ id: a-client, name: A client }]
      apps: [{ clientId: an-app, clientSecret: s }]
      serviceApps: [{ clientId: a-service, clientSecret: s, scopes: [] }]";
    let org = Org::with(Settings { state: Some(State::from_yaml(state).expect("a state")), ..settings() }).await;
    for path in [
        "/oauth2/default/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/oauth2/default",
        "/oauth2/default/.well-known/openid-configuration",
    ] {
        let without = document(&org, path).await;
        for client in ["a-client", "an-app", "a-service", ""] {
            assert_eq!(document(&org, &format!("{path}?client_id={client}")).await, without, "{client}");
        }
        let get = async |path: &str| org.send(org.request(reqwest::Method::GET, path)).await;
        let reply = get(&format!("{path}?client_id=nobody")).await;
        reply.refused(400, "invalid_client");
        assert_eq!(reply.json()["errorSummary"], "Invalid value for 'client_id' parameter.");
        assert_eq!(reply.json()["errorCauses"], json!([]));
        get(&format!("{}?client_id=nobody", path.replace("default", "none"))).await.refused(404, "E0000007");
    }
}
