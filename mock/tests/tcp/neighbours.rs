//! What a server's links lead to: scopes, claims, policies, keys and metadata.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{Org, SERVERS, members, text};

async fn list(org: &Org, server: &str, tail: &str) -> Vec<Value> {
    let reply = org.get(&format!("{SERVERS}/{server}/{tail}")).await;
    assert_eq!(reply.status, 200, "{tail}: {}", reply.text);
    assert_eq!(reply.headers.get("link"), None);
    reply.json().as_array().expect("a list").clone()
}

#[tokio::test]
async fn every_link_that_can_be_read_is_there() {
    let org = Org::start().await;
    for server in [org.create("n").await, org.get(&format!("{SERVERS}/default")).await.json()] {
        let links = server["_links"].as_object().expect("links");
        let mut hrefs = Vec::new();
        for link in links.values() {
            for link in link.as_array().unwrap_or(&vec![link.clone()]) {
                if link["hints"]["allow"].as_array().is_some_and(|allow| allow.contains(&json!("GET"))) {
                    hrefs.push(text(link, "href").to_owned());
                }
            }
        }
        assert_eq!(hrefs.len(), 8, "{hrefs:?}");
        for href in hrefs {
            let path = href.strip_prefix(&org.mock.url()).expect("a link to the mock");
            assert_eq!(org.get(path).await.status, 200, "{href}");
        }
    }
}

#[tokio::test]
async fn a_new_server_has_the_seven_system_scopes() {
    let org = Org::start().await;
    let id = text(&org.create("n").await, "id").to_owned();
    let scopes = list(&org, &id, "scopes").await;
    let names: Vec<_> = scopes.iter().map(|scope| text(scope, "name")).collect();
    assert_eq!(names, ["openid", "profile", "email", "address", "phone", "offline_access", "device_sso"]);
    let phone = &scopes[4];
    let href = format!("{}{SERVERS}/{id}/scopes/{}", org.mock.url(), text(phone, "id"));
    let expected = json!({
        "id": phone["id"], "name": "phone", "displayName": "View your phone number.",
        "description": "This allows the app to view your phone number.", "system": true,
        "metadataPublish": "ALL_CLIENTS", "consent": "IMPLICIT", "optional": false, "apiResourceId": null,
        "default": false, "_links": {"self": {"href": href, "hints": {"allow": ["GET", "PUT", "DELETE"]}}},
    });
    assert_eq!(phone.to_string(), expected.to_string());
    assert!(scopes.iter().all(|scope| text(scope, "id").len() == 20 && text(scope, "id").starts_with("scp")));
}

#[tokio::test]
async fn a_new_server_has_the_nineteen_system_claims() {
    let org = Org::start().await;
    let id = text(&org.create("n").await, "id").to_owned();
    let claims = list(&org, &id, "claims").await;
    assert_eq!(claims.len(), 19);
    let find = |name: &str| claims.iter().find(|claim| claim["name"] == name).expect("the claim");
    let link = |claim: &Value| {
        let href = format!("{}{SERVERS}/{id}/claims/{}", org.mock.url(), text(claim, "id"));
        json!({"self": {"href": href, "hints": {"allow": ["GET", "PUT", "DELETE"]}}})
    };
    let (sub, email) = (find("sub"), find("email_verified"));
    let expected = json!({
        "id": sub["id"], "name": "sub", "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION",
        "value": "(appuser != null) ? appuser.userName : app.clientId", "conditions": {"scopes": []}, "system": true,
        "alwaysIncludeInToken": true, "apiResourceId": null, "_links": link(sub),
    });
    assert_eq!(sub.to_string(), expected.to_string());
    let expected = json!({
        "id": email["id"], "name": "email_verified", "status": "ACTIVE", "claimType": "IDENTITY",
        "valueType": "SYSTEM", "conditions": {"scopes": ["email"]}, "system": true, "alwaysIncludeInToken": false,
        "apiResourceId": null, "_links": link(email),
    });
    assert_eq!(email.to_string(), expected.to_string());
    let mut always: Vec<_> = claims.iter().filter(|claim| claim["alwaysIncludeInToken"] == true).collect();
    always.sort_by_key(|claim| text(claim, "name").to_owned());
    let always: Vec<_> = always.into_iter().map(|claim| text(claim, "name")).collect();
    assert_eq!(always, ["email", "name", "preferred_username", "sub"]);
}

