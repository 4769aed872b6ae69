//! What a run says beside the outcomes of its trials: drift, behaviour that nobody has accepted, the run beside an older one or that of a
//! reference. Whether it turns the run red is `--fail-on`'s, the comparison's and the parity's to say; each format has to tell it then, since no trial does.

use strum::{IntoStaticStr, VariantArray};

use super::{
    Course, FailOn, Gate, Report,
    text::{counted, on_one_line, printable},
};
use crate::secret::Redacted;

/// Where a run is not what was documented, accepted or seen before.
#[derive(Debug)]
pub struct Deviation {
    /// What it deviates from.
    pub kind: DeviationKind,
    /// Where it is: tells it apart from others of its kind. One printable line.
    pub name: String,
    /// All of it, printable.
    pub text: String,
    /// Whether it turns the run red.
    pub red: bool,
}

/// What a run deviates from, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum DeviationKind {
    /// The run of a reference.
    Parity,
    /// An older run.
    Baseline,
    /// The documents: a member, link or value is in none of them.
    Drift,
    /// The accepted behaviour.
    Snapshot,
    /// The known failures: nothing is as an entry says.
    Stale,
}

impl DeviationKind {
    /// All kinds, in the order of reports.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word in reports.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The heading above all of the kind.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Parity => "beside the reference",
            Self::Baseline => "compared with the baseline",
            Self::Drift => "drift: in answers, but in no document",
            Self::Snapshot => "snapshots: behaviour that nobody has accepted",
            Self::Stale => "known failures that no trial met: remove the entries",
        }
    }
}

impl Deviation {
    /// The first line of the text.
    pub fn headline(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// A name with a text of several lines below it.
    fn of(kind: DeviationKind, name: &str, below: &str, red: bool) -> Self {
        let name = on_one_line(name);
        let text = printable(&format!("{name}\n{below}")).trim_end().to_owned();
        Self { kind, name, text, red }
    }
}

impl Report {
    /// All that there is beside the outcomes, by kind.
    pub fn deviations(&self, fail_on: FailOn) -> Vec<Deviation> {
        let beside = self.parity.iter().map(|parity| {
            Deviation::of(DeviationKind::Parity, &parity.sentence(), &parity.text(false), !parity.is_whole())
        });
        let compared = self.comparison.iter().map(|comparison| {
            let worse = comparison.course(fail_on) == Course::Worse;
            Deviation::of(DeviationKind::Baseline, &comparison.sentence(fail_on), &comparison.text(false), worse)
        });
        let drifted = self.unexplained_drift().map(|(key, drift)| {
            let name = on_one_line(&format!("{} {}", key.call, key.pointer));
            let text = format!("{name} = {} ({})", on_one_line(drift.value.as_str()), counted(drift.count, "time"));
            Deviation { kind: DeviationKind::Drift, name, text, red: fail_on.drift }
        });
        let unaccepted = self.snapshots.iter().map(|drift| {
            let name = format!("{} {}", drift.kind.name(), drift.file);
            let difference = drift.difference.as_ref().map_or("", Redacted::as_str);
            Deviation::of(DeviationKind::Snapshot, &name, difference, fail_on.drift)
        });
        let stale = self.stale().map(|(entry, finding)| {
            let text = format!("{entry}: no check fails as listed any more ({finding}); remove the entry");
            let red = fail_on.gate == Gate::Conformant;
            Deviation { kind: DeviationKind::Stale, name: on_one_line(entry), text: on_one_line(&text), red }
        });
        beside.chain(compared).chain(drifted).chain(unaccepted).chain(stale).collect()
    }
}
