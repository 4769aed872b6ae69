//! Principals that are OAuth clients: a token by client credentials (RFC 6749 section 4.4), kept, renewed, and shown with each request.
//!
//! The client proves who it is by a signed assertion (RFC 7523) or a secret; requests carry a proof of possession (RFC 9449) where that is
//! asked for. What goes wrong here is a fault of the set-up, never one of the target.

mod client;
mod dpop;
mod jws;
mod key;
mod send;
mod token;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
pub(crate) use client::{
    AsClient, Assertion, Changes, OwnSecret, Proof, ShownBy, ShownSecret, encoded, form_type, is_from_now,
};
pub use client::{ClientMethod, OAuthClient, User};
pub(crate) use jws::SigningAlgorithm;
pub use key::{KeyError, PrivateKey};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use self::{
    dpop::{Place, ProofKey},
    jws::unique,
    token::{Refusal, Token},
};
use super::{Client, NoAnswer, RateLimitRetries, connection::Connection};

/// Below the target's origin, unless told otherwise: the endpoint of an Okta org's own authorization server.
const TOKEN_PATH: &str = "/oauth2/v1/token";

/// How long an assertion is good for. Short, and still longer than clocks of servers differ.
const ASSERTION_SECONDS: i64 = 240;

/// A token is asked for no sooner than this after the one before: half of the shortest life that a token has. Of an endpoint that gives none,
/// twice as long each time.
const FLOOR: Duration = Duration::from_millis(500);

/// But never longer than this: what does not work now may do so later in a run.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// What `application/x-www-form-urlencoded` leaves as it is (RFC 6749 appendix B).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// How a client proves who it is.
#[derive(Debug)]
pub enum ClientAuth {
    /// By an assertion that it signs (RFC 7523 section 2.2).
    PrivateKeyJwt {
        /// Signs; decides the algorithm.
        key: PrivateKey,
        /// The name under which the server knows the key; else the one that a JWK gives itself.
        key_id: Option<String>,
    },
    /// By a secret, in the `Authorization` header (RFC 6749 section 2.3.1).
    Secret(SecretString),
}

/// A client with what it needs to get tokens, and the token that it has.
#[derive(Debug)]
pub struct ClientCredentials {
    client_id: String,
    auth: ClientAuth,
    scopes: Vec<String>,
    token_url: Option<Url>,
    proof_key: Option<ProofKey>,
    /// Whether its token is sent only when it has expired, and never renewed.
    expired: bool,
    /// Held while a token is fetched, so that one fetches and the others wait for it.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Arc<Held>>,
    /// Why there is none: asking for each request anew would get the client locked out, or keep the endpoint busy.
    denied: Option<Denied>,
}

/// A token that could not be had.
#[derive(Debug)]
struct Denied {
    fault: NoAnswer,
    /// When it is worth asking again; `None` where the endpoint has said all that it will.
    again: Option<Instant>,
    /// How long nobody asks.
    rest: Duration,
}

/// A token, and what the API made of it.
#[derive(Debug)]
struct Held {
    token: Token,
    since: Instant,
    /// Whether it took the place of one that the API had refused.
    renewed: bool,
    accepted: AtomicBool,
}

impl ClientCredentials {
    /// A client that asks for these scopes at the target's own token endpoint.
    pub fn new(client_id: impl Into<String>, auth: ClientAuth, scopes: Vec<String>) -> Self {
        let client_id = client_id.into();
        Self { client_id, auth, scopes, token_url: None, proof_key: None, expired: false, state: Mutex::default() }
    }

    /// With a token endpoint elsewhere.
    #[must_use]
    pub fn token_url(mut self, url: Url) -> Self {
        self.token_url = Some(url);
        self
    }

    /// With proofs of possession, for which a key is made.
    ///
    /// # Errors
    /// No random numbers.
    pub fn dpop(mut self) -> Result<Self, NoAnswer> {
        let key =
            ProofKey::new().ok_or_else(|| NoAnswer::Credentials("cannot create a key for DPoP proofs".to_owned()))?;
        self.proof_key = Some(key);
        Ok(self)
    }

