//! Fixtures: reading them, and compiling those that a case is given with the values that it gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Fixture, Step,
    case::{Inherited, Lookup},
    step,
};
use crate::{
    diagnostic::Source,
    level::Level,
    suite::Document,
    template::{Scope, fill_row},
    yaml::{Data, Fields, Key, Node, Problems},
};

/// A fixture as it was written.
pub(super) struct FixtureText<'a> {
    source: &'a Arc<Source>,
    defaults: Vec<(&'a Key, &'a Node)>,
    steps: &'a Node,
}

/// Reads the fixtures of a file.
pub(super) fn read<'a>(
    document: &'a Document,
    all: &mut BTreeMap<&'a str, FixtureText<'a>>,
    problems: &mut Problems<'_>,
) {
    let Some(mut file) = Fields::of(&document.root, "fixtures file", problems) else { return };
    let nodes = file.required("fixtures", problems).and_then(|node| problems.list(node, "fixtures"));
    file.finish(problems);
    for node in nodes.unwrap_or_default() {
        let Some(mut fields) = Fields::of(node, "fixture", problems) else { continue };
        let id = fields.text("id", problems);
        fields.text("title", problems);
        let with = fields.optional("with").and_then(|node| problems.map(node, "with"));
        let steps = fields.required("steps", problems);
        let span = fields.span();
        fields.finish(problems);
        let (Some(id), Some(steps)) = (id, steps) else { continue };
        let defaults = with.unwrap_or_default().iter().map(|(key, node)| (key, node)).collect();
        if all.insert(id, FixtureText { source: &document.source, defaults, steps }).is_some() {
            problems.at(span, format!("duplicate fixture `{id}`"));
        }
    }
}

/// The fixtures that a case is given; what they capture is added to `scope`.
pub(super) fn read_given(
    node: Option<&Node>,
    inherited: &Inherited,
    scope: &mut Scope,
    lookup: &Lookup<'_>,
    problems: &mut Problems<'_>,
) -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for (key, node) in node.and_then(|node| problems.map(node, "given")).unwrap_or_default() {
        problems.slug(&key.name, key.span, "given");
        let (id, values) = if let Data::Text(id) = &node.data {
            (Some((node.span, id.as_str())), None)
        } else {
            let Some(mut fields) = Fields::of(node, "given fixture", problems) else { continue };
            let id = fields.required("use", problems);
            let id = id.and_then(|node| problems.text(node, "use").map(|text| (node.span, text)));
            let values = fields.optional("with").and_then(|node| problems.map(node, "with"));
            fields.finish(problems);
            (id, values)
        };
        let Some((span, id)) = id else { continue };
        let Some(text) = lookup.fixtures.get(id) else {
            problems.unknown(span, "fixture", id, lookup.fixtures.keys().copied());
            scope.add_unread(&key.name);
            continue;
        };
        let columns = fixture_values(text, values.unwrap_or_default(), problems);
        fixtures.push(compile_fixture(&key.name, text, &columns, inherited, scope, lookup, problems));
    }
    fixtures
}

/// The defaults of a fixture with the values that a case gives in their place.
fn fixture_values<'n>(
    text: &FixtureText<'n>,
    given: &'n [(Key, Node)],
    problems: &mut Problems<'_>,
) -> Vec<(&'n str, &'n Node)> {
    for (key, _) in given {
        if !text.defaults.iter().any(|(known, _)| known.name == key.name) {
            problems.unknown(
                key.span,
                "value of this fixture",
                &key.name,
                text.defaults.iter().map(|(key, _)| key.name.as_str()),
            );
        }
    }
    let value = |(key, default): &(&'n Key, &'n Node)| {
        let given = given.iter().find(|(other, _)| other.name == key.name).map(|(_, node)| node);
        (key.name.as_str(), given.unwrap_or(default))
    };
    text.defaults.iter().map(value).collect()
}

fn compile_fixture(
    name: &str,
    text: &FixtureText<'_>,
    columns: &[(&str, &Node)],
    inherited: &Inherited,
    scope: &mut Scope,
    lookup: &Lookup<'_>,
    problems: &mut Problems<'_>,
) -> Fixture {
    let filled = fill_row(text.steps, columns, &mut BTreeSet::new());
    let mut inner = scope.clone();
    let inherited = Inherited { level: Level::Must, requirements: Arc::clone(&inherited.requirements) };
    let context = step::StepContext { lookup, inherited: &inherited, fixture: true };
    let steps = problems.in_source(text.source, |problems| step::read_all(&filled, &mut inner, &context, problems));
    if matches!(&filled.data, Data::List(nodes) if nodes.len() > steps.len()) {
        scope.add_unread(name);
    }
    let mut exports = Vec::new();
    for (_, capture) in steps.iter().flat_map(Step::captures) {
        let outside = format!("{name}.{}", capture.name);
        scope.add(outside.clone());
        exports.push((Arc::clone(&capture.name), Arc::from(outside)));
    }
    Fixture { name: name.to_owned(), steps, exports }
}
