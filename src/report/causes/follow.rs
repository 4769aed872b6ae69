//! Which false checks of one answer follow from another one of it. Those stand beside that one and are no causes there; of another answer
//! nothing follows, since each may be wrong by itself.

use crate::{
    event::{Finding, ImpliedBy},
    finding::{Actual, CheckKind, Expected},
    pointer,
};

/// For each of these false checks of one answer the one that it follows from, itself if it follows from none.
pub(super) fn roots(findings: &[&Finding]) -> Vec<usize> {
    let places: Vec<Option<String>> = findings.iter().map(|finding| place(finding)).collect();
    let above = |at: usize| {
        (0..findings.len()).find(|other| {
            *other != at
                && follows(findings[at], places[at].as_deref(), findings[*other], places[*other].as_deref())
                // Of two that say the same, the first.
                && (*other < at
                    || !follows(findings[*other], places[*other].as_deref(), findings[at], places[at].as_deref()))
        })
    };
    let root = |mut at: usize| {
        // What follows is always further down, so this ends; the bound says so.
        for _ in 0..findings.len() {
            match above(at) {
                Some(other) => at = other,
                None => break,
            }
        }
        at
    };
    (0..findings.len()).map(root).collect()
}

/// Where in the body it is: of a member that is not there, where it would be.
pub(super) fn place(finding: &Finding) -> Option<String> {
    let at = finding.pointer.as_ref().map_or("", |pointer| pointer.as_str());
    match finding.check {
        CheckKind::ErrorCode => Some("/errorCode".to_owned()),
        CheckKind::OAuthError => Some("/error".to_owned()),
        CheckKind::Body
        | CheckKind::Capture
        | CheckKind::Collected
        | CheckKind::EmptyBody
        | CheckKind::ErrorForm
        | CheckKind::Identity
        | CheckKind::Schema => {
            Some(member(&finding.expected).map_or_else(|| at.to_owned(), |name| pointer::below(at, name)))
        }
        CheckKind::Header(_)
        | CheckKind::Link(_)
        | CheckKind::Origin
        | CheckKind::Pages
        | CheckKind::Path
        | CheckKind::Status
        | CheckKind::Value(_)
        | CheckKind::Other(_) => None,
    }
}

/// The member that is wanted, if it is one.
fn member(expected: &Expected) -> Option<&str> {
    match expected {
        Expected::Member(name) => Some(name),
        Expected::When { wants, .. } => member(wants),
        _ => None,
    }
}

/// Whether what holds for every answer implies the check.
pub(super) fn is_general(finding: &Finding) -> bool {
    match finding.implied_by {
        Some(ImpliedBy::AllAnswers | ImpliedBy::AnswersWithBody | ImpliedBy::AnswersWithoutBody) => true,
        Some(ImpliedBy::Operation(_)) | None => false,
    }
}

/// Whether the first follows from the second.
fn follows(finding: &Finding, at: Option<&str>, from: &Finding, from_at: Option<&str>) -> bool {
    if finding.level > from.level || is_general(finding) || is_general(from) || finding.check == CheckKind::Status {
        return false;
    }
    if from.check == CheckKind::Status {
        return !succeeded(from) || finding.check == CheckKind::EmptyBody;
    }
    let (Some(at), Some(from_at)) = (at, from_at) else { return false };
    if at == from_at {
        return rank(&finding.check) >= rank(&from.check);
    }
    // Below what is nothing, or no object or list, there is nothing.
    at.strip_prefix(from_at).is_some_and(|rest| rest.starts_with('/')) && holds_nothing(&from.actual)
}

/// Whether the answer was a success with another status than the one that was expected.
fn succeeded(finding: &Finding) -> bool {
    let is = |status: &u16| (200..300).contains(status);
    matches!((&finding.expected, &finding.actual),
        (Expected::Status(wanted), Actual::Status { status, .. }) if is(status) && wanted.iter().any(is))
}

fn holds_nothing(actual: &Actual) -> bool {
    match actual {
        Actual::Absent | Actual::Lacks(_) | Actual::NotJson(_) | Actual::Text(_) => true,
        Actual::Value(value) => !value.holds_others(),
        Actual::Nearest { .. }
        | Actual::Status { .. }
        | Actual::NotNew(_)
        | Actual::NotSigned(_)
        | Actual::TooLong(_)
        | Actual::SamePage(_)
        | Actual::NextPage { .. }
        | Actual::TooManyValues { .. }
        | Actual::Elsewhere(_)
        | Actual::NotSent(_)
        | Actual::Legacy(_) => false,
    }
}

/// Of checks at one place, what a case says itself comes first, and that there is something to capture says least.
fn rank(check: &CheckKind) -> u8 {
    match check {
        CheckKind::Body | CheckKind::Collected => 0,
        CheckKind::ErrorCode | CheckKind::OAuthError | CheckKind::Identity => 1,
        CheckKind::Schema | CheckKind::ErrorForm | CheckKind::EmptyBody => 2,
        CheckKind::Capture
        | CheckKind::Header(_)
        | CheckKind::Link(_)
        | CheckKind::Origin
        | CheckKind::Pages
        | CheckKind::Path
        | CheckKind::Status
        | CheckKind::Value(_)
        | CheckKind::Other(_) => 3,
    }
}
