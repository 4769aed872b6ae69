//! Lines as wide as a terminal: long ones go on below, indented; excerpts of files keep their caret in sight.
//!
//! Widths are those of terminals, where some characters take two columns and some none.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrower terminals get lines of this width, which they break themselves.
const NARROWEST: usize = 20;

/// How much of a line stays in sight before a caret.
const BEFORE_CARET: usize = 8;

/// The text with its lines in pieces, where a width is given.
pub fn fit(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    text.lines().flat_map(|line| wrapped(line, width)).fold(String::new(), |all, line| all + &line + "\n")
}

/// The line in pieces of at most `width` columns, each but the first indented by two more than the line.
pub(super) fn wrapped(line: &str, width: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let hanging = " ".repeat((indent + 2).min(width / 2));
    let options =
        textwrap::Options::new(width).subsequent_indent(&hanging).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(line, options).into_iter().map(Cow::into_owned).collect()
}

/// The lines of an excerpt, cut at both sides where they are too wide, all at the same column.
pub(super) fn fitted(excerpt: &[&str], width: usize) -> Vec<String> {
    let width = width.max(NARROWEST);
    let caret = excerpt.iter().find_map(|line| Some((line.split_once('^')?.0.chars().count(), line.width())));
    let shift = match caret {
        Some((column, end)) if end > width => {
            let gutter = excerpt.iter().find_map(|line| gutter(line)).unwrap_or_default();
            column.saturating_sub(gutter + BEFORE_CARET)
        }
        _ => 0,
    };
    excerpt.iter().flat_map(|line| cut(line, shift, width)).collect()
}

/// How many characters stand before the text of a line of a file.
fn gutter(line: &str) -> Option<usize> {
    let (before, _) = line.split_once('|')?;
    before.chars().all(|c| c == ' ' || c.is_ascii_digit()).then(|| before.chars().count() + 2)
}

fn cut(line: &str, shift: usize, width: usize) -> Vec<String> {
    let Some(gutter) = gutter(line) else { return wrapped(line, width) };
    let mut shown: String = line.chars().take(gutter).collect();
    let rest: String = line.chars().skip(gutter).collect();
    if shift > 0 && rest.chars().take(shift).any(|c| c != ' ') {
        shown.push('…');
        shown.extend(rest.chars().skip(shift + 1));
    } else {
        shown.extend(rest.chars().skip(shift));
    }
    if shown.width() > width {
        let end = {
            let mut columns = 0;
            let fits = shown.char_indices().take_while(|(_, c)| {
                columns += c.width().unwrap_or(0);
                columns < width
            });
            fits.last().map_or(0, |(at, c)| at + c.len_utf8())
        };
        shown.truncate(end);
        shown.push('…');
    }
    vec![shown.trim_end().to_owned()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_line_goes_on_below_and_keeps_its_words() {
        let line = "  expected: one two three four five six";
        assert_eq!(wrapped(line, 24), ["  expected: one two", "    three four five six"]);
        assert_eq!(wrapped("漢字漢字漢字漢字漢字漢字", 20), ["漢字漢字漢字漢字漢", "  字漢字"]);
    }

    #[test]
    fn the_caret_of_an_excerpt_stays_in_sight() {
        let source = format!("20 | {}{}", " ".repeat(30), "description: Made by a test");
        let caret = format!("   | {}{} expected here", " ".repeat(30), "^".repeat(27));
        let fitted = fitted(&["  --> a.yaml:20:31", &source, &caret], 40);
        assert_eq!(fitted[1], "20 |         description: Made by a test");
        assert_eq!(fitted[2], "   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^…");
    }

    proptest! {
        #[test]
        fn no_piece_is_too_wide_and_nothing_is_lost(line in "[ a-z0-9\"{}漢é]{0,200}", width in 20_usize..100) {
            let pieces = wrapped(&line, width);
            let solid = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert!(pieces.iter().all(|piece| piece.width() <= width), "{pieces:?}");
            prop_assert_eq!(solid(&pieces.concat()), solid(&line));
        }
    }
}
