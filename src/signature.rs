//! What was observed, told alike in every run: of two texts that differ in identifiers, times, hosts and made names alone, the same is left.
//! And what false checks have in common that see the same thing: the operation, the kind of check, the place, the class of the value.

use crate::{
    event::{DocumentedOperation, Finding, StepFinished},
    finding::{self, Actual, CheckKind, Expected},
    path::path_of,
};

/// What was observed in a false check, in a form that is the same in every run.
pub(crate) fn signature(
    check: &CheckKind,
    pointer: Option<&str>,
    actual: &Actual<String>,
    origin: &str,
    run: &str,
) -> String {
    // The place that something is captured from was never part of it.
    let pointer = pointer.filter(|pointer| !pointer.is_empty() && *check != CheckKind::Capture);
    let place = pointer.map(|pointer| format!(" {pointer}")).unwrap_or_default();
    format!("{check}{place}: {}", steady(&finding::steady(actual, check), origin, run))
}

/// A text without what differs from run to run and from org to org: identifiers, times, hosts, names that the run made.
pub(crate) fn steady(text: &str, origin: &str, run: &str) -> String {
    let whole = text;
    let mut text = if origin.is_empty() { whole.to_owned() } else { whole.replace(origin, "<origin>") };
    for word in whole.split(|c: char| !is_of_word(c)) {
        // Error IDs, for one, need not have a digit.
        let mixed =
            word.bytes().any(|byte| byte.is_ascii_uppercase()) && word.bytes().any(|byte| byte.is_ascii_lowercase());
        let minted = mixed || word.bytes().any(|byte| byte.is_ascii_digit());
        if chrono::DateTime::parse_from_rfc3339(word).is_ok() {
            text = text.replace(word, "<time>");
        } else if !run.is_empty() && word.contains(run) {
            text = text.replace(word, "<name>");
        } else if word.len() >= 20 && minted {
            text = text.replace(word, "<id>");
        }
    }
    text
}

/// What was checked in an answer with this status. The schema of a refusal is that of the error object, whoever asks for it.
pub(crate) fn checked(finding: &Finding, status: Option<u16>) -> &CheckKind {
    match &finding.check {
        CheckKind::Schema if status.is_some_and(|status| status >= 400) => &CheckKind::ErrorForm,
        check => check,
    }
}

/// Whether what is wrong is wrong in every operation: headers, the error object, who is let in.
pub(crate) fn is_of_every_operation(finding: &Finding, status: Option<u16>) -> bool {
    let check = checked(finding, status);
    matches!(check, CheckKind::Header(_) | CheckKind::ErrorCode | CheckKind::ErrorForm) || lets_in(finding)
}

/// Whether somebody was let in who is to be refused for who it is.
pub(crate) fn lets_in(finding: &Finding) -> bool {
    matches!((&finding.expected, &finding.actual), (Expected::Status(wanted), Actual::Status { status, .. })
        if wanted.contains(&401) && (200..300).contains(status))
}

/// What came: another status, another error code, of other things what kind of thing it is.
pub(crate) fn class(finding: &Finding, status: Option<u16>, origin: &str, run: &str) -> String {
    let check = checked(finding, status);
    match &finding.actual {
        Actual::Status { .. } if lets_in(finding) => "a success".to_owned(),
        Actual::Status { status, .. } => status.to_string(),
        actual if matches!(check, CheckKind::Status | CheckKind::ErrorCode) => {
            steady(&finding::actual(actual, check), origin, run).trim_matches('"').to_owned()
        }
        // What differs first in the item that comes nearest: of a list, that is the place.
        Actual::Nearest { at, .. } => at.first().map(|at| without_indices(at.as_str())).unwrap_or_default(),
        actual => actual.class().to_owned(),
    }
}

/// What was expected of a status: the same one is a small thing instead of another success, and a great one instead of a refusal.
pub(crate) fn expectation(finding: &Finding) -> Option<String> {
    matches!(finding.check, CheckKind::Status).then(|| finding.expected())
}

