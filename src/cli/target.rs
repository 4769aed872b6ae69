//! What a command says of its target before it sends anything: whoever gives credentials is to know where they go, and by which way.

use std::io::{self, Write};

use crate::{
    http::Limits,
    report::printable,
    target::{Located, OpenError, Opened},
};

/// Says what the user should know about the settings of a target.
pub(super) fn warn(located: &Located) -> io::Result<()> {
    for warning in located.warnings() {
        writeln!(io::stderr(), "warning: {}", printable(warning))?;
    }
    hint(located)
}

/// Says how to use a settings file that was not read.
pub(super) fn hint(located: &Located) -> io::Result<()> {
    match located.hint() {
        Some(hint) => writeln!(io::stderr(), "warning: {}", printable(hint)),
        None => Ok(()),
    }
}

/// Says what is used, then opens the target: its secrets are read, and programs that give them are run.
pub(super) fn open(located: &Located, limits: Limits) -> Result<Opened, OpenError> {
    if let Some(used) = located.used() {
        // Nobody may be there to read it; what is sent is the same.
        let _ = writeln!(io::stderr(), "{}", printable(&used));
    }
    located.open(limits)
}
