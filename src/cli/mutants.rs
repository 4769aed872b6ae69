//! `mutants`: runs the suite against every fault of the mock.

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
    mutants::{self, Method, Mutant, MutantsError},
    plan::Pattern,
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
    /// The table of docs/mutants.md
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
    let method = Method { jobs, all: arguments.all, time_limit: arguments.time_limit };
    let (count, total) = (AtomicUsize::new(0), chosen.len());
    let watched = out::err_is_watched();
    let tell = |mutant: &Mutant| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        if watched {
            out::status(&format!("{number} of {total}: {}", mutant.fault));
        }
    };
    let result = mutants::run(&plan, &plan.trials, &chosen, method, &tell);
    if watched {
        out::status("");
    }
    let mut result = match result {
        Ok(result) => result,
        Err(error @ MutantsError::Red(_)) => {
            out::complain(&error.to_string());
            return Ok(Verdict::NotJudged.exit_code());
        }
        Err(error) => return Err(error.into()),
    };
    result.complete = complete;
    let mut out = out();
    match arguments.format {
        TableFormat::Text => write!(out, "{}", mutants::text(&result))?,
        TableFormat::Json => {
            out::json(&mutants::summary(&result))?;
        }
        TableFormat::Markdown => write!(out, "{}", mutants::markdown(&result))?,
    }
    let clean = result.survivors().is_empty() && result.never_red().is_empty();
    Ok(if clean { Verdict::Conformant } else { Verdict::NotConformant }.exit_code())
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
