//! `schemas/operations.yaml`: the operation table. The contract at its head is `contract`'s.

use std::{collections::BTreeMap, sync::Arc};

use strum::{EnumString, VariantNames};

use super::{
    Requirement, Vocabulary,
    contract::{self, Contract},
    makes::{Leaves, Makes, MakesText, Remove, read_leaves, read_makes},
    rows,
};
use crate::{
    diagnostic::{Source, Span, did_you_mean},
    schema::{Schema, Schemas},
    yaml::{Fields, Node, Problems},
};

/// The operations of a suite and what all their answers have in common.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    pub(crate) all: Vec<Arc<Operation>>,
    pub(crate) contract: Option<Arc<Contract>>,
    /// What the rows of tables that go over operations are filled with, as it was written: it may have templates, which the plan reads.
    pub(crate) rows: Option<Node>,
    /// The file.
    pub(crate) source: Option<Arc<Source>>,
}

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) method: String,
    pub(crate) path: PathTemplate,
    pub(crate) scope: Option<String>,
    pub(crate) query: BTreeMap<String, String>,
    /// The schema of the request's body.
    pub(crate) request: Option<Arc<Schema>>,
    pub(crate) success: u16,
    /// Other statuses that are documented and no errors, such as that of a page for people.
    pub(crate) also: Vec<u16>,
    /// `None`: the answer has no body.
    pub(crate) schema: Option<Arc<Schema>>,
    /// Documented error statuses and their codes, those of the contract included.
    pub(crate) errors: BTreeMap<u16, Vec<String>>,
    pub(crate) requirement: String,
    /// Whether the contract's error form and general headers apply; they are the management API's, not that of OAuth endpoints.
    pub(crate) contract: bool,
    /// The form of its refusals, where that is not the contract's.
    pub(crate) error_schema: Option<Arc<Schema>>,
    /// Whose credentials a call has.
    pub(crate) security: Security,
    /// The rate limit that it counts in, as a path with parameters; else its path says it.
    pub(crate) bucket: Option<String>,
    /// Documented statuses that a suite cannot bring about, and why.
    pub(crate) unreachable: BTreeMap<u16, String>,
    /// What it makes, and how that is removed.
    pub(crate) makes: Option<Makes>,
    /// The state that it leaves a thing in, so that a change of somebody else's thing can be put back.
    pub(crate) leaves: Option<Leaves>,
    /// Whether a POST that is sent twice does what it does once. Of other methods, HTTP says it.
    pub(crate) idempotent: bool,
    /// Whether what it makes stays on purpose.
    pub(crate) keeps: bool,
    /// What its row is called in the tables of cases that go over operations.
    pub(crate) row: Option<String>,
    /// The capabilities that those rows need.
    pub(crate) needs: Vec<String>,
    /// Where it stands in the table.
    pub(crate) span: Span,
}

impl Operation {
    pub(crate) fn documents(&self, status: u16) -> bool {
        status == self.success || self.also.contains(&status) || self.errors.contains_key(&status)
    }
}

/// Whose credentials a call has, unless its step says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Security {
    /// Those of the trial's principal.
    #[default]
    Principal,
    /// Those of an OAuth client, which the step names.
    Client,
    /// Nobody's.
    None,
}

/// A path with `{parameters}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PathTemplate {
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Literal(String),
    Parameter(String),
}

impl PathTemplate {
    fn parse(path: &str) -> Self {
        let segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => Segment::Parameter(name.to_owned()),
            None => Segment::Literal(text.to_owned()),
        };
        Self { segments: path.trim_start_matches('/').split('/').map(segment).collect() }
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// Each parameter, with the path up to it: that of the thing that it names.
    pub(crate) fn things(&self) -> impl Iterator<Item = (&str, String)> {
        self.segments.iter().enumerate().filter_map(|(at, segment)| match segment {
            Segment::Parameter(name) => {
                Some((name.as_str(), Self { segments: self.segments[..=at].to_vec() }.to_string()))
            }
            Segment::Literal(_) => None,
        })
    }

