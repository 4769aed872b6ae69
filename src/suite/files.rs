//! Where the files of a suite come from: the copy inside the binary, or a directory.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use include_dir::{Dir, include_dir};

use crate::{
    diagnostic::Source,
    file::{self, Unread},
};

static CASES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/cases");
static SCHEMAS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// Larger than any file of a suite that a person would write.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// What a suite has beside cases, fixtures and schemas.
const NEEDED: [&str; 3] = ["schemas/operations.yaml", "cases/requirements.yaml", "cases/vocabulary.yaml"];

/// A directory of a suite that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The operating system's refusal.
    #[error(transparent)]
    Read(#[from] Unread),
    /// Not the kind of directory that a suite is, and what is missing in it.
    #[error("{0} is not a suite: it has no `{1}` (docs/writing-cases.md shows a whole suite)")]
    NotASuite(String, &'static str),
    /// Links that go round, or lead to the same place twice.
    #[error("{0} leads to a directory that is read already, by way of a link: remove the link")]
    Again(String),
    /// A file beyond the limit.
    #[error("{0} is larger than 4 MiB, the limit for a file of a suite")]
    TooLarge(String),
}

/// The files shipped in this binary, in the order of their paths.
pub(super) fn embedded() -> Vec<Arc<Source>> {
    let mut files = Vec::new();
    collect_embedded(&CASES, "cases", &mut files);
    collect_embedded(&SCHEMAS, "schemas", &mut files);
    files.sort_by(|a: &Arc<Source>, b| a.path.cmp(&b.path));
    files
}

fn collect_embedded(dir: &Dir<'static>, prefix: &str, files: &mut Vec<Arc<Source>>) {
    for file in dir.files() {
        let path = format!("{prefix}/{}", file.path().display());
        if let Some(text) = file.contents_utf8()
            && is_suite_file(&path)
        {
            files.push(Source::new(path, text));
        }
    }
    for inner in dir.dirs() {
        collect_embedded(inner, prefix, files);
    }
}

/// The files below `root/cases` and `root/schemas`, in the order of their paths.
pub(super) fn directory(root: &Path) -> Result<Vec<Arc<Source>>, FilesError> {
    let (mut files, mut read) = (Vec::new(), BTreeSet::new());
    for part in ["cases", "schemas"] {
        let dir = root.join(part);
        if !dir.is_dir() {
            return Err(FilesError::NotASuite(root.display().to_string(), part));
        }
        collect(&dir, &mut read, &mut files)?;
    }
    // Without one of these, every name that a case uses would be unknown.
    if let Some(missing) = NEEDED.into_iter().find(|file| !root.join(file).is_file()) {
        return Err(FilesError::NotASuite(root.display().to_string(), missing));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// `read` has the real paths of the directories so far: what links lead to is read once, and not round and round.
fn collect(dir: &Path, read: &mut BTreeSet<PathBuf>, files: &mut Vec<Arc<Source>>) -> Result<(), FilesError> {
    let failed = Unread::of(dir);
    if !read.insert(dir.canonicalize().map_err(&failed)?) {
        return Err(FilesError::Again(dir.display().to_string()));
    }
    for entry in fs::read_dir(dir).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let path = entry.path();
        if path.is_dir() {
            collect(&path, read, files)?;
        } else if is_suite_file(&path.to_string_lossy()) {
            files.push(self::read(&path)?);
        }
    }
    Ok(())
}

/// One file, within the limit.
pub(crate) fn read(path: &Path) -> Result<Arc<Source>, FilesError> {
    let shown = path.display().to_string();
    match file::text(path, MAX_FILE) {
        Ok(text) => Ok(Source::new(shown, text)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(FilesError::TooLarge(shown)),
        Err(error) => Err(Unread::of(path)(error).into()),
    }
}

/// The schemas of our own files are for editors; everything else in YAML or JSON is part of the suite.
fn is_suite_file(path: &str) -> bool {
    let path = path.replace('\\', "/");
    let extension = Path::new(&path).extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "json") && !path.contains("schemas/harness/")
}
