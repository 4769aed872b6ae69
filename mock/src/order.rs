//! Priorities of policies and rules. A list is kept in the order of priority, so a priority is a place counted from 1,
//! and there are neither gaps nor doubles. Owns where a row goes; the rows are others'.

/// The priority of the row at an index.
pub(super) fn priority(index: usize) -> usize {
    index + 1
}

/// Puts a new row at the priority asked for and moves those behind it; says at which index it stands.
///
/// Recorded: a priority beyond the end is cut down to it. Inferred: one below 1 is raised to 1, and without one the row
/// goes to the end.
pub(super) fn insert<R>(rows: &mut Vec<R>, row: R, priority: Option<i64>) -> usize {
    let index = match priority {
        Some(priority) => usize::try_from(priority.max(1) - 1).unwrap_or(usize::MAX).min(rows.len()),
        None => rows.len(),
    };
    rows.insert(index, row);
    index
}

/// Puts a row that is there already at another priority. Without one it stays (inferred).
pub(super) fn shift<R>(rows: &mut Vec<R>, index: usize, priority: Option<i64>) -> usize {
    if priority.is_none() || index >= rows.len() {
        return index;
    }
    let row = rows.remove(index);
    insert(rows, row, priority)
}
