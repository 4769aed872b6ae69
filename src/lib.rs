//! Holds an API to its word: a contract and conformance test harness for Okta's Authorization Servers management API.
//!
//! The flow, in the order of the modules that do it:
//! 1. [`suite`] reads cases, schemas, operations and requirements, each with its place in its file;
//! 2. [`plan`] compiles them into trials: the last place where a user's mistake can be found;
//! 3. [`target`] opens what they run against: the embedded [`mock`], or a real org by [`settings`];
//! 4. [`run`] runs them, each with its fixtures and clean-up, and tells all that happens as [`event`]s;
//! 5. [`report`] folds events into what people and machines read.
//!
//! [`verify`] judges recorded traffic by the same contract. `mock` shares no code with the rest: the two are independent readings of how the
//! real service behaves, and meet over TCP.
//!
//! The mock serves tests of other programs too:
//!
//! ```
//! use okta_conformance::mock::{Mock, Settings, Token, TokenKind};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let token = Token {
//!     value: "s3cret-token".to_owned(),
//!     kind: TokenKind::Ssws { read_only: false },
//!     rate_limit: None,
//!     expired: false,
//! };
//! let mock = Mock::start(Settings { tokens: vec![token], ..Settings::default() }).await?;
//! let answer = reqwest::Client::new()
//!     .get(format!("{}/api/v1/authorizationServers/default", mock.url()))
//!     .header("Authorization", "SSWS s3cret-token")
//!     .send()
//!     .await?;
//! assert_eq!(answer.status(), 200);
//! mock.stop().await;
//! # Ok(())
//! # })
//! # }
//! ```

mod brief;
mod catalogue;
mod check;
pub mod cli;
mod counted;
pub mod diagnostic;
mod duration;
pub mod event;
mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
mod identifier;
mod json;
pub mod known;
pub mod ledger;
mod level;
mod matcher;
pub mod mock;
pub mod mutants;
mod naming;
mod path;
pub mod plan;
mod pointer;
pub mod recording;
pub mod replay;
pub mod report;
pub mod run;
mod schema;
pub mod secret;
pub mod settings;
mod signature;
pub mod snapshot;
mod status;
pub mod suite;
pub mod sweep;
pub mod target;
mod template;
pub mod verify;
mod volume;
mod yaml;

pub use level::Level;
