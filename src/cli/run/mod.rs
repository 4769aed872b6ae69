//! `run`: chooses trials, opens the target, runs, writes what was asked for.

mod outputs;
mod printed;
mod reports;
mod scan;
mod signals;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use clap::{
    Args, ValueEnum,
    builder::{PathBufValueParser, StringValueParser, TypedValueParser as _},
};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

pub(crate) use self::reports::{ReportFormat, ReportTo, output, parse_report, write_report};
pub(super) use self::signals::interrupted_twice;
use self::{
    outputs::{Outputs, flushed_at_waits},
    scan::secrets_written,
};
use super::{
    CommandError, Format, Mistake, WRONG_INPUT, listed,
    out::out,
    streams::baseline,
    suite::{Choice, Chosen, show, show_nothing},
    target, width, with_causes,
};
use crate::{
    counted::counted,
    event::{Event, Outcome},
    http::Limits,
    known::{self, KnownFailures},
    ledger::{self, Ledger},
    naming::{Names, run_id},
    plan::{Plan, Shard, parse_limit},
    report::{Console, FailOn, Report, Style, Summary, Verdict, printable},
    run::{self, Options, SETTLING, Stopper},
    settings,
    target::{Located, Opened},
};

/// Where the event stream goes unless told otherwise.
pub(crate) const EVENTS: &str = "reports/events.jsonl";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line that do not depend on each other")]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// What to run against: `mock` (the one inside this program), a URL, or a name of the settings file
    #[arg(long, default_value = "mock", value_name = "mock|URL|NAME")]
    target: String,
    /// The settings file, in the place of okta-conformance.toml
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Trials at a time [default: 16 against the mock, else 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    jobs: Option<u16>,
    /// Run one part of the trials, such as 2/5 [default: what `CI_NODE_INDEX` and `CI_NODE_TOTAL` say,
    /// or `JOB_COMPLETION_INDEX`]
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Run the trials in an order that N decides, in the place of the suite's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Stop after N failed trials
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", require_equals = true)]
    fail_fast: Option<usize>,
    /// Failures that are expected, each with its reason and the day until which
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,
    /// Writes a known-failures file of what failed, to be filled in
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(output))]
    propose_known_failures: Option<PathBuf>,
    /// Try a trial that failed or could not be judged up to N times more
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: usize,
    /// Stop after N trials in a row that met nothing but trouble with the infrastructure; 0 never stops
    #[arg(long, value_name = "N", default_value_t = 20)]
    breaker: usize,
    /// How much of each rate limit is left to other users of the org, in percent [default: what the settings say, or 50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=99))]
    keep: Option<u8>,
    /// Let cases write to the default server of a target that declares it
    #[arg(long)]
    allow_default_server: bool,
    /// Start without asking first whether the target is there and lets its principals in
    #[arg(long)]
    no_preflight: bool,
    /// Compare with this older run, and be red if anything got worse: its event stream, or those of its parts with commas between, or
    /// their directory
    #[arg(long, value_name = "EVENTS")]
    baseline: Option<String>,
    /// Hold what the target says in each trial to the snapshots below DIR, which `cargo insta review` shows and accepts
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Accept what the target says as its snapshots, and remove those of trials that are no more
    #[arg(long, requires = "snapshots")]
    accept_snapshots: bool,
    /// What turns the run red beside failures
    #[arg(long, value_parser = listed::words::<FailOnWhat>(), value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<FailOnWhat>,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Where the event stream goes; `none` for nowhere
    #[arg(long, default_value = EVENTS, value_name = "PATH|none", value_parser = StringValueParser::new().try_map(output))]
    events: String,
    /// Writes what was sent and what came as a recording, without secrets
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(output))]
    record: Option<PathBuf>,
    /// The longest that a request may take [default: what the settings say of the target, else 30s]
    #[arg(long, value_name = "DUR", value_parser = parse_limit)]
    timeout: Option<Duration>,
    /// The longest that a trial may take before it sends no further step
    #[arg(long, default_value = "5m", value_name = "DUR", value_parser = parse_limit)]
    trial_timeout: Duration,
    /// The longest that the run may take before it starts no further trial
    #[arg(long, value_name = "DUR", value_parser = parse_limit)]
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

