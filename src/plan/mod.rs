//! The compiled suite: trials with every name resolved, every template, pattern and path read. The last place where a mistake of a user
//! can be found; whatever is in a [`Plan`] can be sent.
//!
//! Owns the compiled types and the compilation. It sends nothing and judges nothing.

mod case;
mod check;
mod client;
mod expect;
mod fixture;
mod later;
mod made;
mod names;
mod repetition;
mod select;
mod shard;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use aho_corasick::AhoCorasick;
pub(crate) use check::{Basis, Check, Wants, When};
pub(crate) use client::ClientPlan;
pub use later::Scripts;
pub use select::{Pattern, PatternError, Selection};
use serde_json_path::JsonPath;
pub use shard::Shard;

use self::{case::Compiled, later::Later};
use crate::{
    diagnostic::{Diagnostic, Source, Span},
    level::Level,
    suite::{Contract, HistoryEntry, Makes, Operation, Requirement, Security, Suite, SweepPlan, matching, short_hash},
    template::{Template, Tree},
};

/// Who sends where nobody else is named.
pub(crate) const DEFAULT_PRINCIPAL: &str = "manager";

/// Who sends no credential.
const NOBODY: &str = "anonymous";

/// All trials of a suite, in the order of its files.
#[derive(Debug)]
pub struct Plan {
    /// The trials, each with a unique ID.
    pub trials: Vec<Arc<Trial>>,
    pub(crate) contract: Arc<Contract>,
    /// What every call of an operation implies, by its ID.
    implied: HashMap<String, Arc<[Check]>>,
    /// What the contract says of every answer.
    pub(crate) general: Box<[Check]>,
    pub(crate) operations: Vec<Arc<Operation>>,
    pub(crate) requirements: Arc<BTreeMap<String, Requirement>>,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) suite_hash: String,
    /// The names of `vocabulary.yaml`.
    pub(crate) principals: BTreeSet<String>,
    pub(crate) capabilities: BTreeSet<String>,
    pub(crate) clients: BTreeSet<String>,
    pub(crate) users: BTreeSet<String>,
    /// What `check` warns of.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Where the scripts of trials come from that have none.
    later: Option<Later>,
}

/// One case, on one row of its table, for one principal.
#[derive(Debug)]
pub struct Trial {
    /// `area/topic/case[row]@principal`.
    pub id: String,
    /// Former IDs.
    pub aliases: Vec<String>,
    /// The sentence of the case.
    pub title: String,
    /// The profile of its file.
    pub profile: String,
    /// Who sends the requests.
    pub principal: String,
    /// The capabilities that the target must have.
    pub needs: Vec<String>,
    /// The OAuth clients that it sends as or names.
    pub clients: BTreeSet<String>,
    /// The users that it names.
    pub users: BTreeSet<String>,
    /// What the target is held to.
    pub requirements: Arc<[String]>,
    /// Whether no other trial may run beside it.
    pub exclusive: bool,
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
    /// Where its row stands: in the case's table, or that of the operations.
    pub(crate) row: Option<(Arc<Source>, Span)>,
    calls: Arc<Calls>,
    /// What it does; none where that is compiled when it is due.
    script: Option<Arc<Script>>,
}

/// What a trial does.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) fixtures: Vec<Fixture>,
    pub(crate) steps: Box<[Step]>,
}

impl Script {
    /// The steps of fixtures, and those of the case.
    pub(crate) fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.fixtures.iter().flat_map(|fixture| &fixture.steps).chain(&self.steps)
    }

    fn calls(&self, principal: &str) -> Calls {
        let mut calls = Calls { principals: BTreeSet::from([principal.to_owned()]), ..Calls::default() };
        for step in self.all_steps() {
            calls.operations.extend(step.request.operation().map(|operation| operation.id.clone()));
            calls.principals.extend(step.principal.clone());
            calls.principals.extend(step.defer.iter().filter_map(|deferred| deferred.principal.clone()));
        }
        calls
    }
}

/// The operations that a trial calls, its fixtures included, and the principals whose credentials it needs. Most trials share them.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Calls {
    operations: BTreeSet<String>,
    principals: BTreeSet<String>,
}

impl Trial {
    /// The part of the ID that is one file of cases: `area/topic`.
    pub fn file_id(&self) -> &str {
        let end = self.id.match_indices('/').nth(1).map_or(self.id.len(), |(at, _)| at);
        &self.id[..end]
    }

    /// Path and line of the case.
    pub fn location(&self) -> (&str, usize) {
        (&self.source.path, self.source.position(self.span.start).0)
    }

    /// The operations that the trial calls, its fixtures included.
    pub fn operations(&self) -> BTreeSet<&str> {
        self.calls.operations.iter().map(String::as_str).collect()
    }

    /// The principals whose credentials the trial needs.
    pub fn principals(&self) -> BTreeSet<&str> {
        self.calls.principals.iter().map(String::as_str).collect()
    }

