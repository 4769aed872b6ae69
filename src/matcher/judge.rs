//! Holding a value against a [`Matcher`]: every place that differs, not only the first.

use chrono::{DateTime, FixedOffset};
use regex::Regex;
use serde_json::Value;

use super::{
    JsonType, JwtMatcher, Kind, Matcher, Mismatch, Mismatches, Pattern, Shape, equal, equal_but_for,
    equality::{distinct, order},
    without,
};
use crate::{
    brief,
    diagnostic::Span,
    finding::{Actual, Expected, Json},
    jwt::Jwt,
    pointer,
    schema::Schema,
    template::{Tree, Unfilled, Variables},
};

/// More findings of one expectation than a person would read.
const MOST_FINDINGS: usize = 100;

/// What stands in a pointer between the place of a token and a place in it.
pub(super) const TOKEN: char = '#';

/// One value held against a matcher; `None` is a member that is not there.
pub(super) struct Walk<'a> {
    pub(super) variables: &'a Variables,
    mismatches: Mismatches,
    pointer: String,
    /// Whether anybody asks more than that there is a mismatch.
    told: bool,
}

type Judged = Result<(), Unfilled>;

impl Matcher {
    /// The places where `value` is not as expected.
    ///
    /// # Errors
    /// A variable without a value: the expectation cannot be told.
    pub(crate) fn judge(&self, value: Option<&Value>, variables: &Variables) -> Result<Mismatches, Unfilled> {
        Walk::new(variables, true).mismatches(self, value)
    }

    /// What it wants, its variables filled in.
    ///
    /// # Errors
    /// A variable without a value.
    pub(crate) fn wanted(&self, variables: &Variables) -> Result<Expected<String>, Unfilled> {
        Walk::new(variables, false).wanted(self)
    }
}

impl<'a> Walk<'a> {
    fn new(variables: &'a Variables, told: bool) -> Self {
        Self { variables, mismatches: Mismatches::default(), pointer: String::new(), told }
    }

    fn mismatches(mut self, matcher: &Matcher, value: Option<&Value>) -> Result<Mismatches, Unfilled> {
        self.matcher(matcher, value)?;
        Ok(self.mismatches)
    }

    fn find(&mut self, span: Span, expected: Expected<String>, actual: Option<&Value>) {
        if self.is_full() {
            self.mismatches.left_out += 1;
            return;
        }
        self.tell(span, expected, actual.map_or(Actual::Absent, |value| Actual::Value(Json::of(value))));
    }

    fn tell(&mut self, span: Span, expected: Expected<String>, actual: Actual<String>) {
        let pointer = brief::pointer(self.pointer.clone());
        self.add(Mismatch { span, pointer, expected, actual });
    }

    fn add(&mut self, mismatch: Mismatch) {
        if self.is_full() {
            self.mismatches.left_out += 1;
        } else {
            self.mismatches.told.push(mismatch);
        }
    }

    /// Whether nobody reads what else is found; who asks for nothing but whether something is, has it with the first.
    fn is_full(&self) -> bool {
        self.mismatches.told.len() >= if self.told { MOST_FINDINGS } else { 1 }
    }

    /// Whether a value matches, without keeping what differs.
    fn holds(&self, matcher: &Matcher, value: Option<&Value>) -> Result<bool, Unfilled> {
        Ok(Walk::new(self.variables, false).mismatches(matcher, value)?.told.is_empty())
    }

