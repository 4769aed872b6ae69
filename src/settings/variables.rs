//! Variables of our own: each stands for a flag of the command line, or for a key of whatever target is reached over the network.
//!
//! Owns their names, their forms and what they say of a target. Flags are read by the command line.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    SettingsError, environment,
    file::{self, Entry},
};
use crate::{diagnostic::nearest, duration::parse_limit, http::parse_origin};

/// What the names of all of them begin with.
const PREFIX: &str = "OKTA_CONFORMANCE_";

/// Names that Kubernetes gives to every container for a Service that is called as this program is.
const SERVICE: [&str; 2] = ["PORT", "SERVICE_"];

/// A variable of the environment that is read.
#[derive(Debug)]
pub struct Variable {
    /// Its name: `OKTA_CONFORMANCE_`, and the name of the flag or key in capitals, with `_` for `-`.
    pub name: &'static str,
    /// What it stands for.
    pub stands_for: StandsFor,
    /// What its value must be, to be read after "it must be".
    pub form: &'static str,
}

/// What a variable stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandsFor {
    /// The flag, of these commands.
    Flag(&'static [&'static str]),
    /// The key of a target in the settings file.
    Key,
}

const DURATION: &str = "a duration such as `20s`";
const NUMBER: &str = "a number";

/// All variables. What only a person at the command line may ask for is not among them: to write to what others use, to accept behaviour, to
/// leave the preflight out; nor is the target of `replay`, which writes what somebody else once wrote.
pub const VARIABLES: [Variable; 23] = [
    flag("OKTA_CONFORMANCE_TARGET", &["run", "list", "sweep"], "`mock`, a URL, or a name of the settings file"),
    flag("OKTA_CONFORMANCE_SETTINGS", &["run", "list", "sweep", "replay"], "the path of a settings file"),
    flag(
        "OKTA_CONFORMANCE_SUITE",
        &["run", "list", "explain", "mutants", "verify", "replay", "sweep"],
        "the path of a directory with `cases/` and `schemas/`",
    ),
    flag("OKTA_CONFORMANCE_PROFILE", &["run", "list"], "names of profiles, with commas between"),
    flag("OKTA_CONFORMANCE_SHARD", &["run", "list"], "a part of a whole, such as `2/5`"),
    flag("OKTA_CONFORMANCE_JOBS", &["run"], "a number from 1 to 1000"),
    flag("OKTA_CONFORMANCE_RETRIES", &["run"], NUMBER),
    flag("OKTA_CONFORMANCE_BREAKER", &["run"], NUMBER),
    flag("OKTA_CONFORMANCE_FAIL_FAST", &["run"], NUMBER),
    flag("OKTA_CONFORMANCE_TRIAL_TIMEOUT", &["run"], DURATION),
    flag("OKTA_CONFORMANCE_DEADLINE", &["run"], DURATION),
    flag("OKTA_CONFORMANCE_EVENTS", &["run", "explain"], "the path of an event stream, or `none`"),
    flag("OKTA_CONFORMANCE_LEDGERS", &["run", "sweep"], "the path of a directory"),
    flag("OKTA_CONFORMANCE_KNOWN_FAILURES", &["run"], "the path of a file of known failures"),
    flag("OKTA_CONFORMANCE_BASELINE", &["run", "report"], "paths of event streams, with commas between"),
    flag(
        "OKTA_CONFORMANCE_FAIL_ON",
        &["run", "report"],
        "any of `drift`, `flaky`, `warning` and `latency`, with commas between",
    ),
    key("OKTA_CONFORMANCE_URL", "an origin alone, such as `https://example.okta.com`"),
    key("OKTA_CONFORMANCE_CAPABILITIES", "names of capabilities, with commas between"),
    key("OKTA_CONFORMANCE_TIMEOUT", DURATION),
    key("OKTA_CONFORMANCE_PREFIX", "3 to 20 letters, digits and hyphens"),
    key("OKTA_CONFORMANCE_RATE_SHARE", "a number from 0 to below 1"),
    key("OKTA_CONFORMANCE_PROXY", "a URL of http or https"),
    key("OKTA_CONFORMANCE_CA_FILE", "the path of certificates in PEM"),
];

