//! An answer: status, headers, body, and what can be read from them.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::budget::Share;
use crate::{
    secret::Redactor,
    volume::{MOST_VALUES, is_too_much},
};

/// Okta's windows are one minute long; no answer makes anybody wait longer.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(65);

/// No window of a rate limit is longer: whoever tells of one counts in another unit, or from another day.
const LONGEST_WINDOW: Duration = Duration::from_hours(1);

/// The answer to a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    json: OnceLock<Result<Value, String>>,
    /// How long the body was, in bytes, where only its beginning is left.
    cut: Option<usize>,
    /// Its part of the memory for bodies, where it is long.
    share: Option<Arc<Share>>,
    /// How long it waited for that.
    waited: Duration,
}

/// As much of a body is kept when its exchange has been judged: many times what the service answers.
pub(super) const MOST_KEPT: usize = 128 * 1024;

impl Answer {
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body, ..Self::default() }
    }

    /// Whether the target did what was asked for.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Takes note of what it holds of the memory for bodies, and how long it waited.
    pub(super) fn hold(&mut self, share: Option<Share>, waited: Duration) {
        (self.share, self.waited) = (share.map(Arc::new), waited);
    }

    /// How long it waited until there was memory for it.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    /// The same with its body, which has come.
    pub(super) fn with_body(mut self, body: Vec<u8>) -> Self {
        if let Some(share) = self.share.as_mut().and_then(Arc::get_mut) {
            share.shrink_to(body.len());
        }
        Self { body, json: OnceLock::new(), ..self }
    }

    /// How long the body was, where only its beginning is left.
    pub(crate) fn cut(&self) -> Option<usize> {
        self.cut
    }

    /// Leaves the beginning of a long body, now that the answer has been judged. Secrets are taken out before, so that half of one is never
    /// left.
    pub(crate) fn settle(&mut self, redactor: &Redactor) {
        self.json = OnceLock::new();
        if self.body.len() > MOST_KEPT && self.cut.is_none() {
            self.cut = Some(self.body.len());
            self.body = redactor.beginning(&self.body, MOST_KEPT).into_bytes();
        }
        self.share = None;
    }

    /// Forgets the body, of an answer of which the head is all that is needed.
    pub(crate) fn without_body(self) -> Self {
        Self::new(self.status, self.headers, Vec::new())
    }

    /// All lines of a header, joined by `, ` as RFC 9110 section 5.3 allows.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut lines =
            self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let first = lines.next()?;
        Some(lines.fold(Cow::Borrowed(first), |joined, line| Cow::Owned(format!("{joined}, {line}"))))
    }

    /// The body as JSON, or why it is none.
    pub(crate) fn json(&self) -> Result<&Value, &str> {
        let parsed = self.json.get_or_init(|| {
            if self.body.is_empty() {
                return Err("the body is empty".to_owned());
            }
            if self.cut.is_some() {
                return Err("the body is not kept as a whole".to_owned());
            }
            if is_too_much(&self.body) {
                return Err(format!("the body has more than {MOST_VALUES} values, the limit"));
            }
            // Text that is known to be UTF-8 is read faster than bytes.
            let parsed = std::str::from_utf8(&self.body)
                .map_or_else(|_| serde_json::from_slice(&self.body), serde_json::from_str);
            parsed.map_err(|error| format!("the body is not JSON: {error}"))
        });
        parsed.as_ref().map_err(String::as_str)
    }

    /// The body as text, with a sign instead of what is not UTF-8.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        text(&self.body)
    }

    /// Until the window of the rate limit ends, as a 429 says it.
    pub(super) fn rate_limit_pause(&self) -> Duration {
        let after = self.header("Retry-After").and_then(|text| self.retry_after(text.trim()));
        let reset = || self.until_reset(self.header("X-Rate-Limit-Reset")?.trim().parse().ok()?);
        let pause = after.or_else(reset).unwrap_or(Duration::from_secs(5));
        pause.clamp(Duration::from_secs(1), RATE_LIMIT_WAIT)
    }

    /// What `Retry-After` says (RFC 9110 section 10.2.3): seconds, which some servers write with a fraction, or a date.
    fn retry_after(&self, text: &str) -> Option<Duration> {
        if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()) {
            return Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(RATE_LIMIT_WAIT));
        }
        let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(self.until(i64::try_from(date.as_secs()).unwrap_or(i64::MAX)))
    }

    /// How long it is until the window of a rate limit ends; `None` where that is not to be believed.
    pub(super) fn until_reset(&self, reset: i64) -> Option<Duration> {
        // Both moments are whole seconds, so it may be a second more than they say.
        Some(self.until(reset)).filter(|rest| *rest <= LONGEST_WINDOW).map(|rest| rest + Duration::from_secs(1))
    }

    /// From when the answer was given to a moment in the target's own seconds since 1970: its clock against its clock, since ours may be
    /// another one.
    fn until(&self, moment: i64) -> Duration {
        let date = self.header("Date").and_then(|text| httpdate::parse_http_date(&text).ok());
        let given = date.unwrap_or_else(SystemTime::now).duration_since(UNIX_EPOCH).unwrap_or_default();
        let given = i64::try_from(given.as_secs()).unwrap_or(i64::MAX);
        Duration::from_secs(u64::try_from(moment.saturating_sub(given)).unwrap_or(0))
    }

    /// Whether it is what servers write to a connection before they close it for having been idle. Whoever had just sent a request there takes
    /// it for the answer (RFC 9110 section 15.5.9).
    pub(super) fn closes_an_idle_connection(&self) -> bool {
        let closes = |text: Cow<'_, str>| text.split(',').any(|option| option.trim().eq_ignore_ascii_case("close"));
        self.status == 408 && self.header("Connection").is_some_and(closes)
    }

    pub(crate) fn links(&self) -> LinkHeader {
        let lines = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        LinkHeader::parse(lines.map(|(_, value)| value.as_str()))
    }
}

