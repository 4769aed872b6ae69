//! The one boundary between the program and a terminal or the log of a CI system. Whatever a target, a file or an argument said, nothing that
//! goes through here is obeyed: no control character, no mark of direction, no command of a CI system.
//!
//! Nobody else of the command line holds standard output or standard error; `tests/architecture.rs` sees to it. The reader of standard output
//! may go away: `… | head` is no mistake, and takes nothing from what the exit code says. Where it cannot be written for another reason, the
//! command has not said what it was asked for.

use std::{
    env,
    io::{self, ErrorKind, IsTerminal, StderrLock, StdoutLock, Write},
    mem,
};

use serde::Serialize;

use super::CommandError;
use crate::report::{on_one_line, printable, printable_json};

/// Writes to standard output as long as somebody reads it.
pub(super) struct Stdout(StdoutLock<'static>);

/// What makes lines harmless, and hands on whole ones.
pub(super) struct Guarded<W: Write> {
    to: W,
    own: Own,
    line: Vec<u8>,
}

/// What the program itself writes for the terminal to obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Nothing,
    /// Sequences of colour: they change how a line looks, and no more.
    Colours,
}

/// Standard output, for text.
pub(super) fn out() -> Guarded<Stdout> {
    Guarded::new(Stdout(io::stdout().lock()), Own::Nothing)
}

/// Standard output, for text in colours.
pub(super) fn coloured_out(color: bool) -> Guarded<Stdout> {
    Guarded::new(Stdout(io::stdout().lock()), Own::of(color))
}

/// Standard error, for text.
pub(super) fn err() -> Guarded<StderrLock<'static>> {
    Guarded::new(io::stderr().lock(), Own::Nothing)
}

/// Standard error, for text in colours.
pub(super) fn coloured_err(color: bool) -> Guarded<StderrLock<'static>> {
    Guarded::new(io::stderr().lock(), Own::of(color))
}

/// Standard output, for a format that machines read: what is in it was made harmless where it was made, in the way of the format.
pub(super) fn format_out() -> Stdout {
    Stdout(io::stdout().lock())
}

/// Prints the one object of a command.
pub(super) fn json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = printable_json(serde_json::to_string_pretty(value)?);
    Ok(writeln!(format_out(), "{text}")?)
}

/// Says what the user should know.
pub(super) fn warn(text: &str) {
    tell(&format!("warning: {text}"));
}

/// Says what went wrong, where the command goes on.
pub(super) fn complain(text: &str) {
    tell(&format!("error: {text}"));
}

/// Says something on standard error. Where nobody listens, there is nobody to tell.
pub(super) fn tell(text: &str) {
    let _ = writeln!(err(), "{text}");
}

/// Foreign text in the middle of a line, such as a name that a target gives: its line breaks are spelt out, so that it stays there.
pub(super) fn shown(text: &str) -> String {
    on_one_line(text)
}

/// A line that replaces itself, on a terminal that somebody watches; an empty one takes it away.
pub(super) fn status(text: &str) {
    let _ = write!(io::stderr(), "\r\x1b[K{}", on_one_line(text));
}

/// Whether somebody watches standard output.
pub(super) fn out_is_watched() -> bool {
    io::stdout().is_terminal()
}

/// Whether somebody watches standard error.
pub(super) fn err_is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether colours are welcome where somebody watches or not, by what is customary: `NO_COLOR` (<https://no-color.org>) forbids them, then
/// `FORCE_COLOR` (<https://force-color.org>) and `CLICOLOR_FORCE` (<https://bixense.com/clicolors>) ask for them wherever they go, which CI logs
/// that show them need. A value of `0` asks for nothing.
pub(super) fn takes_colours(watched: bool) -> bool {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let asked = ["FORCE_COLOR", "CLICOLOR_FORCE"].iter().any(|name| set(name).is_some_and(|value| value != "0"));
    set("NO_COLOR").is_none() && (asked || watched && set("TERM").is_none_or(|value| value != "dumb"))
}

/// The columns of the terminal that standard output is, or what `COLUMNS` says; none where lines may be of any length.
pub(super) fn width() -> Option<usize> {
    columns_of(io::stdout())
}

/// As [`width`], of standard error.
pub(super) fn err_width() -> Option<usize> {
    columns_of(io::stderr())
}

fn said_columns() -> Option<usize> {
    env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0)
}

