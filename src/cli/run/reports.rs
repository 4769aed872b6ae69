//! Reports: which formats there are, where they go, and writing one at the end of a run. Those that are written while events come are
//! `streamed`'s.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        CommandError, Mistake, is_closed_pipe,
        out::{coloured_out, format_out},
    },
    report::{
        Console, FailOn, HarWriter, Report, Style, write_badge, write_ctrf, write_github, write_html, write_json,
        write_junit, write_junit_strict, write_markdown, write_openmetrics, write_tap,
    },
};
use clap::ValueEnum;

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// What the console shows at the end
    Text,
    /// One object, for scripts
    Json,
    /// XML that CI systems read, with properties, places and attempts
    Junit,
    /// As much of it as the schema of the xUnit plugin of Jenkins allows
    JunitStrict,
    /// For a step summary or a comment on a merge request
    Markdown,
    /// Annotations of GitHub, on the files of the cases
    Github,
    /// The Test Anything Protocol, version 14
    Tap,
    /// The Common Test Report Format, JSON for dashboards and bots
    Ctrf,
    /// Metrics for Prometheus and the like
    Openmetrics,
    /// Every exchange, for the network panel of a browser
    Har,
    /// A badge, by way of an endpoint of shields.io
    Badge,
    /// Operations × statuses, in Markdown
    Coverage,
    /// One page that opens from disk, for people
    Html,
}

impl ReportFormat {
    /// Whether it is written while events come, and not at the end.
    pub(crate) fn is_streamed(self) -> bool {
        self == Self::Har
    }

    /// Whether it shows headers and bodies of trials that fail, other than as they come.
    pub(crate) fn shows_messages(self) -> bool {
        match self {
            Self::Text
            | Self::Junit
            | Self::JunitStrict
            | Self::Markdown
            | Self::Github
            | Self::Tap
            | Self::Ctrf
            | Self::Html => true,
            Self::Json | Self::Openmetrics | Self::Har | Self::Badge | Self::Coverage => false,
        }
    }

    fn default_path(self) -> PathBuf {
        PathBuf::from(match self {
            Self::Text => "reports/run.txt",
            Self::Json => "reports/run.json",
            Self::Junit => "reports/junit.xml",
            Self::JunitStrict => "reports/junit-strict.xml",
            Self::Markdown => "reports/run.md",
            Self::Github => "reports/github.txt",
            Self::Tap => "reports/run.tap",
            Self::Ctrf => "reports/ctrf.json",
            Self::Openmetrics => "reports/metrics.txt",
            Self::Har => "reports/run.har",
            Self::Badge => "reports/badge.json",
            Self::Coverage => "reports/coverage.md",
            Self::Html => "reports/report.html",
        })
    }

    /// Writes the report in this format to standard output. Text is for people; the other formats make harmless what stands in them, each in
    /// its own way.
    pub(crate) fn print(self, report: &Report, fail_on: FailOn, style: Style) -> Result<(), CommandError> {
        if self == Self::Text {
            return self.write(report, fail_on, style, coloured_out(style.color));
        }
        self.write(report, fail_on, style, BufWriter::new(format_out()))
    }

    /// Writes the report in this format; `style` is the text's.
    pub(crate) fn write(
        self,
        report: &Report,
        fail_on: FailOn,
        style: Style,
        mut writer: impl Write,
    ) -> Result<(), CommandError> {
        match self {
            Self::Text => Console::new(&mut writer, style).finish(report, fail_on)?,
            Self::Json => write_json(report, fail_on, &mut writer)?,
            Self::Junit => write_junit(report, fail_on, &mut writer)?,
            Self::JunitStrict => write_junit_strict(report, fail_on, &mut writer)?,
            Self::Markdown => write_markdown(report, fail_on, &mut writer)?,
            Self::Github => write_github(report, fail_on, &mut writer)?,
            Self::Tap => write_tap(report, fail_on, &mut writer)?,
            Self::Ctrf => write_ctrf(report, fail_on, &mut writer)?,
            Self::Openmetrics => write_openmetrics(report, fail_on, &mut writer)?,
            // Of a run that sent nothing: exchanges are written while they come.
            Self::Har => drop(HarWriter::new(&mut writer).finish(Some(&report.sentence(fail_on)))?),
            Self::Badge => write_badge(report, fail_on, &mut writer)?,
            Self::Coverage => {
                if !report.not_begun.is_empty() {
                    writeln!(writer, "{}\n", report.sentence(fail_on))?;
                }
                writer.write_all(report.coverage.table(report.operations()).as_bytes())?;
            }
            Self::Html => write_html(report, fail_on, &mut writer)?,
        }
        Ok(writer.flush()?)
    }
}

/// A report and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct ReportTo {
    pub(crate) format: ReportFormat,
    /// Where it is on disk; else it goes to stdout.
    pub(crate) path: Option<PathBuf>,
}

