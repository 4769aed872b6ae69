//! Annotations of schemas: members that the vendor's documents lack, and enumerations that may grow. Where a value meets one, it drifts.

use serde_json::Value;

use super::{Drift, MAX_DRIFT, Schema};
use crate::{
    brief::{self, brief},
    pointer,
};

/// Deeper schemas annotate nothing below; it bounds those that refer to themselves.
const MAX_DEPTH: usize = 16;

/// The annotations of a schema and of what it describes, without the parts that have none: every answer is walked along them.
#[derive(Debug, Default)]
pub(super) struct Annotated {
    here: Vec<Annotation>,
    members: Vec<(String, Annotated)>,
    items: Option<Box<Annotated>>,
}

#[derive(Debug)]
enum Annotation {
    /// The requirement that knows of a member which the vendor's documents lack.
    Undocumented(String),
    /// The values that the documents list.
    Extensible(Vec<Value>),
}

/// Where a value stands, from the inside out.
struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl Place<'_> {
    fn pointer(place: Option<&Self>) -> String {
        let Some(place) = place else { return String::new() };
        let mut pointer = Self::pointer(place.above);
        match place.step {
            Step::Member(name) => pointer::push(&mut pointer, name),
            Step::Item(index) => pointer::push(&mut pointer, &index.to_string()),
        }
        pointer
    }
}

impl Annotated {
    /// The drift of a value that this describes.
    pub(super) fn drift(&self, value: &Value, drift: &mut Vec<Drift>) {
        self.drift_at(value, None, drift);
    }

    fn drift_at(&self, value: &Value, above: Option<&Place<'_>>, drift: &mut Vec<Drift>) {
        if drift.len() >= MAX_DRIFT {
            return;
        }
        for annotation in &self.here {
            let explained = match annotation {
                Annotation::Undocumented(requirement) => Some(requirement.clone()),
                Annotation::Extensible(known) if known.contains(value) || value.is_null() => continue,
                Annotation::Extensible(_) => None,
            };
            let pointer = brief::pointer(Place::pointer(above));
            drift.push(Drift { pointer, value: brief(value), explained });
        }
        for (name, annotated) in &self.members {
            if let Some(member) = value.get(name) {
                annotated.drift_at(member, Some(&Place { above, step: Step::Member(name) }), drift);
            }
        }
        if let (Some(annotated), Value::Array(items)) = (&self.items, value) {
            for (index, item) in items.iter().enumerate() {
                annotated.drift_at(item, Some(&Place { above, step: Step::Item(index) }), drift);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.members.is_empty() && self.items.is_none()
    }

    /// Walks `properties`, `items` and `$ref` of a schema in its document.
    fn note(&mut self, owner: &Schema, schema: &Value, document: &Value, depth: usize) {
        let Some(keywords) = schema.as_object().filter(|_| depth <= MAX_DEPTH) else { return };
        if let Some(requirement) = keywords.get("x-undocumented").and_then(Value::as_str) {
            self.here.push(Annotation::Undocumented(requirement.to_owned()));
        }
        if let Some(known) = keywords.get("x-extensible-enum").and_then(Value::as_array) {
            self.here.push(Annotation::Extensible(known.clone()));
        }
        let reference = keywords.get("$ref").and_then(Value::as_str);
        if let Some((target, document)) = reference.and_then(|reference| owner.resolve(reference, document)) {
            self.note(owner, target, document, depth + 1);
        }
        for (name, property) in keywords.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // A schema may speak of a member beside its `$ref`, too.
            let noted = self.members.iter().position(|(noted, _)| noted == name);
            let mut member = noted.map_or_else(Self::default, |at| self.members.remove(at).1);
            member.note(owner, property, document, depth + 1);
            if !member.is_empty() {
                self.members.push((name.clone(), member));
            }
        }
        if let Some(schema) = keywords.get("items") {
            let mut items = self.items.take().map_or_else(Self::default, |items| *items);
            items.note(owner, schema, document, depth + 1);
            self.items = (!items.is_empty()).then(|| Box::new(items));
        }
    }
}

impl Schema {
    pub(super) fn annotated(&self) -> &Annotated {
        self.annotations.get_or_init(|| {
            let mut annotated = Annotated::default();
            annotated.note(self, &self.closed, &self.closed, 0);
            annotated
        })
    }

    /// A `$ref` to another file of the suite, or into the same one.
    fn resolve<'a>(&'a self, reference: &str, document: &'a Value) -> Option<(&'a Value, &'a Value)> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let document = if file.is_empty() { document } else { &self.sibling(file)?.1 };
        document.pointer(fragment).map(|target| (target, document))
    }
}
