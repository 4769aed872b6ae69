//! From the trees of case and fixture files to trials: rows, principals, fixtures, IDs.

mod head;
mod table;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde_json_path::{JsonPath, ParseError};

use self::{head::Head, table::Row};
use super::{
    Calls, Script, Step, Trial,
    fixture::{self, FixtureText},
    names::Named,
    step,
};
use crate::{
    diagnostic::{Diagnostic, Source, Span},
    level::Level,
    matcher::Patterns,
    suite::Suite,
    template::{Scope, Tree, fill_row},
    yaml::{Data, Fields, Node, Problems, parse},
};

/// What every part of the compilation may look up.
pub(super) struct Lookup<'a> {
    pub(super) suite: &'a Suite,
    /// The names that each case has.
    scope: Scope,
    pub(super) fixtures: BTreeMap<&'a str, FixtureText<'a>>,
    pub(super) patterns: Patterns,
    paths: RefCell<HashMap<String, Arc<JsonPath>>>,
    calls: RefCell<BTreeSet<Arc<Calls>>>,
    /// Whether a requirement is named that is none: it may be meant to be one that nothing else names.
    misnamed: Cell<bool>,
}

impl<'a> Lookup<'a> {
    fn new(suite: &'a Suite, found: &mut Vec<Diagnostic>) -> Self {
        let mut fixtures = BTreeMap::new();
        for document in &suite.fixtures {
            fixture::read(document, &mut fixtures, &mut Problems::new(&document.source, found));
        }
        Self {
            suite,
            scope: base_scope(suite),
            fixtures,
            patterns: Patterns::default(),
            paths: RefCell::default(),
            calls: RefCell::default(),
            misnamed: Cell::default(),
        }
    }

    /// One for all trials that call the same.
    fn shared(&self, calls: Calls) -> Arc<Calls> {
        let calls = Arc::new(calls);
        let mut known = self.calls.borrow_mut();
        if let Some(known) = known.get(&calls) {
            return Arc::clone(known);
        }
        known.insert(Arc::clone(&calls));
        calls
    }

    /// The compiled `JSONPath`; captures of a suite are the same few.
    pub(super) fn path(&self, text: &str) -> Result<Arc<JsonPath>, ParseError> {
        if let Some(path) = self.paths.borrow().get(text) {
            return Ok(Arc::clone(path));
        }
        let path = Arc::new(JsonPath::parse(text)?);
        self.paths.borrow_mut().insert(text.to_owned(), Arc::clone(&path));
        Ok(path)
    }
}

/// What the steps of a case inherit from it.
#[derive(Clone)]
pub(super) struct Inherited {
    pub(super) level: Level,
    pub(super) requirements: Arc<[String]>,
}

/// What a suite came to. Cases with mistakes give no trial, but have their names: all mistakes come at once.
pub(super) struct Compiled {
    pub(super) trials: Vec<Trial>,
    pub(super) names: Vec<Named>,
    /// The names of the schemas that are used.
    pub(super) schemas: BTreeSet<String>,
    /// The requirements that cases and their steps are for.
    pub(super) used: BTreeSet<String>,
    /// Whether the requirements that cases name are all known.
    pub(super) requirements_known: bool,
}

/// Compiles all cases. If there are more trials than `most_kept`, they have no scripts.
pub(super) fn compile_all(suite: &Suite, most_kept: usize, found: &mut Vec<Diagnostic>) -> Compiled {
    let lookup = Lookup::new(suite, found);
    let (mut trials, mut names, mut used) = (Vec::new(), Vec::new(), BTreeSet::new());
    if let (Some(source), Some(rows)) = (&suite.operations.source, &suite.operations.rows) {
        Tree::read(rows, &lookup.scope, &mut Problems::new(source, found));
    }
    let mut kept = 0;
    for source in &suite.cases {
        match parse(source) {
            Ok(root) => {
                read_file(source, &root, &lookup, found, &mut Output { trials: &mut trials, names: &mut names });
            }
            Err(diagnostic) => found.push(*diagnostic),
        }
        trials[kept..].iter().for_each(|trial| add_requirements(trial, &mut used));
        if trials.len() > most_kept {
            for trial in &mut trials {
                trial.script = None;
            }
        }
        kept = trials.len();
    }
    let requirements_known = !lookup.misnamed.get();
    Compiled { trials, names, schemas: lookup.patterns.into_schemas(), used, requirements_known }
}

fn add_requirements(trial: &Trial, used: &mut BTreeSet<String>) {
    let steps = trial.script().into_iter().flat_map(|script| &script.steps);
    for id in trial.requirements.iter().chain(steps.flat_map(|step| step.requirements.iter())) {
        if !used.contains(id) {
            used.insert(id.clone());
        }
    }
}

