//! The environment: the only file that reads it.

use std::{env, path::PathBuf};

use super::SettingsError;
use crate::plan::Shard;

/// A variable that is set, and to something.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
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
    format!("{index}/{total}").parse().map(Some).map_err(|reason| SettingsError::Shard { reason })
}

/// Whether the environment names an org, as Okta's own SDKs read it.
pub fn names_an_org() -> bool {
    env::var("OKTA_CLIENT_ORGURL").is_ok_and(|url| !url.is_empty())
}
