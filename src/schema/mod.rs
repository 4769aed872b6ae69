//! `schemas/okta/*.schema.json`: compiled once when first used, never fetched from anywhere.
//!
//! A value is held against a schema exactly as its author wrote it. Members that no schema names are drift, which is found beside that
//! (`described`). It knows nothing of what the schemas describe.

mod described;
mod duplicates;
mod evaluated;
mod words;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::{Arc, Mutex, OnceLock},
};

use described::Described;
pub(crate) use duplicates::duplicates;
use evaluated::unnamed;
use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use regex::Regex;
use serde_json::{Map, Value};
use words::{under_condition, wanted};

use crate::{
    brief::{self, Excerpt},
    diagnostic::{Diagnostic, Source, Span, why_not},
    finding::{Actual, Expected, Json},
    json, pointer,
    yaml::Problems,
};

/// All schemas of a suite by name.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    by_name: BTreeMap<String, Arc<Schema>>,
}

/// Every schema with an `$id`, by that and by the file that it ends with: the first of these, where there are several.
#[derive(Default)]
struct All {
    schemas: Vec<(String, Arc<Value>)>,
    by_id: HashMap<String, usize>,
    by_file: HashMap<String, usize>,
}

impl All {
    fn of(schemas: Vec<(String, Arc<Value>)>) -> Self {
        let mut all = Self::default();
        for (at, (id, _)) in schemas.iter().enumerate() {
            all.by_id.entry(id.clone()).or_insert(at);
            all.by_file.entry(file_of(id).to_owned()).or_insert(at);
        }
        Self { schemas, ..all }
    }
}

/// The last part of a URI.
fn file_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// One schema, with what it describes.
pub(crate) struct Schema {
    pub(crate) name: String,
    source: Arc<Source>,
    document: Arc<Value>,
    compiled: OnceLock<Result<Validator, String>>,
    all: Arc<All>,
    described: OnceLock<Described>,
    /// Parts of schemas that were held against values by themselves, by where they lie in memory.
    parts: Mutex<HashMap<usize, Option<Arc<Validator>>>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What validation has to say about one value.
#[derive(Debug, Default)]
pub(crate) struct Validation {
    pub(crate) violations: Vec<Violation>,
    pub(crate) drift: Vec<Undescribed>,
    /// How many violations there are beside these, at least.
    pub(crate) left_out: usize,
}

impl Validation {
    fn violation(&mut self, violation: Violation) {
        if self.violations.len() < MAX_FINDINGS {
            self.violations.push(violation);
        } else {
            self.left_out += 1;
        }
    }
}

/// A place where a value does not fit its schema.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) pointer: String,
    pub(crate) expected: Expected<String>,
    pub(crate) actual: Actual<String>,
}

/// A member or value that the schema does not describe.
#[derive(Debug)]
pub(crate) struct Undescribed {
    pub(crate) pointer: String,
    pub(crate) value: String,
    /// The requirement that explains it, where it is known.
    pub(crate) explained: Option<String>,
}

/// More findings than a person would read about one body.
const MAX_FINDINGS: usize = 50;

/// More drift than the longest page of a list has.
const MAX_DRIFT: usize = 1000;

impl Schemas {
    /// Takes the schema files; a file that is no JSON, or no schema, is reported.
    pub(crate) fn read(files: impl IntoIterator<Item = Arc<Source>>, found: &mut Vec<Diagnostic>) -> Self {
        let mut parsed = Vec::new();
        for source in files {
            match serde_json::from_str::<Value>(&source.text) {
                Ok(value) => parsed.push((source, Arc::new(value))),
                Err(error) => found.push(json_mistake(&source, &error)),
            }
        }
        let id = |value: &Value| value.get("$id").and_then(Value::as_str).map(str::to_owned);
        let all = parsed.iter().filter_map(|(_, value)| Some((id(value)?, Arc::clone(value))));
        let all = Arc::new(All::of(all.collect()));
        let mut by_name = BTreeMap::new();
        for (source, document) in parsed {
            if id(&document).is_none() {
                let diagnostic = Diagnostic::new(&source, Span::new(0, 1), "a schema without `$id`");
                found.push(diagnostic.help("give it an absolute URI, so that others can refer to it"));
            }
            let name = name_of(&source.path).to_owned();
            let schema = Schema {
                name: name.clone(),
                source,
                document,
                compiled: OnceLock::new(),
                all: Arc::clone(&all),
                described: OnceLock::new(),
                parts: Mutex::default(),
            };
            match by_name.entry(name) {
                Entry::Vacant(free) => {
                    free.insert(Arc::new(schema));
                }
                Entry::Occupied(taken) => {
                    let title = format!("the schema `{}` is in {} already", taken.key(), taken.get().source.path);
                    found.push(Diagnostic::new(&schema.source, Span::new(0, 1), title).help("rename one of them"));
                }
            }
        }
        Self { by_name }
    }

