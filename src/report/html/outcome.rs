//! Outcomes and levels on a page: a word, a mark and a colour; never the colour alone.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::{
    event::{Outcome, Tone},
    level::Level,
    report::{Report, Verdict, latency::as_float, verdict::in_words},
};

/// The class of the style, which decides the colour.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Broken => "broken",
        Tone::Idle => "idle",
    }
}

/// The class of an outcome.
pub(super) fn class_of(outcome: Outcome) -> &'static str {
    class(outcome.form().tone)
}

pub(super) fn tag(outcome: Outcome) -> Markup {
    html! { span .tag.(class_of(outcome)) { span aria-hidden="true" { (outcome.form().mark) } (outcome.name()) } }
}

/// What a verdict says of the target: nothing may be left out of what was judged for it to be good or bad.
pub(super) fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Conformant => Tone::Good,
        Verdict::NotConformant | Verdict::Worse => Tone::Bad,
        Verdict::NoWorse => Tone::Warn,
        Verdict::NotJudged | Verdict::NothingRan | Verdict::NotBegun | Verdict::Interrupted | Verdict::Terminated => {
            Tone::Broken
        }
    }
}

pub(super) fn level_tag(level: Level) -> Markup {
    let class = match level {
        Level::Must => "bad",
        Level::Should => "warn",
        Level::Info => "note",
    };
    html! { span .tag.(class) { (level.name()) } }
}

/// How often each outcome occurred, in the order of reports.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<Outcome, usize>);

impl Counts {
    pub(super) fn of(report: &Report) -> Self {
        Self(report.outcomes().collect())
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        *self.0.entry(outcome).or_default() += 1;
    }

    pub(super) fn present(&self) -> impl Iterator<Item = (Outcome, usize)> {
        self.0.iter().map(|(outcome, count)| (*outcome, *count))
    }

    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Whether any of them says something against the target.
    pub(super) fn red(&self) -> usize {
        self.present().filter(|(outcome, _)| outcome.departs()).map(|(_, count)| count).sum()
    }

    /// `12 passed, 3 failed`.
    pub(super) fn words(&self) -> String {
        in_words(self.present().map(|(outcome, count)| (outcome.name(), count)))
    }

    /// The bar with its words, for a cell of a table.
    pub(super) fn cell(&self) -> Markup {
        html! {
            @if self.total() == 0 { span .muted { "none" } } @else { span .thin { (self.bar()) } span .muted { (self.words()) } }
        }
    }

    /// A bar of the parts; the words stand beside it or in its label.
    pub(super) fn bar(&self) -> Markup {
        let total = self.total().max(1);
        let percent = |count: usize| format!("{:.3}%", as_float(count) * 100.0 / as_float(total));
        let parts = self.present().scan(0, |end, (outcome, count)| {
            *end += count;
            Some((outcome, *end - count, count))
        });
        html! {
            svg .parts role="img" aria-label=(self.words()) width="100%" height="100%" {
                @for (outcome, from, count) in parts {
                    rect .(class_of(outcome)) x=(percent(from)) width=(percent(count)) height="100%" {}
                }
            }
        }
    }
}
