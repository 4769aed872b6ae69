//! Evidence that may leave the house: what two runs against an org showed, without anything that is the org's own.
//!
//! Owns its form: a manifest and a stream of events, in a draft that a person reads, and in an archive that others check. What may be told is
//! `scrub`'s, by an allow-list; that both runs say the same, that its verdicts follow from its exchanges, and that nothing of the org is in
//! it, is seen here before a draft exists.

mod archive;
mod draft;
mod form;
mod scrub;

pub(crate) use self::draft::draft;
use serde::{Deserialize, Serialize};

pub use self::scrub::HEADERS;
pub use self::{
    archive::{BundleError, read, read_draft, write, write_draft},
    draft::{Contents, Draft, DraftError, House},
};

/// The version of the form.
pub const VERSION: u32 = 1;

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`VERSION`].
    pub version: u32,
    /// Made once for a target, at random, and kept where it was made: it tells bundles of one target from those of another, and says no more.
    pub id: String,
    /// Tells suites apart.
    pub suite: String,
    /// The version of the program.
    pub program: String,
    /// The month of the runs, `2026-01`.
    pub month: crate::age::Month,
    /// What kind of host the target has.
    pub host: HostKind,
    /// What kind of org it is.
    pub engine: Engine,
    /// The capabilities that the target has, of those that the suite knows.
    pub capabilities: Vec<String>,
    /// The trials in it.
    pub trials: usize,
    /// Their exchanges.
    pub exchanges: usize,
    /// The trials of the run that are not in it, by why.
    pub left_out: LeftOut,
    /// SHA-256 of the events, in hex.
    pub events_sha256: String,
}

/// Why trials are not told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The two runs did not show the same.
    pub different: usize,
    /// The run did not judge them.
    pub not_judged: usize,
    /// What the run said of them does not follow from what may be told.
    pub not_rechecked: usize,
}

/// What kind of host a target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum HostKind {
    /// One of Okta's for previews.
    Preview,
    /// One of Okta's for developers and trials.
    Developer,
    /// Any other.
    Production,
    /// This machine: a mock, which is no evidence of the service.
    Local,
}

impl HostKind {
    /// The kind of a host, as its name tells.
    pub fn of(origin: &reqwest::Url) -> Self {
        let host = origin.host_str().unwrap_or_default().to_ascii_lowercase();
        let is_developer = |name: &str| ["dev-", "trial-", "integrator-"].iter().any(|kind| name.starts_with(kind));
        if crate::http::is_here(origin) {
            Self::Local
        } else if host.ends_with(".oktapreview.com") {
            Self::Preview
        } else if host.strip_suffix(".okta.com").is_some_and(|name| !name.contains('.') && is_developer(name)) {
            Self::Developer
        } else {
            Self::Production
        }
    }
}

/// What kind of org it is: `pipeline` of `/.well-known/okta-organization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Engine {
    /// Identity Engine, `idx`.
    IdentityEngine,
    /// Classic Engine, `v1`.
    Classic,
    /// The org does not say.
    Unknown,
}
