//! `run`: chooses trials, opens the target, runs, writes what was asked for.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    CommandError, Format, Mistake, WRONG_INPUT,
    suite::{Choice, Chosen, show, show_nothing},
};
use crate::{
    event::{Event, Outcome, Stop},
    http::Limits,
    known::{self, KnownFailures},
    plan::{Shard, parse_duration},
    recording::Recorder,
    report::{Console, FailOn, Report, StreamWriter, Style, Summary, Verdict, write_junit},
    run::{self, Options, Stopper},
    settings,
    target::Opened,
};

/// Where the event stream goes unless told otherwise.
pub(crate) const EVENTS: &str = "reports/events.jsonl";

#[derive(Debug, Args)]
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
    #[arg(long, value_name = "FILE")]
    propose_known_failures: Option<PathBuf>,
    /// Try a trial that failed or could not be judged up to N times more
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: usize,
    /// What turns the run red beside failures
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<FailOnWhat>,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Where the event stream goes; `none` for nowhere
    #[arg(long, default_value = EVENTS, value_name = "PATH|none")]
    events: String,
    /// Writes what was sent and what came as a recording, without secrets
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The longest that a request may take
    #[arg(long, default_value = "30s", value_name = "DUR", value_parser = parse_duration)]
    timeout: Duration,
    /// The longest that a trial may take before it sends no further step
    #[arg(long, default_value = "5m", value_name = "DUR", value_parser = parse_duration)]
    trial_timeout: Duration,
    /// The longest that the run may take before it starts no further trial
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
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
enum FailOnWhat {
    Drift,
    Flaky,
    Warning,
}

/// A file format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Junit,
    Json,
    Coverage,
}

impl ReportFormat {
    fn default_path(self) -> PathBuf {
        PathBuf::from(match self {
            Self::Junit => "reports/junit.xml",
            Self::Json => "reports/run.json",
            Self::Coverage => "reports/coverage.md",
        })
    }
}

/// A report and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct ReportTo {
    pub(crate) format: ReportFormat,
    pub(crate) path: PathBuf,
}

