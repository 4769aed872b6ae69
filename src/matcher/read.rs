//! From YAML to [`Matcher`]: every mistake in an expectation is found here.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::DateTime;
use jsonschema::Validator;
use regex::Regex;
use serde_json::{Number, json};
use strum::{EnumString, VariantNames};

use super::{Format, JsonType, JwtMatcher, Kind, Matcher, Pattern, equality::order};
use crate::{
    diagnostic::{self, Span},
    jwt::Algorithm,
    schema::{Schema, Schemas},
    template::{Scope, Template, Tree},
    yaml::{Data, Fields, Key, Node, Problems},
};

/// What a matcher is called, behind a `$`.
#[derive(Debug, Clone, Copy, EnumString, VariantNames)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "camelCase")]
pub(super) enum Name {
    Exact,
    Type,
    Pattern,
    Format,
    Present,
    Absent,
    Contains,
    Each,
    Unordered,
    Distinct,
    Length,
    OneOf,
    Not,
    Min,
    Max,
    NotBefore,
    NotAfter,
    SameAs,
    Schema,
    Jwt,
}

/// The formats that the validator knows; another name would silently hold for everything.
const FORMATS: [&str; 14] = [
    "date",
    "date-time",
    "time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "json-pointer",
    "regex",
];

/// What reading a matcher needs to know.
pub(crate) struct Context<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) schemas: &'a Schemas,
    pub(crate) patterns: &'a Patterns,
}

/// What the matchers of a suite have in common, compiled once however often it is written.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    regexes: RefCell<HashMap<String, Arc<Regex>>>,
    formats: RefCell<HashMap<&'static str, Arc<Validator>>>,
    schemas: RefCell<BTreeSet<String>>,
}

impl Patterns {
    /// Notes that a schema is used.
    pub(crate) fn uses(&self, schema: &Schema) {
        if !self.schemas.borrow().contains(&schema.name) {
            self.schemas.borrow_mut().insert(schema.name.clone());
        }
    }

    /// The names of the schemas that are used.
    pub(crate) fn into_schemas(self) -> BTreeSet<String> {
        self.schemas.into_inner()
    }

    fn regex(&self, text: &str) -> Result<Arc<Regex>, regex::Error> {
        if let Some(regex) = self.regexes.borrow().get(text) {
            return Ok(Arc::clone(regex));
        }
        let regex = Arc::new(Regex::new(text)?);
        self.regexes.borrow_mut().insert(text.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }

    fn format(&self, name: &'static str) -> Option<Arc<Validator>> {
        if let Some(validator) = self.formats.borrow().get(name) {
            return Some(Arc::clone(validator));
        }
        let schema = json!({ "type": "string", "format": name });
        let validator = jsonschema::options().should_validate_formats(true).offline().build(&schema).ok()?;
        let validator = Arc::new(validator);
        self.formats.borrow_mut().insert(name, Arc::clone(&validator));
        Some(validator)
    }
}

impl Matcher {
    /// Reads the expectation that stands at `node`.
    pub(crate) fn read(node: &Node, cx: &Context<'_>, problems: &mut Problems<'_>) -> Self {
        let kind = match &node.data {
            Data::Map(entries) if entries.iter().any(|(key, _)| key.name.starts_with('$')) => {
                dollar_map(entries, cx, problems)
            }
            Data::Map(entries) => Kind::Object(
                entries
                    .iter()
                    .map(|(key, node)| {
                        let mut matcher = Self::read(node, cx, problems);
                        // The member is what a reader looks for, so the caret stands under its whole entry.
                        matcher.span = Span::new(key.span.start, matcher.span.end.max(key.span.end));
                        (key.name.clone(), matcher)
                    })
                    .collect(),
            ),
            Data::List(items) => Kind::List(read_all(items, cx, problems)),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) => {
                Kind::Equal(Tree::read(node, cx.scope, problems))
            }
        };
        Self { span: node.span, kind }
    }
}

fn read_all(items: &[Node], cx: &Context<'_>, problems: &mut Problems<'_>) -> Vec<Matcher> {
    items.iter().map(|item| Matcher::read(item, cx, problems)).collect()
}

fn dollar_map(entries: &[(Key, Node)], cx: &Context<'_>, problems: &mut Problems<'_>) -> Kind {
    let mut all = Vec::new();
    for (key, node) in entries {
        if let Some(kind) = dollar(key, node, cx, problems) {
            all.push(Matcher { span: Span::new(key.span.start, node.span.end.max(key.span.end)), kind });
        }
    }
    check_together(entries, &all, problems);
    // Nearly all hold one; a plan with a thousand cases has thousands of these lists.
    all.shrink_to_fit();
    Kind::All(all)
}

