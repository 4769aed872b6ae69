//! Authorization requests that a client pushes before it sends a browser (RFC 9126).

use std::time::Duration;

use okta_mock::Settings;
use reqwest::Method;
use serde_json::json;

use crate::{
    Org, Reply,
    client_authentication::by_secret,
    issuing::{self, TOKEN, ask, assertion, by, refused},
    members,
    signed_in::{CALLBACK, browse, request, sent},
    text,
};

const PAR: &str = "/oauth2/ausApi/v1/par";

async fn push(org: &Org, client: &str, form: &[(&str, &str)]) -> Reply {
    org.send(by(org, client, PAR, form)).await
}

/// The name of a request of `user-client` for a code.
async fn name(org: &Org) -> String {
    let reply = push(org, "user-client", &request("user-client", "code", "read", &[])).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    text(&reply.json(), "request_uri").to_owned()
}

/// A browser that comes with a name.
async fn come(org: &Org, client: &str, name: &str) -> Reply {
    browse(org, &[("client_id", client), ("request_uri", name)]).await
}

/// A page that tells an error, as there is no address that the browser could be sent to.
fn told(reply: &Reply, error: &str, description: &str) {
    assert_eq!((reply.status, reply.header("content-type")), (400, "text/html;charset=utf-8"), "{}", reply.text);
    assert!(reply.text.contains(error) && reply.text.contains(description), "{}", reply.text);
}

const UNKNOWN: (&str, &str) = ("invalid_request_uri", "The authorize request_uri is invalid.");

#[tokio::test]
async fn a_pushed_request_is_used_once() {
    let org = issuing::org().await;
    let reply = push(&org, "user-client", &request("user-client", "code", "read", &[])).await;
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-cache, no-store"));
    let named = reply.json();
    assert_eq!((members(&named), &named["expires_in"]), (vec!["request_uri", "expires_in"], &json!(3_600)));
    let name = text(&named, "request_uri");
    assert!(name.starts_with("urn:okta:") && name.len() == 52, "{name}");
    // What stands beside the name does not count.
    let beside = [("client_id", "user-client"), ("request_uri", name), ("scope", "write"), ("state", "other")];
    let sent = sent(&browse(&org, &beside).await, '?');
    assert_eq!((sent[0].0.as_str(), sent[1].clone()), ("code", ("state".to_owned(), "s t".to_owned())));
    let form = [("grant_type", "authorization_code"), ("code", &sent[0].1), ("redirect_uri", CALLBACK)];
    let answer = ask(&org, "user-client", &form).await;
    assert_eq!((answer.status, text(&answer.json(), "scope")), (200, "read"));
    told(&come(&org, "user-client", name).await, UNKNOWN.0, UNKNOWN.1);
    told(&come(&org, "user-client", "urn:okta:x").await, UNKNOWN.0, UNKNOWN.1);
}

#[tokio::test]
async fn a_name_expires_by_the_clock_of_the_mock() {
    let org = issuing::org_with(|settings| Settings { seed: Some(7), ..settings }).await;
    let (early, late) = (name(&org).await, name(&org).await);
    org.mock.advance(Duration::from_secs(3_599)).expect("a later moment");
    assert_eq!(come(&org, "user-client", &early).await.status, 302);
    org.mock.advance(Duration::from_secs(1)).expect("a later moment");
    told(&come(&org, "user-client", &late).await, UNKNOWN.0, UNKNOWN.1);
}

#[tokio::test]
async fn a_name_is_for_the_client_and_the_server_that_it_was_given_by() {
    let org = issuing::org().await;
    let name = name(&org).await;
    let mismatch = "The 'client_id' parameter does not match the expected value for the provided request_uri.";
    told(&come(&org, "public-client", &name).await, "invalid_client", mismatch);
    let elsewhere = format!("/oauth2/default/v1/authorize?client_id=user-client&request_uri={name}");
    let elsewhere = org.send(org.request(Method::GET, &elsewhere)).await;
    told(&elsewhere, "invalid_request_uri", "The request_uri was issued for another authorization server.");
    let both = browse(&org, &[("client_id", "user-client"), ("request_uri", &name), ("request", "x")]).await;
    told(&both, "invalid_request", "The authorize request must not contain both a request object and a request uri.");
    // None of them has used it up.
    assert_eq!(come(&org, "user-client", &name).await.status, 302);
}

