//! Two targets under the same trials: for each requirement, which of them hold it, and so who is wrong.
//!
//! Owns the five cells, their words and their forms. The target is what a run is about, an org most often; the reference is what it is set
//! beside, a mock most often. A requirement that either of them was not judged by says nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use super::{
    Report, RequirementStanding, TrialReport,
    text::{counted, joined, on_one_line, one_line},
};
use crate::{
    event::{Bearing, Finding, RequirementText},
    finding::{Actual, CheckKind, Expected},
    level::Level,
};

/// As many findings of one requirement are kept for each side: the first tell what is wrong.
const MOST_FINDINGS: usize = 3;

/// The longest finding, in characters.
const MOST_FINDING: usize = 200;

/// As many requirements of a cell are listed where not everything is wanted.
const MOST_LISTED: usize = 20;

/// Who holds a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Agreement {
    /// The target holds it and the reference does not.
    OnlyTarget,
    /// The reference holds it and the target does not.
    OnlyReference,
    /// Neither of them does.
    Neither,
    /// Both do.
    Both,
    /// At least one of them was not judged by it.
    NotJudged,
}

impl Agreement {
    fn of(target: Option<RequirementStanding>, reference: Option<RequirementStanding>) -> Self {
        let holds = |standing| match standing {
            Some(RequirementStanding::Held) => Some(true),
            Some(RequirementStanding::Departed) => Some(false),
            Some(RequirementStanding::NotJudged | RequirementStanding::Noted | RequirementStanding::NotApplicable)
            | None => None,
        };
        match (holds(target), holds(reference)) {
            (Some(true), Some(true)) => Self::Both,
            (Some(true), Some(false)) => Self::OnlyTarget,
            (Some(false), Some(true)) => Self::OnlyReference,
            (Some(false), Some(false)) => Self::Neither,
            (None, _) | (_, None) => Self::NotJudged,
        }
    }

    /// The cell in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnlyTarget => "only the target holds",
            Self::OnlyReference => "only the reference holds",
            Self::Neither => "neither holds",
            Self::Both => "both hold",
            Self::NotJudged => "not judged on a side",
        }
    }

    /// What follows from it, if the target is the real service.
    pub fn means(self) -> &'static str {
        match self {
            Self::OnlyTarget => "if the target is the real service, the reference is wrong",
            Self::OnlyReference => {
                "if the target is the real service, the suite believes what is not so, or this org has another setting"
            }
            Self::Neither => "the suite is wrong, or both targets are",
            Self::Both => "the reference does as the target does",
            Self::NotJudged => "nothing follows",
        }
    }

    fn is_red(self) -> bool {
        match self {
            Self::OnlyTarget | Self::OnlyReference | Self::Neither => true,
            Self::Both | Self::NotJudged => false,
        }
    }
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The target's name, as given.
    pub name: String,
    /// The runs, one a part.
    pub runs: Vec<String>,
    /// RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
}

/// What a false check of a requirement saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Departure {
    /// The trial's ID.
    pub trial: String,
    /// The operation, or method and path.
    pub call: String,
    /// What it is about, in the forms of `cases/history.yaml`.
    #[serde(skip)]
    places: Vec<String>,
    /// What is wrong, in a line.
    pub finding: String,
    /// Dated changes of the service that it may come from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
}

/// A requirement and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequirementParity {
    /// Its ID.
    pub id: String,
    /// What a target must do.
    pub text: String,
    /// What establishes it.
    pub evidence: String,
    /// Who holds it.
    pub agreement: Agreement,
    /// How the target stands to it; `None` if no trial of its run is about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<RequirementStanding>,
    /// How the reference stands to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<RequirementStanding>,
    /// How the target departs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_departs: Vec<Departure>,
    /// How the reference departs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_departs: Vec<Departure>,
}

/// A run beside that of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parity {
    /// What the run is about.
    pub target: Side,
    /// What it is set beside.
    pub reference: Side,
    /// Every requirement of either run, by ID.
    pub requirements: Vec<RequirementParity>,
    /// What makes the runs hard to compare, in sentences.
    pub notes: Vec<String>,
}

