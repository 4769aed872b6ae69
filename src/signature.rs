//! What was observed, told alike in every run: of two texts that differ in identifiers, times, hosts and made names alone, the same is left.

use crate::event::CheckKind;

/// What was observed in a false check, in a form that is the same in every run.
pub(crate) fn signature(check: &CheckKind, pointer: Option<&str>, actual: &str, origin: &str, run: &str) -> String {
    let place = pointer.filter(|pointer| !pointer.is_empty()).map(|pointer| format!(" {pointer}")).unwrap_or_default();
    format!("{check}{place}: {}", steady(actual, origin, run))
}

/// A text without what differs from run to run and from org to org: identifiers, times, hosts, names that the run made.
pub(crate) fn steady(text: &str, origin: &str, run: &str) -> String {
    let whole = without_cut_words(text);
    let mut text = if origin.is_empty() { whole.clone() } else { whole.replace(origin, "<origin>") };
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

/// Where a long text was cut, without the word that the cut went through, which may be an identifier, and without the length.
fn without_cut_words(text: &str) -> String {
    const CUT: &str = "… (";
    let (mut whole, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(CUT) {
        let behind = &rest[at + CUT.len()..];
        let length = behind.bytes().take_while(u8::is_ascii_digit).count();
        match behind[length..].strip_prefix(" bytes)") {
            Some(after) if length > 0 => {
                whole.push_str(rest[..at].trim_end_matches(is_of_word));
                whole.push('…');
                rest = after;
            }
            _ => {
                whole.push_str(&rest[..at + CUT.len()]);
                rest = behind;
            }
        }
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_do_not_depend_on_the_run() {
        let text = r#"{"id":"aus0kfgs0BV70xdcJ1d7","at":"2026-11-24T06:21:01.000Z","u":"http://127.0.0.1:4000/x","n":"okc_abc234_00001","s":"ACTIVE"}"#;
        assert_eq!(
            signature(&CheckKind::Body, Some("/a"), text, "http://127.0.0.1:4000", "abc234"),
            r#"body /a: {"id":"<id>","at":"<time>","u":"<origin>/x","n":"<name>","s":"ACTIVE"}"#
        );
    }

    #[test]
    fn identifiers_need_no_digit() {
        let text = r#"{"errorId":"oaeZ-nisawlxjhfuJdhxkiopg"}"#;
        assert_eq!(signature(&CheckKind::Body, None, text, "http://a", "abc234"), r#"body: {"errorId":"<id>"}"#);
    }

    #[test]
    fn signatures_do_not_depend_on_where_a_text_was_cut() {
        let cut = |text: &str| signature(&CheckKind::Body, None, text, "http://a", "abc234");
        assert_eq!(
            cut(r#"{"n":"x","id":"aus0kf… (812 bytes), and [1… (3 bytes)"#),
            r#"body: {"n":"x","id":"…, and […"#
        );
        assert_eq!(cut("a… (b… ( bytes)"), "body: a… (b… ( bytes)");
    }
}
