//! Whether a proof names the address of its request. Owns the form in which the two are compared.

/// Whether two URLs are one but for query and fragment (RFC 9449, section 4.3, point 9).
pub(super) fn is_same(told: &str, real: &str) -> bool {
    normal(told).is_some_and(|told| Some(told) == normal(real))
}

/// Scheme, host and path in normal form: case, port and escapes (RFC 3986, sections 6.2.2 and 6.2.3). Dot segments
/// stay, as no operation's path has any.
fn normal(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = host.strip_suffix(port).unwrap_or(&host);
    Some(format!("{scheme}://{host}{}", unescaped(path)?))
}

/// The path with its escapes in capitals, and without those that need not be.
fn unescaped(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) =
            part.split_at_checked(2).filter(|(digits, _)| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            plain.push(char::from(byte));
        } else {
            plain.push('%');
            plain.push_str(&digits.to_ascii_uppercase());
        }
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    const REAL: &str = "http://127.0.0.1:80/oauth2/v1/token?a=b";

    #[test]
    fn one_address_in_many_forms() {
        for told in [
            "http://127.0.0.1/oauth2/v1/token",
            "HTTP://127.0.0.1:80/oauth2/v1/token?c#d",
            "http://127.0.0.1/oauth2/v1/%74oken#d?e",
        ] {
            assert!(is_same(told, REAL), "{told}");
        }
        assert!(is_same("https://Org.Example:443", "https://org.example/"));
        assert!(is_same("https://org.example/a%2fb", "https://org.example/a%2Fb"));
    }

    #[test]
    fn other_addresses() {
        for told in [
            "",
            "/oauth2/v1/token",
            "127.0.0.1/oauth2/v1/token",
            "https://127.0.0.1/oauth2/v1/token",
            "http://127.0.0.1:8080/oauth2/v1/token",
            "http://user@127.0.0.1/oauth2/v1/token",
            "http://127.0.0.1.example/oauth2/v1/token",
            "http://127.0.0.1/oauth2/v1/token/",
            "http://127.0.0.1/oauth2/v1/Token",
            "http://127.0.0.1/oauth2/v1%2Ftoken",
            "http://127.0.0.1/oauth2/v1/token%",
            "http://127.0.0.1/oauth2/v1/%+4oken",
        ] {
            assert!(!is_same(told, REAL), "{told}");
        }
        // What has no normal form is not even equal to itself.
        assert!(!is_same("ftp://a/b", "ftp://a/b"));
    }
}