/// `FORMAT`, `FORMAT=PATH`, or `FORMAT=-` for stdout.
pub(crate) fn parse_report(text: &str) -> Result<ReportTo, String> {
    let (name, path) = text.split_once('=').map_or((text, None), |(name, path)| (name, Some(path)));
    let format = ReportFormat::from_str(name, false).map_err(|_| {
        if let Some(format) = path.is_none().then(|| format_of_file(name)).flatten() {
            return format!("`{name}` is a file: write `{format}={name}`");
        }
        let known: Vec<String> = ReportFormat::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("there is no report format `{name}`; known are {}", known.join(", "))
    })?;
    let path = match path {
        Some("") => return Err(format!("`{text}` names no file")),
        Some("-") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => Some(format.default_path()),
    };
    Ok(ReportTo { format, path })
}

/// The format that the name of a file speaks of: its own name, such as `junit` of `reports/junit.xml`, or else what its extension means.
fn format_of_file(name: &str) -> Option<String> {
    let path = Path::new(name);
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let stem = path.file_stem()?.to_str()?;
    if let Ok(format) = ReportFormat::from_str(stem, true) {
        return format.to_possible_value().map(|value| value.get_name().to_owned());
    }
    let format = match extension.as_str() {
        "xml" => "junit",
        "md" => "markdown",
        "txt" => "text",
        "json" | "html" | "tap" | "har" => extension.as_str(),
        _ => return None,
    };
    Some(format.to_owned())
}

/// A file that a run writes. There is no `-` for stdout but in `--report`: the run itself prints there.
pub(crate) fn output<T: AsRef<OsStr>>(path: T) -> Result<T, String> {
    if path.as_ref() == "-" {
        return Err("`-` is not a file: name one (`./-` for a file called `-`), or `/dev/stdout`".to_owned());
    }
    Ok(path)
}

/// No report takes the place of a file that it is made from. The same file by another name is the same file.
pub(crate) fn keep_inputs(inputs: &[PathBuf], reports: &[ReportTo]) -> Result<(), CommandError> {
    let inputs: BTreeSet<PathBuf> = inputs.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let taken = |path: &&PathBuf| path.canonicalize().is_ok_and(|path| inputs.contains(&path));
    match reports.iter().filter_map(|to| to.path.as_ref()).find(taken) {
        Some(path) => {
            Err(Mistake::boxed(format!("the report {} would overwrite what it is made from", path.display())))
        }
        None => Ok(()),
    }
}

/// Two outputs in one file would be neither.
pub(crate) fn one_output_a_file<'p>(
    others: impl Iterator<Item = &'p Path>,
    reports: &'p [ReportTo],
) -> Result<(), CommandError> {
    let reports = reports.iter().filter_map(|to| to.path.as_deref());
    let mut seen = BTreeSet::new();
    // A device takes what it is given.
    for path in others.chain(reports).filter(|path| !path.starts_with("/dev")) {
        if !seen.insert(std::path::absolute(path)?) {
            let title = format!("two outputs write to {}: choose another file for one of them", path.display());
            return Err(Mistake::boxed(title));
        }
    }
    Ok(())
}

/// Writes a report.
pub(super) fn write_report(to: &ReportTo, report: &Report, fail_on: FailOn) -> Result<(), CommandError> {
    let Some(path) = &to.path else { return to.format.print(report, fail_on, Style::default()) };
    let place = Place::of(path);
    let written = place.create().and_then(|file| {
        let mut writer = BufWriter::new(file);
        to.format.write(report, fail_on, Style::default(), &mut writer)
    });
    place.conclude(written)
}

/// Where a report is written: beside its path, and moved there once it is whole, so that no reader sees half of it. A pipe or a device has
/// its reader already, and nothing can be moved to its place.
pub(super) struct Place {
    path: PathBuf,
    written: PathBuf,
    pub(super) special: bool,
}

impl Place {
    pub(super) fn of(path: &Path) -> Self {
        // `/dev/stdout` may be a file by way of a link, which must stay what it is.
        let device = ["/dev", "/proc"].iter().any(|directory| path.starts_with(directory));
        let special = device || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let mut beside = path.to_owned().into_os_string();
        beside.push(format!(".{}.part", std::process::id()));
        let written = if special { path.to_owned() } else { PathBuf::from(beside) };
        Self { path: path.to_owned(), written, special }
    }

    /// The file, with the directory that it lies in.
    pub(super) fn create(&self) -> Result<fs::File, CommandError> {
        if self.special {
            return Ok(fs::File::options().append(true).open(&self.written)?);
        }
        if let Some(parent) = self.written.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::File::create(&self.written)?)
    }

    /// Moves what was written to its place.
    pub(super) fn conclude(&self, written: Result<(), CommandError>) -> Result<(), CommandError> {
        let written = match written {
            // Whoever read it has read enough.
            Err(error) if is_closed_pipe(error.as_ref()) => Ok(()),
            written => written,
        };
        let moved =
            written.and_then(|()| if self.special { Ok(()) } else { Ok(fs::rename(&self.written, &self.path)?) });
        moved.map_err(|error| {
            // Half a report is none, and an earlier one must not be taken for this run's.
            for stale in [&self.written, &self.path].into_iter().filter(|_| !self.special) {
                let _ = fs::remove_file(stale);
            }
            Mistake::boxed(format!("cannot write the report {}: {error}", self.path.display()))
        })
    }

    /// Leaves nothing of what was begun.
    pub(super) fn give_up(&self) {
        if !self.special {
            let _ = fs::remove_file(&self.written);
        }
    }
}
