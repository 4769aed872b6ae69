//! `run`: chooses trials, opens the target, runs, writes what was asked for.

mod idle;
mod outputs;
mod places;
mod reports;
mod signals;
mod streamed;

use std::{
    cell::RefCell,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use chrono::Utc;
use clap::{
    Args, FromArgMatches as _, ValueEnum,
    builder::{PathBufValueParser, StringValueParser, TypedValueParser as _},
};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

pub(in crate::cli) use self::signals::interrupted_twice;
use self::{
    idle::Idle,
    outputs::{Outputs, flushed_at_waits, secrets_written},
    places::{Ledgers, beside, named_beside, probe},
    reports::write_report,
};
pub(crate) use self::{
    reports::{ReportFormat, ReportTo, keep_inputs, one_output_a_file, output, parse_report},
    streamed::StreamedReports,
};
use super::{
    CommandError, Format, Mistake, WRONG_INPUT, chain,
    out::{self, format_out, tell, warn, width},
    streams::baseline,
    suite::{Choice, Chosen, show, show_nothing},
    target, told, with_causes, words,
};
use crate::{
    bundle::Engine,
    counted::counted,
    duration::parse_limit,
    event::{Event, Outcome},
    http::{Limits, Outgoing},
    known::{self, KnownFailures},
    ledger::{self, Ledger},
    naming::{Names, run_id},
    plan::{Plan, Scripts, Shard, Trial},
    report::{FailOn, Gate, Report, Style, Verdict, write_json},
    run::{self, Disposable, Options, SETTLING, Stopper},
    secret::Redactor,
    settings,
    suite::changes_at,
    targets::{Located, Opened},
};

/// Where the event stream goes unless told otherwise.
pub(crate) const EVENTS: &str = "reports/events.jsonl";

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line that do not depend on each other")]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// What to run against: `mock` (the embedded one), a URL, or the name of a target in the settings file
    #[arg(long, default_value = "mock", value_name = "mock|URL|NAME", env = "OKTA_CONFORMANCE_TARGET")]
    target: String,
    /// Run the same trials against a reference too, such as `mock`, and say who holds which requirement. Its event stream goes beside the
    /// run's, with `.reference` in its name
    #[arg(long, value_name = "mock|URL|NAME")]
    against: Option<String>,
    /// Whether this is the run against the reference of another one.
    #[arg(skip)]
    is_reference: bool,
    /// The settings file, instead of okta-conformance.toml
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_SETTINGS")]
    settings: Option<PathBuf>,
    /// Trials at a time [default: 16 against the mock, else 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    #[arg(env = "OKTA_CONFORMANCE_JOBS")]
    jobs: Option<u16>,
    /// Run one part of the trials, such as 2/5 [default: what `CI_NODE_INDEX` and `CI_NODE_TOTAL` say,
    /// or `JOB_COMPLETION_INDEX`]
    #[arg(long, value_name = "K/N", env = "OKTA_CONFORMANCE_SHARD")]
    shard: Option<Shard>,
    /// Run the trials in an order that N decides, instead of the suite's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop after N failed trials
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", require_equals = true)]
    #[arg(env = "OKTA_CONFORMANCE_FAIL_FAST")]
    fail_fast: Option<usize>,
    /// Expected failures, each with a reason and an expiry date
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_KNOWN_FAILURES")]
    known_failures: Option<PathBuf>,
    /// Writes a known-failures file of what failed, to be filled in
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(output))]
    propose_known_failures: Option<PathBuf>,
    /// Try a trial that failed or could not be judged up to N times more
    #[arg(long, value_name = "N", default_value_t = 0, env = "OKTA_CONFORMANCE_RETRIES")]
    retries: usize,
    /// Stop after N consecutive trials with nothing but infrastructure errors; 0 never stops
    #[arg(long, value_name = "N", default_value_t = 20, env = "OKTA_CONFORMANCE_BREAKER")]
    breaker: usize,
    /// How much of each rate limit is left to other users of the org, in percent [default: what the settings say, or 50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=99))]
    keep: Option<u8>,
    /// Let cases write to the default server of a target that declares it
    #[arg(long)]
    allow_default_server: bool,
    /// The target holds nothing that matters, as a fake does: go on with what a create names, even if it was there before (its default
    /// server only with `--allow-default-server`)
    #[arg(long)]
    disposable: bool,
    /// Skip the check that the target answers and accepts its principals
    #[arg(long)]
    no_preflight: bool,
    /// Compare with this older run, and be red if anything got worse: its event stream, or those of its parts separated by commas, or
    /// their directory
    #[arg(long, value_name = "EVENTS", env = "OKTA_CONFORMANCE_BASELINE")]
    baseline: Option<String>,
    /// Compare what the target returns in each trial with the snapshots in DIR, which `cargo insta review` shows and accepts
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Accept what the target says as its snapshots, and remove those of trials that no longer exist
    #[arg(long, requires = "snapshots")]
    accept_snapshots: bool,
    #[command(flatten)]
    terms: Terms,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Where the event stream goes; `none` for nowhere
    #[arg(long, default_value = EVENTS, value_name = "PATH|none", value_parser = StringValueParser::new().try_map(output))]
    #[arg(env = "OKTA_CONFORMANCE_EVENTS")]
    events: String,
    /// Directory of the ledger, which lists what the run created and has not yet removed [default: reports/ledgers, or `ledgers` beside the event
    /// stream where that cannot be written]
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_LEDGERS")]
    ledgers: Option<PathBuf>,
    /// Write requests and answers as a recording, without secrets
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(output))]
    record: Option<PathBuf>,
    /// The longest that a request may take [default: what the settings say of the target, else 30s]
    #[arg(long, value_name = "DUR", value_parser = parse_limit)]
    timeout: Option<Duration>,
    /// The longest that a trial may take before it sends no further step
    #[arg(long, default_value = "5m", value_name = "DUR", value_parser = parse_limit)]
    #[arg(env = "OKTA_CONFORMANCE_TRIAL_TIMEOUT")]
    trial_timeout: Duration,
    /// The longest that the run may take before it starts no further trial
    #[arg(long, value_name = "DUR", value_parser = parse_limit, env = "OKTA_CONFORMANCE_DEADLINE")]
    deadline: Option<Duration>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Only failures and the last line
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Every failure in full, and explained drift
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOnWhat {
    Drift,
    Flaky,
    Warning,
    /// Slower answers than those of `--baseline`
    Latency,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GateBy {
    /// The run must be conformant
    #[default]
    Conformant,
    /// Nothing may be worse than in the run of `--baseline`; trials keep their outcomes
    Baseline,
}

/// What the verdict of a run depends on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Terms {
    /// What turns the run red in addition to failures
    #[arg(long, value_parser = words::<FailOnWhat>(), value_delimiter = ',', value_name = "WHAT")]
    #[arg(env = "OKTA_CONFORMANCE_FAIL_ON")]
    fail_on: Vec<FailOnWhat>,
    /// What the run must be to be green
    #[arg(long, value_enum, default_value_t, value_name = "GATE")]
    gate: GateBy,
}