    /// The schema called `name`; reports at `span` when there is none.
    pub(crate) fn find(&self, name: &str, span: Span, problems: &mut Problems<'_>) -> Option<Arc<Schema>> {
        let found = self.by_name.get(name).cloned();
        if found.is_none() {
            problems.unknown(span, "schema", name, self.by_name.keys().map(String::as_str));
        }
        found
    }

    /// Compiles the schemas with these names, to report those that are none.
    pub(crate) fn compile(&self, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<Diagnostic>) {
        let wanted = self.by_name.values().filter(|schema| wanted(&schema.name));
        let broken: Vec<_> = wanted.filter_map(|schema| Some((schema, schema.validator().as_ref().err()?))).collect();
        if broken.is_empty() {
            return;
        }
        // A pattern also breaks the schemas that refer to its own.
        let patterns: Vec<String> = self.by_name.values().flat_map(|schema| schema.broken_patterns(found)).collect();
        for (schema, message) in broken {
            if !patterns.iter().any(|pattern| message.contains(pattern)) {
                let diagnostic = Diagnostic::new(&schema.source, Span::new(0, 1), "not a JSON Schema");
                found.push(diagnostic.help(message.clone()));
            }
        }
    }

    /// The requirements that annotations name, with the file that names them.
    pub(crate) fn annotated_requirements(&self) -> Vec<(Arc<Source>, String)> {
        let mut all = Vec::new();
        for schema in self.by_name.values() {
            let named = values_of(&schema.document, "x-undocumented").filter_map(Value::as_str);
            all.extend(named.map(|id| (Arc::clone(&schema.source), id.to_owned())));
        }
        all
    }
}

/// What other files call the schema in this file.
fn name_of(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let end = file.len().saturating_sub(".schema.json".len());
    match file.split_at_checked(end) {
        Some((name, end)) if end.eq_ignore_ascii_case(".schema.json") => name,
        _ => file,
    }
}

fn json_mistake(source: &Arc<Source>, error: &serde_json::Error) -> Diagnostic {
    let line_start: usize = source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = line_start + error.column().saturating_sub(1);
    Diagnostic::new(source, Span::new(at, at + 1), format!("not JSON: {error}"))
}

/// The values of a keyword, wherever it stands.
fn values_of<'v>(document: &'v Value, keyword: &str) -> impl Iterator<Item = &'v Value> {
    json::all(document).filter_map(move |value| value.get(keyword))
}

impl Schema {
    fn validator(&self) -> &Result<Validator, String> {
        self.compiled.get_or_init(|| Self::build(&self.document, &self.registry(Vec::new())?))
    }

    /// Reports the patterns that are none, each where it is written, and gives them as JSON writes them.
    fn broken_patterns(&self, found: &mut Vec<Diagnostic>) -> Vec<String> {
        let names = values_of(&self.document, "patternProperties").filter_map(Value::as_object);
        let names = names.flat_map(Map::keys).map(String::as_str);
        let patterns = values_of(&self.document, "pattern").filter_map(Value::as_str).chain(names);
        let broken =
            patterns.filter_map(|pattern| Some((Value::from(pattern).to_string(), Regex::new(pattern).err()?)));
        let report = |(written, error): (String, regex::Error)| {
            let span = self.source.text.find(&written).map_or(Span::new(0, 1), |at| Span::new(at, at + written.len()));
            let diagnostic = Diagnostic::new(&self.source, span, "not a regular expression");
            found.push(diagnostic.help(why_not(&error)));
            written
        };
        broken.map(report).collect()
    }

    fn build(schema: &Value, registry: &Registry<'static>) -> Result<Validator, String> {
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(registry)
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .should_validate_formats(true)
            .offline()
            .build(schema)
            .map_err(|error| error.to_string())
    }

