//! From YAML text to a [`Node`]: one document, bounded depth, every refusal with its place.

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan, StrInput};

use super::{Data, Key, Keys, MAX_DEPTH, Node, plain, resolve};
use crate::diagnostic::{Diagnostic, Source, Span};

/// Reads one document.
///
/// # Errors
/// The first mistake of syntax, or the first use of something that suites do without.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Node, Box<Diagnostic>> {
    plain::read(&source.text).map_or_else(|| by_library(source), Ok)
}

fn by_library(source: &Arc<Source>) -> Result<Node, Box<Diagnostic>> {
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
                let data = match style {
                    ScalarStyle::Plain => resolve(&text),
                    _ => Some(Data::Text(text.into_owned())),
                };
                let data = data.ok_or_else(|| {
                    let refused = self.refuse(span, "a number that is too large to be kept as it is written");
                    Box::new(refused.help("in quotes it is text; in `raw` a body goes out as it is written"))
                })?;
                Ok(Node { span, data })
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
        let (what, mark) = match (anchor != 0, tagged) {
            (false, false) => return Ok(()),
            (true, _) => ("anchors are not read here", '&'),
            (false, true) => ("tags are not read here", '!'),
        };
        let span = self.property(span, mark).unwrap_or(span);
        Err(Box::new(self.refuse(span, what).help("write the value out, or use a table or a fixture")))
    }

    /// Where the nearest anchor or tag before a value stands: the value's own place may be lines below it.
    fn property(&self, value: Span, mark: char) -> Option<Span> {
        let before = self.source.text.get(..value.start)?;
        let begins =
            |at: &usize| before[..*at].chars().next_back().is_none_or(|c| c.is_whitespace() || "[{,".contains(c));
        let start = before.rmatch_indices(mark).map(|(at, _)| at).find(begins)?;
        let text = before[start..].split(char::is_whitespace).next()?;
        Some(Span::new(start, start + text.len()))
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
                return Err(Box::new(self.refuse(span, format!("duplicate key `{name}`")).help("remove one of them")));
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

fn bytes(span: &ParserSpan) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span::new(range.start, range.end)
}

/// Whether the reader of plain YAML refuses `text` or reads it as the library does.
#[cfg(any(test, fuzzing))]
pub(crate) fn readers_agree(text: &str) -> bool {
    let by_library = by_library(&Source::new("a.yaml", text)).ok();
    plain::read(text).is_none_or(|root| Some(root) == by_library)
}