/// Two runs of which at least one has no score.
#[derive(Debug, thiserror::Error)]
#[error("the run against {0} is not whole, so nothing can be said of parity")]
pub struct NoParity(String);

impl Parity {
    /// Sets a run beside that of a reference.
    ///
    /// # Errors
    /// A run that is not whole.
    pub fn of(target: &Report, reference: &Report) -> Result<Self, NoParity> {
        let sides = (side(target), side(reference));
        let score = |report: &Report, side: &Side| {
            report.score().filter(|_| report.stopped().is_none()).ok_or_else(|| NoParity(side.name.clone()))
        };
        let scores = (score(target, &sides.0)?.requirements, score(reference, &sides.1)?.requirements);
        let texts: BTreeMap<&str, &RequirementText> = [reference, target]
            .into_iter()
            .filter_map(|report| report.header.as_ref())
            .flat_map(|header| header.requirements.iter())
            .map(|text| (text.id.as_str(), text))
            .collect();
        // A trial that one side alone has, or that applies to one side alone, tells nothing of both.
        let common = &applying(target) & &applying(reference);
        let shared = |report: &Report| report.standings_by(|trial| common.contains(trial.trial.as_str()));
        let by_shared = (shared(target), shared(reference));
        let (of_target, of_reference) = (departures(target, &common), departures(reference, &common));
        let ids = texts.keys().copied().chain(scores.0.keys().chain(scores.1.keys()).map(String::as_str));
        let requirements = ids.collect::<BTreeSet<_>>().into_iter().map(|id| {
            let (target, reference) = (scores.0.get(id).copied(), scores.1.get(id).copied());
            let (text, evidence) = texts.get(id).map_or(("", ""), |text| (&text.text, &text.evidence));
            RequirementParity {
                id: id.to_owned(),
                text: text.to_owned(),
                evidence: evidence.to_owned(),
                agreement: Agreement::of(by_shared.0.get(id).copied(), by_shared.1.get(id).copied()),
                target,
                reference,
                target_departs: of_target.get(id).cloned().unwrap_or_default(),
                reference_departs: of_reference.get(id).cloned().unwrap_or_default(),
            }
        });
        Ok(Self {
            requirements: requirements.collect(),
            notes: notes(target, reference),
            target: sides.0,
            reference: sides.1,
        })
    }

    /// Notes at each departure which dated changes of the service are about what it is about: `changes` tells those of a place in answers to
    /// an operation.
    pub fn date(&mut self, changes: impl Fn(&str, &str) -> Vec<(NaiveDate, String)>) {
        for requirement in &mut self.requirements {
            for departure in requirement.target_departs.iter_mut().chain(&mut requirement.reference_departs) {
                let dated = departure.places.iter().flat_map(|place| changes(&departure.call, place));
                departure.history = dated.map(|(_, text)| text).collect::<BTreeSet<_>>().into_iter().collect();
            }
        }
    }

    /// The requirements of a cell.
    pub fn cell(&self, agreement: Agreement) -> impl Iterator<Item = &RequirementParity> {
        self.requirements.iter().filter(move |requirement| requirement.agreement == agreement)
    }

    /// How many are in a cell.
    pub fn count(&self, agreement: Agreement) -> usize {
        self.cell(agreement).count()
    }

    /// Whether every requirement that both were judged by is held by both.
    pub fn is_whole(&self) -> bool {
        !self.requirements.iter().any(|requirement| requirement.agreement.is_red())
    }

    /// `parity with mock: 498 both hold, 3 only the target holds, …`.
    pub fn sentence(&self) -> String {
        let cells = [
            Agreement::Both,
            Agreement::OnlyTarget,
            Agreement::OnlyReference,
            Agreement::Neither,
            Agreement::NotJudged,
        ];
        let counts = cells.map(|cell| (self.count(cell), cell.name()));
        let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
        let numbers = joined(counts, ", ");
        format!(
            "parity with {}: {}",
            on_one_line(&self.reference.name),
            if numbers.is_empty() { "no requirements" } else { &numbers }
        )
    }

