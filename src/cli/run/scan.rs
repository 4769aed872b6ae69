//! Before it exits, a run looks for its secrets in what it wrote: there is none, unless a secret was written before it was known to be one.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{Arguments, outputs::Outputs};
use crate::{
    cli::{CommandError, out::complain},
    secret::Redactor,
};

/// Whether a secret stands in a file of the run, or in what it printed; says where.
pub(super) fn secrets_written(
    arguments: &Arguments,
    ledger: &Path,
    outputs: &Outputs,
    redactor: &Redactor,
) -> Result<bool, CommandError> {
    let events = (arguments.events != "none").then(|| PathBuf::from(&arguments.events));
    let others = [&arguments.record, &arguments.propose_known_failures].into_iter().flatten().cloned();
    let reports = arguments.report.iter().filter_map(|to| to.path().cloned());
    let mut found = redactor.finds(&outputs.printed.text());
    if found {
        complain("a secret stands in what was printed: change it if others have seen it");
    }
    for path in events
        .into_iter()
        .chain(others)
        .chain(reports)
        .chain([ledger.to_owned()])
        .chain(outputs.snapshots().iter().cloned())
    {
        match redactor.scan(&path) {
            Ok(None) => {}
            Ok(Some(at)) => {
                found = true;
                complain(&format!(
                    "a secret stands in {}, {at} bytes from its beginning: remove the file, and change the secret if others have seen it",
                    path.display()
                ));
            }
            // A run that left nothing has no ledger.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
