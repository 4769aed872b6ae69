//! `list`: the trials that a run would run.

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    CommandError, WRONG_INPUT,
    out::{self, out, shown},
    suite::{Choice, Chosen, show_nothing},
    target::hint,
};
use crate::{plan::Shard, report::Verdict, run::lack, settings, targets::Located};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Only the trials that apply to this target, as far as its settings say: `mock`, a URL, or the name of a target in the settings file
    #[arg(long, value_name = "mock|URL|NAME", env = "OKTA_CONFORMANCE_TARGET")]
    target: Option<String>,
    /// The settings file, instead of okta-conformance.toml
    #[arg(long, value_name = "FILE", env = "OKTA_CONFORMANCE_SETTINGS")]
    settings: Option<PathBuf>,
    /// With --target: include trials that write to the default server, if the target declares it
    #[arg(long)]
    allow_default_server: bool,
    /// Only one part of the trials, such as 2/5 [default: as for `run`]
    #[arg(long, value_name = "K/N", env = "OKTA_CONFORMANCE_SHARD")]
    shard: Option<Shard>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Text, value_name = "FORMAT")]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// An ID a line
    Text,
    /// An array of objects
    Json,
    /// The catalogue of the suite
    Markdown,
}

pub(crate) fn list(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let (plan, mut trials) = match arguments.choice.choose(color)? {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(_, idle) => {
            show_nothing(&idle);
            return Ok(Verdict::NothingRan.exit_code());
        }
        Chosen::Mistaken(_) => return Ok(WRONG_INPUT),
    };
    let mut nothing = None;
    if let Some(shard) = arguments.shard.map_or_else(settings::shard, |shard| Ok(Some(shard)))? {
        trials.retain(|trial| shard.holds(trial));
        nothing = trials.is_empty().then(|| format!("no trial is in shard {shard}"));
    }
    if let Some(target) = &arguments.target {
        let mut located = Located::find(target, arguments.settings.as_deref())?;
        hint(&located);
        if !located.is_mock() && !arguments.allow_default_server {
            located.withhold(&plan);
        }
        trials.retain(|trial| lack(trial, &located.principals, &located.capabilities, |_| false).is_none());
        if trials.is_empty() {
            nothing.get_or_insert_with(|| format!("no trial applies to {}", shown(target)));
        }
    }
    let mut out = out();
    match arguments.format {
        ListFormat::Text => {
            for trial in &trials {
                writeln!(out, "{}", shown(&trial.id))?;
            }
        }
        ListFormat::Json => {
            let list: Vec<_> = trials
                .iter()
                .map(|trial| {
                    let (file, line) = trial.location();
                    json!({
                        "id": trial.id, "title": trial.title, "profile": trial.profile, "principal": trial.principal,
                        "needs": trial.needs, "requirements": trial.requirements, "operations": trial.operations(),
                        "aliases": trial.aliases, "file": file, "line": line,
                    })
                })
                .collect();
            out::json(&list)?;
        }
        ListFormat::Markdown => write!(out, "{}", crate::catalogue::catalogue(&plan, &trials))?,
    }
    // As a run of the same would end.
    let Some(nothing) = nothing else { return Ok(0) };
    out::tell(&format!("nothing to run: {nothing}"));
    Ok(Verdict::NothingRan.exit_code())
}
