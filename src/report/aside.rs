//! What a run says beside the outcomes of its trials: drift, behaviour that nobody has accepted, a baseline that was better. Whether it turns
//! the run red is `--fail-on`'s and the comparison's to say; each format has to tell it then, since no trial does.

use super::{
    Course, FailOn, Report,
    text::{counted, on_one_line, printable},
};
use crate::secret::Redacted;

/// One thing beside the outcomes.
#[derive(Debug)]
pub struct Aside {
    /// What sort of thing.
    pub kind: AsideKind,
    /// Where it is: tells it apart from others of its kind. One printable line.
    pub name: String,
    /// All of it, printable.
    pub text: String,
    /// Whether it turns the run red.
    pub red: bool,
}

/// What sort of thing stands beside the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsideKind {
    /// A member, link or value that no document describes.
    Drift,
    /// Behaviour that is not as accepted.
    Snapshot,
    /// The run beside an older one.
    Baseline,
}

impl AsideKind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Baseline, Self::Drift, Self::Snapshot];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Snapshot => "snapshot",
            Self::Baseline => "baseline",
        }
    }

    /// The heading above all of the kind.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Drift => "drift: in answers, but in no document",
            Self::Snapshot => "snapshots: behaviour that nobody has accepted",
            Self::Baseline => "compared with the baseline",
        }
    }
}

impl Aside {
    /// The first line of the text.
    pub fn headline(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

impl Report {
    /// What there is of a kind.
    pub fn asides(&self, kind: AsideKind, fail_on: FailOn) -> Vec<Aside> {
        match kind {
            AsideKind::Drift => self.drifted(fail_on),
            AsideKind::Snapshot => self.unaccepted(fail_on),
            AsideKind::Baseline => self.compared(fail_on),
        }
    }

    fn drifted(&self, fail_on: FailOn) -> Vec<Aside> {
        let drift = self.unexplained_drift().map(|(key, count)| {
            let name = on_one_line(&format!("{} {}", key.call, key.pointer));
            let text = format!("{name} = {} ({})", on_one_line(count.value.as_str()), counted(count.count, "time"));
            Aside { kind: AsideKind::Drift, name, text, red: fail_on.drift }
        });
        drift.collect()
    }

    fn unaccepted(&self, fail_on: FailOn) -> Vec<Aside> {
        let snapshots = self.snapshots.iter().map(|drift| {
            let name = on_one_line(&format!("{} {}", drift.kind.name(), drift.file));
            let difference = drift.difference.as_ref().map_or("", Redacted::as_str);
            let text = printable(&format!("{name}\n{difference}")).trim_end().to_owned();
            Aside { kind: AsideKind::Snapshot, name, text, red: fail_on.drift }
        });
        snapshots.collect()
    }

    fn compared(&self, fail_on: FailOn) -> Vec<Aside> {
        let comparison = self.comparison.iter().map(|comparison| {
            let name = on_one_line(&comparison.sentence(fail_on));
            let text = printable(&format!("{name}\n{}", comparison.text(false))).trim_end().to_owned();
            let red = comparison.course(fail_on) == Course::Worse;
            Aside { kind: AsideKind::Baseline, name, text, red }
        });
        comparison.collect()
    }
}
