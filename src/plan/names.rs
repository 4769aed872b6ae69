//! The names of trials, also of those whose cases have mistakes: each stands once.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    yaml::Problems,
};

/// The ID of a trial, with its former ones and where they stand.
pub(super) struct Named {
    pub(super) id: String,
    /// That of its case, without row and principal.
    pub(super) case: String,
    pub(super) aliases: Vec<String>,
    pub(super) source: Arc<Source>,
    /// Where the case has its ID.
    pub(super) span: Span,
    /// Where the row has its name.
    pub(super) row: Option<Span>,
}

impl Named {
    fn place(&self, span: Span) -> String {
        format!("{}:{}", self.source.path, self.source.position(span.start).0)
    }

    fn is_of_the_case_of(&self, other: &Self) -> bool {
        (self.span, &self.source.path) == (other.span, &other.source.path)
    }
}

/// IDs and aliases name one trial each: lists that people keep depend on it.
pub(super) fn check(names: &[Named], found: &mut Vec<Diagnostic>) {
    let mut cases: BTreeMap<&str, &Named> = BTreeMap::new();
    let mut ids: BTreeMap<&str, &Named> = BTreeMap::new();
    for named in names {
        // A case with a table and one without have other trials, but one name.
        let first = cases.entry(&named.case).or_insert(named);
        let same = ids.insert(&named.id, named);
        let (span, other, other_span, what, name) = if !first.is_of_the_case_of(named) {
            (named.span, &**first, first.span, &named.case, "another id")
        } else if let (Some(other), Some(row)) = (same, named.row)
            // Rows of one place are made of operations, whose names are checked in their own file.
            && other.row != named.row
        {
            (row, other, other.row.unwrap_or(other.span), &named.id, "another name")
        } else {
            continue;
        };
        let help = format!("the first one is at {}; give this one {name}", other.place(other_span));
        Problems::new(&named.source, found).at_with(span, format!("duplicate ID `{what}`"), help);
    }
    let mut aliases: BTreeMap<&str, &Named> = BTreeMap::new();
    for named in names {
        for alias in &named.aliases {
            let taken = ids.get(alias.as_str()).or_else(|| aliases.get(alias.as_str()));
            if let Some(other) = taken
                && !other.is_of_the_case_of(named)
            {
                let title = format!("the alias `{alias}` is also the name of another case");
                let help = format!("the first one is at {}", other.place(other.span));
                Problems::new(&named.source, found).at_with(named.span, title, help);
            }
            aliases.insert(alias, named);
        }
    }
}
