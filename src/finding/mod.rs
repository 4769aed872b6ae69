//! What a false check wanted and what it found, as values: of a matcher, a schema, a status, a link.
//!
//! Owns these values, their form in a stream, and the only place where sentences are made of them (`words`). Nothing makes a value of a
//! sentence. What comes from a target is `T`: a plain text while it is judged, [`Redacted`] in everything that is written.

mod check;
mod json;
mod words;

use serde::{Deserialize, Serialize};

pub use check::CheckKind;
pub use json::Json;
pub(crate) use words::{actual, actual_in_title, expected, headline, steady, unsaid};

use crate::{brief::Excerpt, secret::Redacted};

/// What a check wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(strum::VariantNames), strum(serialize_all = "kebab-case"))]
#[serde(
    tag = "is",
    content = "of",
    rename_all = "kebab-case",
    bound(serialize = "T: Serialize + AsRef<str>", deserialize = "T: Deserialize<'de>")
)]
pub enum Expected<T = Redacted> {
    /// This value.
    Value(Json<T>),
    /// This value and no member more.
    Exactly(Json<T>),
    /// An object with at least these members.
    Object(Vec<(T, Expected<T>)>),
    /// A list of just these items.
    Items(Vec<Expected<T>>),
    /// All of them at once.
    All(Vec<Expected<T>>),
    /// One of them.
    OneOf(Vec<Expected<T>>),
    /// A list of just these items, in any order.
    Unordered(Vec<Expected<T>>),
    /// Anything else.
    Not(Box<Expected<T>>),
    /// A list with such an item, or a text with this part.
    Contains(Box<Expected<T>>),
    /// A list of nothing but such items.
    Each(Box<Expected<T>>),
    /// Of one of these types of JSON Schema.
    Type(Vec<String>),
    /// A text that this regular expression finds something in.
    Pattern(T),
    /// A text of this format of JSON Schema.
    Format(String),
    /// Whatever there is.
    Present,
    /// Nothing.
    Absent,
    /// A list of items that all differ.
    Distinct,
    /// A list of so many items.
    ListOf(u64),
    /// So many characters, items or members.
    Length {
        /// At least.
        min: u64,
        /// At most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    /// A number that is not less.
    Min(Json<T>),
    /// A number that is not greater.
    Max(Json<T>),
    /// A time that is not earlier.
    NotBefore(Json<T>),
    /// A time that is not later.
    NotAfter(Json<T>),
    /// The same value, but for the members at these JSON Pointers.
    SameAs(Json<T>, Vec<String>),
    /// What fits the schema of this name.
    Schema(String),
    /// A JSON Web Token that is signed with this algorithm, by a key of the set where one is named.
    Jwt(String),
    /// An object with this member.
    Member(String),
    /// What a schema wants where members of the object have these values, or where one of them has not.
    When {
        /// What it wants then.
        wants: Box<Expected<T>>,
        /// The members and their values.
        members: Vec<(String, Json<T>)>,
        /// Whether they have them.
        holds: bool,
    },
    /// Another keyword of a schema, in the validator's words.
    Keyword(Excerpt<T>),
    /// One of these statuses.
    Status(Vec<u16>),
    /// A status that this operation documents.
    Documented(String),
    /// One of these error codes.
    Code(Vec<String>),
    /// Something to capture.
    Capture {
        /// Under this name.
        name: String,
        /// Of so many bytes at most, where that is what is wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<usize>,
    },
    /// The last page after at most so many.
    LastPage(u64),
    /// A URL of this origin.
    Origin(T),
    /// A text that names one thing in a path.
    Segment,
    /// The identifier of something new.
    New,
    /// A text: as a stream of version 1 tells it, or in the place of what is nested too deep to be told.
    #[serde(untagged)]
    Legacy(T),
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(strum::VariantNames), strum(serialize_all = "kebab-case"))]
#[serde(
    tag = "is",
    content = "of",
    rename_all = "kebab-case",
    bound(serialize = "T: Serialize + AsRef<str>", deserialize = "T: Deserialize<'de>")
)]
pub enum Actual<T = Redacted> {
    /// This value.
    Value(Json<T>),
    /// This text, which is no JSON.
    Text(Excerpt<T>),
    /// Nothing.
    Absent,
    /// This object, without the member that is wanted.
    Lacks(Json<T>),
    /// A list without such an item; the one that comes nearest differs at these JSON Pointers.
    Nearest {
        /// The list.
        list: Json<T>,
        /// The first of the places.
        at: Vec<T>,
        /// Whether there are more.
        more: bool,
    },
    /// A status.
    Status {
        /// It.
        status: u16,
        /// Whether the operation documents it.
        documented: bool,
        /// The error code in the body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Excerpt<T>>,
        /// The summary beside the code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<Excerpt<T>>,
    },
    /// A body that cannot be read as JSON, and why.
    NotJson(T),
    /// A text that is not signed as it is wanted, and why.
    NotSigned(T),
    /// The identifier of something else.
    NotNew(NotNew),
    /// So many bytes, more than are captured.
    TooLong(usize),
    /// A next page that was seen before.
    SamePage(T),
    /// A next page after as many pages as there may be.
    NextPage {
        /// So many.
        after: u64,
        /// Where it is.
        url: T,
    },
    /// A next page after more values than are collected.
    TooManyValues {
        /// So many are.
        limit: usize,
        /// Where it is.
        url: T,
    },
    /// A URL of another origin, which was not fetched.
    Elsewhere(T),
    /// A text that leads elsewhere in a path, which was not sent.
    NotSent(T),
    /// As a stream of version 1 tells it.
    #[serde(untagged)]
    Legacy(T),
}

