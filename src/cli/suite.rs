//! Loading and compiling the suite that a command is about, and showing what is wrong with it.

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{CommandError, Mistake, names, out, rerun::Earlier, streams::files_of};
use crate::{
    counted::counted,
    diagnostic::{COLUMNS, Diagnostic},
    event,
    plan::{Pattern, Plan, Scripts, Selection, Trial},
    suite::{HistoryEntry, Suite},
};

/// As many mistakes stand in the report of a run that they kept from beginning.
const MOST_TOLD: usize = 20;

/// Which trials, of which suite.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choice {
    /// IDs of trials: `*` stands for one component or a part of it, `**` for many
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    pub(crate) suite: Option<PathBuf>,
    /// Only the trials of this profile (repeatable, or separated by commas)
    #[arg(long = "profile", value_name = "P", value_delimiter = ',', value_parser = names())]
    #[arg(env = "OKTA_CONFORMANCE_PROFILE")]
    profiles: Vec<String>,
    /// Only the trials that failed in an earlier run, could not be judged, or were not run: its event stream, or those of its parts
    /// separated by commas, or their directory
    #[arg(long, value_name = "EVENTS")]
    failed_in: Option<String>,
}

/// What a choice came to.
pub(crate) enum Chosen {
    Trials(Plan, Vec<Arc<Trial>>),
    /// It selects nothing of the plan, and why.
    Nothing(Plan, String),
    /// The suite has mistakes, which have been shown; here in words without colours.
    Mistaken(String),
}

impl Choice {
    /// What was chosen, as the event stream tells it.
    pub(crate) fn selection(&self) -> event::Chosen {
        event::Chosen {
            patterns: self.patterns.clone(),
            profiles: self.profiles.iter().filter(|name| *name != "all").cloned().collect(),
            rerun: self.failed_in.is_some(),
        }
    }

    /// Whether it repeats what an earlier run left to be done.
    pub(crate) fn is_rerun(&self) -> bool {
        self.failed_in.is_some()
    }

    /// The streams of the run whose failures are to be repeated.
    pub(crate) fn failed_in(&self) -> Result<Vec<PathBuf>, CommandError> {
        self.failed_in.as_deref().map_or_else(|| Ok(Vec::new()), files_of)
    }

