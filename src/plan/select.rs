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
        let mut expression = String::from("^");
        for (index, component) in text.trim_matches('/').split('/').enumerate() {
            if component == "**" {
                expression.push_str(if index == 0 { "(?:.*)" } else { "(?:/.*)?" });
                continue;
            }
            if index > 0 {
                expression.push_str("/?");
                // After `**` the slash may already be part of what it stands for.
                if !expression.ends_with(".*)/?") && !expression.ends_with(".*)?/?") {
                    expression.truncate(expression.len() - 1);
                }
            }
            let parts: Vec<String> = component.split('*').map(regex::escape).collect();
            expression.push_str(&parts.join("[^/]*"));
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
    use super::*;

    fn matches(pattern: &str, id: &str) -> bool {
        Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(id))
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
        ] {
            assert!(!matches(pattern, id), "{pattern}");
        }
    }

    #[test]
    fn an_empty_pattern_is_refused() {
        assert!(Pattern::new("").is_err());
        assert!(Pattern::new("//").is_err());
    }
}