    /// The table, and what stands in each cell that is red.
    pub fn text(&self, verbose: bool) -> String {
        let mut lines =
            vec![format!("target:    {}", self.target.line()), format!("reference: {}", self.reference.line())];
        lines.extend(self.notes.iter().cloned());
        lines.extend([
            String::new(),
            format!("{:<16}{:>16}{:>19}", "", "reference holds", "reference departs"),
            self.row("target holds", Agreement::Both, Agreement::OnlyTarget),
            self.row("target departs", Agreement::OnlyReference, Agreement::Neither),
            format!("{:<16}{:>16}", "not judged", self.count(Agreement::NotJudged)),
        ]);
        lines.extend(self.unjudged().into_iter().map(|(why, count)| format!("{count:>32}  {why}")));
        for agreement in Agreement::VARIANTS.iter().filter(|agreement| agreement.is_red()) {
            self.list(*agreement, verbose, &mut lines);
        }
        joined(lines, "\n")
    }

    fn row(&self, name: &str, first: Agreement, second: Agreement) -> String {
        format!("{name:<16}{:>16}{:>19}", self.count(first), self.count(second))
    }

    fn list(&self, agreement: Agreement, verbose: bool, lines: &mut Vec<String>) {
        let all: Vec<&RequirementParity> = self.cell(agreement).collect();
        if all.is_empty() {
            return;
        }
        let number = counted(all.len(), "requirement");
        lines.extend([String::new(), format!("{}: {number} ({})", agreement.name(), agreement.means())]);
        let most = if verbose { all.len() } else { all.len().min(MOST_LISTED) };
        for requirement in &all[..most] {
            lines.push(format!("  {}: {}", on_one_line(&requirement.id), on_one_line(&requirement.text)));
            for (side, departures) in requirement.departs() {
                for Departure { trial, call, finding, history, .. } in departures {
                    lines.push(format!(
                        "    {side}: {}: {} ({})",
                        on_one_line(call),
                        on_one_line(finding),
                        on_one_line(trial)
                    ));
                    lines.extend(history.iter().map(|change| format!("      history: {}", on_one_line(change))));
                }
            }
        }
        if most < all.len() {
            lines.push(format!("  and {} more (--verbose lists them)", all.len() - most));
        }
    }

    /// Why requirements were not judged, and how many each.
    pub fn unjudged(&self) -> Vec<(String, usize)> {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for requirement in self.cell(Agreement::NotJudged) {
            let of = |side: &str, standing: Option<RequirementStanding>| match standing {
                Some(RequirementStanding::Held | RequirementStanding::Departed) => None,
                Some(RequirementStanding::NotApplicable) => Some(format!("not applicable to the {side}")),
                Some(RequirementStanding::NotJudged) => Some(format!("not judged on the {side}")),
                Some(RequirementStanding::Noted) => Some("of level info only".to_owned()),
                None => Some(format!("not in the run against the {side}")),
            };
            // The first reason is enough.
            let why = of("target", requirement.target).or_else(|| of("reference", requirement.reference));
            *reasons.entry(why.unwrap_or_else(|| "by no trial that applies to both".to_owned())).or_default() += 1;
        }
        reasons.into_iter().collect()
    }

    /// For scripts: the counts, and every requirement that is not in the cell of those that both hold.
    pub fn summary(&self) -> serde_json::Value {
        let counts: BTreeMap<&str, usize> =
            Agreement::VARIANTS.iter().map(|agreement| (<&str>::from(agreement), self.count(*agreement))).collect();
        let others: Vec<_> =
            self.requirements.iter().filter(|requirement| requirement.agreement != Agreement::Both).collect();
        serde_json::json!({
            "target": self.target, "reference": self.reference, "counts": counts, "notes": self.notes, "requirements": others,
        })
    }
}

impl Side {
    fn line(&self) -> String {
        let of = self.started.as_ref().map(|started| format!(" of {started}")).unwrap_or_default();
        on_one_line(&format!("{}, run {}{of}", self.name, joined(&self.runs, " + ")))
    }
}

