//! What the mock can be told before it starts. Owns no behaviour.

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

#[cfg(feature = "faults")]
use super::fault::Fault;
use super::{
    mock::{Mock, StartError},
    start::State,
    unserved::UnknownPaths,
};

/// How the mock starts and what kind of org it is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// With a seed, ids, keys and the clock are deterministic: equal request sequences give equal bytes.
    pub seed: Option<u64>,
    /// Whether signing keys are taken from a few built-in pairs: making a pair takes a tenth of a second, and a run over many servers
    /// has no use for secret ones. With a seed they always are.
    pub built_in_keys: bool,
    /// The tokens that are let in. Without any, every management request is answered 401.
    pub tokens: Vec<Token>,
    /// How long the access tokens are good for that the token endpoint gives. Parts of a second do not count.
    pub token_lifetime: Duration,
    /// How long a nonce for `DPoP` proofs is to be used before there is another; at least a second.
    pub dpop_nonce_lifetime: Duration,
    /// Whether the API asks for a nonce too (RFC 9449 section 9). The vendor's own Node SDK sends none there, so by itself it does not.
    pub dpop_nonce_at_api: bool,
    /// Requests a minute in each rate limit bucket.
    pub rate_limit: u32,
    /// How long a window of the rate limit is, in whole seconds; the service's are a minute.
    pub rate_window: Duration,
    /// Whether the org has the API Access Management feature.
    pub api_access_management: bool,
    /// The `issuerMode` of servers that were created without one.
    pub issuer_mode: IssuerMode,
    /// The host, with its port, that issuers of servers with `CUSTOM_URL` name; without it the org's own.
    pub custom_domain: Option<String>,
    /// The day whose behaviour is shown, as far as recordings tell it; none is today. It is not a clock: times are those of now.
    pub as_of: Option<NaiveDate>,
    /// What the org holds at the start besides its default server.
    pub state: Option<State>,
    /// The login or id of the user who is signed in for `/authorize` and `/activate`, instead of the one that the state names.
    pub login: Option<String>,
    /// The changes of behaviour that the mock has.
    #[cfg(feature = "faults")]
    pub faults: Vec<Fault>,
    /// What is answered to a path that is not served.
    pub unknown_paths: UnknownPaths,
    /// The port, on the loopback interface, for tests that steer the mock: health, requests, reset and clock; 0 takes a free one.
    pub admin_port: Option<u16>,
    /// With it the mock speaks HTTPS and nothing else.
    #[cfg(feature = "tls")]
    pub tls: Option<Tls>,
    /// Added to each answer.
    pub latency: Duration,
    /// Request bodies larger than this many bytes are refused.
    pub body_limit: usize,
    /// How many of the latest requests [`Mock::requests`] tells.
    pub log: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: None,
            built_in_keys: false,
            tokens: Vec::new(),
            // Docs: one hour, and one day.
            token_lifetime: Duration::from_hours(1),
            dpop_nonce_lifetime: Duration::from_hours(24),
            dpop_nonce_at_api: false,
            rate_limit: 10_000,
            rate_window: super::limits::WINDOW,
            api_access_management: true,
            issuer_mode: IssuerMode::Dynamic,
            custom_domain: None,
            as_of: None,
            state: None,
            login: None,
            #[cfg(feature = "faults")]
            faults: Vec::new(),
            unknown_paths: UnknownPaths::NotImplemented,
            admin_port: None,
            #[cfg(feature = "tls")]
            tls: None,
            latency: Duration::ZERO,
            body_limit: 1024 * 1024,
            log: 0,
        }
    }
}

/// How the mock speaks HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg(feature = "tls")]
pub struct Tls {
    /// Names and addresses that clients use besides `localhost` and the loopback addresses.
    pub names: Vec<String>,
}

/// Which host the issuer of an authorization server names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IssuerMode {
    /// The org's own domain.
    OrgUrl,
    /// The domain that the request was sent to.
    Dynamic,
    /// The org's custom domain.
    CustomUrl,
}

/// A credential that the mock knows.
#[derive(Clone)]
pub struct Token {
    /// What the client sends after the scheme.
    pub value: String,
    /// Scheme and rights.
    pub kind: TokenKind,
    /// A budget of its own, smaller than the org's, in requests a minute.
    pub rate_limit: Option<u32>,
    /// Expired tokens are answered as unknown ones.
    pub expired: bool,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value stays out, so that settings can be logged.
        f.debug_struct("Token").field("kind", &self.kind).field("expired", &self.expired).finish_non_exhaustive()
    }
}

