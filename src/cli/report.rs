//! `report`: makes reports from event streams; several streams are merged, which is how shards become one run.

use std::path::PathBuf;

use clap::Args;

use super::{
    CommandError, Mistake,
    out::width,
    recheck::recheck,
    run::{
        ReportFormat, ReportTo, StreamedReports, Terms, keep_inputs, one_output_a_file, parse_report, unwritten,
        write_reports,
    },
    streams::{baseline, files_of, merged},
    suite::built_in_history,
};
use crate::{
    report::{Ending, Report, Style},
    suite::changes_at,
};

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
    /// Two streams, of a target and of a reference under the same trials: who holds which requirement. Of a run in parts, name the streams
    /// separated by commas, or their directory
    #[arg(long)]
    parity: bool,
    /// Judge the exchanges of the streams again and say whether that comes to what their runs said
    #[arg(long, conflicts_with_all = ["parity", "baseline", "report"])]
    recheck: bool,
    /// The suite of the runs, a directory with `cases/` and `schemas/`, instead of the built-in one
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE", requires = "recheck")]
    suite: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
    /// Every failure in full, and explained drift
    #[arg(long, short)]
    verbose: bool,
}

impl Arguments {
    /// The streams of the run, and those of the reference that it is set beside.
    fn sides(&self) -> Result<(Vec<PathBuf>, Option<Vec<PathBuf>>), CommandError> {
        if !self.parity {
            return Ok((self.streams.clone(), None));
        }
        let [target, reference] = self.streams.as_slice() else {
            let title = "`--parity` needs two streams, that of a target and that of a reference: name the parts of one run \
                         separated by commas";
            return Err(Mistake::boxed(title));
        };
        let files = |path: &PathBuf| files_of(&path.to_string_lossy());
        Ok((files(target)?, Some(files(reference)?)))
    }
}

pub(crate) fn report(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    if arguments.recheck {
        return recheck(&arguments.streams, arguments.suite.as_deref(), arguments.format, color);
    }
    let (streams, reference) = arguments.sides()?;
    let inputs: Vec<PathBuf> = streams.iter().chain(reference.iter().flatten()).cloned().collect();
    keep_inputs(&inputs, &arguments.report)?;
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
    let mut report = merged(empty, &streams, Ending::Footer, |event| streamed.take(event))?;
    report.expect_all_parts();
    if let Some(baseline) = baseline(arguments.baseline.as_deref(), &arguments.terms)? {
        report.compare_with(&baseline);
    }
    if let Some(files) = reference {
        let mut reference =
            merged(Report::default().without_messages().without_checks(), &files, Ending::Footer, |_| {})?;
        reference.expect_all_parts();
        let suite = report.header.as_ref().map_or("", |header| header.suite.as_str());
        let history = built_in_history(&[suite]);
        report.set_beside(&reference, |operation, place| changes_at(&history, operation, place))?;
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
