//! Tokens about a user: password, code and implicit grants, refresh tokens, ID tokens, userinfo, logout.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use okta_mock::Settings;
use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    Org, Reply, SERVERS,
    client_authentication::by_secret,
    issuing::{self, SECRET, TOKEN, ask, by, claims, part, refused, verified},
    members,
    prover::wait,
    text,
};

const AUTHORIZE: &str = "/oauth2/ausApi/v1/authorize";
pub(crate) const CALLBACK: &str = "https://app.example/callback";
pub(crate) const VERIFIER: &str = "a verifier of at least forty-three characters!";

pub(crate) async fn by_password(org: &Org, client: &str, scope: &str) -> Reply {
    let form = [("grant_type", "password"), ("username", "user@example.com"), ("password", "right"), ("scope", scope)];
    ask(org, client, &form).await
}

pub(crate) async fn introspected(org: &Org, token: &str) -> Value {
    let reply = org.send(by(org, "other-client", "/oauth2/ausApi/v1/introspect", &[("token", token)])).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn userinfo(org: &Org, token: &str) -> Reply {
    org.ask(Method::GET, "/oauth2/ausApi/v1/userinfo", &format!("Bearer {token}")).await
}

pub(crate) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[tokio::test]
async fn a_user_signs_in_by_password() {
    let org = issuing::org().await;
    let without = by_password(&org, "user-client", "profile read").await;
    let needed = "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";
    refused(&without, 400, "invalid_scope", needed);
    let reply = by_password(&org, "user-client", "profile openid read").await;
    let answer = reply.json();
    assert_eq!(members(&answer), ["token_type", "expires_in", "access_token", "scope", "id_token"]);
    assert_eq!(answer["scope"], "read openid profile");
    let claims = claims(&org, &reply).await;
    assert_eq!(members(&claims), ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "sub"]);
    assert_eq!((text(&claims, "uid"), text(&claims, "sub")), ("00uUser", "user@example.com"));
    let id = verified(&org, "ausApi", text(&answer, "id_token")).await;
    assert_eq!((text(&id, "sub"), text(&id, "aud"), text(&id, "name")), ("00uUser", "user-client", "Ada Byron"));
    assert_eq!(id["exp"].as_i64().expect("exp") - id["iat"].as_i64().expect("iat"), 3_600);
    let half = URL_SAFE_NO_PAD.encode(&digest(&SHA256, text(&answer, "access_token").as_bytes()).as_ref()[..16]);
    assert_eq!(text(&id, "at_hash"), half);
    assert!(text(&id, "jti").starts_with("ID.") && id.get("email").is_none());
}

#[tokio::test]
async fn who_may_not_sign_in_is_told_so() {
    let org = issuing::org().await;
    let invalid = "The credentials provided were invalid.";
    for (login, password) in [("user@example.com", "wrong"), ("nobody", "right"), ("gone@example.com", "right")] {
        let form = [("grant_type", "password"), ("username", login), ("password", password), ("scope", "read")];
        refused(&ask(&org, "user-client", &form).await, 400, "invalid_grant", invalid);
    }
    let form =
        [("grant_type", "password"), ("username", "other@example.com"), ("password", "other"), ("scope", "read")];
    let unassigned = "User is not assigned to the client application.";
    refused(&ask(&org, "user-client", &form).await, 400, "access_denied", unassigned);
    assert_eq!(ask(&org, "rotating-client", &form).await.status, 200);
}

#[tokio::test]
async fn a_rule_is_for_its_people() {
    let org = issuing::org().await;
    for (people, status) in [
        (json!({"users": {"include": ["00uUser"]}}), 200),
        (json!({"users": {"include": ["00uOther"]}}), 401),
        (json!({"groups": {"include": ["00gOps"]}}), 200),
        (json!({"groups": {"include": ["EVERYONE"], "exclude": ["00gOps"]}}), 401),
    ] {
        let rule = json!({"name": "r", "type": "RESOURCE_ACCESS", "conditions": {"people": people,
            "grantTypes": {"include": ["password"]}, "scopes": {"include": ["*"]}}});
        let put = org.put(&format!("{SERVERS}/ausApi/policies/00pAll/rules/0prAll"), &rule).await;
        assert_eq!(put.status, 200, "{}", put.text);
        assert_eq!(by_password(&org, "user-client", "read").await.status, status, "{people}");
    }
}

