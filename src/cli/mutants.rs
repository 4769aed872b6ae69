//! `mutants`: runs the suite against every fault of the mock, or against several at once.

use std::{
    io::Write as _,
    num::NonZero,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use clap::{Args, ValueEnum};

use super::{
    CommandError, Mistake, WRONG_INPUT,
    out::{self, out},
    suite,
};
use crate::{
    diagnostic::did_you_mean,
    duration::parse_limit,
    mutants::{self, Draw, Method, Mutant, MutantsError},
    plan::{Pattern, Plan},
    report::Verdict,
    targets::{Fault, faults},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Faults at a time [default: the processors there are]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Run all trials against each fault, also those that cannot reach it
    #[arg(long)]
    all: bool,
    /// Only faults with such a name: `*` stands for one component or a part of it, `**` for many (repeatable)
    #[arg(long = "fault", value_name = "GLOB")]
    faults: Vec<String>,
    /// The longest that the trials of one fault may take before no further one starts
    #[arg(long, default_value = "60s", value_name = "DUR", value_parser = parse_limit)]
    time_limit: Duration,
    /// Faults on one mock: which of them are still named
    #[arg(long, value_name = "K")]
    at_once: Option<NonZero<usize>>,
    /// In how many sets each fault is, at least
    #[arg(long, default_value = "3", value_name = "R", requires = "at_once")]
    rounds: NonZero<usize>,
    /// Draws the same sets each time
    #[arg(long, default_value_t = 1, value_name = "S", requires = "at_once")]
    seed: u64,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = TableFormat::Text, value_name = "FORMAT")]
    format: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For people
    Text,
    /// One object, for scripts
    Json,
    /// The table of docs/fault-table.md, or with `--at-once` a part of docs/at-once-table.md
    Markdown,
}

pub(crate) fn mutants(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let all = faults();
    let chosen = choose(&all, &arguments.faults)?;
    if chosen.is_empty() {
        return Ok(Verdict::NothingRan.exit_code());
    }
    let complete = chosen.len() == all.len();
    let jobs = arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let method = Method { jobs, all: arguments.all, complete, time_limit: arguments.time_limit };
    let judged = match arguments.at_once {
        None => one_by_one(&plan, &chosen, method, arguments.format),
        Some(at_once) => {
            let draw = Draw { at_once, rounds: arguments.rounds, seed: arguments.seed };
            together(&plan, &chosen, draw, method, arguments.format)
        }
    };
    match judged {
        Ok(clean) => Ok(if clean { Verdict::Conformant } else { Verdict::NotConformant }.exit_code()),
        Err(error) => match error.downcast_ref() {
            Some(MutantsError::Red(_)) => {
                out::complain(&error.to_string());
                Ok(Verdict::NotJudged.exit_code())
            }
            Some(MutantsError::Open(_) | MutantsError::Runtime(_)) | None => Err(error),
        },
    }
}

/// Runs the suite against each fault, and says whether every one and every check was red.
fn one_by_one(plan: &Plan, faults: &[Fault], method: Method, format: TableFormat) -> Result<bool, CommandError> {
    let progress = Progress::default();
    let tell = |mutant: &Mutant| progress.tell(faults.len(), &mutant.fault.name);
    let result = mutants::run(plan, &plan.trials, faults, method, &tell)?;
    drop(progress);
    match format {
        TableFormat::Text => write!(out(), "{}", mutants::text(&result))?,
        TableFormat::Json => out::json(&mutants::summary(&result))?,
        TableFormat::Markdown => write!(out(), "{}", mutants::markdown(&result))?,
    }
    Ok(result.survivors().is_empty() && result.never_red().is_empty())
}

/// Runs the suite against sets of faults, and says whether as many are named as should be.
fn together(
    plan: &Plan,
    faults: &[Fault],
    draw: Draw,
    method: Method,
    format: TableFormat,
) -> Result<bool, CommandError> {
    let progress = Progress::default();
    let tell = |sets: usize| progress.tell(sets, "sets");
    let result = mutants::run_together(plan, &plan.trials, faults, draw, method, &tell)?;
    drop(progress);
    match format {
        TableFormat::Text => write!(out(), "{}", mutants::text_together(&result))?,
        TableFormat::Json => out::json(&mutants::summary_together(&result))?,
        TableFormat::Markdown => write!(out(), "{}", mutants::markdown_together(&result))?,
    }
    Ok(result.reaches_aim())
}

/// How much is done; what is shown of it goes away in the end.
#[derive(Default)]
struct Progress(AtomicUsize);

impl Progress {
    fn tell(&self, total: usize, what: &str) {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        if out::err_is_watched() {
            out::status(&format!("{number} of {total}: {what}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if out::err_is_watched() {
            out::status("");
        }
    }
}

/// The faults that the globs choose; one that chooses none is a mistake.
fn choose(all: &[Fault], globs: &[String]) -> Result<Vec<Fault>, CommandError> {
    let patterns: Vec<Pattern> = globs.iter().map(|glob| Pattern::new(glob)).collect::<Result<_, _>>()?;
    for pattern in &patterns {
        if !all.iter().any(|fault| pattern.matches(&fault.name)) {
            let near = did_you_mean(pattern.text(), all.iter().map(|fault| fault.name.as_str()));
            let hint = near.unwrap_or_else(|| "`okta-conformance mock --list-faults` shows them".to_owned());
            return Err(Mistake::boxed(format!("there is no fault `{}`: {hint}", pattern.text())));
        }
    }
    let chosen = |fault: &&Fault| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&fault.name));
    Ok(all.iter().filter(chosen).cloned().collect())
}
