//! What the values of a finding read like. Every sentence about an expectation and what was found instead is made here.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Actual, CheckKind, Expected, Json, NotNew};
use crate::{brief::Excerpt, counted::counted};

/// How values in a sentence are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// As far as they are kept; of what was cut, how long it was.
    Told,
    /// The same in every run: a word that the cut went through may be an identifier, so it is left out, and the length too.
    Steady,
    /// Objects and lists are left out: every name stands in them.
    Unsaid,
}

/// What a check wants, for people.
pub(crate) fn expected<T: AsRef<str>>(wanted: &Expected<T>, check: &CheckKind, pointer: Option<&str>) -> String {
    Words { check, pointer, values: Values::Told }.wanted(wanted)
}

/// What there is, for people.
pub(crate) fn actual<T: AsRef<str>>(found: &Actual<T>, check: &CheckKind) -> String {
    Words { check, pointer: None, values: Values::Told }.actual(found)
}

/// What there is, in a title: whether a status is documented is told below it.
pub(crate) fn actual_in_title<T: AsRef<str>>(found: &Actual<T>, check: &CheckKind) -> String {
    let words = Words { check, pointer: None, values: Values::Told };
    match found {
        Actual::Status { status, code, summary, .. } => words.status(*status, "", code.as_ref(), summary.as_ref()),
        found => words.actual(found),
    }
}

/// What is wrong where, in a line.
pub(crate) fn headline<T: AsRef<str>>(
    check: &CheckKind,
    pointer: Option<&str>,
    wanted: &Expected<T>,
    found: &Actual<T>,
) -> String {
    let words = Words { check, pointer, values: Values::Told };
    let place = pointer.filter(|pointer| !pointer.is_empty()).map(|pointer| format!(" {pointer}")).unwrap_or_default();
    format!("{check}{place}: expected {}, got {}", words.wanted(wanted), words.actual(found))
}

/// What there is, in a form that does not depend on where a value was cut.
pub(crate) fn steady<T: AsRef<str>>(found: &Actual<T>, check: &CheckKind) -> String {
    let words = Words { check, pointer: None, values: Values::Steady };
    match found {
        // Where it leads is a run's own.
        Actual::Elsewhere(_) => "a link to another origin".to_owned(),
        Actual::NotSent(_) => "an identifier that leads elsewhere".to_owned(),
        found => words.actual(found),
    }
}

/// Both without the objects and lists in them.
pub(crate) fn unsaid<T: AsRef<str>>(wanted: &Expected<T>, found: &Actual<T>, check: &CheckKind) -> String {
    let words = Words { check, pointer: None, values: Values::Unsaid };
    format!("{} {}", words.expected(wanted), words.actual(found))
}

struct Words<'a> {
    check: &'a CheckKind,
    pointer: Option<&'a str>,
    values: Values,
}

