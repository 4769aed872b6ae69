//! Sending requests and reading answers, within limits.
//!
//! Owns the client, credentials and the raw `Exchange`. It follows no redirect, judges nothing and writes nothing; an exchange cannot be
//! serialised, so secrets in it cannot leave by accident. What is fetched as a secret in the middle of a run, the redactor learns before it is
//! sent.

mod answer;
mod client;
mod credential;
mod curl;
mod headers;
mod login;
mod oauth;
mod pace;
mod patience;
mod place;

pub(crate) use answer::{Answer, owned_text};
pub use client::{Client, ClientError, Fault, Limits, Network};
pub(crate) use client::{Outgoing, is_here, parse_origin, target_url};
pub use credential::Credential;
pub(crate) use curl::curl;
pub use oauth::{ClientAuth, ClientCredentials, KeyError, PrivateKey};
pub(crate) use pace::Pace;

/// A request as it was sent and the answer that came.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: SentRequest,
    pub(crate) answer: Answer,
    pub(crate) started: std::time::Instant,
    pub(crate) duration: std::time::Duration,
}

/// A request as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct SentRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) principal: String,
}