/// Bytes as text, with a sign instead of what is not UTF-8. What is, as nearly everything, is checked in one go, which the library's
/// function for doubtful bytes does not do.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The targets of a `Link` header (RFC 8288) by relation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LinkHeader(Vec<(String, String)>);

impl LinkHeader {
    fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut links = Vec::new();
        for line in lines {
            let mut rest = line;
            while let Some(open) = rest.find('<') {
                let Some(close) = rest[open..].find('>').map(|at| open + at) else { break };
                let target = rest[open + 1..close].to_owned();
                let (parameters, next) = split_unquoted(&rest[close + 1..], ',');
                for relation in relations(parameters) {
                    links.push((relation, target.clone()));
                }
                rest = next.unwrap_or_default();
            }
        }
        Self(links)
    }

    /// All relations with their targets, in order.
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// The target of the first link with this relation.
    pub(crate) fn target(&self, relation: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(relation)).map(|(_, target)| target.as_str())
    }
}

/// The text before the next separator, and behind it where there is one; separators in quotes do not count.
fn split_unquoted(text: &str, separator: char) -> (&str, Option<&str>) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => return (&text[..at], Some(&text[at + c.len_utf8()..])),
            _ => {}
        }
    }
    (text, None)
}

/// The relation types of the first parameter `rel`: any other one is to be ignored (RFC 8288 section 3.3).
fn relations(parameters: &str) -> Vec<String> {
    let mut rest = Some(parameters);
    while let Some(text) = rest {
        let (parameter, next) = split_unquoted(text, ';');
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            return value.trim().trim_matches('"').split_whitespace().map(str::to_owned).collect();
        }
        rest = next;
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_from_one_line_or_several() {
        let one = LinkHeader::parse(
            ["<https://a/?b=1,2&c>; rel=\"self\", <https://a/n>; title=\"x, y\"; rel=\"next last\""].into_iter(),
        );
        let two = LinkHeader::parse(["<https://a/?b=1,2&c>; rel=self", "<https://a/n>;rel=\"next last\""].into_iter());
        assert_eq!(one, two);
        assert_eq!(one.target("self"), Some("https://a/?b=1,2&c"));
        assert_eq!(one.target("last"), Some("https://a/n"));
        assert_eq!(one.target("prev"), None);
        let quoted = LinkHeader::parse(
            [r#"<https://a/1>; title="a \"b; rel=prev\", <https://a/0>"; rel=next; rel=last, <https://a/2>; rel="self""#]
                .into_iter(),
        );
        let all = [("next", "https://a/1"), ("self", "https://a/2")];
        assert_eq!(quoted.all(), all.map(|(relation, target)| (relation.to_owned(), target.to_owned())));
    }

    /// 2026-11-24T06:00:00Z.
    const GIVEN: (&str, i64) = ("Tue, 24 Nov 2026 06:00:00 GMT", 1_795_500_000);

    fn pause(headers: &[(&str, &str)]) -> Duration {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let date = std::iter::once(("Date".to_owned(), GIVEN.0.to_owned()));
        Answer::new(429, date.chain(headers).collect(), Vec::new()).rate_limit_pause()
    }

    #[test]
    fn a_pause_is_read_in_every_form_of_the_header() {
        for (text, milliseconds) in [
            ("2", 2000),
            (" 1.5 ", 1500),
            ("0", 1000),
            ("0.2", 1000),
            ("-3", 1000),
            ("-9223372036854775808", 1000),
            ("99999999999", 65_000),
            ("1e300", 65_000),
            ("Tue, 24 Nov 2026 06:00:07 GMT", 7000),
            ("Tuesday, 24-Nov-26 06:00:07 GMT", 7000),
            ("Tue Nov 24 06:00:07 2026", 7000),
            ("Tue, 24 Nov 2026 05:00:00 GMT", 1000),
            ("Thu, 24 Nov 2033 06:00:00 GMT", 65_000),
            // What is neither says nothing.
            ("soon", 5000),
            ("NaN", 5000),
            ("inf", 5000),
            ("2, 3", 5000),
            ("", 5000),
        ] {
            assert_eq!(pause(&[("Retry-After", text)]), Duration::from_millis(milliseconds), "{text}");
        }
    }

    #[test]
    fn a_window_beyond_an_hour_is_not_believed() {
        for (reset, seconds) in [(30, 31), (-30, 1), (3600, 65), (3601, 5), (GIVEN.1 * 999, 5)] {
            let moment = (GIVEN.1 + reset).to_string();
            assert_eq!(pause(&[("X-Rate-Limit-Reset", &moment)]), Duration::from_secs(seconds), "{reset}");
        }
        assert_eq!(pause(&[("X-Rate-Limit-Reset", &i64::MAX.to_string())]), Duration::from_secs(5));
        assert_eq!(pause(&[("X-Rate-Limit-Reset", &i64::MIN.to_string())]), Duration::from_secs(1));
    }

    #[test]
    fn broken_links_are_no_links() {
        for line in ["", "<", "<a", "a>; rel=next", "<a>", "<a>; rel", "\"<"] {
            assert_eq!(LinkHeader::parse([line].into_iter()).target("next"), None, "{line}");
        }
    }
}
