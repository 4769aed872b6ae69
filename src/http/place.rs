//! Paths of a target: as they are written, and as a server may read them.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::Client;

impl Client {
    /// Path and query of a URL of this target, also of one whose origin is written in another way.
    pub(crate) fn path(&self, url: &str) -> String {
        if let Some(path) = url.strip_prefix(&self.origin) {
            return path.to_owned();
        }
        Url::parse(url).map_or_else(
            |_| url.to_owned(),
            |parsed| {
                let query = parsed.query().map(|query| format!("?{query}"));
                format!("{}{}", parsed.path(), query.unwrap_or_default())
            },
        )
    }

    /// The path as a server may read it: dots resolved, percent signs decoded, several slashes as one.
    pub(crate) fn plain_path(&self, url: &str) -> String {
        // Nearly every path can be read in one way alone.
        if let Some(path) = url.strip_prefix(&self.origin).filter(|path| is_plain(path)) {
            return path.to_owned();
        }
        let sent = Url::parse(url).map_or_else(|_| self.path(url), |url| url.path().to_owned());
        let decoded = percent_decode_str(&sent).decode_utf8_lossy().into_owned();
        let mut plain: Vec<&str> = Vec::new();
        for segment in decoded.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(plain.pop()),
                segment => plain.push(segment),
            }
        }
        format!("/{}", plain.join("/"))
    }
}

/// Whether a path has nothing in it that servers and libraries read in different ways.
fn is_plain(path: &str) -> bool {
    let segments = path.strip_prefix('/').unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    segments.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(plain))
}
