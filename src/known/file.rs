//! The file of known failures: reading it, with every mistake in it, and writing one that is to be filled in.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};

use chrono::{Days, NaiveDate};
use strum::IntoEnumIterator as _;

use super::{Entry, KnownFailures, Trials, place};
use crate::{
    diagnostic::{Diagnostic, Span},
    event::{FindingPattern, KnownFinding},
    finding::CheckKind,
    plan::{Pattern, Trial},
    signature::without_indices,
    suite::{FilesError, read_file},
    yaml::{Data, Fields, Node, Problems, parse},
};

/// How long a proposed entry holds.
const PROPOSED: Days = Days::new(90);

/// What an entry has that says nothing of it: the file does.
const DEFAULTS: [&str; 3] = ["issue", "owner", "expires"];

/// A file that is being read.
struct Reader<'n> {
    defaults: [Option<&'n Node>; 3],
    trials: &'n [Arc<Trial>],
    operations: BTreeSet<&'n str>,
    /// Where entries begin whose reason is still to be written.
    unfilled: Vec<Span>,
    known: KnownFailures,
}

pub(super) fn read(
    path: &Path,
    trials: &[Arc<Trial>],
    found: &mut Vec<Diagnostic>,
) -> Result<KnownFailures, FilesError> {
    let source = read_file(path)?;
    let root = match parse(&source) {
        Ok(root) => root,
        Err(diagnostic) => {
            found.push(*diagnostic);
            return Ok(KnownFailures::default());
        }
    };
    let mut problems = Problems::new(&source, found);
    let Some(mut file) = Fields::of(&root, "known-failures file", &mut problems) else {
        return Ok(KnownFailures::default());
    };
    let nodes = file.required("knownFailures", &mut problems);
    let nodes = nodes.and_then(|node| problems.list(node, "knownFailures")).unwrap_or_default();
    let defaults = DEFAULTS.map(|key| file.optional(key));
    file.finish(&mut problems);
    let operations = trials.iter().flat_map(|trial| trial.operations()).collect();
    let mut reader = Reader { defaults, trials, operations, unfilled: Vec::new(), known: KnownFailures::default() };
    for node in nodes {
        reader.entry(node, &mut problems);
    }
    if let Some(first) = reader.unfilled.first() {
        let (unfilled, line) = (reader.unfilled.len(), source.position(first.start).0);
        let have = if unfilled == 1 { "has" } else { "have" };
        problems.at_with(
            *first,
            format!("{unfilled} of {} entries {have} no reason yet; the first is at line {line}", nodes.len()),
            "a known failure is somebody's decision: write a `reason` for each, and who decided and where it is tracked",
        );
    }
    Ok(reader.known)
}

impl<'n> Reader<'n> {
    fn entry(&mut self, node: &'n Node, problems: &mut Problems<'_>) -> Option<()> {
        let mut fields = Fields::of(node, "known failure", problems)?;
        let (mut trials, mut findings) = (None, Vec::new());
        if let Some(node) = fields.optional("finding") {
            findings = self.findings(node, problems);
            if let Some((key, _)) = fields.entry("trial") {
                problems.at(key.span, "a known failure is about a `trial` or about a `finding`, not both");
            }
        } else {
            trials = self.trials(&mut fields, problems);
        }
        let reason = fields.required("reason", problems);
        let reason = reason.and_then(|node| problems.text(node, "reason"));
        let defaults = self.defaults;
        let mut field = |index: usize, problems: &mut Problems<'_>| {
            let key = DEFAULTS[index];
            let node = fields.optional(key).or(defaults[index]).or_else(|| fields.required(key, problems))?;
            Some((node, problems.text(node, key)?))
        };
        let [issue, owner, expires] = [0, 1, 2].map(|index| field(index, problems));
        let span = fields.span();
        fields.finish(problems);
        // Nobody has looked at it yet, so there is one thing to say of it.
        if reason.is_some_and(is_open) {
            self.unfilled.push(span);
            return None;
        }
        let [issue, owner] = [("issue", issue), ("owner", owner)].map(|(key, field)| filled(key, field, problems));
        let expires = expires.and_then(|(node, text)| day(node, text, problems));
        let at = self.known.entries.len();
        let source = Arc::clone(&problems.source);
        let (reason, issue, owner, expires) = (reason?.to_owned(), issue?, owner?, expires?);
        if trials.is_none() && findings.is_empty() {
            return None;
        }
        self.known.findings.extend(findings.into_iter().map(|finding| (at, finding)));
        self.known.entries.push(Entry { trials, reason, issue, owner, expires, source, span });
        Some(())
    }

    fn trials(&self, fields: &mut Fields<'n>, problems: &mut Problems<'_>) -> Option<Trials> {
        let (trial, observed) = (fields.required("trial", problems), fields.required("observed", problems));
        let observed = observed.map(|node| problems.texts(node, "observed")).unwrap_or_default();
        let pattern = trial.and_then(|node| match Pattern::new(problems.text(node, "trial")?) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                problems.at(node.span, error.to_string());
                None
            }
        })?;
        if !self.trials.iter().any(|trial| pattern.selects(trial)) {
            problems.at_with(
                fields.span(),
                format!("no trial matches `{}`", pattern.text()),
                "a case that was renamed has its old ID as an alias; else remove the entry",
            );
        }
        Some(Trials { pattern, observed: observed.into_iter().map(|(_, text)| text).collect() })
    }

    /// One finding, or several that are met together.
    fn findings(&self, node: &'n Node, problems: &mut Problems<'_>) -> Vec<KnownFinding> {
        let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
        if nodes.is_empty() {
            problems.at(node.span, "`finding` is an empty list");
        }
        nodes.iter().filter_map(|node| self.finding(node, problems)).collect()
    }

    fn finding(&self, node: &'n Node, problems: &mut Problems<'_>) -> Option<KnownFinding> {
        let mut fields = Fields::of(node, "finding", problems)?;
        let operation =
            fields.optional("operation").and_then(|node| Some((node.span, problems.text(node, "operation")?)));
        // A request that no operation describes is told by its method and path.
        if let Some((span, name)) = operation.filter(|(_, name)| !name.contains(' ') && !self.operations.contains(name))
        {
            problems.unknown(span, "operation", name, self.operations.iter().copied());
        }
        let check = fields.required("check", problems).and_then(|node| {
            let text = problems.text(node, "check")?;
            check(node, text, problems);
            Some(text.to_owned())
        });
        let place_in_body = fields.optional_text("place", problems);
        let [expected, actual] = ["expected", "actual"].map(|key| {
            fields.optional(key).and_then(|node| match &node.data {
                Data::Number(number) => Some(number.to_string()),
                _ => problems.text(node, key).map(str::to_owned),
            })
        });
        let entry = place(&problems.source, fields.span());
        fields.finish(problems);
        let finding = FindingPattern {
            operation: operation.map(|(_, name)| name.to_owned()),
            check: check?,
            place: place_in_body.map(|place| without_indices(&place)),
            expected,
            actual,
        };
        Some(KnownFinding { entry, finding })
    }
}

