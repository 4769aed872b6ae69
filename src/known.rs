//! Known failures: trials that are run and expected to fail in one way, for a reason, until a day.
//!
//! Owns the file's form and what an entry makes of an outcome. Strict in every direction: a pass, another failure, an entry past its day
//! and a pattern that matches nothing are all red, each by its name.

use std::{path::Path, sync::Arc};

use chrono::NaiveDate;

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    event::Outcome,
    plan::{Pattern, Trial},
    suite::{FilesError, read_file},
    yaml::{Fields, Node, Problems, parse},
};

/// The entries of a known-failures file.
#[derive(Debug, Default)]
pub struct KnownFailures {
    entries: Vec<Entry>,
}

/// One known failure.
#[derive(Debug)]
struct Entry {
    trials: Pattern,
    /// What was seen when the entry was written: all of it, and nothing else.
    observed: Vec<String>,
    reason: String,
    issue: String,
    owner: String,
    expires: NaiveDate,
    source: Arc<Source>,
    span: Span,
}

/// What a trial's result is when known failures are taken into account.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
}

impl KnownFailures {
    /// Whether a file is one of known failures, by what it says.
    pub fn is_file(path: &Path) -> bool {
        let root = read_file(path).ok().and_then(|source| parse(&source).ok());
        root.is_some_and(|root| root.get("knownFailures").is_some())
    }

    /// Reads a file. Mistakes in it go to `found`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(path: &Path, trials: &[Arc<Trial>], found: &mut Vec<Diagnostic>) -> Result<Self, FilesError> {
        let source = read_file(path)?;
        let root = match parse(&source) {
            Ok(root) => root,
            Err(diagnostic) => {
                found.push(*diagnostic);
                return Ok(Self::default());
            }
        };
        let mut problems = Problems::new(&source, found);
        let Some(mut file) = Fields::of(&root, "known-failures file", &mut problems) else {
            return Ok(Self::default());
        };
        let nodes = file.required("knownFailures", &mut problems);
        let nodes = nodes.and_then(|node| problems.list(node, "knownFailures"));
        file.finish(&mut problems);
        let entries: Vec<Entry> =
            nodes.unwrap_or_default().iter().filter_map(|node| entry(node, &source, &mut problems)).collect();
        for entry in &entries {
            if !trials.iter().any(|trial| entry.trials.selects(trial)) {
                let title = format!("no trial matches `{}`", entry.trials.text());
                problems.at_with(
                    entry.span,
                    title,
                    "a case that was renamed has its old ID as an alias; else remove the entry",
                );
            }
        }
        Ok(Self { entries })
    }

    /// What becomes of a trial that passed or failed with these signatures, on this day; `None` where no entry is about it.
    pub(crate) fn rule(
        &self,
        trial: &Trial,
        outcome: Outcome,
        signatures: &[String],
        today: NaiveDate,
    ) -> Option<Ruling> {
        let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.trials.selects(trial)).collect();
        let entry = *entries.first()?;
        let line = entry.source.position(entry.span.start).0;
        let place = format!("{}:{line}", entry.source.path);
        let listed =
            format!("listed at {place} until {} by {}: {} ({})", entry.expires, entry.owner, entry.reason, entry.issue);
        match outcome {
            Outcome::Passed | Outcome::Warned => Some(Ruling {
                outcome: Outcome::UnexpectedPass,
                reason: format!("it passes, but is {listed}; remove the entry"),
            }),
            Outcome::Failed => {
                let known = |signature: &String| entries.iter().any(|entry| entry.observed.contains(signature));
                let seen = |signature: &String| signatures.contains(signature);
                let unknown: Vec<&String> = signatures.iter().filter(|signature| !known(signature)).collect();
                let gone: Vec<&String> =
                    entries.iter().flat_map(|entry| &entry.observed).filter(|signature| !seen(signature)).collect();
                let ruling = if !unknown.is_empty() || !gone.is_empty() {
                    let list = |word: &str, list: &[&String]| match list {
                        [] => String::new(),
                        _ => format!(
                            "; {word}: {}",
                            list.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(" | ")
                        ),
                    };
                    let reason =
                        format!("it fails, but not as {listed}{}{}", list("new", &unknown), list("gone", &gone));
                    Ruling { outcome: Outcome::ChangedFailure, reason }
                } else if today > entry.expires {
                    let reason = format!("it fails as {listed}; that day is past");
                    Ruling { outcome: Outcome::Expired, reason }
                } else {
                    Ruling { outcome: Outcome::KnownFailure, reason: listed }
                };
                Some(ruling)
            }
            Outcome::Flaky
            | Outcome::KnownFailure
            | Outcome::UnexpectedPass
            | Outcome::ChangedFailure
            | Outcome::Expired
            | Outcome::Blocked
            | Outcome::Errored
            | Outcome::NotApplicable
            | Outcome::NotRun => None,
        }
    }
}

fn entry(node: &Node, source: &Arc<Source>, problems: &mut Problems<'_>) -> Option<Entry> {
    let mut fields = Fields::of(node, "known failure", problems)?;
    let trial = fields.required("trial", problems);
    let observed = fields.required("observed", problems);
    let observed = observed.map(|node| problems.texts(node, "observed")).unwrap_or_default();
    let mut filled = |key: &'static str, problems: &mut Problems<'_>| {
        let node = fields.required(key, problems)?;
        let text = problems.text(node, key)?;
        if text.trim().is_empty() || text.trim() == "?" {
            problems.at_with(node.span, format!("`{key}` is empty"), "a known failure is somebody's decision: say it");
        }
        Some(text.to_owned())
    };
    let (reason, issue, owner) = (filled("reason", problems), filled("issue", problems), filled("owner", problems));
    let expires = fields.required("expires", problems).and_then(|node| {
        let text = problems.text(node, "expires")?;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() {
            problems.at_with(
                node.span,
                format!("`{text}` is not a day"),
                "write the last day on which it may fail: 2026-12-31",
            );
        }
        day
    });
    let span = fields.span();
    fields.finish(problems);
    let trials = trial.and_then(|node| match Pattern::new(problems.text(node, "trial")?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            problems.at(node.span, error.to_string());
            None
        }
    });
    Some(Entry {
        trials: trials?,
        observed: observed.into_iter().map(|(_, text)| text).collect(),
        reason: reason?,
        issue: issue?,
        owner: owner?,
        expires: expires?,
        source: Arc::clone(source),
        span,
    })
}

/// A file of entries for the trials that failed, with what was observed filled in and the rest left for a person.
pub(crate) fn propose<'a>(failed: impl Iterator<Item = (&'a str, &'a [String])>) -> String {
    let mut text = String::from("# Fill in every `?`: `check` and `run` refuse the file until then.\nknownFailures:\n");
    let mut failed = failed.peekable();
    if failed.peek().is_none() {
        return "knownFailures: []\n".to_owned();
    }
    for (trial, signatures) in failed {
        let quote = |text: &str| serde_json::to_string(text).unwrap_or_default();
        text = format!("{text}  - trial: {}\n    observed:\n", quote(trial));
        for signature in signatures {
            text = format!("{text}      - {}\n", quote(signature));
        }
        text.push_str("    reason: \"?\"\n    issue: \"?\"\n    owner: \"?\"\n    expires: \"?\"\n");
    }
    text
}
