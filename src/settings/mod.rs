//! What a command is to work with: targets, their principals and capabilities, from flags, environment and `okta-conformance.toml`.
//!
//! The only module that reads the environment or a settings file. Secrets stand in neither flags nor, if it can be helped, files. Flags
//! stand over our own variables, those over the settings file, and that over what Okta's own SDKs read.

mod environment;
mod file;
mod login;
mod origin;
mod sdk;
mod shown;
mod variables;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

pub use self::variables::{FLAGS, KEYS, Variable, unknown};
use self::{file::Entry, sdk::Sdk};
use crate::{
    file::Unread,
    http::{Credential, KeyError, Network, NoAnswer, OAuthClient, User, is_here, parse_origin},
};
pub use environment::{is_empty, names_an_org, shard};
#[cfg(any(test, fuzzing))]
pub(crate) use file::check_text;
pub(crate) use file::{check, is_settings};
use reqwest::Url;
use secrecy::SecretString;

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
    #[error(transparent)]
    Read(#[from] Unread),
    /// Not TOML, or not of the form of settings: the file, and its mistakes, each with line and caret.
    #[error("{0} cannot be used\n\n{1}\n")]
    Mistakes(String, String),
    /// A name that no target has, and what there is.
    #[error("there is no target `{0}`: {1}")]
    UnknownTarget(String, String),
    /// A target of which nothing says where it is.
    #[error("the target `{0}` has no `url`, and neither OKTA_CLIENT_ORGURL nor ~/.okta/okta.yaml names an org")]
    NoUrl(String),
    /// A variable that a secret was to come from.
    #[error("cannot read the {0} from the environment variable `{1}`, which {2}")]
    Variable(String, String, &'static str),
    /// A command that a secret was to come from.
    #[error("cannot read the {0} from the command `{1}`: {2}")]
    Command(String, String, String),
    /// A token that stands behind a word of the header `Authorization`, and the word that is sent before it.
    #[error("the {0} must be the token alone: remove the words before it (`{1}` is added to each request)")]
    Scheme(String, &'static str),
    /// A text that is no private key.
    #[error("the {0} cannot be used")]
    Key(String, #[source] KeyError),
    /// A client that cannot be set up.
    #[error("the client `{0}` cannot be set up")]
    Client(String, #[source] NoAnswer),
    /// A variable of ours whose value cannot be used.
    #[error("the environment variable {0} cannot be used: it must be {1}\n  {2}")]
    Wrong(&'static str, &'static str, String),
    /// Variables of a CI system that name no shard.
    #[error("CI_NODE_INDEX (or JOB_COMPLETION_INDEX) of CI_NODE_TOTAL: {0}")]
    Shard(String),
}

/// A target that is reached over the network, as far as it is known before a secret is read or a program is run.
#[derive(Debug, Default)]
pub struct TargetSettings {
    /// The name or URL that was given.
    pub name: String,
    /// Its origin.
    pub url: String,
    /// What is said of it.
    pub(crate) entry: Entry,
    /// Whether a variable, and not the settings file, says what it is able to.
    pub capabilities_by_variable: bool,
    /// Whether the principal `admin` is who Okta's own SDKs say.
    admin_of_sdk: bool,
    /// What the environment says of proxies, for what is secret about it.
    proxies_around: Vec<String>,
    /// The settings file that was read, and the name that the target has in it.
    file: Option<(PathBuf, Option<String>)>,
    /// How to use a settings file that was not read, where it has the URL that was given.
    pub hint: Option<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl TargetSettings {
    /// Finds a target by its URL, or by its name in the settings file. For a URL no file is read that nobody named.
    ///
    /// # Errors
    /// A file that is wrong, a name that is not in it.
    pub fn find(target: &str, file: Option<&Path>) -> Result<Self, SettingsError> {
        let is_url = target.contains("://");
        let file = if is_url { file } else { file.or_else(file::lies_here) };
        let mut settings = file.map(file::read).transpose()?.unwrap_or_default();
        let mut found = Self { name: target.to_owned(), proxies_around: environment::proxies(), ..Self::default() };
        let sdk = [Sdk::environment(), Sdk::file(&mut found.warnings)];
        let org = || sdk.iter().find_map(|sdk| sdk.url.clone());
        let name = if is_url {
            settings.names_of(target).next().map(str::to_owned)
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
        if is_url && file.is_none() {
            found.hint = named_instead(target);
        }
        found.file = file.map(|path| (path.to_owned(), name));
        let variables = variables::entry()?;
        found.warnings.extend(instead(is_url.then_some(target), &variables, &entry, &sdk));
        let said = Entry { url: is_url.then(|| target.to_owned()), ..Entry::default() };
        found.capabilities_by_variable = variables.capabilities.is_some();
        let entry = said.over(variables).over(entry);
        let nowhere = || SettingsError::NoUrl(target.to_owned());
        found.url = entry.url.clone().or_else(org).ok_or_else(nowhere)?;
        found.entry = entry;
        found.add_sdk_principal(sdk);
        Ok(found)
    }

    /// What Okta's own SDKs read gives the principal `admin`, unless the settings file does.
    fn add_sdk_principal(&mut self, [environment, file]: [Sdk; 2]) {
        if self.entry.principals.contains_key("admin") {
            return;
        }
        let for_this = |sdk: Sdk| if sdk.is_for(&self.url) { sdk } else { Sdk::default() };
        if let Some(login) = for_this(environment).over(for_this(file)).login() {
            self.entry.principals.insert("admin".to_owned(), login);
            self.admin_of_sdk = true;
        }
    }

    /// The names of those who can speak to it.
    pub fn principals(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.entry.principals.keys().cloned().collect();
        names.extend(["anonymous", "invalid-token"].map(str::to_owned));
        if names.contains("admin") {
            names.insert("manager".to_owned());
        }
        names
    }

    /// The names of its OAuth clients that cases may use.
    pub fn clients(&self) -> BTreeSet<String> {
        self.entry.clients.keys().cloned().collect()
    }

    /// The names of its users that cases may name.
    pub fn users(&self) -> BTreeSet<String> {
        self.entry.users.keys().cloned().collect()
    }

    /// Whether the target has any credentials at all.
    pub fn has_credentials(&self) -> bool {
        self.entry.principals.keys().any(|name| name != "invalid-token")
    }

    /// What is used of settings and surroundings, on one line: credentials go there, by that way.
    pub fn used(&self) -> String {
        let url = &self.url;
        let of_sdk = if self.name == SDK_TARGET { "the org of Okta's SDKs, at " } else { "" };
        let target = match &self.file {
            Some((path, Some(name))) => format!("{name} of {}, at {url}", path.display()),
            Some((path, None)) => format!("{of_sdk}{url} ({} says nothing of it)", path.display()),
            None => format!("{of_sdk}{url} (no settings file)"),
        };
        let around = || self.proxy_around().map(|proxy| format!("{proxy} of the environment"));
        match self.entry.proxy.as_deref().map(shown_proxy).or_else(around) {
            Some(proxy) => format!("target: {target}, by way of the proxy {proxy}"),
            None => format!("target: {target}"),
        }
    }

    /// The proxy of the environment that leads to the target, without its login.
    fn proxy_around(&self) -> Option<String> {
        let target = parse_origin(&self.url).ok().filter(|url| !is_here(url))?;
        environment::proxy_to(target.as_str()).map(|proxy| shown_proxy(&proxy))
    }

    /// Reads the secrets of all principals, which may run programs.
    ///
    /// # Errors
    /// A secret that is not there.
    pub fn read_secrets(&self) -> Result<BTreeMap<String, Credential>, SettingsError> {
        let mut principals = BTreeMap::new();
        for (principal, login) in &self.entry.principals {
            let of_sdk = self.admin_of_sdk && principal == "admin";
            principals.insert(principal.clone(), login.read(principal, of_sdk)?);
        }
        complete(&mut principals);
        Ok(principals)
    }

    /// Reads the secrets of the OAuth clients that cases may use, which may run programs.
    ///
    /// # Errors
    /// A secret that is not there.
    pub fn read_clients(&self) -> Result<BTreeMap<String, OAuthClient>, SettingsError> {
        self.entry.clients.iter().map(|(name, entry)| Ok((name.clone(), entry.read(name)?))).collect()
    }

    /// Reads the passwords of the users that cases may name, which may run programs.
    ///
    /// # Errors
    /// A password that is not there.
    pub fn read_users(&self) -> Result<BTreeMap<String, User>, SettingsError> {
        self.entry.users.iter().map(|(name, entry)| Ok((name.clone(), entry.read(name)?))).collect()
    }

    /// How the target is reached.
    ///
    /// # Errors
    /// A file of certificates that cannot be read.
    pub fn network(&self) -> Result<Network, SettingsError> {
        let read = |path: &PathBuf| crate::file::read(path, MAX_AUTHORITIES).map_err(Unread::of(path));
        let authorities = self.entry.ca_file.as_ref().map(read).transpose()?;
        Ok(Network { proxy: self.entry.proxy.clone(), proxies_around: self.proxies_around.clone(), authorities })
    }
}

/// Adds principals that need no setting: nobody, somebody with a token that was never issued, and an administrator as manager.
pub fn complete(principals: &mut BTreeMap<String, Credential>) {
    principals.insert("anonymous".to_owned(), Credential::Anonymous);
    principals
        .entry("invalid-token".to_owned())
        .or_insert_with(|| Credential::Ssws(SecretString::from("00never-issued-by-anyone_0000000000000000")));
    if let Some(admin) = principals.get("admin").cloned() {
        principals.entry("manager".to_owned()).or_insert(admin);
    }
}

/// A proxy as it may be told: where it is, and nothing of a login.
fn shown_proxy(proxy: &str) -> String {
    let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    Url::parse(&url).map_or_else(|_| "whose URL cannot be read".to_owned(), |url| url.origin().ascii_serialization())
}

/// What is to be told of a URL that a target of the settings file has, which is not read for a URL. That file may belong to anybody, so
/// nothing of it is used, and whatever is wrong with it is not told here.
fn named_instead(url: &str) -> Option<String> {
    let settings = file::read(file::lies_here()?).ok()?;
    let names: Vec<String> = settings.names_of(url).map(|name| format!("`--target {name}`")).collect();
    let (verb, names) = (if names.len() == 1 { "uses" } else { "use" }, names.join(" and "));
    (!names.is_empty())
        .then(|| format!("{FILE} is not used for a URL, although it has a target with this one: {names} {verb} it"))
}

fn unknown_target(name: &str, settings: &file::File) -> SettingsError {
    let names: Vec<&str> = settings.targets.keys().map(String::as_str).collect();
    let hint = if name.contains('.') && !name.contains(char::is_whitespace) {
        format!("for the org at this host, write `https://{name}`")
    } else if names.is_empty() {
        format!("use `mock`, a URL, or name one in {FILE}")
    } else {
        format!("known are mock, {}", names.join(", "))
    };
    SettingsError::UnknownTarget(name.to_owned(), hint)
}

/// What is to be told of a variable that says where the target is, since credentials go there.
fn instead(given: Option<&str>, variables: &Entry, entry: &Entry, sdk: &[Sdk]) -> Option<String> {
    let variable = "OKTA_CONFORMANCE_URL";
    match (given, &variables.url, &entry.url) {
        (Some(url), Some(other), _) if url != other => Some(format!("{variable} is not used: the target is {url}")),
        (None, Some(other), Some(url)) if url != other => {
            Some(format!("{variable} overrides the `url` of the target: its credentials go to {other}"))
        }
        (None, Some(other), None) => {
            let named = sdk.iter().find(|sdk| sdk.url.is_some()).filter(|sdk| !sdk.is_for(other))?.url.as_deref()?;
            Some(format!(
                "{variable} overrides the org {named} from the settings of Okta's SDKs: the target is {other}, and their credentials are not sent there"
            ))
        }
        _ => None,
    }
}
