//! One request to the token endpoint (RFC 6749 section 4.4) and what its answer says.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    brief::shortened,
    http::{Answer, NoAnswer},
    secret::Redactor,
    status::Speaker,
};

/// A token is given up this long before it expires, so that none expires on its way.
const MARGIN: Duration = Duration::from_mins(1);

/// Nobody waits longer than this for a token to expire.
const LONGEST_LIFE: Duration = Duration::from_mins(1);

/// No token lives longer than any run: whoever says so says a number that time cannot hold.
const A_CENTURY: Duration = Duration::from_hours(876_000);

/// More of a message than this tells nobody anything.
const LONGEST: usize = 300;

/// An access token that was given.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) value: SecretString,
    /// Whether requests with it need a proof.
    pub(super) bound: bool,
    /// How long it is good for, and since when; `None` where the endpoint does not say.
    life: Option<(Instant, Duration)>,
}

impl Token {
    /// Reads a successful answer (RFC 6749 section 5.1). `proved` says whether a proof was sent.
    pub(super) fn read(answer: &Answer, proved: bool, redactor: &Redactor) -> Result<Self, NoAnswer> {
        let body = answer
            .json()
            .map_err(|reason| NoAnswer::Credentials(format!("the token endpoint answered 200, but {reason}")))?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(value) = text("access_token").filter(|value| !value.is_empty()) else {
            return Err(NoAnswer::Credentials("the token endpoint answered 200 without an `access_token`".to_owned()));
        };
        let kind = text("token_type").unwrap_or_default();
        let bound = kind.eq_ignore_ascii_case("DPoP");
        if bound != proved || !(bound || kind.eq_ignore_ascii_case("Bearer")) {
            // RFC 9449 section 5: a client that wants its tokens bound discards one that is not.
            let wanted = if proved { "DPoP, which a proof was sent for" } else { "Bearer" };
            return Err(NoAnswer::Credentials(format!(
                "the token endpoint gave a token of type `{}` instead of {wanted}",
                quoted(kind, redactor)
            )));
        }
        // Some servers write the number as text.
        let expires = body.get("expires_in").and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
        let life = expires.filter(|seconds| !seconds.is_nan()).map(|seconds| (Instant::now(), life(seconds)));
        Ok(Self { value: SecretString::from(value), bound, life })
    }

    /// Whether it has expired before it can be sent.
    pub(super) fn is_stillborn(&self) -> bool {
        self.life.is_some_and(|(_, life)| life.is_zero())
    }

    /// What is to be said of it.
    pub(super) fn stillborn() -> NoAnswer {
        let said = "the token endpoint gave a token with a lifetime of 0 s (`expires_in`), which has expired before it can be sent";
        NoAnswer::Credentials(said.to_owned())
    }

    /// Whether another one is to be fetched.
    pub(super) fn is_stale(&self) -> bool {
        self.life.is_some_and(|(since, life)| since.elapsed() >= life.saturating_sub(MARGIN.min(life / 2)))
    }

    /// How long it is until it has expired.
    ///
    /// # Errors
    /// Longer than anybody waits, or nobody knows.
    pub(super) fn until_end(&self) -> Result<Duration, String> {
        let remedy = "give the principal a `bearer` token that has already expired";
        let Some((since, life)) = self.life else {
            return Err(format!("its endpoint does not say when that is; {remedy}"));
        };
        if life > LONGEST_LIFE {
            let (life, longest) = (life.as_secs(), LONGEST_LIFE.as_secs());
            return Err(format!("it lives {life} s, more than the {longest} s that a run waits; {remedy}"));
        }
        // Servers count whole seconds.
        Ok((life + Duration::from_secs(1)).saturating_sub(since.elapsed()))
    }

    /// The value of `Authorization` (RFC 6750 section 2.1, RFC 9449 section 7.1).
    pub(super) fn authorization(&self) -> String {
        format!("{} {}", if self.bound { "DPoP" } else { "Bearer" }, self.value.expose_secret())
    }
}

/// A life in seconds, which may be nonsense.
fn life(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(A_CENTURY)
}

/// A refusal of the token endpoint.
pub(super) struct Refusal {
    /// The code of RFC 6749 section 5.2; empty where there is none.
    pub(super) code: String,
    text: String,
    status: u16,
}

impl Refusal {
    pub(super) fn read(answer: &Answer) -> Self {
        let member = |name: &str| answer.json().ok().and_then(|body| body.get(name)?.as_str()).map(str::to_owned);
        // Okta's own form of an error stands there too, where the trouble is none of OAuth's.
        let code = member("error").or_else(|| member("errorCode")).unwrap_or_default();
        let text = member("error_description").or_else(|| member("errorSummary")).unwrap_or_default();
        Self { code, text, status: answer.status }
    }

    /// Whether asking again with the same credentials is in vain.
    pub(super) fn is_final(&self) -> bool {
        (400..500).contains(&self.status) && Speaker::of(self.status).is_target() && !self.code.is_empty()
    }

    pub(super) fn message(&self, proved: bool, redactor: &Redactor) -> String {
        if self.code.is_empty() {
            return format!("the token endpoint answered {}", self.status);
        }
        let code = quoted(&self.code, redactor);
        let text = if self.text.is_empty() { String::new() } else { format!(": {}", quoted(&self.text, redactor)) };
        // Okta's new service apps ask for proofs, and say so with this code.
        let hint = if code == "invalid_dpop_proof" && !proved { " (set `dpop = true` for this principal)" } else { "" };
        format!("the token endpoint refused the client: {code}{text}{hint}")
    }
}

/// What an endpoint says, which may be long, and may repeat what it was sent. Secrets go first: half of one would not be found.
fn quoted(text: &str, redactor: &Redactor) -> String {
    shortened(redactor.text(text).as_str(), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_endpoint_says_is_cut_after_its_secrets_are_gone() {
        let text = format!("s3cret-of-a-client {}s3cret-of-a-client", "-".repeat(LONGEST - 10));
        let body = serde_json::json!({ "error": "invalid_client", "error_description": text });
        let answer = Answer::new(401, Vec::new(), body.to_string().into_bytes());
        let message = Refusal::read(&answer).message(false, &Redactor::new(["s3cret-of-a-client"]));
        assert!(message.starts_with("the token endpoint refused the client: invalid_client: *** ---"), "{message}");
        assert!(message.ends_with("---***…") || message.ends_with("---***"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}
