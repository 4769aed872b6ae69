//! Waiting out a 429 that nobody asked for, a few times, before it is the answer.

use std::time::Duration;

use super::{Answer, Client, Exchange, NoAnswer, Outgoing};
use crate::status::Speaker;

/// How often a 429 is waited out.
const WAITS: usize = 2;

/// Counts the times that one request was answered 429.
#[derive(Debug, Default)]
pub(crate) struct RateLimitRetries(usize);

impl RateLimitRetries {
    /// How long to wait before the request goes out again; `None` where this is the answer.
    pub(crate) fn pause(&mut self, answer: &Answer) -> Option<Duration> {
        let waits = Speaker::of(answer.status) == Speaker::Limit && self.0 < WAITS;
        self.0 += 1;
        waits.then(|| answer.rate_limit_pause())
    }
}

impl Client {
    /// Sends a request outside of a run's budgets, for commands that send a few.
    ///
    /// # Errors
    /// No answer, or not all of it.
    pub(crate) async fn send_patiently(&self, outgoing: Outgoing) -> Result<Exchange, NoAnswer> {
        let mut retries = RateLimitRetries::default();
        loop {
            let exchange = self.send(outgoing.clone()).await?;
            let Some(pause) = retries.pause(&exchange.answer) else { return Ok(exchange) };
            drop(exchange);
            tokio::time::sleep(pause).await;
        }
    }
}
