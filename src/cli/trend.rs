//! `trend`: many runs in the order of time, from their event streams.

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{
    CommandError, Mistake,
    out::{format_out, out, width},
    streams::{files_at, merged},
    suite::built_in_history,
};
use crate::{
    report::{Ending, Report, Trend, fit, grouped, read_header, write_trend},
    suite::changes_at,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Event streams of runs and of parts of runs, in any order, and directories of them
    #[arg(required = true, value_name = "EVENTS")]
    streams: Vec<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = TrendFormat::Text, value_name = "FORMAT")]
    format: TrendFormat,
    /// Every trial and operation, however many
    #[arg(long, short)]
    verbose: bool,
}

/// A form of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TrendFormat {
    /// For people
    Text,
    /// One object, for scripts
    Json,
    /// A page that opens from disk
    Html,
}

pub(crate) fn trend(arguments: &Arguments) -> Result<u8, CommandError> {
    let mut streams = Vec::new();
    for path in &arguments.streams {
        for file in files_at(path)? {
            let header = read_header(&file)?;
            streams.push((header, file));
        }
    }
    let twice = streams.iter().enumerate().find_map(|(at, (header, file))| {
        let same =
            streams[..at].iter().find(|(other, _)| other.run == header.run && other.started == header.started)?;
        Some(format!("{} and {} hold the same run {}", same.1.display(), file.display(), header.run))
    });
    if let Some(twice) = twice {
        return Err(Mistake::boxed(twice));
    }
    let mut trend = Trend::default();
    for group in grouped(streams) {
        trend.take(&merged(Report::default().without_messages(), &group.parts, Ending::Anywhere, |_| {})?);
    }
    let suites: Vec<&str> = trend.points.iter().map(|point| point.suite.as_str()).collect();
    let history = built_in_history(&suites);
    let trend = trend.finish(|operation, place| changes_at(&history, operation, place));
    let (mut out, mut format_out) = (out(), format_out());
    match arguments.format {
        TrendFormat::Text => write!(out, "{}", fit(&trend.text(arguments.verbose, width()), width()))?,
        TrendFormat::Json => writeln!(format_out, "{}", trend.json()?)?,
        TrendFormat::Html => write_trend(&trend, &mut format_out)?,
    }
    Ok(0)
}
