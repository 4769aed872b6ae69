//! What an org can hold to try the mock with: one client and one user. Owns their names.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    App, GrantType, Scope, Server, State, User,
    app::{ApplicationType, AuthenticationMethod, Status},
};

/// A state with a client that can have tokens of the default server, for itself and for a user.
#[derive(Clone)]
pub struct Example {
    /// The whole of it.
    pub state: State,
    /// Authenticates by `client_secret_basic`, and has the grants of a client alone, of a password and of refresh tokens.
    pub client_id: &'static str,
    /// Its secret.
    pub client_secret: String,
    /// A scope of the default server.
    pub scope: &'static str,
    /// Of the user, who is signed in.
    pub login: &'static str,
    /// For the password grant.
    pub password: String,
}

impl std::fmt::Debug for Example {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secrets stay out, so that it can be logged.
        f.debug_struct("Example").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A secret that is the same for the same seed, and else another each time.
fn secret(name: &str, seed: Option<u64>) -> String {
    let seed = seed.map_or_else(|| rand::random::<[u8; 16]>().to_vec(), |seed| seed.to_be_bytes().to_vec());
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &[name.as_bytes(), &seed].concat()))
}

impl Example {
    /// With secrets that follow from the seed, if there is one.
    pub fn new(seed: Option<u64>) -> Example {
        let (client_id, scope, login) = ("example-client", "example", "user@example.com");
        let (client_secret, password) = (secret("client", seed), secret("user", seed));
        let scopes = vec![Scope { name: Some(scope.to_owned()), ..Scope::default() }];
        let server = Server { id: Some(String::from("default")), scopes, ..Server::default() };
        let app = App {
            client_id: client_id.to_owned(),
            id: None,
            name: Some(String::from("Example client")),
            token_endpoint_auth_method: AuthenticationMethod::ClientSecretBasic,
            client_secret: Some(client_secret.clone()),
            jwks: None,
            grant_types: Some(vec![GrantType::ClientCredentials, GrantType::Password, GrantType::RefreshToken]),
            application_type: Some(ApplicationType::Native),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            dpop_bound_access_tokens: false,
            refresh_token: None,
            trusted_origins: Vec::new(),
            profile: serde_json::Map::new(),
            status: Status::Active,
            assigned_users: None,
        };
        let user = User {
            id: String::from("example-user"),
            login: Some(login.to_owned()),
            password: Some(password.clone()),
            first_name: Some(String::from("Example")),
            last_name: Some(String::from("User")),
            ..User::default()
        };
        let state = State {
            servers: vec![server],
            apps: vec![app],
            users: vec![user],
            login: Some(login.to_owned()),
            ..State::default()
        };
        Example { state, client_id, client_secret, scope, login, password }
    }
}
