//! What a case expects of a JSON value: read and checked once, held against any number of answers.
//!
//! Owns the matchers of `docs/writing-cases.md`. It judges values alone: statuses and headers are `check`'s, levels and requirements
//! are the plan's.

mod equality;
mod judge;
#[cfg(test)]
mod laws;
mod places;
mod read;
mod wanted;

use std::sync::Arc;

pub(crate) use equality::{equal, equal_but_for, without};
use jsonschema::Validator;
pub(crate) use read::{Context, Patterns};
use regex::Regex;
use serde_json::Number;

use crate::{
    diagnostic::Span,
    finding::{Actual, Expected},
    jwt::Algorithm,
    schema::Schema,
    template::{Template, Tree},
};

/// An expectation and where it stands in its file.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    pub(crate) span: Span,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// A plain scalar or a template.
    Equal(Tree),
    /// At least these members; each with the place of its key.
    Object(Vec<(String, Matcher)>),
    /// Exactly these items.
    List(Vec<Matcher>),
    /// Several `$` keys of one map.
    All(Vec<Matcher>),
    Exact(Tree),
    Type(Vec<JsonType>),
    Pattern(Pattern),
    Format(Format),
    Present,
    Absent,
    Contains(Box<Matcher>),
    Each(Box<Matcher>),
    Unordered(Vec<Matcher>),
    Distinct,
    Length {
        min: u64,
        max: u64,
    },
    OneOf(Vec<Matcher>),
    Not(Box<Matcher>),
    Min(Number),
    Max(Number),
    NotBefore(Tree),
    NotAfter(Tree),
    SameAs {
        value: Tree,
        except: Box<[String]>,
    },
    Schema(Arc<Schema>),
    Jwt(Box<JwtMatcher>),
}

/// What a token is held to.
#[derive(Debug, Clone)]
struct JwtMatcher {
    /// How it must be signed, whatever it says itself.
    algorithm: Algorithm,
    /// The key set that holds its key; without one, the signature is not verified.
    signed_by: Option<Tree>,
    /// Of its header, its claims and its lifetime in one object.
    decoded: Matcher,
}

/// What a matcher is made of.
enum Shape<'a> {
    /// Members of an object.
    Members(&'a [(String, Matcher)]),
    /// Items of a list, one by one.
    Items(&'a [Matcher]),
    /// All items of a list.
    Each(&'a Matcher),
    /// What is in a token.
    Token(&'a Matcher),
    /// Several, of the same value.
    All(&'a [Matcher]),
    /// Several, of which one has to hold.
    Any(&'a [Matcher]),
    /// Nothing: it holds where there is no value.
    Absent,
    /// Nothing that can be false by itself.
    Single,
}

impl Kind {
    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Object(members) => Shape::Members(members),
            Self::List(items) => Shape::Items(items),
            Self::Each(matcher) => Shape::Each(matcher),
            Self::All(all) => Shape::All(all),
            Self::OneOf(any) => Shape::Any(any),
            Self::Jwt(jwt) => Shape::Token(&jwt.decoded),
            Self::Absent => Shape::Absent,
            Self::Equal(_)
            | Self::Exact(_)
            | Self::Type(_)
            | Self::Pattern(_)
            | Self::Format(_)
            | Self::Present
            | Self::Contains(_)
            | Self::Unordered(_)
            | Self::Distinct
            | Self::Length { .. }
            | Self::Not(_)
            | Self::Min(_)
            | Self::Max(_)
            | Self::NotBefore(_)
            | Self::NotAfter(_)
            | Self::SameAs { .. }
            | Self::Schema(_) => Shape::Single,
        }
    }
}

/// A regular expression, ready unless variables stand in it.
#[derive(Debug, Clone)]
enum Pattern {
    /// Shared by all that have this text: a compiled expression and its caches take 20 KiB and more.
    Ready(Arc<Regex>),
    Template(Template),
}

#[derive(Debug, Clone)]
struct Format {
    name: &'static str,
    validator: Arc<Validator>,
}

/// The types that JSON Schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JsonType {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// What an expectation has to say about a value.
#[derive(Debug, Default)]
pub(crate) struct Mismatches {
    pub(crate) told: Vec<Mismatch>,
    /// How many there are beside these.
    pub(crate) left_out: usize,
}

/// A place in a value where an expectation does not hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mismatch {
    /// Where the expectation stands in the case.
    pub(crate) span: Span,
    /// Where the value stands in the body, a JSON Pointer.
    pub(crate) pointer: String,
    pub(crate) expected: Expected<String>,
    pub(crate) actual: Actual<String>,
}
