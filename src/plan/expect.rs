//! What a step expects: statuses, error codes, body, headers, links.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    check::{Basis, Check, Wants, When},
    step::StepContext,
};
use crate::{
    diagnostic::Span,
    level::Level,
    matcher::{Context, Matcher},
    suite::Operation,
    template::{Scope, Template},
    yaml::{Data, Fields, Node, Problems},
};

/// What the expectations are about, and what is known of them.
pub(super) struct Subject<'a> {
    /// `None`: a raw request, of which nothing is implied, or a call that cannot be made.
    pub(super) operation: Option<&'a Operation>,
    /// Whether it is a raw request.
    pub(super) raw: bool,
    pub(super) span: Span,
    pub(super) pages: bool,
    pub(super) level: Level,
    pub(super) requirements: &'a Arc<[String]>,
}

impl Subject<'_> {
    pub(super) fn check(&self, wants: Wants, when: When, span: Span) -> Check {
        let requirements = Arc::clone(self.requirements);
        Check { wants, when, basis: Basis::Case(span), level: self.level, requirements }
    }

    fn status(&self, statuses: impl IntoIterator<Item = u16>, span: Span) -> Check {
        self.check(Wants::Status(statuses.into_iter().collect()), When::Answered, span)
    }
}

/// The checks that a step asks for; the first is of the status.
pub(super) fn read(
    node: Option<&Node>,
    subject: &Subject<'_>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Option<Vec<Check>> {
    let Some(node) = node else { return Some(default_status(subject, None, problems).into_iter().collect()) };
    let matcher_cx = Context { scope, schemas: &cx.lookup.suite.schemas, patterns: &cx.lookup.patterns };
    let matcher = |node: &Node, problems: &mut Problems<'_>| Box::new(Matcher::read(node, &matcher_cx, problems));
    let expected = |wants, span| subject.check(wants, When::Expected, span);
    let mut fields = Fields::of(node, "expectation", problems)?;
    let before = problems.count();
    let status = fields.optional("status").map(|node| (read_statuses(node, problems), node.span));
    let misread = problems.count() > before;
    let mut checks = Vec::new();
    let error = fields.optional("error").map(|node| {
        let codes: Box<[String]> = problems.texts(node, "error").into_iter().map(|(_, code)| code).collect();
        (codes, node.span)
    });
    if let Some((codes, span)) = &error {
        checks.push(expected(Wants::Code(codes.clone()), *span));
        // A call implies the error form already.
        let form = cx.lookup.suite.operations.contract.as_ref().filter(|_| subject.operation.is_none());
        checks.extend(form.map(|contract| expected(Wants::Schema(Arc::clone(&contract.error_schema)), *span)));
    }
    let oauth_error = fields.optional("oauthError").map(|node| {
        let codes: Box<[String]> = problems.texts(node, "oauthError").into_iter().map(|(_, code)| code).collect();
        (codes, node.span)
    });
    if let Some((codes, span)) = &oauth_error {
        checks.push(expected(Wants::OAuthError(codes.clone()), *span));
    }
    fields.optional("values");
    if let Some((key, node)) = fields.entry("body") {
        checks.push(match &node.data {
            Data::Text(text) if text == "none" => expected(Wants::NoBody, Span::new(key.span.start, node.span.end)),
            _ => expected(Wants::Body(matcher(node, problems)), node.span),
        });
    }
    if let Some(node) = fields.optional("schema") {
        let schema = problems.text(node, "schema").and_then(|name| {
            let schema = cx.lookup.suite.schemas.find(name, node.span, problems)?;
            cx.lookup.patterns.uses(&schema);
            Some(expected(Wants::Schema(schema), node.span))
        });
        checks.extend(schema);
    }
    for (key, wants) in [("headers", Wants::Header as fn(_, _) -> _), ("link", Wants::Link)] {
        for (name, node) in fields.optional(key).and_then(|node| problems.map(node, key)).unwrap_or_default() {
            checks.push(expected(wants(name.name.as_str().into(), matcher(node, problems)), node.span));
        }
    }
    if let Some((key, node)) = fields.entry("collected") {
        if !subject.pages {
            problems.at_with(key.span, "`collected` needs `paginate`", "add `paginate: { max: … }` to the step");
        }
        checks.push(expected(Wants::Collected(matcher(node, problems)), node.span));
    }
    fields.finish(problems);
    let status = match status {
        Some((statuses, span)) if !statuses.is_empty() => Some(subject.status(statuses, span)),
        Some(_) if misread => None,
        Some(_) | None => default_status(subject, error.as_ref().or(oauth_error.as_ref()), problems),
    };
    checks.splice(0..0, status);
    Some(checks)
}

/// What a step expects of variables, once it has captured what it captures.
pub(super) fn read_values(
    node: &Node,
    subject: &Subject<'_>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Check> {
    let Some(values) = node.get("values") else { return Vec::new() };
    let matcher_cx = Context { scope, schemas: &cx.lookup.suite.schemas, patterns: &cx.lookup.patterns };
    let mut checks = Vec::new();
    for (key, node) in problems.map(values, "values").unwrap_or_default() {
        let Some(name) = key.name.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
            problems.at_with(key.span, format!("`{}` is not a variable", key.name), "write `\"${name}\": …`");
            continue;
        };
        let variable = Template::read(&key.name, key.span, scope, problems);
        let matcher = Box::new(Matcher::read(node, &matcher_cx, problems));
        checks.push(subject.check(Wants::Value(name.into(), Box::new(variable), matcher), When::Expected, node.span));
    }
    checks
}

/// Without a status: that of the error code, or the success of the operation.
fn default_status(
    subject: &Subject<'_>,
    error: Option<&(Box<[String]>, Span)>,
    problems: &mut Problems<'_>,
) -> Option<Check> {
    match (subject.operation, error) {
        (Some(operation), None) => Some(subject.status([operation.success], subject.span)),
        (Some(operation), Some((wanted, span))) => {
            let statuses: BTreeSet<u16> = operation
                .errors
                .iter()
                .filter(|(_, codes)| codes.iter().any(|code| wanted.contains(code)))
                .map(|(status, _)| *status)
                .collect();
            if statuses.is_empty() {
                let title = format!("`{}` documents no status for {}", operation.id, wanted.join(", "));
                problems.at_with(*span, title, "say the `status` beside the `error`");
            }
            Some(subject.status(statuses, *span))
        }
        (None, _) if !subject.raw => None,
        (None, _) => {
            let help = "a raw request implies no status: add `expect: { status: … }`";
            problems.at_with(subject.span, "a `request` without an expected `status`", help);
            None
        }
    }
}

fn read_statuses(node: &Node, problems: &mut Problems<'_>) -> Box<[u16]> {
    match &node.data {
        Data::List(items) => items.iter().filter_map(|item| read_status(item, problems)).collect(),
        _ => read_status(node, problems).into_iter().collect(),
    }
}

/// One status of HTTP.
pub(super) fn read_status(node: &Node, problems: &mut Problems<'_>) -> Option<u16> {
    let status = problems.integer(node, "status")?;
    match u16::try_from(status) {
        Ok(status) if (100..600).contains(&status) => Some(status),
        _ => {
            problems.at_with(node.span, format!("{status} is not a status of HTTP"), "100 to 599");
            None
        }
    }
}
