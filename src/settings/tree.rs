//! TOML as a tree in which every key and value knows its place, so that mistakes in settings are shown as those in suites are.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    diagnostic::Span,
    yaml::{Data, Key, Node, Problems},
};

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
