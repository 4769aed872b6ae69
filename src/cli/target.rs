//! What a command says of its target before it sends anything: whoever gives credentials is to know where they go, and by which way.

use super::out;
use crate::{
    http::Limits,
    targets::{Located, OpenError, Opened},
};

/// Says what the user should know about the settings of a target.
pub(super) fn warn(located: &Located) {
    located.warnings().for_each(out::warn);
    hint(located);
}

/// Says how to use a settings file that was not read.
pub(super) fn hint(located: &Located) {
    located.hint().into_iter().for_each(out::warn);
}

/// Says what is used, then opens the target: its secrets are read, and programs that give them are run.
pub(super) fn open(located: &Located, limits: Limits) -> Result<Opened, OpenError> {
    located.used().into_iter().for_each(|used| out::tell(&used));
    located.open(limits)
}
