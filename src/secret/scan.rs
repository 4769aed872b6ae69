//! Looking for secrets in what has been written: the last line of defence, behind the boundary of types.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::Redactor;

/// Files are read in pieces: they may be larger than memory, and what is read stays in the processor's cache.
const PIECE: usize = 64 * 1024;

impl Redactor {
    /// Where the first secret stands in a file, in bytes from its beginning; `None` where there is none. What is no regular file has gone
    /// to its reader already.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn scan(&self, path: &Path) -> io::Result<Option<u64>> {
        if !path.metadata()?.is_file() {
            return Ok(None);
        }
        self.scan_from(File::open(path)?, PIECE)
    }

    fn scan_from(&self, mut reader: impl Read, piece: usize) -> io::Result<Option<u64>> {
        let known = self.known();
        let overlap = known.overlap();
        let (mut window, mut begins) = (Vec::new(), 0_u64);
        loop {
            let kept = window.len();
            reader.by_ref().take(piece as u64).read_to_end(&mut window)?;
            if window.len() == kept {
                return Ok(None);
            }
            if let Some(found) = known.ranges(&window).into_iter().min_by_key(|range| range.start) {
                return Ok(Some(begins + found.start as u64));
            }
            let over = window.len().saturating_sub(overlap);
            window.drain(..over);
            begins += over as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_secret_is_found_wherever_pieces_end(before in "[a-z]{0,40}", after in "[a-z]{0,400}", piece in 1..64_usize) {
            let redactor = Redactor::new(["S3cret/0ne"]);
            for form in ["S3cret/0ne", "S3cret%2F0ne", r"S3cret\/0ne", r"\u0053\u0033cret\/0ne", "UzNjcmV0LzBuZQ=="] {
                let text = format!("{before}{form}{after}");
                let found = redactor.scan_from(text.as_bytes(), piece).expect("read");
                prop_assert_eq!(found, Some(before.len() as u64), "{}", form);
            }
            let text = format!("{before}{after}");
            prop_assert_eq!(redactor.scan_from(text.as_bytes(), piece).expect("read"), None);
        }
    }
}
