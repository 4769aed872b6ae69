//! A request to the API with a token: another token on a 401, once, and the nonce that a proof is asked to carry.

use std::sync::{Arc, atomic::Ordering};

use reqwest::Url;
use secrecy::ExposeSecret;

use super::{
    ClientCredentials, Held, cannot_sign,
    dpop::{Place, asks_for_nonce},
};
use crate::http::{Client, Exchange, NoAnswer, Outgoing, connection::Connection};

impl ClientCredentials {
    /// Sends a request; the exchange is the last one, in which the target answered to what it asked for.
    pub(in crate::http) async fn send(
        &self,
        client: &Client,
        connection: Connection,
        outgoing: Outgoing,
    ) -> Result<Exchange, NoAnswer> {
        let url = Url::parse(&outgoing.url).map_err(|error| NoAnswer::Request(error.to_string()))?;
        // A case that writes the proof itself is about that proof: no other one is sent in its place.
        let own_proof = outgoing.sets("dpop");
        let mut held = self.current(client).await?;
        let (mut renewed, mut challenged) = (false, false);
        loop {
            let credentials = self.credentials(&held, &outgoing.method, &url)?;
            let exchange = client.exchange(connection, outgoing.clone(), credentials).await?;
            let answer = &exchange.answer;
            let nonce = self.proof_key.as_ref().is_some_and(|key| key.note_nonce(Place::Api, answer));
            if answer.status != 401 {
                held.accepted.store(true, Ordering::Relaxed);
                return Ok(exchange);
            }
            if own_proof {
                return Ok(exchange);
            }
            if self.proof_key.is_some() && asks_for_nonce(answer) {
                if !nonce || challenged {
                    let what = if nonce { "again, with the nonce that it gave" } else { "and gives none" };
                    return Err(NoAnswer::Credentials(format!("the API asks for a DPoP nonce {what}")));
                }
                challenged = true;
                continue;
            }
            if renewed {
                return Ok(exchange);
            }
            match self.another(client, &held).await? {
                Some(other) => (held, renewed) = (other, true),
                None => return Ok(exchange),
            }
        }
    }

    fn credentials(&self, held: &Arc<Held>, method: &str, url: &Url) -> Result<Vec<(&'static str, String)>, NoAnswer> {
        let mut headers = vec![("authorization", held.token.authorization())];
        if let Some(key) = &self.proof_key {
            let token = held.token.value.expose_secret();
            headers.push(("dpop", key.proof(Place::Api, method, url, Some(token)).ok_or_else(cannot_sign)?));
        }
        Ok(headers)
    }
}
