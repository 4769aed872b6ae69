//! Where the files of a suite come from: the copy inside the binary, or a directory.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use include_dir::{Dir, File, include_dir};

use crate::{
    diagnostic::Source,
    file::{self, Unread},
};

static CASES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/cases");
static SCHEMAS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// Larger than any file of a suite that a person would write.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// What a file of a suite is, as its path within the suite says. Its extension may be written in any way that programs write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Operations,
    Requirements,
    Vocabulary,
    History,
    Fixtures,
    Cases,
    Schema,
    /// In YAML or JSON, but not where a suite has any.
    Stray,
}

impl FileKind {
    /// None: neither YAML nor JSON, or a schema of our own files, which is for editors.
    fn of(path: &str) -> Option<Self> {
        let path = path.replace('\\', "/");
        let (name, extension) = path.rsplit_once('.')?;
        let json = extension.eq_ignore_ascii_case("json");
        if !json && !["yaml", "yml"].iter().any(|yaml| extension.eq_ignore_ascii_case(yaml)) {
            return None;
        }
        Some(match name {
            "schemas/operations" => Self::Operations,
            "cases/requirements" => Self::Requirements,
            "cases/vocabulary" => Self::Vocabulary,
            "cases/history" => Self::History,
            _ if name.starts_with("cases/fixtures/") => Self::Fixtures,
            _ if name.starts_with("cases/") => Self::Cases,
            _ if name.starts_with("schemas/harness/") && name.ends_with(".schema") && json => return None,
            _ if name.starts_with("schemas/") && json => Self::Schema,
            _ => Self::Stray,
        })
    }
}

/// What a suite has in addition to cases, fixtures and schemas.
const NEEDED: [(FileKind, &str); 3] = [
    (FileKind::Operations, "schemas/operations.yaml"),
    (FileKind::Requirements, "cases/requirements.yaml"),
    (FileKind::Vocabulary, "cases/vocabulary.yaml"),
];

/// Files of a suite, with what they are.
pub(super) type Files = Vec<(FileKind, Arc<Source>)>;

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
pub(super) fn embedded() -> Files {
    let mut texts = Vec::new();
    collect_embedded(&CASES, "cases", &mut texts);
    collect_embedded(&SCHEMAS, "schemas", &mut texts);
    texts.sort();
    of_texts(texts)
}

fn collect_embedded(dir: &Dir<'static>, prefix: &str, texts: &mut Vec<(String, &'static str)>) {
    let path = |file: &File<'_>| format!("{prefix}/{}", file.path().display());
    texts.extend(dir.files().filter_map(|file| Some((path(file), file.contents_utf8()?))));
    for inner in dir.dirs() {
        collect_embedded(inner, prefix, texts);
    }
}

/// The files of a suite among these texts, by their paths within the suite.
pub(super) fn of_texts<'t>(texts: impl IntoIterator<Item = (impl Into<String>, &'t str)>) -> Files {
    let file = |(path, text): (String, &str)| Some((FileKind::of(&path)?, Source::new(path, text)));
    texts.into_iter().filter_map(|(path, text)| file((path.into(), text))).collect()
}

/// The files below `root/cases` and `root/schemas`, in the order of their paths.
pub(super) fn directory(root: &Path) -> Result<Files, FilesError> {
    let (mut paths, mut read) = (Vec::new(), BTreeSet::new());
    for part in ["cases", "schemas"] {
        let dir = root.join(part);
        if !dir.is_dir() {
            return Err(FilesError::NotASuite(root.display().to_string(), part));
        }
        collect(&dir, &mut read, &mut paths)?;
    }
    let kind = |path: &Path| FileKind::of(&path.strip_prefix(root).unwrap_or(path).to_string_lossy());
    let files = paths.iter().filter_map(|path| Some((kind(path)?, path)));
    let mut files = files.map(|(kind, path)| Ok((kind, self::read(path)?))).collect::<Result<Files, FilesError>>()?;
    // Without one of these, every name that a case uses would be unknown.
    let has = |wanted| files.iter().any(|(kind, _)| *kind == wanted);
    if let Some((_, missing)) = NEEDED.into_iter().find(|(kind, _)| !has(*kind)) {
        return Err(FilesError::NotASuite(root.display().to_string(), missing));
    }
    files.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    Ok(files)
}

/// `read` has the real paths of the directories so far: what links lead to is read once, and not round and round.
fn collect(dir: &Path, read: &mut BTreeSet<PathBuf>, paths: &mut Vec<PathBuf>) -> Result<(), FilesError> {
    let failed = Unread::of(dir);
    if !read.insert(dir.canonicalize().map_err(&failed)?) {
        return Err(FilesError::Again(dir.display().to_string()));
    }
    for entry in fs::read_dir(dir).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.is_dir() {
            collect(&path, read, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// Whether a directory is a suite, or would be one without its mistakes.
pub(crate) fn is_suite(root: &Path) -> bool {
    let mut schemas = fs::read_dir(root.join("schemas")).into_iter().flatten().flatten();
    let operations = |name: &str| FileKind::of(&format!("schemas/{name}")) == Some(FileKind::Operations);
    root.join("cases").is_dir() && schemas.any(|entry| operations(&entry.file_name().to_string_lossy()))
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
