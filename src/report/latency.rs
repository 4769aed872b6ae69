//! How long answers took, by operation and status, and when two runs differ in it beyond noise.
//!
//! Times of answers are skewed and have outliers, so ranks and medians are compared, never means: a Mann-Whitney test whose score must pass
//! [`SCORE`], and a change of the median that somebody would feel. No score is reached by fewer than twelve answers on each side.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::StepFinished;

/// The least score of the Mann-Whitney test, in standard deviations. One operation in 16,000 passes it by chance, so among a hundred none does.
const SCORE: f64 = 4.0;

/// The least change of a median, as a part of the smaller one.
const LEAST_PART: f64 = 0.25;

/// The least change of a median in milliseconds: what the network and a busy machine do by themselves.
const LEAST_MS: f64 = 50.0;

/// The times of answers in milliseconds, by operation and status.
#[derive(Debug, Default)]
pub struct Latencies(BTreeMap<(String, u16), Vec<f64>>);

/// An operation whose answers take another time than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencyChange {
    /// The operation, or method and path.
    pub call: String,
    /// Of the answers.
    pub status: u16,
    /// The median before, in milliseconds.
    pub old_ms: f64,
    /// The median now.
    pub new_ms: f64,
    /// How many answers there were before and now.
    pub answers: (usize, usize),
}

impl LatencyChange {
    /// Whether it takes longer than before.
    pub fn is_slower(&self) -> bool {
        self.new_ms > self.old_ms
    }

    /// The word in reports.
    pub(super) fn word(&self) -> &'static str {
        if self.is_slower() { "slower" } else { "faster" }
    }
}

impl Latencies {
    /// Takes the next step.
    pub(super) fn take(&mut self, step: &StepFinished) {
        if let Some(exchange) = &step.exchange {
            self.0.entry((step.call.clone(), exchange.response.status)).or_default().push(exchange.duration_ms);
        }
    }

    /// The times by operation and status, in the order in which the answers came.
    pub fn all(&self) -> impl Iterator<Item = (&str, u16, &[f64])> {
        self.0.iter().map(|((call, status), times)| (call.as_str(), *status, times.as_slice()))
    }

    /// The times by operation alone.
    pub(super) fn by_call(&self) -> BTreeMap<&str, Vec<f64>> {
        let mut calls: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ((call, _), times) in &self.0 {
            calls.entry(call).or_default().extend(times);
        }
        calls
    }

    /// How many answers of 2xx an operation gave.
    pub(super) fn successes(&self, call: &str) -> usize {
        let statuses = (call.to_owned(), 200)..(call.to_owned(), 300);
        self.0.range(statuses).map(|(_, times)| times.len()).sum()
    }

    /// Those that take another time than in `old`, the greatest change first.
    pub fn changes_since(&self, old: &Self) -> Vec<LatencyChange> {
        let mut changes: Vec<LatencyChange> = self
            .0
            .iter()
            .filter_map(|(key, new)| {
                let old = old.0.get(key)?;
                let (old_ms, new_ms) = (median(old), median(new));
                let change = (new_ms - old_ms).abs();
                let felt = change >= LEAST_MS && change >= LEAST_PART * old_ms.min(new_ms);
                (felt && score(old, new) >= SCORE).then(|| LatencyChange {
                    call: key.0.clone(),
                    status: key.1,
                    old_ms,
                    new_ms,
                    answers: (old.len(), new.len()),
                })
            })
            .collect();
        let size = |change: &LatencyChange| (change.new_ms / change.old_ms.max(0.001)).ln().abs();
        changes.sort_by(|a, b| size(b).total_cmp(&size(a)));
        changes
    }
}

/// The middle value; 0 of none.
pub fn median(times: &[f64]) -> f64 {
    quantile(times, 0.5)
}

/// The value below which this part of the values lies, between two of them in proportion; 0 of none.
pub fn quantile(times: &[f64], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = part * as_float(last);
    let (below, above) = (at.floor(), at.ceil());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
    let value = |index: f64| sorted[(index as usize).min(last)];
    value(below) + (value(above) - value(below)) * (at - below)
}

/// How far the ranks of the two samples are from those of one population, in standard deviations: the Mann-Whitney test in its normal
/// approximation, with ties and the correction for continuity.
fn score(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        a.iter().map(|time| (*time, true)).chain(b.iter().map(|time| (*time, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let size = as_float(group.len());
        rank_sum += as_float(group.iter().filter(|(_, of_a)| *of_a).count()) * (before + f64::midpoint(size, 1.0));
        ties += size.powi(3) - size;
        before += size;
    }
    let (of_a, of_b, total) = (as_float(a.len()), as_float(b.len()), as_float(all.len()));
    let u = rank_sum - of_a * (of_a + 1.0) / 2.0;
    let variance = of_a * of_b / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance.is_nan() || variance <= 0.0 {
        return 0.0;
    }
    ((u - of_a * of_b / 2.0).abs() - 0.5).max(0.0) / variance.sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "no run has as many answers as would be needed to lose one")]
pub(super) fn as_float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[f64]) -> Latencies {
        Latencies(BTreeMap::from([(("get".to_owned(), 200), times.to_vec())]))
    }

    #[test]
    fn the_score_is_that_of_the_literature() {
        // scipy.stats.mannwhitneyu([19, 22, 16, 29, 24], [20, 11, 17, 12], method="asymptotic"): U = 17, p = 0.1113.
        assert!((score(&[19.0, 22.0, 16.0, 29.0, 24.0], &[20.0, 11.0, 17.0, 12.0]) - 1.592).abs() < 0.001);
        // Hollander and Wolfe (1973), permeability of membranes: W = 35, so 9.5 of a deviation of 8.165.
        let x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let y = [1.15, 0.88, 0.90, 0.74, 1.21];
        assert!((score(&x, &y) - 1.1635).abs() < 0.001, "{}", score(&x, &y));
        assert!(score(&[1.0; 20], &[1.0; 20]).abs() < f64::EPSILON, "nothing but ties");
        assert!(score(&[], &[1.0]).abs() < f64::EPSILON);
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((quantile(&[1.0, 2.0, 3.0], 0.95) - 2.9).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn only_what_is_beyond_noise_is_a_change() {
        let old: Vec<f64> = (0..20).map(|at| 100.0 + f64::from(at)).collect();
        let with = |change: &dyn Fn(f64) -> f64| of(&old.iter().map(|time| change(*time)).collect::<Vec<_>>());
        assert_eq!(with(&|time| time + 8.0).changes_since(&of(&old)), [], "nobody would feel it");
        let slower = with(&|time| time * 2.0).changes_since(&of(&old));
        assert_eq!(slower.len(), 1);
        assert!(slower[0].is_slower() && slower[0].answers == (20, 20));
        assert!(!of(&old).changes_since(&with(&|time| time * 2.0))[0].is_slower());
        let few = |times: &[f64]| of(&times[..11]);
        let doubled: Vec<f64> = old.iter().map(|time| time * 2.0).collect();
        assert_eq!(few(&doubled).changes_since(&few(&old)), [], "too few to tell");
        // One answer that hung says nothing of the operation.
        let hung = with(&|time| if time > 118.0 { 30_000.0 } else { time });
        assert_eq!(hung.changes_since(&of(&old)), []);
    }
}