/// The trials of a file without mistakes.
pub(super) fn compile_again(suite: &Suite, source: &Arc<Source>) -> Vec<Trial> {
    let (mut trials, mut names, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let lookup = Lookup::new(suite, &mut found);
    if let Ok(root) = parse(source) {
        read_file(source, &root, &lookup, &mut found, &mut Output { trials: &mut trials, names: &mut names });
    }
    trials
}

/// Where cases go.
struct Output<'a> {
    trials: &'a mut Vec<Trial>,
    names: &'a mut Vec<Named>,
}

/// What the cases of one file share.
struct FileHead<'a> {
    source: &'a Arc<Source>,
    area: Option<&'a str>,
    topic: Option<&'a str>,
    profile: &'a str,
}

fn read_file(
    source: &Arc<Source>,
    root: &Node,
    lookup: &Lookup<'_>,
    found: &mut Vec<Diagnostic>,
    output: &mut Output<'_>,
) {
    let mut problems = Problems::new(source, found);
    let Some(mut file) = Fields::of(root, "cases file", &mut problems) else { return };
    let area = slug(&mut file, "area", &mut problems);
    let topic = slug(&mut file, "topic", &mut problems);
    let profile = file.required("profile", &mut problems).and_then(|node| {
        let name = problems.text(node, "profile")?;
        problems.known(&lookup.suite.vocabulary.profiles, node.span, "profile", name);
        Some(name)
    });
    let nodes = file.required("cases", &mut problems).and_then(|node| problems.list(node, "cases"));
    file.finish(&mut problems);
    // Cases are read even when the head is wrong, so that all mistakes come at once.
    let head = FileHead { source, area, topic, profile: profile.unwrap_or("?") };
    check_place(&head, root, &mut problems);
    if let Some([]) = nodes {
        problems.at(root.span, "`cases` is empty");
    }
    for node in nodes.unwrap_or_default() {
        read_case(node, &head, lookup, found, output);
    }
}

/// The ID says where the file is, so the file must be there.
fn check_place(head: &FileHead<'_>, root: &Node, problems: &mut Problems<'_>) {
    let (Some(area), Some(topic)) = (head.area, head.topic) else { return };
    let path = head.source.path.replace('\\', "/");
    let name = path.rsplit_once('.').map_or(path.as_str(), |(name, _)| name);
    let expected = format!("cases/{area}/{topic}");
    if path.contains("cases/") && !name.ends_with(&expected) {
        let span = root.get("topic").map_or(root.span, |node| node.span);
        problems.at_with(
            span,
            "`area` and `topic` do not match the file's path",
            format!("move it to {expected}.yaml"),
        );
    }
}

fn slug<'n>(fields: &mut Fields<'n>, key: &'static str, problems: &mut Problems<'_>) -> Option<&'n str> {
    let node = fields.required(key, problems)?;
    let text = problems.text(node, key)?;
    problems.slug(text, node.span, key);
    Some(text)
}

fn read_case(
    node: &Node,
    head: &FileHead<'_>,
    lookup: &Lookup<'_>,
    found: &mut Vec<Diagnostic>,
    output: &mut Output<'_>,
) {
    let mut problems = Problems::new(head.source, found);
    let Some(table) = node.get("each") else {
        compile_case(node, None, head, lookup, found, output);
        return;
    };
    let case = without_key(node, "each");
    let rows = table::rows(table, &case, &lookup.suite.operations, &mut problems);
    let mut used = BTreeSet::new();
    for row in &rows {
        let columns: Vec<(&str, &Node)> = row.columns().map(|(key, node)| (key.name.as_str(), node)).collect();
        let filled = fill_row(&case, &columns, &mut used);
        compile_case(&filled, Some(row), head, lookup, found, output);
    }
    let mut problems = Problems::new(head.source, found);
    for (key, _) in rows.iter().flat_map(Row::columns).filter(|(key, _)| !used.contains(&key.name)) {
        let title = format!("column `{}` is not used in this case", key.name);
        problems.at_with(key.span, title, format!("use it as `${{{}}}`, or remove it", key.name));
    }
}

fn without_key(node: &Node, name: &str) -> Node {
    let data = match &node.data {
        Data::Map(entries) => Data::Map(entries.iter().filter(|(key, _)| key.name != name).cloned().collect()),
        other => other.clone(),
    };
    Node { span: node.span, data }
}