impl Terms {
    /// What the flags say.
    pub(crate) fn fail_on(&self) -> FailOn {
        FailOn {
            gate: match self.gate {
                GateBy::Conformant => Gate::Conformant,
                GateBy::Baseline => Gate::Baseline,
            },
            ..fail_on(&self.fail_on)
        }
    }

    /// The flag that needs an older run to compare with, if there is one.
    pub(crate) fn compares(&self) -> Option<&'static str> {
        match self.gate {
            GateBy::Baseline => Some("--gate baseline"),
            GateBy::Conformant => self.fail_on.contains(&FailOnWhat::Latency).then_some("--fail-on latency"),
        }
    }
}

/// What the flags say of what turns a run red.
pub(crate) fn fail_on(flags: &[FailOnWhat]) -> FailOn {
    let has = |what| flags.contains(&what);
    FailOn {
        drift: has(FailOnWhat::Drift),
        flaky: has(FailOnWhat::Flaky),
        warning: has(FailOnWhat::Warning),
        latency: has(FailOnWhat::Latency),
        gate: Gate::default(),
    }
}

impl Arguments {
    fn options(&self, opened: &Opened, run: String, ledger: Ledger) -> Options {
        Options {
            jobs: self.jobs.map_or(if opened.is_mock() { 16 } else { 4 }, usize::from),
            trial_timeout: self.trial_timeout,
            deadline: self.deadline,
            fail_fast: self.fail_fast,
            run,
            prefix: opened.prefix.clone(),
            retries: self.retries,
            breaker: Some(self.breaker).filter(|most| *most > 0),
            share: self.keep.map(|percent| f64::from(percent) / 100.0).or(opened.rate_share).unwrap_or(0.5),
            disposable: match (self.disposable, self.allow_default_server) {
                (false, _) => Disposable::Nothing,
                (true, false) => Disposable::AllButShared,
                (true, true) => Disposable::Everything,
            },
            preflight: !opened.is_mock() && !self.no_preflight,
            effect: opened.effect.unwrap_or(Options::default().effect),
            ledger: Rc::new(ledger),
            settling: if opened.is_mock() { Duration::ZERO } else { SETTLING },
            selection: self.choice.selection(),
            embedded: self.choice.suite.is_none(),
            ..Options::default()
        }
    }

