//! `replay`: sends recordings to a target, a file at a time, and sums up what differs.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use chrono::NaiveDate;
use clap::{
    Args,
    builder::{PathBufValueParser, TypedValueParser as _},
};
use serde_json::json;

use super::{
    CommandError, Format, Mistake, WRONG_INPUT,
    offline::{Exchanged, Offline},
    out::{self, out, shown},
    outside::{Outside, skipped},
    parse_as_of,
    run::{ReportTo, interrupted_twice, keep_inputs, one_output_a_file, output, parse_report, unwritten},
    suite, target, with_causes,
};
use crate::{
    duration::parse_limit,
    event::{Checks, Finding, Outcome, Stop, Transcript},
    finding::{Actual, CheckKind, Expected},
    http::Limits,
    level::Level,
    plan::{DEFAULT_PRINCIPAL, Plan},
    recording::Recorder,
    replay::{Difference, End, Leftovers, Recording, Replay, Replayed, all_outside},
    report::{Verdict, printable},
    run::Stopper,
    secret::Redacted,
    targets::{Located, OpenError, Opened},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Recordings: JSON Lines, HAR, files of other recorders (docs/recordings.md)
    #[arg(required_unless_present = "history", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to send to: `mock` (a fresh one for each file), a URL, or the name of a target in the settings file
    #[arg(long, default_value = "mock", value_name = "mock|URL|NAME")]
    target: String,
    /// The day whose behaviour the embedded mock shows: that of each `recording`, `today`, or DATE [default: recording]
    #[arg(long, value_name = "recording|today|DATE", value_parser = AsOf::parse)]
    as_of: Option<AsOf>,
    /// The settings file, instead of okta-conformance.toml
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_SETTINGS")]
    settings: Option<PathBuf>,
    /// Who sends the requests
    #[arg(long, default_value = DEFAULT_PRINCIPAL, value_name = "NAME")]
    principal: String,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// Write requests and answers as a recording, without secrets
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(output))]
    record: Option<PathBuf>,
    /// The longest that a request may take [default: what the settings say of the target, else 30s]
    #[arg(long, value_name = "DUR", value_parser = parse_limit)]
    timeout: Option<Duration>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// A report to write, to PATH or into reports/, in which each exchange is a trial (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Every exchange that is not equal, the explained and the not comparable ones too
    #[arg(long, short)]
    verbose: bool,
    /// Print the history of the vendor's changes, which explains differences, as Markdown
    #[arg(long, conflicts_with_all = ["files", "target", "as_of", "principal", "record", "timeout", "format", "verbose"])]
    history: bool,
}

/// Which day's behaviour the embedded mock shows.
#[derive(Debug, Clone, Copy)]
enum AsOf {
    Recording,
    Today,
    Day(NaiveDate),
}

impl AsOf {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "recording" => Ok(Self::Recording),
            "today" => Ok(Self::Today),
            day => parse_as_of(day).map(Self::Day),
        }
    }

    /// None is today.
    fn day(self, recorded: Option<NaiveDate>) -> Option<NaiveDate> {
        match self {
            Self::Recording => recorded,
            Self::Today => None,
            Self::Day(day) => Some(day),
        }
    }
}

/// How many exchanges ended as what.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    exchanges: usize,
    equal: usize,
    different: usize,
    explained: usize,
    not_comparable: usize,
    /// Of these, how many the target was asked for and gave no answer to.
    unanswered: usize,
    outside: usize,
}

#[derive(Default)]
struct Sum {
    all: Counts,
    by_year: BTreeMap<String, Counts>,
    by_history: BTreeMap<String, usize>,
    reasons: BTreeMap<String, usize>,
    outside: Outside,
    /// Exchanges that the recordings do not hold whole.
    passed_over: usize,
    told: Vec<Replayed>,
    interrupted: bool,
    /// The day whose behaviour the mock of each file showed; none is today.
    as_of: BTreeMap<String, Option<NaiveDate>>,
    broken: Vec<String>,
}

impl Sum {
    fn take(&mut self, replayed: Replayed) {
        let year = replayed.year.map_or_else(|| "unknown".to_owned(), |year| year.to_string());
        for counts in [&mut self.all, self.by_year.entry(year).or_default()] {
            counts.exchanges += 1;
            match &replayed.end {
                End::Equal => counts.equal += 1,
                End::Different(_) => counts.different += 1,
                End::Explained(_) => counts.explained += 1,
                End::NotComparable(_) => counts.not_comparable += 1,
                End::Unanswered(_) => {
                    counts.not_comparable += 1;
                    counts.unanswered += 1;
                }
                End::Outside => counts.outside += 1,
            }
        }
        match &replayed.end {
            End::Equal => return,
            End::Different(_) => {}
            End::Explained(entries) => {
                for entry in entries {
                    *self.by_history.entry(entry.clone()).or_default() += 1;
                }
            }
            End::NotComparable(reason) | End::Unanswered(reason) => {
                *self.reasons.entry(without_names(reason.as_str())).or_default() += 1;
            }
            End::Outside => {
                self.outside.take(replayed.call.as_str());
                return;
            }
        }
        self.told.push(replayed);
    }

