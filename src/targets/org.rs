//! What a mock's org holds at the start: read from YAML, and people by the identifiers that a recording speaks of.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use okta_mock::{
    State,
    start::{Named, User},
};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    suite::{FilesError, read_file},
    yaml::parse,
};

/// The org of a run against the embedded mock.
const RUN: &str = include_str!("../../examples/mock-state.yaml");

/// What a state may have, by which a file is known as one.
const MEMBERS: [&str; 8] = ["servers", "clients", "groups", "users", "apps", "login", "refreshTokens", "serviceApps"];

/// A state that cannot be planted.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file that cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file that is no state, or one that contradicts itself: everything that is wrong with it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Wrong(Vec<Diagnostic>),
}

/// A state that was read, and the file that it was read from.
pub struct StateFile {
    /// What it says.
    pub state: State,
    source: Arc<Source>,
}

impl StateFile {
    /// Reads a state file and looks whether a mock can start with it.
    ///
    /// # Errors
    /// A file that is none, or one that contradicts itself.
    pub fn read(path: &Path) -> Result<Self, StateError> {
        let source = read_file(path)?;
        let mistakes = State::mistakes(&source.text);
        if !mistakes.is_empty() {
            return Err(StateError::Wrong(mistakes.iter().map(|error| mistake(&source, error)).collect()));
        }
        let state = State::from_yaml(&source.text).map_err(|error| drawn(&source, &error))?;
        Ok(Self { state, source })
    }

    /// Whether a file is a state, by what it says.
    pub fn is_file(path: &Path) -> bool {
        let root = read_file(path).ok().and_then(|source| parse(&source).ok());
        root.is_some_and(|root| root.get("cases").is_none() && MEMBERS.iter().any(|member| root.get(member).is_some()))
    }

    /// What is wrong with it, as it shows when a mock starts with it.
    pub fn drawn(&self, error: &okta_mock::StateError) -> StateError {
        drawn(&self.source, error)
    }
}

fn drawn(source: &Arc<Source>, error: &okta_mock::StateError) -> StateError {
    StateError::Wrong(vec![mistake(source, error)])
}

fn mistake(source: &Arc<Source>, error: &okta_mock::StateError) -> Diagnostic {
    let span = error.location.as_ref().map_or_else(Span::default, |at| Span::new(at.span.start, at.span.end));
    let form = "schemas/harness/state.schema.json has the form";
    Diagnostic::new(source, span, error.message.clone()).label(error.place.clone()).help(form)
}

/// The org of a run against the embedded mock.
///
/// # Errors
/// None, as a test shows; the file is part of the program.
pub(super) fn of_run() -> Result<State, StateError> {
    State::from_yaml(RUN).map_err(|error| drawn(&Source::new("examples/mock-state.yaml", RUN), &error))
}

/// A state that this program has written itself.
pub(super) fn read(text: &str) -> Result<State, StateError> {
    State::from_yaml(text).map_err(|error| drawn(&Source::new("clients", text), &error))
}

/// The org with groups and users for all identifiers that stand for such in every org: those that begin with `00g` and `00u`.
pub(super) fn with_people(mut state: State, ids: &BTreeSet<String>) -> State {
    let new = |id: &&String| id.starts_with("00g") && !state.groups.iter().any(|there| there.id == **id);
    let groups: Vec<_> = ids.iter().filter(new).map(|id| Named { id: id.clone(), name: id.clone() }).collect();
    let new = |id: &&String| id.starts_with("00u") && !state.users.iter().any(|there| there.id == **id);
    let users: Vec<_> = ids.iter().filter(new).map(|id| User { id: id.clone(), ..User::default() }).collect();
    state.groups.extend(groups);
    state.users.extend(users);
    state
}
