//! What a step expects: statuses, error codes, body, headers, links.

use std::collections::BTreeSet;

use super::{Expect, ExpectedBody, ExpectedError, step::StepContext};
use crate::{
    diagnostic::Span,
    matcher::{Context, Matcher},
    suite::Operation,
    template::Scope,
    yaml::{Data, Fields, Key, Node, Problems},
};

/// What the expectations are about.
pub(super) struct Subject<'a> {
    /// `None`: a raw request, of which nothing is implied, or a call that cannot be made.
    pub(super) operation: Option<&'a Operation>,
    /// Whether it is a raw request.
    pub(super) raw: bool,
    pub(super) span: Span,
    pub(super) pages: bool,
}

/// Expects nothing at all.
pub(super) fn nothing(span: Span) -> Expect {
    Expect {
        status: Box::default(),
        status_span: span,
        error: None,
        body: ExpectedBody::Unsaid,
        headers: Box::default(),
        links: Box::default(),
        schema: None,
        collected: None,
    }
}

pub(super) fn read(
    node: Option<&Node>,
    subject: &Subject<'_>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Option<Expect> {
    let mut expect = nothing(subject.span);
    let Some(node) = node else {
        default_status(&mut expect, subject, problems);
        return Some(expect);
    };
    let matcher_cx = Context { scope, schemas: &cx.lookup.suite.schemas, patterns: &cx.lookup.patterns };
    let mut fields = Fields::of(node, "expectation", problems)?;
    let before = problems.count();
    if let Some(node) = fields.optional("status") {
        expect.status_span = node.span;
        expect.status = read_statuses(node, problems);
    }
    let misread = problems.count() > before;
    if let Some(node) = fields.optional("error") {
        let codes = problems.texts(node, "error").into_iter().map(|(_, code)| code).collect();
        expect.error = Some(ExpectedError { codes, span: node.span });
    }
    if let Some((key, node)) = fields.entry("body") {
        expect.body = match &node.data {
            Data::Text(text) if text == "none" => ExpectedBody::Empty(Span::new(key.span.start, node.span.end)),
            _ => ExpectedBody::Match(Box::new(Matcher::read(node, &matcher_cx, problems))),
        };
    }
    for (key, target) in [("headers", &mut expect.headers), ("link", &mut expect.links)] {
        let entries = fields.optional(key).and_then(|node| problems.map(node, key)).unwrap_or_default();
        let read = |(key, node): &(Key, Node)| (key.name.clone(), Matcher::read(node, &matcher_cx, problems));
        *target = entries.iter().map(read).collect();
    }
    if let Some(node) = fields.optional("schema") {
        let name = problems.text(node, "schema");
        expect.schema = name
            .and_then(|name| cx.lookup.suite.schemas.find(name, node.span, problems))
            .inspect(|schema| cx.lookup.patterns.uses(schema))
            .map(|schema| (schema, node.span));
    }
    if let Some((key, node)) = fields.entry("collected") {
        if !subject.pages {
            problems.at_with(key.span, "`collected` needs `paginate`", "add `paginate: { max: … }` to the step");
        }
        expect.collected = Some(Box::new(Matcher::read(node, &matcher_cx, problems)));
    }
    fields.finish(problems);
    if expect.status.is_empty() && !misread {
        default_status(&mut expect, subject, problems);
    }
    Some(expect)
}

/// Without a status: that of the error code, or the success of the operation.
fn default_status(expect: &mut Expect, subject: &Subject<'_>, problems: &mut Problems<'_>) {
    match (subject.operation, &expect.error) {
        (Some(operation), None) => expect.status = [operation.success].into(),
        (Some(operation), Some(error)) => {
            let statuses: BTreeSet<u16> = operation
                .errors
                .iter()
                .filter(|(_, codes)| codes.iter().any(|code| error.codes.contains(code)))
                .map(|(status, _)| *status)
                .collect();
            if statuses.is_empty() {
                let title = format!("`{}` documents no status for {}", operation.id, error.codes.join(", "));
                problems.at_with(error.span, title, "say the `status` beside the `error`");
            }
            expect.status_span = error.span;
            expect.status = statuses.into_iter().collect();
        }
        (None, _) if !subject.raw => {}
        (None, _) => {
            let help = "nothing is implied for a raw request: say `expect: { status: … }`";
            problems.at_with(subject.span, "a `request` without an expected `status`", help);
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