    /// The path with `value(parameter)` in place of each parameter.
    pub(crate) fn fill<E>(&self, mut value: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Parameter(name) => path.push_str(&value(name)?),
            }
        }
        Ok(path)
    }

    /// The path with `value(parameter)` in place of each parameter.
    pub(crate) fn filled(&self, mut value: impl FnMut(&str) -> String) -> String {
        let filled: Result<String, std::convert::Infallible> = self.fill(|name| Ok(value(name)));
        let Ok(filled) = filled;
        filled
    }

    /// What stands in a path of this form instead of each parameter, with its name.
    pub(crate) fn values<'s, 'p>(&'s self, path: &'p str) -> impl Iterator<Item = (&'s str, &'p str)> {
        let segments = self.segments.iter().zip(path.trim_start_matches('/').split('/'));
        segments.filter_map(|(segment, value)| match segment {
            Segment::Parameter(name) => Some((name.as_str(), value)),
            Segment::Literal(_) => None,
        })
    }

    /// What stands in a path of this form instead of a parameter.
    pub(crate) fn value<'p>(&self, path: &'p str, parameter: &str) -> Option<&'p str> {
        self.values(path).find(|(name, _)| *name == parameter).map(|(_, value)| value)
    }

    /// What stands in a path of this form instead of the last parameter.
    pub(crate) fn last_value<'p>(&self, path: &'p str) -> Option<&'p str> {
        self.values(path).last().map(|(_, value)| value)
    }

    /// The path of this form about the same as `path`, which is of the form `other`.
    pub(crate) fn of_same(&self, other: &Self, path: &str) -> String {
        self.filled(|name| other.value(path, name).unwrap_or_default().to_owned())
    }

    /// Whether the same paths are of both, whatever their parameters are called.
    fn has_form_of(&self, other: &Self) -> bool {
        let same = |(one, other): (&Segment, &Segment)| match (one, other) {
            (Segment::Literal(one), Segment::Literal(other)) => one == other,
            (Segment::Parameter(_), Segment::Parameter(_)) => true,
            (Segment::Literal(_), Segment::Parameter(_)) | (Segment::Parameter(_), Segment::Literal(_)) => false,
        };
        self.segments.len() == other.segments.len() && self.segments.iter().zip(&other.segments).all(same)
    }

    /// Whether `path`, without its first slash, begins with the same two segments.
    pub(crate) fn shares_root(&self, path: &str) -> bool {
        let mut actual = path.split('/');
        self.segments.iter().take(2).all(|segment| match segment {
            Segment::Literal(text) => actual.next() == Some(text),
            Segment::Parameter(_) => false,
        })
    }

    /// How many literal segments agree with those of a path, or `None` if it is another path.
    fn matches(&self, path: &[&str]) -> Option<usize> {
        if self.segments.len() != path.len() {
            return None;
        }
        let mut literal = 0;
        for (segment, actual) in self.segments.iter().zip(path) {
            match segment {
                Segment::Literal(text) if text == actual => literal += 1,
                Segment::Parameter(_) if !actual.is_empty() => {}
                Segment::Literal(_) | Segment::Parameter(_) => return None,
            }
        }
        Some(literal)
    }
}

impl std::fmt::Display for PathTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.filled(|name| format!("{{{name}}}")))
    }
}

impl Operations {
    /// The operation called `id`; reports at `span` when there is none.
    pub(crate) fn find(&self, id: &str, span: Span, problems: &mut Problems<'_>) -> Option<Arc<Operation>> {
        let found = self.all.iter().find(|operation| operation.id == id).cloned();
        if found.is_none() {
            problems.unknown(span, "operation", id, self.all.iter().map(|operation| operation.id.as_str()));
        }
        found
    }

    /// What `rows` has for this name, as if it stood at `span`.
    pub(crate) fn value(&self, kind: &str, name: &str, span: Span) -> Option<Node> {
        Some(self.rows.as_ref()?.get(kind)?.get(name)?.moved(span))
    }