impl RequirementParity {
    /// How each side departs, the target first.
    pub fn departs(&self) -> [(&'static str, &[Departure]); 2] {
        [("target", &self.target_departs), ("reference", &self.reference_departs)]
    }
}

fn side(report: &Report) -> Side {
    Side {
        name: report.header.as_ref().map_or_else(|| "no target".to_owned(), |header| header.target.clone()),
        runs: report.runs(),
        started: report.started().cloned(),
    }
}

/// The trials that apply to the target of a run.
fn applying(report: &Report) -> BTreeSet<&str> {
    let trials = report.trials.iter().map(|trial| &trial.finished);
    trials
        .filter(|trial| trial.outcome.form().bearing != Bearing::Inapplicable)
        .map(|trial| trial.trial.as_str())
        .collect()
}

/// By requirement, the first findings of level `must` or `should`, no two alike.
fn departures<'r>(report: &'r Report, common: &BTreeSet<&str>) -> BTreeMap<&'r str, Vec<Departure>> {
    let mut all: BTreeMap<&str, Vec<Departure>> = BTreeMap::new();
    let trials = report.sorted().into_iter().filter(|trial| common.contains(trial.finished.trial.as_str()));
    for trial in trials {
        for (call, finding) in counting(trial) {
            for requirement in &finding.requirements {
                let of = all.entry(&requirement.id).or_default();
                let departure = departure(trial, call, finding);
                let alike = |other: &Departure| (&other.call, &other.finding) == (&departure.call, &departure.finding);
                if of.len() < MOST_FINDINGS && !of.iter().any(alike) {
                    of.push(departure);
                }
            }
        }
    }
    all
}

/// The findings of a trial that count, each with its call.
fn counting(trial: &TrialReport) -> impl Iterator<Item = (&str, &Finding)> {
    let of = trial.last_failures().flat_map(|step| step.findings.iter().map(|finding| (step.call.as_str(), finding)));
    of.filter(|(_, finding)| finding.level > Level::Info)
}

fn departure(trial: &TrialReport, call: &str, finding: &Finding) -> Departure {
    Departure {
        trial: trial.finished.trial.clone(),
        call: call.to_owned(),
        places: places(finding),
        finding: one_line(&finding.headline(), MOST_FINDING),
        history: Vec::new(),
    }
}

/// What a finding is about: a JSON Pointer, a header, a relation of the `Link` header. Of what is not there, what it would be in too; of a
/// list that lacks an item, where the nearest one differs.
pub(super) fn places(finding: &Finding) -> Vec<String> {
    match &finding.check {
        CheckKind::Link(relation) => return vec![format!("link {relation}")],
        CheckKind::Header(name) => return vec![format!("header {name}")],
        CheckKind::Body
        | CheckKind::Capture
        | CheckKind::Collected
        | CheckKind::EmptyBody
        | CheckKind::ErrorCode
        | CheckKind::ErrorForm
        | CheckKind::Identity
        | CheckKind::OAuthError
        | CheckKind::Origin
        | CheckKind::Pages
        | CheckKind::Path
        | CheckKind::Schema
        | CheckKind::Status
        | CheckKind::Value(_)
        | CheckKind::Other(_) => {}
    }
    let pointer = finding.at().unwrap_or_default();
    match (&finding.actual, &finding.expected) {
        (Actual::Nearest { at, .. }, _) => at.iter().map(|at| format!("{pointer}/*{}", at.as_str())).collect(),
        (_, Expected::Contains(_)) => vec![format!("{pointer}/*")],
        (Actual::Absent, _) => {
            let above = pointer.match_indices('/').skip(1).map(|(at, _)| &pointer[..at]);
            let is_item = |place: &&str| place.ends_with(|last: char| last.is_ascii_digit());
            above.filter(|place| !is_item(place)).chain([pointer]).map(str::to_owned).collect()
        }
        (_, _) => vec![pointer.to_owned()],
    }
}

fn notes(target: &Report, reference: &Report) -> Vec<String> {
    let suite = |report: &Report| report.header.as_ref().map(|header| header.suite.clone());
    let selection = |report: &Report| {
        report.parts.iter().map(|part| (part.header.selection.clone(), part.header.shard)).collect::<BTreeSet<_>>()
    };
    let suites = "the suites differ: requirements may not mean the same";
    let selections = "the selections differ: only trials of both runs count";
    let notes = [(suite(target) != suite(reference), suites), (selection(target) != selection(reference), selections)];
    notes.into_iter().filter(|(differ, _)| *differ).map(|(_, text)| text.to_owned()).collect()
}
