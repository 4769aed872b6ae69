//! `diff`: compares two runs by their event streams.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::{
    CommandError, Format,
    out::{format_out, out, width},
    streams::{files_of, merged},
    words,
};
use crate::report::{Comparison, Ending, FailOn, Report, fit};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The event stream of the older run; of a run in parts, all of them separated by commas, or their directory
    old: String,
    /// The event stream of the newer run, or those of its parts
    new: String,
    /// What counts as worse in addition to trials and checks
    #[arg(long, value_parser = words::<WorseWith>(), value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<WorseWith>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Everything, however long
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WorseWith {
    /// Drift that appeared and that no requirement explains
    Drift,
    /// Trials that pass on a retry only
    Flaky,
    /// Slower answers
    Latency,
}

pub(crate) fn diff(arguments: &Arguments) -> Result<u8, CommandError> {
    let old = merged(Report::default().without_messages(), &files_of(&arguments.old)?, Ending::Anywhere, |_| {})?;
    let new = merged(Report::default().without_messages(), &files_of(&arguments.new)?, Ending::Anywhere, |_| {})?;
    let comparison = Comparison::of(&old, &new);
    let has = |what| arguments.fail_on.contains(&what);
    let fail_on = FailOn {
        drift: has(WorseWith::Drift),
        flaky: has(WorseWith::Flaky),
        latency: has(WorseWith::Latency),
        ..FailOn::default()
    };
    let mut out = out();
    match arguments.format {
        Format::Text => {
            let text = format!("{}\n{}\n", comparison.text(arguments.verbose), comparison.sentence(fail_on));
            write!(out, "{}", fit(&text, width()))?;
        }
        Format::Json => {
            writeln!(format_out(), "{}", comparison.json(fail_on)?)?;
        }
    }
    Ok(comparison.course(fail_on).exit_code())
}