#[tokio::test]
async fn groups_are_told_as_a_filter_lets_them() {
    let org = issuing::org().await;
    for (filter, pattern, wanted) in [
        ("STARTS_WITH", "dev", json!(["Developers"])),
        ("CONTAINS", "O", json!(["Everyone", "Developers", "operations"])),
        ("EQUALS", "OPERATIONS", json!(["operations"])),
        ("REGEX", "[a-z]+", json!(["operations"])),
        ("REGEX", ".*", json!(["Everyone", "Developers", "operations"])),
        ("EQUALS", "x", json!(null)),
    ] {
        let claim = json!({"name": "groups", "claimType": "RESOURCE", "valueType": "GROUPS", "value": pattern,
            "group_filter_type": filter});
        let made = org.post(&format!("{SERVERS}/ausApi/claims"), &claim).await.json();
        let claims = claims(&org, &by_password(&org, "user-client", "read").await).await;
        assert_eq!(claims["groups"], wanted, "{filter} {pattern}");
        assert_eq!(org.delete(&format!("{SERVERS}/ausApi/claims/{}", text(&made, "id"))).await.status, 204);
    }
    let claim = json!({"name": "groups", "claimType": "RESOURCE", "valueType": "GROUPS", "value": "(", "group_filter_type": "REGEX"});
    assert_eq!(org.post(&format!("{SERVERS}/ausApi/claims"), &claim).await.status, 201);
    let broken = by_password(&org, "user-client", "read").await;
    refused(&broken, 400, "server_error", "The 'groups' user claim could not be evaluated.");
}

#[tokio::test]
async fn claims_of_the_identity_are_in_the_id_token_or_told_by_userinfo() {
    let org = issuing::org().await;
    for (name, always) in [("always", true), ("asked", false)] {
        let claim = json!({"name": name, "claimType": "IDENTITY", "valueType": "EXPRESSION", "value": "user.department",
            "alwaysIncludeInToken": always});
        assert_eq!(org.post(&format!("{SERVERS}/ausApi/claims"), &claim).await.status, 201);
    }
    let answer = by_password(&org, "user-client", "openid email").await.json();
    let id = part(text(&answer, "id_token"), 1);
    assert_eq!((text(&id, "always"), id.get("asked"), text(&id, "email")), ("engines", None, "user@example.com"));
    let access = part(text(&answer, "access_token"), 1);
    assert_eq!((access.get("always"), access.get("asked")), (None, None));
    let told = userinfo(&org, text(&answer, "access_token")).await;
    let told = told.json();
    assert_eq!(members(&told)[0], "sub");
    assert_eq!(
        (text(&told, "sub"), text(&told, "asked"), &told["email_verified"]),
        ("00uUser", "engines", &json!(true))
    );
    assert!(told.get("given_name").is_none());
}

#[tokio::test]
async fn userinfo_wants_a_token_about_a_user() {
    let org = issuing::org().await;
    let challenge = "Bearer error=\"invalid_token\", error_description=\"The access token is invalid\"";
    for reply in [userinfo(&org, "x").await, org.ask(Method::GET, "/oauth2/ausApi/v1/userinfo", "Basic eDp5").await] {
        assert_eq!((reply.status, reply.header("www-authenticate"), reply.text.as_str()), (401, challenge, ""));
    }
    let without = by_password(&org, "user-client", "read").await.json();
    let reply = userinfo(&org, text(&without, "access_token")).await;
    assert_eq!(reply.status, 403);
    assert!(reply.header("www-authenticate").starts_with("Bearer error=\"insufficient_scope\""));
    let answer = by_password(&org, "user-client", "openid").await.json();
    let token = text(&answer, "access_token");
    assert_eq!(org.ask(Method::GET, "/oauth2/default/v1/userinfo", &format!("Bearer {token}")).await.status, 401);
    assert_eq!(userinfo(&org, token).await.status, 200);
}

