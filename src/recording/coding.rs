//! Content codings (RFC 9110, 8.4.1) of recorded bodies.

use std::io::Read;

use brotli_decompressor::Decompressor;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// Unpacked bodies are no longer than this, in bytes.
const MAX_BODY: u64 = 16 * 1024 * 1024;

/// vcrpy keeps bodies as they were sent unless it is told to unpack them, and then leaves the header out; others unpack them and leave it.
pub(super) fn unpacked(body: Vec<u8>, headers: &[(String, String)]) -> Result<Vec<u8>, String> {
    let coding = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let coding = coding.map_or("identity", |(_, value)| value.trim());
    let packed = body.as_slice();
    let plain = match (coding.to_ascii_lowercase().as_str(), packed) {
        ("gzip" | "x-gzip", [0x1f, 0x8b, ..]) => read(MultiGzDecoder::new(packed)),
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
