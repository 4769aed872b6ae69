//! What a schema describes: the members that it names, wherever it names them, and its annotations. What a value has beside that is drift.
//!
//! Most members are surely named, or surely not, whatever the value is. Where that depends on a condition, the validator is asked what it has
//! evaluated, which costs thirty times as much.

use std::collections::HashMap;

use serde_json::Value;

use super::{Drift, MAX_DRIFT, Schema};
use crate::{
    brief::{self, brief},
    pointer,
};

/// The places of values that a schema describes; the first is the value itself. A schema that refers to itself comes back to a place.
#[derive(Debug, Default)]
pub(super) struct Described(Vec<Place>);

/// What all schemas that are held against one value say of it: a schema, what it refers to, and the branches of its conditions.
#[derive(Debug, Default)]
struct Place {
    annotations: Vec<Annotation>,
    members: HashMap<String, Member>,
    /// Of members that nobody names.
    rest: Option<usize>,
    items: Option<usize>,
    /// Whether members are named here.
    named: bool,
    /// Whether all members are: something is said about those without a name, too.
    open: bool,
    /// Whether a branch or a pattern may name more.
    unsure: bool,
}

#[derive(Debug)]
struct Member {
    place: usize,
    /// Whether it is named without a condition.
    certain: bool,
}

#[derive(Debug)]
enum Annotation {
    /// The requirement that knows of a member which the vendor's documents lack.
    Undocumented(String),
    /// The values that the documents list.
    Extensible(Vec<Value>),
}

/// A schema that says something of a place, in its document.
#[derive(Clone, Copy)]
struct Said<'a> {
    schema: &'a Value,
    document: &'a Value,
    /// Whether it counts without a condition.
    certain: bool,
}

impl<'a> Said<'a> {
    fn of(self, schema: &'a Value, certain: bool) -> Self {
        Self { schema, certain: self.certain && certain, ..self }
    }

    fn keyword(&self, name: &str) -> Option<&'a Value> {
        self.schema.get(name)
    }

    /// The schemas in a list or a map of them.
    fn all(&self, keyword: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let value = self.keyword(keyword);
        let items = value.and_then(Value::as_array).into_iter().flatten().map(|schema| ("", schema));
        let members = value.and_then(Value::as_object).into_iter().flatten();
        items.chain(members.map(|(name, schema)| (name.as_str(), schema)))
    }
}

/// Which schemas, by where they lie in memory, and whether each is certain.
type Key = Vec<(usize, bool)>;

struct Builder<'a> {
    owner: &'a Schema,
    places: Vec<Place>,
    known: HashMap<Key, usize>,
}

impl Schema {
    pub(super) fn described(&self) -> &Described {
        self.described.get_or_init(|| {
            let mut builder = Builder { owner: self, places: Vec::new(), known: HashMap::new() };
            builder.place(&[Said { schema: &self.document, document: &self.document, certain: true }]);
            Described(builder.places)
        })
    }

    /// A `$ref` to another file of the suite, or into the same one.
    fn resolve<'a>(&'a self, reference: &str, document: &'a Value) -> Option<(&'a Value, &'a Value)> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let document = if file.is_empty() { document } else { &self.sibling(file)?.1 };
        document.pointer(fragment).map(|target| (target, document))
    }
}