#[tokio::test]
async fn introspection_tells_of_a_token_what_it_says() {
    let org = issuing::org().await;
    let claim = json!({"name": "tier", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "app.clientId"});
    assert_eq!(org.post(&format!("{SERVERS}/ausApi/claims"), &claim).await.status, 201);
    let answer = by_password(&org, "user-client", "openid read").await.json();
    let told = introspected(&org, text(&answer, "access_token")).await;
    assert_eq!(
        members(&told),
        [
            "active",
            "scope",
            "username",
            "exp",
            "iat",
            "sub",
            "aud",
            "iss",
            "jti",
            "token_type",
            "client_id",
            "uid",
            "tier"
        ]
    );
    assert_eq!((&told["active"], text(&told, "scope")), (&json!(true), "read openid"));
    let id = introspected(&org, text(&answer, "id_token")).await;
    assert_eq!((&id["active"], text(&id, "aud")), (&json!(true), "user-client"));
    let alone = issuing::alone(&org, "token-client", "read").await.json();
    let told = introspected(&org, text(&alone, "access_token")).await;
    assert_eq!((told.get("uid"), told.get("username"), text(&told, "sub")), (None, None, "token-client"));
}

#[tokio::test]
async fn what_is_not_good_is_inactive_and_no_more_is_told() {
    let org = issuing::org_with(|settings| Settings { seed: Some(5), ..settings }).await;
    let answer = issuing::alone(&org, "token-client", "read").await.json();
    let token = text(&answer, "access_token");
    let inactive = json!({"active": false});
    for text in ["x", "a.b.c", &format!("{token}x")] {
        assert_eq!(introspected(&org, text).await, inactive);
    }
    let elsewhere = org.send(by(&org, "token-client", "/oauth2/default/v1/introspect", &[("token", token)])).await;
    assert_eq!(elsewhere.json(), inactive);
    let missing = org.send(by(&org, "token-client", "/oauth2/ausApi/v1/introspect", &[("token", "")])).await;
    refused(&missing, 400, "invalid_request", "The 'token' parameter is required.");
    assert_eq!(introspected(&org, token).await["active"], true);
    wait(&org, 600).await;
    assert_eq!(introspected(&org, token).await, inactive);
}

#[tokio::test]
async fn a_client_revokes_what_is_its_own() {
    let org = issuing::org().await;
    let revoke = async |client: &str, token: &str| {
        let reply = org.send(by(&org, client, "/oauth2/ausApi/v1/revoke", &[("token", token)])).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    };
    let answer = by_password(&org, "user-client", "openid read offline_access").await.json();
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    let again = by_password(&org, "user-client", "read").await.json();
    let other = text(&again, "access_token");
    revoke("other-client", access).await;
    revoke("other-client", refresh).await;
    revoke("user-client", "unknown").await;
    let is_active = async |token: &str| introspected(&org, token).await["active"] == json!(true);
    assert!(is_active(access).await && is_active(refresh).await);
    revoke("user-client", other).await;
    assert!(!is_active(other).await && is_active(access).await);
    // With the refresh token goes what came with it.
    revoke("user-client", refresh).await;
    assert!(!is_active(refresh).await && !is_active(access).await);
}

async fn refresh(org: &Org, client: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", token)][..], more].concat();
    ask(org, client, &form).await
}

