//! What the target does not have: operations that answer nothing but that they are not there, by the path that they have in common.

use std::collections::BTreeMap;

use crate::{event::DocumentedOperation, report::Report};

/// Operations that are not there, each with the shortest path below which nothing else is.
pub(super) struct Absent<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Absent<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let silent = |operation: &&DocumentedOperation| report.coverage.only_lacking(&operation.id);
        let is_below = |operation: &DocumentedOperation, root: &str| {
            operation.path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // A path is not there where two operations say so and none says otherwise: one that is missing is an operation, not a path.
        let is_absent = |root: &&str| {
            let below: Vec<_> = report.operations().iter().filter(|operation| is_below(operation, root)).collect();
            let said = below.iter().filter(|operation| silent(operation)).count();
            said > 1 && below.iter().all(|operation| report.coverage.may_be_lacking(&operation.id))
        };
        let paths = report.operations().iter().filter(silent).map(|operation| operation.path.as_str());
        let roots: Vec<&str> = paths.filter(is_absent).collect();
        let root = |operation: &DocumentedOperation| {
            roots.iter().copied().filter(|root| is_below(operation, root)).min_by_key(|root| root.len())
        };
        // Those that nothing could be asked of, since what they are about could not be made, are not there either.
        Self(report.operations().iter().filter_map(|one| Some((one.id.as_str(), root(one)?))).collect())
    }

    /// The path that is not there, if an operation is below one.
    pub(super) fn above(&self, call: &str) -> Option<&'a str> {
        self.0.get(call).copied()
    }

    /// The operations below a path that is not there.
    pub(super) fn below(&self, path: &str) -> Vec<&'a str> {
        self.0.iter().filter(|(_, root)| **root == path).map(|(call, _)| *call).collect()
    }
}
