//! Choosing trials: ID patterns and profiles.

use regex::Regex;

use super::Trial;

/// An ID glob: `*` stands for one component or a part of it, `**` for any number of components.
///
/// It selects a trial when it matches its whole ID, its ID without `[row]` and `@principal`, one of its former IDs, or the
/// first components of one of these: `authorization-servers/create` is the whole topic.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is not a pattern of IDs: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A text that no ID can match.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let refused = |reason: &str| PatternError { pattern: text.to_owned(), reason: reason.to_owned() };
        if text.trim_matches('/').is_empty() {
            return Err(refused("it is empty"));
        }
        let mut components: Vec<&str> = text.trim_matches('/').split('/').collect();
        // What matches the first components matches anyway.
        while components.last() == Some(&"**") {
            components.pop();
        }
        let mut expression = String::from(if components.is_empty() { "^.*" } else { "^" });
        for (index, component) in components.iter().enumerate() {
            if *component == "**" {
                expression.push_str("(?:[^/]+/)*");
                continue;
            }
            let parts: Vec<String> = component.split('*').map(regex::escape).collect();
            expression.push_str(&parts.join("[^/]*"));
            if index + 1 < components.len() {
                expression.push('/');
            }
        }
        expression.push_str("(?:$|[/\\[@])");
        let regex = Regex::new(&expression).map_err(|_| refused("it is too long"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The pattern as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it selects the trial.
    pub fn selects(&self, trial: &Trial) -> bool {
        self.matches(&trial.id) || trial.aliases.iter().any(|alias| self.matches(alias))
    }

    /// Whether it matches a name of this form.
    pub(crate) fn matches(&self, id: &str) -> bool {
        self.regex.is_match(id)
    }
}

/// Which trials a command is about.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Any of these; none means all.
    pub patterns: Vec<Pattern>,
    /// Any of these; none means all.
    pub profiles: Vec<String>,
}

impl Selection {
    /// Whether the trial is among them.
    pub fn selects(&self, trial: &Trial) -> bool {
        let profile =
            self.profiles.is_empty() || self.profiles.iter().any(|name| name == "all" || *name == trial.profile);
        profile && (self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.selects(trial)))
    }

    /// The patterns and profiles that select nothing: each is a mistake of typing, or of a renamed case.
    pub fn idle<'a>(&self, trials: &(impl Iterator<Item = &'a Trial> + Clone)) -> Vec<String> {
        let patterns = self.patterns.iter().filter(|pattern| !trials.clone().any(|trial| pattern.selects(trial)));
        let profiles =
            self.profiles.iter().filter(|name| *name != "all" && !trials.clone().any(|trial| trial.profile == **name));
        patterns.map(|pattern| pattern.text.clone()).chain(profiles.map(|name| format!("--profile {name}"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, id: &str) -> bool {
        Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(id))
    }

    /// What the documentation says, component by component: `**` stands for any number of them, `*` for a part of one, and a pattern that
    /// matches the first components matches.
    fn as_documented(pattern: &[&str], id: &[&str]) -> bool {
        match (pattern, id) {
            ([], _) => true,
            (["**", rest @ ..], _) => (0..=id.len()).any(|skipped| as_documented(rest, &id[skipped..])),
            (_, []) => false,
            ([component, rest @ ..], [first, others @ ..]) => {
                part_matches(component, first) && as_documented(rest, others)
            }
        }
    }

    fn part_matches(pattern: &str, text: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == text,
            Some((before, behind)) => text
                .strip_prefix(before)
                .is_some_and(|text| (0..=text.len()).any(|skipped| part_matches_rest(behind, &text[skipped..]))),
        }
    }

    fn part_matches_rest(pattern: &str, text: &str) -> bool {
        if pattern.contains('*') { part_matches(pattern, text) } else { pattern == text }
    }

    #[test]
    fn patterns_match_by_component() {
        let id = "servers/create/rejects[no-name]@reader";
        for pattern in [
            "servers",
            "servers/create",
            "servers/*/rejects",
            "**/rejects",
            "**",
            "servers/**",
            "*/create/rejects[no-name]",
            id,
            "servers/cr*",
            "**/rejects[*]@reader",
            "servers/**/rejects",
        ] {
            assert!(matches(pattern, id), "{pattern}");
        }
        for pattern in [
            "server",
            "create",
            "servers/reject",
            "*/rejects",
            "servers/create/rejects[no",
            "servers/create/x/**",
            "**/reject",
            "**/ejects[no-name]",
            "serv/**/ers",
        ] {
            assert!(!matches(pattern, id), "{pattern}");
        }
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        assert!(Pattern::new("").is_err());
        assert!(Pattern::new("//").is_err());
    }

    proptest! {
        #[test]
        fn patterns_match_as_documented(
            pattern in proptest::collection::vec("[ab]{1,2}|[*]|[*][*]|a[*]|[*]b|[*]a[*]", 1..5),
            id in proptest::collection::vec("[ab]{1,3}", 1..5),
        ) {
            let (text, parts): (_, Vec<&str>) = (pattern.join("/"), pattern.iter().map(String::as_str).collect());
            let expected = as_documented(&parts, &id.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(matches(&text, &id.join("/")), expected, "{} of {}", text, id.join("/"));
        }
    }
}
