//! Which documented statuses of which operations a run has seen, as a table.
//!
//! A status counts as reached when an answer to the operation had it, whatever the checks said.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::text::joined;
use crate::{
    event::{DocumentedOperation, StepFinished},
    level::Level,
};

/// Statuses seen by operation.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: BTreeMap<String, BTreeMap<u16, Answers>>,
}

/// Answers to one operation with one status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// All of them.
    pub count: usize,
    /// Those with a false check of level `must`.
    pub failed: usize,
    /// Those with none, but one of level `should`.
    pub warned: usize,
}

/// Whether a status says that something is not there.
fn is_lack(status: u16) -> bool {
    matches!(status, 404 | 405 | 501)
}

impl Coverage {
    /// Takes the next step.
    pub(super) fn take(&mut self, step: &StepFinished) {
        let Some(exchange) = &step.exchange else { return };
        let answers = self.seen.entry(step.call.clone()).or_default().entry(exchange.response.status).or_default();
        answers.count += 1;
        match step.findings.iter().map(|finding| finding.level).max() {
            Some(Level::Must) => answers.failed += 1,
            Some(Level::Should) => answers.warned += 1,
            Some(Level::Info) | None => {}
        }
    }

    /// The answers to an operation with a status.
    pub fn answers(&self, operation: &str, status: u16) -> Answers {
        self.seen.get(operation).and_then(|statuses| statuses.get(&status)).copied().unwrap_or_default()
    }

    /// The statuses of the columns of a table: those that are documented, and those that were seen anyway.
    pub fn statuses(&self, operations: &[DocumentedOperation]) -> BTreeSet<u16> {
        let documented = operations.iter().flat_map(|operation| operation.statuses.iter().copied());
        let seen = operations.iter().filter_map(|operation| self.seen.get(&operation.id)).flat_map(BTreeMap::keys);
        documented.chain(seen.copied()).collect()
    }

    /// Whether no answer to an operation shows that it is there: who is not let in learns nothing of that.
    pub(super) fn may_be_lacking(&self, operation: &str) -> bool {
        self.seen
            .get(operation)
            .is_none_or(|seen| seen.keys().all(|status| is_lack(*status) || matches!(status, 401 | 403)))
    }

    /// Whether all answers to an operation say that it is not there, though some were to be others.
    pub(super) fn only_lacking(&self, operation: &str) -> bool {
        let lacks = |(status, answers): (&u16, &Answers)| is_lack(*status) && answers.failed > 0;
        self.may_be_lacking(operation) && self.seen.get(operation).is_some_and(|seen| seen.iter().any(lacks))
    }

    fn count(&self, operation: &str, status: u16) -> usize {
        self.answers(operation, status).count
    }

    /// How many documented statuses were reached, of how many.
    pub fn reached(&self, operations: &[DocumentedOperation]) -> (usize, usize) {
        let all = || operations.iter().flat_map(|one| one.statuses.iter().map(|status| (&one.id, *status)));
        (all().filter(|(id, status)| self.count(id, *status) > 0).count(), all().count())
    }

    /// The table in Markdown: a row an operation, a column a status; the number of answers, `-` where none came, blank where none is
    /// documented.
    pub fn table(&self, operations: &[DocumentedOperation]) -> String {
        let columns = self.statuses(operations);
        let heads = joined(columns.iter().map(|status| format!(" {status} |")), "");
        let mut text = format!("| operation |{heads}\n|---|{}\n", "---|".repeat(columns.len()));
        for operation in operations {
            let cells = columns.iter().map(|status| {
                match (self.count(&operation.id, *status), operation.statuses.contains(status)) {
                    (0, true) => " - |".to_owned(),
                    (0, false) => "  |".to_owned(),
                    (count, true) => format!(" {count} |"),
                    (count, false) => format!(" ({count}) |"),
                }
            });
            let _ = writeln!(text, "| {} |{}", operation.id, joined(cells, ""));
        }
        let (reached, all) = self.reached(operations);
        let _ = write!(text, "\n{reached} of {all} documented statuses were reached; in brackets: not documented.\n");
        let missing = operations.iter().flat_map(|operation| {
            let unseen = operation.statuses.iter().filter(|status| self.count(&operation.id, **status) == 0);
            unseen.map(move |status| (operation, *status))
        });
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (operation, status) in missing {
            let known = operation.unreachable.iter().find(|(other, _)| *other == status);
            let reason = known.map_or("", |(_, reason)| reason.as_str());
            reasons.entry(reason).or_default().push(format!("{} {status}", operation.id));
        }
        for (reason, list) in reasons {
            let list = list.join(", ");
            let _ = match reason {
                "" => writeln!(text, "\nNot reached: {list}."),
                reason => writeln!(text, "\nOut of reach, because {reason}: {list}."),
            };
        }
        text
    }
}
