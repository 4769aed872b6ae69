//! Steps: requests, captures, deferred requests.

use std::sync::Arc;

use serde_json_path::JsonPath;

use super::{
    BodyPlan, Capture, CaptureFrom, HeaderPlan, Repetition, Request, RequestTarget, Step, UrlPart, case,
    check::{self, Check, Wants, When},
    client, expect, made, repetition,
};
use crate::{
    diagnostic::Span,
    level::Level,
    pointer::below,
    suite::{Operation, SourceKind},
    template::{Scope, Template, Tree},
    yaml::{Data, Fields, Key, Node, Problems},
};

/// What reading a step needs to know.
pub(super) struct StepContext<'a> {
    pub(super) lookup: &'a case::Lookup<'a>,
    pub(super) inherited: &'a case::Inherited,
    /// A fixture is set-up: nothing in it is asserted of the target.
    pub(super) fixture: bool,
}

/// Reads a list of steps; each adds its captures to `scope` for those after it.
pub(super) fn read_all(
    node: &Node,
    scope: &mut Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Box<[Step]> {
    let nodes = problems.list(node, "steps").unwrap_or_default();
    if nodes.is_empty() {
        problems.at_with(node.span, "no steps", "a case needs at least one step");
    }
    let mut steps = Vec::with_capacity(nodes.len());
    steps.extend(nodes.iter().filter_map(|node| read(node, scope, cx, problems)));
    steps.into()
}

fn read(node: &Node, scope: &mut Scope, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Option<Step> {
    let mut fields = Fields::of(node, "step", problems)?;
    let raw = fields.entry("request").is_some() && fields.entry("call").is_none();
    let body_node = fields.optional("body");
    let (request, request_span) = read_request(&mut fields, scope, cx, problems);
    let principal = read_principal(&mut fields, cx, problems);
    let expect_node = fields.optional("expect");
    let capture_node = fields.optional("capture");
    let defer_node = fields.optional("defer");
    let repetition = repetition::read(&mut fields, problems);
    let establishes =
        fields.optional("establishes").and_then(|node| problems.bool(node, "establishes")).unwrap_or_default();
    let level = fields.optional("level").and_then(|node| problems.word(node, "level", "level")).unwrap_or(Level::Must);
    let requirements = fields.optional("requirements").map_or_else(
        || Arc::clone(&cx.inherited.requirements),
        |node| case::read_requirements(node, cx.lookup, problems),
    );
    fields.finish(problems);
    let level = level.min(cx.inherited.level);
    if !cx.fixture {
        check_evidence(request_span, level, &requirements, cx, problems);
    }
    let operation = request.as_ref().and_then(|request| request.operation().cloned());
    let pages = matches!(repetition, Repetition::Pages { .. });
    let subject = expect::Subject {
        operation: operation.as_deref(),
        raw,
        span: request_span,
        pages,
        level,
        requirements: &requirements,
    };
    let own = expect::read(expect_node, &subject, scope, cx, problems);
    let captures = capture_node.map(|node| read_captures(node, &subject, scope, cx, problems)).unwrap_or_default();
    // They are judged after the captures, and may name what those give.
    let values = expect_node.map(|node| expect::read_values(node, &subject, scope, cx, problems)).unwrap_or_default();
    let defer = defer_node.map(|node| read_deferred(node, scope, cx, problems)).unwrap_or_default();
    let (request, own) = (request?, own?);
    let mut step = Step {
        source: Arc::clone(&problems.source),
        span: request_span,
        request,
        principal,
        checks: Box::default(),
        defer,
        repetition,
        establishes,
        level,
        requirements,
    };
    step.checks = check::of_request(&step).into_iter().chain(own).chain(captures).chain(values).collect();
    made::check_name(&step.request, body_node, step.statuses(), cx.lookup.suite, problems);
    Some(step)
}

/// What nothing establishes is recorded, not asserted.
fn check_evidence(
    span: Span,
    level: Level,
    requirements: &[String],
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) {
    let all = &cx.lookup.suite.requirements;
    let known: Vec<_> = requirements.iter().filter_map(|id| all.get(id)).collect();
    if level > Level::Info && !known.is_empty() && !known.iter().any(|requirement| requirement.established()) {
        let title = format!("a check of level `{}` has no evidence but inference", level.name());
        let inferred: &str = SourceKind::Inferred.into();
        let help = format!("use `level: info` for requirements whose only source is `{inferred}`");
        problems.at_with(span, title, help);
    }
}

fn read_request(
    fields: &mut Fields<'_>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> (Option<Request>, Span) {
    let call = fields.entry("call");
    let raw = fields.entry("request");
    let path = fields.optional("path");
    let query = fields.optional("query");
    let headers = fields.optional("headers");
    let body = read_body(fields, scope, problems);
    let client = client::read(fields, scope, cx, problems).map(Box::new);
    let span =
        call.or(raw).map_or(fields.span(), |(key, node)| Span::new(key.span.start, node.span.end.max(key.span.end)));
    let headers = headers.map(|node| read_headers(node, scope, problems)).unwrap_or_default();
    let head = match (call, raw) {
        (Some((_, call)), None) => read_call(call, path, scope, cx, problems),
        (None, Some((_, raw))) => {
            if let Some(path) = path {
                problems.at_with(path.span, "`path` belongs to a `call`", "write the path into `request: { path: … }`");
            }
            read_raw(raw, scope, problems)
        }
        (Some(_), Some((key, _))) => {
            problems.at_with(key.span, "a step has a `call` or a `request`, not both", "make two steps of it");
            None
        }
        (None, None) => {
            problems.at_with(span, "a step without a `call` or a `request`", "name the operation: `call: operationId`");
            None
        }
    };
    let query = read_query(query, head.as_ref().map(|(_, target)| target), scope, problems);
    (head.map(|(method, target)| Request { method, target, query, headers, body, client }), span)
}

fn read_call(
    node: &Node,
    path: Option<&Node>,
    scope: &Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Option<(String, RequestTarget)> {
    let id = problems.text(node, "call")?;
    let Some(operation) = cx.lookup.suite.operations.find(id, node.span, problems) else {
        // Which parameters there are is not known; the variables in them are.
        for (_, node) in path.and_then(|node| problems.map(node, "path")).unwrap_or_default() {
            Tree::read(node, scope, problems);
        }
        return None;
    };
    operation.schema.iter().for_each(|schema| cx.lookup.patterns.uses(schema));
    let mut values: Vec<(String, Template)> = Vec::new();
    for (key, node) in path.and_then(|node| problems.map(node, "path")).unwrap_or_default() {
        if !operation.path.parameters().any(|name| name == key.name) {
            problems.unknown(key.span, "path parameter", &key.name, operation.path.parameters());
            continue;
        }
        let text = match &node.data {
            Data::Number(number) => number.to_string(),
            _ => problems.text(node, &key.name).unwrap_or_default().to_owned(),
        };
        values.push((key.name.clone(), Template::read(&text, node.span, scope, problems)));
    }
    for name in operation.path.parameters() {
        if !values.iter().any(|(given, _)| given == name) {
            let help = format!("path: {{ {name}: … }}");
            problems.at_with(node.span, format!("`{id}` needs the path parameter `{name}`"), help);
        }
    }
    Some((operation.method.clone(), RequestTarget::Operation { operation, path: values.into() }))
}

fn read_raw(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Option<(String, RequestTarget)> {
    let mut fields = Fields::of(node, "request", problems)?;
    let method = fields.required("method", problems);
    let method = method.and_then(|node| problems.text(node, "method").map(|text| (node.span, text)));
    let path = fields.optional("path");
    let url = fields.optional("url");
    let span = fields.span();
    fields.finish(problems);
    let target = match (path, url) {
        (Some(node), None) => {
            let text = problems.text(node, "path")?;
            if !text.starts_with('/') {
                problems.at_with(node.span, "a path begins with `/`", format!("path: /{text}"));
            }
            RequestTarget::Path(Template::read(text, node.span, scope, problems))
        }
        (None, Some(node)) => {
            RequestTarget::Url(Template::read(problems.text(node, "url")?, node.span, scope, problems))
        }
        _ => {
            problems.at_with(span, "a request has a `path` or a `url`", "request: { method: GET, path: /… }");
            return None;
        }
    };
    let (span, method) = method?;
    if reqwest::Method::from_bytes(method.as_bytes()).is_err() {
        problems.at(span, format!("`{method}` is not an HTTP method"));
    }
    Some((method.to_owned(), target))
}

fn read_query(
    node: Option<&Node>,
    target: Option<&RequestTarget>,
    scope: &Scope,
    problems: &mut Problems<'_>,
) -> Box<[(String, Tree)]> {
    let operation: Option<&Arc<Operation>> = match target {
        Some(RequestTarget::Operation { operation, .. }) => Some(operation),
        _ => None,
    };
    let mut query = Vec::new();
    for (key, node) in node.and_then(|node| problems.map(node, "query")).unwrap_or_default() {
        if let Some(operation) = operation
            && !operation.query.contains_key(&key.name)
        {
            let known = operation.query.keys().map(String::as_str);
            problems.unknown(key.span, "query parameter", &key.name, known);
        }
        if matches!(node.data, Data::List(_) | Data::Map(_)) {
            problems.at(node.span, format!("a query parameter is text, a number or a boolean, not {}", node.kind()));
            continue;
        }
        query.push((key.name.clone(), Tree::read(node, scope, problems)));
    }
    query.into()
}

fn read_headers(node: &Node, scope: &Scope, problems: &mut Problems<'_>) -> Box<[(String, HeaderPlan)]> {
    let mut headers = Vec::new();
    for (key, node) in problems.map(node, "headers").unwrap_or_default() {
        if reqwest::header::HeaderName::from_bytes(key.name.as_bytes()).is_err() {
            problems.at(key.span, format!("`{}` is not the name of a header", key.name));
        }
        let plan = if matches!(node.data, Data::Null) {
            HeaderPlan::Omit
        } else {
            let values = problems.texts(node, &key.name);
            let mut read = |(span, text): (Span, String)| {
                // RFC 9110, section 5.5.
                if text.contains(|c: char| c.is_ascii_control() && c != '\t') {
                    let help = "a header value is a single line; use a list for several values";
                    problems.at_with(span, format!("a value of `{}` contains a control character", key.name), help);
                }
                Template::read(&text, span, scope, problems)
            };
            HeaderPlan::Values(values.into_iter().map(&mut read).collect())
        };
        headers.push((key.name.clone(), plan));
    }
    headers.into()
}

fn read_body(fields: &mut Fields<'_>, scope: &Scope, problems: &mut Problems<'_>) -> BodyPlan {
    let [json, text, hex, form] = ["body", "raw", "rawHex", "form"].map(|key| fields.entry(key));
    let given: Vec<&Key> = [json, text, hex, form].into_iter().flatten().map(|(key, _)| key).collect();
    if let [_, second, ..] = given.as_slice() {
        problems.at_with(second.span, "a request has one body", "keep one of `body`, `raw`, `rawHex` and `form`");
    }
    if let Some((_, node)) = json {
        return BodyPlan::Json(Tree::read(node, scope, problems));
    }
    if let Some((_, node)) = text {
        let text = problems.text(node, "raw").unwrap_or_default();
        return BodyPlan::Text(Template::read(text, node.span, scope, problems));
    }
    if let Some((_, node)) = form {
        return BodyPlan::Form(client::read_form(node, scope, problems));
    }
    let Some((_, node)) = hex else { return BodyPlan::Empty };
    let text = problems.text(node, "rawHex").unwrap_or_default();
    let byte = |pair: &str| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten();
    let bytes: Option<Vec<u8>> = text.split_whitespace().map(byte).collect();
    if bytes.is_none() || text.contains('+') {
        problems.at_with(
            node.span,
            "not hexadecimal bytes",
            "two hexadecimal digits per byte, separated by spaces: `ff fe`",
        );
    }
    BodyPlan::Bytes(bytes.unwrap_or_default())
}

fn read_principal(fields: &mut Fields<'_>, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let node = fields.optional("as")?;
    let name = problems.text(node, "as")?;
    let principals = &cx.lookup.suite.vocabulary.principals;
    if !principals.contains_key(name) {
        problems.unknown(node.span, "principal", name, principals.keys().map(String::as_str));
    }
    Some(name.to_owned())
}

/// The captures; also a wrong one adds its name, so that whoever uses it is not told of it again.
fn read_captures(
    node: &Node,
    subject: &expect::Subject<'_>,
    scope: &mut Scope,
    cx: &StepContext<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Check> {
    let mut captures = Vec::new();
    for (key, node) in problems.map(node, "capture").unwrap_or_default() {
        let from = match &node.data {
            Data::Text(text) => read_path(text, node, cx, problems),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => {
                read_capture_source(node, cx, problems)
            }
        };
        let name: Arc<str> = Arc::from(key.name.as_str());
        scope.add(Arc::clone(&name));
        let wants = from.map(|from| Wants::Capture(Box::new(Capture { name, from })));
        captures.extend(wants.map(|wants| subject.check(wants, When::Expected, node.span)));
    }
    captures
}

fn read_path(text: &str, node: &Node, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Option<CaptureFrom> {
    compiled(text, node, cx, problems).map(|path| CaptureFrom::Body { path, place: place(text) })
}

fn compiled(text: &str, node: &Node, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Option<Arc<JsonPath>> {
    match cx.lookup.path(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let help = "RFC 9535, for example `$.id` or `$[*].name`";
            problems.at_with(node.span, format!("not a JSONPath: {}", error.message()), help);
            None
        }
    }
}

/// Where a path leads, if it leads to one place (RFC 9535, section 2.3.5.1): names and indices only. Quoted names with these signs are read
/// as leading to several, which only means a list.
fn place(path: &str) -> Option<String> {
    if path.contains("..") || path.contains(['*', '?', ':', ',']) {
        return None;
    }
    let steps = path.trim_start_matches('$').split(['.', '[', ']', '\'', '"']).filter(|step| !step.is_empty());
    Some(steps.fold(String::new(), |pointer, step| below(&pointer, step)))
}

fn read_capture_source(node: &Node, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Option<CaptureFrom> {
    let mut fields = Fields::of(node, "capture", problems)?;
    let [header, link, query, fragment] =
        ["header", "link", "query", "fragment"].map(|key| fields.optional_text(key, problems));
    let [token, path] = ["jwt", "path"].map(|key| {
        let node = fields.optional(key)?;
        compiled(problems.text(node, key)?, node, cx, problems)
    });
    let span = fields.span();
    fields.finish(problems);
    let parameter = |header, part, name| CaptureFrom::UrlParameter { header, part, name };
    match (header, link, query, fragment, token, path) {
        (Some(name), None, None, None, None, None) => Some(CaptureFrom::Header(name)),
        (Some(header), None, Some(name), None, None, None) => Some(parameter(header, UrlPart::Query, name)),
        (Some(header), None, None, Some(name), None, None) => Some(parameter(header, UrlPart::Fragment, name)),
        (None, Some(relation), None, None, None, None) => Some(CaptureFrom::Link(relation)),
        (None, None, None, None, Some(token), Some(path)) => Some(CaptureFrom::Jwt { token, path }),
        _ => {
            problems.at_with(
                span,
                "a capture needs exactly one source",
                "a JSONPath, `{ header: NAME }`, `{ header: NAME, query: NAME }`, `{ link: REL }` or `{ jwt: PATH, path: PATH }`",
            );
            None
        }
    }
}

/// Deferred steps judge nothing: they count as done with a 2xx or a 404.
fn read_deferred(node: &Node, scope: &Scope, cx: &StepContext<'_>, problems: &mut Problems<'_>) -> Box<[Step]> {
    let mut steps = Vec::new();
    for node in problems.list(node, "defer").unwrap_or_default() {
        let Some(mut fields) = Fields::of(node, "deferred step", problems) else { continue };
        let (request, span) = read_request(&mut fields, scope, cx, problems);
        let principal = read_principal(&mut fields, cx, problems);
        fields.finish(problems);
        let Some(request) = request else { continue };
        steps.push(Step {
            source: Arc::clone(&problems.source),
            span,
            request,
            principal,
            checks: Box::default(),
            defer: Box::default(),
            repetition: Repetition::Once,
            establishes: false,
            level: Level::Info,
            requirements: Arc::clone(&cx.inherited.requirements),
        });
    }
    steps.into()
}
