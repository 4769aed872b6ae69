//! The OAuth clients and users of the embedded mock: one client for each way to authenticate. Their secrets are of this process, the key of
//! one apart.
//!
//! What each is for is in the vocabulary of the suite.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use okta_mock::State;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::org::StateError;
use crate::http::{ClientMethod, NoAnswer, OAuthClient, PrivateKey, User};

/// Where the clients that sign users in let the answers be sent, and where they let users go who sign out.
const REDIRECT: &str = "https://app.example.com/callback";
const SIGNED_OUT: &str = "https://app.example.com/";

/// What a client of the mock is like.
struct Client {
    name: &'static str,
    method: ClientMethod,
    dpop: bool,
    grants: &'static [&'static str],
}

const CLIENT_CREDENTIALS: &[&str] = &["client_credentials"];

const CLIENTS: [Client; 8] = [
    Client::with_secret("token-client", ClientMethod::ClientSecretBasic),
    Client::with_secret("other-client", ClientMethod::ClientSecretBasic),
    Client::with_secret("post-client", ClientMethod::ClientSecretPost),
    Client::with_secret("secret-jwt-client", ClientMethod::ClientSecretJwt),
    Client::with_secret("key-client", ClientMethod::PrivateKeyJwt),
    Client { dpop: true, ..Client::with_secret("dpop-client", ClientMethod::ClientSecretBasic) },
    Client {
        grants: &["authorization_code", "refresh_token"],
        ..Client::with_secret("public-client", ClientMethod::None)
    },
    Client {
        grants: &["password", "authorization_code", "refresh_token", "client_credentials"],
        ..Client::with_secret("user-client", ClientMethod::ClientSecretBasic)
    },
];

const USERS: [&str; 2] = ["user", "other-user"];

impl Client {
    const fn with_secret(name: &'static str, method: ClientMethod) -> Self {
        Self { name, method, dpop: false, grants: CLIENT_CREDENTIALS }
    }
}

/// The names of the clients.
pub(super) fn client_names() -> BTreeSet<String> {
    CLIENTS.iter().map(|client| client.name.to_owned()).collect()
}

/// The names of the users.
pub(super) fn user_names() -> BTreeSet<String> {
    USERS.iter().map(|name| (*name).to_owned()).collect()
}

/// What the mock is planted with.
#[derive(Default)]
pub(super) struct Planted {
    pub(super) clients: BTreeMap<String, OAuthClient>,
    pub(super) users: BTreeMap<String, User>,
    /// The same as the state of a mock has it.
    apps: Vec<Value>,
    people: Vec<Value>,
}

impl Planted {
    /// New secrets.
    pub(super) fn new() -> Result<Self, NoAnswer> {
        let mut planted = Self::default();
        for client in &CLIENTS {
            planted.add(client)?;
        }
        for name in USERS {
            let (login, password) = (format!("{name}@example.com"), secret());
            planted.people.push(json!({
                "id": id("00u", name), "login": login, "firstName": "Okta", "lastName": "Conformance",
                "password": password.expose_secret(),
            }));
            planted.users.insert(name.to_owned(), User { login, password });
        }
        Ok(planted)
    }

    fn add(&mut self, client: &Client) -> Result<(), NoAnswer> {
        let Client { name, method, dpop, grants } = *client;
        let id = id("0oa", name);
        let method_name: &str = method.into();
        let mut app = json!({
            "clientId": id, "name": name, "tokenEndpointAuthMethod": method_name, "grantTypes": grants,
            "dpopBoundAccessTokens": dpop,
        });
        if grants.contains(&"authorization_code") {
            app["redirectUris"] = json!([REDIRECT]);
            app["postLogoutRedirectUris"] = json!([SIGNED_OUT]);
        }
        let (mut own, mut key) = (None, None);
        match method {
            ClientMethod::PrivateKeyJwt => {
                let (private, public) = signing_key()?;
                app["jwks"] = json!({ "keys": [public] });
                key = Some(Arc::clone(private));
            }
            // A page, so that its refresh tokens rotate.
            ClientMethod::None => app["applicationType"] = "browser".into(),
            ClientMethod::ClientSecretBasic | ClientMethod::ClientSecretPost | ClientMethod::ClientSecretJwt => {
                let secret = secret();
                app["clientSecret"] = secret.expose_secret().into();
                own = Some(secret);
            }
        }
        self.apps.push(app);
        self.clients.insert(name.to_owned(), OAuthClient::new(id, method, own, key)?.dpop(dpop));
        Ok(())
    }

    /// Adds clients and users to what an org holds; the first user is signed in.
    ///
    /// # Errors
    /// None, as a run shows: the names are of this file.
    pub(super) fn plant(&self, mut state: State) -> Result<State, StateError> {
        let text = json!({ "apps": self.apps, "users": self.people }).to_string();
        let more = super::org::read(&text)?;
        // A recording may speak of them too.
        state.users.retain(|user| more.users.iter().all(|own| own.id != user.id));
        state.apps.extend(more.apps);
        state.users.extend(more.users);
        state.login = state.login.or_else(|| Some(id("00u", USERS[0])));
        Ok(state)
    }
}

/// The key of `key-client`. It protects nothing: the mock of this process alone knows it. A new one would take longer than two hundred requests.
const SIGNING_KEY: &[u8] = include_bytes!("key-client.der");

/// Read once a process.
fn signing_key() -> Result<&'static (Arc<PrivateKey>, Value), NoAnswer> {
    static KEY: OnceLock<Option<(Arc<PrivateKey>, Value)>> = OnceLock::new();
    let read = || PrivateKey::pkcs1("key-client", SIGNING_KEY).map(|(key, public)| (Arc::new(key), public));
    KEY.get_or_init(read).as_ref().ok_or_else(|| NoAnswer::Credentials("cannot read a key".to_owned()))
}

/// An identifier as the service has them: of twenty letters and digits.
fn id(kind: &str, name: &str) -> String {
    format!("{kind}{:0<17}", name.replace('-', ""))
}

/// Longer than the 32 characters that a secret for assertions must have.
fn secret() -> SecretString {
    SecretString::from(format!("S{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()))
}
