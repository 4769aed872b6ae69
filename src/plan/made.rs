//! What the steps of a suite make: that each thing can be found again by its name, and that something removes it.

use std::sync::Arc;

use super::{BodyPlan, Request, RequestTarget, Script, Step, Trial};
use crate::{
    diagnostic::{Diagnostic, Span},
    pointer,
    suite::{Operation, Suite, matching},
    template::{Template, Tree},
    yaml::{Node, Problems},
};

/// Reports the name of a thing that `sweep` looks for, where it is text of another form than the names of runs: nobody would find it again.
pub(super) fn check_name(
    request: &Request,
    body: Option<&Node>,
    status: &[u16],
    suite: &Suite,
    problems: &mut Problems<'_>,
) {
    let operation = match &request.target {
        RequestTarget::Operation { operation, .. } => Some(operation),
        // A raw request counts as the operation that its path reaches.
        RequestTarget::Path(path) => matching(&suite.operations.all, &request.method, &path.sample()),
        RequestTarget::Url(_) => None,
    };
    let Some((operation, node)) = operation.filter(|operation| is_swept(operation, suite)).zip(body) else { return };
    let succeeds = status.iter().any(|status| (200..300).contains(status));
    let name = operation.makes.as_ref().and_then(|makes| makes.name.as_ref());
    let (Some(pointer), BodyPlan::Json(body), true) = (name, &request.body, succeeds) else { return };
    let named = match body.at(pointer).as_deref() {
        Some(Tree::Literal(text)) => Some(text.to_string()),
        Some(Tree::Text(template)) => (!is_of_run(template)).then(|| template.source()),
        // No text, so it is not taken for a name.
        Some(Tree::Constant(_) | Tree::List(_) | Tree::Map(_)) | None => None,
    };
    if let Some(named) = named {
        let title = format!("a sweep will not find `{named}` if the run is killed");
        problems.at_with(
            place(node, pointer),
            title,
            "start the name with `${unique}`, followed by a space, a hyphen or nothing",
        );
    }
}

/// Where the value at a JSON Pointer stands, as far as the pointer leads.
fn place(node: &Node, pointer: &str) -> Span {
    let steps = pointer.split('/').skip(1);
    steps.fold(node, |node, step| node.get(&pointer::name(step)).unwrap_or(node)).span
}

/// Whether it begins with a name of the run's. What is captured has the name that its step gave it.
fn is_of_run(template: &Template) -> bool {
    let Some((name, behind)) = template.beginning() else { return false };
    let apart = behind.is_none_or(|text| !text.is_empty() && !text.starts_with(char::is_alphanumeric));
    apart && name != "token" && !name.starts_with("target.")
}

/// Whether `sweep` looks for what an operation makes.
fn is_swept(operation: &Operation, suite: &Suite) -> bool {
    let Some(contract) = &suite.operations.contract else { return false };
    let made =
        operation.makes.as_ref().and_then(|makes| makes.last(&operation.path, &operation.path.to_string(), "id"));
    made.is_some_and(|(_, path)| contract.sweep.iter().any(|sweep| sweep.is_thing(&path)))
}

/// Warns of operations that make what nobody would remove, or find again.
pub(super) fn warnings(suite: &Suite, trials: &[Trial]) -> Vec<Diagnostic> {
    let Some(source) = &suite.operations.source else { return Vec::new() };
    let steps: Vec<&Step> = trials.iter().filter_map(Trial::script).flat_map(Script::all_steps).collect();
    let of = |operation: &Arc<Operation>| {
        let calls = |step: &&&Step| step.request.operation().is_some_and(|called| called.id == operation.id);
        let calls: Vec<&Step> = steps.iter().filter(calls).copied().collect();
        let (title, help) = unremoved(operation, &calls).or_else(|| unnamed(operation, &calls))?;
        Some(Diagnostic::new(source, operation.span, title).help(help).warning())
    };
    suite.operations.all.iter().filter_map(of).collect()
}

fn unremoved(operation: &Operation, calls: &[&Step]) -> Option<(String, &'static str)> {
    let makes = operation.method.eq_ignore_ascii_case("POST") && operation.success == 201;
    let told = operation.makes.is_some() || operation.keeps || calls.iter().all(|step| !step.defer.is_empty());
    let help = "name in `makes` what removes it, give each step that calls it a `defer`, or say `keeps: true`";
    (makes && !told).then(|| (format!("nothing removes what `{}` creates", operation.id), help))
}

fn unnamed(operation: &Operation, calls: &[&Step]) -> Option<(String, &'static str)> {
    let pointer = operation.makes.as_ref()?.name.as_ref()?;
    let mut bodies = calls.iter().filter_map(|step| match &step.request.body {
        BodyPlan::Json(body) => Some(body),
        BodyPlan::Empty | BodyPlan::Text(_) | BodyPlan::Bytes(_) | BodyPlan::Form(_) => None,
    });
    let first = bodies.next()?;
    let named = first.at(pointer).is_some() || bodies.any(|body| body.at(pointer).is_some());
    let help = "name in `makes` the JSON Pointer to the name in its request, or leave `name` out";
    (!named).then(|| (format!("no request to `{}` has a name at `{pointer}`", operation.id), help))
}
