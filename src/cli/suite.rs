//! Loading and compiling the suite that a command is about, and showing what is wrong with it.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;

use super::{CommandError, Mistake, columns_of, listed};
use crate::{
    counted::counted,
    diagnostic::{COLUMNS, Diagnostic},
    event,
    plan::{Pattern, Plan, Selection, Trial},
    suite::Suite,
};

/// Which trials, of which suite.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// IDs of trials: `*` stands for one component or a part of it, `**` for many
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// A directory with `cases/` and `schemas/`, in the place of the suite inside this program
    #[arg(long, value_name = "DIR")]
    pub(crate) suite: Option<PathBuf>,
    /// Only the trials of this profile (repeatable, or with commas between)
    #[arg(long = "profile", value_name = "P", value_delimiter = ',', value_parser = listed::names())]
    profiles: Vec<String>,
}

/// What a choice came to.
pub(crate) enum Chosen {
    Trials(Plan, Vec<Arc<Trial>>),
    /// A pattern or profile selects nothing.
    Nothing(Plan, Vec<String>),
}

impl Choice {
    /// What was chosen, as the event stream tells it.
    pub(crate) fn selection(&self) -> event::Selection {
        event::Selection {
            patterns: self.patterns.clone(),
            profiles: self.profiles.iter().filter(|name| *name != "all").cloned().collect(),
        }
    }

    /// The plan and the chosen trials; `None` when the suite has mistakes, which have been shown.
    pub(crate) fn choose(&self, color: bool) -> Result<Option<Chosen>, CommandError> {
        let patterns: Result<Vec<Pattern>, _> = self.patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        let selection = Selection { patterns: patterns?, profiles: self.profiles.clone() };
        let plan = load_with(self.suite.as_deref(), color, Plan::compile_to_run)?;
        let Some(plan) = plan else { return Ok(None) };
        let idle = selection.idle(&plan.trials.iter().map(Arc::as_ref));
        let trials: Vec<Arc<Trial>> = plan.trials.iter().filter(|trial| selection.selects(trial)).cloned().collect();
        if !idle.is_empty() || trials.is_empty() {
            return Ok(Some(Chosen::Nothing(plan, idle)));
        }
        Ok(Some(Chosen::Trials(plan, trials)))
    }
}

/// Loads and compiles a suite; shows its mistakes, if it has any, and returns `None`.
pub(crate) fn load(directory: Option<&Path>, color: bool) -> Result<Option<Plan>, CommandError> {
    load_with(directory, color, Plan::compile)
}

fn load_with(
    directory: Option<&Path>,
    color: bool,
    compile: fn(&Suite, &mut Vec<Diagnostic>) -> Option<Plan>,
) -> Result<Option<Plan>, CommandError> {
    let mut found = Vec::new();
    let suite = match directory {
        Some(directory) => Suite::from_directory(directory, &mut found)?,
        None => Suite::embedded(&mut found),
    };
    let plan = compile(&suite, &mut found);
    if plan.is_none() {
        show(&mut found, color);
    }
    Ok(plan)
}

/// Shows mistakes in the order of files and lines, then how many there are.
///
/// A reader that goes away early changes nothing about the mistakes, so what cannot be written is let go.
pub(crate) fn show(found: &mut [Diagnostic], color: bool) {
    found.sort_by(|a, b| (&a.source.path, a.span).cmp(&(&b.source.path, b.span)));
    let columns = columns_of(io::stderr()).unwrap_or(COLUMNS);
    let mut err = io::stderr().lock();
    for diagnostic in found.iter() {
        let _ = writeln!(err, "{}\n", diagnostic.render(color, columns));
    }
    let _ = writeln!(err, "{}; nothing was sent", counted(found.len(), "mistake"));
}

/// Shows what is no mistake, but may be meant otherwise.
pub(crate) fn warn(found: &[Diagnostic], color: bool) {
    let columns = columns_of(io::stderr()).unwrap_or(COLUMNS);
    let mut err = io::stderr().lock();
    for diagnostic in found {
        let _ = writeln!(err, "{}\n", diagnostic.render(color, columns));
    }
}

/// Says which patterns select nothing, with a way on.
pub(crate) fn show_nothing(idle: &[String]) -> Result<(), CommandError> {
    let what = if idle.is_empty() {
        "the suite has no trials".to_owned()
    } else {
        format!("no trial matches {}", idle.join(", "))
    };
    writeln!(
        io::stderr(),
        "nothing to run: {what}\n  `okta-conformance list` shows the IDs and profiles that there are"
    )?;
    Ok(())
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
    let hint = if near.is_empty() {
        let close = crate::diagnostic::did_you_mean(id, plan.trials.iter().map(|trial| trial.id.as_str()));
        close.unwrap_or_else(|| "`okta-conformance list` shows them".to_owned())
    } else {
        format!("it is one of\n  {}", near.join("\n  "))
    };
    Err(Mistake::boxed(format!("there is no trial `{id}`: {hint}")))
}