/// What else the answer to a create names than something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotNew {
    /// What was there before.
    Before,
    /// Something else: what was made has another identifier.
    Other,
    /// What neither a list nor a name shows to be new.
    Doubtful,
}

impl<T> Expected<T> {
    /// The same, each text through `f`.
    pub(crate) fn map<U>(self, f: &impl Fn(T) -> U) -> Expected<U> {
        let all = |list: Vec<Self>| list.into_iter().map(|one| one.map(f)).collect();
        let boxed = |inner: Box<Self>| Box::new(inner.map(f));
        match self {
            Self::Value(value) => Expected::Value(value.map(f)),
            Self::Exactly(value) => Expected::Exactly(value.map(f)),
            Self::Object(members) => {
                Expected::Object(members.into_iter().map(|(name, wanted)| (f(name), wanted.map(f))).collect())
            }
            Self::Items(list) => Expected::Items(all(list)),
            Self::All(list) => Expected::All(all(list)),
            Self::OneOf(list) => Expected::OneOf(all(list)),
            Self::Unordered(list) => Expected::Unordered(all(list)),
            Self::Not(inner) => Expected::Not(boxed(inner)),
            Self::Contains(inner) => Expected::Contains(boxed(inner)),
            Self::Each(inner) => Expected::Each(boxed(inner)),
            Self::Type(names) => Expected::Type(names),
            Self::Pattern(pattern) => Expected::Pattern(f(pattern)),
            Self::Format(name) => Expected::Format(name),
            Self::Present => Expected::Present,
            Self::Absent => Expected::Absent,
            Self::Distinct => Expected::Distinct,
            Self::ListOf(items) => Expected::ListOf(items),
            Self::Length { min, max } => Expected::Length { min, max },
            Self::Min(bound) => Expected::Min(bound.map(f)),
            Self::Max(bound) => Expected::Max(bound.map(f)),
            Self::NotBefore(time) => Expected::NotBefore(time.map(f)),
            Self::NotAfter(time) => Expected::NotAfter(time.map(f)),
            Self::SameAs(value, except) => Expected::SameAs(value.map(f), except),
            Self::Schema(name) => Expected::Schema(name),
            Self::Jwt(algorithm) => Expected::Jwt(algorithm),
            Self::Member(name) => Expected::Member(name),
            Self::When { wants, members, holds } => {
                let members = members.into_iter().map(|(name, value)| (name, value.map(f))).collect();
                Expected::When { wants: boxed(wants), members, holds }
            }
            Self::Keyword(text) => Expected::Keyword(text.map(f)),
            Self::Status(statuses) => Expected::Status(statuses),
            Self::Documented(operation) => Expected::Documented(operation),
            Self::Code(codes) => Expected::Code(codes),
            Self::Capture { name, most } => Expected::Capture { name, most },
            Self::LastPage(pages) => Expected::LastPage(pages),
            Self::Origin(origin) => Expected::Origin(f(origin)),
            Self::Segment => Expected::Segment,
            Self::New => Expected::New,
            Self::Legacy(text) => Expected::Legacy(f(text)),
        }
    }

