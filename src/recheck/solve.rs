//! What names stood for that no answer tells, read back from the requests in which they were sent: names that the run made up, and those of
//! the target's settings.

use std::sync::Arc;

use reqwest::Url;
use serde_json::Value;

use crate::{
    event::TranscriptRequest,
    plan::{BodyPlan, HeaderPlan, Request},
    secret::MASK,
    template::{Tree, Variables},
};

/// Sets the names without a value that the request has shown.
pub(super) fn solve(request: &Request, sent: &TranscriptRequest, variables: &mut Variables) {
    let mut found = Vec::new();
    let url = Url::parse(sent.url.as_str()).ok();
    for (name, tree) in &request.query {
        let pairs = url.iter().flat_map(Url::query_pairs);
        pairs.filter(|(sent, _)| sent == name).for_each(|(_, value)| text(tree, &value, variables, &mut found));
    }
    for (name, plan) in &request.headers {
        let HeaderPlan::Values(templates) = plan else { continue };
        let values = sent.headers.iter().filter(|(sent, _)| sent.as_str().eq_ignore_ascii_case(name));
        let pairs = templates.iter().zip(values);
        found.extend(pairs.filter_map(|(template, (_, value))| template.solve(value.as_str(), variables)));
    }
    let body = sent.body.as_ref().filter(|_| sent.cut_from.is_none()).map_or("", |body| body.as_str());
    match &request.body {
        BodyPlan::Json(tree) => {
            if let Ok(value) = serde_json::from_str::<Value>(body) {
                within(tree, &value, variables, &mut found);
            }
        }
        BodyPlan::Form(fields) => {
            let form = Url::parse(&format!("http://localhost/?{body}")).ok();
            for (name, tree) in fields {
                let pairs = form.iter().flat_map(Url::query_pairs);
                pairs.filter(|(sent, _)| sent == name).for_each(|(_, value)| text(tree, &value, variables, &mut found));
            }
        }
        BodyPlan::Text(template) => found.extend(template.solve(body, variables)),
        BodyPlan::Empty | BodyPlan::Bytes(_) => {}
    }
    for (name, value) in found.into_iter().filter(|(_, value)| !value.contains(MASK)) {
        variables.set(&name, value.into());
    }
}

fn text(tree: &Tree, sent: &str, variables: &Variables, found: &mut Vec<(Arc<str>, String)>) {
    within(tree, &Value::from(sent), variables, found);
}

fn within(tree: &Tree, sent: &Value, variables: &Variables, found: &mut Vec<(Arc<str>, String)>) {
    match (tree, sent) {
        (Tree::Text(template), Value::String(sent)) => found.extend(template.solve(sent, variables)),
        (Tree::List(trees), Value::Array(items)) => {
            trees.iter().zip(items).for_each(|(tree, item)| within(tree, item, variables, found));
        }
        (Tree::Map(trees), Value::Object(members)) => {
            for (name, tree) in trees {
                if let Some(member) = members.get(name) {
                    within(tree, member, variables, found);
                }
            }
        }
        (Tree::Constant(_) | Tree::Literal(_) | Tree::Text(_) | Tree::List(_) | Tree::Map(_), _) => {}
    }
}
