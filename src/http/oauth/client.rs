//! An OAuth client of the target, as cases use it: what it shows with one request, right or wrong on purpose. Nothing is kept from one request
//! to the next but nonces: every request has an assertion and a proof of its own.
//!
//! What a case wants of it is the plan's to read. A principal that is a client is [`super::ClientCredentials`].

use std::sync::Arc;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::{
    ASSERTION_SECONDS, basic, cannot_sign,
    dpop::{Place, ProofKey},
    form,
    jws::{SigningAlgorithm, base64url, hmac, unique},
    key::PrivateKey,
};
use crate::{
    duration,
    http::{Answer, Client, Exchange, NoAnswer, Outgoing, connection::Connection},
    secret::{Redactor, SHORTEST},
};

/// What all assertions, proofs and tokens begin with whose header begins with one of the three members that all of them have.
const BEGINNINGS: [&str; 3] = ["eyJhbGci", "eyJraWQi", "eyJ0eXAi"];

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client authenticates at the token endpoint (RFC 7591 section 2, `OpenID` Connect Core section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of RFC 7591 and OpenID Connect")]
pub enum ClientMethod {
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    None,
}

/// A client that the target knows.
#[derive(Debug)]
pub struct OAuthClient {
    id: String,
    method: ClientMethod,
    secret: Option<SecretString>,
    key: Option<Arc<PrivateKey>>,
    key_id: Option<String>,
    proof_key: ProofKey,
    dpop: bool,
}

/// Somebody whom the target knows.
#[derive(Debug, Clone)]
pub struct User {
    /// The name to sign in with.
    pub login: String,
    /// The password.
    pub password: SecretString,
}

/// What a case wants a client to show.
#[derive(Debug, Clone)]
pub(crate) struct AsClient {
    pub(crate) name: String,
    pub(crate) method: ShownBy,
    /// Another client ID.
    pub(crate) id: Option<String>,
    pub(crate) secret: ShownSecret,
    pub(crate) assertion: Assertion,
    pub(crate) proof: Proof,
    /// The parameters that the case itself sends.
    pub(crate) form: Vec<(String, String)>,
}

impl AsClient {
    /// A client that shows what is configured.
    pub(crate) fn proper(name: &str, form: Vec<(String, String)>) -> Self {
        Self {
            name: name.to_owned(),
            method: ShownBy::Own,
            id: None,
            secret: ShownSecret::Own,
            assertion: Assertion::Made(Changes::default()),
            proof: Proof::Own,
            form,
        }
    }

    /// Whether it is to be taken for itself.
    pub(crate) fn is_proper(&self) -> bool {
        let made = |changes: &Changes| changes.header.is_empty() && changes.claims.is_empty() && !changes.broken;
        self.method == ShownBy::Own
            && self.id.is_none()
            && self.secret == ShownSecret::Own
            && matches!(&self.assertion, Assertion::Made(changes) if made(changes))
    }
}

/// The secret of a client in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShownSecret {
    Own,
    Changed(OwnSecret),
    Given(String),
}

/// A secret that is nearly the client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum OwnSecret {
    /// Without its last character.
    Shortened,
    /// With one character more.
    Lengthened,
}

/// How a client authenticates in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShownBy {
    /// As it is configured.
    Own,
    Other(ClientMethod),
    /// Nothing is said of the client.
    Omitted,
}

/// The assertion of a client that authenticates by one.
#[derive(Debug, Clone)]
pub(crate) enum Assertion {
    Made(Changes),
    Given(String),
}

/// The proof of possession of a request (RFC 9449).
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// As the client is configured.
    Own,
    None,
    /// One without the nonce that the server may ask for.
    WithoutNonce,
    Made(Changes),
}

/// In what a signed object differs from a good one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) algorithm: Option<SigningAlgorithm>,
    /// Null leaves a member out.
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    /// Whether the signature is another one.
    pub(crate) broken: bool,
}

