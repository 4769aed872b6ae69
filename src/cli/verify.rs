//! `verify`: judges recorded traffic file by file and sums up.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use super::{
    CommandError, Format, WRONG_INPUT, dates,
    offline::{Exchanged, Offline},
    out::{self, out, shown, width},
    outside::{Outside, skipped},
    run::{ReportTo, keep_inputs, one_output_a_file, parse_report},
    suite, with_causes,
};
use crate::{
    counted::counted,
    event::Outcome,
    level::Level,
    report::{Verdict, fit, printable},
    sightings::Sightings,
    verify::{Judged, verify as judge_file},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Recordings: JSON Lines, HAR, files of other recorders (docs/recordings.md)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// Write into `cases/requirements.yaml` of `--suite` when these recordings last showed each requirement, and in how many orgs
    #[arg(long, requires = "suite")]
    apply: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// A report to write, to PATH or into reports/, in which each exchange is a trial (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
}

/// As many exchanges with something wrong in them are told one by one, and as many kinds of drift. The others are counted: a recording may
/// have any number.
const MOST_TOLD: usize = 1000;

/// What all files came to.
#[derive(Default)]
struct Sum {
    exchanges: usize,
    /// Recorded, but without a whole answer.
    passed_over: usize,
    /// Answers of what stood before the service, by status and operation.
    infrastructure: BTreeMap<(u16, String), usize>,
    failed: Vec<Judged>,
    warned: Vec<Judged>,
    /// How many failed, and how many drew a warning, beside those.
    untold: (usize, usize),
    headers: usize,
    judged: BTreeMap<String, usize>,
    outside: Outside,
    drift: BTreeMap<(String, String, Option<String>), (usize, String)>,
    broken: Vec<String>,
}

impl Sum {
    fn take(&mut self, judged: Judged) {
        self.exchanges += 1;
        self.headers += usize::from(judged.headers);
        let Some(operation) = &judged.operation else {
            self.outside.take(&judged.call);
            return;
        };
        if let Some(status) = judged.infrastructure {
            *self.infrastructure.entry((status, operation.clone())).or_default() += 1;
            return;
        }
        *self.judged.entry(operation.clone()).or_default() += 1;
        for drift in &judged.drift {
            let pointer = drift.pointer.as_str().split('/').map(star).collect::<Vec<_>>().join("/");
            let key = (drift.call.clone(), pointer, drift.explained.clone());
            if self.drift.len() >= MOST_TOLD && !self.drift.contains_key(&key) {
                continue;
            }
            let entry = self.drift.entry(key).or_insert_with(|| (0, drift.value.to_string()));
            entry.0 += 1;
        }
        if judged.failed() {
            Self::keep(judged, &mut self.failed, &mut self.untold.0);
        } else if judged.findings.iter().any(|finding| finding.level == Level::Should) {
            Self::keep(judged, &mut self.warned, &mut self.untold.1);
        }
    }

    fn keep(judged: Judged, told: &mut Vec<Judged>, untold: &mut usize) {
        if told.len() < MOST_TOLD {
            told.push(judged);
        } else {
            *untold += 1;
        }
    }

    fn verdict(&self) -> Verdict {
        if !self.failed.is_empty() {
            Verdict::NotConformant
        } else if !self.broken.is_empty() || !self.infrastructure.is_empty() {
            Verdict::NotJudged
        } else if self.judged.is_empty() {
            Verdict::NothingRan
        } else {
            Verdict::Conformant
        }
    }
}

pub(crate) fn verify(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    keep_inputs(&arguments.files, &arguments.report)?;
    one_output_a_file(std::iter::empty(), &arguments.report)?;
    let (mut sum, mut sightings) = (Sum::default(), arguments.apply.then(|| Sightings::new(&plan)));
    let mut offline = Offline::begin(&arguments.report, &plan, "recordings", true);
    for file in &arguments.files {
        let tells = offline.is_wanted();
        let take = |mut judged: Judged| {
            if let Some(sightings) = &mut sightings {
                sightings.take(&judged);
            }
            if offline.is_wanted() {
                offline.take(exchanged(&mut judged));
            }
            sum.take(judged);
        };
        match judge_file(file, &plan, tells, take) {
            Ok(passed_over) => sum.passed_over += skipped(&passed_over),
            // The other files are still judged.
            Err(error) => {
                sum.passed_over += error.passed_over();
                offline.broken(&with_causes(&error));
                sum.broken.push(with_causes(&error));
            }
        }
    }
    let whole = offline.finish(None);
    for broken in &sum.broken {
        out::complain(broken);
    }
    match (&arguments.suite, &sightings) {
        (Some(suite), Some(sightings)) if sum.broken.is_empty() => dates::apply(suite, &plan, &sightings.seen())?,
        (Some(_), Some(_)) => out::complain("no dates were written, since not all files could be read"),
        (_, _) => {}
    }
    let mut out = out();
    match arguments.format {
        Format::Text => {
            let mut lines = Vec::new();
            text(&sum, arguments.files.len(), &mut lines)?;
            write!(out, "{}", fit(&String::from_utf8(lines)?, width()))?;
        }
        Format::Json => {
            out::json(&summary(&sum))?;
        }
    }
    let code = sum.verdict().exit_code();
    let broken = !sum.broken.is_empty() && code != Verdict::NotConformant.exit_code();
    let code = if broken { WRONG_INPUT } else { code };
    // Nobody is to take the reports that there are for all of them.
    Ok(if whole || code != 0 { code } else { Verdict::NotJudged.exit_code() })
}

