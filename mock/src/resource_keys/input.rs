//! Reads public keys that a client sends. Owns what makes one invalid.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use crate::{body::Fields, constraint::Complaint, state::Status, wire::Refusal};

/// Reads base64url with or without padding: the spec's own examples have both.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const FEWEST_BITS: usize = 2_048;

/// What a client may say about a key.
pub(crate) struct Draft {
    /// Only looked at where a client sends all keys at once.
    pub(super) id: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) e: String,
    pub(super) n: String,
    pub(super) status: Option<Status>,
}

/// The one key type (spec).
#[derive(Deserialize)]
enum KeyType {
    #[serde(rename = "RSA")]
    Rsa,
}

/// The one use (spec).
#[derive(Deserialize)]
enum KeyUse {
    #[serde(rename = "enc")]
    Encryption,
}

impl Draft {
    /// Spec: neither of kty, use, e and n is null; kid may be.
    pub(crate) fn read(fields: Fields<'_>) -> Result<Draft, Refusal> {
        let _: Option<KeyType> = fields.required_choice("kty");
        let _: Option<KeyUse> = fields.required_choice("use");
        let draft = Draft {
            id: fields.text("id"),
            kid: fields.text("kid"),
            e: fields.required_text("e"),
            n: fields.required_text("n"),
            status: fields.choice("status"),
        };
        if draft.kid.as_ref().is_some_and(String::is_empty) {
            fields.problem("kid", Complaint::Blank);
        }
        if fields.is_fine("e") && bits(&draft.e).is_none_or(|bits| bits < 2) {
            fields.problem("e", Complaint::NotANumber);
        }
        let length = bits(&draft.n);
        if fields.is_fine("n") && length.is_none() {
            fields.problem("n", Complaint::NotANumber);
        }
        let is_short = length.is_some_and(|bits| bits < FEWEST_BITS) && fields.enforces("n", Complaint::ShortKey);
        fields.finish()?;
        if is_short { Err(super::refusal(Complaint::ShortKey.text())) } else { Ok(draft) }
    }
}

/// The length of a number in bits, if it is one.
fn bits(text: &str) -> Option<usize> {
    let bytes = BASE64URL.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(zeros)?;
    Some((bytes.len() - zeros) * 8 - first.leading_zeros() as usize)
}