    /// These schemas, those that this one refers to, and those that these refer to: to take in all of a suite costs more than to compile one.
    fn registry<'a>(&'a self, mut taken: Vec<&'a (String, Arc<Value>)>) -> Result<Registry<'static>, String> {
        let mut open: Vec<&Value> = vec![&self.document];
        while let Some(document) = open.pop() {
            for reference in values_of(document, "$ref").filter_map(Value::as_str) {
                let file = reference.split('#').next().filter(|file| !file.is_empty());
                if let Some(sibling) = file.and_then(|file| self.sibling(file))
                    && !taken.iter().any(|(id, _)| *id == sibling.0)
                {
                    taken.push(sibling);
                    open.push(&sibling.1);
                }
            }
        }
        let mut builder = Registry::new();
        for (id, value) in taken {
            builder = builder.add(id.as_str(), value.as_ref().clone()).map_err(|error| error.to_string())?;
        }
        builder.prepare().map_err(|error| error.to_string())
    }

    /// The file of the suite that the file of a `$ref` means.
    fn sibling(&self, file: &str) -> Option<&(String, Arc<Value>)> {
        self.all.by_file.get(file_of(file)).map(|at| &self.all.schemas[*at])
    }

    /// The members that the schema names at its root.
    pub(crate) fn properties(&self) -> Vec<String> {
        let properties = self.document.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).cloned().collect()
    }

    /// Validates `value`: what does not fit, and what is not described.
    pub(crate) fn judge(&self, value: &Value) -> Validation {
        let mut validation = Validation::default();
        let found = self.described().walk(value);
        match self.validator() {
            Ok(validator) if !validator.is_valid(value) => {
                self.errors(validator, value, &mut validation);
                validation.drift = found.unnamed;
            }
            Ok(_) if found.unsure => validation.drift = unnamed(self, value),
            Ok(_) => validation.drift = found.unnamed,
            // `check` compiles every schema before the first request, so this is never seen.
            Err(message) => validation.violations.push(Violation {
                pointer: String::new(),
                expected: Expected::Schema(self.name.clone()),
                actual: Actual::Text(Excerpt::of(message)),
            }),
        }
        validation.drift.extend(found.annotated);
        validation.drift.truncate(MAX_DRIFT);
        validation
    }

    /// The validator lists all errors before it hands on the first, and each takes some hundred bytes: long lists are given to it in parts,
    /// until enough is found.
    fn errors(&self, validator: &Validator, value: &Value, validation: &mut Validation) {
        let mut parts = 0;
        while let Some(part) = part_of(value, parts * PART) {
            for error in validator.iter_errors(&part) {
                self.sort(&error, &Whole { value, from: Some(parts * PART) }, validation);
            }
            if validation.violations.len() >= MAX_FINDINGS {
                return;
            }
            parts += 1;
        }
        if parts == 0 {
            for error in validator.iter_errors(value) {
                self.sort(&error, &Whole { value, from: None }, validation);
            }
        } else if validation.violations.is_empty() {
            // It is about a list as a whole.
            if let Err(error) = validator.validate(value) {
                self.sort(&error, &Whole { value, from: None }, validation);
            }
        }
    }

    /// Takes an error of a value, or of a part of it.
    fn sort(&self, error: &ValidationError<'_>, whole: &Whole<'_>, validation: &mut Validation) {
        let Some(pointer) = whole.pointer(error) else { return };
        let pointer = pointer.as_ref();
        if let ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } = error.kind()
        {
            for name in unexpected {
                validation.violation(Violation {
                    pointer: brief::pointer(pointer::below(pointer, name)),
                    expected: Expected::Absent,
                    actual: error.instance().get(name).map_or(Actual::Absent, |value| Actual::Value(Json::of(value))),
                });
            }
            return;
        }
        let value = Json::of(error.instance().as_ref());
        let missing = matches!(error.kind(), ValidationErrorKind::Required { .. });
        validation.violation(Violation {
            pointer: brief::pointer(pointer.to_owned()),
            expected: self.wanted(error),
            actual: if missing { Actual::Lacks(value) } else { Actual::Value(value) },
        });
    }

    /// What the keyword wants that a value does not fit, and under which condition, in whichever schema it stands.
    fn wanted(&self, error: &ValidationError<'_>) -> Expected<String> {
        let place = error.absolute_keyword_location().and_then(|place| place.as_str().split_once('#'));
        let stands = place.and_then(|(id, pointer)| Some((&self.all.schemas[*self.all.by_id.get(id)?].1, pointer)));
        match stands {
            Some((schema, pointer)) => under_condition(wanted(error), schema, pointer),
            None => wanted(error),
        }
    }
}

