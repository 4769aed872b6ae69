//! The contract at the head of the operation table: what every answer is held to, what no run writes to, what is asked first.

use std::{collections::BTreeMap, sync::Arc};

use strum::{EnumString, VariantNames};

use super::{
    makes::place,
    operations::{ReadContext, read_errors},
};
use crate::{
    level::Level,
    matcher::{Context, Matcher, Patterns},
    schema::Schema,
    template::Scope,
    yaml::{Fields, Node, Problems},
};

/// What holds for the answers of every operation.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) error_schema: Arc<Schema>,
    /// The requirements that the implied checks are held to.
    pub(crate) status: String,
    pub(crate) schema: String,
    pub(crate) error: String,
    pub(crate) code: String,
    pub(crate) empty: String,
    pub(crate) recorded_with: Option<String>,
    pub(crate) headers: Vec<GeneralHeader>,
    pub(crate) errors: BTreeMap<u16, Vec<String>>,
    /// What a target may share with others: no request writes to it, unless its case needs the capability.
    pub(crate) protected: Vec<Protected>,
    pub(crate) preflight: Option<PreflightPlan>,
    pub(crate) sweep: Vec<SweepPlan>,
}

/// How things that runs left behind are found by their names.
#[derive(Debug)]
pub(crate) struct SweepPlan {
    /// Path and query of a list, with `{prefix}` where a search for names goes.
    pub(crate) list: String,
    /// Where a thing has its names, as JSON Pointers.
    pub(crate) names: Vec<String>,
    /// Where it has the time of its creation, as a JSON Pointer.
    pub(crate) created: String,
    /// Path of the thing to delete, with `{id}`.
    pub(crate) delete: String,
}

impl SweepPlan {
    /// Path and query of the whole list, whatever things are called.
    pub(crate) fn whole_list(&self) -> String {
        let Some((path, query)) = self.list.split_once('?') else { return self.list.clone() };
        let kept: Vec<&str> = query.split('&').filter(|pair| !pair.contains("{prefix}")).collect();
        if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
    }

    /// The identifier of the thing that a path leads to, or below which it leads.
    pub(crate) fn id_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (before, after) = self.delete.split_once("{id}")?;
        let rest = path.strip_prefix(before)?;
        let (id, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (!id.is_empty() && below.starts_with(after)).then_some(id)
    }

    /// Whether a path is that of a thing, not below one.
    pub(crate) fn is_thing(&self, path: &str) -> bool {
        self.id_in(path).is_some_and(|id| self.path_of(id) == path)
    }

    /// The path of the thing with this identifier.
    pub(crate) fn path_of(&self, id: &str) -> String {
        self.delete.replace("{id}", id)
    }
}

/// What is asked before the first trial.
#[derive(Debug)]
pub(crate) struct PreflightPlan {
    /// Path and query of a harmless GET.
    pub(crate) path: String,
    /// Who is let in.
    pub(crate) principals: Vec<String>,
    pub(crate) lacking: Vec<Lacking>,
    pub(crate) detect: Vec<Detection>,
    pub(crate) clients: Vec<ClientQuestion>,
}

/// A harmless POST that each OAuth client of the run sends. One that is refused every time, by 401 `invalid_client`, has
/// wrong credentials.
#[derive(Debug)]
pub(crate) struct ClientQuestion {
    pub(crate) path: String,
    pub(crate) form: Vec<(String, String)>,
}

/// How reads show whether a target has a capability.
#[derive(Debug)]
pub(crate) struct Detection {
    pub(crate) capability: String,
    /// The first asks, and all that the target has must hold access tokens; without any, it is one whom the target let in.
    pub(crate) principals: Vec<String>,
    /// Paths of GETs, one after the other; `{member}` is that of the first thing that the answer before lists.
    pub(crate) ask: Vec<String>,
    /// The last answer, if the target has it.
    pub(crate) there: Shape,
    /// The last answer, if the target surely lacks it.
    pub(crate) missing: Shape,
}

