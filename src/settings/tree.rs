//! TOML as a tree in which every key and value knows its place, so that mistakes in settings are shown as those in suites are.

use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    diagnostic::{Source, Span},
    yaml::{Data, Key, Node, Problems},
};

/// Keys whose values are secrets, where somebody writes them into the file, and the secret part of a URL.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let keys = r#"(?:ssws|bearer|private-key|client-secret|token|value|secret|password|key)["']?\s*=\s*"#;
    let values = r#""""(?s:.)*?(?:"""|\z)|'''(?s:.)*?(?:'''|\z)|"(?:\\.|[^"\\\n])*|'[^'\n]*"#;
    Regex::new(&format!(r#"({keys})({values})|(//)([^/\s"'@]+@)"#)).ok()
});

/// The file as it is shown: messages quote lines, and a line may hold a secret. Every place stays where it was.
pub(super) fn shown(path: &str, text: &str) -> Arc<Source> {
    let mask = |found: &Captures<'_>| {
        let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
        let stars = |c: char| match c {
            '\n' | '"' | '\'' => c.to_string(),
            _ => "*".repeat(c.len_utf8()),
        };
        format!("{}{}{}{}", part(1), part(2).chars().map(stars).collect::<String>(), part(3), "*".repeat(part(4).len()))
    };
    let masked = SECRETS
        .as_ref()
        .map_or_else(|| "\n".repeat(text.lines().count()).into(), |secrets| secrets.replace_all(text, mask));
    Source::new(path, masked.into_owned())
}

/// Reads a document. Mistakes of syntax are reported, all at once; what could be read is still a tree.
pub(super) fn parse(text: &str, problems: &mut Problems<'_>) -> Node {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or_default();
        problems.at(Span::new(span.start, span.end), format!("not TOML: {}", error.message()));
    }
    let span = root.span();
    Node { span: Span::new(span.start, span.end), data: table(root.get_ref()) }
}

fn table(table: &DeTable<'_>) -> Data {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        let span = key.span();
        (Key { span: Span::new(span.start, span.end), name: name.clone().into_owned() }, node(value))
    };
    Data::Map(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.clone().into_owned()),
        DeValue::Boolean(value) => Data::Bool(*value),
        // In the forms that JSON does not have, a number is nothing that settings ask for.
        DeValue::Integer(number) => number_or_text(number.as_str()),
        DeValue::Float(number) => number_or_text(number.as_str()),
        DeValue::Datetime(time) => Data::Text(time.to_string()),
        DeValue::Array(items) => Data::List(items.iter().map(node).collect()),
        DeValue::Table(members) => table(members),
    };
    let span = value.span();
    Node { span: Span::new(span.start, span.end), data }
}

fn number_or_text(text: &str) -> Data {
    serde_json::from_str(text).map_or_else(|_| Data::Text(text.to_owned()), Data::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_file_has_no_secrets_and_the_same_places() {
        let text = "a = { ssws = \"00sécret\", x = 1 }\nb.bearer='s3cret'\n\"client-secret\" = \"un\\\"done\nprivate-key = \"\"\"\n-----BEGIN\nAAAA\n\"\"\"\nproxy = \"http://user:pass@proxy:1\"\n";
        let source = shown("file", text);
        assert_eq!(source.text.len(), text.len());
        for secret in ["écret", "s3", "done", "AAAA", "pass", "user"] {
            assert!(!source.text.contains(secret), "{secret} in {}", source.text);
        }
        assert_eq!(source.text.find("x = 1"), text.find("x = 1"));
        assert_eq!(source.text.lines().count(), text.lines().count());
        assert!(source.text.contains("@proxy:1") || source.text.contains("*proxy:1"), "{}", source.text);
    }
}