/// As many items of a list are given to the validator at a time; no page of a list has more.
const PART: usize = 1000;

/// What a part is of.
struct Whole<'a> {
    value: &'a Value,
    /// The index at which long lists begin in the part; `None` where the part is the whole.
    from: Option<usize>,
}

impl Whole<'_> {
    /// Where the error stands in the whole; `None` of one that is about a long list as such, of which a part says nothing, and of one that
    /// the first part has too.
    fn pointer<'e>(&self, error: &'e ValidationError<'_>) -> Option<Cow<'e, str>> {
        let place = error.instance_path().as_str();
        let Some(from) = self.from else { return Some(place.into()) };
        let (mut pointer, mut at, mut within) = (String::new(), self.value, false);
        for step in place.split('/').skip(1) {
            let name = pointer::name(step);
            let index = name.parse::<usize>().ok().filter(|_| is_long(at)).map(|index| index + from);
            within |= index.is_some();
            at = match (at, index) {
                (Value::Array(items), Some(index)) => items.get(index)?,
                (Value::Array(items), None) => items.get(name.parse::<usize>().ok()?)?,
                (value, _) => value.get(name.as_ref())?,
            };
            pointer::push(&mut pointer, &index.map_or_else(|| name.into_owned(), |index| index.to_string()));
        }
        (!is_long(at) && (within || from == 0)).then_some(pointer.into())
    }
}

fn is_long(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.len() > PART)
}

