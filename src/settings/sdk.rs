//! What Okta's own SDKs read: variables that begin with `OKTA_CLIENT_`, and `~/.okta/okta.yaml` below them.

use secrecy::SecretString;

use super::{
    environment,
    file::{AuthEntry, ClientEntry, Login},
    origin::SecretFrom,
};
use crate::{
    diagnostic::Source,
    http::parse_origin,
    yaml::{Data, Node, parse},
};

/// The settings of one of the two places.
#[derive(Debug, Default, Clone)]
pub(super) struct Sdk {
    pub(super) url: Option<String>,
    pub(super) token: Option<String>,
    pub(super) client_id: Option<String>,
    /// PEM or JWK, or the path of a file that holds one.
    pub(super) private_key: Option<String>,
    pub(super) key_id: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) mode: Option<String>,
}

impl Sdk {
    /// The variables.
    pub(super) fn environment() -> Self {
        Self::read(|name| environment::variable(&format!("OKTA_CLIENT_{}", name.to_uppercase())))
    }

    /// The file; one that cannot be read is not ours to refuse, so it is told as a warning.
    pub(super) fn file(warnings: &mut Vec<String>) -> Self {
        let Some(path) = environment::home().map(|home| home.join(".okta/okta.yaml")) else { return Self::default() };
        let Ok(text) = crate::file::text(&path, super::MAX_FILE) else { return Self::default() };
        let root = match parse(&Source::new("~/.okta/okta.yaml", text)) {
            Ok(root) => root,
            Err(diagnostic) => {
                // Without the line, which may hold a secret.
                warnings.push(format!("{diagnostic}; the file is not used"));
                return Self::default();
            }
        };
        let client = root.get("okta").and_then(|okta| okta.get("client"));
        Self::read(|name| client.and_then(|client| client.get(name)).and_then(text_of))
    }

    /// By the names of the file's keys, which are those of the variables in another case.
    fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        let scopes = value("scopes").unwrap_or_default();
        Self {
            url: value("orgUrl").map(|url| url.trim_end_matches('/').to_owned()),
            token: value("token"),
            client_id: value("clientId"),
            private_key: value("privateKey"),
            // The SDKs do not agree on its name.
            key_id: ["privateKeyId", "keyId", "kid"].into_iter().find_map(&value),
            scopes: scopes.split([',', ' ', '\n']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            mode: value("authorizationMode"),
        }
    }

    /// Whether what stands here may be sent to this target: credentials that come with an org go to that org alone.
    pub(super) fn is_for(&self, url: &str) -> bool {
        let origin = |url: &str| parse_origin(url).ok().map(|url| url.origin());
        self.url.as_deref().is_none_or(|own| origin(own).is_some_and(|own| origin(url) == Some(own)))
    }

    /// How whoever the SDKs speak for shows who it is. A key that lies in a file is not read here.
    pub(super) fn login(self) -> Option<Login> {
        let mode = self.mode.as_deref().unwrap_or_default().to_ascii_lowercase();
        let token = self.token.map(|token| SecretFrom::Literal(SecretString::from(token)));
        match (mode.as_str(), token, self.client_id, self.private_key) {
            ("bearer", token, ..) => token.map(Login::Bearer),
            ("" | "ssws", Some(token), ..) => Some(Login::Ssws(token)),
            ("" | "privatekey", _, Some(id), Some(key)) => {
                let stands_here = key.contains("-----BEGIN ") || key.trim_start().starts_with('{');
                let from = if stands_here { SecretFrom::Literal(key.into()) } else { SecretFrom::File(key.into()) };
                let auth = AuthEntry::PrivateKey { from, key_id: self.key_id };
                let client =
                    ClientEntry { id, auth, scopes: self.scopes, dpop: false, expired: false, token_url: None };
                Some(Login::Client(Box::new(client)))
            }
            _ => None,
        }
    }

    /// With what is missing taken from another place.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            url: self.url.or(below.url),
            token: self.token.or(below.token),
            client_id: self.client_id.or(below.client_id),
            private_key: self.private_key.or(below.private_key),
            key_id: self.key_id.or(below.key_id),
            scopes: if self.scopes.is_empty() { below.scopes } else { self.scopes },
            mode: self.mode.or(below.mode),
        }
    }
}

fn text_of(node: &Node) -> Option<String> {
    match &node.data {
        Data::Text(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Data::List(items) => Some(items.iter().filter_map(text_of).collect::<Vec<_>>().join(" ")),
        // A JWK may be written as a map.
        Data::Map(_) => Some(node.to_json().to_string()),
        Data::Null | Data::Bool(_) | Data::Number(_) => None,
    }
}