fn dollar(key: &Key, node: &Node, cx: &Context<'_>, problems: &mut Problems<'_>) -> Option<Kind> {
    let name = key.name.as_str();
    let Some(bare) = name.strip_prefix('$') else {
        let help = "a map has either members or matchers";
        problems.at_with(key.span, format!("member `{name}` beside matchers"), help);
        return None;
    };
    let Ok(known) = bare.parse::<Name>() else {
        let names: Vec<String> = Name::VARIANTS.iter().map(|name| format!("${name}")).collect();
        problems.unknown(key.span, "matcher", name, names.iter().map(String::as_str));
        return None;
    };
    let inner = |problems: &mut Problems<'_>| Box::new(Matcher::read(node, cx, problems));
    Some(match known {
        Name::Exact => Kind::Exact(Tree::read(node, cx.scope, problems)),
        Name::Type => Kind::Type(types(node, problems)),
        Name::Pattern => Kind::Pattern(pattern(node, cx, problems)?),
        Name::Format => Kind::Format(format(node, cx, problems)?),
        Name::Present => flag(node, name, problems, Kind::Present)?,
        Name::Absent => flag(node, name, problems, Kind::Absent)?,
        Name::Distinct => flag(node, name, problems, Kind::Distinct)?,
        Name::Contains => Kind::Contains(inner(problems)),
        Name::Each => Kind::Each(inner(problems)),
        Name::Not => Kind::Not(inner(problems)),
        Name::Unordered => Kind::Unordered(read_all(problems.list(node, name)?, cx, problems)),
        Name::OneOf => Kind::OneOf(read_all(some(problems.list(node, name)?, node, name, problems), cx, problems)),
        Name::Length => length(node, problems)?,
        Name::Min => Kind::Min(number(node, name, problems)?),
        Name::Max => Kind::Max(number(node, name, problems)?),
        Name::NotBefore => Kind::NotBefore(moment(node, name, cx, problems)),
        Name::NotAfter => Kind::NotAfter(moment(node, name, cx, problems)),
        Name::SameAs => same_as(node, cx.scope, problems)?,
        Name::Jwt => Kind::Jwt(Box::new(jwt(node, cx, problems)?)),
        Name::Schema => {
            let wanted = problems.text(node, name)?;
            let schema = cx.schemas.find(wanted, node.span, problems)?;
            cx.patterns.uses(&schema);
            Kind::Schema(schema)
        }
    })
}

/// What stands in a list of which one is to hold; with nothing in it, the matcher would never hold, and under `$not` always.
fn some<'i, T>(items: &'i [T], node: &Node, name: &str, problems: &mut Problems<'_>) -> &'i [T] {
    if items.is_empty() {
        problems.at(node.span, format!("`{name}` needs at least one value"));
    }
    items
}

/// Matchers of one map that can never hold together.
fn check_together(entries: &[(Key, Node)], all: &[Matcher], problems: &mut Problems<'_>) {
    let span = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span);
    if let (Some(_), Some(absent)) = (span("$present"), span("$absent")) {
        problems.at(absent, "`$present` and `$absent` contradict each other");
    }
    let min = all.iter().find_map(|matcher| if let Kind::Min(bound) = &matcher.kind { Some(bound) } else { None });
    let max = all.iter().find_map(|matcher| if let Kind::Max(bound) = &matcher.kind { Some(bound) } else { None });
    if let (Some(min), Some(max), Some(at)) = (min, max, span("$max"))
        && order(min, max).is_gt()
    {
        problems.at(at, format!("`$min: {min}` is greater than `$max: {max}`"));
    }
}

/// A time, unless it is a variable's.
fn moment(node: &Node, name: &str, cx: &Context<'_>, problems: &mut Problems<'_>) -> Tree {
    let tree = Tree::read(node, cx.scope, problems);
    let is_time = |text: &str| DateTime::parse_from_rfc3339(text).is_ok();
    let wrong = match &tree {
        Tree::Literal(text) => !is_time(text),
        Tree::Text(_) => false,
        Tree::Constant(_) | Tree::List(_) | Tree::Map(_) => true,
    };
    if wrong {
        problems.at_with(
            node.span,
            format!("`{name}` needs a time"),
            "such as \"2026-11-24T06:00:00.000Z\", or a variable",
        );
    }
    tree
}

