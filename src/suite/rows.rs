//! `rows` in `schemas/operations.yaml`: what the rows of tables that go over operations are filled with.

use std::sync::Arc;

use super::Operation;
use crate::yaml::{Fields, Key, Node, Problems};

/// Values as they were written; they may be templates, which the plan reads.
#[derive(Debug, Default)]
pub(crate) struct RowValues {
    /// IDs that were never issued, by the path of what they would name.
    ids: Vec<(Key, Node)>,
    /// Bodies, by the schema of the request.
    bodies: Vec<(Key, Node)>,
}

impl RowValues {
    pub(super) fn read(node: &Node, operations: &[Arc<Operation>], problems: &mut Problems<'_>) -> Self {
        let Some(mut fields) = Fields::of(node, "map of row values", problems) else { return Self::default() };
        let [ids, bodies] = ["ids", "bodies"].map(|key| {
            let entries = fields.optional(key).and_then(|node| problems.map(node, key));
            entries.unwrap_or_default().to_vec()
        });
        fields.finish(problems);
        let things = || operations.iter().flat_map(|operation| operation.path.things());
        for (key, node) in &ids {
            problems.text(node, "ids");
            if !things().any(|(_, thing)| thing == key.name) {
                let title = format!("no operation has a path that begins with `{}`", key.name);
                problems.at_with(key.span, title, "the path of a thing ends with the parameter that names it");
            }
        }
        for (key, _) in &bodies {
            let of_requests = || operations.iter().filter_map(|operation| operation.request.as_ref());
            if !of_requests().any(|schema| schema.name == key.name) {
                let title = format!("no operation has requests of the schema `{}`", key.name);
                problems.at_with(key.span, title, "name a schema that is the `request` of an operation");
            }
        }
        Self { ids, bodies }
    }

    /// The ID for the thing at a path.
    pub(crate) fn id(&self, thing: &str) -> Option<&Node> {
        find(&self.ids, thing)
    }

    /// The body of requests of a schema.
    pub(crate) fn body(&self, schema: &str) -> Option<&Node> {
        find(&self.bodies, schema)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Node> {
        self.ids.iter().chain(&self.bodies).map(|(_, node)| node)
    }
}

fn find<'n>(entries: &'n [(Key, Node)], name: &str) -> Option<&'n Node> {
    entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
}
