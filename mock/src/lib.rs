//! An Okta org in memory, served over TCP, to test against: authorization servers with their scopes, claims, policies, rules and
//! keys, the clients and refresh tokens that belong to them, what they publish, and the tokens that they give to apps and users.
//!
//! It behaves as an org of today: links follow the state, errors have Okta's codes and bodies, lists have pages, tokens have scopes, and
//! every answer of the management API has the headers of a rate limit. It prints nothing, and keeps everything in memory.
//!
//! # In a test
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = okta_mock::Mock::builder()
//!     .token("s3cret")
//!     .state("servers: [{ id: ausOrders, name: Orders, audiences: ['api://orders'] }]")
//!     .start()
//!     .await?;
//!
//! let orders = format!("{}/api/v1/authorizationServers/ausOrders", mock.url());
//! let send = async |request: reqwest::RequestBuilder| request.header("Authorization", "SSWS s3cret").send().await;
//! let client = reqwest::Client::new();
//! assert_eq!(send(client.get(&orders)).await?.status(), 200);
//! assert_eq!(send(client.delete(&orders)).await?.status(), 204);
//! assert_eq!(send(client.get(&orders)).await?.status(), 404);
//!
//! // What was sent.
//! let methods: Vec<String> = mock.requests().into_iter().map(|request| request.method).collect();
//! assert_eq!(methods, ["GET", "DELETE", "GET"]);
//!
//! // Back to the start, for the next test.
//! mock.reset();
//! assert_eq!(send(client.get(&orders)).await?.status(), 200);
//! assert_eq!(mock.requests().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! The mock listens on a free port of the loopback interface and stops when it is dropped; [`Mock::stop`] lets requests under way finish
//! first. A test that has no runtime starts it on a thread of its own:
//!
//! ```
//! # fn get(url: &str) -> std::io::Result<String> {
//! #     use std::io::{Read, Write};
//! #     let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
//! #     let mut stream = std::net::TcpStream::connect(host)?;
//! #     write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
//! #     let mut answer = String::new();
//! #     stream.read_to_string(&mut answer)?;
//! #     Ok(answer)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = okta_mock::Mock::builder().token("s3cret").start_blocking()?;
//! let answer = get(&format!("{}/oauth2/default/v1/keys", mock.url()))?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK"));
//! # Ok(())
//! # }
//! ```
//!
//! # What the org holds
//!
//! A default server, as every org, and what the state says: servers, apps, users, groups, refresh tokens and service apps. [`State`] has
//! them all. A mistake in it is a value, [`StateError`], that knows where it is:
//!
//! ```
//! # use okta_mock::{Mock, StartError};
//! let refused = Mock::builder().state("servers:\n  - name: Orders\n").start_blocking();
//! let Err(StartError::State(error)) = refused else { panic!("a server needs an audience") };
//! assert_eq!((error.place.as_str(), error.message.as_str()), ("servers[0]", "audiences: The field cannot be left blank"));
//! let location = error.location.expect("a place in the text");
//! assert_eq!((location.line, location.column), (2, 5));
//! ```
//!
//! Tokens are what the builder lets in: [`Builder::token`] for `SSWS`, [`Builder::access_token`] for access tokens with scopes; without
//! any, every request to the API is answered with 401. Service apps of the state get access tokens at `/oauth2/v1/token` by a secret or a
//! signed assertion, with `DPoP` if they ask for it. With [`Builder::seed`] identifiers, keys and times are the same in each run: equal
//! requests give equal bytes. Everything else is in [`Settings`], which [`Builder::settings`] gives and [`Mock::start`] takes.
//!
//! # Tokens of a server
//!
//! Apps of the state get tokens of each server, for themselves or for users, as its policies, rules, scopes and claims say. Nothing is
//! planted unless the state says so; [`start::Example`] is a state with one client and one user.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let state = "
//!   apps: [{ clientId: orders, clientSecret: s3cret }]
//!   servers: [{ id: default, scopes: [{ name: read }] }]";
//! let mock = okta_mock::Mock::builder().state(state).start().await?;
//! let request = reqwest::Client::new().post(format!("{}/oauth2/default/v1/token", mock.url()));
//! let form = [("grant_type", "client_credentials"), ("scope", "read")];
//! let answer = request.basic_auth("orders", Some("s3cret")).form(&form).send().await?.text().await?;
//! assert!(answer.starts_with(r#"{"token_type":"Bearer","expires_in":3600,"access_token":"ey"#));
//! # Ok(())
//! # }
//! ```
//!
//! There is no page to sign in on: [`Builder::login`] names who is signed in when a browser comes to `/authorize`, or to `/activate` with the
//! code of a device.
//!
//! # Faults
//!
//! With the feature `faults` a mock can be made to behave wrongly in one respect or several, so that a suite of tests can be shown to
//! notice: `faults()` lists them, `Builder::fault` gives one to a mock. Without the feature there is no trace of them.
//!
//! # Time, and other languages
//!
//! [`Mock::advance`] moves the clock, so that a test need not wait until a token expires. With [`Builder::admin_port`] a test in another
//! language can do so, and reset the mock and see what it received. With the feature `tls`, `Builder::tls` makes the mock speak HTTPS.
//!
//! # Evidence
//!
//! Comments in the source name the evidence of each behaviour: *recorded* (seen in traffic of the real service), *spec* (the vendor's
//! `OpenAPI` document), *docs* (the vendor's documentation), *inferred* (nothing settles it; our reading).

