//! The environment: the only file that reads it.

use std::{env, ffi::OsStr, path::PathBuf};

use hyper_util::client::proxy::matcher::Matcher;

use super::SettingsError;
use crate::plan::Shard;

/// A variable that is set, and to something.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// As [`variable`].
///
/// # Errors
/// A value that is no text.
pub(super) fn text(name: &str) -> Result<Option<String>, ()> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.into_string().map_err(|_| ())).transpose()
}

/// Whether a variable is set to nothing.
pub fn is_empty(name: impl AsRef<OsStr>) -> bool {
    env::var_os(name).is_some_and(|value| value.is_empty())
}

/// The names of the variables that begin so and are set, in order; one that is empty is not.
pub(super) fn names(prefix: &str) -> Vec<String> {
    let set = env::vars_os().filter(|(_, value)| !value.is_empty());
    let mut names: Vec<String> =
        set.filter_map(|(name, _)| name.into_string().ok()).filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// Where the user's own files lie.
pub(super) fn home() -> Option<PathBuf> {
    variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from)
}

/// The URLs of proxies, as the HTTP client reads them by itself.
pub(super) fn proxies() -> Vec<String> {
    let names = ["http_proxy", "https_proxy", "all_proxy"].into_iter();
    names.flat_map(|name| [variable(name), variable(&name.to_uppercase())]).flatten().collect()
}

/// The proxy by which the HTTP client would reach a URL, as it reads the environment itself.
pub(super) fn proxy_to(url: &str) -> Option<String> {
    let proxy = Matcher::from_env().intercept(&url.parse().ok()?)?;
    Some(proxy.uri().to_string())
}

/// The shard that a CI system says this is: `CI_NODE_INDEX` (from 1) of `CI_NODE_TOTAL`, as GitLab sets them, or the
/// `JOB_COMPLETION_INDEX` (from 0) of an indexed Job of Kubernetes, whose number of completions must be given as `CI_NODE_TOTAL`.
///
/// # Errors
/// Variables that name no shard.
pub fn shard() -> Result<Option<Shard>, SettingsError> {
    let Ok(total) = env::var("CI_NODE_TOTAL") else { return Ok(None) };
    let index = match (env::var("CI_NODE_INDEX"), env::var("JOB_COMPLETION_INDEX")) {
        (Ok(index), _) => index,
        (Err(_), Ok(completion)) => {
            completion.parse().map_or(completion, |completion: u64| completion.saturating_add(1).to_string())
        }
        (Err(_), Err(_)) => return Ok(None),
    };
    format!("{index}/{total}").parse().map(Some).map_err(SettingsError::Shard)
}

/// The variable that names an org, if one does: ours, or that of Okta's own SDKs.
pub fn names_an_org() -> Option<&'static str> {
    ["OKTA_CONFORMANCE_URL", "OKTA_CLIENT_ORGURL"].into_iter().find(|name| variable(name).is_some())
}
