//! `sweep`: removes what earlier runs left behind on a target.

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use super::{
    CommandError, Mistake, WRONG_INPUT,
    out::{self, out, shown},
    suite, target, with_causes,
};
use crate::{
    duration::parse as parse_duration,
    http::Limits,
    ledger::{DIRECTORY, Found, Remains, forget, remains},
    naming::Names,
    plan::{DEFAULT_PRINCIPAL, Plan},
    report::Verdict,
    run::{Before, SETTLING},
    sweep::{Ended, Leftover, Sweeper, by_ledger, by_name},
    targets::{Located, Opened},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The target: a URL, or the name of a target in the settings file
    #[arg(long, value_name = "URL|NAME", env = "OKTA_CONFORMANCE_TARGET")]
    target: String,
    /// The settings file, instead of okta-conformance.toml
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_SETTINGS")]
    settings: Option<PathBuf>,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// Directory of the ledgers of runs [default: reports/ledgers]
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_LEDGERS")]
    ledgers: Option<PathBuf>,
    /// Also remove what has a name like those that runs give
    #[arg(long)]
    by_name: bool,
    /// With --by-name: prefix of the names that runs give [default: what the settings say of the target, or `okc`, and `_`]
    #[arg(long, value_name = "PREFIX", requires = "by_name")]
    prefix: Option<String>,
    /// With --by-name: minimum age, so that a run in progress loses nothing
    #[arg(long, default_value = "1h", value_name = "DUR", value_parser = parse_duration, requires = "by_name")]
    older_than: Duration,
    /// Restore what a run has changed in the default server, if it is still as the run left it
    #[arg(long)]
    allow_default_server: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn sweep(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    if arguments.prefix.as_ref().is_some_and(|prefix| Names::read(prefix).is_none()) {
        return Err(Mistake::boxed(
            "a prefix needs at least three characters, or it would match things that no run created",
        ));
    }
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let located = Located::find(&arguments.target, arguments.settings.as_deref())?;
    if located.is_mock() {
        return Err(Mistake::boxed(
            "the embedded mock ends with its run, so there is nothing to sweep: give a URL or the name of a target",
        ));
    }
    if let Some(directory) = arguments.ledgers.as_ref().filter(|directory| !directory.is_dir()) {
        return Err(Mistake::boxed(format!("there is no directory {}", directory.display())));
    }
    target::warn(&located);
    let opened = target::open(&located, Limits::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(all(arguments, &plan, &opened))
}

async fn all(arguments: &Arguments, plan: &Plan, opened: &Opened) -> Result<u8, CommandError> {
    let (remains, mut tally) = read_ledgers(arguments, plan, opened);
    if plan.contract.sweep.is_empty() {
        tally.blind = true;
        let why = "the suite does not say where to find things by name (`contract.sweep` in its operations)";
        out::complain(&format!("{why}, so nothing was looked for"));
    }
    let clean = |text: &str| shown(opened.redactor.text(text).as_str());
    let found = match find(arguments, plan, opened, &remains).await {
        Ok(found) => found,
        Err(reason) => return Ok(nothing_removed("what is left", &clean(&reason))),
    };
    if !found.is_empty() {
        let before = match Before::ask(plan, &opened.target, DEFAULT_PRINCIPAL).await {
            Ok(before) => before,
            Err(unknown) => return Ok(nothing_removed("what others use", &clean(&unknown.to_string()))),
        };
        let restores = arguments.allow_default_server;
        let dry_run = arguments.dry_run;
        let sweeper = Sweeper { plan, target: &opened.target, restores, dry_run, before };
        tally.end_all(&found, &sweeper, &clean).await?;
    }
    writeln!(out(), "{}, on {}", tally.sentence(), shown(&opened.target.name))?;
    if arguments.dry_run {
        return Ok(tally.code());
    }
    let ended = |(index, remains): &(usize, &Remains)| remains.whole && !tally.open_ledgers.contains(index);
    let done: Vec<PathBuf> =
        remains.iter().enumerate().filter(ended).map(|(_, remains)| remains.path.clone()).collect();
    forget(&done)?;
    Ok(tally.code())
}

/// The ledgers of runs against the target; says what keeps one from being used as a whole.
fn read_ledgers(arguments: &Arguments, plan: &Plan, opened: &Opened) -> (Vec<Remains>, Tally) {
    let directory = arguments.ledgers.as_deref().unwrap_or(Path::new(DIRECTORY));
    let Found { mut remains, unread } = remains(directory, opened.target.client.origin());
    for error in &unread {
        let hint = "its run may have left things; delete the file when none are left";
        out::complain(&format!("{}: {hint}", shown(&with_causes(error))));
    }
    if remains.is_empty() && unread.is_empty() && !arguments.by_name {
        let (name, directory) = (shown(&opened.target.name), shown(&directory.display().to_string()));
        let hint = "--by-name finds leftovers without a ledger";
        out::tell(&format!(
            "there is no ledger of a run against {name} in {directory}, so nothing was looked for: {hint}"
        ));
    }
    let mut tally = Tally { dry_run: arguments.dry_run, blind: !unread.is_empty(), ..Tally::default() };
    let suite = plan.makes_hash();
    for remains in &mut remains {
        let path = shown(&remains.path.display().to_string());
        if remains.suite.as_ref().is_some_and(|other| *other != suite) {
            let hint = "use the suite of its run (`--suite`); this one may miss leftovers";
            out::warn(&format!("the ledger {path} belongs to another suite: {hint}"));
        }
        // Whoever writes a ledger does not decide what names of runs begin with on this target.
        let Some(names) = remains.names.take_if(|names| names.prefix() != opened.prefix) else { continue };
        tally.blind = true;
        let hint = "set its `prefix` in the target's settings";
        let beginning = shown(&names.beginning());
        out::complain(&format!("the ledger {path} is of a run whose names begin with `{beginning}`: {hint}"));
    }
    (remains, tally)
}

/// What may be left: by the ledgers, and by the names of their runs, or of any run.
async fn find(
    arguments: &Arguments,
    plan: &Plan,
    opened: &Opened,
    remains: &[Remains],
) -> Result<Vec<Leftover>, String> {
    // A thing whose answer never came has a name, and its run is over, so that is enough.
    let mut names: Vec<(Names, Duration)> =
        remains.iter().filter_map(|remains| Some((remains.names.clone()?, Duration::ZERO))).collect();
    if arguments.by_name {
        let prefix = arguments.prefix.as_ref().unwrap_or(&opened.prefix);
        names.extend(Names::read(prefix).map(|names| (names, arguments.older_than)));
    }
    let mut found = by_ledger(plan, remains);
    for (names, age) in names {
        for leftover in by_name(plan, &opened.target, &names, age).await? {
            if !found.iter().any(|other| other.is(&leftover)) {
                found.push(leftover);
            }
        }
    }
    Ok(found)
}

/// What a sweep did.
#[derive(Default)]
struct Tally {
    /// Whether it tells what a sweep would do.
    dry_run: bool,
    removed: usize,
    earlier: usize,
    left: usize,
    may_be_left: usize,
    /// Ledgers with something that is left, or may be.
    open_ledgers: BTreeSet<usize>,
    /// Whether there is something that could not be looked for.
    blind: bool,
}

impl Tally {
    async fn end_all(
        &mut self,
        found: &[Leftover],
        sweeper: &Sweeper<'_>,
        shown: &impl Fn(&str) -> String,
    ) -> Result<(), CommandError> {
        let mut absent = Vec::new();
        for leftover in found {
            match sweeper.end(leftover, false).await {
                // Whoever only asks what would be done need not wait for the second look.
                Ended::Absent if !self.dry_run => absent.push(leftover),
                ended => self.note(leftover, &ended, shown)?,
            }
        }
        if !absent.is_empty() {
            tokio::time::sleep(SETTLING).await;
        }
        for leftover in absent {
            let ended = sweeper.end(leftover, true).await;
            self.note(leftover, &ended, shown)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        leftover: &Leftover,
        ended: &Ended,
        shown: &impl Fn(&str) -> String,
    ) -> Result<(), CommandError> {
        // What a thing is called, the target and the ledger say.
        let what = shown(&leftover.what);
        let line = match ended {
            Ended::Removed => {
                self.removed += 1;
                format!("{} {what}", if self.dry_run { "would remove" } else { "removed" })
            }
            Ended::Restored => {
                self.removed += 1;
                format!("{}: {what}", if self.dry_run { "would put back as it was" } else { "put back as it was" })
            }
            Ended::Earlier => {
                self.earlier += 1;
                format!("already gone: {what}")
            }
            Ended::AsItWas => {
                self.earlier += 1;
                format!("already as it was: {what}")
            }
            Ended::NotMade => format!("never made: {what}"),
            Ended::Left(reason) => {
                self.left += 1;
                format!("{} {what}: {}", if self.dry_run { "would leave" } else { "left" }, shown(reason))
            }
            Ended::Absent if self.dry_run => format!("would look again for {what}"),
            Ended::Absent => {
                self.may_be_left += 1;
                format!("may be left: {what}")
            }
            Ended::MayBeLeft(reason) => {
                self.may_be_left += 1;
                format!("may be left: {what}: {}", shown(reason))
            }
        };
        if matches!(ended, Ended::Left(_) | Ended::Absent | Ended::MayBeLeft(_)) {
            self.open_ledgers.extend(leftover.ledger);
        }
        writeln!(out(), "{line}")?;
        Ok(())
    }

    fn sentence(&self) -> String {
        let mut parts = vec![format!("{} {}", self.removed, if self.dry_run { "to remove" } else { "removed" })];
        if self.earlier > 0 {
            parts.push(format!("{} already gone", self.earlier));
        }
        if self.left > 0 || !self.blind {
            parts.push(format!("{} left", self.left));
        }
        if self.may_be_left > 0 {
            parts.push(format!("{} may be left", self.may_be_left));
        }
        if self.blind {
            parts.push("there may be other leftovers".to_owned());
        }
        parts.join(", ")
    }

    fn code(&self) -> u8 {
        let known = self.left == 0 && self.may_be_left == 0 && !self.blind;
        if known { 0 } else { Verdict::NotJudged.exit_code() }
    }
}

/// Nobody is to lose anything because the target could not be asked.
fn nothing_removed(unknown: &str, reason: &str) -> u8 {
    out::complain(&format!("it is not known {unknown}, so nothing was removed: {}", shown(reason)));
    Verdict::NotJudged.exit_code()
}
