//! Taking maps apart so that every mistake is reported: unknown keys with a suggestion, missing keys, wrong kinds.

use std::{collections::BTreeMap, str::FromStr, sync::Arc};

use strum::VariantNames;

use super::{Data, Key, Node};
use crate::diagnostic::{Diagnostic, Source, Span, did_you_mean};

/// More mistakes of a file than a person reads at once.
const MOST: usize = 100;

/// The mistakes found so far in one file. Reading goes on after each.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    pub(crate) source: Arc<Source>,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(source: &Arc<Source>, found: &'a mut Vec<Diagnostic>) -> Self {
        Self { source: Arc::clone(source), found }
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        // A table reads its case once a row: the same mistake in each row is one mistake.
        let source = Arc::clone(&diagnostic.source);
        let of_file = source.mistakes(self.found);
        let known = of_file.iter().any(|other| other.span == diagnostic.span && other.title == diagnostic.title);
        let in_file = of_file.len();
        if !known && in_file < MOST {
            source.tell(diagnostic, self.found);
        } else if !known && in_file == MOST {
            // What is broken a hundred times is broken in one way; and each message shows its line.
            let title = format!("more than {MOST} mistakes in this file");
            let more = Diagnostic::new(&source, diagnostic.span, title).help("mend those above first");
            source.tell(more, self.found);
        }
    }

    /// Lets `read` report about another file.
    pub(crate) fn in_source<T>(&mut self, source: &Arc<Source>, read: impl FnOnce(&mut Problems<'_>) -> T) -> T {
        read(&mut Problems::new(source, self.found))
    }

    /// Reports a mistake at `span`.
    pub(crate) fn at(&mut self, span: Span, title: impl Into<String>) {
        let diagnostic = Diagnostic::new(&self.source, span, title);
        self.push(diagnostic);
    }

    /// Reports a mistake at `span` with its remedy.
    pub(crate) fn at_with(&mut self, span: Span, title: impl Into<String>, help: impl Into<String>) {
        let diagnostic = Diagnostic::new(&self.source, span, title).help(help);
        self.push(diagnostic);
    }

    /// Reports a name that is not among the known ones, with the closest of them.
    pub(crate) fn unknown<'k>(&mut self, span: Span, what: &str, name: &str, known: impl IntoIterator<Item = &'k str>) {
        let mut known: Vec<&str> = known.into_iter().collect();
        known.sort_unstable();
        let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
            if known.is_empty() {
                format!("there is no {what} here")
            } else if known.len() > 16 {
                format!("no similar name among the {} known", known.len())
            } else {
                format!("known: {}", known.join(", "))
            }
        });
        self.at_with(span, format!("unknown {what} `{name}`"), help);
    }

    /// Reports a name that is not one of `names`.
    pub(crate) fn known<T>(&mut self, names: &BTreeMap<String, T>, span: Span, what: &str, name: &str) {
        if !names.contains_key(name) {
            self.unknown(span, what, name, names.keys().map(String::as_str));
        }
    }

    /// Reports a text that cannot be a part of an ID.
    pub(crate) fn slug(&mut self, text: &str, span: Span, key: &str) {
        let good = !text.is_empty()
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !good {
            self.at_with(
                span,
                format!("`{key}` must be a slug, not `{text}`"),
                "use lowercase letters, digits and hyphens",
            );
        }
    }

    /// How many mistakes there are, to see whether a step of reading found one.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    fn expected(&mut self, node: &Node, wanted: &str, key: &str) {
        self.at(node.span, format!("`{key}` must be {wanted}, not {}", node.kind()));
    }

    /// What was `found` at a node; reports where it is not what is wanted.
    fn wanted<T>(&mut self, found: Option<T>, node: &Node, wanted: &str, key: &str) -> Option<T> {
        if found.is_none() {
            self.expected(node, wanted, key);
        }
        found
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n str> {
        self.wanted(node.as_text(), node, "text", key)
    }

    /// A word of an enumeration, of which a `what` is one.
    pub(crate) fn word<W: FromStr + VariantNames>(&mut self, node: &Node, key: &str, what: &str) -> Option<W> {
        let text = self.text(node, key)?;
        let word = text.parse().ok();
        if word.is_none() {
            self.unknown(node.span, what, text, W::VARIANTS.iter().copied());
        }
        word
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [Node]> {
        self.wanted(node.as_list(), node, "a list", key)
    }

    pub(crate) fn map<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [(Key, Node)]> {
        self.wanted(node.as_map(), node, "a map", key)
    }

    pub(crate) fn bool(&mut self, node: &Node, key: &str) -> Option<bool> {
        let value = if let Data::Bool(value) = node.data { Some(value) } else { None };
        self.wanted(value, node, "true or false", key)
    }

    pub(crate) fn integer(&mut self, node: &Node, key: &str) -> Option<u64> {
        if let Data::Number(number) = &node.data
            && let Some(value) = number.as_u64()
        {
            return Some(value);
        }
        let found = match &node.data {
            Data::Number(number) => number.to_string(),
            _ => node.kind().to_owned(),
        };
        self.at(node.span, format!("`{key}` must be a whole number, 0 or more, not {found}"));
        None
    }

    /// One text or a list of texts, each with its place.
    pub(crate) fn texts(&mut self, node: &Node, key: &str) -> Vec<(Span, String)> {
        match &node.data {
            Data::Text(text) => vec![(node.span, text.clone())],
            Data::List(items) => {
                items.iter().filter_map(|item| self.text(item, key).map(|text| (item.span, text.to_owned()))).collect()
            }
            _ => {
                self.expected(node, "text or a list of texts", key);
                Vec::new()
            }
        }
    }
}

/// A map that is being read. Keys that nobody takes are reported by [`Fields::finish`].
pub(crate) struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Starts reading `node`, a `what`; reports when it is no map.
    pub(crate) fn of(node: &'n Node, what: &'static str, problems: &mut Problems<'_>) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            problems.at(node.span, format!("{} must be a map, not {}", with_article(what), node.kind()));
            return None;
        };
        Some(Self { what, span: node.span, entries, known: Vec::new() })
    }

    /// The value under `key`, if it is there.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// Key and value, if they are there.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<(&'n Key, &'n Node)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(found, _)| found.name == key).map(|(key, node)| (key, node))
    }

    /// The value under `key`; reports when it is missing.
    pub(crate) fn required(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            problems.at(self.span, format!("this {} needs `{key}`", self.what));
        }
        found
    }

    /// The text under `key`; reports when it is missing or something else.
    pub(crate) fn text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<&'n str> {
        let node = self.required(key, problems)?;
        problems.text(node, key)
    }

    /// The text under `key`, if it is there.
    pub(crate) fn optional_text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
        self.optional(key).and_then(|node| problems.text(node, key)).map(str::to_owned)
    }

    /// The text or the texts under `key`, if it is there.
    pub(crate) fn texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Vec<String> {
        let texts = self.optional(key).map(|node| problems.texts(node, key)).unwrap_or_default();
        texts.into_iter().map(|(_, text)| text).collect()
    }

    /// What `read` makes of the items of the list under `key`, if it is there.
    pub(crate) fn each<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems<'_>,
        mut read: impl FnMut(&'n Node, &mut Problems<'_>) -> Option<T>,
    ) -> Vec<T> {
        let items = self.optional(key).and_then(|node| problems.list(node, key)).unwrap_or_default();
        items.iter().filter_map(|item| read(item, problems)).collect()
    }

    /// Whether the value under `key` is true.
    pub(crate) fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> bool {
        self.optional(key).and_then(|node| problems.bool(node, key)).unwrap_or_default()
    }

    /// The status of HTTP under `key`; reports when it is missing or no number.
    pub(crate) fn status(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<u16> {
        let node = self.required(key, problems)?;
        u16::try_from(problems.integer(node, key)?).ok()
    }

    /// Where the map begins.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self, problems: &mut Problems<'_>) {
        for (key, _) in self.entries {
            if !self.known.contains(&key.name.as_str()) {
                let what = format!("key in {}", with_article(self.what));
                problems.unknown(key.span, &what, &key.name, self.known.iter().copied());
            }
        }
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}