const fn flag(name: &'static str, commands: &'static [&'static str], form: &'static str) -> Variable {
    Variable { name, stands_for: StandsFor::Flag(commands), form }
}

const fn key(name: &'static str, form: &'static str) -> Variable {
    Variable { name, stands_for: StandsFor::Key, form }
}

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
        meant(self.name)
    }

    /// Whether it is set to nothing.
    pub fn is_empty(&self) -> bool {
        environment::is_empty(self.name)
    }

    /// Its value; one that is empty is as good as none.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn value(&self) -> Result<Option<String>, SettingsError> {
        environment::text(self.name).map_err(|()| self.refused())
    }

    /// A value that is not of its form. The value is not told: a secret may have come into the wrong variable.
    pub fn refused(&self) -> SettingsError {
        let name = self.of();
        let remedy = match self.stands_for {
            StandsFor::Flag(_) => format!("mend or unset it, or say `--{name}`, which goes before it"),
            StandsFor::Key => format!("mend or unset it; it stands for the key `{name}` of a target"),
        };
        SettingsError::Wrong { variable: self.name, form: self.form, remedy }
    }
}

/// What the variables say of the target, whichever it is.
///
/// # Errors
/// A value that is not of its form.
pub(super) fn entry() -> Result<Entry, SettingsError> {
    let mut entry = Entry::default();
    for variable in VARIABLES.iter().filter(|variable| variable.stands_for == StandsFor::Key) {
        let Some(value) = variable.value()? else { continue };
        let read = match variable.of().as_str() {
            "url" => parse_origin(&value).map(|_| entry.url = Some(value)),
            "capabilities" => {
                let names: BTreeSet<String> =
                    value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
                entry.capabilities = Some(names);
                Ok(())
            }
            "timeout" => parse_limit(&value).map(|timeout| entry.timeout = Some(timeout)),
            "prefix" => file::prefix(&value).map(|prefix| entry.prefix = Some(prefix)),
            "rate-share" => file::rate_share(value.parse().ok()).map(|share| entry.rate_share = Some(share)),
            "proxy" => file::proxy(&value).map(|proxy| entry.proxy = Some(proxy)),
            _ => {
                entry.ca_file = Some(PathBuf::from(value));
                Ok(())
            }
        };
        read.map_err(|_| variable.refused())?;
    }
    Ok(entry)
}

/// What there is to say of variables that are set and read by nobody: a slip there would change nothing, silently. `flags` are those of the
/// command line, without their hyphens.
pub fn unknown(flags: &[String]) -> Vec<String> {
    let known = |name: &str| VARIABLES.iter().any(|variable| variable.name == name);
    let of_service = |name: &str| SERVICE.iter().any(|start| own(name).starts_with(start));
    let names = environment::names(PREFIX).into_iter().filter(|name| !known(name) && !of_service(name));
    let warning = |name: String| {
        let flag = meant(&name);
        let hint = if flags.contains(&flag) {
            format!("`--{flag}` stands on the command line alone")
        } else {
            nearest(own(&name), VARIABLES.iter().map(|variable| own(variable.name))).map_or_else(
                || "docs/live-org.md has the names".to_owned(),
                |near| format!("did you mean `{PREFIX}{near}`?"),
            )
        };
        format!("nothing reads the environment variable {name}: {hint}")
    };
    names.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_stands_in_the_manual() {
        let row = |variable: &Variable| {
            let of = variable.of();
            let stands_for = match variable.stands_for {
                StandsFor::Flag(commands) => format!("`--{of}` of `{}`", commands.join("`, `")),
                StandsFor::Key => format!("`{of}` of a target"),
            };
            format!("| `{}` | {stands_for} | {} |\n", variable.name, variable.form)
        };
        let rows: String = VARIABLES.iter().map(row).collect();
        let table = format!("| variable | stands for | and must be |\n|---|---|---|\n{rows}");
        let manual = include_str!("../../docs/live-org.md");
        assert!(manual.contains(&format!("\n\n{table}\n")), "docs/live-org.md needs the table\n\n{table}");
    }
}
