//! `report`: makes reports from event streams; several streams are merged, which is how shards become one run.

use std::path::PathBuf;

use clap::Args;

use super::{
    CommandError, Mistake,
    out::width,
    run::{ReportFormat, ReportTo, StreamedReports, Terms, one_output_a_file, parse_report, unwritten, write_reports},
    streams::{baseline, merged},
};
use crate::report::{Ending, Report, Style};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Event streams of runs
    #[arg(required = true, value_name = "EVENTS")]
    streams: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, value_name = "FORMAT")]
    format: ReportFormat,
    /// Compare with this older run: its event stream, or those of its parts separated by commas, or their directory
    #[arg(long, value_name = "EVENTS", env = "OKTA_CONFORMANCE_BASELINE")]
    baseline: Option<String>,
    /// A report to write, to PATH or into reports/ (repeatable)
    #[arg(long, value_name = "FORMAT[=PATH]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    #[command(flatten)]
    terms: Terms,
    /// Every failure in full, and explained drift
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn report(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    // The same file by another name is the same file.
    let inputs: Vec<PathBuf> = arguments.streams.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let taken = |path: &&PathBuf| path.canonicalize().is_ok_and(|path| inputs.contains(&path));
    if let Some(path) = arguments.report.iter().filter_map(|to| to.path.as_ref()).find(taken) {
        let title = format!("the report {} would overwrite the stream that it is made from", path.display());
        return Err(Mistake::boxed(title));
    }
    one_output_a_file(std::iter::empty(), &arguments.report)?;
    let mut empty = Report::default();
    if arguments.baseline.is_none() {
        empty = empty.without_checks();
    }
    let mut formats = arguments.report.iter().map(|to| to.format).chain([arguments.format]);
    if !formats.any(ReportFormat::shows_messages) {
        empty = empty.without_messages();
    }
    let mut streamed = StreamedReports::open(&arguments.report).and_printed(arguments.format);
    let mut report = merged(empty, &arguments.streams, Ending::Footer, |event| streamed.take(event))?;
    report.expect_all_parts();
    if let Some(baseline) = baseline(arguments.baseline.as_deref(), &arguments.terms)? {
        report.compare_with(&baseline);
    }
    let fail_on = arguments.terms.fail_on();
    let whole = write_reports(&arguments.report, &mut streamed, &report, fail_on);
    let style = Style { color, verbose: arguments.verbose, width: width(), ..Style::default() };
    if !arguments.format.is_streamed() {
        arguments.format.print(&report, fail_on, style)?;
    }
    let verdict = report.verdict(fail_on);
    Ok(if whole { verdict } else { unwritten(verdict) }.exit_code())
}
