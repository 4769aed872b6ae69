//! `schemas/okta/*.schema.json`: closed for drift, compiled once when first used, never fetched from anywhere.
//!
//! Schemas are written open. Closing makes every member that no `properties` names an error of the keyword `additionalProperties`,
//! which is how drift is found in the same pass as real mismatches. It knows nothing of what the schemas describe.

mod annotations;
mod words;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use annotations::Annotated;
use jsonschema::{Registry, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};
use words::{condition, wanted};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    pointer,
    yaml::Problems,
};

/// All schemas of a suite by name.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    by_name: BTreeMap<String, Arc<Schema>>,
}

/// One schema, closed, with the drift that it explains.
pub(crate) struct Schema {
    pub(crate) name: String,
    source: Arc<Source>,
    closed: Arc<Value>,
    compiled: OnceLock<Result<Validator, String>>,
    all: Arc<Vec<(String, Arc<Value>)>>,
    annotations: OnceLock<Annotated>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What validation has to say about one value.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) mismatches: Vec<SchemaMismatch>,
    pub(crate) drift: Vec<Drift>,
}

/// A place where a value does not fit its schema.
#[derive(Debug)]
pub(crate) struct SchemaMismatch {
    pub(crate) pointer: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

/// A member or value that the schema does not describe.
#[derive(Debug)]
pub(crate) struct Drift {
    pub(crate) pointer: String,
    pub(crate) value: String,
    /// The requirement that explains it, where it is known.
    pub(crate) explained: Option<String>,
}

/// More findings than a person would read about one body.
const MAX_FINDINGS: usize = 50;

impl Schemas {
    /// Takes the schema files; a file that is no JSON, or no schema, is reported.
    pub(super) fn read(files: &[Arc<Source>], found: &mut Vec<Diagnostic>) -> Self {
        let mut parsed = Vec::new();
        for source in files {
            match serde_json::from_str::<Value>(&source.text) {
                Ok(mut value) => {
                    close(&mut value);
                    parsed.push((Arc::clone(source), Arc::new(value)));
                }
                Err(error) => found.push(json_mistake(source, &error)),
            }
        }
        let id = |value: &Value| value.get("$id").and_then(Value::as_str).map(str::to_owned);
        let all =
            Arc::new(parsed.iter().filter_map(|(_, value)| Some((id(value)?, Arc::clone(value)))).collect::<Vec<_>>());
        let mut by_name = BTreeMap::new();
        for (source, closed) in parsed {
            if id(&closed).is_none() {
                let diagnostic = Diagnostic::new(&source, Span::new(0, 1), "a schema without `$id`");
                found.push(diagnostic.help("give it an absolute URI, so that others can refer to it"));
            }
            let file = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
            let name = file.trim_end_matches(".schema.json").to_owned();
            let schema = Schema {
                name: name.clone(),
                source,
                closed,
                compiled: OnceLock::new(),
                all: Arc::clone(&all),
                annotations: OnceLock::new(),
            };
            by_name.insert(name, Arc::new(schema));
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
    pub(super) fn compile(&self, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<Diagnostic>) {
        for schema in self.by_name.values().filter(|schema| wanted(&schema.name)) {
            if let Err(message) = schema.validator() {
                let diagnostic = Diagnostic::new(&schema.source, Span::new(0, 1), "not a JSON Schema");
                found.push(diagnostic.help(message.clone()));
            }
        }
    }

    /// The requirements that annotations name, with the file that names them.
    pub(super) fn annotated_requirements(&self) -> Vec<(Arc<Source>, String)> {
        let mut all = Vec::new();
        for schema in self.by_name.values() {
            collect_keyword(&schema.closed, "x-undocumented", &mut |value| {
                if let Some(id) = value.as_str() {
                    all.push((Arc::clone(&schema.source), id.to_owned()));
                }
            });
        }
        all
    }
}

fn json_mistake(source: &Arc<Source>, error: &serde_json::Error) -> Diagnostic {
    let line_start: usize = source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = line_start + error.column().saturating_sub(1);
    Diagnostic::new(source, Span::new(at, at + 1), format!("not JSON: {error}"))
}

fn collect_keyword<'v>(value: &'v Value, keyword: &str, visit: &mut impl FnMut(&'v Value)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key == keyword {
                    visit(member);
                }
                collect_keyword(member, keyword, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keyword(item, keyword, visit)),
        _ => {}
    }
}

/// Adds `additionalProperties: false` wherever `properties` stands without a word about others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

impl Schema {
    fn validator(&self) -> &Result<Validator, String> {
        self.compiled.get_or_init(|| {
            let registry = self.registry()?;
            jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .with_registry(&registry)
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .should_validate_formats(true)
                .offline()
                .build(&self.closed)
                .map_err(|error| error.to_string())
        })
    }

