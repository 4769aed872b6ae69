//! The running digest of an event stream: what each line ends with, so that damage and edits show.
//!
//! It is no proof against forgery: whoever changes a line can compute all that follow again.

use aws_lc_rs::digest::{Context, SHA256};

/// Before the digest at the end of a line, and behind it.
const BEFORE: &str = ",\"sum\":\"";
const BEHIND: &str = "\"}";

/// Characters of the digest in a line: its first 8 bytes tell edits apart.
const SHOWN: usize = 16;

/// The digest (SHA-256) of all lines so far, each without its own.
#[derive(Default)]
pub(super) struct Running([u8; 32]);

impl Running {
    /// The digest with one more line, which is a JSON object.
    fn add(&mut self, line: &[u8]) -> String {
        let mut context = Context::new(&SHA256);
        context.update(&self.0);
        context.update(line);
        self.0.copy_from_slice(context.finish().as_ref());
        let beginning = self.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        format!("{beginning:0SHOWN$x}")
    }

    /// Ends a line, a JSON object with members, with the digest up to it; it begins at `from`.
    pub(super) fn seal(&mut self, lines: &mut Vec<u8>, from: usize) {
        let sum = self.add(&lines[from..]);
        lines.pop();
        for part in [BEFORE, &sum, BEHIND] {
            lines.extend_from_slice(part.as_bytes());
        }
    }

    /// Whether a line has the digest that it should have; `None` if it has none.
    pub(super) fn holds(&mut self, line: &str) -> Option<bool> {
        let end = line.len().checked_sub(BEFORE.len() + SHOWN + BEHIND.len())?;
        let (whole, sealed) = line.split_at_checked(end)?;
        let sum = sealed.strip_prefix(BEFORE)?.strip_suffix(BEHIND)?;
        Some(self.add(format!("{whole}}}").as_bytes()) == sum)
    }
}