    fn verdict(&self) -> Verdict {
        if self.interrupted {
            Verdict::Interrupted
        } else if self.all.different > 0 {
            Verdict::NotConformant
        } else if !self.broken.is_empty() || self.all.unanswered > 0 {
            Verdict::NotJudged
        } else if self.all.equal + self.all.explained == 0 {
            Verdict::NothingRan
        } else {
            Verdict::Conformant
        }
    }
}

/// Reasons that differ only in an identifier are one reason.
fn without_names(reason: &str) -> String {
    let mut parts = reason.splitn(3, '`');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(name), Some(after)) => format!("{before}{}…{after}", name.get(..3).unwrap_or_default()),
        _ => reason.to_owned(),
    }
}

pub(crate) fn replay(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let mut out = out();
    if arguments.history {
        write!(out, "{}", crate::catalogue::history(&plan))?;
        return Ok(0);
    }
    let located = Located::find(&arguments.target, arguments.settings.as_deref())?;
    if !located.is_mock() && arguments.as_of.is_some() {
        let text = format!("--as-of works only with the embedded mock, not with {}", arguments.target);
        return Err(Mistake::boxed(text));
    }
    if !located.principals.contains(&arguments.principal) {
        let text =
            format!("there are no credentials for the principal `{}` of {}", arguments.principal, arguments.target);
        return Err(Mistake::boxed(text));
    }
    target::warn(&located);
    keep_inputs(&arguments.files, &arguments.report)?;
    let record = arguments.record.iter().map(PathBuf::as_path);
    one_output_a_file(record, &arguments.report)?;
    let mut offline = Offline::begin(&arguments.report, &plan, &arguments.target, false);
    let mut recorder = arguments.record.as_deref().map(Recorder::create).transpose()?;
    let (mut sum, stopper, leftovers) = (Sum::default(), Stopper::default(), Leftovers::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let context = Context { arguments, plan: &plan, located: &located, stopper: &stopper, leftovers: &leftovers };
        tokio::select! {
            biased;
            () = interrupted_twice(&stopper) => Ok(()),
            done = all_files(&context, &mut recorder, &mut sum, &mut offline) => done,
        }
    });
    sum.interrupted = stopper.stopped();
    // What is left is to be known, whatever else went wrong.
    if !located.is_mock() {
        for line in leftovers.lines() {
            out::tell(&line);
        }
    }
    done?;
    if let Some(recorder) = &mut recorder {
        recorder.finish()?;
    }
    for broken in &sum.broken {
        offline.broken(broken);
        out::complain(broken);
    }
    let whole = offline.finish(sum.interrupted.then_some(Stop::Interrupt));
    match arguments.format {
        Format::Text => text(&sum, arguments.verbose, &mut out)?,
        Format::Json => {
            out::json(&summary(&sum))?;
        }
    }
    let verdict = sum.verdict();
    let broken = !sum.broken.is_empty() && !matches!(verdict, Verdict::NotConformant | Verdict::Interrupted);
    Ok(match (broken, whole) {
        (true, _) => WRONG_INPUT,
        (false, true) => verdict.exit_code(),
        (false, false) => unwritten(verdict).exit_code(),
    })
}

/// An exchange as reports tell it.
fn exchanged(replayed: &Replayed, exchange: Option<Transcript>) -> Exchanged<'_> {
    let call = replayed.call.as_str();
    let (outcome, reason) = match &replayed.end {
        End::Equal => (Outcome::Passed, None),
        End::Different(_) => (Outcome::Failed, None),
        End::Explained(entries) => {
            (Outcome::Warned, Some(format!("the history of the vendor explains it: {}", entries.join(", "))))
        }
        End::NotComparable(reason) => (Outcome::NotApplicable, Some(reason.to_string())),
        End::Unanswered(reason) => (Outcome::Errored, Some(reason.to_string())),
        End::Outside => (Outcome::NotApplicable, Some("the suite does not describe this operation".to_owned())),
    };
    let findings: Vec<Finding> = match &replayed.end {
        End::Different(differences) => differences.iter().map(finding).collect(),
        End::Equal | End::Explained(_) | End::NotComparable(_) | End::Unanswered(_) | End::Outside => Vec::new(),
    };
    Exchanged {
        place: &replayed.place,
        operation: Some(call).filter(|_| !matches!(replayed.end, End::Outside)),
        title: format!("{call} answers as recorded ({})", replayed.id),
        outcome,
        reason,
        checks: Checks { must: findings.len().max(1), ..Checks::default() },
        findings,
        drift: Vec::new(),
        held: BTreeSet::new(),
        exchange,
    }
}