/// `FORMAT` or `FORMAT=PATH`.
pub(crate) fn parse_report(text: &str) -> Result<ReportTo, String> {
    let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
    let format = ReportFormat::from_str(name, false).map_err(|_| {
        let known: Vec<String> = ReportFormat::value_variants()
            .iter()
            .filter_map(clap::ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("there is no report format `{name}`; known are {}", known.join(", "))
    })?;
    match path {
        Some("") => Err(format!("`{text}` names no file")),
        Some(path) => Ok(ReportTo { format, path: PathBuf::from(path) }),
        None => Ok(ReportTo { format, path: format.default_path() }),
    }
}

/// Writes a report beside its place and moves it there, so that no reader sees half of it.
pub(crate) fn write_report(to: &ReportTo, report: &Report, fail_on: FailOn) -> Result<(), CommandError> {
    let failed = |error: io::Error| Mistake::boxed(format!("cannot write the report {}: {error}", to.path.display()));
    if let Some(parent) = to.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut beside = to.path.clone().into_os_string();
    beside.push(".part");
    let file = fs::File::create(&beside).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    match to.format {
        ReportFormat::Junit => write_junit(report, &mut writer)?,
        ReportFormat::Coverage => {
            writer.write_all(report.coverage.table(report.operations()).as_bytes()).map_err(failed)?;
        }
        ReportFormat::Json => serde_json::to_writer_pretty(&mut writer, &Summary::of(report, fail_on))?,
    }
    writer.flush().map_err(failed)?;
    drop(writer);
    fs::rename(&beside, &to.path).map_err(failed)
}

impl Arguments {
    fn fail_on(&self) -> FailOn {
        let has = |what| self.fail_on.contains(&what);
        FailOn { drift: has(FailOnWhat::Drift), flaky: has(FailOnWhat::Flaky), warning: has(FailOnWhat::Warning) }
    }

    fn style(&self, color: bool) -> Style {
        let progress = io::stderr().is_terminal() && io::stdout().is_terminal() && self.format == Format::Text;
        Style { color, progress: progress && !self.quiet && !self.verbose, quiet: self.quiet, verbose: self.verbose }
    }
}

pub(crate) fn run(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let Some(chosen) = arguments.choice.choose(color)? else { return Ok(WRONG_INPUT) };
    let (plan, mut trials) = match chosen {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(plan, idle) => {
            show_nothing(&idle)?;
            // A CI system that looks for the report must find one that says that nothing ran.
            drop(plan);
            let report = Report::default();
            finish(arguments, &report, None)?;
            return Ok(Verdict::NothingRan.exit_code());
        }
    };
    if let Some(shard) = arguments.shard.map_or_else(settings::shard, |shard| Ok(Some(shard)))? {
        trials.retain(|trial| shard.holds(trial));
        writeln!(io::stderr(), "shard {shard}: {} trials", trials.len())?;
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
        show(&mut found, color)?;
        return Ok(WRONG_INPUT);
    }
    let limits = Limits { request: arguments.timeout, ..Limits::default() };
    let opened = Opened::open(&arguments.target, arguments.settings.as_deref(), limits)?;
    if !opened.has_credentials {
        let hint = "set OKTA_CLIENT_TOKEN, or name principals in okta-conformance.toml";
        writeln!(io::stderr(), "warning: there are no credentials for {}: {hint}", arguments.target)?;
    }
    let options = Options {
        jobs: arguments.jobs.map_or(if opened.is_mock() { 16 } else { 4 }, usize::from),
        trial_timeout: arguments.trial_timeout,
        deadline: arguments.deadline,
        fail_fast: arguments.fail_fast,
        run: run_id(),
        prefix: "okc".to_owned(),
        retries: arguments.retries,
        known: Arc::new(known),
    };
    let mut stream = match arguments.events.as_str() {
        "none" => None,
        path => Some(StreamWriter::create(Path::new(path))?),
    };
    let mut recorder = arguments.record.as_deref().map(Recorder::create).transpose()?;
    let out: Box<dyn Write> = match arguments.format {
        Format::Text => Box::new(io::stdout().lock()),
        Format::Json => Box::new(io::stderr().lock()),
    };
    let mut console = Console::new(out, arguments.style(color));
    let mut report = Report::default();
    let stopper = Stopper::default();
    let mut trouble = Trouble::default();
    let mut sink = |event: &Event| {
        report.take(event);
        if let Some(stream) = &mut stream {
            trouble.note_written(stream.write(event).map_err(Into::into), &stopper);
        }
        if let Some(recorder) = &mut recorder {
            trouble.note_written(recorder.take(event).map_err(Into::into), &stopper);
        }
        trouble.note_console(console.take(event));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cut = runtime.block_on(async {
        tokio::select! {
            () = run::run(&plan, &trials, &opened.target, &options, &opened.redactor, &stopper, &mut sink) => false,
            () = interrupted_twice(&stopper) => true,
        }
    });
    if cut {
        report.cut();
    }
    drop(opened);
    // A report is as large as the plan, and only one of them is needed at a time.
    drop((plan, trials));
    trouble.check()?;
    finish(arguments, &report, Some(&mut console))
}

/// What went wrong with the run's own outputs.
#[derive(Default)]
struct Trouble {
    written: Option<CommandError>,
    console: Option<io::Error>,
}

impl Trouble {
    /// A run that cannot be written down is stopped: it would say nothing.
    fn note_written(&mut self, written: Result<(), CommandError>, stopper: &Stopper) {
        if let Err(error) = written {
            self.written.get_or_insert(error);
            stopper.stop(Stop::Interrupt);
        }
    }

    /// A terminal that went away does not stop a run, whose reports are still wanted.
    fn note_console(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.console.get_or_insert(error);
        }
    }

    fn check(self) -> Result<(), CommandError> {
        self.written.map_or(Ok(()), Err)
    }
}

/// The first signal stops the run gently; this ends with the second.
async fn interrupted_twice(stopper: &Stopper) {
    signal().await;
    let _ = writeln!(io::stderr(), "interrupted: cleaning up (once more to stop at once)");
    stopper.stop(Stop::Interrupt);
    signal().await;
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}

/// Writes the reports, sums up, and gives the exit code.
fn finish(
    arguments: &Arguments,
    report: &Report,
    console: Option<&mut Console<Box<dyn Write>>>,
) -> Result<u8, CommandError> {
    let fail_on = arguments.fail_on();
    for to in &arguments.report {
        write_report(to, report, fail_on)?;
    }
    if let Some(path) = &arguments.propose_known_failures {
        let text = propose(report);
        fs::write(path, text).map_err(|error| Mistake::boxed(format!("cannot write {}: {error}", path.display())))?;
    }
    if let Some(console) = console {
        // Reports are written; a pipe that was closed early takes nothing away.
        let _ = console.finish(report, fail_on);
    }
    if arguments.format == Format::Json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &Summary::of(report, fail_on))?;
        writeln!(out)?;
    }
    Ok(report.verdict(fail_on).exit_code())
}

/// Entries for what failed and is not listed yet, or not so.
fn propose(report: &Report) -> String {
    let red = [Outcome::Failed, Outcome::ChangedFailure, Outcome::Expired];
    let failed: Vec<(&str, Vec<String>)> = report
        .trials
        .iter()
        .filter(|trial| red.contains(&trial.finished.outcome))
        .map(|trial| {
            (trial.finished.trial.as_str(), trial.finished.signatures.iter().map(ToString::to_string).collect())
        })
        .collect();
    known::propose(failed.iter().map(|(trial, signatures)| (*trial, signatures.as_slice())))
}

/// Six letters and digits: short in names, and no two runs of a night share it.
fn run_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bits = rand::random::<u32>();
    let mut id = String::new();
    for _ in 0..6 {
        id.push(char::from(LETTERS[(bits % 32) as usize]));
        bits /= 32;
    }
    id
}
