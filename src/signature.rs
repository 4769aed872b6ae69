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
    let place = pointer.filter(|pointer| !pointer.is_empty()).map(|pointer| format!(" {pointer}")).unwrap_or_default();
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
    use crate::brief::Excerpt;

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
