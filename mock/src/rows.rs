//! Rows of a table in memory that are found by their id. Owns the lookup and the "not found" it ends in; what a row is
//! stays with its resource.

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
