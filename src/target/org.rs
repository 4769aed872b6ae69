//! What a mock's org holds at the start: read from YAML, and people by the identifiers that a recording speaks of.

use std::{collections::BTreeSet, path::Path};

use crate::{
    diagnostic::{Diagnostic, Source},
    mock::start::{Named, State},
    suite::{FilesError, read_file},
    yaml::{Node, parse},
};

/// The org of a run against the embedded mock.
const RUN: &str = include_str!("../../examples/mock-state.yaml");

/// A state that cannot be planted.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file that cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Not YAML.
    #[error("{0}")]
    Yaml(Box<Diagnostic>),
    /// Not of the form of a state.
    #[error("{0}: {1} (schemas/harness/state.schema.json has the form)")]
    Form(String, serde_json::Error),
}

/// Reads a state file.
///
/// # Errors
/// A file that is none.
pub fn read_state(path: &Path) -> Result<State, StateError> {
    let source = read_file(path)?;
    state(&parse(&source).map_err(StateError::Yaml)?, &source.path)
}

/// The org of a run against the embedded mock.
///
/// # Errors
/// None, as a test shows; the file is part of the program.
pub(super) fn of_run() -> Result<State, StateError> {
    let source = Source::new("examples/mock-state.yaml", RUN);
    state(&parse(&source).map_err(StateError::Yaml)?, &source.path)
}

fn state(root: &Node, path: &str) -> Result<State, StateError> {
    serde_json::from_value(root.to_json()).map_err(|error| StateError::Form(path.to_owned(), error))
}

/// The org with groups and users for all identifiers that stand for such in every org: those that begin with `00g` and `00u`.
pub(super) fn with_people(mut state: State, ids: &BTreeSet<String>) -> State {
    for (kind, named) in [("00g", &mut state.groups), ("00u", &mut state.users)] {
        let new = |id: &&String| id.starts_with(kind) && !named.iter().any(|there| there.id == **id);
        let new: Vec<_> = ids.iter().filter(new).map(|id| Named { id: id.clone(), name: id.clone() }).collect();
        named.extend(new);
    }
    state
}
