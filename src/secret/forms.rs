//! The forms in which a secret may come back: as it is, percent-encoded, in base64.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The forms in which a value may come back.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let mut forms = base64_forms(secret.as_bytes());
    forms.push(secret.to_owned());
    forms.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
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
