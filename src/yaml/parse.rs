//! From YAML text to a [`Node`]: one document, bounded depth, every refusal with its place.

use std::{collections::HashSet, sync::Arc};

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan, StrInput};

use super::{Data, Key, Node};
use crate::diagnostic::{Diagnostic, Source, Span};

/// Deeper nesting than any suite needs; it bounds the recursion here.
const MAX_DEPTH: usize = 64;

/// Reads one document.
///
/// # Errors
/// The first mistake of syntax, or the first use of something that suites do without.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Node, Box<Diagnostic>> {
    let mut reader = Reader { source, parser: Parser::new_from_str(&source.text) };
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Ok(Node { span: Span::default(), data: Data::Null });
            }
            other => {
                let root = reader.node(other, span, 0)?;
                return reader.finish(root);
            }
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    parser: Parser<'a, StrInput<'a>>,
}

type Step<T> = Result<T, Box<Diagnostic>>;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Step<(Event<'a>, Span)> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, bytes(&span))),
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or(self.source.text.len());
                Err(Box::new(self.refuse(Span::new(at, at + 1), format!("not YAML: {}", error.info()))))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn refuse(&self, span: Span, title: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.source, span, title)
    }

    fn finish(&mut self, root: Node) -> Step<Node> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentEnd => {}
                _ => {
                    return Err(Box::new(
                        self.refuse(span, "a second document in one file").help("split it into two files"),
                    ));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Step<Node> {
        if depth > MAX_DEPTH {
            return Err(Box::new(self.refuse(span, format!("nested deeper than {MAX_DEPTH} levels"))));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                Ok(Node { span, data: scalar(&text, style) })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                self.list(span, depth)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                self.map(span, depth)
            }
            _ => Err(Box::new(
                self.refuse(span, "aliases are not read here").help("write the value out, or use a table or a fixture"),
            )),
        }
    }

    fn plain_node(&self, span: Span, anchor: usize, tagged: bool) -> Step<()> {
        let what = match (anchor != 0, tagged) {
            (false, false) => return Ok(()),
            (true, _) => "anchors are not read here",
            (false, true) => "tags are not read here",
        };
        Err(Box::new(self.refuse(span, what).help("write the value out, or use a table or a fixture")))
    }

    fn list(&mut self, start: Span, depth: usize) -> Step<Node> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let span = items.first().map_or(Span::new(start.start, span.end), |item| item.span);
                return Ok(Node { span, data: Data::List(items) });
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, start: Span, depth: usize) -> Step<Node> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut keys = Keys::default();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                let span = entries.first().map_or(Span::new(start.start, span.end), |(key, _)| key.span);
                return Ok(Node { span, data: Data::Map(entries) });
            }
            let Event::Scalar(name, ..) = event else {
                return Err(Box::new(self.refuse(span, "a key must be text")));
            };
            if name == "<<" {
                return Err(Box::new(self.refuse(span, "merge keys are not read here").help("write the members out")));
            }
            if keys.has(&entries, &name) {
                return Err(Box::new(
                    self.refuse(span, format!("key `{name}` stands twice in this map")).help("remove one of them"),
                ));
            }
            let key = Key { span, name: name.into_owned() };
            let (event, span) = self.next()?;
            // An empty value has an empty span behind the colon: the key is the better place to point at.
            let mut node = self.node(event, span, depth + 1)?;
            if node.span.start >= node.span.end {
                node.span = key.span;
            }
            entries.push((key, node));
        }
    }
}

/// Up to so many keys are compared one by one, which is faster than hashing them.
const FEW: usize = 16;

/// Whether a key of a map has stood there before.
#[derive(Default)]
struct Keys(HashSet<String>);

impl Keys {
    fn has(&mut self, entries: &[(Key, Node)], name: &str) -> bool {
        if entries.len() < FEW {
            return entries.iter().any(|(key, _)| key.name == name);
        }
        if self.0.is_empty() {
            self.0.extend(entries.iter().map(|(key, _)| key.name.clone()));
        }
        !self.0.insert(name.to_owned())
    }
}

fn bytes(span: &ParserSpan) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

/// The core schema: only plain scalars are anything but text.
fn scalar(text: &str, style: ScalarStyle) -> Data {
    if style != ScalarStyle::Plain {
        return Data::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" => return Data::Null,
        "true" => return Data::Bool(true),
        "false" => return Data::Bool(false),
        _ => {}
    }
    number(text).map_or_else(|| Data::Text(text.to_owned()), Data::Number)
}

/// JSON's form of numbers: `010`, `1_000` and `.5` stay text.
fn number(text: &str) -> Option<serde_json::Number> {
    let first = text.bytes().next()?;
    if !(first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    serde_json::from_str(text).ok()
}