/// Reports a check that there is not, in the words of reports.
fn check(node: &Node, text: &str, problems: &mut Problems<'_>) {
    let checks = CheckKind::iter().filter(|check| !matches!(check, CheckKind::Other(_)));
    // Some have a name of their own behind them, which is empty here.
    let known: Vec<String> = checks.map(|check| check.to_string()).collect();
    let is = |known: &String| match known.strip_suffix(' ') {
        Some(kind) => text.split_once(' ').is_some_and(|(other, name)| other == kind && !name.trim().is_empty()),
        None => known.eq_ignore_ascii_case(text),
    };
    if !known.iter().any(is) {
        let shown =
            known.iter().map(|check| check.strip_suffix(' ').map_or(check.clone(), |kind| format!("{kind} NAME")));
        let shown: Vec<String> = shown.collect();
        problems.unknown(node.span, "check", text, shown.iter().map(String::as_str));
    }
}

/// Whether it is still to be filled in.
fn is_open(text: &str) -> bool {
    matches!(text.trim(), "" | "?")
}

fn filled(key: &str, field: Option<(&Node, &str)>, problems: &mut Problems<'_>) -> Option<String> {
    let (node, text) = field?;
    if is_open(text) {
        problems.at_with(node.span, format!("`{key}` is empty"), "a known failure is somebody's decision: say it");
    }
    Some(text.to_owned())
}

fn day(node: &Node, text: &str, problems: &mut Problems<'_>) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if day.is_none() {
        problems.at_with(
            node.span,
            format!("`{text}` is not a day"),
            "write the last day on which it may fail: 2026-12-31",
        );
    }
    day
}

/// A file with an entry for each of these causes, of which only the reason is left for a person, and once who is responsible for all of them.
/// Of trials that errored, nothing was found that an entry could be about.
pub(crate) fn propose(causes: &[(String, Vec<FindingPattern>)], errored: usize, today: NaiveDate) -> String {
    let mut text = match errored {
        0 => String::new(),
        1 => "# 1 trial errored; no entry covers it.\n".to_owned(),
        several => format!("# {several} trials errored; no entry covers them.\n"),
    };
    if causes.is_empty() {
        return text + "knownFailures: []\n";
    }
    let expires = today.checked_add_days(PROPOSED).unwrap_or(today);
    let _ = write!(
        text,
        "# Replace every `?`: `check` and `run` refuse the file until then. An entry may have an owner, issue and day of its own.\n\
         owner: \"?\"\nissue: \"?\"\nexpires: {expires}\nknownFailures:\n"
    );
    for (title, findings) in causes {
        let _ = writeln!(text, "  # {title}");
        match findings.as_slice() {
            [one] => drop(writeln!(text, "  - finding: {}", written(one))),
            several => {
                text.push_str("  - finding:\n");
                for finding in several {
                    let _ = writeln!(text, "      - {}", written(finding));
                }
            }
        }
        text.push_str("    reason: \"?\"\n");
    }
    text
}

/// In one line of YAML.
fn written(finding: &FindingPattern) -> String {
    let FindingPattern { operation, check, place, expected, actual } = finding;
    let members = [
        ("operation", operation.as_ref()),
        ("check", Some(check)),
        ("place", place.as_ref()),
        ("expected", expected.as_ref()),
        ("actual", actual.as_ref()),
    ];
    let quote = |text: &String| serde_json::to_string(text).unwrap_or_default();
    let members: Vec<String> =
        members.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", quote(value?)))).collect();
    format!("{{ {} }}", members.join(", "))
}