/// A difference as a finding: what was recorded is expected.
fn finding(difference: &Difference) -> Finding {
    let place = difference.place.as_str();
    let pointer = (place.is_empty() || place.starts_with('/')).then(|| difference.place.clone());
    let check = match (pointer.is_some(), place.split_once(' ')) {
        (true, _) => CheckKind::Body,
        (false, Some(("header", name))) => CheckKind::Header(name.into()),
        (false, Some(("link", relation))) => CheckKind::Link(relation.into()),
        (false, _) if place == "status" => CheckKind::Status,
        (false, _) => CheckKind::Other(place.into()),
    };
    Finding {
        check,
        implied_by: None,
        level: Level::Must,
        requirements: Vec::new(),
        pointer,
        expected: difference.recorded.clone().map_or(Expected::Absent, Expected::Legacy),
        actual: difference.actual.clone().map_or(Actual::Absent, Actual::Legacy),
        signature: None,
        place: None,
    }
}

/// What all files have in common.
struct Context<'a> {
    arguments: &'a Arguments,
    plan: &'a Plan,
    located: &'a Located,
    stopper: &'a Stopper,
    leftovers: &'a Leftovers,
}

impl Context<'_> {
    /// The target for a recording: a mock begins anew with each, with the people that the recording speaks of.
    fn open(&self, recording: &Recording, day: Option<NaiveDate>) -> Result<Opened, OpenError> {
        let limits = Limits { request: self.arguments.timeout, ..Limits::default() };
        if self.located.is_mock() {
            return Opened::mock_holding(limits, &recording.names_of_others, day);
        }
        target::open(self.located, limits)
    }
}

async fn all_files(
    context: &Context<'_>,
    recorder: &mut Option<Recorder>,
    sum: &mut Sum,
    offline: &mut Offline<'_>,
) -> Result<(), CommandError> {
    let last: RefCell<Option<Transcript>> = RefCell::default();
    let mut take = |sum: &mut Sum, replayed: Replayed| {
        offline.take(exchanged(&replayed, last.take()));
        sum.take(replayed);
    };
    let Context { arguments, plan, located, stopper, leftovers } = *context;
    let mut opened: Option<Opened> = None;
    for file in &arguments.files {
        if stopper.stopped() {
            return Ok(());
        }
        let recording = match Recording::read(file, plan) {
            Ok(recording) => recording,
            // The other files are still replayed.
            Err(error) => {
                sum.passed_over += error.passed_over();
                sum.broken.push(with_causes(&error));
                continue;
            }
        };
        sum.passed_over += skipped(&recording.passed_over);
        if !recording.can_be_sent {
            if let Err(error) = all_outside(plan, recording, &mut |replayed| take(sum, replayed)).await {
                sum.broken.push(with_causes(&error));
            }
            continue;
        }
        let opened = match opened.take() {
            Some(same) if !same.is_mock() => opened.insert(same),
            _ => {
                let day = arguments.as_of.unwrap_or(AsOf::Recording).day(recording.day);
                if located.is_mock() {
                    sum.as_of.insert(file.display().to_string(), day);
                }
                opened.insert(context.open(&recording, day)?)
            }
        };
        let mut replay = Replay::new(plan, opened, &arguments.principal, stopper, leftovers);
        let mut trouble = None;
        let mut traffic = |exchange: &Transcript, principal: &str| {
            if !arguments.report.is_empty() {
                last.replace(Some(exchange.clone()));
            }
            if let Some(recorder) = recorder.as_mut()
                && let Err(error) = recorder.write(exchange, "replay", principal)
            {
                trouble.get_or_insert(error);
            }
        };
        let read = replay.replay(recording, &mut |replayed| take(sum, replayed), &mut traffic).await;
        sum.broken.extend(read.err().map(|error| with_causes(&error)));
        if let Some(error) = trouble {
            return Err(error.into());
        }
    }
    Ok(())
}

fn side(text: Option<&Redacted>) -> &str {
    text.map_or("nothing", Redacted::as_str)
}

