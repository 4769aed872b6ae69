//! The words of an expression. Owns how each is written.

use std::ops::Range;

use super::Mistake;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Text(String),
    Integer(i64),
    Real(f64),
    Name(String),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
}

/// A word and the bytes where it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Longer ones before those that they begin with.
const SYMBOLS: [&str; 24] = [
    ".![", "==", "!=", "<=", ">=", "&&", "||", "?:", "<", ">", "!", "?", ":", "+", "-", "(", ")", "{", "}", "[", "]",
    ",", ".", "=",
];

/// All words of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Word>, Mistake> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = word(rest, first).map_err(|message| {
            let span = at..at + first.len_utf8();
            Mistake { span, message }
        })?;
        words.push(Word { token, span: at..at + length });
        at += length;
    }
    Ok(words)
}

/// The first word of a text that begins with `first`, and its length.
fn word(text: &str, first: char) -> Result<(Token, usize), String> {
    match first {
        '"' | '\'' => quoted(text, first),
        '0'..='9' => number(text),
        _ if is_name(first) => {
            let length = text.find(|next| !is_name(next)).unwrap_or(text.len());
            Ok((Token::Name(text[..length].to_owned()), length))
        }
        _ => {
            let symbol = SYMBOLS.into_iter().find(|symbol| text.starts_with(symbol));
            symbol.map(|symbol| (Token::Symbol(symbol), symbol.len())).ok_or_else(|| format!("`{first}` means nothing"))
        }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// A text between quotes; two of them are one in the text (`SpEL`).
fn quoted(text: &str, quote: char) -> Result<(Token, usize), String> {
    let mut content = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            content.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Ok((Token::Text(content), at + 1));
        }
    }
    Err(format!("the closing {quote} is missing"))
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let digits = |text: &str| text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(text);
    let fraction = text[whole..].strip_prefix('.').map_or(0, digits);
    let length = if fraction == 0 { whole } else { whole + 1 + fraction };
    let written = &text[..length];
    if text[length..].starts_with(is_name) {
        return Err(format!("`{written}` goes on with what is not a digit"));
    }
    let read =
        if fraction == 0 { written.parse().map(Token::Integer).ok() } else { written.parse().map(Token::Real).ok() };
    read.map(|token| (token, length)).ok_or_else(|| format!("`{written}` is too large"))
}