    fn under(&mut self, step: &str, judge: impl FnOnce(&mut Self) -> Judged) -> Judged {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, step);
        let judged = judge(self);
        self.pointer.truncate(length);
        judged
    }

    fn matcher(&mut self, matcher: &Matcher, value: Option<&Value>) -> Judged {
        match value {
            Some(value) => self.present(matcher, value),
            None => self.missing(matcher),
        }
    }

    /// Nothing is not null, so `$not` holds for a member that is not there only by `$absent`.
    fn missing(&mut self, matcher: &Matcher) -> Judged {
        match matcher.kind.shape() {
            Shape::Absent => Ok(()),
            Shape::All(all) => all.iter().try_for_each(|matcher| self.missing(matcher)),
            Shape::Any(any) if self.any_holds(any, None)? => Ok(()),
            Shape::Any(_) | Shape::Members(_) | Shape::Items(_) | Shape::Each(_) | Shape::Token(_) | Shape::Single => {
                let expected = self.wanted(matcher)?;
                self.find(matcher.span, expected, None);
                Ok(())
            }
        }
    }

    fn present(&mut self, matcher: &Matcher, value: &Value) -> Judged {
        let span = matcher.span;
        let holds = match &matcher.kind {
            Kind::Equal(tree) | Kind::Exact(tree) => {
                let expected = tree.fill(self.variables)?;
                self.equal(span, &expected, value);
                return Ok(());
            }
            Kind::Object(members) => return self.object(span, members, value),
            Kind::List(matchers) => return self.list(span, matchers, value),
            Kind::Contains(inner) => return self.contains(span, inner, value),
            Kind::Each(inner) => return self.each(span, inner, value),
            Kind::Unordered(matchers) => return self.unordered(span, matchers, value),
            Kind::SameAs { value: tree, except } => {
                let expected = tree.fill(self.variables)?;
                if !equal_but_for(&expected, value, except) {
                    let expected = without(expected.into_owned(), except);
                    self.equal(span, &expected, &without(value.clone(), except));
                }
                return Ok(());
            }
            Kind::Schema(schema) => {
                self.schema(span, schema, value);
                return Ok(());
            }
            Kind::Jwt(jwt) => return self.token(span, jwt, value),
            Kind::All(all) => return all.iter().try_for_each(|matcher| self.present(matcher, value)),
            Kind::OneOf(matchers) => self.any_holds(matchers, Some(value))?,
            Kind::Not(inner) => !self.holds(inner, Some(value))?,
            Kind::Present => true,
            Kind::Absent => false,
            Kind::Type(types) => types.iter().any(|json_type| json_type.is(value)),
            Kind::Pattern(pattern) => match value.as_str() {
                Some(text) => pattern.is_match(self.variables, text)?,
                None => false,
            },
            Kind::Format(format) => format.validator.is_valid(value),
            Kind::Distinct => value.as_array().is_some_and(|items| distinct(items)),
            Kind::Length { min, max } => size(value).is_some_and(|size| (*min..=*max).contains(&size)),
            Kind::Min(bound) => value.as_number().is_some_and(|number| order(number, bound).is_ge()),
            Kind::Max(bound) => value.as_number().is_some_and(|number| order(number, bound).is_le()),
            Kind::NotBefore(tree) => self.compare_times(tree, value, |actual, bound| actual >= bound)?,
            Kind::NotAfter(tree) => self.compare_times(tree, value, |actual, bound| actual <= bound)?,
        };
        if !holds {
            let expected = self.wanted(matcher)?;
            self.find(span, expected, Some(value));
        }
        Ok(())
    }

    fn any_holds(&self, matchers: &[Matcher], value: Option<&Value>) -> Result<bool, Unfilled> {
        for matcher in matchers {
            if self.holds(matcher, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn schema(&mut self, span: Span, schema: &Schema, value: &Value) {
        let validation = schema.judge(value);
        self.mismatches.left_out += validation.left_out;
        for mismatch in validation.violations {
            let pointer = brief::pointer(format!("{}{}", self.pointer, mismatch.pointer));
            self.add(Mismatch { span, pointer, expected: mismatch.expected, actual: mismatch.actual });
        }
    }

    fn compare_times(
        &self,
        tree: &Tree,
        value: &Value,
        holds: impl Fn(DateTime<FixedOffset>, DateTime<FixedOffset>) -> bool,
    ) -> Result<bool, Unfilled> {
        let bound = tree.fill(self.variables)?;
        Ok(time(value).zip(time(&bound)).is_some_and(|(actual, bound)| holds(actual, bound)))
    }

    /// Reports the smallest places that differ rather than two whole bodies.
    fn equal(&mut self, span: Span, expected: &Value, actual: &Value) {
        match (expected, actual) {
            _ if equal(expected, actual) => {}
            (Value::Object(want), Value::Object(have)) => {
                for (key, expected) in want {
                    let _ = self.under(key, |judge| {
                        match have.get(key) {
                            Some(actual) => judge.equal(span, expected, actual),
                            None => judge.find(span, Expected::Value(Json::of(expected)), None),
                        }
                        Ok(())
                    });
                }
                for (key, actual) in have.iter().filter(|(key, _)| !want.contains_key(*key)) {
                    let _ = self.under(key, |judge| {
                        judge.find(span, Expected::Absent, Some(actual));
                        Ok(())
                    });
                }
            }
            (Value::Array(want), Value::Array(have)) if want.len() == have.len() => {
                for (index, (expected, actual)) in want.iter().zip(have).enumerate() {
                    let _ = self.under(&index.to_string(), |judge| {
                        judge.equal(span, expected, actual);
                        Ok(())
                    });
                }
            }
            _ => self.find(span, Expected::Value(Json::of(expected)), Some(actual)),
        }
    }

    fn object(&mut self, span: Span, members: &[(String, Matcher)], value: &Value) -> Judged {
        let Value::Object(actual) = value else {
            self.find(span, of_type(JsonType::Object), Some(value));
            return Ok(());
        };
        for (name, matcher) in members {
            self.under(name, |judge| judge.matcher(matcher, actual.get(name)))?;
        }
        Ok(())
    }

    /// A token: how it is signed, by whom, what it says. Whatever is wrong with the signature, the rest is told too.
    fn token(&mut self, span: Span, matcher: &JwtMatcher, value: &Value) -> Judged {
        let wanted = || Expected::Jwt(matcher.algorithm.name().to_owned());
        let Some(text) = value.as_str() else {
            self.find(span, wanted(), Some(value));
            return Ok(());
        };
        let Some(jwt) = Jwt::read(text) else {
            self.tell(span, wanted(), Actual::NotSigned("text that is not a JWT".to_owned()));
            return Ok(());
        };
        let algorithm = matcher.algorithm.name();
        let said = jwt.header.get("alg").and_then(Value::as_str);
        let keys = matcher.signed_by.as_ref().map(|keys| keys.fill(self.variables)).transpose()?;
        if said != Some(algorithm) {
            let said = said.map(|said| format!("a JWT whose alg is {}", brief::shortened(said, 40)));
            let said = said.unwrap_or_else(|| "a JWT whose header has no alg".to_owned());
            self.tell(span, wanted(), Actual::NotSigned(said));
        } else if let Some(Err(why)) = keys.map(|keys| jwt.signed_by(&keys, matcher.algorithm)) {
            self.tell(span, wanted(), Actual::NotSigned(why.to_string()));
        }
        let length = self.pointer.len();
        self.pointer.push(TOKEN);
        let judged = self.matcher(&matcher.decoded, Some(&jwt.decoded()));
        self.pointer.truncate(length);
        judged
    }

    fn items<'v>(&mut self, span: Span, value: &'v Value) -> Option<&'v [Value]> {
        let items = value.as_array().map(Vec::as_slice);
        if items.is_none() {
            self.find(span, of_type(JsonType::Array), Some(value));
        }
        items
    }

    fn list(&mut self, span: Span, matchers: &[Matcher], value: &Value) -> Judged {
        let Some(items) = self.items(span, value) else { return Ok(()) };
        if items.len() != matchers.len() {
            self.find(span, list_of(matchers.len()), Some(value));
            return Ok(());
        }
        for (index, (matcher, item)) in matchers.iter().zip(items).enumerate() {
            self.under(&index.to_string(), |judge| judge.matcher(matcher, Some(item)))?;
        }
        Ok(())
    }

    fn contains(&mut self, span: Span, inner: &Matcher, value: &Value) -> Judged {
        if let (Value::String(text), Kind::Equal(tree)) = (value, &inner.kind) {
            let wanted = tree.fill(self.variables)?;
            if !wanted.as_str().is_some_and(|wanted| text.contains(wanted)) {
                let wanted = Expected::Value(Json::of(wanted.as_ref()));
                self.find(span, Expected::Contains(Box::new(wanted)), Some(value));
            }
            return Ok(());
        }
        let Some(items) = self.items(span, value) else { return Ok(()) };
        for item in items {
            if self.holds(inner, Some(item))? {
                return Ok(());
            }
        }
        self.lacks(span, inner, value, items.iter())
    }

    /// None of these items of the list is as `wanted`.
    fn lacks<'v>(
        &mut self,
        span: Span,
        wanted: &Matcher,
        list: &Value,
        items: impl Iterator<Item = &'v Value>,
    ) -> Judged {
        if self.told {
            let expected = Expected::Contains(Box::new(self.wanted(wanted)?));
            let actual = self.lacking(wanted, list, items)?;
            self.tell(span, expected, actual);
        } else {
            self.find(span, Expected::Present, None);
        }
        Ok(())
    }

    fn each(&mut self, span: Span, inner: &Matcher, value: &Value) -> Judged {
        let Some(items) = self.items(span, value) else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            self.under(&index.to_string(), |judge| judge.matcher(inner, Some(item)))?;
        }
        Ok(())
    }

    /// One to one, so that no item serves two expectations.
    fn unordered(&mut self, span: Span, matchers: &[Matcher], value: &Value) -> Judged {
        let Some(items) = self.items(span, value) else { return Ok(()) };
        let mut fits = Vec::with_capacity(matchers.len());
        for matcher in matchers {
            fits.push(items.iter().map(|item| self.holds(matcher, Some(item))).collect::<Result<Vec<bool>, _>>()?);
        }
        let mut taken: Vec<Option<usize>> = vec![None; items.len()];
        for (wanted, matcher) in matchers.iter().enumerate() {
            if !assign(wanted, &fits, &mut taken, &mut vec![false; items.len()]) {
                let free = items.iter().zip(&taken).filter(|(_, taken)| taken.is_none()).map(|(item, _)| item);
                self.lacks(span, matcher, value, free)?;
            }
        }
        if items.len() > matchers.len() {
            self.find(span, list_of(matchers.len()), Some(value));
        }
        Ok(())
    }
}

