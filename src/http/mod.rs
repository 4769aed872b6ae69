//! Sending requests and reading answers, within limits.
//!
//! Owns the client, credentials and the raw `Exchange`. It follows no redirect, judges nothing and writes nothing; an exchange cannot be
//! serialised, so secrets in it cannot leave by accident. What is fetched as a secret in the middle of a run, the redactor learns before it is
//! sent.

mod answer;
mod budget;
mod client;
mod connection;
mod credential;
mod curl;
mod network;
mod oauth;
mod pace;
mod retries;

pub(crate) use answer::Answer;
use answer::MOST_KEPT;
pub use client::{Client, ClientError, Limits, NoAnswer};
pub(crate) use client::{Outgoing, parse_origin, target_url};
pub(crate) use connection::is_repeatable;
pub use credential::Credential;
pub(crate) use curl::curl;
pub use network::Network;
pub(crate) use network::is_here;
pub(crate) use oauth::{
    AsClient, Assertion, Changes, OwnSecret, Proof, ShownBy, ShownSecret, SigningAlgorithm, encoded, form_type,
    is_from_now,
};
pub use oauth::{ClientAuth, ClientCredentials, ClientMethod, KeyError, OAuthClient, PrivateKey, User};
pub(crate) use pace::{Pace, bucket};
pub(crate) use retries::RateLimitRetries;

use crate::secret::Redactor;

/// A request as it was sent and the answer that came.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: SentRequest,
    pub(crate) answer: Answer,
    pub(crate) started: std::time::Instant,
    pub(crate) duration: std::time::Duration,
    /// How often it was sent again before this answer came.
    pub(crate) again: usize,
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

impl SentRequest {
    /// Leaves the beginning of a long body, and says whether it was one.
    pub(crate) fn shorten(&mut self, redactor: &Redactor) -> bool {
        let long = self.body.len() > MOST_KEPT;
        if long {
            self.body = redactor.beginning(&self.body, MOST_KEPT).into_bytes();
        }
        long
    }
}
