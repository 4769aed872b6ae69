//! `report`: makes reports from event streams; several streams are merged, which is how shards become one run.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};

use super::{
    CommandError, Mistake,
    run::{ReportTo, parse_report, write_report},
};
use crate::report::{Console, FailOn, Report, Style, Summary, read_stream, write_junit};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Event streams of runs
    #[arg(required = true, value_name = "EVENTS")]
    streams: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = PrintedReport::Text, value_name = "FORMAT")]
    format: PrintedReport,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Every failure in full, and explained drift
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrintedReport {
    Text,
    Json,
    Junit,
    Coverage,
}

pub(crate) fn report(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let mut report = Report::default();
    for path in &arguments.streams {
        let before = report.trials.len();
        read_stream(path, |event| report.take(event))?;
        let (old, new) = report.trials.split_at(before);
        if let Some(twice) = new.iter().find(|new| old.iter().any(|old| old.finished.trial == new.finished.trial)) {
            let trial = &twice.finished.trial;
            return Err(Mistake::boxed(format!(
                "{}: the trial {trial} stands in an earlier stream too; streams that are merged are parts of one run",
                path.display()
            )));
        }
    }
    let fail_on = FailOn::default();
    for to in &arguments.report {
        write_report(to, &report, fail_on)?;
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        PrintedReport::Text => {
            let style = Style { color, verbose: arguments.verbose, ..Style::default() };
            Console::new(&mut out, style).finish(&report, fail_on)?;
        }
        PrintedReport::Json => {
            serde_json::to_writer_pretty(&mut out, &Summary::of(&report, fail_on))?;
            writeln!(out)?;
        }
        PrintedReport::Coverage => write!(out, "{}", report.coverage.table(report.operations()))?,
        PrintedReport::Junit => write_junit(&report, &mut out)?,
    }
    Ok(report.verdict(fail_on).exit_code())
}
