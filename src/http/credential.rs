//! Who speaks to a target: what a principal shows, and what can be told of principals by it.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{Client, ClientCredentials, NoAnswer};

/// How a principal shows who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// No `Authorization` header.
    Anonymous,
    /// An API token of Okta, sent as `SSWS <token>`.
    Ssws(SecretString),
    /// An access token (RFC 6750).
    Bearer(SecretString),
    /// A client that fetches access tokens.
    ClientCredentials(Arc<ClientCredentials>),
}

impl Credential {
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::Anonymous | Self::ClientCredentials(_) => None,
            Self::Ssws(token) => Some(format!("SSWS {}", token.expose_secret())),
            Self::Bearer(token) => Some(format!("Bearer {}", token.expose_secret())),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let same = |one: &SecretString, other: &SecretString| one.expose_secret() == other.expose_secret();
        match self {
            Self::Anonymous => false,
            Self::Ssws(token) => matches!(other, Self::Ssws(other) if same(token, other)),
            Self::Bearer(token) => matches!(other, Self::Bearer(other) if same(token, other)),
            Self::ClientCredentials(client) => {
                matches!(other, Self::ClientCredentials(other) if Arc::ptr_eq(client, other))
            }
        }
    }

    /// What must not be written.
    pub(super) fn secrets(&self) -> Vec<String> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Ssws(token) | Self::Bearer(token) => vec![token.expose_secret().to_owned()],
            Self::ClientCredentials(client) => client.secrets(),
        }
    }
}

impl Client {
    /// Whether two principals show the target the same secret.
    pub(crate) fn same_credential(&self, one: &str, other: &str) -> bool {
        let credentials = self.principals.get(one).zip(self.principals.get(other));
        credentials.is_some_and(|(one, other)| one.is_same(other))
    }

    /// Who this principal is to the target: one name for all who show it the same secret.
    pub(crate) fn shown_as<'n>(&'n self, principal: &'n str) -> &'n str {
        self.principals.keys().find(|other| self.same_credential(principal, other)).map_or(principal, String::as_str)
    }

    /// Whether there are credentials for this principal.
    pub fn knows(&self, principal: &str) -> bool {
        self.principals.contains_key(principal)
    }

    /// Whether a principal sends an access token (RFC 6750), not a token of the vendor's own kind.
    pub(crate) fn has_access_token(&self, principal: &str) -> bool {
        matches!(self.principals.get(principal), Some(Credential::Bearer(_) | Credential::ClientCredentials(_)))
    }

    /// The client that fetches the tokens of a principal, if one does.
    pub(super) fn fetching(&self, principal: &str) -> Option<&ClientCredentials> {
        match self.principals.get(principal)? {
            Credential::ClientCredentials(client) => Some(client),
            Credential::Anonymous | Credential::Ssws(_) | Credential::Bearer(_) => None,
        }
    }

    /// Sees to it that a principal has its token, if that is fetched: also one that is to have expired, whose end is not waited for.
    ///
    /// # Errors
    /// No token.
    pub(crate) async fn fetch(&self, principal: &str) -> Result<(), NoAnswer> {
        let Some(client) = self.fetching(principal) else { return Ok(()) };
        client.fetch_first(self).await.map_err(|fault| fault.of(principal))
    }

    /// Why the token of a principal whose token is to have expired will not do so soon enough, if that is so.
    pub(crate) async fn outlives(&self, principal: &str) -> Option<String> {
        self.fetching(principal)?.outlives(self).await
    }

    /// The secret of a principal, for cases about credentials in another form.
    ///
    /// # Errors
    /// A token that has to be fetched, and cannot.
    pub(crate) async fn token(&self, principal: &str) -> Result<Option<String>, NoAnswer> {
        match self.principals.get(principal) {
            None | Some(Credential::Anonymous) => Ok(None),
            Some(Credential::Ssws(token) | Credential::Bearer(token)) => Ok(Some(token.expose_secret().to_owned())),
            Some(Credential::ClientCredentials(client)) => {
                Box::pin(client.value(self)).await.map(Some).map_err(|fault| fault.of(principal))
            }
        }
    }
}
