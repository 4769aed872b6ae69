//! The first screen: verdict, counts, target, what there is to know about the run, what changed, what the preflight found.

use maud::{Markup, html};

use super::{
    beside,
    causes::Causes,
    outcome::{Counts, class, class_of, tone},
    since,
    text::{capital, counted, duration, moment, plural},
};
use crate::{
    event::{RunStarted, Tone},
    report::{
        FailOn, Report, Score, Tally, Verdict,
        verdict::{in_words, why_stopped},
    },
};

pub(super) fn section(report: &Report, fail_on: FailOn, causes: &Causes<'_>) -> Markup {
    let verdict = report.verdict(fail_on);
    let (counts, score) = (Counts::of(report), report.score());
    html! {
        section #overview .overview aria-labelledby="verdict" {
            div .verdict.card.(class(tone(verdict))) {
                p .target {
                    @if let Some(header) = &report.header {
                        span .foreign { (header.target) }
                        @if header.origin.as_str() != header.target { " " span .muted.foreign { (header.origin) } }
                    }
                }
                h1 #verdict { span aria-hidden="true" { (mark(tone(verdict))) " " } (capital(verdict.name())) }
                p .sentence { (sentence(report, verdict, counts.red(), causes)) }
                @if let Some(sentence) = score.as_ref().and_then(|score| score.all.sentence()) { p .sentence { strong { "Score: " (sentence) "." } } }
                @if counts.total() > 0 {
                    div .total { (counts.bar()) }
                    ul .counts {
                        @for (outcome, count) in counts.present() {
                            li {
                                a .count.(class_of(outcome)) href="#trials" data-outcome=(outcome.name()) {
                                    span aria-hidden="true" { (outcome.form().mark) } strong { (count) } " " (outcome.name())
                                }
                            }
                        }
                    }
                }
            }
            (causes.heaviest())
            (preflight(report))
            @for reason in &report.not_begun { p .card.gap { span .tag.broken { "did not begin" } " " span .foreign { (reason) } } }
            @for missing in report.missing() { p .card.gap { span .tag.broken { "incomplete" } " " (missing) } }
            (figures(report, score.as_ref(), causes))
            @if let Some(score) = &score { (by_profile(score)) }
            @if let Some(parity) = &report.parity { (beside::card(parity)) }
            @if let Some(comparison) = &report.comparison { (since::card(comparison, fail_on)) }
            @if let Some(header) = &report.header { (facts(report, header)) }
            noscript { p .card { "Search, filters and the list of all trials need a script. The causes and the tables below are complete without one." } }
        }
    }
}

fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✓",
        Tone::Bad => "✗",
        Tone::Broken | Tone::Warn | Tone::Idle => "?",
    }
}

/// The verdict in a sentence.
fn sentence(report: &Report, verdict: Verdict, red: usize, causes: &Causes<'_>) -> String {
    let mut text = match verdict {
        Verdict::Conformant => "The target does what it is held to, wherever it could be judged.".to_owned(),
        Verdict::NotConformant if red > 0 => {
            let shows = if red == 1 { "shows" } else { "show" };
            format!(
                "{} {shows} that the target departs from what it is held to, by {}.",
                counted(red, "trial"),
                counted(causes.red(), "cause")
            )
        }
        Verdict::NotConformant => {
            "No trial failed, but something else turns this run red: see the reference, what changed, drift, snapshots, stale known failures, warnings and flaky trials.".to_owned()
        }
        Verdict::NoWorse => format!(
            "Nothing is worse than in the baseline, which is all that was asked: {}.",
            in_words(report.outcomes().map(|(outcome, count)| (outcome.name(), count)))
        ),
        Verdict::Worse => "Something is worse than in the baseline: see what changed.".to_owned(),
        Verdict::NotJudged => "Something kept the run from telling whether the target is conformant.".to_owned(),
        Verdict::NothingRan => "There was no trial to run.".to_owned(),
        Verdict::NotBegun => "The run ended before it began, so nothing is known of the target.".to_owned(),
        Verdict::Interrupted => "Somebody interrupted the run before its end.".to_owned(),
        Verdict::Terminated => "The run was told to end before its end.".to_owned(),
    };
    if let Some(why) = report.stopped().and_then(why_stopped) {
        text = format!("{text} The run was stopped {why}.");
    }
    text
}

