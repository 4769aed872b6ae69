//! A suite as it was written: operations, schemas, requirements, vocabulary, and the trees of its case and fixture files.
//!
//! Owns finding and reading the files. What cases mean is the plan's; nothing here sends anything.

mod contract;
mod files;
mod history;
mod makes;
mod operations;
mod requirements;
mod rows;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
pub(crate) use contract::{
    ClientQuestion, Contract, Detection, GeneralHeader, On, PreflightPlan, Protected, Shape, SweepPlan,
};
pub use files::FilesError;
use files::{FileKind, Files};
pub(crate) use files::{is_suite, read as read_file};
pub(crate) use history::{HistoryEntry, changes_at};
pub(crate) use makes::{Makes, Remove};
pub(crate) use operations::{Operation, Operations, Security, matching};
pub(crate) use requirements::{NamedClient, Requirement, SourceKind, Vocabulary};
pub(crate) use words::Words;

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    schema::Schemas,
    yaml::{Node, Problems, parse},
};

/// A file of the suite, read but not yet understood.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) source: Arc<Source>,
    pub(crate) root: Node,
}

/// Everything that a suite consists of.
#[derive(Debug)]
pub struct Suite {
    pub(crate) operations: Operations,
    pub(crate) schemas: Schemas,
    pub(crate) requirements: BTreeMap<String, Requirement>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) fixtures: Vec<Document>,
    /// Parsed when they are compiled, one after the other: the trees of all files together would be most of the memory of a run.
    pub(crate) cases: Vec<Arc<Source>>,
    requirements_source: Option<Arc<Source>>,
    hash: String,
}

impl Suite {
    /// The suite inside this binary.
    pub fn embedded(found: &mut Vec<Diagnostic>) -> Self {
        Self::read(files::embedded(), found)
    }

    /// The suite in a directory with `cases/` and `schemas/`.
    ///
    /// # Errors
    /// A directory or file that cannot be read. Mistakes in files go to `found`.
    pub fn from_directory(root: &Path, found: &mut Vec<Diagnostic>) -> Result<Self, FilesError> {
        Ok(Self::read(files::directory(root)?, found))
    }