    /// The schemas that this one refers to, and those that these refer to: to take in all of a suite costs more than to compile one.
    fn registry(&self) -> Result<Registry<'static>, String> {
        let mut taken: Vec<&(String, Arc<Value>)> = Vec::new();
        let mut open: Vec<&Value> = vec![&self.closed];
        while let Some(document) = open.pop() {
            collect_keyword(document, "$ref", &mut |reference| {
                let file = reference.as_str().and_then(|text| text.split('#').next()).filter(|file| !file.is_empty());
                if let Some(sibling) = file.and_then(|file| self.sibling(file))
                    && !taken.iter().any(|(id, _)| *id == sibling.0)
                {
                    taken.push(sibling);
                    open.push(&sibling.1);
                }
            });
        }
        let mut builder = Registry::new();
        for (id, value) in taken {
            builder = builder.add(id.as_str(), value.as_ref().clone()).map_err(|error| error.to_string())?;
        }
        builder.prepare().map_err(|error| error.to_string())
    }

    /// The file of the suite that the file of a `$ref` means.
    fn sibling(&self, file: &str) -> Option<&(String, Arc<Value>)> {
        self.all.iter().find(|(id, _)| id.rsplit('/').next() == file.rsplit('/').next())
    }

    /// The members that the schema names at its root.
    pub(crate) fn properties(&self) -> Vec<String> {
        let properties = self.closed.get("properties").and_then(Value::as_object);
        properties.into_iter().flat_map(Map::keys).cloned().collect()
    }

    /// Validates `value`: what does not fit, and what is not described.
    pub(crate) fn judge(&self, value: &Value) -> Judgement {
        let mut judgement = Judgement::default();
        match self.validator() {
            Ok(validator) if validator.is_valid(value) => {}
            Ok(validator) => {
                for error in validator.iter_errors(value).take(MAX_FINDINGS) {
                    self.sort(&error, &mut judgement);
                }
            }
            // `check` compiles every schema before the first request, so this is never seen.
            Err(message) => judgement.mismatches.push(SchemaMismatch {
                pointer: String::new(),
                expected: format!("a usable schema {}", self.name),
                actual: message.clone(),
            }),
        }
        self.annotated().drift(value, &mut judgement.drift);
        judgement
    }

    fn sort(&self, error: &ValidationError<'_>, judgement: &mut Judgement) {
        let pointer = error.instance_path().as_str();
        let expected = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for name in unexpected {
                    let value = error.instance().get(name).map(Value::to_string).unwrap_or_default();
                    judgement.drift.push(Drift {
                        pointer: pointer::below(pointer, name),
                        value: shorten(&value),
                        explained: None,
                    });
                }
                return;
            }
            ValidationErrorKind::Required { property } => format!("a member {property}"),
            kind => wanted(kind).unwrap_or_else(|| format!("what the schema says: {}", error.masked_with("the value"))),
        };
        let condition = self.condition(error).map(|condition| format!(" where {condition}")).unwrap_or_default();
        let value = shorten(&error.instance().to_string());
        let missing = matches!(error.kind(), ValidationErrorKind::Required { .. });
        judgement.mismatches.push(SchemaMismatch {
            pointer: pointer.to_owned(),
            expected: expected + &condition,
            actual: if missing { format!("no such member in {value}") } else { value },
        });
    }

    /// The condition under which the keyword counts that a value does not fit, in whichever schema it stands.
    fn condition(&self, error: &ValidationError<'_>) -> Option<String> {
        let (id, pointer) = error.absolute_keyword_location()?.as_str().split_once('#')?;
        let (_, schema) = self.all.iter().find(|(known, _)| known == id)?;
        condition(schema, pointer)
    }
}

/// A value as far as a person reads it.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 400;
    match (text.len() > MOST).then(|| text.char_indices().nth(MOST)).flatten() {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