fn flag(node: &Node, name: &str, problems: &mut Problems<'_>, kind: Kind) -> Option<Kind> {
    if problems.bool(node, name)? {
        return Some(kind);
    }
    let help = "write `$present: true` or `$absent: true`; `$not` negates any other matcher";
    problems.at_with(node.span, format!("`{name}` takes only `true`"), help);
    None
}

fn types(node: &Node, problems: &mut Problems<'_>) -> Vec<JsonType> {
    let names = problems.texts(node, "$type");
    some(&names, node, "$type", problems);
    let mut types = Vec::new();
    for (span, name) in names {
        match JsonType::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, json_type)) => types.push(*json_type),
            None => problems.unknown(span, "type", &name, JsonType::ALL.iter().map(|(name, _)| *name)),
        }
    }
    types
}

impl JsonType {
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];
}

fn pattern(node: &Node, cx: &Context<'_>, problems: &mut Problems<'_>) -> Option<Pattern> {
    let text = problems.text(node, "$pattern")?;
    let template = Template::read(text, node.span, cx.scope, problems);
    // Any value stands in as a literal, so a letter in its place shows whether the rest is a regular expression.
    let sample = template.constant().map_or_else(|| template.sample(), str::to_owned);
    match cx.patterns.regex(&sample) {
        Ok(regex) => Some(template.constant().map_or(Pattern::Template(template.clone()), |_| Pattern::Ready(regex))),
        Err(error) => {
            problems.at_with(node.span, "not a regular expression", diagnostic::why_not(&error));
            None
        }
    }
}

fn format(node: &Node, cx: &Context<'_>, problems: &mut Problems<'_>) -> Option<Format> {
    let wanted = problems.text(node, "$format")?;
    let Some(name) = FORMATS.into_iter().find(|name| *name == wanted) else {
        problems.unknown(node.span, "format", wanted, FORMATS);
        return None;
    };
    Some(Format { name, validator: cx.patterns.format(name)? })
}

fn length(node: &Node, problems: &mut Problems<'_>) -> Option<Kind> {
    if let Data::Map(entries) = &node.data {
        let (mut min, mut max) = (0, u64::MAX);
        for (key, node) in entries {
            match key.name.as_str() {
                "min" => min = problems.integer(node, "min")?,
                "max" => max = problems.integer(node, "max")?,
                other => problems.unknown(key.span, "bound", other, ["min", "max"]),
            }
        }
        some(entries, node, "$length", problems);
        if min > max {
            problems.at(node.span, "`min` is greater than `max`");
        }
        return Some(Kind::Length { min, max });
    }
    let exact = problems.integer(node, "$length")?;
    Some(Kind::Length { min: exact, max: exact })
}

fn number(node: &Node, name: &str, problems: &mut Problems<'_>) -> Option<Number> {
    if let Data::Number(number) = &node.data {
        return Some(number.clone());
    }
    problems.at(node.span, format!("`{name}` must be a number, not {}", node.kind()));
    None
}

/// A token; its parts are matched as those of a body are.
fn jwt(node: &Node, cx: &Context<'_>, problems: &mut Problems<'_>) -> Option<JwtMatcher> {
    let mut fields = Fields::of(node, "token matcher", problems)?;
    let algorithm = fields.optional("alg").map(|node| problems.word(node, "alg", "algorithm"));
    let signed_by = fields.optional("signedBy").map(|node| Tree::read(node, cx.scope, problems));
    let mut members = Vec::new();
    for key in ["header", "claims", "lifetime"] {
        let part = fields.optional(key).map(|node| (key.to_owned(), Matcher::read(node, cx, problems)));
        members.extend(part);
    }
    fields.finish(problems);
    let decoded = Matcher { span: node.span, kind: Kind::Object(members) };
    Some(JwtMatcher { algorithm: algorithm.unwrap_or(Some(Algorithm::RS256))?, signed_by, decoded })
}

fn same_as(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Option<Kind> {
    let mut value = None;
    let mut except = Vec::new();
    for (key, node) in problems.map(node, "$sameAs")? {
        match key.name.as_str() {
            "value" => value = Some(Tree::read(node, scope, problems)),
            "except" => {
                for (span, pointer) in problems.texts(node, "except") {
                    if !pointer.starts_with('/') {
                        problems.at_with(span, format!("`{pointer}` is not a JSON Pointer"), "it begins with `/`");
                    }
                    except.push(pointer);
                }
            }
            other => problems.unknown(key.span, "key of `$sameAs`", other, ["value", "except"]),
        }
    }
    if value.is_none() {
        problems.at_with(node.span, "`$sameAs` without a `value`", "value: \"${name}\"");
    }
    Some(Kind::SameAs { value: value?, except: except.into() })
}