    /// Nothing that a run writes has a file in common.
    fn one_output_a_file(&self) -> Result<(), CommandError> {
        let reference = self.of_reference().map(|reference| reference.events);
        let events = [Some(&self.events), reference.as_ref()].into_iter().flatten();
        let events = events.map(Path::new).filter(|path| *path != Path::new("none"));
        let others = [&self.record, &self.propose_known_failures].into_iter().flatten().map(PathBuf::as_path);
        one_output_a_file(events.chain(others), &self.report)
    }

    /// With another place for the stream, where the usual one is taken by the stream of the run that is to be repeated: that is needed as long
    /// as this run may end before it has told anything.
    fn beside_what_it_repeats(&self) -> Result<Option<Self>, CommandError> {
        let events = Path::new(&self.events).canonicalize().ok();
        let repeated = self.choice.failed_in()?;
        if !repeated.iter().any(|path| events.is_some() && path.canonicalize().ok() == events) {
            return Ok(None);
        }
        if self.events != EVENTS {
            let title =
                format!("the run would replace {}, whose failures it repeats: choose another `--events`", self.events);
            return Err(Mistake::boxed(title));
        }
        let events = named_beside(EVENTS, "rerun");
        tell(&format!("the event stream goes to {events}, since {EVENTS} is that of the run which is repeated"));
        Ok(Some(Self { events, ..self.clone() }))
    }

    /// The same trials against the reference, whose run is told by its event stream alone.
    fn of_reference(&self) -> Option<Self> {
        let against = self.against.clone()?;
        Some(Self {
            target: against,
            against: None,
            is_reference: true,
            events: beside(&self.events).map_or_else(|| "none".to_owned(), |_| named_beside(&self.events, "reference")),
            known_failures: None,
            propose_known_failures: None,
            baseline: None,
            snapshots: None,
            accept_snapshots: false,
            terms: Terms { fail_on: Vec::new(), gate: GateBy::Conformant },
            report: Vec::new(),
            record: None,
            format: Format::Text,
            quiet: true,
            verbose: false,
            ..self.clone()
        })
    }

    fn style(&self, color: bool) -> Style {
        let progress = out::err_is_watched() && out::out_is_watched() && self.format == Format::Text;
        Style {
            color,
            progress: progress && !self.quiet && !self.verbose,
            quiet: self.quiet,
            verbose: self.verbose,
            width: width(),
        }
    }
}

/// What a run is made of, with all of its outputs open.
struct Prepared {
    plan: Plan,
    trials: Vec<Arc<Trial>>,
    opened: Opened,
    options: Options,
    outputs: Outputs,
    ledgers: Option<Ledgers>,
    baseline: Option<Report>,
}

/// How far a run came before its first request.
enum Begun {
    Ready(Box<Prepared>),
    /// Its choice selects nothing of the suite with this hash.
    Nothing(String),
    /// There are mistakes in files, which have been shown; here once more, for the reports.
    Mistaken(String),
}

