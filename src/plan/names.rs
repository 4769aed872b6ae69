//! The names of trials, also of those whose cases have mistakes: each stands once.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    yaml::Problems,
};

/// The ID of a trial, with its former ones and where they stand.
pub(super) struct Named {
    pub(super) id: String,
    pub(super) aliases: Vec<String>,
    pub(super) source: Arc<Source>,
    pub(super) span: Span,
}

impl Named {
    fn location(&self) -> (&str, usize) {
        (&self.source.path, self.source.position(self.span.start).0)
    }
}

/// IDs and aliases name one trial each: lists that people keep depend on it.
pub(super) fn check(names: &[Named], found: &mut Vec<Diagnostic>) {
    let mut ids: BTreeMap<&str, &Named> = BTreeMap::new();
    for named in names {
        if let Some(other) = ids.insert(&named.id, named) {
            let (path, line) = other.location();
            let title = format!("the ID `{}` stands twice", named.id);
            let help = format!("the other one is at {path}:{line}; give this one another id");
            Problems::new(&named.source, found).at_with(named.span, title, help);
        }
    }
    let mut aliases: BTreeMap<&str, &Named> = BTreeMap::new();
    for named in names {
        for alias in &named.aliases {
            let taken = ids.get(alias.as_str()).or_else(|| aliases.get(alias.as_str()));
            if let Some(other) = taken
                && (other.span, &other.source.path) != (named.span, &named.source.path)
            {
                let (path, line) = other.location();
                let title = format!("the alias `{alias}` is also the name of another case");
                let help = format!("the other one is at {path}:{line}");
                Problems::new(&named.source, found).at_with(named.span, title, help);
            }
            aliases.insert(alias, named);
        }
    }
}