    pub(super) fn read(root: &Node, cx: &ReadContext<'_>, problems: &mut Problems<'_>) -> Self {
        let Some(mut file) = Fields::of(root, "operations file", problems) else { return Self::default() };
        let contract = file.required("contract", problems);
        let nodes = file.required("operations", problems).and_then(|node| problems.list(node, "operations"));
        let rows = file.optional("rows");
        file.finish(problems);
        let contract = contract.and_then(|node| contract::read(node, cx, problems)).map(Arc::new);
        let mut all: Vec<(Operation, Option<MakesText>)> = Vec::new();
        for node in nodes.unwrap_or_default() {
            let Some((operation, makes)) = read_operation(node, contract.as_deref(), cx, problems) else { continue };
            if all.iter().any(|(other, _)| other.id == operation.id) {
                problems.at(node.span, format!("duplicate operation `{}`", operation.id));
            }
            let is_same = |other: &Operation| {
                other.method.eq_ignore_ascii_case(&operation.method) && other.path.has_form_of(&operation.path)
            };
            if let Some((other, _)) = all.iter().find(|(other, _)| is_same(other)) {
                let title = format!("`{}` is a request of `{}` too", operation.id, other.id);
                problems.at_with(
                    operation.span,
                    title,
                    "no answer tells two operations of one method and path apart: remove one",
                );
            }
            if let Some(row) = node.get("row")
                && let Some((other, _)) = all.iter().find(|(other, _)| other.row == operation.row)
            {
                let title = format!("`{}` is also the row of `{}`", row.as_text().unwrap_or_default(), other.id);
                problems.at_with(row.span, title, "rename one of them");
            }
            all.push((operation, makes));
        }
        check_scopes(&all, nodes.unwrap_or_default(), problems);
        let all = resolve(all, problems);
        if let Some(node) = rows {
            rows::check(node, &all, problems);
        }
        Self { all, contract, rows: rows.cloned(), source: Some(Arc::clone(&problems.source)) }
    }
}

/// Cases over all operations choose them by their scope, so one without it, or with another by mistake, would be left out in silence.
fn check_scopes(read: &[(Operation, Option<MakesText>)], nodes: &[Node], problems: &mut Problems<'_>) {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for scope in read.iter().filter_map(|(operation, _)| operation.scope.as_deref()) {
        *uses.entry(scope).or_default() += 1;
    }
    for (operation, _) in read {
        match operation.scope.as_deref() {
            None if operation.contract && !uses.is_empty() => {
                let title = format!("`{}` has no `scope`, as other operations have", operation.id);
                problems.at_with(operation.span, title, "name the scope that a caller needs");
            }
            Some(scope) if uses[scope] == 1 => {
                let others = uses.iter().filter(|(other, uses)| **other != scope && **uses > 1);
                let Some(near) = did_you_mean(scope, others.map(|(other, _)| *other)) else { continue };
                let node =
                    nodes.iter().find(|node| node.get("operationId").and_then(Node::as_text) == Some(&operation.id));
                let span = node.and_then(|node| node.get("scope")).map_or(operation.span, |node| node.span);
                problems.at_with(span, format!("no other operation has the scope `{scope}`"), near);
            }
            None | Some(_) => {}
        }
    }
}

/// Operations may name others that stand below them.
fn resolve(read: Vec<(Operation, Option<MakesText>)>, problems: &mut Problems<'_>) -> Vec<Arc<Operation>> {
    let all: Vec<Remove> = read
        .iter()
        .map(|(operation, _)| Remove {
            operation: operation.id.clone(),
            method: operation.method.clone(),
            path: operation.path.clone(),
        })
        .collect();
    let resolved = read.into_iter().map(|(mut operation, makes)| {
        operation.makes = makes.map(|makes| makes.resolve(&operation.path, &all, problems));
        if let Some(leaves) = &operation.leaves
            && !all.iter().any(|other| other.operation == leaves.get && other.method.eq_ignore_ascii_case("GET"))
        {
            let title = format!("`{}` is not an operation that shows the resulting state", leaves.get);
            problems.at_with(operation.span, title, "`get` names an operation of the method GET");
        }
        Arc::new(operation)
    });
    resolved.collect()
}

/// The operation that a request of this method and path is one of; the most literal path wins.
pub(crate) fn matching<'a>(operations: &'a [Arc<Operation>], method: &str, path: &str) -> Option<&'a Arc<Operation>> {
    let path = segments(path);
    operations
        .iter()
        .filter(|operation| operation.method.eq_ignore_ascii_case(method))
        .filter_map(|operation| operation.path.matches(&path).map(|literal| (literal, operation)))
        .max_by_key(|(literal, _)| *literal)
        .map(|(_, operation)| operation)
}

