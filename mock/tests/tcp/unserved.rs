//! What is answered to operations that the vendor documents and the mock does not have.

use okta_mock::{Settings, UnknownPaths};
use reqwest::Method;

use crate::{ADMIN, Org, settings, text};

const GAPS: [(Method, &str); 5] = [
    (Method::GET, "/api/v1/users"),
    (Method::DELETE, "/api/v1/apps/0oaA/grants/x"),
    (Method::POST, "/oauth2/default/v1/bc/authorize"),
    (Method::POST, "/oauth2/v1/clients"),
    (Method::GET, "/integrations/api/v1/submissions"),
];

#[tokio::test]
async fn a_gap_of_the_mock_is_named_as_one() {
    let org = Org::start().await;
    for (method, path) in GAPS {
        let reply = org.ask(method.clone(), path, ADMIN).await;
        reply.refused(501, "E0000060");
        let (body, expected) = (reply.json(), format!("okta-mock, which does not serve {method} {path}."));
        assert!(text(&body, "errorSummary").contains(&expected), "{body}");
    }
    // What nobody documents, the service does not know either.
    for path in ["/api/v1/unknown", "/api/v2/users", "/oauth2/default/v1/unknown", "/api/v1/authorizationServers/a/b"] {
        org.get(path).await.refused(404, "E0000008");
    }
    org.ask(Method::GET, "/api/v1/users", "SSWS nobody").await.refused(401, "E0000011");
}

#[tokio::test]
async fn it_can_be_told_to_answer_as_the_service() {
    let org = Org::with(Settings { unknown_paths: UnknownPaths::NotFound, ..settings() }).await;
    for (method, path) in GAPS {
        org.ask(method, path, ADMIN).await.refused(404, "E0000008");
    }
}