    /// The value, where a value as a whole is wanted.
    pub(crate) fn value(&self) -> Option<serde_json::Value>
    where
        T: AsRef<str>,
    {
        let (Self::Value(value) | Self::Exactly(value)) = self else { return None };
        value.whole()
    }

    /// Whether it is told as an object or a list.
    pub(crate) fn holds_others(&self) -> bool
    where
        T: AsRef<str>,
    {
        matches!(self, Self::Items(_)) || matches!(self, Self::Value(value) if value.holds_others())
    }
}

impl<T> Actual<T> {
    /// The same, each text through `f`.
    pub(crate) fn map<U>(self, f: &impl Fn(T) -> U) -> Actual<U> {
        match self {
            Self::Value(value) => Actual::Value(value.map(f)),
            Self::Text(text) => Actual::Text(text.map(f)),
            Self::Absent => Actual::Absent,
            Self::Lacks(value) => Actual::Lacks(value.map(f)),
            Self::Nearest { list, at, more } => {
                Actual::Nearest { list: list.map(f), at: at.into_iter().map(f).collect(), more }
            }
            Self::Status { status, documented, code, summary } => {
                let text = |text: Option<Excerpt<T>>| text.map(|text| text.map(f));
                Actual::Status { status, documented, code: text(code), summary: text(summary) }
            }
            Self::NotJson(reason) => Actual::NotJson(f(reason)),
            Self::NotSigned(reason) => Actual::NotSigned(f(reason)),
            Self::NotNew(why) => Actual::NotNew(why),
            Self::TooLong(bytes) => Actual::TooLong(bytes),
            Self::SamePage(url) => Actual::SamePage(f(url)),
            Self::NextPage { after, url } => Actual::NextPage { after, url: f(url) },
            Self::TooManyValues { limit, url } => Actual::TooManyValues { limit, url: f(url) },
            Self::Elsewhere(url) => Actual::Elsewhere(f(url)),
            Self::NotSent(text) => Actual::NotSent(f(text)),
            Self::Legacy(text) => Actual::Legacy(f(text)),
        }
    }
}

impl<T: AsRef<str>> Actual<T> {
    /// What kind of thing there is, in a word that does not depend on its value.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Value(value) => value.class(),
            Self::Text(_) => "text",
            Self::Absent | Self::Lacks(_) => "nothing",
            Self::Nearest { .. } => "list",
            Self::Status { .. } => "status",
            Self::NotJson(_) => "not JSON",
            Self::NotSigned(_) => "not signed",
            Self::NotNew(_) => "not new",
            Self::TooLong(_) => "too long",
            Self::SamePage(_) | Self::NextPage { .. } | Self::TooManyValues { .. } => "page",
            Self::Elsewhere(_) => "elsewhere",
            Self::NotSent(_) => "not sent",
            Self::Legacy(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames as _;

    use super::*;

    #[test]
    fn each_value_is_in_the_schema_of_the_stream() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../schemas/harness/events.schema.json")).expect("JSON");
        for (definition, names) in [("expected", Expected::<String>::VARIANTS), ("actual", Actual::<String>::VARIANTS)]
        {
            let known = &schema["$defs"][definition]["oneOf"][1]["properties"]["is"]["enum"];
            let known: Vec<&str> = known.as_array().expect("names").iter().filter_map(|name| name.as_str()).collect();
            let names: Vec<&str> = names.iter().copied().filter(|name| *name != "legacy").collect();
            assert_eq!(known, names, "events.schema.json lists the values of `{definition}` in their order");
        }
    }

