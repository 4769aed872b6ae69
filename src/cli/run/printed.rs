//! What the console printed, kept so that it can be looked through at the end like the files of a run.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

/// More than anybody reads; what is printed after it is not looked through.
const MOST: usize = 16 * 1024 * 1024;

/// Copies what is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Printed(Rc<RefCell<Vec<u8>>>);

impl Printed {
    /// A writer that writes to `out` and keeps a copy.
    pub(super) fn keeping(&self, out: Box<dyn Write>) -> Box<dyn Write> {
        Box::new(Keeping { out, printed: self.clone() })
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

struct Keeping {
    out: Box<dyn Write>,
    printed: Printed,
}

impl Write for Keeping {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let mut printed = self.printed.0.borrow_mut();
        let kept = written.min(MOST.saturating_sub(printed.len()));
        printed.extend_from_slice(&bytes[..kept]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
