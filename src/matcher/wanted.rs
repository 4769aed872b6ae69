//! What a matcher wants, as a value that a finding holds, and what a list without a wanted item has instead.

use std::cmp::Ordering;

use regex::escape;
use serde_json::Value;

use super::{Kind, Matcher, Mismatch, Pattern, judge::Walk};
use crate::{
    finding::{Actual, Expected, Json},
    template::{Tree, Unfilled, Variables},
};

/// As deep as it is told what a matcher wants; each level takes several in a stream, and a reader of JSON gives up at 128.
const MOST_LEVELS: usize = 16;

/// As many places in which an item differs are named.
const MOST_PLACES: usize = 3;

impl Walk<'_> {
    /// What the matcher wants, its variables filled in.
    pub(super) fn wanted(&self, matcher: &Matcher) -> Result<Expected<String>, Unfilled> {
        self.wanted_at(matcher, 0)
    }

    fn wanted_at(&self, matcher: &Matcher, level: usize) -> Result<Expected<String>, Unfilled> {
        if level == MOST_LEVELS {
            return Ok(Expected::Legacy("…".to_owned()));
        }
        let all = |matchers: &[Matcher]| {
            matchers.iter().map(|matcher| self.wanted_at(matcher, level + 1)).collect::<Result<Vec<_>, _>>()
        };
        let boxed = |inner: &Matcher| self.wanted_at(inner, level + 1).map(Box::new);
        let value = |tree: &Tree| tree.fill(self.variables).map(|value| Json::of(value.as_ref()));
        Ok(match &matcher.kind {
            Kind::Equal(tree) => Expected::Value(value(tree)?),
            Kind::Exact(tree) => Expected::Exactly(value(tree)?),
            Kind::Object(members) => {
                let member = |(name, inner): &(String, Matcher)| Ok((name.clone(), self.wanted_at(inner, level + 1)?));
                Expected::Object(members.iter().map(member).collect::<Result<_, Unfilled>>()?)
            }
            Kind::List(matchers) => Expected::Items(all(matchers)?),
            Kind::All(matchers) => Expected::All(all(matchers)?),
            Kind::Type(types) => Expected::Type(types.iter().map(|json_type| json_type.name().to_owned()).collect()),
            Kind::Pattern(pattern) => Expected::Pattern(pattern.text(self.variables)?),
            Kind::Format(format) => Expected::Format(format.name.to_owned()),
            Kind::Present => Expected::Present,
            Kind::Absent => Expected::Absent,
            Kind::Contains(inner) => Expected::Contains(boxed(inner)?),
            Kind::Each(inner) => Expected::Each(boxed(inner)?),
            Kind::Unordered(matchers) => Expected::Unordered(all(matchers)?),
            Kind::Distinct => Expected::Distinct,
            Kind::Length { min, max } => Expected::Length { min: *min, max: (*max < u64::MAX).then_some(*max) },
            Kind::OneOf(matchers) => Expected::OneOf(all(matchers)?),
            Kind::Not(inner) => Expected::Not(boxed(inner)?),
            Kind::Min(bound) => Expected::Min(Json::of(bound)),
            Kind::Max(bound) => Expected::Max(Json::of(bound)),
            Kind::NotBefore(tree) => Expected::NotBefore(value(tree)?),
            Kind::NotAfter(tree) => Expected::NotAfter(value(tree)?),
            Kind::SameAs { value: tree, except } => Expected::SameAs(value(tree)?, except.to_vec()),
            Kind::Jwt(jwt) => Expected::Jwt(jwt.algorithm.name().to_owned()),
            Kind::Schema(schema) => Expected::Schema(schema.name.clone()),
        })
    }

    /// A list in which no item is as `wanted`, and what the one that comes nearest lacks. Its number is not told: in a list
    /// of a whole org it is another one in each run.
    pub(super) fn lacking<'v>(
        &self,
        wanted: &Matcher,
        list: &Value,
        items: impl Iterator<Item = &'v Value>,
    ) -> Result<Actual<String>, Unfilled> {
        let (mut nearest, mut alone) = (None::<Vec<Mismatch>>, false);
        for item in items {
            let found = wanted.judge(Some(item), self.variables)?.told;
            match nearest.as_ref().map_or(Ordering::Less, |nearest| found.len().cmp(&nearest.len())) {
                Ordering::Less => (nearest, alone) = (Some(found), true),
                Ordering::Equal => alone = false,
                Ordering::Greater => {}
            }
        }
        let list = Json::of(list);
        let Some(nearest) = nearest.filter(|_| alone) else { return Ok(Actual::Value(list)) };
        let mut at: Vec<String> = nearest.into_iter().map(|mismatch| mismatch.pointer).collect();
        at.dedup();
        // Another thing altogether.
        if at.iter().any(String::is_empty) {
            return Ok(Actual::Value(list));
        }
        let more = at.len() > MOST_PLACES;
        at.truncate(MOST_PLACES);
        Ok(Actual::Nearest { list, at, more })
    }
}

impl Pattern {
    /// The regular expression, in which values of variables stand for themselves.
    pub(super) fn text(&self, variables: &Variables) -> Result<String, Unfilled> {
        match self {
            Self::Ready(regex) => Ok(regex.as_str().to_owned()),
            Self::Template(template) => template.text_with(variables, escape),
        }
    }
}