    /// Adds a case file that lies outside the suite's directory, for `check FILE`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn add_case_file(&mut self, path: &Path) -> Result<(), FilesError> {
        let source = files::read(path)?;
        self.cases.retain(|other| other.path != source.path);
        self.cases.push(source);
        Ok(())
    }

    /// The suite of these texts, by their paths within it.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_texts(texts: &[(&str, &str)], found: &mut Vec<Diagnostic>) -> Self {
        Self::read(files::of_texts(texts.iter().copied()), found)
    }

    fn read(files: Files, found: &mut Vec<Diagnostic>) -> Self {
        let hash = short_hash(files.iter().map(|(kind, source)| match kind {
            // Evidence that gets younger makes no other suite of it: runs can still be compared.
            FileKind::Requirements => requirements::undated(&source.text),
            FileKind::Operations
            | FileKind::Vocabulary
            | FileKind::History
            | FileKind::Fixtures
            | FileKind::Cases
            | FileKind::Schema
            | FileKind::Stray => source.text.as_str().into(),
        }));
        let (schema_files, yaml_files): (Files, Files) =
            files.into_iter().partition(|(kind, _)| *kind == FileKind::Schema);
        let schemas = Schemas::read(schema_files.into_iter().map(|(_, source)| source), found);
        let mut requirements = BTreeMap::new();
        let mut requirements_source = None;
        let mut vocabulary = Vocabulary::default();
        let mut history = Vec::new();
        let (mut operations_document, mut fixtures, mut cases) = (None, Vec::new(), Vec::new());
        for (kind, source) in once_each(yaml_files, found) {
            if kind == FileKind::Cases {
                cases.push(source);
                continue;
            }
            let root = match parse(&source) {
                Ok(root) => root,
                Err(diagnostic) => {
                    found.push(*diagnostic);
                    continue;
                }
            };
            let mut problems = Problems::new(&source, found);
            match kind {
                FileKind::Operations => operations_document = Some(Document { source, root }),
                FileKind::Requirements => {
                    requirements = requirements::read(&root, &mut problems);
                    requirements_source = Some(source);
                }
                FileKind::Vocabulary => vocabulary = Vocabulary::read(&root, &mut problems),
                FileKind::History => history = history::read(&root, &mut problems),
                FileKind::Fixtures => fixtures.push(Document { source, root }),
                FileKind::Cases | FileKind::Schema | FileKind::Stray => {
                    problems.at_with(
                        Span::new(0, 1),
                        "this file does not belong to a suite",
                        "cases go below `cases/`, schemas are `schemas/…/NAME.schema.json`",
                    );
                }
            }
        }
        let operations = operations_document.map_or_else(Operations::default, |document| {
            let cx =
                operations::ReadContext { schemas: &schemas, requirements: &requirements, vocabulary: &vocabulary };
            Operations::read(&document.root, &cx, &mut Problems::new(&document.source, found))
        });
        for (source, id) in schemas.annotated_requirements() {
            if !requirements.contains_key(&id) {
                let at = source.text.find(&id).unwrap_or_default();
                let span = Span::new(at, at + id.len());
                let mut problems = Problems::new(&source, found);
                problems.unknown(span, "requirement", &id, requirements.keys().map(String::as_str));
            }
        }
        Self { operations, schemas, requirements, vocabulary, history, fixtures, cases, requirements_source, hash }
    }

    /// Compiles the schemas with these names and that of errors, so that a broken one is found before it is needed.
    pub(crate) fn check_schemas(&self, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<Diagnostic>) {
        let of_errors = self.operations.contract.as_ref().map(|contract| contract.error_schema.name.as_str());
        self.schemas.compile(&|name| wanted(name) || of_errors == Some(name), found);
    }

    /// Reports the requirements that nothing is held to.
    pub(crate) fn check_unused_requirements(&self, used: &dyn Fn(&str) -> bool, found: &mut Vec<Diagnostic>) {
        let Some(source) = &self.requirements_source else { return };
        let annotated: BTreeSet<String> =
            self.schemas.annotated_requirements().into_iter().map(|(_, requirement)| requirement).collect();
        for (id, requirement) in &self.requirements {
            if !used(id) && !annotated.contains(id) {
                let title = format!("requirement `{id}` is not used by any check");
                let diagnostic = Diagnostic::new(source, requirement.span, title);
                found.push(diagnostic.help("name it in a case, or remove it"));
            }
        }
    }

    /// The first half of the SHA-256 of all files, without the dates of requirements, to tell suites apart in reports.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// The requirements that a text is a list of, if it is one without mistakes.
pub(crate) fn read_requirements(text: &str) -> Option<BTreeMap<String, Requirement>> {
    let source = Source::new("requirements.yaml".to_owned(), text);
    let (root, mut found) = (parse(&source).ok()?, Vec::new());
    let requirements = requirements::read(&root, &mut Problems::new(&source, &mut found));
    found.is_empty().then_some(requirements)
}

/// Of what a suite has once, the first; the others are reported, because nothing of them would count.
fn once_each(files: Files, found: &mut Vec<Diagnostic>) -> Files {
    let mut kept = Files::new();
    for (kind, source) in files {
        let first = match kind {
            FileKind::Operations | FileKind::Requirements | FileKind::Vocabulary | FileKind::History => {
                kept.iter().find(|(other, _)| *other == kind)
            }
            FileKind::Fixtures | FileKind::Cases | FileKind::Schema | FileKind::Stray => None,
        };
        match first {
            Some((_, first)) => {
                let title = format!("the suite already has this file: {}", first.path);
                found.push(Diagnostic::new(&source, Span::new(0, 1), title).help("merge them, and remove one"));
            }
            None => kept.push((kind, source)),
        }
    }
    kept
}

/// The first half of the SHA-256 of some texts.
pub(crate) fn short_hash(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut hash = Context::new(&SHA256);
    for text in texts {
        let text = text.as_ref();
        hash.update(&text.len().to_le_bytes());
        hash.update(text.as_bytes());
    }
    let digest = hash.finish();
    let half: [u8; 16] = std::array::from_fn(|index| digest.as_ref()[index]);
    format!("{:032x}", u128::from_be_bytes(half))
}