/// The value with a part of each long list instead of it; `None` where none is so long.
fn part_of(value: &Value, from: usize) -> Option<Value> {
    fn part(value: &Value, from: usize, any: &mut bool) -> Value {
        match value {
            Value::Array(items) => {
                let long = is_long(value);
                *any |= long && from < items.len();
                let begins = if long { from.min(items.len()) } else { 0 };
                let shown = &items[begins..items.len().min(begins + PART)];
                Value::Array(shown.iter().map(|item| part(item, from, any)).collect())
            }
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| (name.clone(), part(value, from, any));
                Value::Object(members.iter().map(member).collect())
            }
            value => value.clone(),
        }
    }
    if !json::all(value).any(is_long) {
        return None;
    }
    let mut any = false;
    let part = part(value, from, &mut any);
    any.then_some(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(schema: &Value) -> Arc<Schema> {
        let mut document = schema.clone();
        document["$id"] = json!("https://a.test/a.schema.json");
        let source = Source::new("schemas/a.schema.json", document.to_string());
        Arc::clone(&Schemas::read([source], &mut Vec::new()).by_name["a"])
    }

    fn judged(value: &Value) -> Validation {
        let schema = json!({
            "properties": { "kind": {}, "items": { "items": { "required": ["id"], "properties": { "id": { "type": "string" } } }, "maxItems": 5000 } },
            "required": ["kind"],
        });
        read(&schema).judge(value)
    }

    /// A list of so many items, of which these are wrong.
    fn list(length: usize, wrong: impl Fn(usize) -> bool) -> Value {
        let item = |index| if wrong(index) { json!({ "id": index }) } else { json!({ "id": "a" }) };
        json!({ "kind": 1, "items": (0..length).map(item).collect::<Vec<_>>() })
    }

    fn places(validation: &Validation) -> Vec<&str> {
        validation.violations.iter().map(|violation| violation.pointer.as_str()).collect()
    }

    #[test]
    fn what_is_wrong_in_a_long_list_is_found_wherever_it_stands() {
        for length in [10, 1000, 1001, 4000] {
            for wrong in [0, 7, 999, 1000, 2500, 3999] {
                let validation = judged(&list(length, |index| index == wrong));
                let expected = (wrong < length).then(|| format!("/items/{wrong}/id"));
                assert_eq!(places(&validation), expected.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn of_many_mismatches_some_are_told_and_the_rest_is_counted() {
        let validation = judged(&list(60, |_| true));
        assert_eq!((validation.violations.len(), validation.left_out), (MAX_FINDINGS, 10));
        let validation = judged(&list(4000, |index| index >= 2000));
        assert_eq!((validation.violations.len(), validation.left_out), (MAX_FINDINGS, 950));
        assert_eq!(places(&validation)[0], "/items/2000/id");
    }

    #[test]
    fn what_is_wrong_beside_a_long_list_is_told_once() {
        let mut value = list(3000, |index| index == 2500);
        value.as_object_mut().expect("an object").remove("kind");
        assert_eq!(places(&judged(&value)), ["", "/items/2500/id"]);
    }

    #[test]
    fn a_list_that_is_too_long_is_told_as_such() {
        assert_eq!(places(&judged(&list(5001, |_| false))), ["/items"]);
    }

    /// A schema, a value, where it does not fit, and what of it is drift.
    type Row = (Value, Value, &'static [&'static str], &'static [&'static str]);

    /// As their authors wrote them, and what of a value no schema that it fits has named.
    fn rows() -> Vec<Row> {
        let is = |name: &str, value: u64| json!({ "properties": { name: { "const": value } }, "required": [name] });
        let names = |name: &str| json!({ "properties": { name: {} } });
        let either = json!({ "oneOf": [is("a", 1), is("a", 2)] });
        let if_a = json!({ "if": is("a", 1), "then": names("b"), "properties": { "a": {} } });
        let closed = json!({ "properties": {}, "additionalProperties": false });
        let all = json!({ "allOf": [names("a"), names("b")], "unevaluatedProperties": false });
        let itself = json!({ "properties": { "child": { "$ref": "#" }, "x": { "type": "integer" } } });
        let patterns = json!({ "properties": { "a": {} }, "patternProperties": { "^x-": names("b") } });
        vec![
            (json!({ "if": is("a", 1), "then": { "required": ["q"] } }), json!({ "a": 1, "b": 2 }), &[""], &[]),
            (json!({ "if": is("a", 1), "then": { "required": ["q"] } }), json!({ "a": 2, "b": 2 }), &[], &[]),
            (json!({ "not": is("a", 1) }), json!({ "a": 1, "b": 2 }), &[""], &[]),
            (json!({ "not": is("a", 1) }), json!({ "a": 2, "b": 2 }), &[], &[]),
            (either.clone(), json!({ "a": 1, "z": 3 }), &[], &["/z"]),
            (either, json!({ "a": 3, "z": 3 }), &[""], &[]),
            (json!({ "anyOf": [names("a"), is("b", 2)] }), json!({ "a": 1, "b": 2, "c": 3 }), &[], &["/c"]),
            (json!({ "anyOf": [names("a"), is("b", 2)] }), json!({ "a": 1, "b": 1, "c": 3 }), &[], &["/b", "/c"]),
            (closed, json!({ "a": "x" }), &["/a"], &[]),
            (all.clone(), json!({ "a": 1, "b": 2, "c": 3 }), &["/c"], &[]),
            (all, json!({ "a": 1, "b": 2 }), &[], &[]),
            (json!({ "allOf": [names("a"), names("b")] }), json!({ "a": 1, "b": 2, "c": 3 }), &[], &["/c"]),
            (json!({ "type": "object" }), json!({ "a": 1 }), &[], &[]),
            (json!({ "contains": is("a", 1) }), json!([{ "a": 1, "b": 2 }, { "c": 1 }]), &[], &["/0/b"]),
            (if_a.clone(), json!({ "a": 1, "b": 1, "c": 1 }), &[], &["/c"]),
            (if_a, json!({ "a": 2, "b": 1, "c": 1 }), &[], &["/b", "/c"]),
            (itself.clone(), json!({ "child": { "child": { "x": 1, "y": 2 } } }), &[], &["/child/child/y"]),
            (itself, json!({ "child": { "x": "1", "y": 2 } }), &["/child/x"], &["/child/y"]),
            (patterns, json!({ "a": 1, "x-1": { "b": 1, "c": 1 }, "y": 1 }), &[], &["/x-1/c", "/y"]),
            (json!({ "additionalProperties": names("x") }), json!({ "k": { "x": 1, "y": 2 } }), &[], &["/k/y"]),
            (
                json!({ "properties": { "a": {} }, "dependentSchemas": { "a": names("b") } }),
                json!({ "a": 1, "b": 1, "c": 1 }),
                &[],
                &["/c"],
            ),
            (json!({ "prefixItems": [names("a")] }), json!([{ "a": 1, "b": 1 }, { "b": 1 }]), &[], &["/0/b"]),
            // Open, though somewhere else a branch has its say.
            (
                json!({
                    "additionalProperties": true,
                    "properties": { "o": names("n") },
                    "anyOf": [{ "properties": { "o": names("m") } }],
                }),
                json!({ "o": { "n": 1, "m": 2 }, "k": 1 }),
                &[],
                &[],
            ),
            (
                json!({
                    "oneOf": [is("p", 1), is("q", 1)],
                    "properties": { "s": { "properties": { "t": {} }, "additionalProperties": { "type": "string" } } },
                }),
                json!({ "p": 1, "s": { "t": 1, "x": "y" }, "z": 1 }),
                &[],
                &["/z"],
            ),
            (
                json!({ "properties": { "a": {} }, "oneOf": [{ "unevaluatedProperties": { "type": "integer" } }] }),
                json!({ "a": 1, "z": 1 }),
                &[],
                &[],
            ),
            // What several schemas say of one member.
            (
                json!({ "properties": { "a": names("x") }, "patternProperties": { "^a": names("y") } }),
                json!({ "a": { "x": 1, "y": 2, "z": 3 } }),
                &[],
                &["/a/z"],
            ),
            (
                json!({ "allOf": [{ "properties": { "a": names("x") } }, { "additionalProperties": names("y") }] }),
                json!({ "a": { "x": 1, "y": 2, "z": 3 } }),
                &[],
                &["/a/z"],
            ),
            // What is referred to in a way that is not followed may name whatever there is.
            (
                json!({
                    "$ref": "#base",
                    "$defs": { "b": { "$anchor": "base", "properties": { "b": {} } } },
                    "properties": { "a": {} },
                }),
                json!({ "a": 1, "b": 2 }),
                &[],
                &[],
            ),
            (
                json!({ "properties": { "a/b": names("c~d") }, "anyOf": [names("e")] }),
                json!({ "a/b": { "c~d": 1, "f": 1 }, "e": 1 }),
                &[],
                &["/a~1b/f"],
            ),
        ]
    }

    /// The places of such a schema are as many as the sets of its parts.
    #[test]
    fn a_schema_with_more_places_than_anybody_wrote_comes_to_an_end() {
        let next = |at: usize| format!("#/$defs/s{at}");
        let mut parts = serde_json::Map::new();
        parts.insert(
            "s0".to_owned(),
            json!({ "properties": {
                "a": { "allOf": [{ "$ref": next(0) }, { "$ref": next(1) }] },
                "b": { "$ref": next(0) },
            } }),
        );
        for at in 1..20 {
            let below = json!({ "$ref": next((at + 1).min(19)) });
            parts.insert(format!("s{at}"), json!({ "properties": { "a": below, "b": below } }));
        }
        let validation = read(&json!({ "$ref": next(0), "$defs": parts })).judge(&json!({ "a": { "b": {} }, "c": 1 }));
        assert_eq!(validation.drift.iter().map(|drift| drift.pointer.as_str()).collect::<Vec<_>>(), ["/c"]);
    }

    #[test]
    fn a_schema_is_held_to_as_it_is_written_and_drift_is_what_it_does_not_name() {
        for (schema, value, violations, drift) in rows() {
            let validation = read(&schema).judge(&value);
            let found: Vec<&str> = validation.drift.iter().map(|drift| drift.pointer.as_str()).collect();
            assert_eq!((places(&validation), found), (violations.to_vec(), drift.to_vec()), "{schema}: {value}");
        }
    }

    /// What the walk along the schema is sure of is what deciding each condition shows.
    #[test]
    fn the_quick_walk_along_a_schema_agrees_with_the_exact_one() {
        let mut sure = 0;
        for (schema, value, violations, _) in rows() {
            let schema = read(&schema);
            let found = schema.described().walk(&value);
            if found.unsure || !violations.is_empty() {
                continue;
            }
            sure += 1;
            let pointers = |drift: &[Undescribed]| drift.iter().map(|drift| drift.pointer.clone()).collect::<Vec<_>>();
            assert_eq!(pointers(&found.unnamed), pointers(&unnamed(&schema, &value)), "{value}");
        }
        assert!(sure > 5, "{sure}");
    }

    #[test]
    fn drift_ends_somewhere() {
        let items: Vec<Value> = (0..4000).map(|index| json!({ "id": "a", "new": index })).collect();
        let validation = judged(&json!({ "kind": 1, "items": items }));
        assert_eq!((validation.violations.len(), validation.drift.len()), (0, MAX_DRIFT));
        assert_eq!(validation.drift[0].pointer, "/items/0/new");
    }
}
