//! `report --recheck`: judges the exchanges of streams again, and says whether that comes to what their runs said.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    CommandError, Mistake, WRONG_INPUT,
    out::{self, out, shown, width},
    run::ReportFormat,
    streams::files_at,
    suite,
};
use crate::{
    counted::counted,
    event::Event,
    plan::Plan,
    recheck::{Difference, Different, Recheck, Rechecked},
    report::{Ending, fit, printable, read_header, read_stream},
};

/// Streams of this form and later tell findings as values, which can be compared.
const FIRST_WITH_VALUES: u32 = 2;

pub(super) fn recheck(
    streams: &[PathBuf],
    directory: Option<&Path>,
    format: ReportFormat,
    color: bool,
) -> Result<u8, CommandError> {
    if !matches!(format, ReportFormat::Text | ReportFormat::Json) {
        return Err(Mistake::boxed("`--recheck` prints `--format text` or `--format json`"));
    }
    let Some(plan) = suite::load(directory, color)? else { return Ok(WRONG_INPUT) };
    let mut files = Vec::new();
    for path in streams {
        files.extend(files_at(path)?);
    }
    let mut recheck = Recheck::new(&plan);
    for file in &files {
        of_the_suite(file, &plan, directory)?;
        read_stream(file, Ending::Footer, |event: &Event| recheck.take(event))?;
    }
    let rechecked = recheck.finish();
    if format == ReportFormat::Json {
        out::json(&summary(&rechecked))?;
    } else {
        let mut lines = Vec::new();
        text(&rechecked, &mut lines)?;
        write!(out(), "{}", fit(&String::from_utf8(lines)?, width()))?;
    }
    Ok(match (rechecked.differences(), rechecked.same) {
        (0, 0) => 2,
        (0, _) => 0,
        (_, _) => 1,
    })
}

/// A stream of another suite, or of an old form, would say nothing.
fn of_the_suite(file: &Path, plan: &Plan, directory: Option<&Path>) -> Result<(), CommandError> {
    let header = read_header(file)?;
    let file = file.display();
    if header.version < FIRST_WITH_VALUES {
        let version = header.version;
        return Err(Mistake::boxed(format!(
            "{file}: a stream of version {version} tells what checks found in sentences, so they cannot be compared"
        )));
    }
    if header.suite != plan.suite_hash {
        let here = directory.map_or("the built-in suite".to_owned(), |directory| format!("`{}`", directory.display()));
        return Err(Mistake::boxed(format!(
            "{file}: its run was of the suite {}, and {here} is {}: name the directory of its suite with `--suite DIR`",
            shown(&header.suite),
            plan.suite_hash,
        )));
    }
    Ok(())
}

pub(super) fn text(rechecked: &Rechecked, out: &mut impl Write) -> io::Result<()> {
    for Different { trial, step, what } in &rechecked.different {
        let step = step.as_ref().map(|(phase, number, call)| format!(", {} {number} ({call})", phase.name()));
        writeln!(out, "differs  {}", shown(&format!("{trial}{}", step.unwrap_or_default())))?;
        for line in in_words(what) {
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    if rechecked.untold > 0 {
        writeln!(out, "differs  {}", counted(rechecked.untold, "more time"))?;
    }
    let lacks = rechecked.lacks();
    if lacks > 0 {
        writeln!(out, "not recheckable")?;
    }
    for ((word, why), count) in &rechecked.lacking {
        writeln!(out, "  {count:>7}  {word}: {}", why.name())?;
    }
    for trial in &rechecked.unknown {
        writeln!(out, "not in the suite: {}", shown(trial))?;
    }
    let all = rechecked.same + rechecked.differences() + lacks;
    let ending = match rechecked.differences() {
        0 if rechecked.same == 0 => "nothing could be rechecked".to_owned(),
        0 => "all as the run said".to_owned(),
        count => format!("{} from what the run said", counted(count, "difference")),
    };
    writeln!(
        out,
        "{ending}: {} of {} rechecked ({}), in {} of {}",
        rechecked.same + rechecked.differences(),
        counted(all, "check"),
        share(rechecked.same + rechecked.differences(), all),
        rechecked.judged,
        counted(rechecked.trials, "trial"),
    )
}

/// A share in percent, with one digit behind the point.
fn share(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn in_words(what: &Difference) -> Vec<String> {
    match what {
        Difference::Unfounded(finding) => {
            vec![format!("the run said:  {}", finding.headline()), "the exchange:  the check holds".to_owned()]
        }
        Difference::Untold(finding) => {
            vec!["the run said:  nothing".to_owned(), format!("the exchange:  {}", finding.headline())]
        }
        Difference::DriftUnfounded(drift) => {
            vec![format!("the run said:  drift at {}; the exchange has none", drift.pointer)]
        }
        Difference::DriftUntold(drift) => {
            vec![format!("the exchange has drift at {}, of which the run said nothing", drift.pointer)]
        }
        Difference::NoSuchStep => vec!["the case has no such step".to_owned()],
        Difference::Checks(said, are) => {
            vec![format!("the run made {}; there are {} to make", counted(said.total(), "check"), are.total())]
        }
        Difference::AllChecks(said, are) => {
            vec![format!("the trial says {}, its steps {}", counted(said.total(), "check"), are.total())]
        }
        Difference::Warnings(said, are) => {
            vec![format!("the trial says {}, its steps {are}", counted(*said, "warning"))]
        }
        Difference::Notes(said, are) => vec![format!("the trial says {}, its steps {are}", counted(*said, "note"))],
        Difference::Unfinished => vec!["the trial is `passed`, and did not come to its last step".to_owned()],
        Difference::Held(id) => vec![format!("the trial says that {id} was held, which no check of it shows")],
        Difference::NotHeld(id) => vec![format!("a check of {id} is true, of which the trial says nothing")],
        Difference::Departed(said, are) => {
            let list = |ids: &BTreeSet<String>| {
                if ids.is_empty() { "none".to_owned() } else { ids.iter().cloned().collect::<Vec<_>>().join(", ") }
            };
            vec![format!("the trial says departed: {}; its false checks: {}", list(said), list(are))]
        }
        Difference::Outcome(outcome, must) => {
            vec![format!("the trial is `{}` with {} of level must", outcome.name(), counted(*must, "false check"))]
        }
    }
}

pub(super) fn summary(rechecked: &Rechecked) -> Value {
    let lacking: Vec<Value> = rechecked
        .lacking
        .iter()
        .map(|((check, why), count)| json!({ "check": check, "why": why.name(), "count": count }))
        .collect();
    let different: Vec<Value> = rechecked
        .different
        .iter()
        .map(|Different { trial, step, what }| {
            let step =
                step.as_ref().map(|(phase, number, call)| json!({ "phase": phase, "step": number, "call": call }));
            json!({ "trial": trial, "step": step, "what": in_words(what) })
        })
        .collect();
    json!({
        "version": 1,
        "trials": rechecked.trials,
        "judged": rechecked.judged,
        "same": rechecked.same,
        "differences": rechecked.differences(),
        "not_recheckable": rechecked.lacks(),
        "lacking": lacking,
        "different": different,
        "unknown": rechecked.unknown,
    })
}
