//! Paths as URLs have them: their parts, written and compared. Nothing is resolved.

use memchr::memchr2;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 unreserved characters stay as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path, or a part of a query.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A URL, or a path, without query and fragment.
pub(crate) fn bare(url: &str) -> &str {
    &url[..memchr2(b'?', b'#', url.as_bytes()).unwrap_or(url.len())]
}

/// The path of a URL: what stands behind scheme and host, up to a query or a fragment.
pub(crate) fn path_of(url: &str) -> &str {
    let url = bare(url);
    url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_before_its_query() {
        let paths = ["https://a:1/b/c?d=/e#f", "/b/c#d?e", "http://a", "https://a?b/c"].map(path_of);
        assert_eq!(paths, ["/b/c", "/b/c", "", ""]);
    }
}
