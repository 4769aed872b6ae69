//! What makes false checks of several trials one thing that is wrong, in this run and in every other.

use crate::{
    event::Finding,
    finding::CheckKind,
    level::Level,
    report::Report,
    secret::Redacted,
    signature::{checked, class, is_of_every_operation, steady, without_indices},
};

/// A false check without what is a trial's, a run's or an org's own: two with the same key are the same thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    /// Whether it is a warning: what is one is no departure.
    pub(super) warns: bool,
    /// The operation that was called; none for what all of them have in common, so that a header that a gateway takes away is one thing.
    pub(super) operation: Option<&'a str>,
    /// The parameters of the query that the case sends, where the check is the case's own: each may be ignored by itself.
    pub(super) query: &'a [String],
    /// What was checked.
    pub(super) check: &'a CheckKind,
    /// Where in the body, a JSON Pointer with `*` for every index; empty where it is about no place in it.
    pub(super) pointer: String,
    /// What is expected, where that does not depend on the case: a schema says of one place several things, which may be false apart.
    pub(super) expected: String,
    /// What came: another status, another error code, of other things what kind of thing it is.
    pub(super) actual: String,
}

impl<'a> Key<'a> {
    /// The key of a false check of an operation in a run, in an answer with this status.
    pub(super) fn of(finding: &'a Finding, call: Call<'a>, report: &Report) -> Self {
        let (origin, run) = report.names();
        let expected = || finding.expected();
        let check = checked(finding, call.status);
        // Headers and the error object are those of every operation, and so is who is let in.
        let general = is_of_every_operation(finding, call.status);
        Self {
            warns: finding.level == Level::Should,
            operation: (!general).then_some(call.operation),
            query: if finding.implied_by.is_none() && !general { call.query } else { &[] },
            check,
            pointer: without_indices(finding.pointer.as_ref().map(Redacted::as_str).unwrap_or_default()),
            expected: match check {
                // What a member is to hold is each case's own.
                CheckKind::Body | CheckKind::Collected | CheckKind::Value(_) => String::new(),
                // What a schema says has nothing of a run in it, and names that look like identifiers.
                CheckKind::Schema => expected(),
                CheckKind::Capture
                | CheckKind::EmptyBody
                | CheckKind::ErrorCode
                | CheckKind::ErrorForm
                | CheckKind::Header(_)
                | CheckKind::Identity
                | CheckKind::Link(_)
                | CheckKind::OAuthError
                | CheckKind::Origin
                | CheckKind::Pages
                | CheckKind::Path
                | CheckKind::Status
                | CheckKind::Other(_) => steady(&expected(), origin, run),
            },
            actual: class(finding, call.status, origin, run),
        }
    }

    /// What is wrong where, in few words.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.check, self.pointer).trim_end().to_owned()
    }
}

/// What a request called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The operation, or method and path.
    pub(super) operation: &'a str,
    /// The parameters of the query that the case sends.
    pub(super) query: &'a [String],
    /// The status of the answer.
    pub(super) status: Option<u16>,
}

/// Where it stands in reports: first what a case asks itself, then what its calls imply, then what holds for every answer.
pub(super) fn rank(finding: &Finding) -> u8 {
    match (&finding.check, &finding.implied_by) {
        (CheckKind::Header(_) | CheckKind::ErrorForm, _) => 2,
        (_, None) => 0,
        (_, Some(_)) => 1,
    }
}