    /// As somebody whose token has expired: one is fetched, and its end is waited for.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// Whether the token endpoint is reached by TLS, whatever the target is reached by.
    pub(super) fn needs_tls(&self) -> bool {
        self.token_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// What is secret from the start.
    pub(super) fn secrets(&self) -> Vec<String> {
        match &self.auth {
            ClientAuth::PrivateKeyJwt { key, .. } => key.secrets.clone(),
            ClientAuth::Secret(secret) => {
                let secret = secret.expose_secret();
                vec![secret.to_owned(), form(secret), basic(&self.client_id, secret)]
            }
        }
    }

    /// What all proofs begin with, which are secret for as long as their nonces are good.
    pub(super) fn proof_beginning(&self) -> Option<String> {
        self.proof_key.as_ref().map(ProofKey::beginning)
    }

    /// The token alone, for cases about credentials in another form.
    pub(super) async fn value(&self, client: &Client) -> Result<String, NoAnswer> {
        let held = self.current(client).await?;
        Ok(held.token.value.expose_secret().to_owned())
    }

    /// A token that is good for a while, fetched if there is none; of somebody whose token has expired, that one.
    async fn current(&self, client: &Client) -> Result<Arc<Held>, NoAnswer> {
        let held = self.held(client).await?;
        if self.expired {
            let rest = held.token.until_end().map_err(|reason| NoAnswer::Credentials(expiry(&reason)))?;
            tokio::time::sleep(rest).await;
        }
        Ok(held)
    }

    async fn held(&self, client: &Client) -> Result<Arc<Held>, NoAnswer> {
        let mut state = self.state.lock().await;
        match &state.held {
            Some(held) if self.expired || !held.token.is_stale() => Ok(Arc::clone(held)),
            _ => self.fetch(client, &mut state, false).await,
        }
    }

    /// Fetches the first token, whose end is not waited for.
    pub(super) async fn fetch_first(&self, client: &Client) -> Result<(), NoAnswer> {
        self.held(client).await.map(drop)
    }

    /// Why the token of somebody whose token is to have expired will not do so soon enough, if that is so. The token is fetched, so that its
    /// time begins.
    pub(super) async fn outlives(&self, client: &Client) -> Option<String> {
        let held = if self.expired { self.held(client).await.ok()? } else { return None };
        held.token.until_end().err().map(|reason| expiry(&reason))
    }

    /// Another token than one that the API refused; `None` if that was the other one already, and never good for anything.
    async fn another(&self, client: &Client, refused: &Arc<Held>) -> Result<Option<Arc<Held>>, NoAnswer> {
        let mut state = self.state.lock().await;
        match &state.held {
            _ if self.expired => Ok(None),
            // Somebody else was refused too, and has fetched one since.
            Some(held) if !Arc::ptr_eq(held, refused) => Ok(Some(Arc::clone(held))),
            _ if refused.renewed && !refused.accepted.load(Ordering::Relaxed) => Ok(None),
            // A target that takes each token once, or for a moment, is not given one for each request.
            _ if refused.renewed && refused.since.elapsed() < FLOOR => Ok(None),
            _ => self.fetch(client, &mut state, true).await.map(Some),
        }
    }

    async fn fetch(&self, client: &Client, state: &mut State, renewed: bool) -> Result<Arc<Held>, NoAnswer> {
        if let Some(denied) = &state.denied
            && denied.again.is_none_or(|again| Instant::now() < again)
        {
            return Err(denied.fault.clone());
        }
        state.held = None;
        let asked = self.ask(client).await;
        let token = match asked {
            Ok(token) if token.is_stillborn() && !self.expired => Err(NoToken::for_ever(Token::stillborn())),
            asked => asked,
        };
        let token = token.map_err(|none| state.deny(none))?;
        state.denied = None;
        client.redactor().learn([token.value.expose_secret()]);
        let held = Arc::new(Held { token, since: Instant::now(), renewed, accepted: AtomicBool::new(false) });
        state.held = Some(Arc::clone(&held));
        Ok(held)
    }

    /// Asks until there is a token, or an answer that asking again does not change.
    async fn ask(&self, client: &Client) -> Result<Token, NoToken> {
        let url = match &self.token_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("{}{TOKEN_PATH}", client.origin()))
                .map_err(|error| NoAnswer::Credentials(format!("the token endpoint has no valid URL: {error}")))?,
        };
        let (mut challenged, mut retries, mut connection) = (false, RateLimitRetries::default(), Connection::Kept);
        loop {
            let answer = client.answer(self.request(client, connection, &url)?).await;
            let answer = answer
                .map_err(|fault| NoAnswer::Credentials(format!("no answer from the token endpoint {url}: {fault}")))?;
            if answer.closes_an_idle_connection() && connection == Connection::Kept {
                connection = Connection::New;
                continue;
            }
            let nonce = self.proof_key.as_ref().is_some_and(|key| key.note_nonce(Place::TokenEndpoint, &answer));
            if answer.status == 200 {
                return Ok(Token::read(&answer, self.proof_key.is_some(), client.redactor())?);
            }
            let refusal = Refusal::read(&answer);
            if refusal.code == "use_dpop_nonce" && nonce && !challenged {
                // RFC 9449 section 8: the same request again, with the nonce that came with the refusal.
                challenged = true;
            } else if let Some(pause) = retries.pause(&answer) {
                tokio::time::sleep(pause).await;
            } else {
                let fault = NoAnswer::Credentials(refusal.message(self.proof_key.is_some(), client.redactor()));
                return Err(NoToken { fault, is_final: refusal.is_final() });
            }
        }
    }

    /// One request for a token. Its assertion and its proof are good for one use, so each request has its own.
    fn request(&self, client: &Client, connection: Connection, url: &Url) -> Result<RequestBuilder, NoAnswer> {
        let mut fields = vec![("grant_type", "client_credentials".to_owned())];
        if !self.scopes.is_empty() {
            fields.push(("scope", self.scopes.join(" ")));
        }
        let mut builder = client.post(connection, url).header("accept", "application/json");
        match &self.auth {
            ClientAuth::PrivateKeyJwt { key, key_id } => {
                let assertion = self.assertion(key, key_id.as_ref(), url).ok_or_else(cannot_sign)?;
                client.redactor().learn([assertion.as_str()]);
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                fields.push(("client_assertion_type", kind.to_owned()));
                fields.push(("client_assertion", assertion));
            }
            ClientAuth::Secret(secret) => {
                builder = builder
                    .header("authorization", format!("Basic {}", basic(&self.client_id, secret.expose_secret())));
            }
        }
        if let Some(key) = &self.proof_key {
            let proof = key.proof(Place::TokenEndpoint, "POST", url, None).ok_or_else(cannot_sign)?;
            builder = builder.header("dpop", proof);
        }
        Ok(builder.form(&fields))
    }

    /// RFC 7523 section 3: who says it, about whom, to whom, until when.
    fn assertion(&self, key: &PrivateKey, key_id: Option<&String>, url: &Url) -> Option<String> {
        let mut header = json!({ "alg": key.signer.algorithm().name(), "typ": "JWT" });
        if let Some(id) = key_id.or(key.id.as_ref()) {
            header["kid"] = id.as_str().into();
        }
        let now = chrono::Utc::now().timestamp();
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": url.as_str(),
            "iat": now, "exp": now + ASSERTION_SECONDS, "jti": unique(),
        });
        key.signer.sign(&header, &claims)
    }
}

