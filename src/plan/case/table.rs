//! The table of a case: its rows as they are written, and those that are made of operations.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use crate::{
    diagnostic::{Source, Span},
    suite::{Operation, Operations},
    template::fill_row,
    yaml::{Data, Fields, Key, Node, Problems},
};

/// A row of a table, which makes a trial for each principal.
pub(super) struct Row<'n> {
    pub(super) node: Cow<'n, Node>,
    /// What it is made of, where nobody wrote it.
    pub(super) operation: Option<Arc<Operation>>,
    /// Where a person finds it.
    pub(super) place: (Arc<Source>, Span),
}

/// The keys of a row that are not columns.
const ROW_KEYS: [&str; 5] = ["row", "principal", "needs", "level", "requirements"];

impl Row<'_> {
    pub(super) fn columns(&self) -> impl Iterator<Item = &(Key, Node)> {
        let entries = match &self.node.data {
            Data::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().filter(|(key, _)| !ROW_KEYS.contains(&key.name.as_str()))
    }
}

/// The rows of the table of `case`.
pub(super) fn rows<'n>(
    table: &'n Node,
    case: &Node,
    operations: &Operations,
    problems: &mut Problems<'_>,
) -> Vec<Row<'n>> {
    let items = problems.list(table, "each").unwrap_or_default();
    if items.is_empty() {
        problems.at_with(table.span, "a table without rows", "remove `each`, or add a row");
    }
    let mut rows = Vec::new();
    for item in items {
        let Some(entries) = problems.map(item, "row") else { continue };
        if let Some(selection) = item.get("operations") {
            rows.extend(OfOperations { item, entries, selection, operations }.rows(case, problems));
            continue;
        }
        if item.get("row").is_none() {
            problems.at_with(item.span, "this row needs a `row`", "give it a slug: it becomes part of the trial's ID");
        }
        let place = (Arc::clone(&problems.source), item.span);
        rows.push(Row { node: Cow::Borrowed(item), operation: None, place });
    }
    rows
}

/// An item of a table that stands for a row of each operation that it selects; whatever else it has is in all of them.
struct OfOperations<'a> {
    item: &'a Node,
    entries: &'a [(Key, Node)],
    selection: &'a Node,
    operations: &'a Operations,
}

impl OfOperations<'_> {
    fn rows<'n>(&self, case: &Node, problems: &mut Problems<'_>) -> Vec<Row<'n>> {
        let before = problems.count();
        let selected = select(self.selection, &self.operations.all, problems);
        if problems.count() > before {
            // What else would be wrong follows from operations that nobody meant to select.
            return Vec::new();
        }
        for (key, _) in self.entries.iter().filter(|(key, _)| ["row", "operation"].contains(&key.name.as_str())) {
            problems.at_with(key.span, format!("each operation has its own `{}`", key.name), "leave it out");
        }
        let given = self.item.get("path").and_then(|node| problems.map(node, "path")).unwrap_or_default();
        let parameters: BTreeSet<&str> = selected.iter().flat_map(|operation| operation.path.parameters()).collect();
        for (key, _) in given.iter().filter(|(key, _)| !parameters.contains(key.name.as_str())) {
            problems.unknown(key.span, "path parameter", &key.name, parameters.iter().copied());
        }
        // What a case does not use, an operation need not have.
        let (mut used, nothing) = (BTreeSet::new(), Node { span: Span::default(), data: Data::Null });
        fill_row(case, &[("path", &nothing), ("body", &nothing)], &mut used);
        let rows = selected.into_iter().filter_map(|operation| {
            let node = Cow::Owned(self.row(operation, &used, problems)?);
            let place = (Arc::clone(self.operations.source.as_ref()?), operation.span);
            Some(Row { node, operation: Some(Arc::clone(operation)), place })
        });
        rows.collect()
    }

    /// The row as somebody would have written it instead of the item.
    fn row(&self, operation: &Operation, used: &BTreeSet<String>, problems: &mut Problems<'_>) -> Option<Node> {
        let text = |text: &str| Node { span: self.selection.span, data: Data::Text(text.to_owned()) };
        let help = "give it a slug: it becomes part of the IDs of its trials";
        let row = self.found(operation.row.as_deref().map(text), operation, "`row`", help, problems);
        let mut columns = vec![("row", row), ("operation", Some(text(&operation.id)))];
        if used.contains("path") || self.item.get("path").is_some() {
            columns.push(("path", self.path(operation, problems)));
        }
        if used.contains("body") && self.item.get("body").is_none() {
            columns.push(("body", self.body(operation, problems)));
        }
        let mut row = self.entries.to_vec();
        row.retain(|(key, _)| !["operations", "path"].contains(&key.name.as_str()));
        for (name, value) in columns {
            let given = self.entries.iter().find(|(key, _)| key.name == name);
            let span = given.map_or(self.item.span, |(key, _)| key.span);
            row.push((Key { span, name: name.to_owned() }, value?));
        }
        Some(Node { span: self.item.span, data: Data::Map(row) })
    }

    /// A value for each parameter of the path: the one that the item gives, else an ID that was never issued.
    fn path(&self, operation: &Operation, problems: &mut Problems<'_>) -> Option<Node> {
        let span = self.selection.span;
        let mut values = Vec::new();
        for (name, thing) in operation.path.things() {
            let given = self.item.get("path").and_then(|path| path.get(name)).cloned();
            let value = given.or_else(|| self.operations.value("ids", &thing, span));
            let help = format!("add `{thing}` to `rows.ids`");
            let value = self.found(value, operation, &format!("value for `{{{name}}}`"), &help, problems);
            values.push(value.map(|value| (Key { span, name: name.to_owned() }, value)));
        }
        let values: Option<Vec<_>> = values.into_iter().collect();
        values.map(|values| Node { span, data: Data::Map(values) })
    }

    fn body(&self, operation: &Operation, problems: &mut Problems<'_>) -> Option<Node> {
        let Some(schema) = &operation.request else {
            let title = format!("this table sends a body, but `{}` takes none", operation.id);
            problems.at_with(self.selection.span, title, "select with `body: true`");
            return None;
        };
        let body = self.operations.value("bodies", &schema.name, self.selection.span);
        self.found(body, operation, "body to send", &format!("add `{}` to `rows.bodies`", schema.name), problems)
    }

    /// What a row is made of; what is not there is a mistake of the operation table.
    fn found(
        &self,
        value: Option<Node>,
        operation: &Operation,
        what: &str,
        help: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Node> {
        if let (None, Some(source)) = (&value, &self.operations.source) {
            let title = format!("`{}` has no {what}, which this table needs", operation.id);
            problems.in_source(source, |problems| problems.at_with(operation.span, title, help));
        }
        value
    }
}