fn compile_case(
    node: &Node,
    row: Option<&Row<'_>>,
    head: &FileHead<'_>,
    lookup: &Lookup<'_>,
    found: &mut Vec<Diagnostic>,
    output: &mut Output<'_>,
) {
    let mut problems = Problems::new(head.source, found);
    let before = problems.count();
    let Some(mut fields) = Fields::of(node, "case", &mut problems) else { return };
    let id_node = fields.optional("id");
    let id = slug(&mut fields, "id", &mut problems);
    let title = head::read_title(&mut fields, &mut problems);
    // Taken out before, where it stands; still a key of a case.
    fields.optional("each");
    let aliases = fields.optional("aliases").map(|node| problems.texts(node, "aliases")).unwrap_or_default();
    let case_head = head::read(&mut fields, row, lookup, &mut problems);
    let exclusive = fields.optional("exclusive").and_then(|node| problems.bool(node, "exclusive")).unwrap_or(false);
    let given = fields.optional("given");
    let steps = fields.required("steps", &mut problems);
    let span = id_node.map_or(fields.span(), |node| node.span);
    fields.finish(&mut problems);
    let context = step::StepContext { lookup, inherited: &case_head.inherited, fixture: false };
    let read = |problems: &mut Problems<'_>| {
        let mut scope = lookup.scope.afresh();
        let fixtures = fixture::read_given(given, &case_head.inherited, &mut scope, lookup, problems);
        let steps = steps.map(|node| step::read_all(node, &mut scope, &context, problems)).unwrap_or_default();
        let script = Script { fixtures, steps };
        let requests = script.all_steps().flat_map(|step| step.defer.iter().chain([step])).map(|step| &step.request);
        let mut clients = scope.used_below(CLIENTS);
        clients.extend(requests.filter_map(|request| Some(request.client.as_ref()?.name.clone())));
        let users = scope.used_below(USERS);
        (Arc::new(script), clients, users)
    };
    let (script, clients, users) = read(&mut problems);
    check_weight(span, &script.steps, &case_head, &mut problems);
    let case = id.and_then(|id| Some(format!("{}/{}/{id}", head.area?, head.topic?)));
    let base = case.as_ref().and_then(|case| trial_id(case, row));
    let several = case_head.principals.len() > 1;
    let of_principal =
        |base: &str, principal: &str| if several { format!("{base}@{principal}") } else { base.to_owned() };
    let aliases: Vec<String> = aliases.into_iter().map(|(_, alias)| alias).collect();
    if let (Some(case), Some(base)) = (case, &base) {
        let row = row.and_then(|row| row.node.get("row")).map(|node| node.span);
        output.names.extend(case_head.principals.iter().map(|principal| Named {
            id: of_principal(base, principal),
            case: case.clone(),
            aliases: aliases.clone(),
            source: Arc::clone(head.source),
            span,
            row,
        }));
    }
    let (Some(base), Some(title)) = (base, title) else { return };
    if problems.count() > before {
        return;
    }
    for principal in &case_head.principals {
        output.trials.push(Trial {
            id: of_principal(&base, principal),
            aliases: aliases.clone(),
            title: title.to_owned(),
            profile: head.profile.to_owned(),
            principal: principal.clone(),
            needs: case_head.needs.clone(),
            clients: clients.clone(),
            users: users.clone(),
            requirements: Arc::clone(&case_head.inherited.requirements),
            source: Arc::clone(head.source),
            span,
            row: row.map(|row| row.place.clone()),
            exclusive,
            calls: lookup.shared(script.calls(principal)),
            script: Some(Arc::clone(&script)),
        });
    }
}

/// What the names of what is known of clients begin with,
const CLIENTS: &str = "clients.";

/// and of users.
const USERS: &str = "users.";

/// The ID of a case or of a row of it; none where a row has no name.
fn trial_id(case: &str, row: Option<&Row<'_>>) -> Option<String> {
    match row {
        None => Some(case.to_owned()),
        Some(row) => Some(format!("{case}[{}]", row.node.get("row")?.as_text()?)),
    }
}

fn base_scope(suite: &Suite) -> Scope {
    let mut scope = Scope::default();
    for name in ["unique", "target.origin", "target.host", "token"] {
        scope.add(name);
    }
    for name in suite.vocabulary.clients.keys() {
        scope.add(format!("{CLIENTS}{name}.id"));
    }
    for name in suite.vocabulary.users.keys() {
        scope.add(format!("{USERS}{name}.login"));
        scope.add(format!("{USERS}{name}.password"));
    }
    scope
}

/// The IDs of requirements at `node`, each known.
pub(super) fn read_requirements(node: &Node, lookup: &Lookup<'_>, problems: &mut Problems<'_>) -> Arc<[String]> {
    let all = &lookup.suite.requirements;
    let list = problems.texts(node, "requirements");
    if list.is_empty() {
        problems.at_with(node.span, "no requirements", "name the requirement that the check enforces");
    }
    for (span, id) in &list {
        problems.known(all, *span, "requirement", id);
        lookup.misnamed.set(lookup.misnamed.get() || !all.contains_key(id));
    }
    list.into_iter().map(|(_, id)| id).collect()
}

/// A case that can only record would pass on any target, a dead one too.
fn check_weight(span: Span, steps: &[Step], head: &Head, problems: &mut Problems<'_>) {
    let inert = steps.iter().all(|step| step.level == Level::Info);
    if !steps.is_empty() && inert && head.inherited.level != Level::Info {
        problems.at_with(span, "every step of this case is `info`", "set `level: info` for the case");
    }
}