    #[test]
    fn what_is_nested_deep_is_read_back() {
        for levels in [1, 32, 33, 120] {
            let text = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
            let found = Actual::Value(Json::of(&serde_json::from_str::<serde_json::Value>(&text).expect("JSON")));
            let line = format!("[[[[[[[[[[{}]]]]]]]]]]", serde_json::to_string(&found).expect("JSON"));
            let read: serde_json::Value = serde_json::from_str(&line).expect("no deeper than a reader goes");
            let read = (0..10).fold(&read, |value, _| &value[0]);
            assert_eq!(serde_json::from_value::<Actual<String>>(read.clone()).expect("the same"), found, "{levels}");
        }
    }

    #[test]
    fn nothing_at_a_place_and_nothing_within_a_value_read_apart() {
        let says = |wanted: &Expected<String>| expected(wanted, &CheckKind::Body, None);
        assert_eq!(says(&Expected::Absent), "no body");
        let member = Expected::Object(vec![("a".to_owned(), Expected::Absent)]);
        assert_eq!(
            says(&Expected::OneOf(vec![member, Expected::Present])),
            "an object with a: no such member or any value"
        );
    }

    #[test]
    fn texts_that_look_alike_are_told_apart() {
        let says = |text: &str| actual(&Actual::Value(Json::of(text)), &CheckKind::Body);
        for (text, told) in [
            ("Ren\u{e9}", "\"Ren\u{e9}\""),
            ("Rene\u{301}", "\"Rene\\u{301}\""),
            ("a\u{a0}b", "\"a\\u{a0}b\""),
            ("a b", "\"a b\""),
            ("a\u{200b}b", "\"a\\u{200b}b\""),
            ("\u{1112}\u{1161}", "\"\\u{1112}\\u{1161}\""),
            ("\u{939}\u{93f}", "\"\u{939}\u{93f}\""),
        ] {
            assert_eq!(says(text), told);
        }
        let header = Actual::Text(Excerpt::of("a\u{a0}b"));
        assert_eq!(actual(&header, &CheckKind::Header("A".into())), "a\\u{a0}b");
        assert_eq!(steady(&header, &CheckKind::Body), "a\u{a0}b", "signatures are as they always were");
    }

    #[test]
    fn what_a_stream_holds_is_read_back() {
        let value = |text: &str| Json::of(&serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        let wants: Vec<Expected<String>> = vec![
            Expected::Object(vec![
                ("a".into(), Expected::Value(value(r#"{"b":[1,null]}"#))),
                ("c".into(), Expected::Absent),
            ]),
            Expected::Length { min: 1, max: None },
            Expected::SameAs(value("\"x\""), vec!["/a".into()]),
            Expected::When {
                wants: Box::new(Expected::Member("m".into())),
                members: vec![("n".into(), value("1"))],
                holds: true,
            },
            Expected::Legacy("a text of another version".into()),
            Expected::Present,
        ];
        for wanted in wants {
            let text = serde_json::to_string(&wanted).expect("JSON");
            assert_eq!(serde_json::from_str::<Expected<String>>(&text).expect("the same"), wanted, "{text}");
        }
        let long = Json::of(&serde_json::Value::from("x".repeat(1000)));
        let found: Vec<Actual<String>> = vec![
            Actual::Value(long.clone()),
            Actual::Nearest { list: long, at: vec!["/a".into()], more: true },
            Actual::Status { status: 404, documented: false, code: Some(Excerpt::of("E1")), summary: None },
            Actual::NotNew(NotNew::Before),
            Actual::Legacy("nothing".into()),
        ];
        for found in found {
            let text = serde_json::to_string(&found).expect("JSON");
            assert_eq!(serde_json::from_str::<Actual<String>>(&text).expect("the same"), found, "{text}");
        }
    }
}
