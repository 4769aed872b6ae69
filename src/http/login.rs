//! Names and passwords in URLs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::Url;

/// What is secret about the URL of a proxy: the password, as it stands there and as it is meant, and the credential that it becomes.
pub(super) fn passwords(url: &str) -> Vec<String> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let Ok(url) = Url::parse(&url) else { return Vec::new() };
    let Some(password) = url.password() else { return Vec::new() };
    let meant = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let basic = STANDARD.encode(format!("{}:{}", meant(url.username()), meant(password)));
    vec![password.to_owned(), meant(password), basic]
}

/// A URL as it may be shown: name and password are left out.
pub(super) fn without_login(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}://***{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_and_left_out() {
        assert_eq!(passwords("http://u:p%40ss@proxy:1"), ["p%40ss", "p@ss", "dTpwQHNz"]);
        assert_eq!(passwords("u:pass@proxy:1"), ["pass", "pass", "dTpwYXNz"]);
        assert_eq!(passwords("http://proxy:1"), [""; 0]);
        assert_eq!(without_login("https://u:p@ss@host/a@b"), "https://***@host/a@b");
        assert_eq!(without_login("https://host/a@b"), "https://host/a@b");
    }
}
