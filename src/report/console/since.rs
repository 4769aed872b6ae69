//! What is not as it was: behaviour that nobody has accepted, and the run beside an older one.

use std::io;

use super::Console;
use crate::{
    event::SnapshotKind,
    report::{Comparison, Report},
};

/// More snapshots of one kind than a person reads one after the other.
const MOST_SNAPSHOTS: usize = 20;

impl<W: io::Write> Console<W> {
    /// Snapshots that are missing, changed or orphaned.
    pub(super) fn snapshots(&mut self, report: &Report) -> io::Result<()> {
        if report.snapshots.is_empty() {
            return Ok(());
        }
        let hint = "`cargo insta review` shows and accepts it, `--accept-snapshots` accepts all";
        self.line("", "")?;
        self.line("33", &format!("snapshots: behaviour that nobody has accepted; {hint}"))?;
        for kind in SnapshotKind::ALL {
            let all: Vec<_> = report.snapshots.iter().filter(|drift| drift.kind == kind).collect();
            let shown = if self.style.verbose { all.len() } else { MOST_SNAPSHOTS.min(all.len()) };
            for drift in &all[..shown] {
                self.line("", &format!("  {} {}", kind.name(), drift.file))?;
                for line in drift.difference.iter().flat_map(|difference| difference.as_str().lines()) {
                    let code = match line.as_bytes().first() {
                        Some(b'-') => "31",
                        Some(b'+') => "32",
                        _ => "",
                    };
                    // With a mark before it, so that no CI system takes a line of an answer for a command.
                    self.line(code, &format!("    | {line}"))?;
                }
            }
            if all.len() > shown {
                let more = all.len() - shown;
                self.line("", &format!("  and {more} more {} (all with --verbose)", kind.name()))?;
            }
        }
        Ok(())
    }

    /// The run beside the one of `--baseline`.
    pub(super) fn comparison(&mut self, comparison: &Comparison) -> io::Result<()> {
        self.line("", "")?;
        self.line("1", "compared with the baseline")?;
        comparison.text(self.style.verbose).lines().try_for_each(|line| self.line("", line))
    }
}
