//! How much detail each trial gets in reports that consumers load whole. Every trial stays in them.

use super::{Report, text::beginning};
use crate::counted::counted;

/// Enough to see what is wrong with one trial.
const MOST_OF_ONE: usize = 16 * 1024;

/// What all have together; consumers refuse files that are too large. Markup takes up to twice as much.
const MOST_OF_ALL: usize = 10 * 1024 * 1024;

/// Less would not show the first finding.
const LEAST_OF_ONE: usize = 512;

/// Gives each trial its share.
pub(super) struct Details {
    share: usize,
    cut: usize,
}

impl Details {
    /// The shares of the trials of a report.
    pub(super) fn of(report: &Report) -> Self {
        let told = report.trials.iter().filter(|trial| !trial.failures.is_empty());
        let texts: usize = told.map(|trial| 1 + trial.finished.earlier.len()).sum();
        Self { share: (MOST_OF_ALL / texts.max(1)).clamp(LEAST_OF_ONE, MOST_OF_ONE), cut: 0 }
    }

    /// As much of a text as its share is.
    pub(super) fn cut(&mut self, text: String) -> String {
        self.cut += usize::from(text.len() > self.share);
        beginning(text, self.share)
    }

    /// How many texts were cut since this was last asked, in words.
    pub(super) fn told(&mut self) -> Option<String> {
        let cut = Some(std::mem::take(&mut self.cut)).filter(|cut| *cut > 0)?;
        Some(format!("{} cut to {} bytes; the event stream has all of them", counted(cut, "detail"), self.share))
    }
}
