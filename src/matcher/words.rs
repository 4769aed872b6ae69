//! What expectations and values read like in a finding.

use std::cmp::Ordering;

use regex::escape;
use serde_json::Value;

use super::{Finding, Kind, Matcher, Pattern, judge::Judge};
use crate::{
    brief::brief,
    template::{Unfilled, Variables},
};

/// As many places in which an item differs are named.
const MOST_PLACES: usize = 3;

impl Judge<'_> {
    /// What the matcher wants, for people.
    pub(super) fn describe(&self, matcher: &Matcher) -> Result<String, Unfilled> {
        let all = |matchers: &[Matcher], word: &str| -> Result<String, Unfilled> {
            let parts = matchers.iter().map(|matcher| self.describe(matcher)).collect::<Result<Vec<_>, _>>()?;
            Ok(parts.join(word))
        };
        Ok(match &matcher.kind {
            Kind::Equal(tree) => show(tree.fill(self.variables)?.as_ref()),
            Kind::Exact(tree) => format!("exactly {}", show(tree.fill(self.variables)?.as_ref())),
            Kind::Object(members) => {
                let mut parts = Vec::new();
                for (name, inner) in members {
                    parts.push(format!("{name}: {}", self.describe(inner)?));
                }
                format!("an object with {}", parts.join(", "))
            }
            Kind::List(matchers) => format!("[{}]", all(matchers, ", ")?),
            Kind::All(matchers) => all(matchers, " and ")?,
            Kind::Type(types) => {
                let names = types.iter().map(|json_type| json_type.name());
                format!("of type {}", names.collect::<Vec<_>>().join(" or "))
            }
            Kind::Pattern(pattern) => format!("text like /{}/", pattern.text(self.variables)?),
            Kind::Format(format) => format!("text of the format {}", format.name),
            Kind::Present => "any value".to_owned(),
            Kind::Absent => "no such member".to_owned(),
            Kind::Contains(inner) => format!("something that contains {}", self.describe(inner)?),
            Kind::Each(inner) => format!("a list whose items are each {}", self.describe(inner)?),
            Kind::Unordered(matchers) => format!("in any order [{}]", all(matchers, ", ")?),
            Kind::Distinct => "a list in which nothing stands twice".to_owned(),
            Kind::Length { min, max } if min == max => format!("of length {min}"),
            Kind::Length { min, max: u64::MAX } => format!("of length {min} or more"),
            Kind::Length { min, max } => format!("of length {min} to {max}"),
            Kind::OneOf(matchers) => all(matchers, " or ")?,
            Kind::Not(inner) => format!("not {}", self.describe(inner)?),
            Kind::Min(bound) => format!("a number of at least {bound}"),
            Kind::Max(bound) => format!("a number of at most {bound}"),
            Kind::NotBefore(tree) => format!("a time not before {}", show(tree.fill(self.variables)?.as_ref())),
            Kind::NotAfter(tree) => format!("a time not after {}", show(tree.fill(self.variables)?.as_ref())),
            Kind::SameAs { value, except } => {
                format!("the same as {} but for {}", show(value.fill(self.variables)?.as_ref()), except.join(", "))
            }
            Kind::Schema(schema) => format!("a value that fits the schema {}", schema.name),
        })
    }

    /// A list in which no item is as `wanted`, and what the one that comes nearest lacks. Its number is not told: in a list
    /// of a whole org it is another one in each run.
    pub(super) fn lacking<'v>(
        &self,
        wanted: &Matcher,
        list: &Value,
        items: impl Iterator<Item = &'v Value>,
    ) -> Result<String, Unfilled> {
        let (mut nearest, mut alone) = (None::<Vec<Finding>>, false);
        for item in items {
            let found = wanted.judge(Some(item), self.variables)?.told;
            match nearest.as_ref().map_or(Ordering::Less, |nearest| found.len().cmp(&nearest.len())) {
                Ordering::Less => (nearest, alone) = (Some(found), true),
                Ordering::Equal => alone = false,
                Ordering::Greater => {}
            }
        }
        let list = show(list);
        let Some(nearest) = nearest.filter(|_| alone) else { return Ok(list) };
        let mut places: Vec<&str> = nearest.iter().map(|finding| finding.pointer.as_str()).collect();
        places.dedup();
        // Another thing altogether.
        if places.contains(&"") {
            return Ok(list);
        }
        let more = if places.len() > MOST_PLACES { ", …" } else { "" };
        places.truncate(MOST_PLACES);
        Ok(format!("a list whose nearest item differs at {}{more}: {list}", places.join(", ")))
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

pub(super) fn show(value: &Value) -> String {
    brief(value)
}
