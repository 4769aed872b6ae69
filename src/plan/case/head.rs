//! What stands at the head of a case: its title, who acts, what it needs, how much it weighs, what it holds the target to.

use std::sync::Arc;

use super::{Inherited, Lookup, read_requirements, table::Row};
use crate::{
    diagnostic::Span,
    level::Level,
    plan::DEFAULT_PRINCIPAL,
    yaml::{Data, Fields, Problems},
};

/// The values of a case that a row of its table may replace.
pub(super) struct Head {
    pub(super) principals: Vec<String>,
    pub(super) needs: Vec<String>,
    pub(super) inherited: Inherited,
}

/// One sentence without a full stop: lists and reports have it on a line of theirs.
pub(super) fn read_title<'n>(fields: &mut Fields<'n>, problems: &mut Problems<'_>) -> Option<&'n str> {
    let node = fields.required("title", problems)?;
    let title = problems.text(node, "title")?;
    let wrong = if title.trim().is_empty() {
        "an empty title"
    } else if title.contains(['\n', '\r']) {
        "a title of several lines"
    } else if title.ends_with('.') {
        "a title that ends with a full stop"
    } else {
        return Some(title);
    };
    problems.at_with(node.span, wrong, "write one sentence on one line, without a full stop");
    Some(title)
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    row: Option<&Row<'_>>,
    lookup: &Lookup<'_>,
    problems: &mut Problems<'_>,
) -> Head {
    // A row speaks for its own trial, the case for the rest.
    let mut either = |key: &'static str| {
        let of_case = fields.optional(key);
        row.and_then(|row| row.node.get(key)).or(of_case)
    };
    let (principal, needs, level, requirements) =
        (either("principal"), either("needs"), either("level"), either("requirements"));
    // What an operation calls its row is read with the operation.
    if let Some(node) = row.filter(|row| row.operation.is_none()).and_then(|row| row.node.get("row"))
        && let Some(text) = problems.text(node, "row")
    {
        problems.slug(text, node.span, "row");
    }
    let vocabulary = &lookup.suite.vocabulary;
    let principals = principal.map_or_else(
        || vec![(Span::default(), DEFAULT_PRINCIPAL.to_owned())],
        |node| problems.texts(node, "principal"),
    );
    if principals.is_empty()
        && let Some(node) = principal.filter(|node| matches!(node.data, Data::List(_)))
    {
        problems.at_with(node.span, "no principals", "name one, or leave it out");
    }
    for (at, (span, name)) in principals.iter().enumerate() {
        problems.known(&vocabulary.principals, *span, "principal", name);
        if principals[..at].iter().any(|(_, other)| other == name) {
            problems.at_with(*span, format!("duplicate principal `{name}`"), "remove one of them");
        }
    }
    let needs = needs.map(|node| problems.texts(node, "needs")).unwrap_or_default();
    for (span, name) in &needs {
        problems.known(&vocabulary.capabilities, *span, "capability", name);
    }
    let level = level.map_or(Some(Level::Must), |node| problems.word(node, "level", "level"));
    let requirements = if let Some(node) = requirements {
        read_requirements(node, lookup, problems)
    } else {
        problems.at_with(fields.span(), "this case needs `requirements`", "name the requirement that it enforces");
        Arc::default()
    };
    let names = |list: Vec<(Span, String)>| list.into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    let mut needs = names(needs);
    if let Some(Row { node, operation: Some(operation), .. }) = row
        && node.get("needs").is_none()
    {
        needs.extend(operation.needs.iter().cloned());
    }
    Head {
        principals: names(principals),
        needs,
        inherited: Inherited { level: level.unwrap_or(Level::Must), requirements },
    }
}
