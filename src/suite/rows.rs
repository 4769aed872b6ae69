//! `rows` in `schemas/operations.yaml`: what the rows of tables that go over operations are filled with. IDs that were never issued, by the
//! path of what they would name; bodies, by the schema of the request.

use std::sync::Arc;

use super::Operation;
use crate::yaml::{Fields, Node, Problems};

/// Reports values that no operation could be filled with.
pub(super) fn check(node: &Node, operations: &[Arc<Operation>], problems: &mut Problems<'_>) {
    let Some(mut fields) = Fields::of(node, "map of row values", problems) else { return };
    let [ids, bodies] = ["ids", "bodies"].map(|key| {
        let entries = fields.optional(key).and_then(|node| problems.map(node, key));
        entries.unwrap_or_default()
    });
    fields.finish(problems);
    for (key, node) in ids {
        problems.text(node, "ids");
        if !operations.iter().any(|operation| operation.path.things().any(|(_, thing)| thing == key.name)) {
            let title = format!("no operation has a path that begins with `{}`", key.name);
            problems.at_with(key.span, title, "the path must end with the parameter that identifies the thing");
        }
    }
    for (key, _) in bodies {
        let is_its = |operation: &Arc<Operation>| operation.request.as_ref().is_some_and(|it| it.name == key.name);
        if !operations.iter().any(is_its) {
            let title = format!("no operation has requests of the schema `{}`", key.name);
            problems.at_with(key.span, title, "name a schema that is the `request` of an operation");
        }
    }
}
