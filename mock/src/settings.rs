//! What the mock can be told before it starts. Owns no behaviour.

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{fault::Fault, start::State};

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
    /// The day whose behaviour is shown, as far as recordings tell it; none is today. It is not a clock: times are those of now.
    pub as_of: Option<NaiveDate>,
    /// What the org holds at the start besides its default server.
    pub state: Option<State>,
    /// The changes of behaviour that the mock has.
    pub faults: Vec<Fault>,
    /// Added to each answer.
    pub latency: Duration,
    /// Request bodies larger than this many bytes are refused.
    pub body_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: None,
            built_in_keys: false,
            tokens: Vec::new(),
            // Docs: one hour, and one day.
            token_lifetime: Duration::from_secs(3_600),
            dpop_nonce_lifetime: Duration::from_secs(86_400),
            dpop_nonce_at_api: false,
            rate_limit: 10_000,
            rate_window: super::limits::WINDOW,
            api_access_management: true,
            issuer_mode: IssuerMode::Dynamic,
            as_of: None,
            state: None,
            faults: Vec::new(),
            latency: Duration::ZERO,
            body_limit: 1024 * 1024,
        }
    }
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
