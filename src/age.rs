//! How old evidence is: when the real service last showed what a requirement says, and in how many orgs.
//!
//! Owns the words and the arithmetic of months. Which recordings show what is `sightings`'.

use std::{fmt, str::FromStr};

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// A month of a year, written `2026-01`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    pub fn of(day: NaiveDate) -> Option<Self> {
        use chrono::Datelike as _;
        day.with_day(1).map(Self)
    }

    /// The day after its last.
    fn end(self) -> NaiveDate {
        self.0.checked_add_months(Months::new(1)).unwrap_or(self.0)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a month: write it as 2026-01");
        let form = text.len() == 7 && text.is_ascii();
        form.then(|| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok())
            .flatten()
            .map(Self)
            .ok_or_else(refused)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// When the real service last showed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seen {
    /// The month.
    pub last: Month,
    /// In how many orgs it was seen at all, as far as their hosts tell them apart.
    pub orgs: usize,
}

/// How old the evidence for a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", content = "of", rename_all = "kebab-case")]
pub enum Age {
    /// The real service was seen to do it.
    Live(Seen),
    /// It was recorded, but no recording that tells when is at hand.
    Undated,
    /// Documents say it.
    Documents,
    /// Nothing establishes it.
    Inferred,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(Seen { last, orgs }) => {
                write!(f, "last seen live {last}, {orgs} org{}", if *orgs == 1 { "" } else { "s" })
            }
            Self::Undated => write!(f, "seen live, date not known"),
            Self::Documents => write!(f, "documents only"),
            Self::Inferred => write!(f, "inferred"),
        }
    }
}

impl Age {
    /// Whether the service was not seen to do it within so many days before `today`.
    pub fn is_stale(self, days: Days, today: NaiveDate) -> bool {
        match self {
            Self::Live(seen) => (today - seen.last.end()).num_days() > i64::from(days.0),
            Self::Undated | Self::Documents | Self::Inferred => true,
        }
    }
}

/// A number of days, written `365d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u32);

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
        days.map(Self).ok_or_else(|| format!("`{text}` is not a number of days: write `365d`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn months_are_read_as_they_are_written() {
        assert_eq!("2026-01".parse::<Month>().map(|month| month.to_string()), Ok("2026-01".to_owned()));
        for wrong in ["2026", "2026-13", "2026-1", "2026-01-02", "26-01", "", "２０２6-01"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_whole_month_counts() {
        let live = Age::Live(Seen { last: "2026-01".parse().expect("a month"), orgs: 2 });
        assert_eq!(live.to_string(), "last seen live 2026-01, 2 orgs");
        // Its last day is 31 January: on 1 March that is one day more than 28.
        assert!(!live.is_stale(Days(28), day("2026-03-01")));
        assert!(live.is_stale(Days(28), day("2026-03-02")));
        assert!(!live.is_stale(Days(0), day("2026-01-15")));
        assert!(Age::Documents.is_stale(Days(100_000), day("2026-01-15")));
    }
}