pub(crate) fn run(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let moved = arguments.beside_what_it_repeats()?;
    let arguments = moved.as_ref().unwrap_or(arguments);
    // Secrets that are known when a run ends before it began.
    let mut redactor = Redactor::default();
    match prepare_both(arguments, color, &mut redactor) {
        Ok((Begun::Ready(prepared), reference)) => conduct(arguments, *prepared, reference),
        Ok((Begun::Nothing(suite), _)) => {
            // A CI system that looks for the report must find one that says that nothing ran.
            let report = Idle::nothing_ran(arguments, suite).write(arguments, None);
            if let Some(path) = &arguments.propose_known_failures {
                told(fs::write(path, propose(&report)));
            }
            if arguments.format == Format::Json {
                print_summary(arguments, &report)?;
            }
            Ok(Verdict::NothingRan.exit_code())
        }
        Ok((Begun::Mistaken(mistakes), _)) => {
            Idle::not_begun(arguments, redactor.text(&mistakes)).write(arguments, None);
            Ok(WRONG_INPUT)
        }
        Err(error) => {
            let chain = chain(error.as_ref());
            Idle::not_begun(arguments, redactor.text(&chain)).write(arguments, Some(error.as_ref()));
            Err(error)
        }
    }
}

/// A run of which only the events are wanted.
pub(crate) struct Once {
    pub(crate) choice: Choice,
    pub(crate) target: String,
    pub(crate) settings: Option<PathBuf>,
    pub(crate) jobs: Option<u16>,
    pub(crate) keep: Option<u8>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) events: String,
}

/// What came of it.
pub(crate) enum Ran {
    /// Its events are written; what the names that it gave begin with, and what kind of org it met.
    Told { prefix: String, engine: Engine },
    /// It did not come to its end, which has been told: the exit code.
    Ended(u8),
}

impl Once {
    /// The same as the arguments of `run`, of which the others are as if nobody had given them.
    fn arguments(self) -> Result<Arguments, clap::Error> {
        let command = Arguments::augment_args(clap::Command::new("run")).no_binary_name(true);
        let defaults = Arguments::from_arg_matches(&command.try_get_matches_from([""; 0])?)?;
        let Self { choice, target, settings, jobs, keep, deadline, events } = self;
        Ok(Arguments {
            choice,
            target,
            settings,
            jobs,
            keep,
            deadline,
            events,
            is_reference: true,
            quiet: true,
            shard: None,
            fail_fast: None,
            known_failures: None,
            retries: 0,
            baseline: None,
            terms: Terms { fail_on: Vec::new(), gate: GateBy::Conformant },
            ..defaults
        })
    }
}

/// Runs, and tells how it ended.
pub(crate) fn once(once: Once, color: bool) -> Result<Ran, CommandError> {
    let arguments = once.arguments()?;
    let prepared = match prepare(&arguments, color, &mut Redactor::default())? {
        Begun::Ready(prepared) => *prepared,
        Begun::Nothing(_) => return Ok(Ran::Ended(Verdict::NothingRan.exit_code())),
        Begun::Mistaken(_) => return Ok(Ran::Ended(WRONG_INPUT)),
    };
    let prefix = prepared.opened.prefix.clone();
    let engine = engine_of(&prepared.opened)?;
    let ended = carry_out(&arguments, prepared)?;
    let report = &ended.outputs.report;
    let verdict = report.verdict(FailOn::default());
    tell(&report.sentence(FailOn::default()));
    let fatal = report.preflight.iter().filter(|finding| finding.fatal);
    fatal.for_each(|finding| out::complain(finding.text.as_str()));
    let stopped = report.preflight.iter().any(|finding| finding.fatal);
    let whole = ended.whole & !ended.has_secrets(&arguments)?;
    Ok(match verdict {
        _ if !whole || stopped => Ran::Ended(unwritten(verdict).exit_code()),
        Verdict::Conformant | Verdict::NotConformant | Verdict::NoWorse | Verdict::Worse | Verdict::NotJudged => {
            Ran::Told { prefix, engine }
        }
        Verdict::NothingRan | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => {
            Ran::Ended(verdict.exit_code())
        }
    })
}

/// What kind of org the target says it is.
fn engine_of(opened: &Opened) -> Result<Engine, CommandError> {
    let client = &opened.target.client;
    let url = format!("{}/.well-known/okta-organization", client.origin());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answered = runtime.block_on(client.send(Outgoing::get(&url, "anonymous")));
    let pipeline = answered.ok().and_then(|exchange| {
        let pipeline = exchange.answer.json().ok()?.get("pipeline")?.as_str()?.to_owned();
        exchange.answer.is_success().then_some(pipeline)
    });
    Ok(match pipeline.as_deref() {
        Some("idx") => Engine::IdentityEngine,
        Some("v1") => Engine::Classic,
        Some(_) | None => Engine::Unknown,
    })
}