/// Scheme and rights of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKind {
    /// An API token, sent as `SSWS value`. It has the rights of the admin who made it.
    Ssws {
        /// True for a token of a read-only admin.
        read_only: bool,
    },
    /// An OAuth 2.0 access token, sent as `Bearer value`.
    Bearer {
        /// The granted scopes, such as `okta.authorizationServers.read`.
        scopes: BTreeSet<String>,
    },
}

impl Token {
    /// An API token with all rights.
    pub fn ssws(value: impl Into<String>) -> Token {
        Token { value: value.into(), kind: TokenKind::Ssws { read_only: false }, rate_limit: None, expired: false }
    }

    /// An access token with these scopes.
    pub fn bearer<S: Into<String>>(value: impl Into<String>, scopes: impl IntoIterator<Item = S>) -> Token {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Token { kind: TokenKind::Bearer { scopes }, ..Token::ssws(value) }
    }
}

/// How many requests a mock keeps that was built for a test.
const LOG: usize = 1_000;

/// Collects what a mock is told before it starts; what has no method here is in [`Settings`].
#[derive(Debug, Clone)]
#[must_use = "a mock is there once it was started"]
pub struct Builder {
    settings: Settings,
    yaml: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder { settings: Settings { log: LOG, ..Settings::default() }, yaml: None }
    }
}

impl Builder {
    /// Lets in an API token with all rights, sent as `Authorization: SSWS …`.
    pub fn token(self, value: impl Into<String>) -> Self {
        self.credential(Token::ssws(value))
    }

    /// Lets in an access token with these scopes, sent as `Authorization: Bearer …`.
    pub fn access_token<S: Into<String>>(self, value: impl Into<String>, scopes: impl IntoIterator<Item = S>) -> Self {
        self.credential(Token::bearer(value, scopes))
    }

    /// Lets in a token of any sort.
    pub fn credential(mut self, token: Token) -> Self {
        self.settings.tokens.push(token);
        self
    }

    /// What the org holds at the start, as YAML (see [`State`]).
    pub fn state(mut self, yaml: impl Into<String>) -> Self {
        self.yaml = Some(yaml.into());
        self
    }

    /// Who is signed in for `/authorize` and `/activate`: the login or id of a user of the state.
    pub fn login(mut self, user: impl Into<String>) -> Self {
        self.settings.login = Some(user.into());
        self
    }

    /// Makes identifiers, keys and times repeatable.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Requests a minute in each bucket.
    pub fn rate_limit(mut self, requests: u32) -> Self {
        self.settings.rate_limit = requests;
        self
    }

    /// Listens on this address instead of a free port of the loopback interface.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.settings.bind = address;
        self
    }

    /// What is answered to a path that is not served.
    pub fn unknown_paths(mut self, unknown: UnknownPaths) -> Self {
        self.settings.unknown_paths = unknown;
        self
    }

    /// Opens a port, on the loopback interface, for tests in another language that steer the mock; 0 takes a free one.
    pub fn admin_port(mut self, port: u16) -> Self {
        self.settings.admin_port = Some(port);
        self
    }

    /// Speaks HTTPS, as `localhost`, the loopback addresses and these names ([`Mock::authority`] is what clients have to trust).
    #[cfg(feature = "tls")]
    pub fn tls<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.settings.tls = Some(Tls { names: names.into_iter().map(Into::into).collect() });
        self
    }

    /// Gives the mock a change of behaviour.
    #[cfg(feature = "faults")]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.settings.faults.push(fault);
        self
    }

    /// All settings; changed, they go to [`Mock::start`].
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn settings(self) -> Result<Settings, StartError> {
        let state = self.yaml.as_deref().map(State::from_yaml).transpose()?;
        Ok(Settings { state, ..self.settings })
    }

    /// Starts the mock in the runtime that this is called in.
    ///
    /// # Errors
    /// A state that cannot be read or that contradicts itself, or no port that is free.
    pub async fn start(self) -> Result<Mock, StartError> {
        Mock::start(self.settings()?).await
    }

    /// Starts the mock on a thread of its own.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start_blocking(self) -> Result<Mock, StartError> {
        Mock::start_blocking(self.settings()?)
    }
}