// What a request means is in `dispatch`, each resource has a file of its own, and what goes over the wire is in `wire`.
mod admin;
mod apps;
mod associated;
mod auth;
mod authorize;
mod body;
mod call;
mod changes;
mod claims;
mod client_authentication;
mod clients;
mod constraint;
mod cors;
mod device;
mod dispatch;
mod dpop;
mod expression;
#[cfg(feature = "faults")]
mod fault;
mod introspect;
mod issued;
mod jws;
mod keys;
mod limits;
mod links;
mod log;
mod logout;
mod metadata;
mod mint;
mod mistake;
mod mock;
mod norm;
mod paging;
mod people;
mod plant;
mod policies;
mod replay_guard;
mod resource_keys;
mod revoke;
mod routes;
mod rows;
mod rules;
mod scopes;
mod servers;
mod settings;
mod socket;
mod source;
pub mod start;
mod state;
#[cfg(feature = "tls")]
mod tls;
mod token;
mod token_endpoint;
mod unserved;
mod userinfo;
mod wire;

#[cfg(feature = "faults")]
pub use self::fault::{Fault, Kind as FaultKind, faults};
use self::routes::Operation;
#[cfg(feature = "tls")]
pub use self::settings::Tls;
pub use self::{
    log::Received,
    mock::{Mock, StartError},
    settings::{Builder, IssuerMode, Settings, Token, TokenKind},
    source::ClockError,
    start::{Location, State, StateError},
    unserved::UnknownPaths,
};

/// All operations, one list a resource. A new resource is a file and a line here.
const OPERATIONS: &[&[Operation]] = &[
    servers::OPERATIONS,
    scopes::OPERATIONS,
    claims::OPERATIONS,
    policies::OPERATIONS,
    rules::OPERATIONS,
    clients::OPERATIONS,
    keys::OPERATIONS,
    resource_keys::OPERATIONS,
    metadata::OPERATIONS,
    token::OPERATIONS,
    token_endpoint::OPERATIONS,
    introspect::OPERATIONS,
    revoke::OPERATIONS,
    userinfo::OPERATIONS,
    authorize::OPERATIONS,
    device::OPERATIONS,
    logout::OPERATIONS,
];

/// The names of all operations: the operationIds of the spec, and names of our own for what the spec does not list.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().copied().flatten().map(|operation| operation.name)
}