#[tokio::test]
async fn a_new_server_has_no_policy_and_no_resource_server_key() {
    let org = Org::start().await;
    let id = text(&org.create("n").await, "id").to_owned();
    assert_eq!(list(&org, &id, "policies").await, Vec::<Value>::new());
    assert_eq!(list(&org, &id, "resourceservercredentials/keys").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_signing_key_is_the_same_everywhere() {
    let org = Org::start().await;
    let server = org.create("n").await;
    let id = text(&server, "id");
    let keys = list(&org, id, "credentials/keys").await;
    assert_eq!(keys.len(), 1);
    let key = &keys[0];
    assert_eq!(members(key), ["kty", "status", "alg", "kid", "use", "_links", "e", "n"]);
    assert_eq!(key["kid"], server["credentials"]["signing"]["kid"]);
    assert_eq!(text(key, "n").len(), 342);
    let set = org.send(org.request(Method::GET, &format!("/oauth2/{id}/v1/keys"))).await;
    let expected = json!({"kty": "RSA", "alg": "RS256", "kid": key["kid"], "use": "sig", "e": "AQAB", "n": key["n"]});
    assert_eq!((set.status, set.json()), (200, json!({"keys": [expected]})));
}

#[tokio::test]
async fn metadata_needs_no_token_and_is_the_same_in_both_places() {
    let org = Org::start().await;
    let id = text(&org.create("n").await, "id").to_owned();
    let get = async |path: String| org.send(org.request(Method::GET, &path)).await;
    for name in [id.as_str(), "default"] {
        let issuer = format!("{}/oauth2/{name}", org.mock.url());
        let oauth = get(format!("/oauth2/{name}/.well-known/oauth-authorization-server")).await.json();
        assert_eq!(oauth["issuer"], issuer);
        assert_eq!(oauth["jwks_uri"], format!("{issuer}/v1/keys"));
        assert_eq!(oauth["token_endpoint"], format!("{issuer}/v1/token"));
        assert_eq!(oauth["registration_endpoint"], format!("{}/oauth2/v1/clients", org.mock.url()));
        assert_eq!(oauth["userinfo_endpoint"], Value::Null);
        let scopes = oauth["scopes_supported"].as_array().map(Vec::len);
        assert_eq!(scopes, Some(if name == "default" { 27 } else { 7 }));
        assert_eq!(get(format!("/.well-known/oauth-authorization-server/oauth2/{name}")).await.json(), oauth);
        let openid = get(format!("/oauth2/{name}/.well-known/openid-configuration")).await.json();
        assert_eq!(openid["issuer"], issuer);
        assert_eq!(openid["userinfo_endpoint"], format!("{issuer}/v1/userinfo"));
        assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["RS256"]));
    }
}

#[tokio::test]
async fn an_unknown_server_has_nothing_below_it() {
    let org = Org::start().await;
    let tails = ["scopes", "claims", "policies", "credentials/keys", "resourceservercredentials/keys"];
    let mut paths: Vec<String> = tails.iter().map(|tail| format!("{SERVERS}/ausNobody/{tail}")).collect();
    for tail in [".well-known/openid-configuration", ".well-known/oauth-authorization-server", "v1/keys"] {
        paths.push(format!("/oauth2/ausNobody/{tail}"));
    }
    paths.push(String::from("/.well-known/oauth-authorization-server/oauth2/ausNobody"));
    for path in paths {
        let reply = org.get(&path).await;
        reply.refused(404, "E0000007");
        assert_eq!(reply.json()["errorSummary"], "Not found: Resource not found: ausNobody (AuthorizationServer)");
    }
    org.get("/oauth2/default/unknown").await.refused(404, "E0000008");
}