impl<'a> Builder<'a> {
    /// The place of a value that these schemas are held against.
    fn place(&mut self, said: &[Said<'a>]) -> usize {
        let mut all = Vec::new();
        for said in said {
            self.gather(*said, &mut all);
        }
        let key = all.iter().map(|said| (std::ptr::from_ref(said.schema) as usize, said.certain)).collect();
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let index = self.places.len();
        self.places.push(Place::default());
        self.known.insert(key, index);
        self.places[index] = self.describe(&all);
        index
    }

    /// A schema, and what is held against the same value because of it.
    fn gather(&self, said: Said<'a>, all: &mut Vec<Said<'a>>) {
        match all.iter_mut().find(|known| std::ptr::eq(known.schema, said.schema)) {
            Some(known) if known.certain || !said.certain => return,
            Some(known) => known.certain = true,
            None => all.push(said),
        }
        if let Some(reference) = said.keyword("$ref").and_then(Value::as_str)
            && let Some((schema, document)) = self.owner.resolve(reference, said.document)
        {
            self.gather(Said { schema, document, ..said }, all);
        }
        said.all("allOf").for_each(|(_, schema)| self.gather(said.of(schema, true), all));
        for keyword in ["anyOf", "oneOf", "dependentSchemas"] {
            said.all(keyword).for_each(|(_, schema)| self.gather(said.of(schema, false), all));
        }
        for keyword in ["if", "then", "else"] {
            said.keyword(keyword).into_iter().for_each(|schema| self.gather(said.of(schema, false), all));
        }
    }

    fn describe(&mut self, all: &[Said<'a>]) -> Place {
        let mut place = Place::default();
        let mut members: Vec<(&str, Vec<Said<'a>>)> = Vec::new();
        let (mut items, mut rest) = (Vec::new(), Vec::new());
        for said in all {
            for (name, schema) in said.all("properties") {
                match members.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, of_name)) => of_name.push(said.of(schema, true)),
                    None => members.push((name, vec![said.of(schema, true)])),
                }
            }
            place.annotations.extend(said.annotations());
            let others = ["additionalProperties", "unevaluatedProperties"].map(|keyword| said.keyword(keyword));
            let others: Vec<&Value> = others.into_iter().flatten().collect();
            let patterns: Vec<&Value> = said.all("patternProperties").map(|(_, schema)| schema).collect();
            let names = said.keyword("properties").is_some();
            place.named |= names && said.certain;
            place.open |= !others.is_empty() && said.certain;
            place.unsure |= !patterns.is_empty()
                || said.keyword("$dynamicRef").is_some()
                || !said.certain && (names || !others.is_empty());
            rest.extend(others.into_iter().map(|schema| said.of(schema, patterns.is_empty() && !names)));
            rest.extend(patterns.into_iter().map(|schema| said.of(schema, false)));
            let whole = said.keyword("prefixItems").is_none();
            items.extend(said.keyword("items").map(|schema| said.of(schema, whole)));
            items.extend(said.all("prefixItems").map(|(_, schema)| said.of(schema, false)));
            items.extend(
                ["contains", "unevaluatedItems"]
                    .iter()
                    .filter_map(|keyword| said.keyword(keyword))
                    .map(|schema| said.of(schema, false)),
            );
        }
        place.items = (!items.is_empty()).then(|| self.place(&items));
        place.rest = (!rest.is_empty()).then(|| self.place(&rest));
        for (name, said) in members {
            let certain = said.iter().any(|said| said.certain);
            place.members.insert(name.to_owned(), Member { place: self.place(&said), certain });
        }
        place
    }
}

impl Said<'_> {
    fn annotations(&self) -> Vec<Annotation> {
        let undocumented = self.keyword("x-undocumented").and_then(Value::as_str);
        let extensible = self.keyword("x-extensible-enum").and_then(Value::as_array);
        let undocumented = undocumented.map(|requirement| Annotation::Undocumented(requirement.to_owned()));
        let extensible = extensible.map(|known| Annotation::Extensible(known.clone()));
        undocumented.into_iter().chain(extensible).filter(|_| self.certain).collect()
    }
}

/// Where a value stands, from the inside out.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    pub(super) fn below(above: Option<&'a Self>, step: Step<'a>) -> Self {
        Self { above, step }
    }

    pub(super) fn pointer(path: Option<&Self>) -> String {
        let Some(path) = path else { return String::new() };
        let mut pointer = Self::pointer(path.above);
        match path.step {
            Step::Member(name) => pointer::push(&mut pointer, name),
            Step::Item(index) => pointer::push(&mut pointer, &index.to_string()),
        }
        pointer
    }
}

/// What a walk along a value has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Members that are surely not named.
    pub(super) unnamed: Vec<Drift>,
    /// What annotations say of.
    pub(super) annotated: Vec<Drift>,
    /// Whether there are members of which the validator must tell whether they are named.
    pub(super) unsure: bool,
}

impl Drift {
    pub(super) fn at(path: Option<&Path<'_>>, value: &Value, explained: Option<String>) -> Self {
        Self { pointer: brief::pointer(Path::pointer(path)), value: brief(value), explained }
    }
}

impl Described {
    /// Walks along a value.
    pub(super) fn walk(&self, value: &Value) -> Found {
        let mut found = Found::default();
        self.walk_at(0, value, None, &mut found);
        found
    }

    fn walk_at(&self, place: usize, value: &Value, path: Option<&Path<'_>>, found: &mut Found) {
        if found.unnamed.len() + found.annotated.len() >= MAX_DRIFT {
            return;
        }
        let place = &self.0[place];
        for annotation in &place.annotations {
            let explained = match annotation {
                Annotation::Undocumented(requirement) => Some(requirement.clone()),
                Annotation::Extensible(known) if known.contains(value) || value.is_null() => continue,
                Annotation::Extensible(_) => None,
            };
            found.annotated.push(Drift::at(path, value, explained));
        }
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = Path::below(path, Step::Member(name));
                    let known = place.members.get(name);
                    if !place.open && !known.is_some_and(|member| member.certain) {
                        if known.is_some() || place.unsure {
                            found.unsure = true;
                        } else if place.named {
                            found.unnamed.push(Drift::at(Some(&path), value, None));
                        }
                    }
                    if let Some(below) = known.map(|member| member.place).or(place.rest) {
                        self.walk_at(below, value, Some(&path), found);
                    }
                }
            }
            Value::Array(items) => {
                let Some(below) = place.items else { return };
                for (index, item) in items.iter().enumerate() {
                    self.walk_at(below, item, Some(&Path::below(path, Step::Item(index))), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
