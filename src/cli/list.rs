//! `list`: the trials that a run would run.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    CommandError, WRONG_INPUT,
    suite::{Choice, Chosen, show_nothing},
};
use crate::report::Verdict;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
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
    let Some(chosen) = arguments.choice.choose(color)? else { return Ok(WRONG_INPUT) };
    let (plan, trials) = match chosen {
        Chosen::Trials(plan, trials) => (plan, trials),
        Chosen::Nothing(_, idle) => {
            show_nothing(&idle)?;
            return Ok(Verdict::NothingRan.exit_code());
        }
    };
    let mut out = io::stdout().lock();
    match arguments.format {
        ListFormat::Text => {
            for trial in &trials {
                writeln!(out, "{}", trial.id)?;
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
            serde_json::to_writer_pretty(&mut out, &list)?;
            writeln!(out)?;
        }
        ListFormat::Markdown => write!(out, "{}", crate::catalogue::catalogue(&plan, &trials))?,
    }
    Ok(0)
}
