//! The command line that sends a request again, with the token in an environment variable.

use super::{SentRequest, answer::MOST_KEPT};

/// A `curl` line for a shell. What `Authorization` held is read from `OKTA_TOKEN_<PRINCIPAL>`, what `DPoP` held from
/// `OKTA_DPOP_PROOF_<PRINCIPAL>`.
pub(crate) fn curl(request: &SentRequest) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method != "GET" || !request.body.is_empty() {
        words.push(format!("-X {}", request.method));
    }
    for (name, value) in &request.headers {
        if name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            words.push(format!("-H \"Authorization: {}\"", authorization(&request.principal, value)));
        } else if name.eq_ignore_ascii_case("dpop") {
            // Good for one request alone: whoever sends it again makes one.
            words.push(format!("-H \"DPoP: {}\"", variable("DPOP_PROOF", &request.principal)));
        } else {
            words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
        }
    }
    if request.body.len() > MOST_KEPT {
        // No shell takes so long a line; the body is the case's own.
        words.push("--data-binary @BODY".to_owned());
    } else if !request.body.is_empty() {
        words.push(format!("--data-binary {}", quote(&String::from_utf8_lossy(&request.body))));
    } else if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
        words.push("--data-binary ''".to_owned());
    }
    words.push(quote(&request.url));
    words.join(" ")
}

fn authorization(principal: &str, value: &str) -> String {
    let variable = variable("TOKEN", principal);
    match value.split_once(' ') {
        Some((scheme @ ("SSWS" | "Bearer" | "Basic" | "DPoP"), _)) => format!("{scheme} {variable}"),
        _ => variable,
    }
}

fn variable(what: &str, principal: &str) -> String {
    format!("$OKTA_{what}_{}", principal.to_uppercase().replace('-', "_"))
}

/// In single quotes, as every POSIX shell reads them.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_variables_and_quotes_are_safe() {
        let request = SentRequest {
            method: "PUT".into(),
            url: "https://example.com/a?b=c&d".into(),
            headers: vec![("authorization".into(), "SSWS secret".into()), ("x-a".into(), "it's".into())],
            body: br#"{"name":"$(rm)"}"#.to_vec(),
            principal: "no-scope".into(),
        };
        assert_eq!(
            curl(&request),
            r#"curl -i -X PUT -H "Authorization: SSWS $OKTA_TOKEN_NO_SCOPE" -H 'x-a: it'\''s' --data-binary '{"name":"$(rm)"}' 'https://example.com/a?b=c&d'"#
        );
    }
}
