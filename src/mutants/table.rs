//! The result for people, for scripts (`schemas/harness/mutants.schema.json`), and for the repository.

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;

use super::{Check, FirstFinding, Mutant, Mutants};
use crate::{counted::counted, event::Outcome};

/// More of a finding than a line of a table holds.
const MOST_TEXT: usize = 160;

/// The result as one object.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    version: u32,
    complete: bool,
    faults: usize,
    killed: usize,
    survivors: Vec<&'a str>,
    checks: usize,
    never_red: Vec<String>,
    requirements: usize,
    requirements_never_red: Vec<&'a str>,
    named: usize,
    not_named: Vec<&'a str>,
    red_median: usize,
    red_worst: usize,
    mutants: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    fault: &'a str,
    operation: Option<&'a str>,
    kind: &'static str,
    title: &'a str,
    trials: usize,
    red: usize,
    warned: usize,
    cut: bool,
    first: Option<First<'a>>,
}

#[derive(Debug, Serialize)]
struct First<'a> {
    trial: &'a str,
    outcome: &'static str,
    step: Option<usize>,
    call: &'a str,
    check: &'a str,
    place: &'a str,
    requirements: &'a [String],
    text: &'a str,
}

impl Mutants {
    /// The names of the faults that nothing said anything about.
    pub fn survivors(&self) -> Vec<&str> {
        self.mutants.iter().filter(|mutant| !mutant.killed()).map(|mutant| mutant.fault.name.as_str()).collect()
    }

    /// The checks that no fault has turned red; none where not all was gone through.
    pub fn never_red(&self) -> Vec<&Check> {
        if self.complete { self.checks.never(&self.red()) } else { Vec::new() }
    }

    fn red(&self) -> BTreeSet<&Check> {
        self.mutants.iter().flat_map(|mutant| &mutant.falses).collect()
    }

    fn not_named(&self) -> Vec<&Mutant> {
        self.mutants.iter().filter(|mutant| mutant.killed() && !mutant.is_named()).collect()
    }

    /// The median of the numbers of red trials, and the mutant with the most.
    fn spread(&self) -> (usize, Option<&Mutant>) {
        let mut counts: Vec<usize> = self.mutants.iter().map(|mutant| mutant.red.len()).collect();
        counts.sort_unstable();
        let median = counts.get(counts.len() / 2).copied().unwrap_or_default();
        (median, self.mutants.iter().max_by_key(|mutant| mutant.red.len()))
    }
}

/// The result as one object.
pub fn summary(mutants: &Mutants) -> Summary<'_> {
    let (red_median, worst) = mutants.spread();
    Summary {
        version: 1,
        complete: mutants.complete,
        faults: mutants.mutants.len(),
        killed: mutants.mutants.iter().filter(|mutant| mutant.killed()).count(),
        survivors: mutants.survivors(),
        checks: mutants.checks.len(),
        never_red: mutants.never_red().iter().map(ToString::to_string).collect(),
        requirements: mutants.checks.requirements(),
        requirements_never_red: if mutants.complete { mutants.checks.untried(&mutants.red()) } else { Vec::new() },
        named: mutants.mutants.iter().filter(|mutant| mutant.is_named()).count(),
        not_named: mutants.not_named().iter().map(|mutant| mutant.fault.name.as_str()).collect(),
        red_median,
        red_worst: worst.map_or(0, |mutant| mutant.red.len()),
        mutants: mutants.mutants.iter().map(row).collect(),
    }
}

fn row(mutant: &Mutant) -> Row<'_> {
    let Mutant { fault, trials, red, warned, cut, .. } = mutant;
    let first = mutant.first().map(|finding| First {
        trial: &finding.trial,
        outcome: finding.outcome.name(),
        step: finding.step,
        call: &finding.call,
        check: &finding.check,
        place: &finding.place,
        requirements: &finding.requirements,
        text: &finding.text,
    });
    Row {
        fault: &fault.name,
        operation: fault.operation,
        kind: fault.kind.name(),
        title: &fault.title,
        trials: *trials,
        red: red.len(),
        warned: warned.len(),
        cut: *cut,
        first,
    }
}

/// The result for people.
pub fn text(mutants: &Mutants) -> String {
    let mut text = String::new();
    for mutant in &mutants.mutants {
        let first = mutant.first().map_or_else(|| "SURVIVED".to_owned(), |finding| cut(&finding.to_string()));
        let _ = writeln!(text, "{} ({} of {} red)\n  {first}", mutant.fault.name, mutant.red.len(), mutant.trials);
    }
    closing(mutants, &mut text);
    text
}

