//! What a page of another origin may send and read.

use okta_mock::{Settings, State};
use reqwest::{Method, RequestBuilder};

use crate::{Org, Reply, SERVERS, settings, text};

const ORIGIN: &str = "https://app.example";

async fn from_page(org: &Org, method: Method, path: &str) -> Reply {
    org.send(org.request(method, path).header("Origin", ORIGIN).header("Content-Length", "0")).await
}

#[tokio::test]
async fn every_page_may_read_what_is_public() {
    let org = Org::start().await;
    for path in [
        "/oauth2/default/v1/keys",
        "/oauth2/default/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/oauth2/default",
    ] {
        let reply = from_page(&org, Method::GET, path).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, ORIGIN), "{path}");
        assert_eq!(reply.header("vary"), "Origin");
        let without = org.send(org.request(Method::GET, path)).await;
        assert_eq!((without.headers.get("access-control-allow-origin"), without.header("vary")), (None, "Origin"));
    }
    let refused = from_page(&org, Method::GET, "/oauth2/ausNobody/v1/keys").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (404, ORIGIN));
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let org = Org::start().await;
    let preflight = |path: &str| -> RequestBuilder {
        org.request(Method::OPTIONS, path)
            .header("Origin", ORIGIN)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization,x-okta-user-agent-extended")
    };
    for (path, methods) in [
        ("/oauth2/default/v1/token", "POST"),
        ("/oauth2/default/v1/userinfo", "GET, POST"),
        ("/oauth2/default/v1/introspect", "POST"),
        ("/oauth2/default/v1/revoke", "POST"),
        ("/oauth2/default/v1/par", "POST"),
        ("/oauth2/default/v1/device/authorize", "POST"),
        ("/oauth2/default/v1/keys", "GET"),
    ] {
        let reply = org.send(preflight(path)).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
        for (name, value) in [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-methods", methods),
            ("access-control-max-age", "3600"),
            ("access-control-allow-headers", "authorization,x-okta-user-agent-extended"),
            ("vary", "Origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path}: {name}");
        }
    }
    // The management API and logout are not for pages.
    for path in [SERVERS, "/oauth2/default/v1/logout"] {
        let reply = org.send(preflight(path)).await;
        assert!(reply.status >= 400 && reply.headers.get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_page_may_not_use_every_grant() {
    let org = Org::start().await;
    for (form, is_refused) in [
        ("grant_type=client_credentials&client_id=a", true),
        ("grant_type=password&client_id=a", true),
        ("grant_type=refresh_token&client_id=a&client_secret=b", true),
        ("grant_type=refresh_token&client_id=a", false),
        ("grant_type=authorization_code&client_id=a", false),
    ] {
        let request = org
            .request(Method::POST, "/oauth2/v1/token")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        let without = org.send(request.try_clone().expect("a copy")).await;
        let reply = org.send(request.header("Origin", ORIGIN)).await;
        // No client trusts the origin.
        assert_eq!(reply.headers.get("access-control-allow-origin"), None, "{form}");
        if is_refused {
            let body = reply.json();
            assert_eq!((reply.status, text(&body, "error")), (400, "unauthorized_client"), "{form}");
            let expected = "Browser requests to the token endpoint may only use the authorization_code grant_type.";
            assert_eq!(text(&body, "error_description"), expected);
        } else {
            assert_eq!(reply.text, without.text, "{form}");
        }
    }
}

#[tokio::test]
async fn tokens_are_for_pages_that_the_client_trusts() {
    let state = "
apps:
  - clientId: 0oaPage
    tokenEndpointAuthMethod: none
    grantTypes: [authorization_code]
    redirectUris: ['https://app.example/callback']
    trustedOrigins: ['https://app.example']
";
    let state = Some(State::from_yaml(state).expect("a state"));
    let org = Org::with(Settings { state, ..settings() }).await;
    for (client, origin, may_read) in
        [("0oaPage", ORIGIN, true), ("0oaPage", "https://other.example", false), ("0oaOther", ORIGIN, false)]
    {
        let form = format!("grant_type=authorization_code&client_id={client}&code=x&code_verifier=y");
        let request = org.request(Method::POST, "/oauth2/default/v1/token").header("Origin", origin);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let reply = org.send(request).await;
        assert!(reply.status >= 400);
        let expected = if may_read { origin } else { "" };
        assert_eq!(reply.header("access-control-allow-origin"), expected, "{client} {origin}");
        let exposed = if may_read { "DPoP-Nonce, WWW-Authenticate" } else { "" };
        assert_eq!((reply.header("access-control-expose-headers"), reply.header("vary")), (exposed, "Origin"));
    }
}