/// A run against the reference that another one is set beside.
struct Reference {
    arguments: Arguments,
    prepared: Box<Prepared>,
}

/// The run, and the one against its reference where there is one.
fn prepare_both(
    arguments: &Arguments,
    color: bool,
    redactor: &mut Redactor,
) -> Result<(Begun, Option<Reference>), CommandError> {
    let begun = prepare(arguments, color, redactor)?;
    let Some(of_reference) = arguments.of_reference().filter(|_| matches!(begun, Begun::Ready(_))) else {
        return Ok((begun, None));
    };
    let mut secrets = Redactor::default();
    let reference = prepare(&of_reference, color, &mut secrets)?;
    Ok(match reference {
        Begun::Ready(prepared) => (begun, Some(Reference { arguments: of_reference, prepared })),
        // The same suite and choice: what there is to say of them was said of the run itself.
        Begun::Nothing(_) | Begun::Mistaken(_) => (reference, None),
    })
}

/// Everything that can be wrong is found out here, before the first request.
fn prepare(arguments: &Arguments, color: bool, redactor: &mut Redactor) -> Result<Begun, CommandError> {
    if arguments.format == Format::Json && arguments.report.iter().any(|to| to.path.is_none()) {
        return Err(Mistake::boxed(
            "`--format json` and a report to `-` both write to stdout: choose a file for the report",
        ));
    }
    arguments.one_output_a_file()?;
    // Read before the run's own stream may take its place.
    let baseline = baseline(arguments.baseline.as_deref(), &arguments.terms)?;
    let scripts = if arguments.seed.is_some() { Scripts::Kept } else { Scripts::AsDue };
    let (mut plan, mut trials) = match arguments.choice.choose(scripts, color)? {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(plan, why) => {
            show_nothing(&why);
            return Ok(Begun::Nothing(plan.suite_hash));
        }
        Chosen::Mistaken(mistakes) => return Ok(Begun::Mistaken(mistakes)),
    };
    let shard = arguments.shard.map_or_else(settings::shard, |shard| Ok(Some(shard)))?;
    if let Some(shard) = shard {
        trials.retain(|trial| shard.holds(trial));
        if !arguments.is_reference {
            tell(&format!("shard {shard}: {}", counted(trials.len(), "trial")));
        }
    }
    if let Some(seed) = arguments.seed {
        trials.shuffle(&mut StdRng::seed_from_u64(seed));
    }
    let mut found = Vec::new();
    let known = match &arguments.known_failures {
        Some(path) => KnownFailures::read(path, &plan.trials, &mut found)?,
        None => KnownFailures::default(),
    };
    if !found.is_empty() {
        return Ok(Begun::Mistaken(show(&mut found, color)));
    }
    if let Some(expiring) = known.expiring(Utc::now().date_naive()) {
        warn(&expiring);
    }
    let left_out = arguments.choice.left_out(&plan);
    // What has run is not needed any more: a report grows while the plan shrinks.
    plan.trials = Vec::new();
    let opened = open(arguments, &plan, trials.is_empty(), redactor)?;
    let run = run_id();
    probe(arguments, &run)?;
    let ledgers = if opened.is_mock() { None } else { Some(Ledgers::find(arguments, &run)?) };
    let ledger = ledgers.as_ref().map_or_else(Ledger::none, |ledgers| {
        let of = ledger::Run {
            origin: opened.target.client.origin().to_owned(),
            run: run.clone(),
            names: Names::of_run(&opened.prefix, &run).beginning(),
            suite: plan.makes_hash(),
        };
        Ledger::new(&ledgers.directory, of)
    });
    let mut options = arguments.options(&opened, run, ledger);
    options.preflight &= !trials.is_empty();
    (options.known, options.shard, options.left_out) = (Arc::new(known), shard, left_out);
    let sweep = ledgers.as_ref().map(|ledgers| ledgers.sweep(arguments));
    if let (Some(ledgers), Some(sweep)) = (&ledgers, &sweep) {
        say_remains(&opened, ledgers, sweep);
    }
    let outputs = Outputs::open(arguments, &opened, sweep.unwrap_or_default(), color)?;
    Ok(Begun::Ready(Box::new(Prepared { plan, trials, opened, options, outputs, ledgers, baseline })))
}

