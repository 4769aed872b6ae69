//! What a command is to work with: targets, their principals and capabilities, from flags, environment and `okta-conformance.toml`.
//!
//! The only module that reads the environment or a settings file. Secrets stand in neither flags nor, if it can be helped, files.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs, io,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;

use crate::{http::Credential, plan::Shard};

/// The settings file, looked for where the command is run.
pub const FILE: &str = "okta-conformance.toml";

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
    #[error("{path}: {message}")]
    Parse {
        /// The file.
        path: String,
        /// With line and caret.
        message: String,
    },
    /// A name that no target has.
    #[error("there is no target `{name}`: {hint}")]
    UnknownTarget {
        /// The name.
        name: String,
        /// What there is.
        hint: String,
    },
    /// A variable that a secret was to come from.
    #[error("the {what} is to come from the environment variable `{variable}`, which is not set")]
    Variable {
        /// Which secret.
        what: String,
        /// The variable.
        variable: String,
    },
    /// Variables of a CI system that name no shard.
    #[error("CI_NODE_INDEX (or JOB_COMPLETION_INDEX) of CI_NODE_TOTAL: {reason}")]
    Shard {
        /// What is wrong.
        reason: String,
    },
    /// A credential that says nothing, or two things.
    #[error(
        "the principal `{principal}` of the target `{target}` needs one of `ssws` and `bearer`, each `{{ env = \"NAME\" }}` or `{{ file = \"PATH\" }}`"
    )]
    Credential {
        /// The target.
        target: String,
        /// The principal.
        principal: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    targets: BTreeMap<String, TargetEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetEntry {
    url: String,
    #[serde(default)]
    capabilities: BTreeSet<String>,
    #[serde(default)]
    principals: BTreeMap<String, PrincipalEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalEntry {
    ssws: Option<SecretFrom>,
    bearer: Option<SecretFrom>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum SecretFrom {
    Env(String),
    File(PathBuf),
}

/// A target that is reached over the network.
#[derive(Debug)]
pub struct TargetSettings {
    /// The name or URL that was given.
    pub name: String,
    /// Its origin.
    pub url: String,
    /// What it is able to.
    pub capabilities: BTreeSet<String>,
    /// Who can speak to it.
    pub principals: BTreeMap<String, Credential>,
}

impl TargetSettings {
    /// Finds a target by its URL, or by its name in the settings file.
    ///
    /// # Errors
    /// A file that is wrong, a name that is not in it, a secret that is not there.
    pub fn find(target: &str, file: Option<&Path>) -> Result<Self, SettingsError> {
        let settings = read(file)?;
        let is_url = target.contains("://");
        let same = |url: &str| url.trim_end_matches('/') == target.trim_end_matches('/');
        let entry = if is_url {
            settings.targets.iter().find(|(_, entry)| same(&entry.url))
        } else {
            settings.targets.iter().find(|(name, _)| *name == target)
        };
        let mut found = Self {
            name: target.to_owned(),
            url: target.to_owned(),
            capabilities: BTreeSet::new(),
            principals: BTreeMap::new(),
        };
        match entry {
            Some((name, entry)) => {
                found.url.clone_from(&entry.url);
                found.capabilities.clone_from(&entry.capabilities);
                for (principal, credential) in &entry.principals {
                    found.principals.insert(principal.clone(), credential.read(name, principal)?);
                }
            }
            None if is_url => {}
            None => {
                let names: Vec<&str> = settings.targets.keys().map(String::as_str).collect();
                let hint = if names.is_empty() {
                    format!("use `mock`, a URL, or name one in {FILE}")
                } else {
                    format!("known are mock, {}", names.join(", "))
                };
                return Err(SettingsError::UnknownTarget { name: target.to_owned(), hint });
            }
        }
        found.add_sdk_token();
        found.complete();
        Ok(found)
    }

    /// The variable that Okta's own SDKs read gives the principal `admin`.
    fn add_sdk_token(&mut self) {
        if let Ok(token) = env::var("OKTA_CLIENT_TOKEN")
            && !token.is_empty()
        {
            self.principals.entry("admin".to_owned()).or_insert_with(|| Credential::Ssws(SecretString::from(token)));
        }
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

/// The shard that a CI system says this is: `CI_NODE_INDEX` (from 1) of `CI_NODE_TOTAL`, as GitLab and `CircleCI` set them, or the
/// `JOB_COMPLETION_INDEX` (from 0) of an indexed Job of Kubernetes, whose number of completions must be given as `CI_NODE_TOTAL`.
///
/// # Errors
/// Variables that name no shard.
pub fn shard() -> Result<Option<Shard>, SettingsError> {
    let Ok(total) = env::var("CI_NODE_TOTAL") else { return Ok(None) };
    let index = match (env::var("CI_NODE_INDEX"), env::var("JOB_COMPLETION_INDEX")) {
        (Ok(index), _) => index,
        (Err(_), Ok(completion)) => {
            completion.parse().map_or(completion, |completion: u64| (completion + 1).to_string())
        }
        (Err(_), Err(_)) => return Ok(None),
    };
    format!("{index}/{total}").parse().map(Some).map_err(|reason| SettingsError::Shard { reason })
}

impl PrincipalEntry {
    fn read(&self, target: &str, principal: &str) -> Result<Credential, SettingsError> {
        let what = format!("token of the principal `{principal}`");
        match (&self.ssws, &self.bearer) {
            (Some(from), None) => from.read(&what).map(Credential::Ssws),
            (None, Some(from)) => from.read(&what).map(Credential::Bearer),
            _ => Err(SettingsError::Credential { target: target.to_owned(), principal: principal.to_owned() }),
        }
    }
}

impl SecretFrom {
    fn read(&self, what: &str) -> Result<SecretString, SettingsError> {
        match self {
            Self::Env(variable) => env::var(variable)
                .map(SecretString::from)
                .map_err(|_| SettingsError::Variable { what: what.to_owned(), variable: variable.clone() }),
            Self::File(path) => fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim().to_owned()))
                .map_err(|source| SettingsError::Read { path: path.display().to_string(), source }),
        }
    }
}

fn read(path: Option<&Path>) -> Result<File, SettingsError> {
    let default = Path::new(FILE);
    let path = match path {
        Some(path) => path,
        None if default.is_file() => default,
        None => return Ok(File::default()),
    };
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| SettingsError::Read { path: shown.clone(), source })?;
    toml::from_str(&text).map_err(|error| SettingsError::Parse { path: shown, message: error.to_string() })
}
