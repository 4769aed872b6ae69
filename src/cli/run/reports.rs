//! Report files: which formats there are, where they go, and writing one.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use clap::ValueEnum;

use crate::{
    cli::{CommandError, Mistake},
    report::{FailOn, Report, Summary, write_junit},
};

/// A file format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Junit,
    Json,
    Coverage,
}

impl ReportFormat {
    fn default_path(self) -> PathBuf {
        PathBuf::from(match self {
            Self::Junit => "reports/junit.xml",
            Self::Json => "reports/run.json",
            Self::Coverage => "reports/coverage.md",
        })
    }
}

/// A report and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct ReportTo {
    pub(crate) format: ReportFormat,
    pub(crate) path: PathBuf,
}

/// `FORMAT` or `FORMAT=PATH`.
pub(crate) fn parse_report(text: &str) -> Result<ReportTo, String> {
    let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
    let format = ReportFormat::from_str(name, false).map_err(|_| {
        let known: Vec<String> = ReportFormat::value_variants()
            .iter()
            .filter_map(clap::ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("there is no report format `{name}`; known are {}", known.join(", "))
    })?;
    match path {
        Some("") => Err(format!("`{text}` names no file")),
        Some(path) => Ok(ReportTo { format, path: PathBuf::from(path) }),
        None => Ok(ReportTo { format, path: format.default_path() }),
    }
}

/// Writes a report beside its place and moves it there, so that no reader sees half of it.
pub(crate) fn write_report(to: &ReportTo, report: &Report, fail_on: FailOn) -> Result<(), CommandError> {
    let failed = |error: io::Error| Mistake::boxed(format!("cannot write the report {}: {error}", to.path.display()));
    if let Some(parent) = to.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut beside = to.path.clone().into_os_string();
    beside.push(format!(".{}.part", std::process::id()));
    let file = fs::File::create(&beside).map_err(failed)?;
    let mut writer = BufWriter::new(file);
    match to.format {
        ReportFormat::Junit => write_junit(report, &mut writer)?,
        ReportFormat::Coverage => {
            writer.write_all(report.coverage.table(report.operations()).as_bytes()).map_err(failed)?;
        }
        ReportFormat::Json => serde_json::to_writer_pretty(&mut writer, &Summary::of(report, fail_on))?,
    }
    writer.flush().map_err(failed)?;
    drop(writer);
    fs::rename(&beside, &to.path).map_err(failed)
}
