//! Paths of a target: as they are written, and as a server may read them.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::Client;

impl Client {
    /// Path and query of a URL of this target, also of one whose origin is written in another way.
    pub(crate) fn path(&self, url: &str) -> String {
        match (url.strip_prefix(&self.origin), Url::parse(url)) {
            (Some(path), _) => path.to_owned(),
            (None, Ok(parsed)) => {
                let query = parsed.query().map(|query| format!("?{query}"));
                format!("{}{}", parsed.path(), query.unwrap_or_default())
            }
            (None, Err(_)) => url.to_owned(),
        }
    }

    /// The path as a server may read it: dots resolved, percent signs decoded, several slashes as one.
    pub(crate) fn plain_path(&self, url: &str) -> String {
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