/// Finds the target, says what there is to say about it, and opens it.
fn open(arguments: &Arguments, plan: &Plan, idle: bool, redactor: &mut Redactor) -> Result<Opened, CommandError> {
    let limits = Limits { request: arguments.timeout, ..Limits::default() };
    let mut located = Located::find(&arguments.target, arguments.settings.as_deref())?;
    if located.is_mock()
        && let Some(variable) = settings::names_an_org()
    {
        let hint = "use `--target URL` to run against an org";
        warn(&format!("{variable} is set, but this run is against the embedded mock: {hint}"));
    }
    target::warn(&located);
    if !located.has_credentials() {
        let hint = "set OKTA_CLIENT_TOKEN (with OKTA_CLIENT_ORGURL set, it is used for that org only), or give the target a name and principals in okta-conformance.toml";
        warn(&format!("there are no credentials for {}: {hint}", arguments.target));
    }
    if let Some(mistake) = located.unknown_name(plan) {
        return Err(Mistake::boxed(mistake));
    }
    if !located.is_mock() && !arguments.allow_default_server {
        located.withhold(plan);
    }
    // Without a trial nothing is sent, so nobody's secrets are needed.
    let opened = if idle { located.open_idle(limits) } else { target::open(&located, limits) }?;
    redactor.clone_from(&opened.redactor);
    Ok(opened)
}

/// Runs, and writes everything that was asked for, whatever of it fails.
fn conduct(arguments: &Arguments, mut prepared: Prepared, reference: Option<Reference>) -> Result<u8, CommandError> {
    let mut beside = None;
    if let Some(Reference { arguments: of_reference, prepared: reference }) = reference {
        tell(&format!("first against the reference {}", of_reference.target));
        let ended = carry_out(&of_reference, *reference)?;
        let verdict = ended.outputs.report.verdict(FailOn::default());
        let whole = ended.whole & !ended.has_secrets(&of_reference)?;
        if matches!(verdict, Verdict::Interrupted | Verdict::Terminated) {
            drop(prepared);
            let reason = Redactor::default().text("it was stopped while the run against its reference was under way");
            Idle::not_begun(arguments, reason).write(arguments, None);
            return Ok(verdict.exit_code());
        }
        beside = Some((ended.outputs.report, whole));
    }
    let history = prepared.plan.history.clone();
    let baseline = prepared.baseline.take();
    let mut ended = carry_out(arguments, prepared)?;
    let report = &mut ended.outputs.report;
    if let Some(baseline) = &baseline {
        report.compare_with(baseline);
    }
    let mut whole = ended.whole;
    if let Some((reference, of_reference)) = beside {
        whole &= of_reference
            & told(report.set_beside(&reference, |operation, place| changes_at(&history, operation, place)));
    }
    whole &= write_files(arguments, &mut ended.outputs);
    let summed_up = sum_up(arguments, &mut ended.outputs);
    whole &= !ended.has_secrets(arguments)?;
    summed_up?;
    let verdict = ended.outputs.report.verdict(arguments.terms.fail_on());
    Ok(if whole { verdict } else { unwritten(verdict) }.exit_code())
}

/// A run that has ended, and is not told yet.
struct Ended {
    outputs: Outputs,
    /// Whether all that goes with it was written.
    whole: bool,
    /// The secrets of a target that outlives the run, and where its ledger was.
    secrets: Option<(Redactor, PathBuf)>,
}

impl Ended {
    /// Whether a secret stands in what the run wrote or printed.
    fn has_secrets(&self, arguments: &Arguments) -> Result<bool, CommandError> {
        let Some((redactor, ledger)) = &self.secrets else { return Ok(false) };
        secrets_written(arguments, ledger, &self.outputs, redactor)
    }
}

