//! Variables of our own: each stands for a flag of the command line, or for a key of whatever target is reached over the network.
//!
//! Owns their names, their forms and what they say of a target. Which command reads which flag, and reading them, is the command line's.

use super::{
    SettingsError, environment,
    file::{self, Entry},
};
use crate::{diagnostic::nearest, duration::parse_limit, http::parse_origin};

/// What the names of all of them begin with.
const PREFIX: &str = "OKTA_CONFORMANCE_";

/// Names that Kubernetes gives to every container for a Service that is called as this program is.
const SERVICE: [&str; 2] = ["PORT", "SERVICE_"];

/// A variable of the environment that is read: its name, and what its value must be, to be read after "it must be". The name is
/// `OKTA_CONFORMANCE_`, and that of the flag or key that it stands for in capitals, with `_` for `-`.
#[derive(Debug)]
pub struct Variable(pub &'static str, pub &'static str);

const DURATION: &str = "a duration such as `20s`";
const NUMBER: &str = "a number";

/// Those that stand for flags; which of them a command reads, it says itself. What only a person at the command line may ask for is not among
/// them: to write to what others use, to accept behaviour, to leave the preflight out; nor is the target of `replay`, which writes what
/// somebody else once wrote.
pub static FLAGS: [Variable; 16] = [
    Variable("OKTA_CONFORMANCE_TARGET", "`mock`, a URL, or the name of a target in the settings file"),
    Variable("OKTA_CONFORMANCE_SETTINGS", "the path of a settings file"),
    Variable("OKTA_CONFORMANCE_SUITE", "the path of a directory with `cases/` and `schemas/`"),
    Variable("OKTA_CONFORMANCE_PROFILE", "names of profiles, separated by commas"),
    Variable("OKTA_CONFORMANCE_SHARD", "a part of a whole, such as `2/5`"),
    Variable("OKTA_CONFORMANCE_JOBS", "a number from 1 to 1000"),
    Variable("OKTA_CONFORMANCE_RETRIES", NUMBER),
    Variable("OKTA_CONFORMANCE_BREAKER", NUMBER),
    Variable("OKTA_CONFORMANCE_FAIL_FAST", NUMBER),
    Variable("OKTA_CONFORMANCE_TRIAL_TIMEOUT", DURATION),
    Variable("OKTA_CONFORMANCE_DEADLINE", DURATION),
    Variable("OKTA_CONFORMANCE_EVENTS", "the path of an event stream, or `none`"),
    Variable("OKTA_CONFORMANCE_LEDGERS", "the path of a directory"),
    Variable("OKTA_CONFORMANCE_KNOWN_FAILURES", "the path of a file of known failures"),
    Variable("OKTA_CONFORMANCE_BASELINE", "paths of event streams, separated by commas"),
    Variable("OKTA_CONFORMANCE_FAIL_ON", "any of `drift`, `flaky`, `warning` and `latency`, separated by commas"),
];

/// Those that stand for keys of whatever target is reached over the network.
pub static KEYS: [Variable; 7] = [
    Variable("OKTA_CONFORMANCE_URL", "only an origin, such as `https://example.okta.com`"),
    Variable("OKTA_CONFORMANCE_CAPABILITIES", "names of capabilities, separated by commas"),
    Variable("OKTA_CONFORMANCE_TIMEOUT", DURATION),
    Variable("OKTA_CONFORMANCE_PREFIX", "3 to 20 letters, digits and hyphens"),
    Variable("OKTA_CONFORMANCE_RATE_SHARE", "a number from 0 to below 1"),
    Variable("OKTA_CONFORMANCE_PROXY", "a URL of http or https"),
    Variable("OKTA_CONFORMANCE_CA_FILE", "the path of certificates in PEM"),
];

/// What tells a variable from the others.
fn own(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// The flag or key that is called as a variable is.
fn meant(name: &str) -> String {
    own(name).to_lowercase().replace('_', "-")
}

impl Variable {
    /// The flag, without its hyphens, or the key that it stands for.
    pub fn of(&self) -> String {
        meant(self.0)
    }

    /// Its value; one that is empty is as good as none.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn value(&self) -> Result<Option<String>, SettingsError> {
        environment::text(self.0).map_err(|()| self.refused())
    }

    /// A value that is not of its form. The value is not told: a secret may have come into the wrong variable.
    pub fn refused(&self) -> SettingsError {
        let name = self.of();
        let remedy = if KEYS.iter().any(|key| key.0 == self.0) {
            format!("fix or unset it; it sets the key `{name}` of a target")
        } else {
            format!("fix or unset it, or use `--{name}`, which overrides it")
        };
        SettingsError::Wrong(self.0, self.1, remedy)
    }
}

/// What the variables say of the target, whichever it is.
///
/// # Errors
/// A value that is not of its form.
pub(super) fn entry() -> Result<Entry, SettingsError> {
    let names =
        |text: &str| Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect());
    Ok(Entry {
        url: read("url", |url| parse_origin(url).map(|_| url.to_owned()))?,
        capabilities: read("capabilities", names)?,
        timeout: read("timeout", parse_limit)?,
        prefix: read("prefix", file::prefix)?,
        rate_share: read("rate-share", |text| file::rate_share(text.parse().ok()))?,
        proxy: read("proxy", file::proxy)?,
        ca_file: read("ca-file", |path| Ok(path.into()))?,
        ..Entry::default()
    })
}

fn read<T>(key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, SettingsError> {
    let Some(variable) = KEYS.iter().find(|variable| variable.of() == key) else { return Ok(None) };
    let value = variable.value()?;
    value.map(|value| read(&value).map_err(|_| variable.refused())).transpose()
}

/// What there is to say of variables that are set and read by nobody: a slip there would change nothing, silently. `flags` are those of the
/// command line, without their hyphens.
pub fn unknown(flags: &[String]) -> Vec<String> {
    let all = || FLAGS.iter().chain(&KEYS);
    let known = |name: &str| all().any(|variable| variable.0 == name);
    let of_service = |name: &str| SERVICE.iter().any(|start| own(name).starts_with(start));
    let names = environment::names(PREFIX).into_iter().filter(|name| !known(name) && !of_service(name));
    let warning = |name: String| {
        let flag = meant(&name);
        let hint = if flags.contains(&flag) {
            format!("`--{flag}` works only on the command line")
        } else {
            nearest(own(&name), all().map(|variable| own(variable.0))).map_or_else(
                || "docs/live-org.md has the names".to_owned(),
                |near| format!("did you mean `{PREFIX}{near}`?"),
            )
        };
        format!("nothing reads the environment variable {name}: {hint}")
    };
    names.map(warning).collect()
}
