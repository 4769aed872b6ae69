//! Judging an answer: the contract of its operation, and what a step expects beside it.
//!
//! Pure: answers and expectations come in, false checks and drift come out. Which outcome follows is the run's.

mod contract;
mod expect;
mod names;

pub(crate) use contract::{Headers, Identity, judge_body, judge_headers, judge_identity};
pub(crate) use expect::{judge_expectations, judge_status};

use names::Names;

use crate::{
    diagnostic::Span,
    event::{CheckKind, Checks},
    level::Level,
    schema::Drift,
};

/// One false check, before secrets are taken out and the place is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct False {
    pub(crate) check: CheckKind,
    pub(crate) level: Level,
    pub(crate) requirements: Vec<String>,
    /// Where the expectation stands in the step's file; what a call implies stands at the call.
    pub(crate) span: Option<Span>,
    pub(crate) pointer: Option<String>,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

/// What judging an answer brought.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) checks: Checks,
    /// What was held against something: the word of the check, with the place in the body where it has one.
    pub(crate) made: Names,
    pub(crate) falses: Vec<False>,
    pub(crate) drift: Vec<Drift>,
    /// At least so many more places are false that are not told one by one. Of each false check some are.
    pub(crate) left_out: usize,
}

impl Verdict {
    /// Counts a check that is made.
    pub(crate) fn count(&mut self, check: &CheckKind, level: Level) {
        self.checks.count(level);
        self.made.push(check, "");
    }

    /// Counts a check that is made of something with a name.
    pub(crate) fn count_of(&mut self, check: &CheckKind, name: &str, level: Level) {
        self.checks.count(level);
        self.made.push(check, name);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.checks.add(other.checks);
        self.made.append(other.made);
        self.falses.extend(other.falses);
        self.drift.extend(other.drift);
        self.left_out += other.left_out;
    }
}
