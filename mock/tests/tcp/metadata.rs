//! What servers publish, and how it follows their state.

use serde_json::{Value, json};

use crate::{Org, SERVERS, text};

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
async fn claims_in_use_are_told_where_they_belong() {
    let (org, id) = org().await;
    let path = format!("{SERVERS}/{id}/claims");
    for (name, token, status) in
        [("both", "RESOURCE", "ACTIVE"), ("identity", "IDENTITY", "ACTIVE"), ("unused", "RESOURCE", "INACTIVE")]
    {
        let body = json!({"name": name, "claimType": token, "status": status, "valueType": "EXPRESSION", "value": "v"});
        assert_eq!(org.post(&path, &body).await.status, 201);
    }
    let oauth = document(&org, &format!("/.well-known/oauth-authorization-server/oauth2/{id}")).await;
    let openid = document(&org, &format!("/oauth2/{id}/.well-known/openid-configuration")).await;
    let told = |document: &Value| ["both", "identity", "unused"].map(|name| has(document, "claims_supported", name));
    assert_eq!((told(&oauth), told(&openid)), ([true, false, false], [true, true, false]));
    let subjects = oauth["claims_supported"].as_array().expect("a list").iter().filter(|name| *name == "sub").count();
    assert_eq!(subjects, 1);
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
