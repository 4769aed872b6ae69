//! `sweep`: removes what earlier runs left behind on a target.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use super::{CommandError, Mistake, WRONG_INPUT, out::out, suite, with_causes};
use crate::{
    http::Limits,
    ledger::{DIRECTORY, Found, forget, remains},
    plan::{Plan, parse_duration},
    report::{Verdict, printable},
    run::protected,
    sweep::{Leftover, Removed, by_ledger, by_name, remove},
    target::Opened,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The target: a URL, or a name of the settings file
    #[arg(long, value_name = "URL|NAME")]
    target: String,
    /// The settings file, in the place of okta-conformance.toml
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A directory with `cases/` and `schemas/`, in the place of the suite inside this program
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
    /// Where the ledgers of runs lie [default: reports/ledgers]
    #[arg(long, value_name = "DIR")]
    ledgers: Option<PathBuf>,
    /// Remove also what is named as runs name things, beside what their ledgers say
    #[arg(long)]
    by_name: bool,
    /// With --by-name: what the names of things that runs make begin with [default: what the settings say of the target, or `okc`, and `_`]
    #[arg(long, value_name = "PREFIX", requires = "by_name")]
    prefix: Option<String>,
    /// With --by-name: how old a thing must be, so that a run that is going on loses nothing
    #[arg(long, default_value = "1h", value_name = "DUR", value_parser = parse_duration, requires = "by_name")]
    older_than: Duration,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn sweep(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    if arguments.prefix.as_ref().is_some_and(|prefix| prefix.len() < 3) {
        return Err(Mistake::boxed("a prefix of fewer than three characters would match what no run has made"));
    }
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let opened = Opened::open(&arguments.target, arguments.settings.as_deref(), Limits::default())?;
    for warning in &opened.warnings {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(arguments, &plan, &opened))
}

async fn all(arguments: &Arguments, plan: &Plan, opened: &Opened) -> Result<u8, CommandError> {
    let mut out = out();
    let Found { remains, unread } =
        remains(arguments.ledgers.as_deref().unwrap_or(Path::new(DIRECTORY)), opened.target.client.origin());
    for error in &unread {
        let hint = "what its run made may be left; remove the file when nothing is";
        writeln!(io::stderr(), "error: {}: {hint}", printable(&with_causes(error)))?;
    }
    let ledgers: Vec<PathBuf> =
        remains.iter().filter(|remains| remains.whole).map(|remains| remains.path.clone()).collect();
    // A thing whose answer never came is in no ledger, but its run is over, so its name is enough.
    let mut names: Vec<(String, Duration)> =
        remains.iter().filter_map(|remains| Some((remains.names.clone()?, Duration::ZERO))).collect();
    if arguments.by_name {
        let prefix = arguments.prefix.clone().unwrap_or_else(|| format!("{}_", opened.prefix));
        names.push((prefix, arguments.older_than));
    }
    let mut found: Vec<Leftover> = by_ledger(plan, remains);
    for (prefix, age) in names {
        let named = match by_name(plan, &opened.target, &prefix, age).await {
            Ok(named) => named,
            Err(reason) => return nothing_removed("what is left", opened.redactor.text(&reason).as_str()),
        };
        for leftover in named {
            if !found.iter().any(|other| other.path == leftover.path) {
                found.push(leftover);
            }
        }
    }
    let nothing = found.is_empty() || arguments.dry_run;
    let protected = if nothing { Ok(Vec::new()) } else { protected(plan, &opened.target, "manager").await };
    let protected = match protected {
        Ok(protected) => protected,
        Err(unknown) => return nothing_removed("what others use", opened.redactor.text(&unknown.to_string()).as_str()),
    };
    // What a thing is called, the target says.
    let shown = |text: &str| printable(opened.redactor.text(text).as_str());
    let (mut removed, mut gone, mut left) = (0, 0, 0);
    for leftover in &found {
        let what = shown(&leftover.what);
        if arguments.dry_run {
            writeln!(out, "would remove {what}")?;
            continue;
        }
        match remove(leftover, plan, &protected, &opened.target).await {
            Removed::Now => {
                removed += 1;
                writeln!(out, "removed {what}")?;
            }
            Removed::Restored => {
                removed += 1;
                writeln!(out, "put back as it was: {what}")?;
            }
            Removed::Earlier => {
                gone += 1;
                writeln!(out, "already gone: {what}")?;
            }
            Removed::Left(reason) => {
                left += 1;
                writeln!(out, "left {what}: {}", shown(&reason))?;
            }
        }
    }
    if left == 0 && !arguments.dry_run {
        forget(&ledgers)?;
    }
    let done = match (arguments.dry_run, gone) {
        (true, _) => format!("{} to remove", found.len()),
        (false, 0) => format!("{removed} removed"),
        (false, gone) => format!("{removed} removed, {gone} already gone"),
    };
    writeln!(out, "{done}, {left} left, on {}", printable(&opened.target.name))?;
    Ok(if left > 0 || !unread.is_empty() { Verdict::NotJudged.exit_code() } else { 0 })
}

/// Nobody is to lose anything because the target could not be asked.
fn nothing_removed(unknown: &str, reason: &str) -> Result<u8, CommandError> {
    writeln!(io::stderr(), "error: it is not known {unknown}, so nothing is removed: {}", printable(reason))?;
    Ok(Verdict::NotJudged.exit_code())
}
