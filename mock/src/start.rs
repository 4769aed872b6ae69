//! What an org may hold at the start, as a file says it. Owns the form only; putting it into the org is `plant`'s.
//!
//! Names and values are those of the API, so the children of a server look as they do in a request.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};

use self::reading::Reading;
pub use self::{
    app::{App, ApplicationType, AuthenticationMethod, GrantType, Rotation, RotationType, Status},
    example::Example,
    user::User,
};
pub use super::mistake::{Location, StateError};
use super::{
    mistake::{is_yaml, options},
    plant,
    settings::Settings,
    state::Org,
};

mod app;
mod example;
mod reading;
mod user;

/// Everything the org holds at the start besides its default server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct State {
    /// Authorization servers; the one with the id `default` adds to the default server.
    pub servers: Vec<Server>,
    /// Clients that refresh tokens can belong to.
    pub clients: Vec<Client>,
    /// Groups that rules can name.
    pub groups: Vec<Named>,
    /// Users that rules can name, refresh tokens can belong to, and tokens can be about.
    pub users: Vec<User>,
    /// Clients that the authorization servers give tokens to.
    pub apps: Vec<App>,
    /// The login or id of the user who is signed in, for `/authorize` and `/activate`, which have no page; nobody if it is left out.
    pub login: Option<String>,
    /// Refresh tokens.
    pub refresh_tokens: Vec<RefreshToken>,
    /// Apps that may ask the org for access tokens.
    pub service_apps: Vec<ServiceApp>,
    /// What it was read from.
    #[serde(skip)]
    pub(crate) text: String,
}

impl State {
    /// Reads a state. Whether it contradicts itself shows when a mock starts with it.
    ///
    /// # Errors
    /// A text that is not YAML, or not of the form of a state.
    pub fn from_yaml(text: &str) -> Result<State, StateError> {
        let state: State = serde_saphyr::from_str_with_options(text, options())
            .map_err(|error| StateError::unreadable(text, &error))?;
        Ok(State { text: text.to_owned(), ..state })
    }

    /// Whether a mock can start with it.
    ///
    /// # Errors
    /// A state that contradicts itself: the first of what [`State::mistakes`] tells.
    pub fn check(&self) -> Result<(), StateError> {
        plant::plant(&mut blank(), self.clone())
    }

    /// Everything that is wrong with a state, in the order of the text: what [`State::from_yaml`] and [`State::check`] refuse, and what they
    /// would refuse if that were put right. What follows from a member that cannot be read is not told.
    pub fn mistakes(text: &str) -> Vec<StateError> {
        let mut mistakes = match State::from_yaml(text) {
            Ok(state) => plant::judge(&mut blank(), state),
            // What is no YAML has no parts that could be read.
            Err(error) if !is_yaml(text) => vec![error],
            Err(error) => {
                let (state, reading) = Reading::of(text);
                let read = reading.mistakes;
                let is_spoilt = |place: &str| read.iter().any(|mistake| mistake.object() == place);
                let contradictions =
                    state.map(|state| plant::judge(&mut blank(), State { text: text.to_owned(), ..state }));
                let contradictions = contradictions.unwrap_or_default().into_iter();
                let contradictions: Vec<_> = contradictions.filter(|error| !is_spoilt(&error.place)).collect();
                if read.is_empty() { vec![error] } else { read.into_iter().chain(contradictions).collect() }
            }
        };
        mistakes.sort_by_key(|mistake| mistake.location.as_ref().map(|location| location.span.start));
        mistakes.dedup_by(|one, other| one.message == other.message && one.location == other.location);
        mistakes
    }
}

/// An org that a state can be tried with.
fn blank() -> Org {
    Org::new(&Settings { built_in_keys: true, ..Settings::default() })
}