    /// What it does, if the plan keeps that.
    pub(crate) fn script(&self) -> Option<&Script> {
        self.script.as_deref()
    }
}

/// What a trial needs to exist, under the name that its case gives it.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) steps: Box<[Step]>,
    /// Names inside the fixture and what the case calls them.
    pub(crate) exports: Vec<(Arc<str>, Arc<str>)>,
}

/// A request and what is expected of its answer.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Span,
    pub(crate) request: Request,
    pub(crate) principal: Option<String>,
    /// What its answer is held to beside what its operation implies, in the order in which it is judged.
    pub(crate) checks: Box<[Check]>,
    pub(crate) defer: Box<[Step]>,
    pub(crate) repetition: Repetition,
    /// Its case rests on it: a false check here is what other cases are about.
    pub(crate) establishes: bool,
    pub(crate) level: Level,
    pub(crate) requirements: Arc<[String]>,
}

impl Step {
    /// Who sends it, of a trial for this principal: a client or a principal. Endpoints for clients and for everybody get no credential of a
    /// principal that the step does not name.
    pub(crate) fn sender<'s>(&'s self, principal: &'s str) -> &'s str {
        let security = self.request.operation().map_or(Security::Principal, |operation| operation.security);
        match (&self.request.client, &self.principal, security) {
            (Some(client), _, _) => &client.name,
            (None, Some(named), _) => named,
            (None, None, Security::Principal) => principal,
            (None, None, Security::Client | Security::None) => NOBODY,
        }
    }
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: RequestTarget,
    pub(crate) query: Box<[(String, Tree)]>,
    pub(crate) headers: Box<[(String, HeaderPlan)]>,
    pub(crate) body: BodyPlan,
    /// The client that sends it, instead of a principal.
    pub(crate) client: Option<Box<ClientPlan>>,
}

impl Request {
    pub(crate) fn operation(&self) -> Option<&Arc<Operation>> {
        match &self.target {
            RequestTarget::Operation { operation, .. } => Some(operation),
            RequestTarget::Path(_) | RequestTarget::Url(_) => None,
        }
    }

    /// Method and path, with the parameters as the suite writes them.
    pub(crate) fn line(&self) -> String {
        match &self.target {
            RequestTarget::Operation { operation, .. } => format!("{} {}", operation.method, operation.path),
            RequestTarget::Path(path) | RequestTarget::Url(path) => format!("{} {}", self.method, path.source()),
        }
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum RequestTarget {
    Operation {
        operation: Arc<Operation>,
        path: Box<[(String, Template)]>,
    },
    /// Sent as it is written.
    Path(Template),
    /// Given by the target; must be of its origin.
    Url(Template),
}

/// What becomes of a header.
#[derive(Debug)]
pub(crate) enum HeaderPlan {
    Omit,
    Values(Vec<Template>),
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum BodyPlan {
    Empty,
    Json(Tree),
    Text(Template),
    Bytes(Vec<u8>),
    /// Names and values of a form (RFC 6749 appendix B).
    Form(Box<[(String, Tree)]>),
}

/// How often a request is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repetition {
    Once,
    /// Until the checks hold or the time is over; without one, the time that a change takes on the target.
    Eventually(Option<Duration>),
    /// Until the answer has this status; only the last answer is judged.
    Until {
        max: u64,
        status: u16,
    },
    /// From page to page to the end.
    Pages {
        max: u64,
    },
}

/// A name for something in an answer.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) name: Arc<str>,
    pub(crate) from: CaptureFrom,
}

/// Where a captured value is found.
#[derive(Debug)]
pub(crate) enum CaptureFrom {
    Body {
        path: Arc<JsonPath>,
        /// The place that it leads to, if it is one: a JSON Pointer.
        place: Option<String>,
    },
    Header(String),
    Link(String),
    /// A parameter in the URL that a header holds, of its query or of its fragment.
    UrlParameter {
        header: String,
        part: UrlPart,
        name: String,
    },
    /// In the header and the claims of a token that the body has at this path.
    Jwt {
        token: Arc<JsonPath>,
        path: Arc<JsonPath>,
    },
}

/// The part of a URL that has parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlPart {
    Query,
    Fragment,
}

impl CaptureFrom {
    /// The one place in the body that it is captured from.
    pub(crate) fn pointer(&self) -> Option<&str> {
        match self {
            Self::Body { place, .. } => place.as_deref(),
            Self::Header(_) | Self::Link(_) | Self::UrlParameter { .. } | Self::Jwt { .. } => None,
        }
    }
}

impl Plan {
    /// Compiles a suite. Mistakes go to `found`; a plan comes back only when the whole suite is free of them.
    pub fn compile(suite: &Suite, found: &mut Vec<Diagnostic>) -> Option<Self> {
        Self::of(suite, |_, _| true, Scripts::Kept, found)
    }