/// What all of it comes to.
fn closing(mutants: &Mutants, text: &mut String) {
    let survivors = mutants.survivors();
    for name in &survivors {
        let title = mutants.mutants.iter().find(|mutant| mutant.fault.name == *name).map(|mutant| &mutant.fault.title);
        let _ = writeln!(text, "survived: {name}: {}", title.map_or("", String::as_str));
    }
    for mutant in mutants.not_named() {
        let first = mutant.first().map(|finding| cut(&finding.to_string())).unwrap_or_default();
        let _ = writeln!(text, "not named: {} ({}): {first}", mutant.fault.name, mutant.fault.subject);
    }
    for check in mutants.never_red() {
        let _ = writeln!(text, "never red: {check}");
    }
    let summary = summary(mutants);
    let _ = writeln!(
        text,
        "{}: {} killed, {} survived, {} named by their first finding; red trials: {} in the median, {} at most",
        counted(summary.faults, "fault"),
        summary.killed,
        survivors.len(),
        summary.named,
        summary.red_median,
        summary.red_worst,
    );
    if mutants.complete {
        let _ = writeln!(
            text,
            "{}: {} never red; {}: {} never red",
            counted(summary.checks, "check"),
            summary.never_red.len(),
            counted(summary.requirements, "requirement"),
            summary.requirements_never_red.len(),
        );
    } else {
        let _ = writeln!(text, "{}: {UNKNOWN}", counted(summary.checks, "check"));
    }
}

/// Of checks, where not all faults ran.
const UNKNOWN: &str = "which were never red is unknown, because not all faults ran";

/// The result for the repository: what it comes to by kind, then a line a fault.
pub fn markdown(mutants: &Mutants) -> String {
    let summary = summary(mutants);
    let mut text = String::from(
        "# The faults of the mock and what finds them\n\nGenerated by `okta-conformance mutants --format markdown`; docs/mutants.md explains it.\n\n",
    );
    let never_red =
        if mutants.complete { format!("{} never red", summary.never_red.len()) } else { UNKNOWN.to_owned() };
    let _ = writeln!(
        text,
        "{}, {} killed, {} survived, {} named by their first finding. {}, {never_red}. Red trials of a fault: {} in \
         the median, {} at most.\n",
        counted(summary.faults, "fault"),
        summary.killed,
        summary.survivors.len(),
        summary.named,
        counted(summary.checks, "check"),
        summary.red_median,
        summary.red_worst,
    );
    text.push_str("| kind | faults | killed | red trials, median | at most |\n|---|---|---|---|---|\n");
    let kinds: BTreeSet<_> = mutants.mutants.iter().map(|mutant| mutant.fault.kind).collect();
    for kind in kinds {
        let of: Vec<&Mutant> = mutants.mutants.iter().filter(|mutant| mutant.fault.kind == kind).collect();
        let mut red: Vec<usize> = of.iter().map(|mutant| mutant.red.len()).collect();
        red.sort_unstable();
        let killed = of.iter().filter(|mutant| mutant.killed()).count();
        let (median, most) = (red[red.len() / 2], red[red.len() - 1]);
        let _ = writeln!(text, "| {} | {} | {killed} | {median} | {most} |", kind.name(), of.len());
    }
    if !summary.never_red.is_empty() {
        text.push_str("\nChecks that no fault turned red:\n\n");
        for check in &summary.never_red {
            let _ = writeln!(text, "- `{check}`");
        }
    }
    text.push_str("\n| fault | red | first finding |\n|---|---|---|\n");
    for mutant in &mutants.mutants {
        let first = mutant.first().map_or_else(|| "**survived**".to_owned(), place);
        let _ = writeln!(text, "| `{}` | {} | {first} |", mutant.fault.name, mutant.red.len());
    }
    text
}

/// Where a finding was made, without what differs from run to run.
fn place(finding: &FirstFinding) -> String {
    let step = finding.step.map(|step| format!(" {step}")).unwrap_or_default();
    let how = match finding.outcome {
        Outcome::Failed => String::new(),
        other => format!(", {}", other.name()),
    };
    format!("`{}`{step}: {}{how}", finding.trial, finding.check)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