#[tokio::test]
async fn a_refresh_token_gives_tokens_by_the_policies_of_now() {
    let org = issuing::org().await;
    let reply = by_password(&org, "user-client", "openid read offline_access").await;
    let answer = reply.json();
    assert_eq!(members(&answer), ["token_type", "expires_in", "access_token", "scope", "refresh_token", "id_token"]);
    let jti = text(&claims(&org, &reply).await, "jti").to_owned();
    assert!(jti[46..].starts_with(".oar") && jti.len() == 67, "{jti}");
    let token = text(&answer, "refresh_token");
    let told = introspected(&org, token).await;
    assert_eq!((&told["active"], text(&told, "username")), (&json!(true), "user@example.com"));
    // The API tells of it too.
    let listed = org.get(&format!("{SERVERS}/ausApi/clients/user-client/tokens")).await.json();
    assert!(jti.ends_with(text(&listed[0], "id")), "{listed}");
    let next = refresh(&org, "user-client", token, &[]).await;
    assert_eq!((next.status, text(&next.json(), "refresh_token")), (200, token));
    let narrow = refresh(&org, "user-client", token, &[("scope", "read")]).await.json();
    assert_eq!((text(&narrow, "scope"), narrow.get("id_token")), ("read", None));
    let wider = "Some of the scopes requested for the refresh request were not granted in the original authorize request. \
                 Denied scopes: write.";
    refused(&refresh(&org, "user-client", token, &[("scope", "read write")]).await, 400, "access_denied", wider);
    let invalid = "The refresh token is invalid or expired.";
    refused(&refresh(&org, "user-client", "x", &[]).await, 400, "invalid_grant", invalid);
    refused(&refresh(&org, "rotating-client", token, &[]).await, 400, "invalid_grant", invalid);
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let elsewhere = org.send(by(&org, "user-client", "/oauth2/default/v1/token", &form)).await;
    refused(&elsewhere, 400, "invalid_request", "The grant was issued for another authorization server.");
    let policy = format!("{SERVERS}/ausApi/policies/00pAll/lifecycle/deactivate");
    assert_eq!(org.ask(Method::POST, &policy, crate::ADMIN).await.status, 204);
    let denied = "Policy evaluation failed for this request, please check the policy configurations.";
    refused(&refresh(&org, "user-client", token, &[]).await, 401, "access_denied", denied);
}

#[tokio::test]
async fn a_rotating_token_that_is_used_again_ends_its_family() {
    let org = issuing::org_with(|settings| Settings { seed: Some(6), ..settings }).await;
    let answer = by_password(&org, "rotating-client", "read offline_access").await.json();
    let first = text(&answer, "refresh_token");
    let answer = refresh(&org, "rotating-client", first, &[]).await.json();
    let second = text(&answer, "refresh_token");
    assert_ne!(first, second);
    // Within its leeway the old one gives the new one again.
    let again = refresh(&org, "rotating-client", first, &[]).await.json();
    assert_eq!(text(&again, "refresh_token"), second);
    wait(&org, 5).await;
    let invalid = "The refresh token is invalid or expired.";
    assert_eq!(introspected(&org, text(&answer, "access_token")).await["active"], true);
    refused(&refresh(&org, "rotating-client", first, &[]).await, 400, "invalid_grant", invalid);
    refused(&refresh(&org, "rotating-client", second, &[]).await, 400, "invalid_grant", invalid);
    assert_eq!(introspected(&org, text(&answer, "access_token")).await["active"], false);
}

/// A browser that does not go where it is sent.
pub(crate) async fn browse(org: &Org, parameters: &[(&str, &str)]) -> Reply {
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
    org.send(client.get(format!("{}{AUTHORIZE}", org.mock.url())).query(parameters)).await
}

/// The parameters of the address that a browser is sent to.
pub(crate) fn sent(reply: &Reply, separator: char) -> Vec<(String, String)> {
    assert_eq!(reply.status, 302, "{}", reply.text);
    let (address, parameters) = reply.header("location").split_once(separator).expect("parameters");
    assert_eq!(address, CALLBACK);
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a pair");
        (name.to_owned(), percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    parameters.split('&').map(pair).collect()
}

pub(crate) fn request<'r>(
    client: &'r str,
    kind: &'r str,
    scope: &'r str,
    more: &[(&'r str, &'r str)],
) -> Vec<(&'r str, &'r str)> {
    let base = [
        ("client_id", client),
        ("response_type", kind),
        ("scope", scope),
        ("redirect_uri", CALLBACK),
        ("state", "s t"),
    ];
    [&base[..], more].concat()
}

