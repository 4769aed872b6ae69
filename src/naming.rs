//! How a run names what it makes, and how such names are told from all others: `PREFIX_RUN_SERIAL`.
//!
//! Owns the form of names and nothing else. Whether something of that name may be removed, its callers decide.

/// The characters of a run's ID.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// How long the ID of a run is: short in names, and no two runs of a night share it.
const RUN: usize = 6;

/// The fewest digits of a serial number.
const SERIAL: usize = 5;

/// The ID of a new run.
pub(crate) fn run_id() -> String {
    let mut bits = rand::random::<u32>();
    let mut id = String::new();
    for _ in 0..RUN {
        id.push(char::from(ALPHABET[(bits % 32) as usize]));
        bits /= 32;
    }
    id
}

/// The name of the run's `serial`th thing. No name that the run gives begins with another one, so that a search for it finds one thing.
pub(crate) fn name(prefix: &str, run: &str, serial: usize) -> String {
    format!("{prefix}_{run}_{serial:05}")
}

/// Names that runs give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    prefix: String,
    /// The one run whose names are meant; `None` for any run's.
    run: Option<String>,
}

impl Names {
    /// The names of one run.
    pub(crate) fn of_run(prefix: &str, run: &str) -> Self {
        Self { prefix: prefix.to_owned(), run: Some(run.to_owned()) }
    }

    /// What somebody who looks for leftovers gives: the prefix of runs, or of one run, with or without the `_` behind it. `None` for
    /// fewer than three characters.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.strip_suffix('_').unwrap_or(text);
        let of_run = text.rsplit_once('_').filter(|(prefix, run)| prefix.len() >= 3 && is_run_id(run));
        match of_run {
            Some((prefix, run)) => Some(Self::of_run(prefix, run)),
            None => (text.len() >= 3).then(|| Self { prefix: text.to_owned(), run: None }),
        }
    }

    /// The prefix of the runs.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What all of them begin with.
    pub(crate) fn beginning(&self) -> String {
        match &self.run {
            Some(run) => format!("{}_{run}_", self.prefix),
            None => format!("{}_", self.prefix),
        }
    }

    /// Whether a run gave this name: it has exactly their form, and at most goes on behind a character that is no letter or digit.
    pub(crate) fn cover(&self, name: &str) -> bool {
        self.rest(name).is_some_and(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits >= SERIAL && !rest[digits..].starts_with(char::is_alphanumeric)
        })
    }

    /// Whether a target may have made this of a name of the run.
    pub(crate) fn resembles(&self, name: &str) -> bool {
        self.run.as_ref().is_some_and(|run| name.to_ascii_lowercase().contains(&run.to_ascii_lowercase()))
    }

    /// What stands behind the run's ID and its `_`.
    fn rest<'n>(&self, name: &'n str) -> Option<&'n str> {
        let behind = name.strip_prefix(self.prefix.as_str())?.strip_prefix('_')?;
        let (_, rest) = match &self.run {
            Some(run) => behind.split_at_checked(run.len()).filter(|(found, _)| found == run)?,
            None => behind.split_at_checked(RUN).filter(|(found, _)| is_run_id(found))?,
        };
        rest.strip_prefix('_')
    }
}

fn is_run_id(text: &str) -> bool {
    text.len() == RUN && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_runs_is_covered() {
        let any = Names::read("okc_").expect("long enough");
        let run = run_id();
        for serial in [1, 99_999, 123_456] {
            let name = name("okc", &run, serial);
            for ours in [name.clone(), format!("{name} beta"), format!("{name}-2"), format!("{name}_x")] {
                assert!(any.cover(&ours) && Names::of_run("okc", &run).cover(&ours), "{ours}");
            }
            for foreign in [format!("{name}x"), format!("{name}é"), format!("a {name}"), name.to_uppercase()] {
                assert!(!any.cover(&foreign), "{foreign}");
            }
            assert!(!Names::of_run("okc", "abc234").cover(&name) || run == "abc234");
        }
        for foreign in [
            "okc_production",
            "okc_backup_eu",
            "OKC_abc234_00001",
            "okc_abc234_0001",
            "okc_abc234_",
            "okc_abc234",
            "okc_",
            "okc_abc23_00001",
            "okc_abc2345_00001",
            "okc_abcl10_00001",
            "okcabc234_00001",
            "okc-x_abc234_00001",
            "",
        ] {
            assert!(!any.cover(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_prefix_may_name_one_run() {
        assert_eq!(Names::read("okc_abc234_"), Some(Names::of_run("okc", "abc234")));
        assert_eq!(Names::read("okc-nightly").map(|names| names.beginning()), Some("okc-nightly_".to_owned()));
        assert_eq!([Names::read("ok"), Names::read("ok_"), Names::read("")], [None, None, None]);
        // Too short before a run's ID to be a prefix of runs, and long enough to be one itself.
        assert!(Names::read("ab_abc234").is_some_and(|names| names.cover("ab_abc234_zzzzzz_00001")));
    }
}
