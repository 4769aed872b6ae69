//! The names of the checks that were made of an answer.

use crate::finding::CheckKind;

/// Names one behind another in one text. There are some dozen of each answer, and most are only counted: a text for each would cost more than
/// the checks themselves.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Names {
    /// Adds the word of a check, with the name of what it is made of where it has one.
    pub(crate) fn push(&mut self, check: &CheckKind, name: &str) {
        let (word, of) = check.words();
        self.text.push_str(word);
        for name in of.into_iter().chain((!name.is_empty()).then_some(name)) {
            self.text.push(' ');
            self.text.push_str(name);
        }
        self.ends.push(self.text.len());
    }

    pub(crate) fn append(&mut self, other: Self) {
        if self.ends.is_empty() {
            *self = other;
            return;
        }
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.text[begin..*end])
    }
}