fn text(sum: &Sum, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    for replayed in &sum.told {
        match &replayed.end {
            End::Different(differences) => {
                let line = format!("different {} {} ({})", replayed.place, replayed.id, replayed.call);
                writeln!(out, "{}", shown(&line))?;
                for difference in differences {
                    let place = Some(difference.place.as_str()).filter(|place| !place.is_empty()).unwrap_or("body");
                    let (recorded, actual) = (side(difference.recorded.as_ref()), side(difference.actual.as_ref()));
                    let line = format!("  {place}\n    recorded: {recorded}\n    actual:   {actual}");
                    writeln!(out, "{}", printable(&line))?;
                }
            }
            End::Explained(entries) if verbose => {
                let line = format!("explained {} ({}): {}", replayed.id, replayed.call, entries.join(", "));
                writeln!(out, "{}", shown(&line))?;
            }
            End::NotComparable(reason) | End::Unanswered(reason) if verbose => {
                let line = format!("not comparable {} ({}): {reason}", replayed.id, replayed.call);
                writeln!(out, "{}", shown(&line))?;
            }
            End::Equal | End::Explained(_) | End::NotComparable(_) | End::Unanswered(_) | End::Outside => {}
        }
    }
    if !sum.by_history.is_empty() {
        writeln!(out, "explained by the vendor's history")?;
        for (entry, count) in &sum.by_history {
            writeln!(out, "  {count:>6}  {entry}")?;
        }
    }
    if !sum.reasons.is_empty() {
        writeln!(out, "not comparable")?;
        for (reason, count) in &sum.reasons {
            writeln!(out, "  {count:>6}  {}", shown(reason))?;
        }
    }
    if sum.passed_over > 0 {
        writeln!(out, "skipped: the recording does not have the whole answer\n  {:>6}", sum.passed_over)?;
    }
    sum.outside.write("outside: operations that the suite does not describe; not sent", out)?;
    if let Some(line) = as_of(sum) {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "\n{:>8} {:>10} {:>8} {:>10} {:>10} {:>15} {:>8}",
        "year", "exchanges", "equal", "explained", "different", "not comparable", "outside"
    )?;
    for (year, counts) in &sum.by_year {
        row(year, counts, out)?;
    }
    row("all", &sum.all, out)
}

/// What the embedded mock was, in words.
fn as_of(sum: &Sum) -> Option<String> {
    let days = || sum.as_of.values().flatten();
    let dated = match (days().min()?, days().max()?) {
        (first, last) if first == last => format!("the mock behaved as of {first}"),
        (first, last) => format!("the mock behaved as of the day of each recording, {first} to {last}"),
    };
    Some(format!("{dated} (--as-of today: as today)"))
}

fn row(name: &str, counts: &Counts, out: &mut impl Write) -> io::Result<()> {
    let Counts { exchanges, equal, different, explained, not_comparable, unanswered: _, outside } = counts;
    writeln!(
        out,
        "{name:>8} {exchanges:>10} {equal:>8} {explained:>10} {different:>10} {not_comparable:>15} {outside:>8}"
    )
}

fn summary(sum: &Sum) -> serde_json::Value {
    let counts = |counts: &Counts| {
        json!({
            "exchanges": counts.exchanges, "equal": counts.equal, "different": counts.different,
            "explained": counts.explained, "not_comparable": counts.not_comparable, "outside": counts.outside,
        })
    };
    let differences: Vec<_> = sum
        .told
        .iter()
        .filter_map(|replayed| match &replayed.end {
            End::Different(differences) => Some(json!({
                "place": replayed.place, "id": replayed.id, "call": replayed.call,
                "differences": differences.iter().map(|difference| json!({
                    "place": difference.place, "recorded": difference.recorded, "actual": difference.actual,
                })).collect::<Vec<_>>(),
            })),
            End::Equal | End::Explained(_) | End::NotComparable(_) | End::Unanswered(_) | End::Outside => None,
        })
        .collect();
    let mut object = counts(&sum.all);
    object["version"] = json!(1);
    object["as_of"] = json!(sum.as_of);
    object["verdict"] = json!(sum.verdict().name());
    object["by_year"] = sum.by_year.iter().map(|(year, year_counts)| (year.clone(), counts(year_counts))).collect();
    object["by_history"] = json!(sum.by_history);
    object["reasons"] = json!(sum.reasons);
    object["outside_calls"] = json!(sum.outside.by_call().collect::<BTreeMap<_, _>>());
    object["passed_over"] = json!(sum.passed_over);
    object["differences"] = json!(differences);
    object["broken"] = json!(sum.broken);
    object
}
