//! What a user reads about a mistake in one of their files: a title, the place with a caret, a remedy.
//!
//! Owns the text of a source file, spans into it, and the one renderer. It does not decide what a mistake is, and prints nothing.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use crate::brief::whole_characters;

/// How long the lines of a file are shown where no terminal says how wide it is.
pub const COLUMNS: usize = 100;

/// A file that somebody wrote, as it is shown in messages.
#[derive(Debug)]
pub struct Source {
    /// The path as the user knows it, relative to where they stand or to the suite.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Where each line begins; every trial of a run asks for its line.
    lines: OnceLock<Box<[u32]>>,
    /// Where its mistakes stand in the list of all, as far as that is still the same list.
    told: Mutex<Vec<usize>>,
}

impl Source {
    /// A source to be shared by everything that points into it.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), lines: OnceLock::new(), told: Mutex::default() })
    }

    /// The mistakes of this file in a list of those of all files, without a look at the others.
    pub(crate) fn mistakes<'a>(&self, all: &'a [Diagnostic]) -> Vec<&'a Diagnostic> {
        let mut told = self.told();
        told.retain(|at| all.get(*at).is_some_and(|other| other.source.path == self.path));
        told.iter().map(|at| &all[*at]).collect()
    }

    /// Adds a mistake of this file to the list.
    pub(crate) fn tell(&self, mistake: Diagnostic, all: &mut Vec<Diagnostic>) {
        self.told().push(all.len());
        all.push(mistake);
    }

    fn told(&self) -> MutexGuard<'_, Vec<usize>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Line and column, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = whole_characters(&self.text, offset);
        let (line, start) = self.line(offset);
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// The line of an offset, from 1, and the offset at which it begins.
    fn line(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            // Files of suites and recordings are far from 4 GiB; behind that, everything would stand on one line.
            let starts = self.text.match_indices('\n').map_while(|(at, _)| u32::try_from(at + 1).ok());
            std::iter::once(0).chain(starts).collect()
        });
        let line = lines.partition_point(|start| *start as usize <= offset);
        (line, lines[line - 1] as usize)
    }

    /// The line on which a span begins, with a mark below it. The renderer goes through all that it is given, so it gets no other line.
    fn snippet<'s>(&'s self, span: Span, label: &'s str) -> Snippet<'s, Annotation<'s>> {
        let marked = visible(&self.text, span);
        let (line, start) = self.line(marked.start);
        let text = self.text[start..].lines().next().unwrap_or_default();
        let within = |offset: usize| (offset - start).min(text.len());
        Snippet::source(text)
            .line_start(line)
            .path(self.path.as_str())
            .annotation(AnnotationKind::Primary.span(within(marked.start)..within(marked.end)).label(label))
    }
}

/// A range of bytes in a [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` to before `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A mistake in a file, with where and what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Lower case, no full stop, names the thing.
    pub title: String,
    /// The file.
    pub source: Arc<Source>,
    /// The place in the file.
    pub span: Span,
    /// What stands beside the caret.
    pub label: String,
    /// The remedy.
    pub help: Option<String>,
    /// Whether it keeps nothing from being done.
    pub warning: bool,
}

impl Diagnostic {
    /// A diagnostic without label and remedy; [`Self::label`] and [`Self::help`] add them.
    pub fn new(source: &Arc<Source>, span: Span, title: impl Into<String>) -> Self {
        Self { title: title.into(), source: Arc::clone(source), span, label: String::new(), help: None, warning: false }
    }

    /// Adds what stands beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As something that keeps nothing from being done.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.warning = true;
        self
    }

    /// The text for people: title, `file:line:col`, the line with a caret, the remedy. Of a line that is longer than `columns`, what is
    /// around the caret.
    pub fn render(&self, styled: bool, columns: usize) -> String {
        let title = format!("{}: {}", if self.warning { "warning" } else { "error" }, self.title);
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(columns);
        let level = if self.warning { Level::WARNING } else { Level::ERROR };
        let snippet = self.source.snippet(self.span, &self.label);
        let mut group = Group::with_title(level.no_name().primary_title(title.as_str())).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.position(self.span.start);
        write!(f, "{}:{line}:{column}: {}", self.source.path, self.title)
    }
}

/// The line under `span` with a caret below, for mismatches: place and source line without a title.
pub fn excerpt(source: &Source, span: Span, label: &str) -> String {
    let snippet = source.snippet(span, label);
    let group = Group::with_level(Level::NOTE).element(snippet);
    Renderer::plain().decor_style(DecorStyle::Ascii).term_width(COLUMNS).render(&[group])
}

/// A span that the renderer can draw: inside the text, on character boundaries, on one line, at least one character long.
fn visible(text: &str, span: Span) -> Range<usize> {
    let start = whole_characters(text, span.start);
    let end = whole_characters(text, span.end.max(start));
    let line_end = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line_end.max(start)
}

/// Why a text is no regular expression, or which feature of others is missing, without the drawing of the library.
pub(crate) fn why_not(error: &regex::Error) -> String {
    let message = error.to_string();
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// "did you mean …" for a name that is not among `known`, if one of them is close.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The known name that is nearest to an unknown one, if it is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
