//! The members of a valid value that no schema has named, from what the validator has evaluated.

use std::collections::{HashMap, HashSet};

use jsonschema::{OutputUnit, Validator};
use serde_json::Value;

use super::{
    Drift,
    described::{Path, Step},
};

/// The names that schemas gave the members of the objects at these JSON Pointers; what stands nowhere here has a schema that names none.
#[derive(Default)]
struct Named(HashMap<String, HashSet<String>>);

/// The members of a valid value that nobody has named.
pub(super) fn unnamed(validator: &Validator, value: &Value) -> Vec<Drift> {
    let mut named = Named::default();
    let evaluation = validator.evaluate(value);
    named.note(evaluation.root());
    let mut drift = Vec::new();
    named.walk(value, None, &mut drift);
    drift
}

impl Named {
    /// Takes what the schemas that a value fits have evaluated; what it does not fit is a branch that was not taken.
    fn note(&mut self, unit: OutputUnit<'_>) {
        for keyword in unit.children().filter(OutputUnit::valid) {
            if keyword.instance_location() == unit.instance_location()
                && let Some(names) = names(keyword)
            {
                self.0.entry(keyword.instance_location().as_str().to_owned()).or_default().extend(names);
            }
            self.note(keyword);
        }
    }

    fn walk(&self, value: &Value, path: Option<&Path<'_>>, drift: &mut Vec<Drift>) {
        match value {
            Value::Object(members) => {
                let named = self.0.get(&Path::pointer(path));
                for (name, value) in members {
                    let path = Path::below(path, Step::Member(name));
                    if named.is_some_and(|named| !named.contains(name)) {
                        drift.push(Drift::at(Some(&path), value, None));
                    } else {
                        self.walk(value, Some(&path), drift);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(item, Some(&Path::below(path, Step::Item(index))), drift);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The members that a keyword has evaluated, if it is one that names members.
fn names(keyword: OutputUnit<'_>) -> Option<Vec<String>> {
    const NAMING: [&str; 4] = ["properties", "patternProperties", "additionalProperties", "unevaluatedProperties"];
    let (_, name) = keyword.evaluation_path().as_str().rsplit_once('/')?;
    let names = keyword.annotations().filter(|_| NAMING.contains(&name))?.value().as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
