//! The members of a valid value that no schema has named, with each condition decided: the branches that the value fits have their say.

use std::sync::Arc;

use jsonschema::Validator;
use regex::Regex;
use serde_json::{Value, json};

use super::{
    Schema, Undescribed,
    described::{Path, Referred, Said, Step},
};
use crate::pointer;

/// The members of a valid value that nobody has named.
pub(super) fn unnamed(schema: &Schema, value: &Value) -> Vec<Undescribed> {
    let mut drift = Vec::new();
    walk(schema, &[Said::whole(schema)], value, None, &mut drift);
    drift
}

/// What all schemas say that a value is held against.
#[derive(Default)]
struct Held<'a> {
    said: Vec<Said<'a>>,
    /// Whether there may be others, so that nothing is surely unnamed.
    others: bool,
}

fn walk(owner: &Schema, said: &[Said<'_>], value: &Value, path: Option<&Path<'_>>, drift: &mut Vec<Undescribed>) {
    let mut held = Held::default();
    for said in said {
        held.take(owner, *said, value);
    }
    match value {
        Value::Object(members) => {
            let named = held.said.iter().any(|said| said.keyword("properties").is_some());
            for (name, value) in members {
                let path = Path::below(path, Step::Member(name));
                let below: Vec<Said<'_>> = held.said.iter().flat_map(|said| of_member(*said, name)).collect();
                if below.is_empty() && named && !held.others {
                    drift.push(Undescribed::at(Some(&path), value, None));
                } else {
                    walk(owner, &below, value, Some(&path), drift);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let below: Vec<Said<'_>> =
                    held.said.iter().flat_map(|said| of_item(owner, *said, index, item)).collect();
                walk(owner, &below, item, Some(&Path::below(path, Step::Item(index))), drift);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl<'a> Held<'a> {
    /// Takes a schema, and what is held against the same value because of it.
    fn take(&mut self, owner: &'a Schema, said: Said<'a>, value: &Value) {
        if self.said.iter().any(|known| std::ptr::eq(known.schema, said.schema)) {
            return;
        }
        self.said.push(said);
        match said.referred(owner) {
            Referred::Nothing => {}
            Referred::To(referred) => self.take(owner, referred, value),
            Referred::Unknown => self.others = true,
        }
        said.all("allOf").for_each(|(_, schema)| self.take(owner, said.of(schema, true), value));
        for (_, schema) in said.all("anyOf").chain(said.all("oneOf")) {
            let branch = said.of(schema, true);
            if owner.fits(branch, value) {
                self.take(owner, branch, value);
            }
        }
        for (name, schema) in said.all("dependentSchemas") {
            if value.get(name).is_some() {
                self.take(owner, said.of(schema, true), value);
            }
        }
        let Some(condition) = said.keyword("if").map(|schema| said.of(schema, true)) else { return };
        let fits = owner.fits(condition, value);
        if fits {
            self.take(owner, condition, value);
        }
        if let Some(branch) = said.keyword(if fits { "then" } else { "else" }) {
            self.take(owner, said.of(branch, true), value);
        }
    }
}

/// The schemas that one holds against a member; none where it does not name it.
fn of_member<'a>(said: Said<'a>, name: &str) -> Vec<Said<'a>> {
    // The validator knows no other patterns.
    let fits = |pattern: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name));
    let patterns = said.all("patternProperties").filter(|(pattern, _)| fits(pattern)).map(|(_, schema)| schema);
    let mut all: Vec<Said<'a>> =
        said.named(name).into_iter().chain(patterns).map(|schema| said.of(schema, true)).collect();
    if all.is_empty() {
        all.extend(said.others().map(|schema| said.of(schema, true)));
    }
    all
}

/// The schemas that one holds against an item of a list.
fn of_item<'a>(owner: &'a Schema, said: Said<'a>, index: usize, item: &Value) -> Vec<Said<'a>> {
    let first = said.all("prefixItems").nth(index).map(|(_, schema)| schema);
    let mut all: Vec<Said<'a>> =
        first.or_else(|| said.keyword("items")).into_iter().map(|schema| said.of(schema, true)).collect();
    let contains = said.keyword("contains").map(|schema| said.of(schema, true));
    all.extend(contains.filter(|contains| owner.fits(*contains, item)));
    if all.is_empty() {
        all.extend(said.keyword("unevaluatedItems").map(|schema| said.of(schema, true)));
    }
    all
}

impl Schema {
    /// Whether a value fits a part of a schema. Of a part that cannot be held against anything, it does: then it may name what it likes.
    fn fits(&self, part: Said<'_>, value: &Value) -> bool {
        let key = std::ptr::from_ref(part.schema) as usize;
        let known = self.parts.lock().ok().and_then(|parts| parts.get(&key).cloned());
        let validator = known.unwrap_or_else(|| {
            let compiled = self.compile_part(part).map(Arc::new);
            if let Ok(mut parts) = self.parts.lock() {
                parts.insert(key, compiled.clone());
            }
            compiled
        });
        validator.is_none_or(|validator| validator.is_valid(value))
    }

    fn compile_part(&self, part: Said<'_>) -> Option<Validator> {
        let id = part.document.get("$id")?.as_str()?;
        let mut place = String::new();
        if !find(part.document, part.schema, &mut place) {
            return None;
        }
        // A fragment is a part of a URI.
        let fragment = percent_encoding::utf8_percent_encode(&place, percent_encoding::CONTROLS);
        let document = self.sibling(id)?;
        Self::build(&json!({ "$ref": format!("{id}#{fragment}") }), &self.registry(vec![document]).ok()?).ok()
    }
}

/// The JSON Pointer to a part of a document, which is looked for by where it lies in memory.
fn find(within: &Value, part: &Value, place: &mut String) -> bool {
    if std::ptr::eq(within, part) {
        return true;
    }
    let length = place.len();
    let look = |step: &str, value: &Value, place: &mut String| {
        pointer::push(place, step);
        let found = find(value, part, place);
        if !found {
            place.truncate(length);
        }
        found
    };
    match within {
        Value::Array(items) => items.iter().enumerate().any(|(at, item)| look(&at.to_string(), item, place)),
        Value::Object(members) => members.iter().any(|(name, member)| look(name, member, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