/// An exchange as reports tell it.
fn exchanged(judged: &mut Judged) -> Exchanged<'_> {
    let warns = judged.findings.iter().any(|finding| finding.level == Level::Should);
    let (outcome, reason) = match (&judged.operation, judged.infrastructure) {
        (None, _) => (Outcome::NotApplicable, Some("the suite does not describe this operation".to_owned())),
        (_, Some(status)) => (Outcome::Errored, Some(format!("a gateway or proxy answered {status}"))),
        (Some(_), None) if judged.failed() => (Outcome::Failed, None),
        (Some(_), None) if warns => (Outcome::Warned, None),
        (Some(_), None) => (Outcome::Passed, None),
    };
    Exchanged {
        place: &judged.place,
        operation: judged.operation.as_deref(),
        title: format!("{} ({})", judged.call, judged.id),
        outcome,
        reason,
        checks: judged.checks,
        findings: judged.findings.clone(),
        drift: judged.drift.clone(),
        held: std::mem::take(&mut judged.held),
        exchange: judged.exchange.take(),
    }
}

fn text(sum: &Sum, files: usize, out: &mut impl Write) -> io::Result<()> {
    for (word, list, untold) in [("failed", &sum.failed, sum.untold.0), ("warning", &sum.warned, sum.untold.1)] {
        for judged in list {
            let operation = judged.operation.as_deref().unwrap_or_default();
            writeln!(out, "{word} {} ({operation})", shown(&format!("{} {}", judged.place, judged.id)))?;
            for finding in &judged.findings {
                let at = finding.at().map(|pointer| format!(" at {pointer}")).unwrap_or_default();
                let (expected, actual) = (finding.expected(), finding.actual());
                let line = format!("  {}{at}\n    expected: {expected}\n    actual:   {actual}", finding.check);
                writeln!(out, "{}", printable(&line))?;
                for requirement in &finding.requirements {
                    writeln!(out, "    requirement {}: {}", requirement.id, requirement.text)?;
                    writeln!(out, "      source: {}", requirement.evidence)?;
                    if let Some(age) = requirement.age {
                        writeln!(out, "      {age}")?;
                    }
                }
            }
            if judged.left_out > 0 {
                writeln!(out, "  and at least {} in this answer", counted(judged.left_out, "more place"))?;
            }
            writeln!(out)?;
        }
        if untold > 0 {
            writeln!(out, "{word} {} that are not listed\n", counted(untold, "more exchange"))?;
        }
    }
    writeln!(out, "judged")?;
    for (operation, count) in &sum.judged {
        writeln!(out, "  {count:>6}  {operation}")?;
    }
    sum.outside.write("outside: operations that the suite does not describe", out)?;
    if !sum.drift.is_empty() {
        writeln!(out, "drift: in answers, but not in the vendor's documents")?;
        for ((call, pointer, explained), (count, value)) in &sum.drift {
            let why = explained.as_ref().map_or("new".to_owned(), |id| format!("explained by {id}"));
            writeln!(out, "{}", shown(&format!("  {count:>6}  {call} {pointer} = {value} ({why})")))?;
        }
    }
    if !sum.infrastructure.is_empty() {
        writeln!(out, "not judged: answers from a gateway or proxy")?;
        for ((status, operation), count) in &sum.infrastructure {
            writeln!(out, "  {count:>6}  {status} to {operation}")?;
        }
    }
    if sum.passed_over > 0 {
        writeln!(out, "skipped: the recording does not have the whole answer\n  {:>6}", sum.passed_over)?;
    }
    let judged: usize = sum.judged.values().sum();
    let outside = sum.outside.total();
    writeln!(
        out,
        "\n{}: {} in {}: {judged} judged ({} of them with their headers), {} failed, {} warned, {outside} outside, {} of drift, {} broken",
        sum.verdict().name(),
        counted(sum.exchanges, "exchange"),
        counted(files, "file"),
        sum.headers,
        sum.failed.len() + sum.untold.0,
        sum.warned.len() + sum.untold.1,
        counted(sum.drift.len(), "kind"),
        counted(sum.broken.len(), "file"),
    )
}

fn summary(sum: &Sum) -> serde_json::Value {
    let drifted: Vec<_> = sum
        .drift
        .iter()
        .map(|((call, pointer, explained), (count, value))| {
            json!({ "call": call, "pointer": pointer, "value": value, "count": count, "explained": explained })
        })
        .collect();
    let failures: Vec<_> = sum
        .failed
        .iter()
        .map(|judged| json!({ "place": judged.place, "id": judged.id, "operation": judged.operation, "findings": judged.findings, "left_out": judged.left_out }))
        .collect();
    json!({
        "version": 2,
        "verdict": sum.verdict().name(),
        "exchanges": sum.exchanges,
        "judged": sum.judged.values().sum::<usize>(),
        "failed": sum.failed.len() + sum.untold.0,
        "warned": sum.warned.len() + sum.untold.1,
        "drift": sum.drift.len(),
        "passed_over": sum.passed_over,
        "infrastructure": sum.infrastructure.values().sum::<usize>(),
        "outside": sum.outside.total(),
        "by_operation": sum.judged,
        "outside_calls": sum.outside.by_call().collect::<BTreeMap<_, _>>(),
        "drifted": drifted,
        "failures": failures,
        "broken": sum.broken,
    })
}

fn star(step: &str) -> &str {
    if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { step }
}