fn preflight(report: &Report) -> Markup {
    html! {
        @if !report.preflight.is_empty() {
            section .card.preflight aria-labelledby="preflight" {
                h2 #preflight { "Preflight" }
                ul {
                    @for finding in &report.preflight {
                        li {
                            span .tag.(if finding.fatal { "bad" } else { "warn" }) { (if finding.fatal { "fatal" } else { "warning" }) }
                            " " span .foreign { (finding.text) }
                        }
                    }
                }
            }
        }
    }
}

/// The score of each profile, the lowest first, and what does not count.
fn by_profile(score: &Score) -> Markup {
    let mut profiles: Vec<_> = score.profiles.iter().filter(|(_, tally)| tally.total() > 0).collect();
    profiles.sort_by_key(|(_, tally)| tally.percent);
    let words = |tally: &Tally| tally.sentence().unwrap_or_default();
    html! {
        @if !profiles.is_empty() {
            details .card {
                summary { "Score by profile" }
                ul { @for (name, tally) in profiles { li { span .mono.foreign { (name) } " " (words(tally)) } } }
                @if let Some(beside) = score.beside() { p .muted { "Not counted: " span .foreign { (beside) } "." } }
            }
        }
    }
}

fn figures(report: &Report, score: Option<&Score>, causes: &Causes<'_>) -> Markup {
    let (reached, documented) = report.coverage.reached(report.operations());
    let new = report.unexplained_drift().count();
    let figure = |part: &str, value: String, name: &str, more: String| {
        html! { li { a href={ "#" (part) } { strong { (value) } span { (name) } small { (more) } } } }
    };
    let number = |part: &str, count: usize, noun: &str, more: String| {
        figure(part, count.to_string(), &plural(count, noun), more)
    };
    html! {
        ul .figures {
            @if let Some((tally, percent)) = score.and_then(|score| Some((score.all, score.all.percent?))) {
                (figure("requirements", percent.to_string(), "score", format!("{} of {} held", tally.held, counted(tally.total(), "requirement"))))
            }
            (number("causes", causes.counted(), "cause", format!("{} in all, with warnings and what is known", causes.count())))
            (number("trials", report.trials.len(), "trial", counted(report.checks(), "check")))
            (number("timings", report.requests(), "request", format!("in {}", duration(report.seconds() * 1000.0))))
            (figure("coverage", percent(reached, documented), "coverage", format!("{reached} of {}", counted(documented, "status"))))
            (figure("drift", new.to_string(), "new drift", format!("{} explained", report.drift.len() - new)))
            (figure("leaks", report.leaks.len().to_string(), "leaked", format!("{} may be left", report.may_be_left.len())))
            (number("causes", report.warnings(), "warning", "checks of level should".to_owned()))
            (number("notes", report.notes, "note", "checks of level info".to_owned()))
        }
    }
}

fn percent(part: usize, whole: usize) -> String {
    // Rounded down: 100 % is said of all of them alone.
    (part * 100).checked_div(whole).map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
}

fn facts(report: &Report, header: &RunStarted) -> Markup {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let limits = match (report.waited, report.rate_limited()) {
        (0.0, 0) => "no waiting, no 429".to_owned(),
        (waited, limited) => format!("{} waited, {} of 429", duration(waited * 1000.0), counted(limited, "answer")),
    };
    let suite: String = header.suite.chars().take(12).collect();
    html! {
        dl .facts.card {
            div { dt { "Target" } dd .foreign { (header.target) } }
            div { dt { "Origin" } dd .mono.foreign { (header.origin) } }
            div { dt { "Started" } dd { time datetime=(header.started) { (moment(&header.started)) } } }
            div { dt { "Took" } dd { (duration(report.seconds() * 1000.0)) ", " (header.jobs) " at a time" } }
            div { dt { "Run" } dd .mono { (header.run) } }
            div { dt { "Suite" } dd .mono title=(header.suite) { (suite) } }
            div { dt { "Program" } dd { "okta-conformance " (header.program) } }
            div { dt { "Principals" } dd { (list(&header.principals)) } }
            div { dt { "Capabilities" } dd { (list(&header.capabilities)) } }
            div { dt { "Rate limits" } dd { (limits) } }
        }
    }
}