impl Words<'_> {
    /// What a check wants as a whole: nothing at the place that it is about has words of its own.
    fn wanted<T: AsRef<str>>(&self, wanted: &Expected<T>) -> String {
        if matches!(wanted, Expected::Absent) { self.no_such() } else { self.expected(wanted) }
    }

    fn expected<T: AsRef<str>>(&self, wanted: &Expected<T>) -> String {
        let all = |list: &[Expected<T>], between: &str| -> String {
            list.iter().map(|wanted| self.expected(wanted)).collect::<Vec<_>>().join(between)
        };
        match wanted {
            Expected::Value(value) => self.json(value),
            Expected::Exactly(value) => format!("exactly {}", self.json(value)),
            Expected::Object(members) if members.is_empty() => "an object".to_owned(),
            Expected::Object(members) => {
                let member =
                    |(name, wanted): &(T, Expected<T>)| format!("{}: {}", name.as_ref(), self.expected(wanted));
                format!("an object with {}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
            Expected::Items(items) => format!("[{}]", all(items, ", ")),
            Expected::All(list) => all(list, " and "),
            Expected::OneOf(list) => all(list, " or "),
            Expected::Unordered(items) => format!("in any order [{}]", all(items, ", ")),
            Expected::Not(wanted) => format!("not {}", self.expected(wanted)),
            Expected::Contains(wanted) => format!("something that contains {}", self.expected(wanted)),
            Expected::Each(wanted) => format!("a list whose items are each {}", self.expected(wanted)),
            Expected::Type(names) => match names.as_slice() {
                [name] if name == "object" => "an object".to_owned(),
                [name] if name == "array" => "a list".to_owned(),
                names => format!("of type {}", names.join(" or ")),
            },
            Expected::Pattern(pattern) => format!("text like /{}/", pattern.as_ref()),
            Expected::Format(name) => format!("text of the format {name}"),
            Expected::Present => "any value".to_owned(),
            Expected::Absent => "no such member".to_owned(),
            Expected::Distinct => "a list without duplicates".to_owned(),
            Expected::ListOf(items) => format!("a list of {items}"),
            Expected::Length { min, max } => match max {
                Some(max) if max == min => format!("of length {min}"),
                Some(max) if *min == 0 => format!("of length {max} or less"),
                Some(max) => format!("of length {min} to {max}"),
                None => format!("of length {min} or more"),
            },
            Expected::Min(bound) => format!("a number of at least {}", self.json(bound)),
            Expected::Max(bound) => format!("a number of at most {}", self.json(bound)),
            Expected::NotBefore(time) => format!("a time not before {}", self.json(time)),
            Expected::NotAfter(time) => format!("a time not after {}", self.json(time)),
            Expected::SameAs(value, except) if except.is_empty() => format!("the same as {}", self.json(value)),
            Expected::SameAs(value, except) => {
                format!("the same as {} except for {}", self.json(value), except.join(", "))
            }
            Expected::Schema(name) => format!("JSON that fits the schema {name}"),
            Expected::Jwt(algorithm) => format!("a JWT signed with {algorithm}"),
            Expected::Member(name) => format!("a member \"{name}\""),
            Expected::When { wants, members, holds } => {
                let is = if *holds { "is" } else { "is not" };
                let member = |(name, value): &(String, Json<T>)| format!("{name} {is} {}", self.json(value));
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{} where {}", self.expected(wants), members.join(if *holds { " and " } else { " or " }))
            }
            Expected::Keyword(text) => format!("what the schema says: {}", self.excerpt(text)),
            Expected::Status(statuses) => statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
            Expected::Documented(operation) => format!("a status that {operation} documents"),
            Expected::Code(codes) => codes.join(" or "),
            Expected::Capture { name, most: None } => format!("something to capture as `{name}`"),
            Expected::Capture { name, most: Some(most) } => {
                format!("something to capture as `{name}`, of {most} bytes at most")
            }
            Expected::LastPage(pages) => format!("an end within {}", counted(*pages, "page")),
            Expected::Origin(origin) => format!("a URL of {}", origin.as_ref()),
            Expected::Segment => "what names one thing".to_owned(),
            Expected::New => "the identifier of something new".to_owned(),
            Expected::Legacy(text) => text.as_ref().to_owned(),
        }
    }

    fn actual<T: AsRef<str>>(&self, found: &Actual<T>) -> String {
        match found {
            Actual::Value(value) => self.json(value),
            Actual::Text(text) => self.excerpt(text),
            Actual::Absent => self.nothing().to_owned(),
            Actual::Lacks(value) => format!("no such member in {}", self.json(value)),
            Actual::Nearest { list, at, more } => {
                let at: Vec<&str> = at.iter().map(AsRef::as_ref).collect();
                let more = if *more { ", …" } else { "" };
                format!("a list whose nearest item differs at {}{more}: {}", at.join(", "), self.json(list))
            }
            Actual::Status { status, documented, code, summary } => {
                let undocumented = if *documented { "" } else { ", which this operation does not document" };
                self.status(*status, undocumented, code.as_ref(), summary.as_ref())
            }
            Actual::NotJson(reason) | Actual::NotSigned(reason) => reason.as_ref().to_owned(),
            Actual::NotNew(NotNew::Before) => "that of something that was there before".to_owned(),
            Actual::NotNew(NotNew::Other) => "that of something else".to_owned(),
            Actual::NotNew(NotNew::Doubtful) => "one that neither a list nor a name shows to be new".to_owned(),
            Actual::TooLong(bytes) => format!("{bytes} bytes"),
            Actual::SamePage(url) => format!("a page that links to one seen before: {}", url.as_ref()),
            Actual::NextPage { after, url } => format!("still a next page after {after}: {}", url.as_ref()),
            Actual::TooManyValues { limit, url } => {
                format!("still a next page after more than {limit} values, the limit: {}", url.as_ref())
            }
            Actual::Elsewhere(url) => format!("{}, which was not fetched", url.as_ref()),
            Actual::NotSent(text) => format!("{}, which was not sent", text.as_ref()),
            Actual::Legacy(text) => text.as_ref().to_owned(),
        }
    }

    fn status<T: AsRef<str>>(
        &self,
        status: u16,
        more: &str,
        code: Option<&Excerpt<T>>,
        summary: Option<&Excerpt<T>>,
    ) -> String {
        let error = match (code, summary) {
            (Some(code), Some(summary)) => format!(" ({}: {})", self.excerpt(code), self.excerpt(summary)),
            (Some(code), None) => format!(" ({})", self.excerpt(code)),
            (None, _) => String::new(),
        };
        format!("{status}{more}{error}")
    }

    fn json<T: AsRef<str>>(&self, value: &Json<T>) -> String {
        if self.values == Values::Unsaid && value.holds_others() { String::new() } else { self.excerpt(&value.0) }
    }

    fn excerpt<T: AsRef<str>>(&self, excerpt: &Excerpt<T>) -> String {
        match (self.values, excerpt.bytes) {
            (Values::Steady, Some(_)) => {
                let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
                format!("{}…", excerpt.text.as_ref().trim_end_matches('…').trim_end_matches(is_of_word))
            }
            (Values::Told, _) => spelt_out(&excerpt.to_string()),
            (Values::Unsaid | Values::Steady, _) => excerpt.to_string(),
        }
    }

    /// That something is not to be there.
    fn no_such(&self) -> String {
        let at_a_place = self.pointer.is_some_and(|pointer| !pointer.is_empty());
        let what = match self.check {
            CheckKind::Header(_) => "such header",
            CheckKind::Link(_) => "such link",
            CheckKind::Body | CheckKind::EmptyBody if !at_a_place => "body",
            CheckKind::Body
            | CheckKind::Capture
            | CheckKind::Collected
            | CheckKind::EmptyBody
            | CheckKind::ErrorCode
            | CheckKind::ErrorForm
            | CheckKind::Identity
            | CheckKind::OAuthError
            | CheckKind::Origin
            | CheckKind::Pages
            | CheckKind::Path
            | CheckKind::Schema
            | CheckKind::Status
            | CheckKind::Value(_)
            | CheckKind::Other(_) => "such member",
        };
        format!("no {what}")
    }

    /// That something is not there.
    fn nothing(&self) -> &'static str {
        match self.check {
            CheckKind::Header(_) => "no such header",
            CheckKind::Link(_) => "no such link",
            CheckKind::Capture => "nothing is there",
            CheckKind::ErrorCode => "no errorCode",
            CheckKind::OAuthError => "no error of OAuth",
            CheckKind::Identity => "none",
            CheckKind::Body
            | CheckKind::Collected
            | CheckKind::EmptyBody
            | CheckKind::ErrorForm
            | CheckKind::Origin
            | CheckKind::Pages
            | CheckKind::Path
            | CheckKind::Schema
            | CheckKind::Status
            | CheckKind::Value(_)
            | CheckKind::Other(_) => "nothing: the member is not there",
        }
    }
}

/// Characters that nobody sees, blanks that are not the usual one, and parts of characters that others write as one (Unicode Standard Annex
/// 15). With them, two texts that differ look alike.
static UNSEEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{Cf}\p{Z}\u{300}-\u{36f}\u{1100}-\u{11ff}\u{3099}\u{309a}--\x20]").ok());

/// The text with the code points of [`UNSEEN`].
fn spelt_out(text: &str) -> String {
    let code_point = |found: &Captures<'_>| found[0].escape_unicode().to_string();
    UNSEEN.as_ref().map_or_else(|| text.to_owned(), |unseen| unseen.replace_all(text, code_point).into_owned())
}