impl OAuthClient {
    /// A client with its secret, its key, or neither.
    ///
    /// # Errors
    /// A method that needs what is not given; no random numbers for a key of proofs.
    pub fn new(
        id: impl Into<String>,
        method: ClientMethod,
        secret: Option<SecretString>,
        key: Option<Arc<PrivateKey>>,
    ) -> Result<Self, NoAnswer> {
        let proof_key =
            ProofKey::new().ok_or_else(|| NoAnswer::Credentials("cannot create a key for DPoP proofs".to_owned()))?;
        Ok(Self { id: id.into(), method, secret, key, key_id: None, proof_key, dpop: false })
    }

    /// With the name under which the server knows its key.
    #[must_use]
    pub fn key_id(mut self, id: Option<String>) -> Self {
        self.key_id = id;
        self
    }

    /// With a proof of possession in each request.
    #[must_use]
    pub fn dpop(mut self, dpop: bool) -> Self {
        self.dpop = dpop;
        self
    }

    /// Its client ID.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The ways to show its secret that are not its own.
    pub(in crate::http) fn other_ways(&self) -> impl Iterator<Item = ClientMethod> {
        let by_secret = [ClientMethod::ClientSecretBasic, ClientMethod::ClientSecretPost];
        by_secret.into_iter().filter(|method| self.secret.is_some() && *method != self.method)
    }

    /// Lets `redactor` know what is secret from the start.
    pub(in crate::http) fn teach(&self, redactor: &Redactor) {
        if let Some(secret) = &self.secret {
            let secret = secret.expose_secret();
            redactor.learn([secret, form(secret).as_str(), basic(&self.id, secret).as_str()]);
        }
        if let Some(key) = &self.key {
            redactor.learn(key.secrets.iter().map(String::as_str));
        }
        for beginning in BEGINNINGS {
            redactor.learn_beginning(beginning);
        }
    }

    /// What a request carries beside what the case says: headers, parameters of the form.
    fn show(&self, shown: &AsClient, url: &Url, redactor: &Redactor) -> Result<Credentials, NoAnswer> {
        let id = shown.id.as_deref().unwrap_or(&self.id);
        let secret = || self.shown_secret(shown, redactor);
        let method = match shown.method {
            ShownBy::Own => self.method,
            ShownBy::Other(method) => method,
            ShownBy::Omitted => return Ok(Credentials::default()),
        };
        let mut credentials = Credentials::default();
        match method {
            ClientMethod::ClientSecretBasic => {
                let header = format!("Basic {}", basic(id, &secret()?));
                credentials.headers.push(("authorization", header));
            }
            ClientMethod::ClientSecretPost => {
                credentials.form.extend([("client_id", id.to_owned()), ("client_secret", secret()?)]);
            }
            ClientMethod::None => credentials.form.push(("client_id", id.to_owned())),
            ClientMethod::ClientSecretJwt | ClientMethod::PrivateKeyJwt => {
                let assertion = match &shown.assertion {
                    Assertion::Given(text) => text.clone(),
                    Assertion::Made(changes) if method == ClientMethod::PrivateKeyJwt => {
                        self.by_key(id, url, changes, &shown.name)?
                    }
                    Assertion::Made(changes) => {
                        let algorithm = changes.algorithm.unwrap_or(SigningAlgorithm::HS256);
                        let (header, claims) = assertion(id, url, algorithm, None, changes);
                        let secret = secret()?;
                        let sign = |message: &str| hmac(algorithm, secret.as_bytes(), message.as_bytes());
                        signed(&header, &claims, changes.broken, sign).ok_or_else(cannot_sign)?
                    }
                };
                // What a case writes itself is no secret, and may be a word.
                if matches!(shown.assertion, Assertion::Made(_)) {
                    learn(redactor, &assertion);
                }
                let kind = ASSERTION_TYPE.to_owned();
                credentials.form.extend([("client_assertion_type", kind), ("client_assertion", assertion)]);
            }
        }
        Ok(credentials)
    }