impl State {
    /// Notes that there is no token, so that nobody asks again too soon.
    fn deny(&mut self, none: NoToken) -> NoAnswer {
        let before = self.denied.as_ref().map(|denied| denied.rest * 2);
        let rest = before.unwrap_or(FLOOR).min(LONGEST_REST);
        let again = (!none.is_final).then(|| Instant::now() + rest);
        self.denied = Some(Denied { fault: none.fault.clone(), again, rest });
        none.fault
    }
}

/// Why there is no token, and whether asking again is in vain.
struct NoToken {
    fault: NoAnswer,
    is_final: bool,
}

impl NoToken {
    fn for_ever(fault: NoAnswer) -> Self {
        Self { fault, is_final: true }
    }
}

impl From<NoAnswer> for NoToken {
    fn from(fault: NoAnswer) -> Self {
        Self { fault, is_final: false }
    }
}

fn expiry(reason: &str) -> String {
    format!("the token is to be used when it has expired, and {reason}")
}

fn cannot_sign() -> NoAnswer {
    NoAnswer::Credentials("the client's key cannot sign".to_owned())
}

/// RFC 6749 section 2.3.1: name and secret as a form has them, then as RFC 7617 says.
fn basic(client_id: &str, secret: &str) -> String {
    STANDARD.encode(format!("{}:{}", form(client_id), form(secret)))
}

pub(super) fn form(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace("%20", "+")
}
