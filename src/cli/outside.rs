//! What nobody judges in a recording. Operations that the suite does not describe are named by method and form of the path, counted, and never
//! more kinds of them than somebody would read; exchanges that cannot be read are named by their places.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::out::{shown, warn};
use crate::{brief::shorten, recording::PassedOver, report::on_one_line};

/// More kinds than this are counted together.
const MOST: usize = 100;

/// What the kinds beyond [`MOST`] are called.
const OTHERS: &str = "others";

/// How many there were of each kind.
#[derive(Debug, Default)]
pub(super) struct Outside {
    calls: BTreeMap<String, usize>,
    others: usize,
}

impl Outside {
    /// Counts a call, which is method and path.
    pub(super) fn take(&mut self, call: &str) {
        let shape = shape(call);
        if self.calls.len() < MOST || self.calls.contains_key(&shape) {
            *self.calls.entry(shape).or_default() += 1;
        } else {
            self.others += 1;
        }
    }

    pub(super) fn total(&self) -> usize {
        self.calls.values().sum::<usize>() + self.others
    }

    /// Each kind and how many there were.
    pub(super) fn by_call(&self) -> impl Iterator<Item = (&str, usize)> {
        let others = Some((OTHERS, self.others)).filter(|(_, count)| *count > 0);
        self.calls.iter().map(|(call, count)| (call.as_str(), *count)).chain(others)
    }

    /// A line for each kind, below a heading; nothing where there is none.
    pub(super) fn write(&self, heading: &str, out: &mut impl Write) -> io::Result<()> {
        if self.total() > 0 {
            writeln!(out, "{heading}")?;
        }
        for (call, count) in self.by_call() {
            writeln!(out, "  {count:>6}  {}", on_one_line(call))?;
        }
        Ok(())
    }
}

/// Tells which exchanges cannot be read, and says how many are skipped in all.
pub(super) fn skipped(passed_over: &PassedOver) -> usize {
    for exchange in &passed_over.unreadable {
        warn(&shown(&format!("skipped {exchange}")));
    }
    passed_over.count
}

/// Method and path with a star for each segment that is not the API's: it looks like an identifier (a digit, and more than a version
/// has), or like an address.
fn shape(call: &str) -> String {
    let segment = |segment: &str| {
        let id = segment.len() > 4 && segment.bytes().any(|byte| byte.is_ascii_digit());
        let address = segment.contains('@') || segment.contains("%40");
        if id || address { "*".to_owned() } else { segment.to_owned() }
    };
    shorten(&call.split('/').map(segment).collect::<Vec<_>>().join("/"))
}