    fn shown_secret(&self, shown: &AsClient, redactor: &Redactor) -> Result<String, NoAnswer> {
        let none = || NoAnswer::Request(format!("the client `{}` has no secret", shown.name));
        let own = || self.secret.as_ref().map(|secret| secret.expose_secret().to_owned()).ok_or_else(none);
        let change = match &shown.secret {
            ShownSecret::Own => return own(),
            ShownSecret::Given(secret) => return Ok(secret.clone()),
            ShownSecret::Changed(change) => *change,
        };
        let mut secret = own()?;
        match change {
            OwnSecret::Shortened => _ = secret.pop(),
            OwnSecret::Lengthened => secret.push('x'),
        }
        if secret.len() < SHORTEST {
            return Err(NoAnswer::Request(format!(
                "the secret of the client `{}` is too short to be changed",
                shown.name
            )));
        }
        // It tells nearly all of the client's own.
        let id = shown.id.as_deref().unwrap_or(&self.id);
        redactor.learn([secret.as_str(), form(&secret).as_str(), basic(id, &secret).as_str()]);
        Ok(secret)
    }

    fn by_key(&self, id: &str, url: &Url, changes: &Changes, name: &str) -> Result<String, NoAnswer> {
        let no_key = || NoAnswer::Request(format!("the client `{name}` has no private key"));
        let key = self.key.as_ref().ok_or_else(no_key)?;
        let algorithm = changes.algorithm.unwrap_or(key.signer.algorithm());
        let key_id = self.key_id.as_ref().or(key.id.as_ref()).map(String::as_str);
        let (header, claims) = assertion(id, url, algorithm, key_id, changes);
        let sign = |message: &str| key.signer.signature(algorithm, message.as_bytes());
        signed(&header, &claims, changes.broken, sign).ok_or_else(cannot_sign)
    }

    /// The proof of a request, and whether another one is sent where a nonce is asked for.
    fn proof(&self, shown: &Proof, method: &str, url: &Url, redactor: &Redactor) -> Option<(String, bool)> {
        let (changes, nonce) = match shown {
            Proof::Own if self.dpop => (&Changes::default(), true),
            Proof::Own | Proof::None => return None,
            Proof::WithoutNonce => (&Changes::default(), false),
            Proof::Made(changes) => (changes, true),
        };
        let mut header = self.proof_key.header().clone();
        let mut claims = self.proof_key.claims(Place::TokenEndpoint, method, url, nonce);
        change(&mut header, &changes.header);
        change(&mut claims, &changes.claims);
        let sign = |message: &str| self.proof_key.signature(message.as_bytes());
        let proof = signed(&header, &claims, changes.broken, sign)?;
        learn(redactor, &proof);
        Some((proof, nonce && !changes.claims.contains_key("nonce")))
    }
}

