//! What looks like an identifier that a service minted, and not like a word that somebody wrote.

/// The shortest identifier that services mint; Okta's have exactly this many characters.
pub(crate) const SHORTEST: usize = 20;

/// Whether a character may stand in an identifier, or in a word.
pub(crate) fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Whether a token looks minted: an identifier has a digit or a wild mixture of cases; words, also in camel case, have neither.
pub(crate) fn is_minted(token: &str) -> bool {
    let digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let capitals = token.bytes().filter(u8::is_ascii_uppercase).count();
    let wild = capitals >= 3 && token.bytes().any(|byte| byte.is_ascii_lowercase());
    token.len() >= SHORTEST && (digit || wild)
}