/// An authorization server and its children.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Server {
    /// One is made if it is left out.
    pub id: Option<String>,
    /// When the server came into being; now if it is left out.
    pub created: Option<DateTime<Utc>>,
    /// When the signing key was last changed; when the server came into being if it is left out.
    pub last_rotated: Option<DateTime<Utc>>,
    /// The ids of the servers that this one trusts.
    pub associated: Vec<String>,
    /// Scopes besides those that every server has.
    pub scopes: Vec<Scope>,
    /// Claims besides those that every server has.
    pub claims: Vec<Claim>,
    /// Policies and their rules.
    pub policies: Vec<Policy>,
    /// Needed, but for the default server.
    pub name: Option<String>,
    /// Null if it is left out.
    pub description: Option<String>,
    /// Exactly one; needed, but for the default server.
    pub audiences: Option<Vec<String>>,
    /// `ORG_URL`, `CUSTOM_URL` or `DYNAMIC`.
    pub issuer_mode: Option<String>,
    /// `ACTIVE` or `INACTIVE`.
    pub status: Option<String>,
    /// `AUTO` or `MANUAL`.
    pub rotation_mode: Option<String>,
}

/// A scope, as a request has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the members are those of the API")]
pub struct Scope {
    #[serde(skip_serializing)]
    pub id: Option<String>,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub metadata_publish: Option<String>,
    pub consent: Option<String>,
    pub optional: Option<bool>,
    pub default: Option<bool>,
}

/// A claim, as a request has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the members are those of the API")]
pub struct Claim {
    #[serde(skip_serializing)]
    pub id: Option<String>,
    pub name: Option<String>,
    pub status: Option<String>,
    pub claim_type: Option<String>,
    pub value_type: Option<String>,
    pub value: Option<String>,
    #[serde(rename = "group_filter_type")]
    pub group_filter_type: Option<String>,
    pub always_include_in_token: Option<bool>,
    pub conditions: Option<serde_json::Value>,
}

/// A policy, as a request has it, and its rules.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the members are those of the API")]
pub struct Policy {
    #[serde(skip_serializing)]
    pub id: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub status: Option<String>,
    pub priority: Option<i64>,
    pub conditions: Option<serde_json::Value>,
    #[serde(skip_serializing)]
    pub rules: Vec<Rule>,
}

/// A rule, as a request has it; the type may be left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the members are those of the API")]
pub struct Rule {
    #[serde(skip_serializing)]
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: Option<String>,
    pub status: Option<String>,
    pub priority: Option<i64>,
    pub conditions: Option<serde_json::Value>,
    pub actions: Option<serde_json::Value>,
}

impl Default for Rule {
    fn default() -> Self {
        Rule {
            id: None,
            kind: String::from("RESOURCE_ACCESS"),
            name: None,
            status: None,
            priority: None,
            conditions: None,
            actions: None,
        }
    }
}

/// A client that refresh tokens can belong to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The client id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Where it is at home.
    #[serde(default)]
    pub client_uri: Option<String>,
    /// Its picture.
    #[serde(default)]
    pub logo_uri: Option<String>,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// How the API calls it.
    pub id: String,
    /// How people call it.
    pub name: String,
}

/// A refresh token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefreshToken {
    /// One is made if it is left out.
    #[serde(default)]
    pub id: Option<String>,
    /// The id of a client of the state.
    pub client: String,
    /// The id of a server of the state, or `default`.
    pub server: String,
    /// The id of a user of the state.
    pub user: String,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// Now if it is left out.
    #[serde(default)]
    pub created: Option<DateTime<Utc>>,
    /// Seven days after `created` if it is left out.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// An app that may ask the org for access tokens.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceApp {
    /// The client id.
    pub client_id: String,
    /// With it the app can authenticate by secret.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// With it the app can authenticate by a signed assertion (RS256 or ES256).
    #[serde(default)]
    pub jwks: Option<JwkSet>,
    /// The scopes that were granted to it.
    pub scopes: Vec<String>,
    /// Whether it gets no token without a `DPoP` proof (RFC 9449).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// How many seconds its tokens are good for; what the mock was told if it is left out.
    #[serde(default)]
    pub token_lifetime: Option<NonZeroU32>,
    /// A budget of its own, smaller than the org's, in requests a minute.
    #[serde(default)]
    pub rate_limit: Option<u32>,
}

impl std::fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out, so that settings can be logged.
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
