//! Rows of a table in memory that are found by their id. Owns the lookup and the "not found" it ends in; what a row is
//! stays with its resource. Policies and rules are kept in the order of priority, so a priority is a place counted from 1, and there are
//! neither gaps nor doubles.

use super::wire::{Entity, Refusal};

/// Something that has an id and a class that errors call it by.
pub(super) trait Row {
    const ENTITY: Entity;

    fn id(&self) -> &str;
}

pub(super) fn find<'r, R: Row>(rows: &'r [R], id: &str) -> Result<&'r R, Refusal> {
    rows.iter().find(|row| row.id() == id).ok_or_else(|| Refusal::not_found(id, R::ENTITY))
}

pub(super) fn find_mut<'r, R: Row>(rows: &'r mut [R], id: &str) -> Result<&'r mut R, Refusal> {
    rows.iter_mut().find(|row| row.id() == id).ok_or_else(|| Refusal::not_found(id, R::ENTITY))
}

/// Where the row stands.
pub(super) fn place<R: Row>(rows: &[R], id: &str) -> Result<usize, Refusal> {
    rows.iter().position(|row| row.id() == id).ok_or_else(|| Refusal::not_found(id, R::ENTITY))
}

pub(super) fn remove<R: Row>(rows: &mut Vec<R>, id: &str) -> Result<R, Refusal> {
    let place = place(rows, id)?;
    Ok(rows.remove(place))
}

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
