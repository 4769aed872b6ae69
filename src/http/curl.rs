//! The command line that sends a request again, with the token in an environment variable.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{SentRequest, answer::MOST_KEPT};

const FORM: &str = "application/x-www-form-urlencoded";

/// Parameters of forms that are secret (RFC 6749, RFC 7009, RFC 7523, RFC 7662, RFC 8628, RFC 8693).
const SECRET_PARAMETERS: [&str; 9] = [
    "client_secret",
    "client_assertion",
    "password",
    "code",
    "refresh_token",
    "token",
    "device_code",
    "subject_token",
    "actor_token",
];

/// A `curl` line for a shell. What `Authorization` held is read from `OKTA_TOKEN_<PRINCIPAL>` or, of a client, from
/// `OKTA_CLIENT_SECRET_<CLIENT>`; what `DPoP` held from `OKTA_DPOP_PROOF_<PRINCIPAL>`; a secret parameter of a form from
/// `OKTA_<PARAMETER>_<CLIENT>`.
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
    } else if let Some(parameters) = form(request) {
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
            None => header("Basic "),
        },
        Some((scheme @ ("SSWS" | "Bearer" | "DPoP"), _)) => header(&format!("{scheme} ")),
        _ => header(""),
    }
}

/// The ID in what `Basic` shows, if it needs no quotes.
fn client_id(pair: &str) -> Option<String> {
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    let (id, _) = pair.split_once(':')?;
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)).then(|| id.to_owned())
}

/// The parameters of a form, one by one, where one of them is secret.
fn form(request: &SentRequest) -> Option<Vec<String>> {
    let is_form =
        |(name, value): &(String, String)| name.eq_ignore_ascii_case("content-type") && value.starts_with(FORM);
    let body = std::str::from_utf8(&request.body).ok().filter(|_| request.headers.iter().any(is_form))?;
    let name = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_owned();
    let is_secret = |parameter: &str| SECRET_PARAMETERS.contains(&name(parameter).as_str());
    let word = |parameter: &str| {
        if !is_secret(parameter) {
            return format!("--data-raw {}", quote(parameter));
        }
        let name = name(parameter);
        format!("--data-urlencode \"{name}={}\"", variable(&name, &request.principal))
    };
    body.split('&').any(is_secret).then(|| body.split('&').map(word).collect())
}

fn variable(what: &str, principal: &str) -> String {
    format!("$OKTA_{what}_{principal}").to_uppercase().replace('-', "_")
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

    #[test]
    fn secrets_of_clients_are_variables() {
        let sent = |authorization: Option<&str>, body: &str| {
            let mut headers = vec![("content-type".to_owned(), FORM.to_owned())];
            headers.extend(authorization.map(|value| ("authorization".to_owned(), value.to_owned())));
            let (method, url) = ("POST".to_owned(), "https://example.com/token".to_owned());
            curl(&SentRequest { method, url, headers, body: body.into(), principal: "post-client".to_owned() })
        };
        assert_eq!(
            sent(None, "grant_type=password&username=it%27s&password=s3&client_id=0oa1&client_secret=s3cret"),
            "curl -i -X POST -H 'content-type: application/x-www-form-urlencoded' --data-raw 'grant_type=password' \
             --data-raw 'username=it%27s' --data-urlencode \"password=$OKTA_PASSWORD_POST_CLIENT\" --data-raw \
             'client_id=0oa1' --data-urlencode \"client_secret=$OKTA_CLIENT_SECRET_POST_CLIENT\" 'https://example.com/token'"
        );
        // 0oa1:s3cret
        assert_eq!(
            sent(Some("Basic MG9hMTpzM2NyZXQ="), "grant_type=client_credentials"),
            "curl -i -X POST -H 'content-type: application/x-www-form-urlencoded' -u \"0oa1:$OKTA_CLIENT_SECRET_POST_CLIENT\" \
             --data-binary 'grant_type=client_credentials' 'https://example.com/token'"
        );
        assert!(sent(Some("Basic JGEiOmI="), "a=b").contains("-H \"Authorization: Basic $OKTA_TOKEN_POST_CLIENT\""));
    }
}