fn of_type(json_type: JsonType) -> Expected<String> {
    Expected::Type(vec![json_type.name().to_owned()])
}

fn list_of(length: usize) -> Expected<String> {
    Expected::ListOf(u64::try_from(length).unwrap_or(u64::MAX))
}

/// Augmenting paths: gives `wanted` an item, moving earlier ones if that helps.
fn assign(wanted: usize, fits: &[Vec<bool>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for item in 0..taken.len() {
        if fits[wanted][item] && !seen[item] {
            seen[item] = true;
            if taken[item].is_none_or(|other| assign(other, fits, taken, seen)) {
                taken[item] = Some(wanted);
                return true;
            }
        }
    }
    false
}

impl Pattern {
    /// Escaped values cannot spoil what `check` has compiled; only its size limit is left, and then nothing matches.
    fn is_match(&self, variables: &Variables, text: &str) -> Result<bool, Unfilled> {
        match self {
            // Not cloned: each clone begins with empty caches, and filling them costs more than the search.
            Self::Ready(regex) => Ok(regex.is_match(text)),
            Self::Template(_) => Ok(Regex::new(&self.text(variables)?).is_ok_and(|regex| regex.is_match(text))),
        }
    }
}

impl JsonType {
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, json_type)| *json_type == self).map_or("", |(name, _)| name)
    }

    fn is(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

fn size(value: &Value) -> Option<u64> {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    u64::try_from(size).ok()
}

fn time(value: &Value) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok()
}
