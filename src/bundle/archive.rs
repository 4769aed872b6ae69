//! A draft as a file that a person reads, and a bundle as a ZIP archive. Both are read within limits, as they come from anybody.

use std::{
    fs,
    io::{self, Cursor, Read as _, Write as _},
    path::Path,
};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{Manifest, VERSION, draft::Draft};
use crate::file;

/// The parts of an archive.
const MANIFEST: &str = "manifest.json";
const EVENTS: &str = "events.jsonl";

/// More than any manifest has, in bytes.
const MOST_OF_A_MANIFEST: u64 = 256 * 1024;

/// More than the events of any suite of ours have, in bytes.
const MOST_OF_EVENTS: u64 = 256 * 1024 * 1024;

/// A draft or a bundle that cannot be used: its file, and what is the matter.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The operating system's refusal.
    #[error("cannot use {0}")]
    Io(String, #[source] io::Error),
    /// No archive.
    #[error("{0} is not a ZIP archive that can be read")]
    Zip(String, #[source] zip::result::ZipError),
    /// Something else than the two parts is in it, or one of them is not.
    #[error("{0} is not a bundle of evidence: it must have just `{MANIFEST}` and `{EVENTS}`")]
    Parts(String),
    /// A part that is larger than any should be.
    #[error("{0}: `{1}` is larger than {2} KiB")]
    Large(String, &'static str, u64),
    /// A manifest that is none.
    #[error("{0}: the manifest cannot be read: {1}")]
    Manifest(String, String),
    /// One of another version.
    #[error("{0} has version {1} of the form; this program reads version {VERSION}")]
    Version(String, u32),
    /// A digest that does not fit.
    #[error("{0} was changed after it was made: its digest does not fit")]
    Changed(String),
}

/// The last line of a draft.
#[derive(Debug, Serialize, Deserialize)]
struct Seal {
    draft_sha256: String,
}

/// The first line of a draft.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    manifest: Manifest,
}

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Writes a draft; gives its digest.
///
/// # Errors
/// A file that cannot be written.
pub fn write_draft(path: &Path, draft: &Draft) -> Result<String, BundleError> {
    let shown = || path.display().to_string();
    let line = |json: Result<String, serde_json::Error>| {
        json.map_err(|error| BundleError::Manifest(shown(), error.to_string()))
    };
    let mut text = line(serde_json::to_string(&Head { manifest: draft.manifest.clone() }))?.into_bytes();
    text.push(b'\n');
    text.extend_from_slice(&draft.events);
    let seal = Seal { draft_sha256: sha256(&text) };
    text.extend_from_slice(line(serde_json::to_string(&seal))?.as_bytes());
    text.push(b'\n');
    fs::write(path, text).map_err(|error| BundleError::Io(shown(), error))?;
    Ok(seal.draft_sha256)
}

/// Reads a draft, which must be as it was written.
///
/// # Errors
/// A file that is no draft, or one that was changed.
pub fn read_draft(path: &Path) -> Result<(Manifest, Vec<u8>), BundleError> {
    let shown = path.display().to_string();
    let file = file::open(path).map_err(|error| BundleError::Io(shown.clone(), error))?;
    let text = limited(file, MOST_OF_EVENTS, &shown, EVENTS)?;
    let changed = || BundleError::Changed(shown.clone());
    let text = text.strip_suffix(b"\n").ok_or_else(changed)?;
    let at = text.iter().rposition(|byte| *byte == b'\n').ok_or_else(changed)? + 1;
    let seal: Seal = serde_json::from_slice(&text[at..]).map_err(|_| changed())?;
    if seal.draft_sha256 != sha256(&text[..at]) {
        return Err(changed());
    }
    let end = text.iter().position(|byte| *byte == b'\n').ok_or_else(changed)? + 1;
    let head: Head = serde_json::from_slice(&text[..end])
        .map_err(|error| BundleError::Manifest(shown.clone(), error.to_string()))?;
    Ok((head.manifest, text[end..at].to_vec()))
}

/// Writes a bundle.
///
/// # Errors
/// A file that cannot be written.
pub fn write(path: &Path, manifest: &Manifest, events: &[u8]) -> Result<(), BundleError> {
    let shown = || path.display().to_string();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let manifest =
        serde_json::to_vec_pretty(manifest).map_err(|error| BundleError::Manifest(shown(), error.to_string()))?;
    // Without times, so that the same evidence is the same archive.
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for (name, bytes) in [(MANIFEST, manifest.as_slice()), (EVENTS, events)] {
        archive.start_file(name, options).map_err(|error| BundleError::Zip(shown(), error))?;
        archive.write_all(bytes).map_err(|error| BundleError::Io(shown(), error))?;
    }
    let bytes = archive.finish().map_err(|error| BundleError::Zip(shown(), error))?.into_inner();
    fs::write(path, bytes).map_err(|error| BundleError::Io(shown(), error))
}

/// Reads a bundle: its manifest and its events, which are as the manifest says.
///
/// # Errors
/// A file that is no bundle, is larger than any should be, or was changed.
pub fn read(path: &Path) -> Result<(Manifest, Vec<u8>), BundleError> {
    let shown = path.display().to_string();
    let file = file::open(path).map_err(|error| BundleError::Io(shown.clone(), error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| BundleError::Zip(shown.clone(), error))?;
    if archive.len() != 2 {
        return Err(BundleError::Parts(shown));
    }
    let mut part = |name: &'static str, most: u64| {
        let part = archive.by_name(name).map_err(|_| BundleError::Parts(shown.clone()))?;
        limited(part, most, &shown, name)
    };
    let manifest = part(MANIFEST, MOST_OF_A_MANIFEST)?;
    let events = part(EVENTS, MOST_OF_EVENTS)?;
    let unread = |error: serde_json::Error| BundleError::Manifest(shown.clone(), error.to_string());
    let version: serde_json::Value = serde_json::from_slice(&manifest).map_err(unread)?;
    let version = version["version"].as_u64().and_then(|version| u32::try_from(version).ok()).unwrap_or_default();
    if version != VERSION {
        return Err(BundleError::Version(shown, version));
    }
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(unread)?;
    if sha256(&events) != manifest.events_sha256 {
        return Err(BundleError::Changed(shown));
    }
    Ok((manifest, events))
}

/// All of a part, whatever an archive says of its size.
fn limited(part: impl io::Read, most: u64, shown: &str, name: &'static str) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    part.take(most + 1).read_to_end(&mut bytes).map_err(|error| BundleError::Io(shown.to_owned(), error))?;
    if bytes.len() as u64 > most {
        return Err(BundleError::Large(shown.to_owned(), name, most / 1024));
    }
    Ok(bytes)
}