/// What tells an answer from others.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    /// Whether the list is empty.
    pub(crate) empty: Option<bool>,
}

/// An answer that says what kind of target it is.
#[derive(Debug)]
pub(crate) struct Lacking {
    pub(crate) status: u16,
    pub(crate) error: String,
    pub(crate) capability: String,
    pub(crate) text: String,
}

/// A part of a target that does not belong to the run.
#[derive(Debug, Clone)]
pub(crate) struct Protected {
    pub(crate) path: String,
    /// Its path by the `id` that a GET tells, with `{id}`.
    pub(crate) alias: Option<String>,
    /// Any of these lets a case write to it.
    pub(crate) unless: Vec<String>,
}

impl Protected {
    /// The same by its identifier.
    pub(crate) fn named(&self, id: &str) -> Option<Self> {
        // Of an empty one, everything would be a part.
        let alias = self.alias.as_ref().filter(|_| !id.is_empty())?;
        Some(Self { path: alias.replace("{id}", id), alias: None, unless: self.unless.clone() })
    }

    /// Whether a path, with or without a query, is the protected one or below it, also for a server that takes no care of case.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let (start, rest) = path.split_at_checked(self.path.len()).unzip();
        let rest = rest.filter(|_| start.is_some_and(|start| start.eq_ignore_ascii_case(&self.path)));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }
}

/// A header that answers carry, whatever the operation.
#[derive(Debug)]
pub(crate) struct GeneralHeader {
    pub(crate) name: String,
    pub(crate) on: On,
    pub(crate) matcher: Matcher,
    pub(crate) requirement: String,
    pub(crate) level: Level,
}

/// Which answers carry a general header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum On {
    Any,
    Body,
    Empty,
}

/// Reads the contract at the head of the operation table.
pub(super) fn read(node: &Node, cx: &ReadContext<'_>, problems: &mut Problems<'_>) -> Option<Contract> {
    let mut fields = Fields::of(node, "contract", problems)?;
    let error_schema = fields.required("errorSchema", problems).and_then(|node| {
        let name = problems.text(node, "errorSchema")?;
        cx.schemas.find(name, node.span, problems)
    });
    let requirements = fields.required("requirements", problems);
    let recorded_with = fields.optional_text("recordedWith", problems);
    let headers = fields.each("headers", problems, |node, problems| read_header(node, cx, problems));
    let errors = read_errors(fields.optional("errors"), problems);
    let preflight = fields.optional("preflight").and_then(|node| read_preflight(node, problems));
    let sweep = fields.each("sweep", problems, read_sweep);
    let protected = fields.each("protected", problems, read_protected);
    fields.finish(problems);
    let mut held = Fields::of(requirements?, "set of requirements", problems)?;
    let contract = Contract {
        error_schema: error_schema?,
        status: cx.requirement(&mut held, "status", problems)?,
        schema: cx.requirement(&mut held, "schema", problems)?,
        error: cx.requirement(&mut held, "error", problems)?,
        code: cx.requirement(&mut held, "code", problems)?,
        empty: cx.requirement(&mut held, "empty", problems)?,
        recorded_with,
        headers,
        errors,
        protected,
        preflight,
        sweep,
    };
    held.finish(problems);
    Some(contract)
}

fn read_protected(node: &Node, problems: &mut Problems<'_>) -> Option<Protected> {
    let mut fields = Fields::of(node, "protected path", problems)?;
    let path = fields.text("path", problems).map(str::to_owned);
    let alias = fields.optional_text("alias", problems);
    fields.required("unless", problems);
    let unless = fields.texts("unless", problems);
    fields.finish(problems);
    Some(Protected { path: path?, alias, unless })
}