/// Runs, and closes what is written while it runs.
fn carry_out(arguments: &Arguments, prepared: Prepared) -> Result<Ended, CommandError> {
    let Prepared { plan, trials, opened, options, outputs, ledgers, .. } = prepared;
    let outputs = RefCell::new(outputs);
    let stopper = Stopper::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut sink = |event: &Event| outputs.borrow_mut().take(event);
        let running = run::run(&plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink);
        tokio::select! {
            // In this order, so that somebody listens for signals before the first event is written.
            biased;
            () = signals::obeyed(&stopper) => {}
            () = flushed_at_waits(running, &outputs) => {}
        }
    });
    // Before the reports are written, which take as much: the texts of all cases are in it.
    drop(plan);
    let mut outputs = outputs.into_inner();
    if let Some(ledgers) = ledgers.as_ref().filter(|_| stopper.ended_at_once()) {
        tell(&format!("the run may have left things behind: `{}` removes them", ledgers.sweep(arguments)));
    }
    let closed = options.ledger.close();
    if let (Some(ledgers), Ok(true)) = (ledgers.as_ref().filter(|_| !stopper.ended_at_once()), &closed) {
        tell(&format!("the run's ledger lists what is left: `{}` removes it", ledgers.sweep(arguments)));
    }
    let mut whole = told(closed.map(drop));
    // The tokens of an embedded mock end with it.
    let redactor = (!opened.is_mock()).then(|| opened.redactor.clone());
    drop(opened);
    whole &= outputs.finish();
    let ledger = ledgers.map(|ledgers| ledger::file_of(&ledgers.directory, &options.run));
    Ok(Ended { outputs, whole, secrets: redactor.zip(ledger) })
}

/// The verdict of a run of which not everything that it should tell is written: nobody is to take what there is for all.
pub(crate) fn unwritten(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Conformant
        | Verdict::NotConformant
        | Verdict::NoWorse
        | Verdict::Worse
        | Verdict::NotJudged
        | Verdict::NothingRan => Verdict::NotJudged,
        Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => verdict,
    }
}

/// What earlier runs left on the target, so that nobody has to find it.
fn say_remains(opened: &Opened, ledgers: &Ledgers, sweep: &str) {
    let ledger::Found { remains, unread } = ledger::remains(&ledgers.directory, opened.target.client.origin());
    for error in &unread {
        warn(&format!("{}: what its run made may be left", with_causes(error)));
    }
    if !remains.is_empty() {
        let runs: Vec<String> =
            remains.iter().map(|remains| format!("{} ({} known)", remains.run, remains.len())).collect();
        let (name, runs) = (&opened.target.name, runs.join(", "));
        warn(&format!("earlier runs may have left things on {name}: {runs}\n  `{sweep}` removes them"));
    }
}

/// Writes the reports, each whatever becomes of the others; says whether all are written.
pub(crate) fn write_reports(
    reports: &[ReportTo],
    streamed: &mut StreamedReports,
    report: &Report,
    fail_on: FailOn,
) -> bool {
    let mut whole = streamed.finish(report, fail_on);
    for to in reports.iter().filter(|to| !to.format.is_streamed()) {
        whole &= told(write_report(to, report, fail_on));
    }
    whole
}

/// Writes the reports and the proposal, each whatever becomes of the others; says whether all are written.
fn write_files(arguments: &Arguments, outputs: &mut Outputs) -> bool {
    let (report, fail_on) = (&outputs.report, arguments.terms.fail_on());
    let mut whole = write_reports(&arguments.report, &mut outputs.streamed, report, fail_on);
    if let Some(path) = &arguments.propose_known_failures {
        let written = fs::write(path, propose(report));
        whole &= told(written.map_err(|error| Mistake::boxed(format!("cannot write {}: {error}", path.display()))));
    }
    whole
}

/// Prints how the run ended.
fn sum_up(arguments: &Arguments, outputs: &mut Outputs) -> Result<(), CommandError> {
    let fail_on = arguments.terms.fail_on();
    let summed_up = outputs.console.finish(&outputs.report, fail_on);
    match arguments.format {
        Format::Text => summed_up?,
        // Scripts read this; what is on stderr is beside it.
        Format::Json => print_summary(arguments, &outputs.report)?,
    }
    outputs.told(arguments.format)
}

fn print_summary(arguments: &Arguments, report: &Report) -> Result<(), CommandError> {
    Ok(write_json(report, arguments.terms.fail_on(), format_out())?)
}

/// Entries for what failed and is not listed yet, or not so.
fn propose(report: &Report) -> String {
    known::propose(&report.proposals(), report.count(Outcome::Errored), Utc::now().date_naive())
}
