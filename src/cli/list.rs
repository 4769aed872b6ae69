//! `list`: the trials that a run would run, or what they check.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::Utc;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    CommandError, WRONG_INPUT,
    out::{self, out, shown, tell, width},
    run::EVENTS,
    suite::{Choice, Chosen, show_nothing},
    target::hint,
};
use crate::{
    age::Days,
    catalogue::{ages, catalogue},
    counted::counted,
    event::Event,
    plan::{Plan, Scripts, Shard, Trial},
    report::{Ending, Report, RequirementStanding, Tally, Verdict, fit, read_stream},
    run::lack,
    settings,
    suite::Requirement,
    targets::Located,
};

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
    /// The requirements that these trials check, with their evidence, instead of the trials
    #[arg(long)]
    requirements: bool,
    /// With --requirements: only those that the real service was not seen to hold within so many days, such as 365d, and how the target of
    /// the last run stood to the others
    #[arg(long, requires = "requirements", value_name = "DAYS")]
    stale: Option<Days>,
    /// With --requirements: the event stream of the last run, which shows how its target stood to each
    #[arg(long, default_value = EVENTS, value_name = "PATH", env = "OKTA_CONFORMANCE_EVENTS")]
    events: PathBuf,
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
    /// The catalogue of the suite; with --requirements, how old their evidence is
    Markdown,
}

/// How the target of the last run stood to each requirement, if there is such a run.
fn standings(events: &Path) -> Result<BTreeMap<String, RequirementStanding>, CommandError> {
    let mut report = Report::default();
    if fs::metadata(events).is_ok() {
        read_stream(events, Ending::Footer, |event| {
            // The score needs no steps, which are most of a stream.
            if !matches!(event, Event::StepFinished(_)) {
                report.take(event);
            }
        })?;
    }
    Ok(report.score().map(|score| score.requirements).unwrap_or_default())
}

fn list_requirements(
    plan: &Plan,
    trials: &[Arc<Trial>],
    arguments: &Arguments,
    mut out: impl Write,
) -> Result<(), CommandError> {
    let standings = standings(&arguments.events)?;
    let ids: BTreeSet<&str> = trials.iter().flat_map(|trial| plan.requirements_of(trial)).collect();
    let all = ids.into_iter().filter_map(|id| Some((id, plan.requirements.get(id)?, standings.get(id).copied())));
    let today = Utc::now().date_naive();
    let is_listed = |(_, requirement, _): &(&str, &Requirement, Option<RequirementStanding>)| {
        arguments.stale.is_none_or(|days| requirement.age().is_stale(days, today))
    };
    let (all, fresh): (Vec<_>, Vec<_>) = all.partition(is_listed);
    if let Some(days) = arguments.stale {
        let of_fresh = Tally::of(fresh.iter().filter_map(|(_, _, standing)| *standing));
        let score = of_fresh.sentence().map(|sentence| format!("; of the others in the last run: {sentence}"));
        let both = format!("{} of {}", all.len(), counted(all.len() + fresh.len(), "requirement"));
        tell(&format!("{both} not seen live within {} days{}", days.0, score.unwrap_or_default()));
    }
    match arguments.format {
        ListFormat::Text => {
            for (id, requirement, standing) in all {
                let last = standing.map(|standing| format!("  last run: {}\n", standing.name())).unwrap_or_default();
                let (text, evidence, age) = (&requirement.text, requirement.evidence(), requirement.age());
                let text = format!("{id}: {text}\n  source: {evidence}\n  {age}\n{last}");
                write!(out, "{}", fit(&text, width()))?;
            }
        }
        ListFormat::Json => {
            let one = |(id, requirement, standing): (&str, &Requirement, Option<RequirementStanding>)| {
                let (text, evidence, age) = (&requirement.text, requirement.evidence(), requirement.age());
                json!({ "id": id, "text": text, "evidence": evidence, "age": age, "standing": standing })
            };
            out::json(&all.into_iter().map(one).collect::<Vec<_>>())?;
        }
        ListFormat::Markdown => {
            write!(out, "{}", ages(plan))?;
        }
    }
    Ok(())
}

pub(crate) fn list(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let (plan, mut trials) = match arguments.choice.choose(Scripts::Kept, color)? {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(_, why) => {
            show_nothing(&why);
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
        trials.retain(|trial| lack(trial, &located.has(), |_| false).is_none());
        if trials.is_empty() {
            nothing.get_or_insert_with(|| format!("no trial applies to {}", shown(target)));
        }
    }
    let mut out = out();
    match arguments.format {
        _ if arguments.requirements => list_requirements(&plan, &trials, arguments, out)?,
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
        ListFormat::Markdown => write!(out, "{}", catalogue(&plan, &trials))?,
    }
    // As a run of the same would end.
    let Some(nothing) = nothing else { return Ok(0) };
    out::tell(&format!("nothing to run: {nothing}"));
    Ok(Verdict::NothingRan.exit_code())
}
