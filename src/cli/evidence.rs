//! `check evidence.zip`, for whoever receives it: judges the exchanges of bundles again by the suite, and says what they prove, contradict
//! and renew. Sends nothing, and believes nothing that does not follow from the exchanges.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufReader, Cursor, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{
    CommandError, Format, Mistake, WRONG_INPUT, dates,
    out::{self, out, shown, width},
    recheck, suite,
};
use crate::{
    age::{Age, Seen},
    bundle::{self, HostKind, Manifest},
    counted::counted,
    event::{Event, Outcome},
    plan::Plan,
    recheck::{Recheck, Rechecked, Standing},
    report::{Ending, fit, printable, read_stream_from},
    suite::Requirement,
};

/// What is asked of bundles.
pub(super) struct Asked<'a> {
    pub(super) suite: Option<&'a Path>,
    pub(super) apply: bool,
    pub(super) count_local: bool,
    pub(super) format: Format,
}

/// A bundle that was judged again.
struct Bundle {
    file: String,
    manifest: Manifest,
    rechecked: Rechecked,
    /// Places that no document describes, with the operation that was called.
    drift: BTreeSet<(String, String)>,
    trials: usize,
}

/// What bundles say of a requirement.
#[derive(Default)]
struct Said<'b> {
    proving: Vec<&'b Bundle>,
    departing: Vec<&'b Bundle>,
    otherwise: Vec<&'b Bundle>,
}

impl<'b> Said<'b> {
    /// Whether a bundle departs from what is established, or two do not say the same of what is not.
    fn is_contradiction(&self) -> bool {
        !self.departing.is_empty() || !self.otherwise.is_empty() && !self.proving.is_empty()
    }

    fn is_proved(&self) -> bool {
        !self.proving.is_empty() && !self.is_contradiction()
    }

    /// The bundles on the other side of those that prove it.
    fn against(&self) -> impl Iterator<Item = &&'b Bundle> {
        self.departing.iter().chain(&self.otherwise)
    }
}

pub(super) fn is_bundle(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

pub(super) fn check(files: &[&PathBuf], asked: &Asked<'_>, color: bool) -> Result<u8, CommandError> {
    let Some(plan) = suite::load(asked.suite, color)? else { return Ok(WRONG_INPUT) };
    let bundles = files.iter().map(|file| read(file, &plan)).collect::<Result<Vec<Bundle>, _>>()?;
    let said = said(&plan, &bundles);
    let told = Told { plan: &plan, bundles: &bundles, said: &said };
    match asked.format {
        Format::Text => {
            let mut lines = Vec::new();
            told.text(&mut lines)?;
            write!(out(), "{}", fit(&String::from_utf8(lines)?, width()))?;
        }
        Format::Json => out::json(&told.json())?,
    }
    let is_sound = bundles.iter().all(|bundle| bundle.rechecked.differences() == 0);
    let contradicted = said.values().any(Said::is_contradiction);
    if let Some(suite) = asked.suite.filter(|_| asked.apply) {
        if !is_sound {
            return Err(Mistake::boxed("no dates were written: what a bundle says does not follow from its exchanges"));
        }
        dates::apply(suite, &plan, &told.seen(asked.count_local))?;
    }
    Ok(u8::from(!is_sound || contradicted))
}

/// Reads a bundle, and judges it again.
fn read(file: &Path, plan: &Plan) -> Result<Bundle, CommandError> {
    let (manifest, events) = bundle::read(file)?;
    let file = file.display().to_string();
    if manifest.suite != plan.suite_hash {
        return Err(Mistake::boxed(format!(
            "{file}: it is of the suite {}, and this one is {}: name the directory of its suite with `--suite DIR`",
            shown(&manifest.suite),
            plan.suite_hash,
        )));
    }
    let mut recheck = Recheck::new(plan);
    let (mut drift, mut trials, mut header) = (BTreeSet::new(), 0, None);
    read_stream_from(BufReader::new(Cursor::new(events)), file.clone(), Ending::Footer, |event| {
        match event {
            Event::RunStarted(started) => header = Some((started.suite.clone(), started.evidence.is_some())),
            Event::StepFinished(step) => {
                let new = step.drift.iter().filter(|drift| drift.explained.is_none());
                drift.extend(new.map(|drift| (drift.call.clone(), drift.pointer.to_string())));
            }
            Event::TrialFinished(finished) => trials += usize::from(finished.outcome != Outcome::NotApplicable),
            Event::TrialStarted(_)
            | Event::Leaked(_)
            | Event::MayBeLeft(_)
            | Event::Waited(_)
            | Event::Preflight(_)
            | Event::SnapshotDrifted(_)
            | Event::NotBegun(_)
            | Event::RunFinished(_) => {}
        }
        recheck.take(event);
    })?;
    let rechecked = recheck.finish();
    if header != Some((manifest.suite.clone(), true)) || trials != manifest.trials || !rechecked.unknown.is_empty() {
        return Err(Mistake::boxed(format!("{file}: its manifest and its events do not belong together")));
    }
    Ok(Bundle { file, manifest, rechecked, drift, trials })
}

/// How a bundle stands to a requirement.
enum Stands {
    Holds,
    Departs,
    /// Nothing establishes it, and the org does something else.
    Otherwise,
}

/// Of a requirement that nothing establishes, checks of level `info` count too: what an org does is what they ask.
fn stands(requirement: &Requirement, standing: Standing) -> Option<Stands> {
    let Standing { held, departed, noted, denied } = standing;
    if departed > 0 {
        return Some(Stands::Departs);
    }
    match (requirement.established(), held, noted, denied) {
        (true, 0, _, _) | (false, 0, 0, 0) => None,
        (true, _, _, _) | (false, _, _, 0) => Some(Stands::Holds),
        (false, _, _, _) => Some(Stands::Otherwise),
    }
}

/// What the bundles say of each requirement, but for those of which nothing can be believed.
fn said<'p, 'b>(plan: &'p Plan, bundles: &'b [Bundle]) -> BTreeMap<&'p str, Said<'b>> {
    let mut all: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    for bundle in bundles.iter().filter(|bundle| bundle.rechecked.differences() == 0) {
        for (id, requirement) in plan.requirements.iter() {
            let standing = bundle.rechecked.requirements.get(id).copied().unwrap_or_default();
            let Some(stands) = stands(requirement, standing) else { continue };
            let said = all.entry(id).or_default();
            match stands {
                Stands::Holds => said.proving.push(bundle),
                Stands::Departs => said.departing.push(bundle),
                Stands::Otherwise => said.otherwise.push(bundle),
            }
        }
    }
    all
}

/// How many different IDs there are. They are no proof of as many orgs.
fn distinct<'b>(bundles: impl Iterator<Item = &'b Bundle>) -> usize {
    bundles.map(|bundle| bundle.manifest.id.as_str()).collect::<BTreeSet<_>>().len()
}