/// What a client adds to a request.
#[derive(Default)]
struct Credentials {
    headers: Vec<(&'static str, String)>,
    form: Vec<(&'static str, String)>,
}

impl Client {
    /// Sends a request as a client; the exchange is the last one: where a nonce is asked for (RFC 9449 section 8), the request is sent again
    /// with it, once.
    pub(in crate::http) async fn send_as_client(
        &self,
        connection: Connection,
        mut outgoing: Outgoing,
        shown: &AsClient,
    ) -> Result<Exchange, NoAnswer> {
        let missing = || NoAnswer::Credentials(format!("there are no credentials for the client `{}`", shown.name));
        let client = self.clients.get(&shown.name).ok_or_else(missing)?;
        let mut url = Url::parse(&outgoing.url).map_err(|error| NoAnswer::Request(error.to_string()))?;
        url.set_query(None);
        url.set_fragment(None);
        let (mut again, own_proof) = (0, outgoing.sets("dpop"));
        if !outgoing.sets("content-type") {
            outgoing.headers.push(form_type());
        }
        loop {
            let mut credentials = client.show(shown, &url, self.redactor())?;
            let proof = client.proof(&shown.proof, &outgoing.method, &url, self.redactor()).filter(|_| !own_proof);
            let renewed = proof.as_ref().is_some_and(|(_, renewed)| *renewed);
            credentials.headers.extend(proof.map(|(proof, _)| ("dpop", proof)));
            credentials.form.retain(|(name, _)| !shown.form.iter().any(|(given, _)| given == name));
            let own = shown.form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let pairs = own.chain(credentials.form.iter().map(|(name, value)| (*name, value.as_str())));
            let outgoing = Outgoing { body: encoded(pairs), ..outgoing.clone() };
            let exchange = self.exchange(connection, outgoing, credentials.headers).await?;
            let nonce = client.proof_key.note_nonce(Place::TokenEndpoint, &exchange.answer);
            if renewed && nonce && again == 0 && asks_for_nonce(&exchange.answer) {
                again = 1;
                continue;
            }
            return Ok(Exchange { again, ..exchange });
        }
    }
}

/// Whether a token endpoint refused a request for the want of a nonce (RFC 9449 section 8).
fn asks_for_nonce(answer: &Answer) -> bool {
    let code = answer.json().ok().and_then(|body| body.get("error")?.as_str());
    matches!(answer.status, 400 | 401) && code == Some("use_dpop_nonce")
}

/// The header of a form.
pub(crate) fn form_type() -> (String, Option<Vec<String>>) {
    ("content-type".to_owned(), Some(vec!["application/x-www-form-urlencoded".to_owned()]))
}

/// Parameters as a form has them (RFC 6749 appendix B); none where there are none.
pub(crate) fn encoded<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Option<Vec<u8>> {
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{}={}", form(name), form(value))).collect();
    (!pairs.is_empty()).then(|| pairs.join("&").into_bytes())
}

/// A signed object is a secret for as long as it is good. Most begin as all do.
fn learn(redactor: &Redactor, token: &str) {
    if !BEGINNINGS.iter().any(|beginning| token.starts_with(beginning)) {
        redactor.learn([token]);
    }
}

/// Header and claims of an assertion (RFC 7523 section 3).
fn assertion(
    id: &str,
    url: &Url,
    algorithm: SigningAlgorithm,
    key_id: Option<&str>,
    changes: &Changes,
) -> (Value, Value) {
    let mut header = json!({ "alg": algorithm.name(), "typ": "JWT" });
    if let Some(id) = key_id {
        header["kid"] = id.into();
    }
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({
        "iss": id, "sub": id, "aud": url.as_str(), "iat": now, "exp": now + ASSERTION_SECONDS, "jti": unique(),
    });
    change(&mut header, &changes.header);
    change(&mut claims, &changes.claims);
    (header, claims)
}

/// Sets members; null leaves one out, and a time may be told from now.
fn change(object: &mut Value, changes: &Map<String, Value>) {
    let Some(members) = object.as_object_mut() else { return };
    for (name, value) in changes {
        match value {
            Value::Null => drop(members.remove(name)),
            Value::String(text) if matches!(name.as_str(), "exp" | "iat" | "nbf") => {
                let moment = from_now(text).map_or_else(|| value.clone(), Value::from);
                members.insert(name.clone(), moment);
            }
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
}

/// Seconds since 1970 of `+2h` or `-5m`.
fn from_now(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let seconds = i64::try_from(duration::parse(rest).ok()?.as_secs()).ok()?;
    let now = chrono::Utc::now().timestamp();
    match sign {
        "+" => now.checked_add(seconds),
        "-" => now.checked_sub(seconds),
        _ => None,
    }
}

/// Whether a text is a time from now.
pub(crate) fn is_from_now(text: &str) -> bool {
    from_now(text).is_some()
}

/// An object in compact form (RFC 7515 section 7.1).
fn signed(header: &Value, claims: &Value, broken: bool, sign: impl FnOnce(&str) -> Option<Vec<u8>>) -> Option<String> {
    let message = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let mut signature = sign(&message)?;
    if broken {
        *signature.first_mut()? ^= 1;
    }
    Some(format!("{message}.{}", base64url(signature)))
}