#[tokio::test]
async fn a_code_is_exchanged_once_by_who_knows_the_verifier() {
    let org = issuing::org().await;
    let challenge = hash(VERIFIER);
    let more = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256"), ("nonce", "n")];
    let code = async || {
        let reply = browse(&org, &request("public-client", "code", "openid offline_access", &more)).await;
        let sent = sent(&reply, '?');
        assert_eq!((sent[0].0.as_str(), sent[1].clone()), ("code", ("state".to_owned(), "s t".to_owned())));
        sent[0].1.clone()
    };
    let exchange = async |code: &str, verifier: &str, address: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "public-client"),
            ("code", code),
            ("redirect_uri", address),
            ("code_verifier", verifier),
        ];
        org.send(org.request(Method::POST, TOKEN).form(&form)).await
    };
    let first = code().await;
    refused(&exchange(&first, "wrong", CALLBACK).await, 400, "invalid_grant", "PKCE verification failed.");
    assert_eq!(exchange(&first, VERIFIER, "https://app.example/").await.status, 400);
    let reply = exchange(&first, VERIFIER, CALLBACK).await;
    let answer = reply.json();
    assert_eq!(reply.status, 200, "{}", reply.text);
    let id = part(text(&answer, "id_token"), 1);
    assert_eq!((text(&id, "nonce"), text(&id, "sub")), ("n", "00uUser"));
    assert!(answer.get("refresh_token").is_some());
    let used = exchange(&first, VERIFIER, CALLBACK).await;
    refused(&used, 400, "invalid_grant", "The authorization code is invalid or has expired.");
    // Policies were asked when the code was given.
    let second = code().await;
    let policy = format!("{SERVERS}/ausApi/policies/00pAll/lifecycle/deactivate");
    assert_eq!(org.ask(Method::POST, &policy, crate::ADMIN).await.status, 204);
    assert_eq!(exchange(&second, VERIFIER, CALLBACK).await.status, 200);
}

#[tokio::test]
async fn a_confidential_client_may_do_without_a_challenge() {
    let org = issuing::org().await;
    let address = "https://app.example/callback?a=b";
    let form = [
        ("client_id", "user-client"),
        ("response_type", "code"),
        ("scope", "read"),
        ("redirect_uri", address),
        ("state", "s"),
    ];
    let reply = browse(&org, &form).await;
    let location = reply.header("location").to_owned();
    let code = location.strip_prefix("https://app.example/callback?a=b&code=").expect("a code").split('&').next();
    let form = [("grant_type", "authorization_code"), ("code", code.expect("a code")), ("redirect_uri", address)];
    let reply = org.send(org.request(Method::POST, TOKEN).basic_auth("user-client", Some(SECRET)).form(&form)).await;
    assert_eq!((reply.status, text(&reply.json(), "scope")), (200, "read"));
}

#[tokio::test]
async fn tokens_come_in_the_fragment_or_in_a_form() {
    let org = issuing::org().await;
    let reply = browse(&org, &request("public-client", "token id_token", "openid", &[("nonce", "n")])).await;
    let answer = sent(&reply, '#');
    let names: Vec<&str> = answer.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["access_token", "token_type", "expires_in", "scope", "id_token", "state"]);
    let id = verified(&org, "ausApi", &answer[4].1).await;
    assert!(id.get("at_hash").is_some() && id.get("given_name").is_none());
    let alone = browse(&org, &request("public-client", "id_token", "openid profile", &[("nonce", "n")])).await;
    let id = part(&sent(&alone, '#')[0].1, 1);
    assert_eq!(text(&id, "given_name"), "Ada");
    let more = [("nonce", "n"), ("response_mode", "form_post")];
    let page = browse(&org, &request("public-client", "id_token", "openid", &more)).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    assert!(page.text.contains(&format!("action=\"{CALLBACK}\"")) && page.text.contains("name=\"id_token\""));
}

