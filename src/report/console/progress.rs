//! The progress line of a terminal: how far the run is, what it has met, how long it will take, what it waits for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::Style;
use crate::event::{Outcome, Waited, Why};

/// What the line says beside its numbers.
#[derive(Default)]
struct State {
    departed: usize,
    unjudged: usize,
    /// Until when the run waits, and why.
    wait: Option<(Instant, &'static str)>,
}

/// A line at the bottom of the terminal; gone when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    state: Arc<Mutex<State>>,
}

impl Progress {
    /// Begins with no trial of so many.
    pub(super) fn start(trials: usize, style: Style) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let bar = ProgressBar::new(trials as u64);
        // A narrow terminal has room for the numbers alone.
        let template = match style.width.unwrap_or(80) {
            ..60 => "{pos}/{len}{rest}".to_owned(),
            columns => format!("{{bar:{}}} {{pos}}/{{len}}{{rest}}", (columns / 6).min(24)),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let known = Arc::clone(&state);
            let rest = move |progress: &ProgressState, text: &mut dyn std::fmt::Write| {
                let state = known.lock().unwrap_or_else(PoisonError::into_inner);
                for (count, word) in [(state.departed, "failed"), (state.unjudged, "not judged")] {
                    if count > 0 {
                        let _ = write!(text, ", {count} {word}");
                    }
                }
                // Before anything has ended, nothing is known.
                if progress.pos() > 0 {
                    let _ = write!(text, ", {} s left", progress.eta().as_secs() + 1);
                }
                if let Some((until, why)) = &state.wait {
                    let left = until.saturating_duration_since(Instant::now());
                    if !left.is_zero() {
                        let _ = write!(text, "; {why}: {} s", left.as_secs() + 1);
                    }
                }
            };
            bar.set_style(style.progress_chars("=> ").with_key("rest", rest));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, state }
    }

    /// Shows how long the run waits; of several waits at once, the last to end.
    pub(super) fn wait(&self, waited: &Waited) {
        let pause = Duration::try_from_secs_f64(waited.seconds).unwrap_or_default();
        let Some(until) = Instant::now().checked_add(pause) else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.wait.as_ref().is_none_or(|(other, _)| *other < until) {
            let why = match waited.why {
                Why::Budget => "rate limit",
                Why::TooManyRequests => "429",
            };
            state.wait = Some((until, why));
        }
    }

    /// Counts a trial; a line about it goes above.
    pub(super) fn end(&self, outcome: Outcome, line: Option<String>) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.departed += usize::from(outcome.departs());
            state.unjudged += usize::from(outcome.is_unjudged());
        }
        self.bar.inc(1);
        if let Some(line) = line {
            self.bar.println(line);
        }
    }

    /// Writes something while the line is away, so that what is written stands above it.
    pub(super) fn above<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
