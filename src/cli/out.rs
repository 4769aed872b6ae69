//! Standard output of commands. Its reader may go away: `… | head` is no mistake, and takes nothing from what the exit code says. Where
//! it cannot be written for another reason, the command has not said what it was asked for.

use std::io::{self, ErrorKind, StdoutLock, Write};

/// Writes to standard output as long as somebody reads it.
pub(super) struct Out(StdoutLock<'static>);

/// Standard output.
pub(super) fn out() -> Out {
    Out(io::stdout().lock())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unread(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unread(self.0.flush(), ())
    }
}

fn unread<T>(written: io::Result<T>, all: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(all),
        // Nobody knows from the system's words alone what could not be written.
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        Ok(written) => Ok(written),
    }
}
