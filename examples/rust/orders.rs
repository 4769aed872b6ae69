//! A Rust test of a program that manages authorization servers, against the crate `okta-mock`: with
//!
//! ```toml
//! [dev-dependencies]
//! okta-mock = "0.1"
//! reqwest = { version = "0.13", features = ["json"] }
//! serde_json = "1"
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
//!
//! this is a file of `tests/`. It listens on a free port and ends with the test.

use okta_mock::Mock;
use serde_json::{Value, json};

/// What is tested: your program, which is told where its org is.
async fn create_server(org: &str, token: &str, name: &str) -> reqwest::Result<Value> {
    let request = reqwest::Client::new().post(format!("{org}/api/v1/authorizationServers"));
    let request = request.header("Authorization", format!("SSWS {token}"));
    request.json(&json!({ "name": name, "audiences": ["api://orders"] })).send().await?.error_for_status()?.json().await
}

#[tokio::test]
async fn a_server_is_created() {
    let mock = Mock::builder().token("s3cret").start().await.expect("a mock");
    let server = create_server(&mock.url(), "s3cret", "Orders").await.expect("a server");
    assert_eq!((&server["name"], &server["status"]), (&json!("Orders"), &json!("ACTIVE")));
    let sent: Vec<String> = mock.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(sent, ["POST"]);
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let mock = Mock::builder().token("s3cret").start().await.expect("a mock");
    let refused = create_server(&mock.url(), "another", "Orders").await.expect_err("an error");
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(401));
}
