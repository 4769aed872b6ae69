//! Opening a target: the embedded mock, started on a free port for this run, or one that is reached over the network.
//!
//! The only place that knows both the harness and the mock; they meet over TCP. What can be told of a target before it is opened is
//! `located`'s.

mod located;
mod org;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use chrono::NaiveDate;
pub use located::Located;
pub use okta_mock::{Fault, FaultKind, faults};
use okta_mock::{Mock, Settings, StartError, Token, TokenKind, UnknownPaths};
pub use org::{StateError, StateFile};
use secrecy::SecretString;

use crate::{
    http::{Client, ClientError, Credential, Limits, Network},
    run::Target,
    secret::Redactor,
    settings::{SettingsError, complete},
};

/// Reading and writing, as Okta's scopes name them.
const READ: &str = "okta.authorizationServers.read";
const MANAGE: &str = "okta.authorizationServers.manage";

/// What the embedded mock is able to; it lacks what only another kind of org has.
const MOCK_CAPABILITIES: [&str; 7] = [
    "oauth-scopes",
    "exhaustible-rate-limit",
    "default-server-writable",
    "associated-servers",
    "resource-server-keys",
    "refresh-tokens",
    "revocable-refresh-tokens",
];

/// What the embedded mock is able to as an org without the feature.
const UNLICENSED_CAPABILITIES: [&str; 1] = ["no-api-access-management"];

/// What kind of org the embedded mock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrgKind {
    /// One with the API Access Management feature.
    Licensed,
    /// One without it.
    Unlicensed,
}

impl OrgKind {
    /// The capabilities that the mock has as such an org.
    pub fn capabilities(self) -> &'static [&'static str] {
        match self {
            Self::Licensed => &MOCK_CAPABILITIES,
            Self::Unlicensed => &UNLICENSED_CAPABILITIES,
        }
    }
}

/// How the embedded mock is called.
const MOCK: &str = "mock";

/// What names begin with unless the settings say otherwise.
const PREFIX: &str = "okc";

/// A target that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Wrong settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Not a URL.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A state that cannot be planted.
    #[error(transparent)]
    State(#[from] StateError),
    /// No free port, and the like.
    #[error("cannot start the mock")]
    Mock(#[source] StartError),
}

/// A target ready to be used, with what is to be kept secret about it.
#[derive(Debug)]
pub struct Opened {
    /// The target.
    pub target: Target,
    /// Knows its secrets.
    pub redactor: Redactor,
    /// What the names of everything that is made there begin with.
    pub prefix: String,
    /// The part of its rate limits that is left to others, where the settings say it.
    pub rate_share: Option<f64>,
    /// The embedded mock, on a thread of its own, so that it and the run do not wait for each other's work; stops when this is dropped.
    mock: Option<Mock>,
}

impl Opened {
    /// Opens `mock`, a URL, or the name of a target in the settings file.
    ///
    /// # Errors
    /// Wrong settings, or a mock that cannot start.
    pub fn open(target: &str, settings: Option<&Path>, limits: Limits) -> Result<Self, OpenError> {
        Located::find(target, settings)?.open(limits)
    }

    /// Opens the embedded mock; its org holds the groups and users with these identifiers from the start, and it behaves as of that day.
    ///
    /// # Errors
    /// A mock that cannot start.
    pub fn mock_holding(limits: Limits, ids: &BTreeSet<String>, as_of: Option<NaiveDate>) -> Result<Self, OpenError> {
        let mock = Settings { state: Some(org::with_people(org::of_run()?, ids)), as_of, ..Settings::default() };
        Self::embedded(limits, OrgKind::Licensed, mock)
    }

    /// Whether the target is the embedded mock.
    pub fn is_mock(&self) -> bool {
        self.mock.is_some()
    }

    /// Opens the embedded mock with faults, as an org of this kind. It behaves the same each time, whatever the hour.
    ///
    /// # Errors
    /// A mock that cannot start.
    pub fn mock_with(kind: OrgKind, faults: Vec<Fault>, limits: Limits) -> Result<Self, OpenError> {
        let mock = Settings { state: Some(org::of_run()?), seed: Some(1), faults, ..Settings::default() };
        Self::embedded(limits, kind, mock)
    }

    fn embedded(limits: Limits, kind: OrgKind, mock: Settings) -> Result<Self, OpenError> {
        let tokens = mock_tokens();
        let mock = Mock::start_blocking(Settings {
            tokens: tokens.values().cloned().collect(),
            // Nobody shares it, so nothing is gained by being polite to it.
            rate_limit: 10_000_000,
            api_access_management: kind == OrgKind::Licensed,
            built_in_keys: true,
            // It stands for the service, whose cases ask for what another API has.
            unknown_paths: UnknownPaths::NotFound,
            ..mock
        })
        .map_err(OpenError::Mock)?;
        let mut credentials: BTreeMap<String, Credential> =
            tokens.into_iter().map(|(name, token)| (name, credential(token))).collect();
        complete(&mut credentials);
        let redactor = Redactor::default();
        let principals = credentials.keys().cloned().collect();
        let client = Client::new(&mock.url(), credentials, limits, &Network::default(), &redactor)?;
        let capabilities = kind.capabilities().iter().map(|&name| name.to_owned()).collect();
        let target = Target { name: MOCK.to_owned(), client, principals, capabilities };
        Ok(Self { target, redactor, prefix: PREFIX.to_owned(), rate_share: None, mock: Some(mock) })
    }
}

fn credential(token: Token) -> Credential {
    let value = SecretString::from(token.value);
    match token.kind {
        TokenKind::Ssws { .. } => Credential::Ssws(value),
        TokenKind::Bearer { .. } => Credential::Bearer(value),
    }
}

/// One token a role; the values are secrets of this process, so that nothing else on the machine can use the mock by chance.
fn mock_tokens() -> BTreeMap<String, Token> {
    let scopes = |list: &[&str]| TokenKind::Bearer { scopes: list.iter().map(|&scope| scope.to_owned()).collect() };
    let roles = [
        ("admin", TokenKind::Ssws { read_only: false }, None, false),
        ("manager", scopes(&[READ, MANAGE]), None, false),
        ("reader", scopes(&[READ]), None, false),
        ("no-scope", scopes(&[]), None, false),
        ("expired-token", scopes(&[READ, MANAGE]), None, true),
        ("rate-limited", scopes(&[READ, MANAGE]), Some(20), false),
    ];
    let token = |(name, kind, rate_limit, expired): (&str, TokenKind, Option<u32>, bool)| {
        let value = format!("{name}-{:016x}{:016x}", rand::random::<u64>(), rand::random::<u64>());
        (name.to_owned(), Token { value, kind, rate_limit, expired })
    };
    roles.into_iter().map(token).collect()
}

/// Who can speak to the embedded mock.
fn mock_principals() -> BTreeSet<String> {
    mock_tokens().into_keys().chain(["anonymous", "invalid-token"].map(str::to_owned)).collect()
}
