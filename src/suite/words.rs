//! The texts of a suite: what may be told of an answer because everybody who has the suite has it.

use std::{collections::HashSet, path::Path};

use super::files::{self, Files, FilesError};
use crate::yaml::{Data, Node, parse};

/// Every text, name of a member and number that stands in a file of a suite: of its cases and fixtures, operations, requirements and schemas.
#[derive(Debug, Default)]
pub(crate) struct Words {
    texts: HashSet<String>,
    /// What stands before, between and behind the `${name}`s of texts, without spaces around it.
    pieces: HashSet<String>,
    numbers: HashSet<String>,
}

impl Words {
    /// Those of the suite in a directory, or of the one inside this binary.
    ///
    /// # Errors
    /// A directory or file that cannot be read.
    pub(crate) fn of(directory: Option<&Path>) -> Result<Self, FilesError> {
        let files = directory.map_or_else(|| Ok(files::embedded()), files::directory)?;
        Ok(Self::read(&files))
    }

    fn read(files: &Files) -> Self {
        let mut words = Self::default();
        for root in files.iter().filter_map(|(_, source)| parse(source).ok()) {
            words.add(&root);
        }
        words
    }

    fn add(&mut self, node: &Node) {
        match &node.data {
            Data::Null | Data::Bool(_) => {}
            Data::Number(number) => drop(self.numbers.insert(number.to_string())),
            Data::Text(text) => self.add_text(text),
            Data::List(items) => items.iter().for_each(|item| self.add(item)),
            Data::Map(entries) => {
                for (key, node) in entries {
                    self.add_text(&key.name);
                    self.add(node);
                }
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        if text.contains("${") {
            let mut rest = text;
            while let Some((before, behind)) = rest.split_once("${") {
                self.pieces.insert(before.trim().to_owned());
                rest = behind.split_once('}').map_or("", |(_, rest)| rest);
            }
            self.pieces.insert(rest.trim().to_owned());
        }
        self.texts.insert(text.to_owned());
    }

    /// All texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// Whether a text stands in the suite as a whole.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Whether a part of a text stands in the suite beside a `${name}`.
    pub(crate) fn has_piece(&self, piece: &str) -> bool {
        let piece = piece.trim();
        !piece.contains(char::is_alphanumeric) || self.pieces.contains(piece)
    }

    /// Whether a number stands in the suite.
    pub(crate) fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }
}