fn read_sweep(node: &Node, problems: &mut Problems<'_>) -> Option<SweepPlan> {
    let mut fields = Fields::of(node, "sweep", problems)?;
    let [list, created, delete] =
        ["list", "created", "delete"].map(|key| fields.text(key, problems).map(str::to_owned));
    let named = fields.required("names", problems).is_some();
    let names = fields.texts("names", problems).iter().map(|name| place(name)).collect();
    fields.finish(problems);
    named.then_some(SweepPlan { list: list?, names, created: place(&created?), delete: delete? })
}

fn read_preflight(node: &Node, problems: &mut Problems<'_>) -> Option<PreflightPlan> {
    let mut fields = Fields::of(node, "preflight", problems)?;
    let path = fields.text("path", problems).map(str::to_owned);
    let named = fields.required("principals", problems).is_some();
    let principals = fields.texts("principals", problems);
    let lacking = fields.each("lacking", problems, read_lacking);
    let detect = fields.each("detect", problems, read_detection);
    let clients = fields.each("clients", problems, read_client_question);
    fields.finish(problems);
    named.then_some(PreflightPlan { path: path?, principals, lacking, detect, clients })
}

fn read_client_question(node: &Node, problems: &mut Problems<'_>) -> Option<ClientQuestion> {
    let mut fields = Fields::of(node, "question of a client", problems)?;
    let path = fields.text("path", problems).map(str::to_owned);
    let form = fields.required("form", problems).and_then(|node| problems.map(node, "form")).unwrap_or_default();
    let form = form
        .iter()
        .filter_map(|(key, node)| Some((key.name.clone(), problems.text(node, "form")?.to_owned())))
        .collect();
    fields.finish(problems);
    Some(ClientQuestion { path: path?, form })
}

fn read_lacking(node: &Node, problems: &mut Problems<'_>) -> Option<Lacking> {
    let mut fields = Fields::of(node, "sign of a lack", problems)?;
    let status = fields.status("status", problems);
    let texts = ["error", "capability", "text"].map(|key| fields.text(key, problems).map(str::to_owned));
    fields.finish(problems);
    let [error, capability, text] = texts;
    Some(Lacking { status: status?, error: error?, capability: capability?, text: text? })
}

fn read_detection(node: &Node, problems: &mut Problems<'_>) -> Option<Detection> {
    let mut fields = Fields::of(node, "detection", problems)?;
    let capability = fields.text("capability", problems).map(str::to_owned);
    let principals = fields.texts("principals", problems);
    fields.required("ask", problems);
    let ask = fields.texts("ask", problems);
    let shapes =
        ["there", "missing"].map(|key| fields.required(key, problems).and_then(|node| read_shape(node, problems)));
    fields.finish(problems);
    let [there, missing] = shapes;
    Some(Detection { capability: capability?, principals, ask, there: there?, missing: missing? })
}

fn read_shape(node: &Node, problems: &mut Problems<'_>) -> Option<Shape> {
    let mut fields = Fields::of(node, "answer", problems)?;
    let status = fields.status("status", problems);
    let error = fields.optional_text("error", problems);
    let empty = fields.optional("empty").and_then(|node| problems.bool(node, "empty"));
    fields.finish(problems);
    Some(Shape { status: status?, error, empty })
}

fn read_header(node: &Node, cx: &ReadContext<'_>, problems: &mut Problems<'_>) -> Option<GeneralHeader> {
    let mut fields = Fields::of(node, "header", problems)?;
    let name = fields.text("name", problems).map(str::to_owned);
    let on = fields.required("on", problems).and_then(|node| problems.word(node, "on", "kind of answer"));
    let matcher = fields.required("match", problems);
    let requirement = cx.requirement(&mut fields, "requirement", problems);
    let level = fields.optional("level").map_or(Some(Level::Must), |node| problems.word(node, "level", "level"));
    fields.finish(problems);
    let matcher_cx = Context { scope: &Scope::default(), schemas: cx.schemas, patterns: &Patterns::default() };
    let matcher = matcher.map(|node| Matcher::read(node, &matcher_cx, problems));
    Some(GeneralHeader { name: name?, on: on?, matcher: matcher?, requirement: requirement?, level: level? })
}
