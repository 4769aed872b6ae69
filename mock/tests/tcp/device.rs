//! Devices that a person confirms at another one (RFC 8628).

use std::time::Duration;

use okta_mock::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    issuing::{self, SECRET, TOKEN, by, claims, refused},
    members, text,
};

const DEVICE: &str = "/oauth2/ausApi/v1/device/authorize";
const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
const PENDING: (&str, &str) = ("authorization_pending", "The device authorization is pending. Please try again later.");
const SLOW: (&str, &str) = ("slow_down", "Slow down the polling frequency. Please try again later.");
const UNKNOWN: (&str, &str) = ("invalid_grant", "The device code is invalid or has expired.");

/// What a device is told that asks for its codes.
async fn codes(org: &Org, scope: &str) -> Value {
    let form = [("client_id", "device-client"), ("scope", scope)];
    let reply = org.send(org.request(Method::POST, DEVICE).form(&form)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn poll(org: &Org, codes: &Value) -> Reply {
    let form = [GRANT, ("client_id", "device-client"), ("device_code", text(codes, "device_code"))];
    org.send(org.request(Method::POST, TOKEN).form(&form)).await
}

/// A person goes to the page with a code.
async fn activate(org: &Org, user_code: &str) -> Reply {
    let reply = org.send(org.request(Method::GET, &format!("/activate?user_code={user_code}"))).await;
    assert_eq!(reply.header("content-type"), "text/html;charset=utf-8");
    reply
}

async fn activated(org: &Org, codes: &Value) {
    let reply = activate(org, text(codes, "user_code")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

fn told(reply: &Reply, (error, description): (&str, &str)) {
    refused(reply, 400, error, description);
}

#[tokio::test]
async fn a_device_gets_tokens_once_a_person_has_confirmed() {
    let org = issuing::org().await;
    let codes = codes(&org, "openid offline_access read").await;
    let expected =
        ["device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval"];
    assert_eq!(members(&codes), expected);
    assert_eq!((&codes["expires_in"], &codes["interval"]), (&json!(600), &json!(5)));
    let (device, user) = (text(&codes, "device_code"), text(&codes, "user_code"));
    assert_eq!(device.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{device}");
    assert!(user.len() == 8 && user.chars().all(|letter| "BCDFGHJKLMNPQRSTVWXZ".contains(letter)), "{user}");
    assert_eq!(text(&codes, "verification_uri"), format!("{}/activate", org.mock.url()));
    let complete = text(&codes, "verification_uri_complete");
    assert_eq!(complete, format!("{}/activate?user_code={user}", org.mock.url()));
    told(&poll(&org, &codes).await, PENDING);
    let page = org.send(org.client.get(complete)).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    let reply = poll(&org, &codes).await;
    let answer = reply.json();
    assert_eq!(members(&answer), ["token_type", "expires_in", "access_token", "scope", "refresh_token", "id_token"]);
    assert_eq!(answer["scope"], "read openid offline_access");
    let claims = claims(&org, &reply).await;
    assert_eq!((text(&claims, "uid"), text(&claims, "cid")), ("00uUser", "device-client"));
    // Both codes are used up.
    told(&poll(&org, &codes).await, UNKNOWN);
    assert_eq!(activate(&org, user).await.status, 400);
    // Policies are asked again for a refresh, by the grant that the device had.
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "device-client"),
        ("refresh_token", text(&answer, "refresh_token")),
    ];
    assert_eq!(org.send(org.request(Method::POST, TOKEN).form(&form)).await.status, 200);
}

#[tokio::test]
async fn a_device_that_asks_too_often_has_to_wait_longer() {
    let org = issuing::org_with(|settings| Settings { seed: Some(8), ..settings }).await;
    let advance = |seconds| org.mock.advance(Duration::from_secs(seconds)).expect("a later moment");
    let codes = codes(&org, "read").await;
    // The first time it need not wait.
    for (seconds, expected) in
        [(0, PENDING), (5, PENDING), (4, SLOW), (9, SLOW), (15, PENDING), (14, SLOW), (20, PENDING)]
    {
        advance(seconds);
        told(&poll(&org, &codes).await, expected);
    }
    // Whoever was confirmed need not wait.
    activated(&org, &codes).await;
    assert_eq!(poll(&org, &codes).await.status, 200);
}

#[tokio::test]
async fn codes_expire_by_the_clock_of_the_mock() {
    let org = issuing::org_with(|settings| Settings { seed: Some(9), ..settings }).await;
    let (early, late, confirmed) = (codes(&org, "read").await, codes(&org, "read").await, codes(&org, "read").await);
    activated(&org, &confirmed).await;
    org.mock.advance(Duration::from_secs(599)).expect("a later moment");
    activated(&org, &early).await;
    assert_eq!(poll(&org, &early).await.status, 200);
    org.mock.advance(Duration::from_secs(1)).expect("a later moment");
    let page = activate(&org, text(&late, "user_code")).await;
    assert_eq!(page.status, 400);
    assert!(page.text.contains("The user code is invalid or has expired."), "{}", page.text);
    for codes in [late, confirmed] {
        told(&poll(&org, &codes).await, ("expired_token", "The device code has expired."));
    }
}

#[tokio::test]
async fn without_a_person_who_may_a_device_waits_on() {
    let nobody = issuing::org_with(|mut settings| {
        settings.state.iter_mut().for_each(|state| state.login = None);
        settings
    })
    .await;
    let stranger =
        issuing::org_with(|settings| Settings { login: Some(String::from("other@example.com")), ..settings }).await;
    for (org, error) in [(nobody, "login_required"), (stranger, "access_denied")] {
        let codes = codes(&org, "read").await;
        let page = activate(&org, text(&codes, "user_code")).await;
        assert!(page.status == 400 && page.text.contains(error), "{}", page.text);
        told(&poll(&org, &codes).await, PENDING);
    }
}

#[tokio::test]
async fn a_code_may_be_typed_in_as_people_do() {
    let org = issuing::org().await;
    let codes = codes(&org, "read").await;
    let typed = text(&codes, "user_code").to_lowercase();
    assert_eq!(activate(&org, "").await.status, 400);
    assert_eq!(activate(&org, &typed[..7]).await.status, 400);
    told(&poll(&org, &codes).await, PENDING);
    assert_eq!(activate(&org, &format!("{}-{}", &typed[..4], &typed[4..])).await.status, 200);
    assert_eq!(poll(&org, &codes).await.status, 200);
}

#[tokio::test]
async fn client_and_rule_have_to_have_the_grant() {
    let org = issuing::org().await;
    let lacks =
        "The client is not authorized to use the provided grant type. Configured grant types: [client_credentials].";
    let token = by(&org, "token-client", TOKEN, &[GRANT, ("device_code", "x")]);
    for request in [by(&org, "token-client", DEVICE, &[("scope", "read")]), token] {
        refused(&org.send(request).await, 400, "unauthorized_client", lacks);
    }
    let codes = codes(&org, "read").await;
    activated(&org, &codes).await;
    let rule = |grants: &[&str]| {
        json!({"name": "r", "type": "RESOURCE_ACCESS", "conditions": {"people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": grants}, "scopes": {"include": ["*"]}}})
    };
    let path = format!("{SERVERS}/ausApi/policies/00pAll/rules/0prAll");
    assert_eq!(org.put(&path, &rule(&["password", "authorization_code"])).await.status, 200);
    let denied = "Policy evaluation failed for this request, please check the policy configurations.";
    refused(&poll(&org, &codes).await, 401, "access_denied", denied);
    assert_eq!(org.put(&path, &rule(&[GRANT.1])).await.status, 200);
    assert_eq!(poll(&org, &codes).await.status, 200);
}

#[tokio::test]
async fn a_code_is_for_its_client_and_its_server() {
    let org = issuing::org().await;
    let codes = codes(&org, "read").await;
    activated(&org, &codes).await;
    let form = [GRANT, ("device_code", text(&codes, "device_code"))];
    let other = org.send(by(&org, "other-device-client", TOKEN, &form)).await;
    let mismatch = "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request.";
    refused(&other, 400, "invalid_grant", mismatch);
    let form = [&form[..], &[("client_id", "device-client")]].concat();
    let elsewhere = org.send(org.request(Method::POST, "/oauth2/default/v1/token").form(&form)).await;
    refused(&elsewhere, 400, "invalid_request", "The grant was issued for another authorization server.");
    let missing = org.send(by(&org, "other-device-client", TOKEN, &[GRANT])).await;
    refused(&missing, 400, "invalid_request", "The required parameter 'device_code' is missing.");
    assert_eq!(poll(&org, &codes).await.status, 200);
}

#[tokio::test]
async fn who_asks_for_codes_is_looked_at() {
    let org = issuing::org().await;
    let ask = async |client: &str, secret: Option<&str>, scope: &[&str]| {
        let form: Vec<_> = scope.iter().map(|scope| ("scope", *scope)).chain([("client_id", client)]).collect();
        let request = org.request(Method::POST, DEVICE).form(&form);
        org.send(if secret.is_some() { request.basic_auth(client, secret) } else { request }).await
    };
    let bare = ask("other-device-client", None, &["read"]).await;
    refused(&bare, 401, "invalid_client", "No client credentials found.");
    assert_eq!(ask("other-device-client", Some(SECRET), &["read"]).await.status, 200);
    let unknown = "One or more scopes are not configured for the authorization server resource.";
    refused(&ask("device-client", None, &["none"]).await, 400, "invalid_scope", unknown);
    let none =
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.";
    refused(&ask("device-client", None, &[]).await, 400, "invalid_scope", none);
    let doubled = "The request contained multiple parameters with the same name.";
    refused(&ask("device-client", None, &["read", "write"]).await, 400, "invalid_request", doubled);
    let nowhere = by(&org, "other-device-client", "/oauth2/ausNone/v1/device/authorize", &[("scope", "read")]);
    refused(&org.send(nowhere).await, 400, "invalid_request", "The authorization server id is invalid.");
}

#[tokio::test]
async fn the_page_needs_no_token_and_has_no_part_in_the_budget_of_servers() {
    let org = issuing::org_with(|settings| Settings { rate_limit: 3, ..settings }).await;
    let codes = codes(&org, "read").await;
    for _ in 0..2 {
        assert_eq!(poll(&org, &codes).await.status, 400);
    }
    poll(&org, &codes).await.refused(429, "E0000047");
    let page = activate(&org, text(&codes, "user_code")).await;
    assert_eq!((page.status, page.header("x-rate-limit-remaining")), (200, "2"));
    let posted = org.send(org.request(Method::POST, "/activate").header("Content-Length", "0")).await;
    posted.refused(405, "E0000022");
    org.send(org.request(Method::GET, "/activate/")).await.refused(401, "E0000011");
}
