//! The forms in which a secret may come back: as it is, percent-encoded, in base64, in hexadecimal digits, in another case.

use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Case;

/// A shorter secret in another case might be a word.
const SHORTEST_IN_ANY_CASE: usize = 12;

/// In which case a secret is looked for.
pub(super) fn case(secret: &str) -> Case {
    if secret.len() < SHORTEST_IN_ANY_CASE { Case::AsWritten } else { Case::Any }
}

/// The forms in which a value may come back; in small letters where any case counts.
pub(super) fn forms(secret: &str, case: Case) -> Vec<String> {
    let hex: String = secret.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut forms = base64_forms(secret.as_bytes());
    forms.push(secret.to_owned());
    forms.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
    // Line breaks are taken out of a text before it is searched for wrapped secrets.
    forms.extend(secret.contains(['\r', '\n']).then(|| secret.replace(['\r', '\n'], "")));
    match case {
        Case::AsWritten => forms.push(hex.to_ascii_uppercase()),
        Case::Any => forms.iter_mut().for_each(|form| form.make_ascii_lowercase()),
    }
    forms.push(hex);
    forms
}

/// The value in base64 wherever it begins in a group of three bytes, without the characters that its neighbours decide.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut forms = Vec::new();
    for lead in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, lead).chain(secret.iter().copied()).collect();
        let bits: usize = bytes.len() * 8;
        let first = (lead * 8).div_ceil(6);
        let plain: String = (first..bits / 6)
            .map(|index| {
                let bit = index * 6;
                let pair = u16::from(bytes[bit / 8]) << 8 | u16::from(bytes.get(bit / 8 + 1).copied().unwrap_or(0));
                char::from(PLAIN[usize::from(pair >> (10 - bit % 8) & 63)])
            })
            .collect();
        forms.push(plain.replace('+', "-").replace('/', "_"));
        forms.push(plain);
    }
    forms
}