#[tokio::test]
async fn errors_go_to_the_client_or_to_a_page() {
    let org = issuing::org().await;
    let pkce = [("code_challenge", "x"), ("code_challenge_method", "S256")];
    for (parameters, error) in [
        (request("public-client", "code", "read", &[]), "invalid_request"),
        (request("public-client", "x", "read", &pkce), "unsupported_response_type"),
        (request("public-client", "code", "none", &pkce), "invalid_scope"),
        (
            request("public-client", "code", "read", &[("code_challenge", "x"), ("code_challenge_method", "plain")]),
            "invalid_request",
        ),
        (request("user-client", "code", "read", &[("request", "x")]), "invalid_request_object"),
    ] {
        let sent = sent(&browse(&org, &parameters).await, '?');
        assert_eq!(sent[0], ("error".to_owned(), error.to_owned()));
        assert_eq!((sent[1].0.as_str(), sent[2].0.as_str()), ("error_description", "state"));
    }
    let implicit = browse(&org, &request("user-client", "token", "read", &[])).await;
    assert_eq!(sent(&implicit, '#')[0].1, "unauthorized_client");
    for (client, address) in
        [("nobody", CALLBACK), ("token-client", CALLBACK), ("user-client", "https://evil.example/")]
    {
        let page = browse(&org, &[("client_id", client), ("redirect_uri", address), ("response_type", "code")]).await;
        assert_eq!((page.status, page.header("content-type")), (400, "text/html;charset=utf-8"));
    }
}

#[tokio::test]
async fn a_request_may_be_an_object_that_the_client_signed() {
    let org = issuing::org().await;
    let mut claims = json!({"iss": "user-client", "aud": format!("{}/oauth2/ausApi", org.mock.url()), "jti": "once",
        "response_type": "code", "scope": "read", "redirect_uri": CALLBACK, "state": "signed"});
    let sign = |claims: &Value| by_secret("HS256", claims);
    let ask = async |object: String| browse(&org, &[("client_id", "user-client"), ("request", &object)]).await;
    let sent = sent(&ask(sign(&claims)).await, '?');
    assert_eq!((sent[0].0.as_str(), sent[1].1.as_str()), ("code", "signed"));
    // Its name was used; and without an address that is the client's there is nowhere to go.
    assert_eq!(ask(sign(&claims)).await.status, 400);
    claims["jti"] = json!("another");
    assert_eq!(ask(sign(&claims).replace('.', ".A")).await.status, 400);
    assert_eq!(ask(sign(&claims)).await.status, 302);
}

#[tokio::test]
async fn a_page_of_the_client_may_be_sent_a_message() {
    let org = issuing::org().await;
    let more = [("nonce", "n"), ("response_mode", "okta_post_message"), ("state", "</script>")];
    let reply = browse(&org, &[&request("public-client", "id_token", "openid", &[])[..4], &more].concat()).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.text.contains("\"https://app.example\")</script>") && reply.text.matches("</script>").count() == 1,
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn the_setting_names_who_is_signed_in() {
    let org =
        issuing::org_with(|settings| Settings { login: Some(String::from("other@example.com")), ..settings }).await;
    let unassigned = browse(&org, &request("user-client", "code", "read", &[])).await;
    assert_eq!(sent(&unassigned, '?')[0].1, "access_denied");
    let reply = browse(&org, &request("public-client", "id_token", "openid", &[("nonce", "n")])).await;
    assert_eq!(part(&sent(&reply, '#')[0].1, 1)["sub"], "00uOther");
}

#[tokio::test]
async fn a_browser_that_signs_out_goes_where_the_client_says() {
    let org = issuing::org().await;
    let answer = by_password(&org, "user-client", "openid").await.json();
    let hint = text(&answer, "id_token");
    let logout = async |parameters: &[(&str, &str)]| {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        org.send(client.get(format!("{}/oauth2/ausApi/v1/logout", org.mock.url())).query(parameters)).await
    };
    let there = ("post_logout_redirect_uri", "https://app.example/");
    let reply = logout(&[("id_token_hint", hint), there, ("state", "s")]).await;
    assert_eq!((reply.status, reply.header("location")), (302, "https://app.example/?state=s"));
    assert_eq!(logout(&[("id_token_hint", hint)]).await.status, 302);
    for wrong in [&[there][..], &[("id_token_hint", hint), ("post_logout_redirect_uri", "https://evil.example/")]] {
        assert_eq!(logout(wrong).await.status, 400);
    }
}
