//! Outcomes and levels on a page: a word, a mark and a colour; never the colour alone.

use maud::{Markup, html};

use super::text::counted;
use crate::{
    event::{Outcome, Tone},
    level::Level,
};

/// The class of the style, which decides the colour.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome.form().tone {
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Broken => "broken",
        Tone::Idle => "idle",
    }
}

pub(super) fn tag(outcome: Outcome) -> Markup {
    html! { span .tag.(class(outcome)) { span aria-hidden="true" { (outcome.form().mark) } (outcome.name()) } }
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
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts([usize; Outcome::ALL.len()]);

impl Counts {
    pub(super) fn add(&mut self, outcome: Outcome) {
        if let Some(index) = Outcome::ALL.iter().position(|other| *other == outcome) {
            self.0[index] += 1;
        }
    }

    pub(super) fn present(&self) -> impl Iterator<Item = (Outcome, usize)> {
        Outcome::ALL.iter().copied().zip(self.0).filter(|(_, count)| *count > 0)
    }

    pub(super) fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Whether any of them says something against the target.
    pub(super) fn red(&self) -> usize {
        self.present().filter(|(outcome, _)| outcome.departs()).map(|(_, count)| count).sum()
    }

    /// `12 passed, 3 failed`.
    pub(super) fn words(&self) -> String {
        let words: Vec<String> = self.present().map(|(outcome, count)| format!("{count} {}", outcome.name())).collect();
        if words.is_empty() { counted(0, "trial") } else { words.join(", ") }
    }

    /// A bar of the parts; the words stand beside it or in its label.
    pub(super) fn bar(&self) -> Markup {
        let total = self.total().max(1);
        let mut from = 0;
        let mut parts = Vec::new();
        for (outcome, count) in self.present() {
            parts.push((class(outcome), from, count));
            from += count;
        }
        let percent = |count: usize| format!("{:.3}%", f64_of(count) * 100.0 / f64_of(total));
        html! {
            svg .parts role="img" aria-label=(self.words()) width="100%" height="100%" {
                @for (class, from, count) in parts {
                    rect .(class) x=(percent(from)) width=(percent(count)) height="100%" {}
                }
            }
        }
    }
}

/// Counts are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
pub(super) fn f64_of(count: usize) -> f64 {
    count as f64
}
