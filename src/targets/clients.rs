//! The OAuth clients and users of the embedded mock: one client for each way to authenticate. Their secrets are of this process.
//!
//! What they are for is in the vocabulary of the suite; how the mock has them is its state.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

use crate::http::{ClientMethod, NoAnswer, OAuthClient, User};

/// Name, method and whether it proves that it has its key.
const CLIENTS: [(&str, ClientMethod, bool); 8] = [
    ("token-client", ClientMethod::ClientSecretBasic, false),
    ("other-client", ClientMethod::ClientSecretBasic, false),
    ("post-client", ClientMethod::ClientSecretPost, false),
    ("secret-jwt-client", ClientMethod::ClientSecretJwt, false),
    ("key-client", ClientMethod::PrivateKeyJwt, false),
    ("dpop-client", ClientMethod::ClientSecretBasic, true),
    ("public-client", ClientMethod::None, false),
    ("user-client", ClientMethod::ClientSecretBasic, false),
];

const USERS: [&str; 2] = ["user", "other-user"];

/// What the mock is planted with.
pub(super) struct Planted {
    pub(super) clients: BTreeMap<String, OAuthClient>,
    pub(super) users: BTreeMap<String, User>,
}

/// The names of the clients.
pub(super) fn client_names() -> BTreeSet<String> {
    CLIENTS.iter().map(|(name, ..)| (*name).to_owned()).collect()
}

/// The names of the users.
pub(super) fn user_names() -> BTreeSet<String> {
    USERS.iter().map(|name| (*name).to_owned()).collect()
}

impl Planted {
    /// New secrets.
    pub(super) fn new() -> Result<Self, NoAnswer> {
        let mut clients = BTreeMap::new();
        for (name, method, dpop) in CLIENTS.into_iter().filter(|(_, method, _)| *method != ClientMethod::PrivateKeyJwt)
        {
            let client = OAuthClient::new(name, method, Some(secret()), None)?.dpop(dpop);
            clients.insert(name.to_owned(), client);
        }
        let user = |name: &str| (name.to_owned(), User { login: format!("{name}@example.com"), password: secret() });
        Ok(Self { clients, users: USERS.into_iter().map(user).collect() })
    }
}

/// Longer than the 32 characters that a secret for assertions must have.
fn secret() -> SecretString {
    SecretString::from(format!("S{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()))
}