/// What an operation may be selected by: it has one, or none.
type Trait = (&'static str, fn(&Operation) -> Option<&str>);

const TRAITS: [Trait; 4] = [
    ("method", |operation| Some(&operation.method)),
    ("scope", |operation| operation.scope.as_deref()),
    ("body", |operation| operation.request.as_ref().map(|schema| schema.name.as_str())),
    ("parameter", |operation| operation.path.parameters().last()),
];

/// The operations that a selection leaves, in the order of their table: at least one, or there is a mistake.
fn select<'o>(node: &Node, all: &'o [Arc<Operation>], problems: &mut Problems<'_>) -> Vec<&'o Arc<Operation>> {
    let Some(mut fields) = Fields::of(node, "selection of operations", problems) else { return Vec::new() };
    let before = problems.count();
    let mut selected: Vec<&Arc<Operation>> = all.iter().collect();
    for (key, of) in TRAITS {
        let Some(node) = fields.optional(key) else { continue };
        if let Data::Bool(wanted) = node.data {
            selected.retain(|operation| of(operation).is_some() == wanted);
            continue;
        }
        let wanted = problems.texts(node, key);
        let known: BTreeSet<&str> = all.iter().filter_map(|operation| of(operation)).collect();
        for (span, name) in wanted.iter().filter(|(_, name)| !known.contains(name.as_str())) {
            problems.unknown(*span, key, name, known.iter().copied());
        }
        selected.retain(|operation| wanted.iter().any(|(_, name)| of(operation) == Some(name)));
    }
    let except = fields.optional("except").map(|node| problems.texts(node, "except")).unwrap_or_default();
    fields.finish(problems);
    for (span, id) in &except {
        if !all.iter().any(|operation| operation.id == *id) {
            problems.unknown(*span, "operation", id, all.iter().map(|operation| operation.id.as_str()));
        } else if problems.count() == before && !selected.iter().any(|operation| operation.id == *id) {
            problems.at_with(*span, format!("`{id}` is not selected"), "no operation to except: remove `except`");
        }
    }
    selected.retain(|operation| !except.iter().any(|(_, id)| *id == operation.id));
    if selected.is_empty() && problems.count() == before {
        let help = "no operation meets all of these conditions: remove one";
        problems.at_with(node.span, "no operation is selected", help);
    }
    selected
}