#[cfg(unix)]
fn columns_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    said_columns().or_else(|| terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0)))
}

#[cfg(windows)]
fn columns_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    said_columns().or_else(|| terminal_size::terminal_size_of(stream).map(|(width, _)| usize::from(width.0)))
}

impl Own {
    fn of(color: bool) -> Self {
        if color { Self::Colours } else { Self::Nothing }
    }

    /// The line, its end included, without anything but this that is obeyed.
    fn clean(self, line: &str) -> String {
        match self {
            Self::Nothing => printable(line),
            Self::Colours => {
                let (mut clean, mut rest) = (String::with_capacity(line.len()), line);
                while let Some((before, colour, after)) = colour(rest) {
                    clean.push_str(&printable(before));
                    clean.push_str(colour);
                    rest = after;
                }
                clean + &printable(rest)
            }
        }
    }
}

/// The first sequence of colour in a text, with what stands before and behind it.
fn colour(text: &str) -> Option<(&str, &str, &str)> {
    for (at, begins) in text.match_indices("\u{1b}[") {
        let inside = &text[at + begins.len()..];
        let end = inside.find(|c: char| !c.is_ascii_digit() && c != ';')?;
        if inside[end..].starts_with('m') {
            let (colour, after) = text[at..].split_at(begins.len() + end + 1);
            return Some((&text[..at], colour, after));
        }
    }
    None
}

impl<W: Write> Guarded<W> {
    fn new(to: W, own: Own) -> Self {
        Self { to, own, line: Vec::new() }
    }

    /// Writes what is there, the end of a line or not.
    fn pass(&mut self) -> io::Result<()> {
        let line = mem::take(&mut self.line);
        self.to.write_all(self.own.clean(&String::from_utf8_lossy(&line)).as_bytes())
    }
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend(part);
            if part.ends_with(b"\n") {
                self.pass()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.pass()?;
        }
        self.to.flush()
    }
}

impl<W: Write> Drop for Guarded<W> {
    fn drop(&mut self) {
        // Whoever has to know that it came through has flushed it.
        let _ = self.flush();
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unread(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        unread(self.0.flush(), ())
    }
}

fn unread<T>(written: io::Result<T>, all: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(all),
        // Nobody knows from the system's words alone what could not be written.
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        Ok(written) => Ok(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(own: Own, pieces: &[&str]) -> String {
        let mut written = Vec::new();
        let mut guarded = Guarded::new(&mut written, own);
        for piece in pieces {
            guarded.write_all(piece.as_bytes()).expect("memory");
        }
        drop(guarded);
        String::from_utf8(written).expect("text")
    }

    #[test]
    fn nothing_that_is_obeyed_gets_through_however_it_comes() {
        for (pieces, shown) in [
            (&["a name\n", ":", ":error::x"][..], "a name\n\\u{3a}:error::x"),
            (&["  ", "::add-mask::x\n"], "  \\u{3a}:add-mask::x\n"),
            (&["x ##", "teamcity", "[y]"], "x ##teamcity\\u{5b}y]"),
            (&["\u{1b}", "[31mred\r\u{9b}1m\n"], "\\u{1b}[31mred\\u{d}\\u{9b}1m\n"),
            (&["\u{202e}a::b\n"], "\\u{202e}a::b\n"),
        ] {
            assert_eq!(through(Own::Nothing, pieces), shown);
        }
    }

    #[test]
    fn of_our_own_only_colours_get_through() {
        assert_eq!(through(Own::Colours, &["\u{1b}[1;31mred\u{1b}[0m\n"]), "\u{1b}[1;31mred\u{1b}[0m\n");
        assert_eq!(through(Own::Colours, &["\u{1b}[2Jx\u{1b}]0;t\u{7}\n"]), "\\u{1b}[2Jx\\u{1b}]0;t\\u{7}\n");
        assert_eq!(
            through(Own::Colours, &["\u{1b}[31m ::error::x\u{1b}[0m\n"]),
            "\u{1b}[31m \\u{3a}:error::x\u{1b}[0m\n"
        );
    }
}
