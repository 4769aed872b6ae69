//! An app of the state: a client of the authorization servers, and how it may get tokens. Owns the form only.

use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An app: a client that authorization servers give tokens to.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct App {
    /// The client id.
    pub client_id: String,
    /// `app.id` of expressions; the client id if it is left out, as it is for real apps.
    #[serde(default)]
    pub id: Option<String>,
    /// What it is called; the client id if it is left out.
    #[serde(default)]
    pub name: Option<String>,
    /// How it authenticates; nothing else works for it. `client_secret_basic` if it is left out.
    #[serde(default)]
    pub token_endpoint_auth_method: AuthenticationMethod,
    /// Needed for the three methods with a secret; at least 32 characters for `client_secret_jwt`.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Needed for `private_key_jwt`: public keys, RSA or on the curves P-256, P-384 and P-521.
    #[serde(default)]
    pub jwks: Option<JwkSet>,
    /// `client_credentials` if they are left out.
    #[serde(default)]
    pub grant_types: Option<Vec<GrantType>>,
    /// If it is left out: `service` for an app that has no grants but `client_credentials` and token exchange, and else `web`.
    #[serde(default)]
    pub application_type: Option<ApplicationType>,
    /// Where `/authorize` may send answers to; compared character by character.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where `/logout` may send a browser to.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether it gets no token without a `DPoP` proof (RFC 9449).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// What becomes of its refresh tokens when they are used.
    #[serde(default)]
    pub refresh_token: Option<Rotation>,
    /// The origins of its pages, for CORS.
    #[serde(default)]
    pub trusted_origins: Vec<String>,
    /// `app.profile` of expressions.
    #[serde(default)]
    pub profile: Map<String, Value>,
    /// An INACTIVE app gets no tokens, and those that it has are not good.
    #[serde(default)]
    pub status: Status,
    /// The ids of the users that it is assigned to; all users if it is left out.
    #[serde(default)]
    pub assigned_users: Option<Vec<String>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret stays out, so that settings can be logged.
        f.debug_struct("App").field("client_id", &self.client_id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// How a client proves who it is (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values are those of the API")]
pub enum AuthenticationMethod {
    /// Docs: what a new client has.
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    None,
}

/// What a client may be given a token for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values are those of the API")]
pub enum GrantType {
    AuthorizationCode,
    Implicit,
    RefreshToken,
    Password,
    ClientCredentials,
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// As the API and the parameters of requests name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            GrantType::AuthorizationCode => "authorization_code",
            GrantType::Implicit => "implicit",
            GrantType::RefreshToken => "refresh_token",
            GrantType::Password => "password",
            GrantType::ClientCredentials => "client_credentials",
            GrantType::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            GrantType::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// What kind of program a client is (spec).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values are those of the API")]
pub enum ApplicationType {
    Web,
    Browser,
    Native,
    Service,
}

/// What becomes of refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// Whether each use gives a new one.
    pub rotation_type: RotationType,
    /// For how many seconds the old one works on; 30 if it is left out.
    #[serde(default = "Rotation::leeway")]
    pub leeway: u32,
}

impl Rotation {
    /// Docs: 0 to 60 seconds, and 30 if nothing is said.
    fn leeway() -> u32 {
        30
    }

    /// Docs: the tokens of single-page apps rotate, and those of others do not.
    pub(crate) fn of(kind: ApplicationType) -> Rotation {
        let rotation_type = match kind {
            ApplicationType::Browser => RotationType::Rotate,
            ApplicationType::Web | ApplicationType::Native | ApplicationType::Service => RotationType::Static,
        };
        Rotation { rotation_type, leeway: Rotation::leeway() }
    }
}

/// Whether a use of a refresh token gives a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the values are those of the API")]
pub enum RotationType {
    Rotate,
    Static,
}

/// Whether an app or a user can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the values are those of the API")]
pub enum Status {
    #[default]
    Active,
    Inactive,
}
