//! Sending outside of a run's budgets, for commands that send a few requests: a 429 is waited out.

use super::{Client, Exchange, Fault, Outgoing};
use crate::status::Speaker;

/// How often a 429 is waited out before it is the answer.
const TRIES: usize = 3;

impl Client {
    /// Sends a request; while the answer is a 429, waits as it says and sends again, a few times.
    ///
    /// # Errors
    /// No answer, or not all of it.
    pub(crate) async fn send_patiently(&self, outgoing: Outgoing) -> Result<Exchange, Fault> {
        for _ in 1..TRIES {
            let exchange = self.send(outgoing.clone()).await?;
            if Speaker::of(exchange.answer.status) != Speaker::Limit {
                return Ok(exchange);
            }
            let pause = exchange.answer.rate_limit_pause();
            drop(exchange);
            tokio::time::sleep(pause).await;
        }
        self.send(outgoing).await
    }
}
