//! Reading what a principal shows who it is with: here secrets are fetched, and programs are run for them.
//!
//! What may stand in a settings file is `file`'s, where a secret comes from `origin`'s.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{
    SettingsError,
    file::{AuthEntry, ClientEntry, Login, OAuthClientEntry, UserEntry},
    origin::SecretFrom,
};
use crate::http::{ClientAuth, ClientCredentials, Credential, OAuthClient, PrivateKey, User};

/// What messages call the key that Okta's own SDKs read.
const SDK_KEY: &str = "private key of OKTA_CLIENT_PRIVATEKEY or ~/.okta/okta.yaml";

impl Login {
    /// Reads the credential of `principal`, whom Okta's own SDKs name, or a settings file.
    pub(super) fn read(&self, principal: &str, of_sdk: bool) -> Result<Credential, SettingsError> {
        let what = format!("token of the principal `{principal}`");
        match self {
            Self::Ssws(from) => token(from, what, "SSWS").map(Credential::Ssws),
            Self::Bearer(from) => token(from, what, "Bearer").map(Credential::Bearer),
            Self::Client(entry) => {
                entry.read(principal, of_sdk).map(|client| Credential::ClientCredentials(Arc::new(client)))
            }
        }
    }
}

/// Reads a token that is sent after the word `scheme`, which people copy with it from an example.
fn token(from: &SecretFrom, what: String, scheme: &'static str) -> Result<SecretString, SettingsError> {
    let token = from.read(&what)?;
    let copied = token.expose_secret().split_once(char::is_whitespace).is_some_and(|(word, _)| {
        let word = word.trim_end_matches(':');
        ["SSWS", "Bearer", "Authorization"].iter().any(|known| word.eq_ignore_ascii_case(known))
    });
    if copied { Err(SettingsError::Scheme(what, scheme)) } else { Ok(token) }
}

impl ClientEntry {
    fn read(&self, principal: &str, of_sdk: bool) -> Result<ClientCredentials, SettingsError> {
        let auth = match &self.auth {
            AuthEntry::PrivateKey { from, key_id } => {
                let what =
                    if of_sdk { SDK_KEY.to_owned() } else { format!("private key of the principal `{principal}`") };
                ClientAuth::PrivateKeyJwt { key: key_of(&from.read(&what)?, &what)?, key_id: key_id.clone() }
            }
            AuthEntry::Secret(from) => {
                ClientAuth::Secret(from.read(&format!("client secret of the principal `{principal}`"))?)
            }
        };
        let mut client = ClientCredentials::new(&self.id, auth, self.scopes.clone());
        if let Some(url) = &self.token_url {
            client = client.token_url(url.clone());
        }
        if self.expired {
            client = client.expired();
        }
        if self.dpop {
            client = client.dpop().map_err(|source| SettingsError::Client(principal.to_owned(), source))?;
        }
        Ok(client)
    }
}

impl OAuthClientEntry {
    /// Reads the secrets of the client `name` that cases may use.
    pub(super) fn read(&self, name: &str) -> Result<OAuthClient, SettingsError> {
        let secret = self.secret.as_ref().map(|from| from.read(&format!("client secret of the client `{name}`")));
        let key = self.key.as_ref().map(|from| {
            let what = format!("private key of the client `{name}`");
            key_of(&from.read(&what)?, &what).map(Arc::new)
        });
        let client = OAuthClient::new(&self.id, self.method, secret.transpose()?, key.transpose()?);
        let client = client.map_err(|source| SettingsError::Client(name.to_owned(), source))?;
        Ok(client.key_id(self.key_id.clone()).dpop(self.dpop))
    }
}

impl UserEntry {
    /// Reads the password of the user `name`.
    pub(super) fn read(&self, name: &str) -> Result<User, SettingsError> {
        let password = self.password.read(&format!("password of the user `{name}`"))?;
        Ok(User { login: self.login.clone(), password })
    }
}

fn key_of(text: &SecretString, what: &str) -> Result<PrivateKey, SettingsError> {
    PrivateKey::read(text.expose_secret()).map_err(|source| SettingsError::Key(what.to_owned(), source))
}
