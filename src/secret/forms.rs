//! The forms in which a secret may come back: as it is, percent-encoded, in base64, in hexadecimal digits, in another case.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
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
    let hex: String = secret.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let mut forms = base64_forms(secret.as_bytes());
    forms.push(secret.to_owned());
    forms.push(utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string());
    // As a member that a JSON Pointer (RFC 6901 section 3) leads to.
    forms.extend(secret.contains(['~', '/']).then(|| secret.replace('~', "~0").replace('/', "~1")));
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
    let form = |lead: usize| {
        let bytes = [&[0; 2][..lead], secret].concat();
        let plain = STANDARD_NO_PAD.encode(&bytes)[(lead * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned();
        [plain.replace('+', "-").replace('/', "_"), plain]
    };
    (0..3).flat_map(form).collect()
}
