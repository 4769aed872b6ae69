//! `check`: reads a suite, or case files, and reports every mistake at once.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    CommandError, Format, Mistake, WRONG_INPUT, evidence,
    out::{out, shown, warn},
    suite,
};
use crate::{
    counted::counted,
    diagnostic::Diagnostic,
    known::KnownFailures,
    plan::Plan,
    settings,
    suite::{Suite, is_suite},
    targets::{StateError, StateFile},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Suites (directories with `cases/` and `schemas/`), case files, known-failures files, state files of the mock, settings files
    /// (okta-conformance.toml) and bundles of evidence (`*.zip`) [default: the built-in suite]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The suite that bundles of evidence are held against, a directory with `cases/` and `schemas/`, instead of the built-in one
    #[arg(long, value_name = "DIR", env = "OKTA_CONFORMANCE_SUITE")]
    suite: Option<PathBuf>,
    /// Write into `cases/requirements.yaml` of `--suite` when these bundles last showed each requirement, and in how many orgs
    #[arg(long, requires = "suite")]
    apply: bool,
    /// Take bundles of a mock on this machine for bundles of orgs, to try it out
    #[arg(long)]
    count_local: bool,
    /// What is printed of bundles
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

pub(crate) fn check(arguments: &Arguments, color: bool) -> Result<u8, CommandError> {
    let (directories, files): (Vec<&PathBuf>, Vec<&PathBuf>) = arguments.paths.iter().partition(|path| path.is_dir());
    if let Some(missing) = files.iter().find(|path| !path.exists()) {
        return Err(Mistake::boxed(format!("there is no {}", missing.display())));
    }
    let (bundles, files): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|path| evidence::is_bundle(path));
    if bundles.is_empty() && (arguments.apply || arguments.count_local) {
        return Err(Mistake::boxed("`--apply` and `--count-local` are about bundles of evidence: name them (`*.zip`)"));
    }
    let (settings, files): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|path| settings::is_settings(path));
    let (states, files): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|path| StateFile::is_file(path));
    let mut code = 0;
    if !bundles.is_empty() {
        let Arguments { suite, apply, count_local, format, .. } = arguments;
        let asked =
            evidence::Asked { suite: suite.as_deref(), apply: *apply, count_local: *count_local, format: *format };
        code = evidence::check(&bundles, &asked, color)?;
    }
    for path in &settings {
        code = code.max(check_settings(path, color)?);
    }
    for path in &states {
        code = code.max(check_state(path, color)?);
    }
    for directory in &directories {
        let mut found = Vec::new();
        let suite = Suite::from_directory(directory, &mut found)?;
        code = code.max(conclude(&suite, found, &directory.display().to_string(), color)?);
    }
    if arguments.paths.is_empty() || !files.is_empty() {
        code = code.max(check_files(&files, color)?);
    }
    Ok(code)
}

/// Names are those of the built-in suite, unless the settings lie in a suite of their own.
fn check_settings(path: &Path, color: bool) -> Result<u8, CommandError> {
    let (mut found, mut of_suite) = (Vec::new(), Vec::new());
    let suite = match suite_around(path) {
        Some(directory) => Suite::from_directory(&directory, &mut of_suite)?,
        None => Suite::embedded(&mut of_suite),
    };
    for warning in settings::check(path, &suite.vocabulary, &mut found)? {
        warn(&warning);
    }
    if found.is_empty() {
        writeln!(out(), "{}: no mistakes", shown(&path.display().to_string()))?;
        return Ok(0);
    }
    suite::show(&mut found, color);
    Ok(WRONG_INPUT)
}

fn check_state(path: &Path, color: bool) -> Result<u8, CommandError> {
    match StateFile::read(path) {
        Ok(_) => {
            writeln!(out(), "{}: no mistakes", shown(&path.display().to_string()))?;
            Ok(0)
        }
        Err(StateError::Wrong(mistakes)) => {
            suite::show_each(&mistakes, color);
            Ok(WRONG_INPUT)
        }
        Err(error @ StateError::Files(_)) => Err(error.into()),
    }
}

/// Case files are read as part of the suite that they lie in, or else beside the embedded one.
fn check_files(files: &[&PathBuf], color: bool) -> Result<u8, CommandError> {
    let mut found = Vec::new();
    let around = files.first().and_then(|file| suite_around(file));
    let (mut suite, name) = match &around {
        Some(directory) => (Suite::from_directory(directory, &mut found)?, directory.display().to_string()),
        None => (Suite::embedded(&mut found), "the built-in suite".to_owned()),
    };
    let (known, cases): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(|file| KnownFailures::is_file(file));
    for file in &cases {
        if suite_around(file).is_none() {
            suite.add_case_file(file)?;
        }
    }
    // Known failures name trials, so they are read when there are any.
    if !known.is_empty()
        && let Some(plan) = Plan::compile(&suite, &mut found)
    {
        for file in known {
            let before = found.len();
            let known = KnownFailures::read(file, &plan.trials, &mut found)?;
            if let Some(expiring) = known.expiring(chrono::Utc::now().date_naive()) {
                warn(&expiring);
            }
            if found.len() == before {
                writeln!(out(), "{}: no mistakes", shown(&file.display().to_string()))?;
            }
        }
        if cases.is_empty() && found.is_empty() {
            return Ok(0);
        }
    }
    conclude(&suite, found, &name, color)
}

fn suite_around(file: &Path) -> Option<PathBuf> {
    let file = file.canonicalize().ok()?;
    file.ancestors().find(|directory| is_suite(directory)).map(Path::to_owned)
}

fn conclude(suite: &Suite, mut found: Vec<Diagnostic>, name: &str, color: bool) -> Result<u8, CommandError> {
    if let Some(plan) = Plan::compile(suite, &mut found) {
        suite::show_each(&plan.warnings, color);
        let (trials, requirements) =
            (counted(plan.trials.len(), "trial"), counted(plan.requirements.len(), "requirement"));
        writeln!(out(), "{}: no mistakes in {trials} and {requirements}", shown(name))?;
        Ok(0)
    } else {
        suite::show(&mut found, color);
        Ok(WRONG_INPUT)
    }
}
