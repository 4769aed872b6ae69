//! A run as one HTML file, which opens from disk without a network.
//!
//! Owns the order of the page. A part of the page is a file here; `frame` is what pages share, `text` the boundary that foreign text passes.
//! What a reader needs first, and every cause, is there without a script; the list of all trials, search and filters are the script's.

mod beside;
mod causes;
mod coverage;
mod diff;
mod exchange;
mod frame;
mod lists;
mod outcome;
mod overview;
mod requirements;
mod since;
mod text;
mod timings;
mod trend;
mod trials;

use std::io;

use maud::{Markup, html};

pub use self::trend::write as write_trend;
use self::{causes::Causes, frame::Page, outcome::tone, text::Data};
use super::{FailOn, Report};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Writes the page of a run.
///
/// # Errors
/// A place that cannot be written.
pub fn write(report: &Report, fail_on: FailOn, mut writer: impl io::Write) -> io::Result<()> {
    let verdict = report.verdict(fail_on);
    let causes = Causes::of(report, fail_on);
    let data = Data::of(&trials::data(report, &causes))?;
    let target = report.header.as_ref().map_or("no run", |header| header.target.as_str());
    let title = super::printable(&format!("{}: {target}", verdict.name()));
    let main = html! {
        (overview::section(report, fail_on, &causes))
        div .results {
            (causes::filters())
            (causes.section())
            (trials::section(report))
        }
        (coverage::section(report))
        (requirements::section(report))
        (timings::section(report))
        (lists::drift(report))
        (lists::leaks(report))
        (lists::notes(report))
        (footer(report))
    };
    let page = Page {
        title: &title,
        tone: tone(verdict),
        parts: &parts(report, &causes),
        style: STYLE,
        script: SCRIPT,
        data: Some(data),
        main,
    };
    writer.write_all(page.document().into_string().as_bytes())
}

fn parts(report: &Report, causes: &Causes<'_>) -> Vec<(&'static str, String)> {
    let counted = |name: &str, count: usize| if count == 0 { name.to_owned() } else { format!("{name} {count}") };
    vec![
        ("overview", "Overview".to_owned()),
        ("causes", counted("Causes", causes.count())),
        ("trials", counted("Trials", report.trials.len())),
        ("coverage", "Coverage".to_owned()),
        ("requirements", "Requirements".to_owned()),
        ("timings", "Timings".to_owned()),
        ("drift", counted("Drift", report.drift.len())),
        ("leaks", counted("Leaks", report.each_left().count())),
        ("notes", counted("Notes", report.noted.len())),
    ]
}

fn footer(report: &Report) -> Markup {
    let program = report.header.as_ref().map_or(env!("CARGO_PKG_VERSION"), |header| &header.program);
    html! {
        footer .muted {
            p { "Made by okta-conformance " (program) " from the event stream of the run. The page is one file: it needs no network and sends nothing." }
        }
    }
}
