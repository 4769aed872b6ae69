//! What a schema describes: the members that it names, wherever it names them, and its annotations. What a value has beside that is drift.
//!
//! Most members are surely named, or surely not, whatever the value is. Where that depends on a condition, `evaluated` holds the value against
//! it, which costs more.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value;

use super::{MAX_DRIFT, Schema, Undescribed};
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
    place: Option<usize>,
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
pub(super) struct Said<'a> {
    pub(super) schema: &'a Value,
    pub(super) document: &'a Value,
    /// Whether it counts without a condition.
    certain: bool,
}

/// What a schema refers to.
#[derive(Clone, Copy)]
pub(super) enum Referred<'a> {
    Nothing,
    To(Said<'a>),
    /// In a way that is not followed here, so it may name whatever there is.
    Unknown,
}

/// More places than a schema has that a person wrote; what lies behind is not described.
const MOST_PLACES: usize = 4096;

impl<'a> Said<'a> {
    pub(super) fn whole(schema: &'a Schema) -> Self {
        Self { schema: &schema.document, document: &schema.document, certain: true }
    }

    pub(super) fn of(self, schema: &'a Value, certain: bool) -> Self {
        Self { schema, certain: self.certain && certain, ..self }
    }

    pub(super) fn keyword(&self, name: &str) -> Option<&'a Value> {
        self.schema.get(name)
    }

    /// The schemas in a list or a map of them.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let value = self.keyword(keyword);
        let items = value.and_then(Value::as_array).into_iter().flatten().map(|schema| ("", schema));
        let members = value.and_then(Value::as_object).into_iter().flatten();
        items.chain(members.map(|(name, schema)| (name.as_str(), schema)))
    }

    /// The schema that it refers to.
    pub(super) fn referred(&self, owner: &'a Schema) -> Referred<'a> {
        let reference = self.keyword("$ref").and_then(Value::as_str);
        let found = reference.map(|reference| owner.resolve(reference, self.document));
        match (self.keyword("$dynamicRef"), found) {
            (Some(_), _) | (None, Some(None)) => Referred::Unknown,
            (None, Some(Some((schema, document)))) => Referred::To(Self { schema, document, ..*self }),
            (None, None) => Referred::Nothing,
        }
    }

    /// What it says of a member by its name.
    pub(super) fn named(&self, name: &str) -> Option<&'a Value> {
        self.keyword("properties")?.get(name)
    }

    /// What it says of the members that its `properties` do not name.
    pub(super) fn others(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let keyword = |name| self.keyword(name);
        ["additionalProperties", "unevaluatedProperties"].map(keyword).into_iter().flatten()
    }
}

/// Which schemas, by where they lie in memory, and whether each is certain.
type Key = Vec<(usize, bool)>;

struct Builder<'a> {
    owner: &'a Schema,
    known: HashMap<Key, usize>,
    /// Places that are not described yet.
    open: VecDeque<Vec<Said<'a>>>,
}

impl Schema {
    pub(super) fn described(&self) -> &Described {
        self.described.get_or_init(|| {
            let mut builder = Builder { owner: self, known: HashMap::new(), open: VecDeque::new() };
            builder.place(vec![Said::whole(self)]);
            let mut places = Vec::new();
            while let Some(said) = builder.open.pop_front() {
                places.push(builder.describe(&said));
            }
            Described(places)
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
    /// The place of a value that these schemas are held against; `None` where there are too many.
    fn place(&mut self, said: Vec<Said<'a>>) -> Option<usize> {
        let mut all = Vec::new();
        for said in said {
            self.gather(said, &mut all);
        }
        let mut key: Key = all.iter().map(|said| (std::ptr::from_ref(said.schema) as usize, said.certain)).collect();
        key.sort_unstable();
        let next = self.known.len();
        if !self.known.contains_key(&key) {
            if next >= MOST_PLACES {
                return None;
            }
            self.known.insert(key.clone(), next);
            self.open.push_back(all);
        }
        self.known.get(&key).copied()
    }

    /// A schema, and what is held against the same value because of it.
    fn gather(&self, said: Said<'a>, all: &mut Vec<Said<'a>>) {
        match all.iter_mut().find(|known| std::ptr::eq(known.schema, said.schema)) {
            Some(known) if known.certain || !said.certain => return,
            Some(known) => known.certain = true,
            None => all.push(said),
        }
        if let Referred::To(referred) = said.referred(self.owner) {
            self.gather(referred, all);
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
        let (mut items, mut rest) = (Vec::new(), Vec::new());
        for said in all {
            place.annotations.extend(said.annotations());
            let (names, others) = (said.keyword("properties").is_some(), said.others().next().is_some());
            let patterns = said.keyword("patternProperties").is_some();
            place.named |= names && said.certain;
            place.open |= others && said.certain;
            place.unsure |= patterns
                || matches!(said.referred(self.owner), Referred::Unknown)
                || !said.certain && (names || others);
            rest.extend(said.behind(""));
            let whole = said.keyword("prefixItems").is_none();
            items.extend(said.keyword("items").map(|schema| said.of(schema, whole)));
            items.extend(said.all("prefixItems").map(|(_, schema)| said.of(schema, false)));
            let some = ["contains", "unevaluatedItems"].into_iter().filter_map(|keyword| said.keyword(keyword));
            items.extend(some.map(|schema| said.of(schema, false)));
        }
        place.items = if items.is_empty() { None } else { self.place(items) };
        place.rest = if rest.is_empty() { None } else { self.place(rest) };
        let names: BTreeSet<&str> = all.iter().flat_map(|said| said.all("properties").map(|(name, _)| name)).collect();
        for name in names {
            let own = all.iter().filter_map(|said| Some(said.of(said.named(name)?, true)));
            let certain = all.iter().any(|said| said.certain && said.named(name).is_some());
            let below = self.place(own.chain(all.iter().flat_map(|said| said.behind(name))).collect());
            place.members.insert(name.to_owned(), Member { place: below, certain });
        }
        place
    }
}

impl<'a> Said<'a> {
    /// What it says of a member with this name by patterns, and by what it says of all that it does not name. Whether a pattern fits is
    /// not looked at, so none of it is certain unless there are none.
    fn behind(self, name: &str) -> Vec<Said<'a>> {
        let patterns: Vec<&Value> = self.all("patternProperties").map(|(_, schema)| schema).collect();
        let others = self.others().filter(|_| self.named(name).is_none());
        let others = others.map(|schema| self.of(schema, patterns.is_empty()));
        others.chain(patterns.iter().map(|schema| self.of(schema, false))).collect()
    }

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
    pub(super) unnamed: Vec<Undescribed>,
    /// Members and values that annotations speak of.
    pub(super) annotated: Vec<Undescribed>,
    /// Whether a condition decides of some members whether they are named.
    pub(super) unsure: bool,
}

impl Undescribed {
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
            found.annotated.push(Undescribed::at(path, value, explained));
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
                            found.unnamed.push(Undescribed::at(Some(&path), value, None));
                        }
                    }
                    if let Some(below) = known.map_or(place.rest, |member| member.place) {
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
