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
            Outcome::Passed => Some(Ruling {
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
            _ => None,
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
            problems.at_with(
                node.span,
                format!("`{key}` is not filled in"),
                "a known failure is somebody's decision: say it",
            );
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

/// What was observed in a false check, without what differs from run to run: identifiers, times, hosts, names that the run made.
pub(crate) fn signature(check: &str, pointer: Option<&str>, actual: &str, origin: &str, run: &str) -> String {
    let place = pointer.filter(|pointer| !pointer.is_empty()).map(|pointer| format!(" {pointer}")).unwrap_or_default();
    let actual = without_cut_words(actual);
    let mut text = actual.replace(origin, "<origin>");
    for word in actual.split(|c: char| !is_of_word(c)) {
        // Error IDs, for one, need not have a digit.
        let mixed =
            word.bytes().any(|byte| byte.is_ascii_uppercase()) && word.bytes().any(|byte| byte.is_ascii_lowercase());
        let minted = mixed || word.bytes().any(|byte| byte.is_ascii_digit());
        if chrono::DateTime::parse_from_rfc3339(word).is_ok() {
            text = text.replace(word, "<time>");
        } else if !run.is_empty() && word.contains(run) {
            text = text.replace(word, "<name>");
        } else if word.len() >= 20 && minted {
            text = text.replace(word, "<id>");
        }
    }
    format!("{check}{place}: {text}")
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')
}

/// Where a long text was cut, without the word that the cut went through, which may be an identifier, and without the length.
fn without_cut_words(text: &str) -> String {
    const CUT: &str = "… (";
    let (mut whole, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(CUT) {
        let behind = &rest[at + CUT.len()..];
        let length = behind.bytes().take_while(u8::is_ascii_digit).count();
        match behind[length..].strip_prefix(" bytes)") {
            Some(after) if length > 0 => {
                whole.push_str(rest[..at].trim_end_matches(is_of_word));
                whole.push('…');
                rest = after;
            }
            _ => {
                whole.push_str(&rest[..at + CUT.len()]);
                rest = behind;
            }
        }
    }
    whole.push_str(rest);
    whole
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_do_not_depend_on_the_run() {
        let text = r#"{"id":"aus0kfgs0BV70xdcJ1d7","at":"2026-11-24T06:21:01.000Z","u":"http://127.0.0.1:4000/x","n":"okc_abc234_00001","s":"ACTIVE"}"#;
        assert_eq!(
            signature("body", Some("/a"), text, "http://127.0.0.1:4000", "abc234"),
            r#"body /a: {"id":"<id>","at":"<time>","u":"<origin>/x","n":"<name>","s":"ACTIVE"}"#
        );
    }

    #[test]
    fn identifiers_need_no_digit() {
        let text = r#"{"errorId":"oaeZ-nisawlxjhfuJdhxkiopg"}"#;
        assert_eq!(signature("body", None, text, "http://a", "abc234"), r#"body: {"errorId":"<id>"}"#);
    }

    #[test]
    fn signatures_do_not_depend_on_where_a_text_was_cut() {
        let cut = |text: &str| signature("body", None, text, "http://a", "abc234");
        assert_eq!(
            cut(r#"{"n":"x","id":"aus0kf… (812 bytes), and [1… (3 bytes)"#),
            r#"body: {"n":"x","id":"…, and […"#
        );
        assert_eq!(cut("a… (b… ( bytes)"), "body: a… (b… ( bytes)");
    }
}
