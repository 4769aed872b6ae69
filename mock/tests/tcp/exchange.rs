//! A service that exchanges the token of a user for one of its own (RFC 8693).

use std::time::Duration;

use okta_mock::Settings;
use reqwest::Method;
use serde_json::json;

use crate::{
    ADMIN, Org, Reply, SERVERS,
    issuing::{self, TOKEN, alone, ask, by, claims, part, refused},
    members,
    signed_in::{by_password, introspected},
    text,
};

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const TYPE: (&str, &str) = ("subject_token_type", ACCESS_TOKEN);
const AUDIENCE: (&str, &str) = ("audience", "api://api");
const WRITE: (&str, &str) = ("scope", "write");
const INVALID: &str = "'subject_token' is invalid.";

/// A token of a user, by the server of the tests.
async fn of_a_user(org: &Org) -> String {
    text(&by_password(org, "user-client", "read openid").await.json(), "access_token").to_owned()
}

async fn exchange(org: &Org, client: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    ask(org, client, &[&[GRANT, ("subject_token", token)][..], more].concat()).await
}

/// The exchange that works, if the token does.
async fn exchanged(org: &Org, token: &str) -> Reply {
    exchange(org, "exchange-client", token, &[TYPE, AUDIENCE, WRITE]).await
}

#[tokio::test]
async fn a_service_gets_a_token_about_the_user() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    let reply = exchanged(&org, &token).await;
    let answer = reply.json();
    assert_eq!(members(&answer), ["token_type", "expires_in", "access_token", "scope", "issued_token_type"]);
    assert_eq!((text(&answer, "issued_token_type"), text(&answer, "scope")), (ACCESS_TOKEN, "write"));
    let claims = claims(&org, &reply).await;
    assert_eq!(members(&claims), ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "sub"]);
    assert_eq!((text(&claims, "cid"), text(&claims, "uid")), ("exchange-client", "00uUser"));
    assert_eq!((text(&claims, "sub"), &claims["scp"]), ("user@example.com", &json!(["write"])));
    assert_eq!(claims["auth_time"], part(&token, 1)["auth_time"]);
    // The token that it was made from is as good as before, and what came of it can be exchanged too.
    assert_eq!(introspected(&org, &token).await["active"], true);
    assert_eq!(introspected(&org, text(&answer, "access_token")).await["uid"], "00uUser");
    assert_eq!(exchanged(&org, text(&answer, "access_token")).await.status, 200);
    let others = issuing::alone(&org, "token-client", "read").await.json();
    assert_eq!(others.get("issued_token_type"), None);
}

#[tokio::test]
async fn a_token_of_another_server_is_taken_where_that_one_is_trusted() {
    let org = issuing::org().await;
    let form =
        [("grant_type", "password"), ("username", "user@example.com"), ("password", "right"), ("scope", "custom")];
    let reply = org.send(by(&org, "user-client", "/oauth2/default/v1/token", &form)).await;
    let token = text(&reply.json(), "access_token").to_owned();
    let untrusted = "The 'subject_token' issuer isn't a trusted authorization server.";
    refused(&exchanged(&org, &token).await, 403, "access_denied", untrusted);
    let trusted = format!("{SERVERS}/ausApi/associatedServers");
    let default = org.get(&format!("{SERVERS}/default")).await.json();
    // Trust goes one way.
    let back = format!("{SERVERS}/default/associatedServers");
    assert_eq!(org.post(&back, &json!({"trusted": ["ausApi"]})).await.status, 200);
    refused(&exchanged(&org, &token).await, 403, "access_denied", untrusted);
    assert_eq!(org.post(&trusted, &json!({"trusted": [default["id"]]})).await.status, 200);
    let claims = claims(&org, &exchanged(&org, &token).await).await;
    assert_eq!((text(&claims, "aud"), text(&claims, "uid")), ("api://api", "00uUser"));
    assert_eq!(org.delete(&format!("{trusted}/{}", text(&default, "id"))).await.status, 204);
    refused(&exchanged(&org, &token).await, 403, "access_denied", untrusted);
}

#[tokio::test]
async fn the_audience_is_that_of_the_server() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    let wrong = "Token Exchange requests must include a valid audience of the authorization server.";
    for more in [&[TYPE, WRITE][..], &[TYPE, WRITE, ("audience", "api://default")]] {
        refused(&exchange(&org, "exchange-client", &token, more).await, 400, "invalid_target", wrong);
    }
}

