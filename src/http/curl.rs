//! The command line that sends a request again, with the token in an environment variable.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::{SentRequest, answer::MOST_KEPT};
use crate::secret::{MASK, Redactor};

const FORM: &str = "application/x-www-form-urlencoded";

/// A `curl` line for a shell. What `Authorization` held is read from `OKTA_TOKEN_<PRINCIPAL>` or, of a client, from
/// `OKTA_CLIENT_SECRET_<CLIENT>` or `OKTA_BASIC_<CLIENT>`; what `DPoP` held from `OKTA_DPOP_PROOF_<PRINCIPAL>`; what is secret in a parameter of
/// a form from `OKTA_<PARAMETER>_<CLIENT>`.
pub(crate) fn curl(request: &SentRequest, redactor: &Redactor) -> String {
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method != "GET" || !request.body.is_empty() {
        words.push(format!("-X {}", request.method));
    }
    for (name, value) in &request.headers {
        if name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        if name.eq_ignore_ascii_case("authorization") {
            words.push(authorization(&request.principal, value));
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
    } else if let Some(parameters) = form(request, redactor) {
        words.extend(parameters);
    } else if !request.body.is_empty() {
        words.push(format!("--data-binary {}", quote(&String::from_utf8_lossy(&request.body))));
    } else if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") {
        words.push("--data-binary ''".to_owned());
    }
    words.push(quote(&request.url));
    words.join(" ")
}

fn authorization(principal: &str, value: &str) -> String {
    let token = variable("TOKEN", principal);
    let header = |scheme: &str| format!("-H \"Authorization: {scheme}{token}\"");
    match value.split_once(' ') {
        Some(("Basic", pair)) => match client_id(pair) {
            Some(id) => format!("-u \"{id}:{}\"", variable("CLIENT_SECRET", principal)),
            // Good for a header alone.
            None => format!("-H \"Authorization: Basic {}\"", variable("BASIC", principal)),
        },
        Some((scheme @ ("SSWS" | "Bearer" | "DPoP"), _)) => header(&format!("{scheme} ")),
        _ => header(""),
    }
}

/// The ID in what `Basic` shows, if neither it nor the secret is encoded there (RFC 6749 section 2.3.1), which `-u` does not do.
fn client_id(pair: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    if secret.contains(['%', '+']) {
        return None;
    }
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)).then(|| id.to_owned())
}

/// The parameters of a form, one by one, where one of them has a secret.
fn form(request: &SentRequest, redactor: &Redactor) -> Option<Vec<String>> {
    let is_form =
        |(name, value): &(String, String)| name.eq_ignore_ascii_case("content-type") && value.starts_with(FORM);
    let body = std::str::from_utf8(&request.body).ok().filter(|_| request.headers.iter().any(is_form))?;
    let secret = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        let value = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        let shown = redactor.owned(value);
        shown.as_str().contains(MASK).then(|| {
            // What stands beside the secret is the case's own.
            let variable = format!("${{{}}}", variable_name(name, &request.principal));
            let parts: Vec<String> = shown.as_str().split(MASK).map(in_double_quotes).collect();
            format!("--data-urlencode \"{name}={}\"", parts.join(&variable))
        })
    };
    let secrets: Vec<Option<String>> = body.split('&').map(secret).collect();
    let word = |(parameter, secret): (&str, Option<String>)| {
        secret.unwrap_or_else(|| format!("--data-raw {}", quote(parameter)))
    };
    secrets.iter().any(Option::is_some).then(|| body.split('&').zip(secrets).map(word).collect())
}

fn in_double_quotes(text: &str) -> String {
    text.chars().fold(String::new(), |quoted, c| {
        let special = matches!(c, '"' | '\\' | '$' | '`');
        quoted + if special { "\\" } else { "" } + c.encode_utf8(&mut [0; 4])
    })
}

fn variable(what: &str, principal: &str) -> String {
    format!("${}", variable_name(what, principal))
}

fn variable_name(what: &str, principal: &str) -> String {
    format!("OKTA_{what}_{principal}").to_uppercase().replace('-', "_")
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
            curl(&request, &Redactor::default()),
            r#"curl -i -X PUT -H "Authorization: SSWS $OKTA_TOKEN_NO_SCOPE" -H 'x-a: it'\''s' --data-binary '{"name":"$(rm)"}' 'https://example.com/a?b=c&d'"#
        );
    }

    #[test]
    fn secrets_of_clients_are_variables_and_what_a_case_makes_up_is_not() {
        let redactor = Redactor::new(["s3cret-1", "passw0rd"]);
        let sent = |authorization: Option<&str>, body: &str| {
            let mut headers = vec![("content-type".to_owned(), FORM.to_owned())];
            headers.extend(authorization.map(|value| ("authorization".to_owned(), value.to_owned())));
            let (method, url) = ("POST".to_owned(), "https://example.com/token".to_owned());
            let request = SentRequest { method, url, headers, body: body.into(), principal: "post-client".to_owned() };
            curl(&request, &redactor)
        };
        let form = "curl -i -X POST -H 'content-type: application/x-www-form-urlencoded'";
        assert_eq!(
            sent(None, "username=it%27s&password=passw0rd&token=none&client_secret=s3cret-1%22x"),
            format!(
                "{form} --data-raw 'username=it%27s' --data-urlencode \"password=${{OKTA_PASSWORD_POST_CLIENT}}\" --data-raw 'token=none' \
                 --data-urlencode \"client_secret=${{OKTA_CLIENT_SECRET_POST_CLIENT}}\\\"x\" 'https://example.com/token'"
            )
        );
        // 0oa1:s3cret-1
        assert_eq!(
            sent(Some("Basic MG9hMTpzM2NyZXQtMQ=="), "grant_type=client_credentials"),
            format!(
                "{form} -u \"0oa1:$OKTA_CLIENT_SECRET_POST_CLIENT\" --data-binary 'grant_type=client_credentials' \
                 'https://example.com/token'"
            )
        );
        // $a:b, and 0oa1:a%2Bb
        for pair in ["JGE6Yg==", "MG9hMTphJTJCYg=="] {
            assert!(
                sent(Some(&format!("Basic {pair}")), "a=b")
                    .contains("-H \"Authorization: Basic $OKTA_BASIC_POST_CLIENT\"")
            );
        }
    }
}
