//! What a command is to work with: targets, their principals and capabilities, from flags, environment and `okta-conformance.toml`.
//!
//! The only module that reads the environment or a settings file. Secrets stand in neither flags nor, if it can be helped, files. Flags
//! stand over our own variables, those over the settings file, and that over what Okta's own SDKs read.

mod environment;
mod file;
mod origin;
mod sdk;
mod shown;
mod tree;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::Arc,
    time::Duration,
};

pub use environment::{names_an_org, shard};
#[cfg(any(test, fuzzing))]
pub(crate) use file::check_text;
pub(crate) use file::{check, is_settings};
use secrecy::{ExposeSecret, SecretString};

pub use self::variables::{StandsFor, VARIABLES, Variable, unknown};
use self::{
    file::{AuthEntry, ClientEntry, Entry, Login},
    origin::SecretFrom,
    sdk::Sdk,
};
use crate::http::{ClientAuth, ClientCredentials, Credential, Fault, KeyError, Network, PrivateKey};

/// The settings file, looked for where the command is run.
pub const FILE: &str = "okta-conformance.toml";

/// Larger than any settings file or secret.
const MAX_FILE: u64 = 1024 * 1024;

/// Larger than any bundle of certificates.
const MAX_AUTHORITIES: u64 = 16 * 1024 * 1024;