#[tokio::test]
async fn only_a_good_token_about_a_user_can_be_exchanged() {
    let org = issuing::org_with(|settings| Settings { seed: Some(10), ..settings }).await;
    let answer = by_password(&org, "user-client", "read openid").await.json();
    let of_nobody = alone(&org, "token-client", "read").await.json();
    let revoked = of_a_user(&org).await;
    let revoke = by(&org, "user-client", "/oauth2/ausApi/v1/revoke", &[("token", &revoked)]);
    assert_eq!(org.send(revoke).await.status, 200);
    for token in ["x", text(&answer, "id_token"), text(&of_nobody, "access_token"), &revoked] {
        refused(&exchanged(&org, token).await, 400, "invalid_request", INVALID);
    }
    let missing = ask(&org, "exchange-client", &[GRANT, TYPE, AUDIENCE, WRITE]).await;
    refused(&missing, 400, "invalid_request", "The required parameter 'subject_token' is missing.");
    let token = text(&answer, "access_token");
    org.mock.advance(Duration::from_secs(599)).expect("a later moment");
    assert_eq!(exchanged(&org, token).await.status, 200);
    org.mock.advance(Duration::from_secs(1)).expect("a later moment");
    let expired = "The 'subject_token' either expired or the session associated with it was terminated.";
    refused(&exchanged(&org, token).await, 400, "invalid_grant", expired);
}

#[tokio::test]
async fn access_tokens_are_exchanged_for_access_tokens() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    let id_token = "urn:ietf:params:oauth:token-type:id_token";
    for (more, description) in [
        (&[][..], "'subject_token_type' is invalid or not supported."),
        (&[("subject_token_type", id_token)], "'subject_token_type' is invalid or not supported."),
        (&[TYPE, ("requested_token_type", id_token)], "'requested_token_type' is invalid or not supported."),
        (&[TYPE, ("actor_token", "x")], "'actor_token_type' is invalid or not supported."),
    ] {
        let reply = exchange(&org, "exchange-client", &token, &[&[AUDIENCE, WRITE][..], more].concat()).await;
        refused(&reply, 400, "invalid_request", description);
    }
    let said = [TYPE, AUDIENCE, WRITE, ("requested_token_type", ACCESS_TOKEN)];
    assert_eq!(exchange(&org, "exchange-client", &token, &said).await.status, 200);
}

#[tokio::test]
async fn scopes_are_those_of_the_server_and_none_about_a_user() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    let ask = async |scope: &str| exchange(&org, "exchange-client", &token, &[TYPE, AUDIENCE, ("scope", scope)]).await;
    let about = "Can't request 'openid' scopes using the Token Exchange flow for a service app.";
    for scope in ["openid", "write offline_access"] {
        refused(&ask(scope).await, 400, "invalid_scope", about);
    }
    let unknown = "One or more scopes are not configured for the authorization server resource.";
    refused(&ask("write none").await, 400, "invalid_scope", unknown);
    // All or nothing, by the rule.
    let rule = |scopes: &[&str], grant: &str| {
        json!({"name": "r", "type": "RESOURCE_ACCESS", "conditions": {"people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": [grant]}, "scopes": {"include": scopes}}})
    };
    let path = format!("{SERVERS}/ausApi/policies/00pAll/rules/0prAll");
    assert_eq!(org.put(&path, &rule(&["write"], GRANT.1)).await.status, 200);
    let denied = "Policy evaluation failed for this request, please check the policy configurations.";
    assert_eq!(ask("write").await.status, 200);
    refused(&ask("write read").await, 401, "access_denied", denied);
    assert_eq!(org.put(&path, &rule(&["write"], "client_credentials")).await.status, 200);
    refused(&ask("write").await, 401, "access_denied", denied);
}

#[tokio::test]
async fn a_rule_is_for_the_people_that_tokens_are_about() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    for (user, status) in [("00uOther", 401), ("00uUser", 200)] {
        let rule = json!({"name": "r", "type": "RESOURCE_ACCESS", "conditions": {"people": {"users": {"include": [user]}},
            "grantTypes": {"include": [GRANT.1]}, "scopes": {"include": ["*"]}}});
        assert_eq!(org.put(&format!("{SERVERS}/ausApi/policies/00pAll/rules/0prAll"), &rule).await.status, 200);
        assert_eq!(exchanged(&org, &token).await.status, status, "{user}");
    }
}

#[tokio::test]
async fn the_grant_is_for_services_that_have_it() {
    let org = issuing::org().await;
    let token = of_a_user(&org).await;
    let more = [TYPE, AUDIENCE, WRITE];
    let lacks =
        "The client is not authorized to use the provided grant type. Configured grant types: [client_credentials].";
    refused(&exchange(&org, "token-client", &token, &more).await, 400, "unauthorized_client", lacks);
    let page = "Only service clients may use on-behalf token exchange.";
    refused(&exchange(&org, "exchange-page", &token, &more).await, 400, "invalid_request", page);
    // An inactive server is none that could be asked.
    assert_eq!(org.ask(Method::POST, &format!("{SERVERS}/ausApi/lifecycle/deactivate"), ADMIN).await.status, 204);
    let form = [&[GRANT, ("subject_token", token.as_str())][..], &more].concat();
    let reply = org.send(by(&org, "exchange-client", TOKEN, &form)).await;
    refused(&reply, 400, "invalid_request", "The authorization server id is invalid.");
}