struct Told<'a> {
    plan: &'a Plan,
    bundles: &'a [Bundle],
    said: &'a BTreeMap<&'a str, Said<'a>>,
}

impl Told<'_> {
    fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.plan.requirements.get(id)
    }

    /// The requirements that bundles prove and none contradicts.
    fn proved(&self) -> impl Iterator<Item = (&str, &Requirement, &Said<'_>)> {
        let proved = self.said.iter().filter(|(_, said)| said.is_proved());
        proved.filter_map(|(id, said)| Some((*id, self.requirement(id)?, said)))
    }

    /// The requirements that bundles contradict.
    fn contradicted(&self) -> impl Iterator<Item = (&str, &Requirement, &Said<'_>)> {
        let contradicted = self.said.iter().filter(|(_, said)| said.is_contradiction());
        contradicted.filter_map(|(id, said)| Some((*id, self.requirement(id)?, said)))
    }

    /// When what is proved was last seen: of a requirement that nothing establishes, only where bundles of two IDs show it.
    fn seen(&self, count_local: bool) -> BTreeMap<&str, Seen> {
        let mut all = BTreeMap::new();
        for (id, requirement, said) in self.proved() {
            let counts = |bundle: &&&Bundle| count_local || bundle.manifest.host != HostKind::Local;
            let of_orgs: Vec<&Bundle> = said.proving.iter().filter(counts).copied().collect();
            let orgs = distinct(of_orgs.iter().copied());
            let Some(last) = of_orgs.iter().map(|bundle| bundle.manifest.month).max() else { continue };
            if requirement.established() || orgs >= 2 {
                let before = requirement.seen.unwrap_or(Seen { last, orgs });
                all.insert(id, Seen { last: last.max(before.last), orgs: orgs.max(before.orgs) });
            }
        }
        all
    }

    /// The requirements of which the bundles are younger evidence.
    fn renewed(&self) -> usize {
        let is_older = |requirement: &Requirement, said: &Said<'_>| match requirement.age() {
            Age::Live(seen) => said.proving.iter().any(|bundle| bundle.manifest.month > seen.last),
            Age::Undated | Age::Documents | Age::Inferred => true,
        };
        self.proved().filter(|(_, requirement, said)| is_older(requirement, said)).count()
    }

    fn text(&self, out: &mut impl Write) -> Result<(), CommandError> {
        for bundle in self.bundles {
            let Manifest { host, engine, month, id, .. } = &bundle.manifest;
            let trials = counted(bundle.trials, "trial");
            writeln!(
                out,
                "{}: {host} host, engine {engine}, {month}, ID {}, {trials}",
                shown(&bundle.file),
                shown(id)
            )?;
            if *host == HostKind::Local {
                writeln!(out, "  a mock on somebody's machine: no evidence of the service")?;
            }
            recheck::text(&bundle.rechecked, out)?;
        }
        let proved: Vec<_> = self.proved().collect();
        writeln!(
            out,
            "\nproves {} of {}; {} of these are younger evidence than there is",
            proved.len(),
            counted(self.plan.requirements.len(), "requirement"),
            self.renewed(),
        )?;
        for (orgs, what) in [
            (1, "of one ID; another is needed before it counts"),
            (2, "of two IDs and more; a person may raise the level"),
        ] {
            let shown_by = |said: &Said<'_>| distinct(said.proving.iter().copied()).min(2) == orgs;
            let inferred = proved.iter().filter(|(_, requirement, said)| !requirement.established() && shown_by(said));
            let ids: Vec<&str> = inferred.map(|(id, ..)| *id).collect();
            if !ids.is_empty() {
                writeln!(out, "inferred so far, and shown by bundles {what}: {}", ids.join(", "))?;
            }
        }
        let otherwise = self.said.iter().filter(|(_, said)| !said.otherwise.is_empty() && !said.is_contradiction());
        let otherwise: Vec<&str> = otherwise.map(|(id, _)| *id).collect();
        if !otherwise.is_empty() {
            writeln!(out, "inferred so far, and not so: {}", otherwise.join(", "))?;
        }
        for (id, requirement, said) in self.contradicted() {
            writeln!(out, "contradicts {id}: {}", printable(&requirement.text))?;
            writeln!(out, "  source: {}", printable(&requirement.evidence()))?;
            for bundle in said.against() {
                writeln!(out, "  departed: {}", shown(&bundle.file))?;
            }
            for bundle in &said.proving {
                writeln!(out, "  held:     {}", shown(&bundle.file))?;
            }
        }
        for (call, pointer) in self.drift() {
            writeln!(out, "new drift: {}", shown(&format!("{call} {pointer}")))?;
        }
        let ids = distinct(self.bundles.iter());
        if ids > 1 {
            writeln!(out, "{ids} different IDs are no proof of as many orgs")?;
        }
        Ok(())
    }

    /// What no document describes, in any bundle.
    fn drift(&self) -> BTreeSet<&(String, String)> {
        self.bundles.iter().flat_map(|bundle| &bundle.drift).collect()
    }

    fn json(&self) -> Value {
        let files = |bundles: &[&Bundle]| bundles.iter().map(|bundle| bundle.file.clone()).collect::<Vec<_>>();
        let contradicted: Vec<Value> = self
            .contradicted()
            .map(|(id, requirement, said)| {
                json!({ "requirement": id, "evidence": requirement.evidence(), "departed": said.against().map(|bundle| bundle.file.clone()).collect::<Vec<_>>(), "held": files(&said.proving) })
            })
            .collect();
        let inferred = self.proved().filter(|(_, requirement, _)| !requirement.established());
        let inferred: BTreeMap<&str, usize> =
            inferred.map(|(id, _, said)| (id, distinct(said.proving.iter().copied()))).collect();
        let drift: Vec<Value> =
            self.drift().into_iter().map(|(call, pointer)| json!({ "call": call, "pointer": pointer })).collect();
        json!({
            "version": 1,
            "bundles": self.bundles.iter().map(|bundle| {
                json!({ "file": bundle.file, "manifest": bundle.manifest, "rechecked": recheck::summary(&bundle.rechecked) })
            }).collect::<Vec<_>>(),
            "proved": self.proved().map(|(id, ..)| id).collect::<Vec<_>>(),
            "younger": self.renewed(),
            "inferred": inferred,
            "otherwise": self.said.iter().filter(|(_, said)| !said.otherwise.is_empty()).map(|(id, _)| *id).collect::<Vec<_>>(),
            "contradicted": contradicted,
            "new_drift": drift,
        })
    }
}
