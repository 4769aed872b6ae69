//! What requests of an operation make or change, and how that is found again, removed, or put back: data of the operation table, once.

use serde_json::Value;

use super::operations::PathTemplate;
use crate::{
    pointer,
    yaml::{Fields, Node, Problems},
};

/// What an operation makes.
#[derive(Debug)]
pub(crate) struct Makes {
    /// Where the answer has the identifier of the new thing, as a JSON Pointer.
    pub(crate) id: String,
    /// Where request, answer and list have its name.
    pub(crate) name: Option<String>,
    /// Where the request has the identifiers of what it brings together, of which the thing consists: an association is known by its pair.
    pub(crate) pair: Option<String>,
    /// What removes it, the last for good; those before it make that possible.
    pub(crate) remove: Vec<Remove>,
}

/// An operation that removes something.
#[derive(Debug, Clone)]
pub(crate) struct Remove {
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) path: PathTemplate,
}

/// The state that an operation leaves a thing in, whatever it was before; what puts it back is an operation that leaves the same thing in
/// another one.
#[derive(Debug, PartialEq)]
pub(crate) struct Leaves {
    /// The operation that shows it.
    pub(crate) get: String,
    /// Members that it then has.
    pub(crate) state: Value,
}

/// `makes` as it is written: what its names mean is known when all operations are read.
pub(super) struct MakesText {
    id: String,
    name: Option<String>,
    pair: Option<String>,
    remove: Vec<(crate::diagnostic::Span, String)>,
}

/// A place in JSON: a JSON Pointer, or the name of a member.
pub(super) fn place(text: &str) -> String {
    if text.starts_with('/') { text.to_owned() } else { pointer::below("", text) }
}

pub(super) fn read_makes(node: &Node, problems: &mut Problems<'_>) -> Option<MakesText> {
    let mut fields = Fields::of(node, "makes", problems)?;
    let [id, name, pair] =
        ["id", "name", "pair"].map(|key| fields.optional_text(key, problems).map(|text| place(&text)));
    let remove = fields.required("remove", problems);
    let remove = remove.map(|node| problems.texts(node, "remove")).unwrap_or_default();
    fields.finish(problems);
    Some(MakesText { id: id.unwrap_or_else(|| "/id".to_owned()), name, pair, remove })
}

pub(super) fn read_leaves(node: &Node, problems: &mut Problems<'_>) -> Option<Leaves> {
    let mut fields = Fields::of(node, "leaves", problems)?;
    let get = fields.text("get", problems).map(str::to_owned);
    let state = fields.required("state", problems).and_then(|node| {
        problems.map(node, "state")?;
        Some(node.to_json())
    });
    fields.finish(problems);
    Some(Leaves { get: get?, state: state? })
}

impl MakesText {
    /// With the operations that remove what the one at `path` makes.
    pub(super) fn resolve(self, path: &PathTemplate, all: &[Remove], problems: &mut Problems<'_>) -> Makes {
        let mut remove = Vec::new();
        for (span, id) in self.remove {
            let Some(found) = all.iter().find(|operation| operation.operation == id) else {
                problems.unknown(span, "operation", &id, all.iter().map(|operation| operation.operation.as_str()));
                continue;
            };
            let more: Vec<&str> =
                found.path.parameters().filter(|name| !path.parameters().any(|known| known == *name)).collect();
            if found.method.eq_ignore_ascii_case("GET") || more.len() != 1 {
                let help = "its path must have the parameters of the creating operation, and one for the thing";
                problems.at_with(span, format!("`{id}` does not remove what this operation makes"), help);
            }
            remove.push(found.clone());
        }
        Makes { id: self.id, name: self.name, pair: self.pair, remove }
    }
}

impl Makes {
    /// What the path of a request that removes something has instead of a parameter, for the thing with this identifier that a request
    /// to `path` has made.
    pub(crate) fn value<'v>(made_by: &PathTemplate, path: &'v str, id: &'v str, parameter: &str) -> &'v str {
        made_by.value(path, parameter).unwrap_or(id)
    }

    /// What removes the thing with this identifier for good, and the path of that request, which is the thing's own.
    pub(crate) fn last(&self, made_by: &PathTemplate, path: &str, id: &str) -> Option<(&Remove, String)> {
        let remove = self.remove.last()?;
        Some((remove, remove.path.filled(|name| Self::value(made_by, path, id, name).to_owned())))
    }

    /// The identifiers of what a request brings together.
    pub(crate) fn pair_of(&self, body: &Value) -> Option<Vec<String>> {
        let there = body.pointer(self.pair.as_ref()?);
        let ids = match there {
            Some(Value::String(id)) => vec![id.clone()],
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
        };
        Some(ids)
    }
}
