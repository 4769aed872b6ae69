//! How recorded bodies are packed: content codings (RFC 9110, 8.4.1), and the texts that stand for bytes in JSON and YAML.

use std::io::Read;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use brotli_decompressor::Decompressor;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// Unpacked bodies are no longer than this, in bytes.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// Not all programs pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes Base64, which some programs write in several lines.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, String> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(text).map_err(|error| format!("not Base64: {error}"))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

/// A body that a recorder has kept as it came over the network: a list of chunks, each in hex or Base64. Without a sign that it is one, a
/// list of texts is taken for it only if a packed body comes out.
pub(super) fn chunks(text: &str, is_base64: bool, is_binary: bool) -> Option<Vec<u8>> {
    let chunks: Vec<String> = match serde_json::from_str(text) {
        Ok(chunks) => chunks,
        Err(_) if is_binary => vec![text.to_owned()],
        Err(_) => return None,
    };
    let all = |decode: fn(&str) -> Option<Vec<u8>>| {
        chunks.iter().map(|chunk| decode(chunk)).collect::<Option<Vec<_>>>().map(|chunks| chunks.concat())
    };
    let (of_hex, of_base64) = (all(hex), all(|chunk| base64(chunk).ok()));
    let packed = [&of_hex, &of_base64].into_iter().flatten().find(|bytes| is_packed(bytes)).cloned();
    match (is_base64, is_binary) {
        (true, _) => packed.or(of_base64),
        (false, true) => packed.or(of_hex).or(of_base64),
        (false, false) => packed,
    }
}

fn is_packed(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..])
}

/// vcrpy keeps bodies as they were sent unless it is told to unpack them, and then leaves the header out; others unpack them and leave it.
/// Some leave out the header of a body that is still packed, with a beginning that no text has.
pub(super) fn unpacked(body: Vec<u8>, headers: &[(String, String)]) -> Result<Vec<u8>, String> {
    let coding = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let coding = coding.map_or("identity", |(_, value)| value.trim());
    let packed = body.as_slice();
    let plain = match (coding.to_ascii_lowercase().as_str(), packed) {
        ("gzip" | "x-gzip", [0x1f, 0x8b, ..]) | ("identity", [0x1f, 0x8b, 8, ..]) => read(MultiGzDecoder::new(packed)),
        ("deflate", [0x78, ..]) => read(ZlibDecoder::new(packed)),
        ("zstd", [0x28, 0xb5, 0x2f, 0xfd, ..]) => StreamingDecoder::new(packed).ok().and_then(read),
        _ if std::str::from_utf8(packed).is_ok() || coding == "identity" => return Ok(body),
        // It begins with nothing to know it by.
        ("br", _) => read(Decompressor::new(packed, packed.len())),
        _ => return Err(format!("a body with the coding `{coding}`, which is not supported: record it unpacked")),
    };
    match plain {
        Some(plain) if plain.len() as u64 > MAX_BODY => {
            Err(format!("an unpacked body has more than {} MiB", MAX_BODY / 1024 / 1024))
        }
        Some(plain) => Ok(plain),
        None => Err(format!("a body with the coding `{coding}` cannot be unpacked: it is broken or cut short")),
    }
}

/// All that comes, or as much as tells that it is too much. What is wrong the decoders tell in words for programmers.
fn read(decoder: impl Read) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(MAX_BODY + 1).read_to_end(&mut plain).ok()?;
    Some(plain)
}
