//! Opening files that somebody names. What is no regular file could be waited for, or read, without an end.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// What the shell has opened before we began, such as `/dev/stdin` or what `<(…)` stands for: somebody writes it.
const OPEN_ALREADY: [&str; 3] = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"];

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct Unread {
    path: String,
    #[source]
    source: io::Error,
}

impl Unread {
    /// The operating system's refusal, with the file that it is about.
    pub(crate) fn of(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self { path: path.display().to_string(), source }
    }
}

/// Opens a file that is read to its end.
///
/// # Errors
/// The operating system's refusal; a directory, a pipe, a device.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let refused = |reason: &str| Err(io::Error::new(ErrorKind::InvalidInput, reason));
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return refused("it is a directory");
    }
    if !kind.is_file() && !OPEN_ALREADY.iter().any(|open| path.to_string_lossy().starts_with(open)) {
        return refused("it is not a regular file, so it may never end; only /dev/stdin is allowed");
    }
    File::open(path)
}

/// Reads a file whole.
///
/// # Errors
/// As [`open`]; a file of more than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    // Neither grown into nor left half empty: what is read is often kept as long as the program runs.
    let length = file.metadata()?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes, the limit")));
    }
    Ok(bytes)
}

/// Reads a file whole, as text.
///
/// # Errors
/// As [`read`]; bytes that are not UTF-8.
pub(crate) fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bad = error.as_bytes()[at];
        let before = String::from_utf8_lossy(&error.as_bytes()[..at]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let reason =
            format!("it is not UTF-8: the byte {bad:#04x} at line {line}, column {column} begins no character");
        io::Error::new(ErrorKind::InvalidData, reason)
    })
}