fn segments(path: &str) -> Vec<&str> {
    path.trim_start_matches('/').split('/').collect()
}

/// What reading the operation table refers to.
pub(super) struct ReadContext<'a> {
    pub(super) schemas: &'a Schemas,
    pub(super) requirements: &'a BTreeMap<String, Requirement>,
    pub(super) vocabulary: &'a Vocabulary,
}

impl ReadContext<'_> {
    pub(super) fn requirement(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<String> {
        let node = fields.required(key, problems)?;
        let id = problems.text(node, key)?;
        problems.known(self.requirements, node.span, "requirement", id);
        Some(id.to_owned())
    }
}

pub(super) fn read_errors(node: Option<&Node>, problems: &mut Problems<'_>) -> BTreeMap<u16, Vec<String>> {
    let mut errors = BTreeMap::new();
    for (key, node) in node.and_then(|node| problems.map(node, "errors")).unwrap_or_default() {
        match key.name.parse::<u16>() {
            Ok(status) if (400..600).contains(&status) => {
                errors.insert(status, problems.texts(node, "errors").into_iter().map(|(_, code)| code).collect());
            }
            _ => problems.at(key.span, format!("`{}` is not the status of an error", key.name)),
        }
    }
    errors
}

fn read_operation(
    node: &Node,
    contract: Option<&Contract>,
    cx: &ReadContext<'_>,
    problems: &mut Problems<'_>,
) -> Option<(Operation, Option<MakesText>)> {
    let mut fields = Fields::of(node, "operation", problems)?;
    let id_span =
        fields.entry("operationId").map_or(fields.span(), |(key, node)| Span::new(key.span.start, node.span.end));
    let id = fields.text("operationId", problems);
    let title = fields.text("title", problems);
    let method = fields.text("method", problems);
    let path = fields.text("path", problems);
    let scope = fields.optional_text("scope", problems);
    let query = read_query(fields.optional("query"), problems);
    let request = fields.optional("request").and_then(|node| schema_or_none(node, "request", cx, problems));
    let success = fields.required("success", problems).and_then(|node| read_success(node, cx, problems));
    let also = fields.each("also", problems, read_also);
    let mut errors = read_errors(fields.optional("errors"), problems);
    let requirement = cx.requirement(&mut fields, "requirement", problems);
    let unreachable = fields.optional("unreachable");
    let row = fields.optional("row").and_then(|node| Some((node.span, problems.text(node, "row")?)));
    if let Some((span, row)) = row {
        problems.slug(row, span, "row");
    }
    let needs = fields.optional("needs").map(|node| problems.texts(node, "needs")).unwrap_or_default();
    for (span, name) in &needs {
        problems.known(&cx.vocabulary.capabilities, *span, "capability", name);
    }
    let makes = fields.optional("makes").and_then(|node| read_makes(node, problems));
    let leaves = fields.optional("leaves").and_then(|node| read_leaves(node, problems));
    let [idempotent, keeps] = ["idempotent", "keeps"].map(|key| fields.flag(key, problems));
    if let Some((key, _)) = fields.entry("keeps").filter(|_| keeps && makes.is_some()) {
        let title = "`makes` and `keeps` contradict each other";
        problems.at_with(key.span, title, "remove `keeps` or `makes`");
    }
    let bare = fields.optional("contract").is_some_and(|node| {
        let none = problems.text(node, "contract") == Some("none");
        if !none {
            problems.at_with(node.span, "`contract` is `none` or left out", "contract: none");
        }
        none
    });
    let error_schema = fields.entry("errorSchema").and_then(|(key, node)| {
        if !bare {
            let help = "the contract has the form of errors; it is for operations with `contract: none`";
            problems.at_with(key.span, "`errorSchema` without `contract: none`", help);
        }
        schema_or_none(node, "errorSchema", cx, problems)
    });
    let security = fields.optional("security").and_then(|node| problems.word(node, "security", "kind of security"));
    let bucket = fields.optional_text("bucket", problems);
    fields.finish(problems);
    let contract = contract.filter(|_| !bare);
    for (status, codes) in contract.map(|contract| &contract.errors).into_iter().flatten() {
        errors.entry(*status).or_default().extend(codes.iter().cloned());
    }
    let (success, schema) = success?;
    let unreachable = read_unreachable(
        unreachable,
        |status| status == success || also.contains(&status) || errors.contains_key(&status),
        problems,
    );
    let operation = Operation {
        id: id?.to_owned(),
        title: title?.to_owned(),
        method: method?.to_owned(),
        path: PathTemplate::parse(path?),
        scope,
        query,
        request,
        success,
        also,
        schema,
        errors,
        requirement: requirement?,
        contract: !bare,
        error_schema,
        security: security.unwrap_or_default(),
        bucket,
        unreachable,
        makes: None,
        leaves,
        idempotent,
        keeps,
        row: row.map(|(_, row)| row.to_owned()),
        needs: needs.into_iter().map(|(_, name)| name).collect(),
        span: id_span,
    };
    Some((operation, makes))
}