/// What the flags say.
pub(crate) fn fail_on(flags: &[FailOnWhat]) -> FailOn {
    let has = |what| flags.contains(&what);
    FailOn {
        drift: has(FailOnWhat::Drift),
        flaky: has(FailOnWhat::Flaky),
        warning: has(FailOnWhat::Warning),
        latency: has(FailOnWhat::Latency),
    }
}

impl Arguments {
    fn options(&self, plan: &Plan, opened: &Opened) -> Options {
        let run = run_id();
        let ledger = if opened.is_mock() {
            Ledger::none()
        } else {
            let of = ledger::Run {
                origin: opened.target.client.origin().to_owned(),
                run: run.clone(),
                names: Names::of_run(&opened.prefix, &run).beginning(),
                suite: plan.makes_hash(),
            };
            Ledger::new(Path::new(ledger::DIRECTORY), of)
        };
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
            preflight: !opened.is_mock() && !self.no_preflight,
            ledger: Rc::new(ledger),
            settling: if opened.is_mock() { Duration::ZERO } else { SETTLING },
            ..Options::default()
        }
    }

    /// Two outputs in one file would be neither.
    fn one_output_a_file(&self) -> Result<(), CommandError> {
        let events = Some(Path::new(&self.events)).filter(|path| *path != Path::new("none"));
        let others = [&self.record, &self.propose_known_failures].into_iter().flatten().map(PathBuf::as_path);
        let reports = self.report.iter().filter_map(|to| to.path()).map(PathBuf::as_path);
        let mut seen = BTreeSet::new();
        // A device takes what it is given.
        for path in events.into_iter().chain(others).chain(reports).filter(|path| !path.starts_with("/dev")) {
            if !seen.insert(std::path::absolute(path)?) {
                let title = format!("two outputs of the run want the file {}: name another one", path.display());
                return Err(Mistake::boxed(title));
            }
        }
        Ok(())
    }

    fn style(&self, color: bool) -> Style {
        let progress = io::stderr().is_terminal() && io::stdout().is_terminal() && self.format == Format::Text;
        Style {
            color,
            progress: progress && !self.quiet && !self.verbose,
            quiet: self.quiet,
            verbose: self.verbose,
            width: width(),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    if arguments.format == Format::Json && arguments.report.iter().any(|to| to.path().is_none()) {
        return Err(Mistake::boxed("`--format json` and a report to `-` both want stdout: name a file for the report"));
    }
    arguments.one_output_a_file()?;
    // Read before anything is sent, and before the run's own stream may take its place.
    let baseline = baseline(arguments.baseline.as_deref(), &arguments.fail_on)?;
    let Some(chosen) = arguments.choice.choose(color)? else { return Ok(WRONG_INPUT) };
    let (mut plan, mut trials) = match chosen {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(plan, idle) => {
            show_nothing(&idle)?;
            // A CI system that looks for the report must find one that says that nothing ran.
            drop(plan);
            finish(arguments, &Report::default(), None)?;
            return Ok(Verdict::NothingRan.exit_code());
        }
    };
    let shard = arguments.shard.map_or_else(settings::shard, |shard| Ok(Some(shard)))?;
    if let Some(shard) = shard {
        trials.retain(|trial| shard.holds(trial));
        writeln!(io::stderr(), "shard {shard}: {}", counted(trials.len(), "trial"))?;
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
        show(&mut found, color);
        return Ok(WRONG_INPUT);
    }
    // What has run is not needed any more: a report grows while the plan shrinks.
    plan.trials.clear();
    let limits = Limits { request: arguments.timeout, ..Limits::default() };
    let mut located = Located::find(&arguments.target, arguments.settings.as_deref())?;
    if located.is_mock()
        && let Some(variable) = settings::names_an_org()
    {
        let hint = "`--target URL` runs against an org";
        writeln!(io::stderr(), "warning: {variable} is set, but this run is against the embedded mock: {hint}")?;
    }
    target::warn(&located)?;
    if !located.has_credentials() {
        let hint = "set OKTA_CLIENT_TOKEN (where OKTA_CLIENT_ORGURL is set, it is that org's alone), or give the target a name and principals in okta-conformance.toml";
        writeln!(io::stderr(), "warning: there are no credentials for {}: {hint}", arguments.target)?;
    }
    if let Some(mistake) = located.unknown_name(&plan) {
        return Err(Mistake::boxed(mistake));
    }
    if !located.is_mock() && !arguments.allow_default_server {
        located.withhold(&plan);
    }
    // Without a trial nothing is sent, so nobody's secrets are needed.
    let opened = if trials.is_empty() { located.open_idle(limits) } else { target::open(&located, limits) }?;
    let mut options = arguments.options(&plan, &opened);
    options.preflight &= !trials.is_empty();
    (options.known, options.shard) = (Arc::new(known), shard);
    options.selection = arguments.choice.selection();
    say_remains(&opened)?;
    let outputs = RefCell::new(Outputs::open(arguments, &opened, color)?);
    let stopper = Stopper::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cut = runtime.block_on(async {
        let mut sink = |event: &Event| outputs.borrow_mut().take(event, &stopper);
        let running = run::run(&plan, trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink);
        tokio::select! {
            // In this order, so that somebody listens for signals before the first event is written.
            biased;
            () = interrupted_twice(&stopper) => true,
            () = flushed_at_waits(running, &outputs) => false,
        }
    });
    let mut outputs = outputs.into_inner();
    if cut {
        outputs.report.cut();
        let name = &opened.target.name;
        writeln!(io::stderr(), "what the run made may be left: `okta-conformance sweep --target {name}` removes it")?;
    }
    let left = options.ledger.close()?;
    if left && !cut {
        let name = &opened.target.name;
        writeln!(
            io::stderr(),
            "what is left stands in the ledger of the run: `okta-conformance sweep --target {name}` removes it"
        )?;
    }
    // The tokens of an embedded mock end with it.
    let redactor = (!opened.is_mock()).then(|| opened.redactor.clone());
    drop(opened);
    outputs.check()?;
    if let Some(baseline) = &baseline {
        outputs.report.compare_with(baseline);
    }
    let code = finish(arguments, &outputs.report, Some(&mut outputs.console));
    let code = code.and_then(|code| outputs.told(arguments.format).map(|()| code));
    match redactor {
        Some(redactor) if secrets_written(arguments, &options.run, &outputs, &redactor)? => {
            code.map(|_| Verdict::NotJudged.exit_code())
        }
        _ => code,
    }
}

/// What earlier runs left on the target, so that nobody has to find it.
fn say_remains(opened: &Opened) -> Result<(), CommandError> {
    let ledger::Found { remains, unread } =
        ledger::remains(Path::new(ledger::DIRECTORY), opened.target.client.origin());
    for error in &unread {
        writeln!(io::stderr(), "warning: {}: what its run made may be left", printable(&with_causes(error)))?;
    }
    if !remains.is_empty() {
        let runs: Vec<String> =
            remains.iter().map(|remains| format!("{} ({} known)", remains.run, remains.len())).collect();
        let name = &opened.target.name;
        writeln!(
            io::stderr(),
            "warning: what earlier runs made may be left on {name}: {}\n  `okta-conformance sweep --target {name}` removes it",
            runs.join(", ")
        )?;
    }
    Ok(())
}

/// Writes the reports, sums up, and gives the exit code.
fn finish(
    arguments: &Arguments,
    report: &Report,
    console: Option<&mut Console<Box<dyn Write>>>,
) -> Result<u8, CommandError> {
    let fail_on = fail_on(&arguments.fail_on);
    for to in &arguments.report {
        write_report(to, report, fail_on)?;
    }
    if let Some(path) = &arguments.propose_known_failures {
        let text = propose(report);
        fs::write(path, text).map_err(|error| Mistake::boxed(format!("cannot write {}: {error}", path.display())))?;
    }
    let summed_up = console.map_or(Ok(()), |console| console.finish(report, fail_on));
    match arguments.format {
        Format::Text => summed_up?,
        // Scripts read this; what is on stderr is beside it.
        Format::Json => writeln!(out(), "{}", Summary::of(report, fail_on).json()?)?,
    }
    Ok(report.verdict(fail_on).exit_code())
}

/// Entries for what failed and is not listed yet, or not so.
fn propose(report: &Report) -> String {
    let failed: Vec<(&str, Vec<String>)> = report
        .trials
        .iter()
        .filter(|trial| trial.finished.outcome.departs() && trial.finished.outcome != Outcome::UnexpectedPass)
        .map(|trial| {
            (trial.finished.trial.as_str(), trial.finished.signatures.iter().map(ToString::to_string).collect())
        })
        .collect();
    known::propose(failed.iter().map(|(trial, signatures)| (*trial, signatures.as_slice())))
}
