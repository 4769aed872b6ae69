//! `report`: makes reports from event streams; several streams are merged, which is how shards become one run.

use std::{
    io::{self, BufWriter},
    path::PathBuf,
};

use clap::Args;

use super::{
    CommandError, Mistake,
    run::{FailOnWhat, ReportFormat, ReportTo, fail_on, parse_report, write_report},
    width,
};
use crate::{
    event::Event,
    report::{Style, read_stream},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Event streams of runs
    #[arg(required = true, value_name = "EVENTS")]
    streams: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    format: ReportFormat,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// What makes the verdict red beside failures
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    fail_on: Vec<FailOnWhat>,
    /// Every failure in full, and explained drift
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn report(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let formats = arguments.report.iter().map(|to| to.format).chain([arguments.format]);
    let mut report = ReportFormat::report(formats);
    for path in &arguments.streams {
        let before = report.trials.len();
        let mut joined = Ok(());
        read_stream(path, |event| {
            if let Event::RunStarted(header) = event {
                joined = report.join(header);
            }
            report.take(event);
        })?;
        joined.map_err(|error| Mistake::boxed(format!("{}: {error}", path.display())))?;
        let (old, new) = report.trials.split_at(before);
        if let Some(twice) = new.iter().find(|new| old.iter().any(|old| old.finished.trial == new.finished.trial)) {
            let trial = &twice.finished.trial;
            return Err(Mistake::boxed(format!(
                "{}: the trial {trial} stands in an earlier stream too; streams that are merged are parts of one run",
                path.display()
            )));
        }
    }
    let fail_on = fail_on(&arguments.fail_on);
    for to in &arguments.report {
        write_report(to, &report, fail_on)?;
    }
    let style = Style { color, verbose: arguments.verbose, width: width(), ..Style::default() };
    arguments.format.write(&report, fail_on, style, BufWriter::new(io::stdout().lock()))?;
    Ok(report.verdict(fail_on).exit_code())
}