/// Status → why no case brings it about.
fn read_unreachable(
    node: Option<&Node>,
    documented: impl Fn(u16) -> bool,
    problems: &mut Problems<'_>,
) -> BTreeMap<u16, String> {
    let mut all = BTreeMap::new();
    for (key, node) in node.and_then(|node| problems.map(node, "unreachable")).unwrap_or_default() {
        match (key.name.parse::<u16>(), problems.text(node, "unreachable")) {
            (Ok(status), Some(_)) if !documented(status) => {
                let title = format!("{status} is not a status that the operation documents");
                problems.at_with(key.span, title, "undocumented statuses need not be reachable: remove it");
            }
            (Ok(status), Some(reason)) => {
                all.insert(status, reason.to_owned());
            }
            (Err(_), _) => problems.at(key.span, format!("`{}` is not a status of HTTP", key.name)),
            (Ok(_), None) => {}
        }
    }
    all
}

fn read_query(node: Option<&Node>, problems: &mut Problems<'_>) -> BTreeMap<String, String> {
    let mut query = BTreeMap::new();
    for (key, node) in node.and_then(|node| problems.map(node, "query")).unwrap_or_default() {
        let Some(mut fields) = Fields::of(node, "query parameter", problems) else { continue };
        if let Some(kind) = fields.text("type", problems) {
            query.insert(key.name.clone(), kind.to_owned());
        }
        fields.finish(problems);
    }
    query
}

/// A status of an answer that is no error.
fn read_also(node: &Node, problems: &mut Problems<'_>) -> Option<u16> {
    let status = u16::try_from(problems.integer(node, "also")?).ok().filter(|status| (200..400).contains(status));
    if status.is_none() {
        problems.at(node.span, "this is the status of an error; those stand under `errors`");
    }
    status
}

fn read_success(node: &Node, cx: &ReadContext<'_>, problems: &mut Problems<'_>) -> Option<(u16, Option<Arc<Schema>>)> {
    let mut fields = Fields::of(node, "success", problems)?;
    let status = fields.status("status", problems);
    let schema = fields.required("schema", problems).and_then(|node| schema_or_none(node, "schema", cx, problems));
    fields.finish(problems);
    Some((status?, schema))
}

/// The schema named at `node`; `none` is no schema.
fn schema_or_none(node: &Node, key: &str, cx: &ReadContext<'_>, problems: &mut Problems<'_>) -> Option<Arc<Schema>> {
    let name = problems.text(node, key)?;
    if name == "none" { None } else { cx.schemas.find(name, node.span, problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_segment_by_segment() {
        let path = PathTemplate::parse("/api/v1/things/{id}/parts");
        assert_eq!(path.matches(&segments("/api/v1/things/a%2Fb/parts")), Some(4));
        assert_eq!(path.matches(&segments("/api/v1/things//parts")), None);
        assert_eq!(path.matches(&segments("/api/v1/things/a/parts/b")), None);
        assert_eq!(path.to_string(), "/api/v1/things/{id}/parts");
    }
}
