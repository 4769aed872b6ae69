//! What was observed, told alike in every run: of two texts that differ in identifiers, times, hosts and made names alone, the same is left.

use crate::finding::{self, Actual, CheckKind};

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