    /// As [`Self::compile`], but leaves the schemas alone that no case uses: a run never meets them, and compiling them takes longer than
    /// a case does.
    pub fn compile_to_run(suite: Suite, scripts: Scripts, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut plan = Self::of(&suite, BTreeSet::contains, scripts, found)?;
        if plan.trials.iter().any(|trial| trial.script.is_none()) {
            plan.later = Some(Later::new(suite));
        }
        Some(plan)
    }

    fn of(
        suite: &Suite,
        wanted: fn(&BTreeSet<String>, &str) -> bool,
        scripts: Scripts,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        // Operations are held to requirements too, so what is wrong with them may hide that one is used.
        let operations_known = found.is_empty();
        let Compiled { trials, names, schemas, used, requirements_known } =
            case::compile_all(suite, scripts.most_kept(suite), found);
        suite.check_schemas(&|name| wanted(&schemas, name), found);
        names::check(&names, found);
        if operations_known && requirements_known {
            let used = used_requirements(suite, &used);
            // A case with mistakes gives no trial, but it names what it is for.
            let named = if found.is_empty() { BTreeSet::new() } else { named_requirements(suite, &used) };
            suite.check_unused_requirements(&|id| used.contains(id) || named.contains(id), found);
        }
        if !found.is_empty() {
            return None;
        }
        let warnings = made::warnings(suite, &trials);
        let contract = suite.operations.contract.as_ref()?;
        let implied = |operation: &Arc<Operation>| (operation.id.clone(), check::implied(operation, contract));
        Some(Self {
            trials: trials.into_iter().map(Arc::new).collect(),
            contract: Arc::clone(contract),
            implied: suite.operations.all.iter().map(implied).collect(),
            general: check::general(contract),
            operations: suite.operations.all.clone(),
            requirements: Arc::new(suite.requirements.clone()),
            history: suite.history.clone(),
            suite_hash: suite.hash().to_owned(),
            principals: suite.vocabulary.principals.keys().cloned().collect(),
            capabilities: suite.vocabulary.capabilities.keys().cloned().collect(),
            clients: suite.vocabulary.clients.keys().cloned().collect(),
            users: suite.vocabulary.users.keys().cloned().collect(),
            warnings,
            later: None,
        })
    }
}

impl Plan {
    /// What a trial of this plan does.
    pub(crate) fn script(&self, trial: &Trial) -> Option<Arc<Script>> {
        trial.script.clone().or_else(|| self.later.as_ref()?.script(trial))
    }

    /// The operation that a request of this method and path is one of.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Arc<Operation>> {
        matching(&self.operations, method, path)
    }

    /// Tells suites apart by what their runs make and how that is found and removed: what a ledger must agree on.
    pub(crate) fn makes_hash(&self) -> String {
        let sweep = self.contract.sweep.iter().map(|sweep| {
            let SweepPlan { list, names, created, delete } = sweep;
            format!("{list} {} {created} {delete}", names.join(" "))
        });
        let makes = self.operations.iter().filter_map(|operation| {
            let Makes { id, name, pair, remove } = operation.makes.as_ref()?;
            let (name, pair) = (name.as_deref().unwrap_or_default(), pair.as_deref().unwrap_or_default());
            let remove: Vec<String> =
                remove.iter().map(|remove| format!("{} {}", remove.method, remove.path)).collect();
            Some(format!("{} {} {id} {name} {pair} {}", operation.method, operation.path, remove.join(" ")))
        });
        short_hash(sweep.chain(makes))
    }

    /// Whether the contract says something about the answer to this step: a call, or a raw request to the API that the operations are
    /// part of, which is where the first two segments of their paths lead.
    pub(crate) fn speaks_for(&self, step: &Step, url: &str) -> bool {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        match step.request.operation() {
            Some(operation) => operation.contract,
            None => self.operations.iter().any(|operation| operation.contract && operation.path.shares_root(path)),
        }
    }
}

/// The other requirements whose IDs stand somewhere in a case file.
fn named_requirements<'a>(suite: &'a Suite, used: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let unused: Vec<&str> = suite.requirements.keys().map(String::as_str).filter(|id| !used.contains(id)).collect();
    // Each file is looked through once, however many there are.
    let Ok(finder) = AhoCorasick::new(&unused) else { return unused.into_iter().collect() };
    let found = suite.cases.iter().flat_map(|source| finder.find_overlapping_iter(&source.text));
    found.filter_map(|found| unused.get(found.pattern().as_usize()).copied()).collect()
}

/// Those that cases use, and those that operations and the contract are held to.
fn used_requirements<'a>(suite: &'a Suite, of_cases: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
    let mut used: BTreeSet<&str> = of_cases.iter().map(String::as_str).collect();
    used.extend(suite.operations.all.iter().map(|operation| operation.requirement.as_str()));
    if let Some(contract) = &suite.operations.contract {
        let implied = [&contract.status, &contract.schema, &contract.error, &contract.code, &contract.empty];
        used.extend(implied.into_iter().map(String::as_str));
        used.extend(contract.headers.iter().map(|header| header.requirement.as_str()));
    }
    used
}
