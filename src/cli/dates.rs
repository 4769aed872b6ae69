//! Writing dates into the requirements of a suite: in place, with everything else as it was, or not at all.

use std::{collections::BTreeMap, fs, path::Path};

use super::{CommandError, Mistake, out};
use crate::{
    age::Seen,
    counted::counted,
    file,
    plan::Plan,
    sightings::dated,
    suite::{Requirement, read_requirements},
};

/// More than a file of requirements has, in bytes.
const MOST: u64 = 16 * 1024 * 1024;

/// Writes when each requirement was last seen, and says how many have a date.
pub(super) fn apply(suite: &Path, plan: &Plan, seen: &BTreeMap<&str, Seen>) -> Result<(), CommandError> {
    let path = suite.join("cases/requirements.yaml");
    let refused = |why: String| Mistake::boxed(format!("cannot write dates to {}: {why}", path.display()));
    let text = file::text(&path, MOST).map_err(|error| refused(error.to_string()))?;
    let new = dated(&text, plan, seen);
    if !is_as_meant(&new, plan, seen) {
        return Err(refused(
            "it is laid out in a way that this program cannot edit, so nothing was changed".to_owned(),
        ));
    }
    // Whatever ends this in the middle, one of the two is there as a whole.
    let part = path.with_extension("yaml.part");
    let written = fs::write(&part, new).and_then(|()| fs::rename(&part, &path));
    written.map_err(|error| {
        let _ = fs::remove_file(&part);
        refused(error.to_string())
    })?;
    let all = counted(plan.requirements.len(), "requirement");
    out::tell(&format!("{}: {} of {all} were last seen in a known month", path.display(), seen.len()));
    Ok(())
}

/// Whether the edited file reads as the one that the plan was made from, with these dates.
fn is_as_meant(text: &str, plan: &Plan, seen: &BTreeMap<&str, Seen>) -> bool {
    let Some(new) = read_requirements(text) else { return false };
    let is_same = |id: &str, old: &Requirement, new: &Requirement| {
        let wanted = seen.get(id).copied().or(old.seen);
        new.seen == wanted && new.text == old.text && new.evidence() == old.evidence()
    };
    new.len() == plan.requirements.len()
        && new.iter().all(|(id, new)| plan.requirements.get(id).is_some_and(|old| is_same(id, old, new)))
}
