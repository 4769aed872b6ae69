//! Causes, each with every trial that shows it: what it is held to, what was expected, what came.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    sync::Arc,
};

use maud::{Markup, html};

use super::{
    diff, exchange, frame,
    outcome::{self, level_tag},
    text::{capital, counted, duration},
};
use crate::{
    event::{Finding, Outcome, RequirementText, StepFinished},
    level::Level,
    report::{
        Cause, FailOn, Report, Standing, TrialReport,
        causes::{HEAVIEST, heaviest},
        failure::{differing, left_out},
    },
};

/// Details beyond this many bytes of a page are left out: a target that fails everywhere shows the same thing a thousand times.
const MOST_DETAILS: usize = 8 * 1024 * 1024;

/// The causes of a run, and how many bytes of details the page may still hold.
pub(super) struct Causes<'a> {
    all: Vec<Cause<'a>>,
    left: Cell<usize>,
    /// Trials whose details stand on the page: each does once.
    shown: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Causes<'a> {
    pub(super) fn of(report: &'a Report, fail_on: FailOn) -> Self {
        Self { all: report.causes(fail_on), left: Cell::new(MOST_DETAILS), shown: RefCell::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Those that turn the run red.
    pub(super) fn red(&self) -> usize {
        self.all.iter().filter(|cause| cause.standing == Standing::Red).count()
    }

    /// Those that keep the run from being conformant.
    pub(super) fn counted(&self) -> usize {
        self.all.iter().filter(|cause| cause.standing.counts()).count()
    }

    /// The trials whose details stand among the causes.
    pub(super) fn trials(&self) -> impl Iterator<Item = &'a TrialReport> {
        self.all.iter().flat_map(|cause| cause.trials.iter().copied())
    }

    /// Those that most trials stand behind, for the first screen.
    pub(super) fn heaviest(&self) -> Markup {
        let counted_ones = self.all.iter().filter(|cause| cause.standing.counts());
        html! {
            @if self.counted() > 0 {
                section .card.heaviest aria-labelledby="heaviest" {
                    h2 #heaviest { (heaviest(self.counted())) }
                    ol {
                        @for cause in counted_ones.take(HEAVIEST) {
                            li {
                                @if let Some(first) = cause.trials.first() { a .foreign href={ "#" (first.finished.trial) } { (title(cause)) } } @else { (title(cause)) }
                                " " span .muted { (counted(cause.trials.len(), "trial")) }
                            }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn section(&self) -> Markup {
        let lead = "What is behind the trials that have something to say, each with those trials. The link of a trial leads here from anywhere.";
        let body = html! {
            @if self.all.is_empty() {
                p .card.empty { "Nothing to report: no departure, nothing that could not be judged, no warning." }
            }
            @for (index, cause) in self.all.iter().enumerate() { (self.cause(index, cause)) }
        };
        frame::section("causes", "Causes", lead, &body)
    }

    fn cause(&self, index: usize, cause: &Cause<'a>) -> Markup {
        let warning = cause.outcome == Outcome::Warned;
        let class = if warning { "warn" } else { outcome::class_of(cause.outcome) };
        html! {
            article .cause.card.(class) {
                details .fold open[index == 0] {
                    summary {
                        span .what {
                            @if warning { span .tag.warn { span aria-hidden="true" { "!" } "warning" } } @else { (outcome::tag(cause.outcome)) }
                            h3 .foreign { (title(cause)) }
                        }
                        span .size { (counted(cause.trials.len(), "trial")) }
                    }
                    @if let Some(check) = cause.check() {
                        (requirements(&check.example.requirements))
                        (expected_actual(check.example, None))
                        @if check.has_many_calls() { p .muted.foreign { "Operations: " (check.calls.join(", ")) } }
                        @if !check.beside.is_empty() { p .muted.foreign { "And with it: " (check.beside.join(", ")) } }
                    }
                    ul .shown-by aria-label="Trials" {
                        @for (index, trial) in cause.trials.iter().enumerate() { (self.trial(trial, index == 0)) }
                    }
                }
            }
        }
    }

    /// A trial of a cause; the first of each has its details, however full the page is.
    fn trial(&self, trial: &'a TrialReport, first: bool) -> Markup {
        let finished = &trial.finished;
        if !self.shown.borrow_mut().insert(&finished.trial) {
            return html! {
                li data-trial=(finished.trial) {
                    div .trial-line {
                        (outcome::tag(finished.outcome)) " " a .mono.foreign href={ "#" (finished.trial) } { (finished.trial) }
                        " " span .muted { (finished.title) }
                    }
                }
            };
        }
        let empty = trial.failures.is_empty() && finished.earlier.is_empty();
        let room = first || self.left.get() > 0;
        let inside = (!empty && room).then(|| inside(trial));
        self.left.set(self.left.get().saturating_sub(inside.as_ref().map_or(0, |inside| inside.0.len())));
        html! {
            li data-trial=(finished.trial) {
                @if let Some(inside) = inside {
                    details .trial {
                        summary {
                            (outcome::tag(finished.outcome)) " " span .mono.foreign { (finished.trial) }
                            " " span .muted { (finished.title) }
                        }
                        div .inside #(finished.trial) { (inside) }
                    }
                } @else {
                    div .trial-line #(finished.trial) {
                        (outcome::tag(finished.outcome)) " " a .mono.foreign href={ "#" (finished.trial) } { (finished.trial) }
                        " " span .muted { (finished.title) }
                        @if !empty { p .muted.foreign { "The page is full; the event stream has the details of this trial. " (trial.reason()) } }
                    }
                }
            }
        }
    }
}

fn inside(trial: &TrialReport) -> Markup {
    let finished = &trial.finished;
    html! {
        p .facts-line {
            a .permalink href={ "#" (finished.trial) } { "Link to this trial" }
            span { code { (finished.file) ":" (finished.line) } }
            span { "profile " (finished.profile) }
            span { "as " (finished.principal) }
            span { (duration(finished.duration_ms)) }
            span { (counted(finished.requests, "request")) }
            span { (counted(finished.checks.total(), "check")) }
        }
        @if let (Some(reason), true) = (&finished.reason, finished.outcome != Outcome::Failed) { p .foreign { (reason) } }
        @if !finished.earlier.is_empty() {
            ol .earlier {
                @for attempt in &finished.earlier { li .foreign { (outcome::tag(attempt.outcome)) " " (attempt.reason) } }
            }
        }
        @for failure in &trial.failures { (failed_step(failure)) }
    }
}

fn failed_step(failure: &StepFinished) -> Markup {
    html! {
        section .step {
            h4 { (capital(failure.phase.name())) " " (failure.step) ": " code .foreign { (failure.call) } @if failure.attempt > 1 { ", attempt " (failure.attempt) } }
            @for alike in failure.findings.chunk_by(alike) { (findings(alike, failure)) }
            @if let Some(left_out) = left_out(failure.left_out) { p .muted { (left_out) } }
            (diff::body(failure))
            @if let Some(fault) = &failure.fault { p { strong { "No answer: " } span .foreign { (fault) } } }
            @if let Some(exchange) = &failure.exchange { (exchange::details(exchange)) }
            @if let Some(curl) = &failure.curl { (exchange::curl(curl)) }
        }
    }
}

/// Search and filters: of the causes and of the list of trials alike.
pub(super) fn filters() -> Markup {
    html! {
        form #filters .filters.card.needs-script role="search" aria-label="Filter causes and trials" {
            div .row {
                input #search type="search" aria-label="Search" placeholder="Search: ID, title, requirement, operation" autocomplete="off";
                select #operation aria-label="Operation" { option value="" { "any operation" } }
                select #profile aria-label="Profile" { option value="" { "any profile" } }
                select #principal aria-label="Principal" { option value="" { "any principal" } }
                select #level aria-label="Level of a false check" {
                    option value="" { "any level" }
                    option value="4" { "must: a departure" }
                    option value="2" { "should: a warning" }
                    option value="1" { "info: a note" }
                }
            }
            div .row {
                div #outcomes .outcomes role="group" aria-label="Outcomes" {}
                output #matching for="search operation profile principal level" role="status" {}
                button #everything type="reset" { "Show all" }
            }
        }
    }
}

/// The title, with the operations in the type of code.
fn title(cause: &Cause<'_>) -> Markup {
    html! {
        @if let Some(check) = cause.check() { code { (check.called()) } ": " (check.headline()) } @else { (cause.title()) }
    }
}

pub(super) fn requirements(requirements: &[Arc<RequirementText>]) -> Markup {
    html! {
        @for requirement in requirements {
            div .requirement {
                p { a .mono href={ "#requirement:" (requirement.id) } { (requirement.id) } " " (requirement.text) }
                p .muted { span .label { "Evidence" } " " (requirement.evidence) @if let Some(age) = requirement.age { "; " (age.to_string()) } }
            }
        }
    }
}

/// Expected against actual: side by side, or the lines in which two large JSON values differ.
pub(super) fn expected_actual(finding: &Finding, failure: Option<&StepFinished>) -> Markup {
    let versus = failure.and_then(|failure| failure.versus(finding));
    if let Some(lines) = versus.and_then(|(expected, actual)| differing(expected, &actual)) {
        return diff::lines_of_both(&lines);
    }
    html! {
        dl .versus {
            div .expected { dt { "Expected" } dd .foreign { (finding.expected()) } }
            div .actual { dt { "Actual" } dd .foreign { (finding.actual()) } }
        }
    }
}

/// Whether two false checks are held to the same requirements at the same place of the case, so that these need not be said twice.
fn alike(a: &Finding, b: &Finding) -> bool {
    a.level == b.level && a.requirements == b.requirements && a.place == b.place
}

fn findings(alike: &[Finding], failure: &StepFinished) -> Markup {
    let first = alike.first();
    html! {
        div .mismatch {
            @for finding in alike {
                p {
                    (level_tag(finding.level)) " " strong .foreign { (finding.check) }
                    @if let Some(pointer) = finding.at() { " at " code .foreign { (pointer) } }
                }
                (expected_actual(finding, Some(failure)))
            }
            @if let Some(finding) = first { (requirements(&finding.requirements)) }
            @if let Some(place) = first.and_then(|finding| finding.place.as_ref()) {
                pre .excerpt tabindex="0" aria-label={ "Where it is expected: " (place.path) ", line " (place.line) } { (place.excerpt) }
            }
        }
    }
}

/// Which levels have a false check in a trial: 4 must, 2 should; notes are known by ID alone.
pub(super) fn levels(trial: &TrialReport) -> u8 {
    let bit = |level: Level| match level {
        Level::Must => 4,
        Level::Should => 2,
        Level::Info => 1,
    };
    trial.findings().fold(0, |bits, finding| bits | bit(finding.level))
}
