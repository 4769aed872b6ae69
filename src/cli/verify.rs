//! `verify`: judges recorded traffic file by file and sums up.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde_json::json;

use super::{
    CommandError, Format, WRONG_INPUT,
    out::{self, out, shown, width},
    suite,
};
use crate::{
    counted::counted,
    level::Level,
    report::{Verdict, fit, printable},
    verify::{Judged, verify as judge_file},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Recordings: JSON Lines, HAR, cassettes of go-vcr and vcrpy
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A directory with `cases/` and `schemas/`, in the place of the suite inside this program
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// What all files came to.
#[derive(Default)]
struct Sum {
    exchanges: usize,
    /// Recorded, but without a whole answer.
    passed_over: usize,
    failed: Vec<Judged>,
    warned: Vec<Judged>,
    headers: usize,
    judged: BTreeMap<String, usize>,
    outside: BTreeMap<String, usize>,
    drift: BTreeMap<(String, String, Option<String>), (usize, String)>,
    broken: Vec<String>,
}

impl Sum {
    fn take(&mut self, judged: Judged) {
        self.exchanges += 1;
        self.headers += usize::from(judged.headers);
        let Some(operation) = &judged.operation else {
            *self.outside.entry(shape(&judged.call)).or_default() += 1;
            return;
        };
        *self.judged.entry(operation.clone()).or_default() += 1;
        for drift in &judged.drift {
            let pointer = drift.pointer.as_str().split('/').map(star).collect::<Vec<_>>().join("/");
            let key = (drift.call.clone(), pointer, drift.explained.clone());
            let entry = self.drift.entry(key).or_insert_with(|| (0, drift.value.to_string()));
            entry.0 += 1;
        }
        if judged.failed() {
            self.failed.push(judged);
        } else if judged.mismatches.iter().any(|mismatch| mismatch.level == Level::Should) {
            self.warned.push(judged);
        }
    }

    fn verdict(&self) -> Verdict {
        if !self.failed.is_empty() {
            Verdict::NotConformant
        } else if !self.broken.is_empty() {
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
    let mut sum = Sum::default();
    for file in &arguments.files {
        match judge_file(file, &plan, |judged| sum.take(judged)) {
            Ok(passed_over) => sum.passed_over += passed_over,
            Err(error) => {
                // The other files are judged all the same.
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                sum.broken.push(format!("{error}{}", cause.unwrap_or_default()));
            }
        }
    }
    for broken in &sum.broken {
        out::complain(broken);
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
    Ok(if broken { WRONG_INPUT } else { code })
}

fn text(sum: &Sum, files: usize, out: &mut impl Write) -> io::Result<()> {
    for (word, list) in [("failed", &sum.failed), ("warning", &sum.warned)] {
        for judged in list {
            let operation = judged.operation.as_deref().unwrap_or_default();
            writeln!(out, "{word} {} ({operation})", shown(&format!("{} {}", judged.place, judged.id)))?;
            for mismatch in &judged.mismatches {
                let pointer = mismatch.pointer.as_ref().filter(|pointer| !pointer.as_str().is_empty());
                let at = pointer.map(|pointer| format!(" at {pointer}")).unwrap_or_default();
                let line = format!(
                    "  {}{at}\n    expected: {}\n    actual:   {}",
                    mismatch.check, mismatch.expected, mismatch.actual
                );
                writeln!(out, "{}", printable(&line))?;
                for requirement in &mismatch.requirements {
                    writeln!(out, "    requirement {}: {}", requirement.id, requirement.text)?;
                    writeln!(out, "      source: {}", requirement.evidence)?;
                }
            }
            writeln!(out)?;
        }
    }
    writeln!(out, "judged")?;
    for (operation, count) in &sum.judged {
        writeln!(out, "  {count:>6}  {operation}")?;
    }
    if !sum.outside.is_empty() {
        writeln!(out, "outside: of operations that the suite does not describe")?;
        for (call, count) in &sum.outside {
            writeln!(out, "  {count:>6}  {}", shown(call))?;
        }
    }
    if !sum.drift.is_empty() {
        writeln!(out, "drift: in answers, but in no document of the vendor")?;
        for ((call, pointer, explained), (count, value)) in &sum.drift {
            let why = explained.as_ref().map_or("new".to_owned(), |id| format!("explained by {id}"));
            writeln!(out, "{}", shown(&format!("  {count:>6}  {call} {pointer} = {value} ({why})")))?;
        }
    }
    if sum.passed_over > 0 {
        writeln!(out, "passed over: the recording holds no whole answer\n  {:>6}", sum.passed_over)?;
    }
    let judged: usize = sum.judged.values().sum();
    let outside: usize = sum.outside.values().sum();
    writeln!(
        out,
        "\n{}: {} in {}: {judged} judged ({} of them with their headers), {} failed, {} warned, {outside} outside, {} of drift, {} broken",
        sum.verdict().name(),
        counted(sum.exchanges, "exchange"),
        counted(files, "file"),
        sum.headers,
        sum.failed.len(),
        sum.warned.len(),
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
        .map(|judged| json!({ "place": judged.place, "id": judged.id, "operation": judged.operation, "mismatches": judged.mismatches }))
        .collect();
    json!({
        "version": 1,
        "verdict": sum.verdict().name(),
        "exchanges": sum.exchanges,
        "judged": sum.judged.values().sum::<usize>(),
        "failed": sum.failed.len(),
        "warned": sum.warned.len(),
        "drift": sum.drift.len(),
        "passed_over": sum.passed_over,
        "outside": sum.outside.values().sum::<usize>(),
        "by_operation": sum.judged,
        "outside_calls": sum.outside,
        "drifted": drifted,
        "failures": failures,
        "broken": sum.broken,
    })
}

fn star(step: &str) -> &str {
    if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { step }
}

/// Method and path with a star for each segment that looks like an identifier: it has a digit, and more than a version has.
fn shape(call: &str) -> String {
    let segment = |segment: &str| {
        let id = segment.len() > 4 && segment.bytes().any(|byte| byte.is_ascii_digit());
        if id { "*".to_owned() } else { segment.to_owned() }
    };
    call.split('/').map(segment).collect::<Vec<_>>().join("/")
}