    /// The profiles of the suite that `--profile` leaves out.
    pub(crate) fn left_out(&self, plan: &Plan) -> Vec<String> {
        let selection = Selection { patterns: Vec::new(), profiles: self.profiles.clone() };
        let left_out = plan.trials.iter().filter(|trial| !selection.selects(trial)).map(|trial| &trial.profile);
        left_out.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// The plan and the chosen trials.
    pub(crate) fn choose(&self, scripts: Scripts, color: bool) -> Result<Chosen, CommandError> {
        let earlier = self.failed_in.as_deref().map(Earlier::read).transpose()?;
        let patterns: Result<Vec<Pattern>, _> = self.patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        let selection = Selection { patterns: patterns?, profiles: self.profiles.clone() };
        let compile = |suite, found: &mut Vec<Diagnostic>| Plan::compile_to_run(suite, scripts, found);
        let plan = match load_with(self.suite.as_deref(), color, compile)? {
            Ok(plan) => plan,
            Err(mistakes) => return Ok(Chosen::Mistaken(mistakes)),
        };
        let idle = selection.idle(&plan.trials.iter().map(Arc::as_ref));
        let mut trials: Vec<Arc<Trial>> =
            plan.trials.iter().filter(|trial| selection.selects(trial)).cloned().collect();
        if !idle.is_empty() {
            return Ok(Chosen::Nothing(plan, format!("no trial matches {}", out::shown(&idle.join(", ")))));
        }
        if trials.is_empty() {
            return Ok(Chosen::Nothing(plan, "the suite has no trials".to_owned()));
        }
        if let Some(earlier) = earlier {
            earlier.tell_gone(&plan);
            trials.retain(|trial| earlier.leaves(trial));
            if trials.is_empty() {
                return Ok(Chosen::Nothing(plan, earlier.nothing()));
            }
        }
        Ok(Chosen::Trials(plan, trials))
    }
}

/// How the service has changed, as the built-in suite knows it, where one of these suites, by their hashes, is that one.
pub(super) fn built_in_history(suites: &[&str]) -> Vec<HistoryEntry> {
    let plan = Plan::compile(&Suite::embedded(&mut Vec::new()), &mut Vec::new());
    plan.filter(|plan| suites.contains(&plan.suite_hash.as_str())).map(|plan| plan.history).unwrap_or_default()
}

/// Loads and compiles a suite; shows its mistakes, if it has any, and returns `None`.
pub(crate) fn load(directory: Option<&Path>, color: bool) -> Result<Option<Plan>, CommandError> {
    Ok(load_with(directory, color, |suite, found| Plan::compile(&suite, found))?.ok())
}

/// The plan, or the mistakes that were shown.
fn load_with(
    directory: Option<&Path>,
    color: bool,
    compile: impl FnOnce(Suite, &mut Vec<Diagnostic>) -> Option<Plan>,
) -> Result<Result<Plan, String>, CommandError> {
    let mut found = Vec::new();
    let suite = match directory {
        Some(directory) => Suite::from_directory(directory, &mut found)?,
        None => Suite::embedded(&mut found),
    };
    let plan = compile(suite, &mut found);
    Ok(plan.ok_or_else(|| show(&mut found, color)))
}

/// Shows mistakes in the order of files and lines, then how many there are; gives the same in words without colours, the number first.
///
/// A reader that goes away early changes nothing about the mistakes, so what cannot be written is let go.
pub(crate) fn show(found: &mut [Diagnostic], color: bool) -> String {
    found.sort_by(|a, b| (&a.source.path, a.span).cmp(&(&b.source.path, b.span)));
    show_each(found, color);
    let number = counted(found.len(), "mistake");
    out::tell(&format!("{number}; nothing was sent"));
    let first = found.first().map(|diagnostic| format!(", the first: {diagnostic}")).unwrap_or_default();
    let shown = found.iter().take(MOST_TOLD).map(|diagnostic| diagnostic.render(false, COLUMNS));
    format!("{number}{first}\n\n{}", shown.collect::<Vec<_>>().join("\n\n"))
}

/// Shows mistakes, or what is none but may be meant otherwise, each with its line.
pub(crate) fn show_each(found: &[Diagnostic], color: bool) {
    let columns = out::err_width().unwrap_or(COLUMNS);
    let mut err = out::coloured_err(color);
    for diagnostic in found {
        let _ = writeln!(err, "{}\n", diagnostic.render(color, columns));
    }
}

/// Says why nothing is selected, with a way on.
pub(crate) fn show_nothing(why: &str) {
    out::tell(&format!(
        "nothing to run: {why}\n  `okta-conformance list` shows all IDs, with `--format json` the profiles too"
    ));
}

/// The one trial with this ID or alias.
pub(crate) fn find<'a>(plan: &'a Plan, id: &str) -> Result<&'a Arc<Trial>, CommandError> {
    let exact = plan.trials.iter().find(|trial| trial.id == id || trial.aliases.iter().any(|alias| alias == id));
    if let Some(trial) = exact {
        return Ok(trial);
    }
    let pattern = Pattern::new(id)?;
    let near: Vec<&str> =
        plan.trials.iter().filter(|trial| pattern.selects(trial)).map(|trial| trial.id.as_str()).take(10).collect();
    let hint = if plan.requirements.contains_key(id) {
        "it is a requirement, which `okta-conformance list --requirements` shows".to_owned()
    } else if near.is_empty() {
        let close = crate::diagnostic::did_you_mean(id, plan.trials.iter().map(|trial| trial.id.as_str()));
        close.unwrap_or_else(|| "`okta-conformance list` shows them".to_owned())
    } else {
        format!("it is one of\n  {}", near.join("\n  "))
    };
    Err(Mistake::boxed(format!("there is no trial `{id}`: {hint}")))
}