/// The target that Okta's own SDKs are set up for.
const SDK_TARGET: &str = "org";

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The operating system's refusal.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Not TOML, or not of the form of settings.
    #[error("{path} cannot be used\n\n{mistakes}\n")]
    Mistakes {
        /// The file.
        path: String,
        /// Each with line and caret.
        mistakes: String,
    },
    /// A name that no target has.
    #[error("there is no target `{name}`: {hint}")]
    UnknownTarget {
        /// The name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// A target of which nothing says where it is.
    #[error("the target `{name}` has no `url`, and neither OKTA_CLIENT_ORGURL nor ~/.okta/okta.yaml names an org")]
    NoUrl {
        /// Its name.
        name: String,
    },
    /// A variable that a secret was to come from.
    #[error("the {what} is to come from the environment variable `{variable}`, which {state}")]
    Variable {
        /// Which secret.
        what: String,
        /// The variable.
        variable: String,
        /// What is wrong with it, to be read after "which".
        state: &'static str,
    },
    /// A command that a secret was to come from.
    #[error("the {what} is to come from the command `{program}`: {reason}")]
    Command {
        /// Which secret.
        what: String,
        /// The program, without its arguments.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// A text that is no private key.
    #[error("the {what} cannot be used")]
    Key {
        /// Which one.
        what: String,
        /// Why not.
        #[source]
        source: KeyError,
    },
    /// A client that cannot be set up.
    #[error("the client of the principal `{principal}` cannot be set up")]
    Client {
        /// Whose.
        principal: String,
        /// Why not.
        #[source]
        source: Fault,
    },
    /// A variable of ours whose value cannot be used.
    #[error("the environment variable {variable} cannot be used: it must be {form}\n  {remedy}")]
    Wrong {
        /// Its name.
        variable: &'static str,
        /// What its value must be.
        form: &'static str,
        /// What helps.
        remedy: String,
    },
    /// Variables of a CI system that name no shard.
    #[error("CI_NODE_INDEX (or JOB_COMPLETION_INDEX) of CI_NODE_TOTAL: {reason}")]
    Shard {
        /// What is wrong.
        reason: String,
    },
}

/// A target that is reached over the network.
#[derive(Debug, Default)]
pub struct TargetSettings {
    /// The name or URL that was given.
    pub name: String,
    /// Its origin.
    pub url: String,
    /// What it is able to.
    pub capabilities: BTreeSet<String>,
    /// Whether a variable, and not the settings file, says what it is able to.
    pub capabilities_by_variable: bool,
    /// Who can speak to it.
    pub principals: BTreeMap<String, Credential>,
    /// How it is reached.
    pub network: Network,
    /// The longest that a request may take, unless a flag says so.
    pub timeout: Option<Duration>,
    /// What the names of everything that is made begin with.
    pub prefix: Option<String>,
    /// The part of its rate limits that is left to others.
    pub rate_share: Option<f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl TargetSettings {
    /// Finds a target by its URL, or by its name in the settings file.
    ///
    /// # Errors
    /// A file that is wrong, a name that is not in it, a secret that is not there.
    pub fn find(target: &str, file: Option<&Path>) -> Result<Self, SettingsError> {
        let mut settings = file::read(file)?;
        let mut found = Self { name: target.to_owned(), ..Self::default() };
        found.network.proxies_around = environment::proxies();
        let sdk = [Sdk::environment(), Sdk::file(&mut found.warnings)];
        let org = || sdk.iter().find_map(|sdk| sdk.url.clone());
        let is_url = target.contains("://");
        let same = |url: &str| url.trim_end_matches('/') == target.trim_end_matches('/');
        let name = if is_url {
            settings
                .targets
                .iter()
                .find(|(_, entry)| entry.url.as_deref().is_some_and(same))
                .map(|(name, _)| name.clone())
        } else {
            settings.targets.contains_key(target).then(|| target.to_owned())
        };
        let entry = match name.as_ref().and_then(|name| settings.targets.remove(name)) {
            Some(entry) => {
                let warnings = name.as_ref().and_then(|name| settings.warnings.remove(name));
                found.warnings.extend(warnings.unwrap_or_default());
                entry
            }
            None if is_url || target == SDK_TARGET => Entry::default(),
            None => return Err(unknown_target(target, &settings)),
        };
        let variables = variables::entry()?;
        found.warnings.extend(instead(is_url.then_some(target), &variables, &entry, &sdk));
        let said = Entry { url: is_url.then(|| target.to_owned()), ..Entry::default() };
        found.capabilities_by_variable = variables.capabilities.is_some();
        let entry = said.over(variables).over(entry);
        let nowhere = || SettingsError::NoUrl { name: target.to_owned() };
        found.url = entry.url.clone().or_else(org).ok_or_else(nowhere)?;
        found.take(entry)?;
        found.add_sdk_principal(sdk)?;
        found.complete();
        Ok(found)
    }

    fn take(&mut self, entry: Entry) -> Result<(), SettingsError> {
        self.capabilities = entry.capabilities.unwrap_or_default();
        self.timeout = entry.timeout;
        self.prefix = entry.prefix;
        self.rate_share = entry.rate_share;
        self.network.proxy = entry.proxy;
        if let Some(path) = entry.ca_file {
            let pem = crate::file::read(&path, MAX_AUTHORITIES)
                .map_err(|source| SettingsError::Read { path: path.display().to_string(), source })?;
            self.network.authorities = Some(pem);
        }
        for (principal, login) in &entry.principals {
            self.principals.insert(principal.clone(), login.read(principal)?);
        }
        Ok(())
    }

    /// What Okta's own SDKs read gives the principal `admin`, unless the settings file does.
    fn add_sdk_principal(&mut self, [environment, file]: [Sdk; 2]) -> Result<(), SettingsError> {
        if self.principals.contains_key("admin") {
            return Ok(());
        }
        let for_this = |sdk: Sdk| if sdk.is_for(&self.url) { sdk } else { Sdk::default() };
        let sdk = for_this(environment).over(for_this(file));
        let mode = sdk.mode.as_deref().unwrap_or_default().to_ascii_lowercase();
        let token = || sdk.token.clone().map(SecretString::from);
        let credential = match (mode.as_str(), &sdk.client_id, &sdk.private_key) {
            ("bearer", ..) => token().map(Credential::Bearer),
            ("" | "ssws", ..) if sdk.token.is_some() => token().map(Credential::Ssws),
            ("" | "privatekey", Some(id), Some(key)) => {
                let text = if key.contains("-----BEGIN ") || key.trim_start().starts_with('{') {
                    SecretString::from(key.as_str())
                } else {
                    SecretFrom::File(key.into()).read("private key of OKTA_CLIENT_PRIVATEKEY")?
                };
                let what = "private key of OKTA_CLIENT_PRIVATEKEY or ~/.okta/okta.yaml";
                let auth = ClientAuth::PrivateKeyJwt { key: key_of(&text, what)?, key_id: sdk.key_id.clone() };
                let client = ClientCredentials::new(id, auth, sdk.scopes.clone());
                Some(Credential::ClientCredentials(Arc::new(client)))
            }
            _ => None,
        };
        if let Some(credential) = credential {
            self.principals.insert("admin".to_owned(), credential);
        }
        Ok(())
    }

    /// Principals that need no setting: nobody, somebody with a token that was never issued, and an administrator as manager.
    pub fn complete(&mut self) {
        self.principals.insert("anonymous".to_owned(), Credential::Anonymous);
        self.principals
            .entry("invalid-token".to_owned())
            .or_insert_with(|| Credential::Ssws(SecretString::from("00never-issued-by-anyone_0000000000000000")));
        if let Some(admin) = self.principals.get("admin").cloned() {
            self.principals.entry("manager".to_owned()).or_insert(admin);
        }
    }

    /// Whether the target has any credentials at all.
    pub fn has_credentials(&self) -> bool {
        self.principals.keys().any(|name| !matches!(name.as_str(), "anonymous" | "invalid-token"))
    }
}

fn unknown_target(name: &str, settings: &file::File) -> SettingsError {
    let names: Vec<&str> = settings.targets.keys().map(String::as_str).collect();
    let hint = if names.is_empty() {
        format!("use `mock`, a URL, or name one in {FILE}")
    } else {
        format!("known are mock, {}", names.join(", "))
    };
    SettingsError::UnknownTarget { name: name.to_owned(), hint }
}

/// What is to be told of a variable that says where the target is, since credentials go there.
fn instead(given: Option<&str>, variables: &Entry, entry: &Entry, sdk: &[Sdk]) -> Option<String> {
    let variable = "OKTA_CONFORMANCE_URL";
    match (given, &variables.url, &entry.url) {
        (Some(url), Some(other), _) if url != other => Some(format!("{variable} is not used: the target is {url}")),
        (None, Some(other), Some(url)) if url != other => {
            Some(format!("{variable} stands in for the `url` of the target: its credentials go to {other}"))
        }
        (None, Some(other), None) => {
            let named = sdk.iter().find(|sdk| sdk.url.is_some()).filter(|sdk| !sdk.is_for(other))?.url.as_deref()?;
            Some(format!(
                "{variable} goes before the org {named} that Okta's SDKs read: the target is {other}, and their credentials do not go there"
            ))
        }
        _ => None,
    }
}

impl Login {
    fn read(&self, principal: &str) -> Result<Credential, SettingsError> {
        let what = format!("token of the principal `{principal}`");
        match self {
            Self::Ssws(from) => from.read(&what).map(Credential::Ssws),
            Self::Bearer(from) => from.read(&what).map(Credential::Bearer),
            Self::Client(entry) => entry.read(principal).map(|client| Credential::ClientCredentials(Arc::new(client))),
        }
    }
}

impl ClientEntry {
    fn read(&self, principal: &str) -> Result<ClientCredentials, SettingsError> {
        let auth = match &self.auth {
            AuthEntry::PrivateKey { from, key_id } => {
                let what = format!("private key of the principal `{principal}`");
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
            let principal = principal.to_owned();
            client = client.dpop().map_err(|source| SettingsError::Client { principal, source })?;
        }
        Ok(client)
    }
}

fn key_of(text: &SecretString, what: &str) -> Result<PrivateKey, SettingsError> {
    PrivateKey::read(text.expose_secret()).map_err(|source| SettingsError::Key { what: what.to_owned(), source })
}
