//! `explain`: what a trial is about and what establishes it.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    CommandError, WRONG_INPUT,
    out::{out, width},
    run::EVENTS,
    suite,
};
use crate::{
    event::Event,
    plan::Trial,
    report::{Ending, fit, printable, read_stream},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The ID of a trial
    id: String,
    /// A directory with `cases/` and `schemas/`, instead of the built-in suite
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// The event stream in which to look for the last outcome
    #[arg(long, default_value = EVENTS, value_name = "PATH", env = "OKTA_CONFORMANCE_EVENTS")]
    events: PathBuf,
}

pub(crate) fn explain(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let Some(plan) = suite::load(arguments.suite.as_deref(), color)? else { return Ok(WRONG_INPUT) };
    let trial = suite::find(&plan, &arguments.id)?;
    let mut text = String::new();
    let (file, line) = trial.location();
    writeln!(text, "{}\n  {}\n  {file}:{line}", trial.id, trial.title)?;
    if let Some((source, span)) = &trial.row {
        writeln!(text, "  row at {}:{}", source.path, source.position(span.start).0)?;
    }
    writeln!(text, "  principal {}, profile {}", trial.principal, trial.profile)?;
    if !trial.needs.is_empty() {
        writeln!(text, "  needs {}", trial.needs.join(", "))?;
    }
    for (what, names) in [("client", &trial.clients), ("user", &trial.users)] {
        for name in names {
            writeln!(text, "  needs the {what} {name}")?;
        }
    }
    writeln!(text, "\nheld to")?;
    for id in trial.requirements.iter() {
        if let Some(requirement) = plan.requirements.get(id) {
            let age = requirement.age();
            writeln!(text, "  {id}: {}\n    source: {}\n    {age}", requirement.text, requirement.evidence())?;
        }
    }
    let operations: Vec<String> = plan
        .operations
        .iter()
        .filter(|operation| trial.operations().contains(operation.id.as_str()))
        .map(|operation| {
            let scope = operation.scope.as_deref().unwrap_or("none");
            let schema = |schema: &Option<std::sync::Arc<crate::schema::Schema>>| {
                schema.as_ref().map_or("none", |schema| schema.name.as_str()).to_owned()
            };
            format!(
                "  {}: {} {} (scope {scope}, request schema {}, answer {} with schema {})",
                operation.title,
                operation.method,
                operation.path,
                schema(&operation.request),
                operation.success,
                schema(&operation.schema)
            )
        })
        .collect();
    if !operations.is_empty() {
        writeln!(text, "\noperations\n{}", operations.join("\n"))?;
    }
    writeln!(text, "\ncase\n{}", case_text(trial))?;
    match last_outcome(&arguments.events, &trial.id)? {
        Some(outcome) => writeln!(text, "last outcome ({}): {outcome}", arguments.events.display())?,
        None => writeln!(text, "no outcome of it at {}", arguments.events.display())?,
    }
    write!(out(), "{}", fit(&text, width()))?;
    Ok(0)
}

/// The lines of the case as it was written: from its `- id:` to the next item of the list.
fn case_text(trial: &Trial) -> String {
    let text = trial.source.text.as_str();
    let start = text[..trial.span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[start..].chars().take_while(|c| *c == ' ').count();
    let mut lines = text[start..].lines();
    let first = lines.next().into_iter();
    let inside = |line: &&str| line.trim().is_empty() || line.chars().take_while(|c| *c == ' ').count() > indent;
    let rest = lines.take_while(inside);
    let lines: Vec<String> =
        first.chain(rest).map(|line| format!("  {}", line.get(indent..).unwrap_or(line))).collect();
    lines.join("\n").trim_end().to_owned() + "\n"
}

fn last_outcome(path: &Path, id: &str) -> Result<Option<String>, CommandError> {
    if fs::metadata(path).is_err() {
        return Ok(None);
    }
    let mut outcome = None;
    read_stream(path, Ending::Footer, |event| {
        if let Event::TrialFinished(finished) = event
            && finished.trial == id
        {
            let reason = finished.reason.as_ref().map(|reason| format!(": {}", printable(reason.as_str())));
            outcome = Some(format!("{}{}", finished.outcome.name(), reason.unwrap_or_default()));
        }
    })?;
    Ok(outcome)
}
