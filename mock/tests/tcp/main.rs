//! Behaviour of the mock, over TCP. Owns what all these tests share: an org with known tokens, and ways to ask it.

use std::{collections::BTreeSet, time::Duration};

use okta_mock::{Mock, Settings, Token, TokenKind};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

mod access;
mod admin;
mod associated;
mod changes;
mod claims;
mod client_authentication;
mod clients;
mod cors;
mod device;
mod dpop_api;
mod dpop_token;
mod effects;
mod exchange;
mod general;
mod hostile;
mod issuing;
mod keys;
mod lists;
mod metadata;
mod neighbours;
mod policies;
mod prover;
mod pushed;
mod resource_keys;
mod rules;
mod scopes;
mod servers;
mod signed_in;
mod state;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod unserved;
mod validation;

/// The path of the collection.
pub(crate) const SERVERS: &str = "/api/v1/authorizationServers";
/// An `Authorization` header that may do everything.
pub(crate) const ADMIN: &str = "SSWS admin";
/// Longer than anything here takes; a test that needs it has found a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running mock and a client.
pub(crate) struct Org {
    pub(crate) mock: Mock,
    pub(crate) client: Client,
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

fn token(value: &str, kind: TokenKind) -> Token {
    Token { value: value.to_owned(), kind, rate_limit: None, expired: false }
}

fn bearer(value: &str, scopes: &[&str]) -> Token {
    let scopes: BTreeSet<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    token(value, TokenKind::Bearer { scopes })
}

/// Settings with one token of each sort.
pub(crate) fn settings() -> Settings {
    let full = || TokenKind::Ssws { read_only: false };
    Settings {
        tokens: vec![
            token("admin", full()),
            token("auditor", TokenKind::Ssws { read_only: true }),
            bearer("reader", &["okta.authorizationServers.read"]),
            bearer("manager", &["okta.authorizationServers.manage"]),
            bearer("stranger", &["okta.users.manage"]),
            Token { expired: true, ..token("old", full()) },
            Token { rate_limit: Some(2), ..token("frugal", full()) },
        ],
        ..Settings::default()
    }
}

impl Org {
    pub(crate) async fn start() -> Org {
        Org::with(settings()).await
    }

    /// An org whose clock moves by a second with each write.
    pub(crate) async fn seeded(seed: u64) -> Org {
        Org::with(Settings { seed: Some(seed), ..settings() }).await
    }

    pub(crate) async fn with(settings: Settings) -> Org {
        let mock = Mock::start(settings).await.expect("the mock starts");
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        Org { mock, client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.mock.url()))
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, text: response.text().await.expect("a whole body") }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, authorization: &str) -> Reply {
        let request = self.request(method.clone(), path).header("Authorization", authorization);
        // The client leaves the length out when there is no body, and the service then asks for it.
        let writes = method == Method::POST || method == Method::PUT;
        self.send(if writes { request.header("Content-Length", "0") } else { request }).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path, ADMIN).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).header("Authorization", ADMIN).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, path).header("Authorization", ADMIN).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::DELETE, path, ADMIN).await
    }

    /// A lifecycle operation.
    pub(crate) async fn turn(&self, id: &str, operation: &str) -> Reply {
        self.ask(Method::POST, &format!("{SERVERS}/{id}/lifecycle/{operation}"), ADMIN).await
    }

    /// Creates a server and gives its representation.
    pub(crate) async fn create(&self, name: &str) -> Value {
        let reply = self.post(SERVERS, &json!({"name": name, "audiences": [format!("api://{name}")]})).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let address = self.mock.url().replace("http://", "");
        TcpStream::connect(address).await.expect("a connection")
    }

    /// Sends bytes as they are and reads until the mock closes the connection.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // A refusal may come, and the connection close, before all was taken.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header")).unwrap_or_default()
    }

    /// Asserts an error answer in the one form they all have, and gives its causes.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Vec<String> {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["errorCode"], code, "{body}");
        assert_eq!(body["errorLink"], code);
        let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]);
        let id = body["errorId"].as_str().expect("an error id");
        assert!(id.len() == 25 && id.starts_with("oae"), "{id}");
        assert_eq!(self.header("content-type"), "application/json");
        let causes = body["errorCauses"].as_array().expect("causes");
        causes.iter().map(|cause| cause["errorSummary"].as_str().expect("a text").to_owned()).collect()
    }
}

/// A string member.
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("no string {member} in {value}"))
}

/// The names of an object's members, in order.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The status line's code of a raw answer.
pub(crate) fn status_of(answer: &str) -> u16 {
    let code = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status in {answer:?}"))
}
