//! What a check is of: its kind, and the name of what it is made of where there are several.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use strum::{EnumIter, VariantNames};

/// What a check is of. In a stream of version 1 it was a text, of which only whole words are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumIter, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CheckKind {
    /// What a step expects of the body.
    Body,
    /// That there is something to capture.
    Capture,
    /// What a step expects of all pages together.
    Collected,
    /// That an operation without a body answers with none.
    #[serde(alias = "empty body")]
    EmptyBody,
    /// The `errorCode` of a refusal.
    #[serde(alias = "error code")]
    ErrorCode,
    /// The form of a refusal.
    #[serde(alias = "error form")]
    ErrorForm,
    /// A header of the answer.
    Header(Arc<str>),
    /// That a create is answered with something new.
    Identity,
    /// A relation of the `Link` header.
    Link(Arc<str>),
    /// The `error` of a refusal by an OAuth endpoint.
    #[serde(rename = "oauth-error")]
    #[strum(serialize = "oauth-error")]
    OAuthError,
    /// That a link leads to the target.
    Origin,
    /// That the pages of a list come to an end.
    Pages,
    /// That what a path is made of names one thing.
    Path,
    /// The schema of the body.
    Schema,
    /// The status.
    Status,
    /// What a step expects of a variable.
    Value(Arc<str>),
    /// One that only another version of this program knows.
    #[serde(untagged)]
    Other(Arc<str>),
}

impl CheckKind {
    /// The type of a failure in `JUnit` XML.
    pub fn junit_type(&self) -> &'static str {
        match self {
            Self::Body => "body-mismatch",
            Self::Capture => "capture-mismatch",
            Self::Collected => "collected-mismatch",
            Self::EmptyBody => "empty-mismatch",
            Self::ErrorCode | Self::ErrorForm | Self::OAuthError => "error-mismatch",
            Self::Header(_) => "header-mismatch",
            Self::Identity => "identity-mismatch",
            Self::Link(_) => "link-mismatch",
            Self::Origin => "origin-mismatch",
            Self::Pages => "pages-mismatch",
            Self::Path => "path-mismatch",
            Self::Schema => "schema-mismatch",
            Self::Status => "status-mismatch",
            Self::Value(_) => "value-mismatch",
            Self::Other(_) => "check-mismatch",
        }
    }
}

impl CheckKind {
    /// The word in reports, and the name of what is checked, where it has one.
    pub(crate) fn words(&self) -> (&str, Option<&str>) {
        let word = match self {
            Self::Header(name) => return ("header", Some(name)),
            Self::Link(relation) => return ("link", Some(relation)),
            Self::Value(name) => return ("value", Some(name)),
            Self::Body => "body",
            Self::Capture => "capture",
            Self::Collected => "collected",
            Self::EmptyBody => "empty body",
            Self::ErrorCode => "error code",
            Self::ErrorForm => "error form",
            Self::Identity => "identity",
            Self::OAuthError => "OAuth error",
            Self::Origin => "origin",
            Self::Pages => "pages",
            Self::Path => "path",
            Self::Schema => "schema",
            Self::Status => "status",
            Self::Other(text) => text,
        };
        (word, None)
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, name) = self.words();
        f.write_str(word)?;
        name.map_or(Ok(()), |name| write!(f, " {name}"))
    }
}