/// `/3/name` and `/7/name` are the same place.
pub(crate) fn without_indices(pointer: &str) -> String {
    if !pointer.bytes().any(|byte| byte.is_ascii_digit()) {
        return pointer.to_owned();
    }
    let step = |step: &str| {
        let index = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        if index { "*".to_owned() } else { step.to_owned() }
    };
    pointer.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// The operation that was called, also by a request that a case writes out.
pub(crate) fn operation<'a>(failure: &'a StepFinished, operations: &'a [DocumentedOperation]) -> &'a str {
    let called = || {
        let request = &failure.exchange.as_ref()?.request;
        let path = path_of(request.url.as_str()).trim_start_matches('/');
        let is_at = |template: &str| {
            let (wanted, found) = (template.trim_start_matches('/').split('/'), path.split('/'));
            wanted.clone().count() == found.clone().count()
                && wanted.zip(found).all(|(wanted, found)| wanted.starts_with('{') || wanted == found)
        };
        let called = operations.iter().find(|operation| operation.method == request.method && is_at(&operation.path));
        called.map(|operation| operation.id.as_str())
    };
    let call = failure.call.as_str();
    if operations.iter().any(|operation| operation.id == call) { call } else { called().unwrap_or(call) }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        brief::Excerpt,
        finding::{Json, NotNew},
    };

    fn whole(text: &str) -> Actual<String> {
        Actual::Text(Excerpt { text: text.to_owned(), bytes: None })
    }

    #[test]
    fn signatures_do_not_depend_on_the_run() {
        let text = r#"{"id":"aus0kfgs0BV70xdcJ1d7","at":"2026-11-24T06:21:01.000Z","u":"http://127.0.0.1:4000/x","n":"okc_abc234_00001","s":"ACTIVE"}"#;
        assert_eq!(
            signature(&CheckKind::Body, Some("/a"), &whole(text), "http://127.0.0.1:4000", "abc234"),
            r#"body /a: {"id":"<id>","at":"<time>","u":"<origin>/x","n":"<name>","s":"ACTIVE"}"#
        );
    }

    #[test]
    fn identifiers_need_no_digit() {
        let text = r#"{"errorId":"oaeZ-nisawlxjhfuJdhxkiopg"}"#;
        assert_eq!(
            signature(&CheckKind::Body, None, &whole(text), "http://a", "abc234"),
            r#"body: {"errorId":"<id>"}"#
        );
    }

    /// As known-failures files have them that were written when findings were texts: they must hold for ever.
    #[test]
    fn signatures_are_what_they_always_were() {
        let json = |text: &str| Json::of(&serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        let text = |text: &str| Excerpt { text: text.to_owned(), bytes: None };
        let status = |documented, summary: Option<&str>| Actual::Status {
            status: 404,
            documented,
            code: Some(text("E1")),
            summary: summary.map(text),
        };
        let url = || "http://a/x".to_owned();
        let nearest = |more| Actual::Nearest { list: json("[1]"), at: vec!["/a".into(), "/b".into()], more };
        let rows: [(CheckKind, Option<&str>, Actual<String>, &str); 24] = [
            (CheckKind::Status, None, status(true, None), "status: 404 (E1)"),
            (CheckKind::Status, None, status(true, Some("No")), "status: 404 (E1: No)"),
            (CheckKind::Status, None, status(false, None), "status: 404, which this operation does not document (E1)"),
            (CheckKind::Body, Some("/a"), Actual::Absent, "body /a: nothing: the member is not there"),
            (CheckKind::Body, Some("/a"), Actual::Value(json("[1,\"x\"]")), "body /a: [1,\"x\"]"),
            (CheckKind::Body, None, Actual::NotJson("the body is empty".into()), "body: the body is empty"),
            (CheckKind::Body, Some(""), nearest(false), "body: a list whose nearest item differs at /a, /b: [1]"),
            (
                CheckKind::Collected,
                Some(""),
                nearest(true),
                "collected: a list whose nearest item differs at /a, /b, …: [1]",
            ),
            (CheckKind::EmptyBody, None, Actual::Text(text("left")), "empty body: left"),
            (CheckKind::ErrorCode, Some("/errorCode"), Actual::Absent, "error code /errorCode: no errorCode"),
            (CheckKind::ErrorCode, None, Actual::Value(json("null")), "error code: null"),
            (
                CheckKind::ErrorForm,
                Some("/a"),
                Actual::Lacks(json("{\"b\":1}")),
                "error form /a: no such member in {\"b\":1}",
            ),
            (CheckKind::Header("X-A".into()), None, Actual::Absent, "header X-A: no such header"),
            (CheckKind::Link("next".into()), None, Actual::Absent, "link next: no such link"),
            (CheckKind::Capture, None, Actual::Absent, "capture: nothing is there"),
            (CheckKind::Capture, None, Actual::TooLong(70_000), "capture: 70000 bytes"),
            (CheckKind::Identity, Some("/id"), Actual::Absent, "identity /id: none"),
            (
                CheckKind::Identity,
                Some("/id"),
                Actual::NotNew(NotNew::Before),
                "identity /id: that of something that was there before",
            ),
            (CheckKind::Origin, None, Actual::Elsewhere(url()), "origin: a link to another origin"),
            (CheckKind::Path, None, Actual::NotSent("..".into()), "path: an identifier that leads elsewhere"),
            (
                CheckKind::Pages,
                None,
                Actual::SamePage(url()),
                "pages: a page that links to one seen before: <origin>/x",
            ),
            (
                CheckKind::Pages,
                None,
                Actual::NextPage { after: 2, url: url() },
                "pages: still a next page after 2: <origin>/x",
            ),
            (
                CheckKind::Pages,
                None,
                Actual::TooManyValues { limit: 100_000, url: url() },
                "pages: still a next page after more than 100000 values, the limit: <origin>/x",
            ),
            (CheckKind::Schema, Some("/a/0"), Actual::Value(json("1")), "schema /a/0: 1"),
        ];
        for (check, pointer, actual, expected) in rows {
            assert_eq!(signature(&check, pointer, &actual, "http://a", "abc234"), expected);
        }
    }

    #[test]
    fn signatures_do_not_depend_on_where_a_text_was_cut() {
        let cut = |text: &str, bytes| {
            let actual = Actual::Text(Excerpt { text: format!("{text}…"), bytes: Some(bytes) });
            signature(&CheckKind::Body, None, &actual, "http://a", "abc234")
        };
        assert_eq!(cut(r#"{"n":"x","id":"aus0kf"#, 812), r#"body: {"n":"x","id":"…"#);
        assert_eq!(cut(r#"{"n":"x","id":"aus0kfgs0BV70xdc"#, 813), cut(r#"{"n":"x","id":"aus0k"#, 812));
    }
}