#[tokio::test]
async fn what_could_not_be_answered_cannot_be_pushed() {
    let org = issuing::org().await;
    let pkce = [("code_challenge", "x"), ("code_challenge_method", "S256")];
    let user = |kind, scope, more| request("user-client", kind, scope, more);
    let redirect = "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.";
    for (form, error, description) in [
        (
            user("code", "read", &[("request_uri", "urn:okta:x")]),
            "invalid_request",
            "The 'request_uri' parameter must not be present in the request.",
        ),
        (user("code", "read", &[])[..3].to_vec(), "invalid_request", redirect),
        (user("code", "read", &[])[..4].to_vec(), "invalid_request", "The 'state' parameter is required."),
        (
            user("x", "read", &[]),
            "unsupported_response_type",
            "The response type is not supported by the authorization server.",
        ),
        (
            user("code", "read", &[("response_mode", "x")]),
            "unsupported_response_mode",
            "The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, \
             okta_post_message].",
        ),
        (
            user("token", "read", &[]),
            "unauthorized_client",
            "The client is not authorized to use the provided grant type. Configured grant types: [client_credentials, password, \
             authorization_code, refresh_token].",
        ),
        (
            user("code", "none", &[]),
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        ),
        (user("code", "read", &[("request", "x")]), "invalid_request_object", "The 'request' could not be parsed."),
        (
            user("code", "read", &[("state", "again")]),
            "invalid_request",
            "The request contained multiple parameters with the same name.",
        ),
    ] {
        refused(&push(&org, "user-client", &form).await, 400, error, description);
    }
    // Without a secret it is the name that counts, and PKCE.
    let public = async |kind, more| {
        org.send(org.request(Method::POST, PAR).form(&request("public-client", kind, "read", more))).await
    };
    let bare = "PKCE code challenge is required when the token endpoint authentication method is 'NONE'.";
    refused(&public("code", &[]).await, 400, "invalid_request", bare);
    assert_eq!(public("code", &pkce).await.status, 201);
    let openid = "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";
    refused(&public("id_token", &[("nonce", "n")]).await, 403, "access_denied", openid);
    org.get(PAR).await.refused(405, "E0000022");
}

#[tokio::test]
async fn a_client_proves_itself_for_this_endpoint() {
    let org = issuing::org().await;
    let form = request("user-client", "code", "read", &[]);
    let wrong = org.request(Method::POST, PAR).basic_auth("user-client", Some("wrong")).form(&form);
    let description = "The client secret supplied for a confidential client is invalid.";
    refused(&org.send(wrong).await, 401, "invalid_client", description);
    let bare = org.send(org.request(Method::POST, PAR).form(&form)).await;
    refused(&bare, 401, "invalid_client", "No client credentials found.");
    let by_assertion = async |claims: &serde_json::Value| {
        let form = [
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &by_secret("HS256", claims)),
        ];
        org.send(org.request(Method::POST, PAR).form(&form)).await
    };
    let audience = "The audience claim for client_assertion must be the endpoint invoked for the request.";
    let elsewhere = by_assertion(&assertion(&org, "secret-jwt-client", TOKEN)).await;
    refused(&elsewhere, 401, "invalid_client", audience);
    // The client is known then, and one that no person uses. Its assertion is used up.
    let claims = assertion(&org, "secret-jwt-client", PAR);
    let service = "Clients with 'application_type' of 'service' are not allowed to access the 'par' endpoint.";
    refused(&by_assertion(&claims).await, 400, "invalid_request", service);
    let used = "The client_assertion token has already been used.";
    refused(&by_assertion(&claims).await, 401, "invalid_client", used);
}

#[tokio::test]
async fn a_request_object_may_be_pushed() {
    let org = issuing::org().await;
    let claims = json!({"iss": "user-client", "aud": format!("{}/oauth2/ausApi", org.mock.url()), "jti": "pushed",
        "response_type": "code", "scope": "read", "redirect_uri": CALLBACK, "state": "signed"});
    let object = by_secret("HS256", &claims);
    let reply = push(&org, "user-client", &[("client_id", "user-client"), ("request", &object)]).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let sent = sent(&come(&org, "user-client", text(&reply.json(), "request_uri")).await, '?');
    assert_eq!((sent[0].0.as_str(), sent[1].1.as_str()), ("code", "signed"));
    // It was read when it was pushed.
    let again = push(&org, "user-client", &[("client_id", "user-client"), ("request", &object)]).await;
    refused(&again, 400, "invalid_request_object", "The 'request' has already been used.");
}

#[tokio::test]
async fn pages_that_the_client_trusts_may_read_the_name() {
    let org = issuing::org_with(|mut settings| {
        let apps = settings.state.iter_mut().flat_map(|state| state.apps.iter_mut());
        apps.for_each(|app| app.trusted_origins = vec![String::from("https://app.example")]);
        settings
    })
    .await;
    for (origin, expected) in [("https://app.example", "https://app.example"), ("https://other.example", "")] {
        let form = request("user-client", "code", "read", &[]);
        let reply = org.send(by(&org, "user-client", PAR, &form).header("Origin", origin)).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (201, expected));
    }
}
