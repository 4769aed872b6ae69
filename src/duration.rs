//! Durations as people write them: `250ms`, `10s`, `5m`, `1h`.

use std::time::Duration;

/// Reads a duration; a number needs its unit.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let refused = || format!("`{text}` is not a duration: write `250ms`, `10s`, `5m` or `1h`");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
    let number: u64 = text[..digits].parse().map_err(|_| refused())?;
    let seconds = |factor: u64| number.checked_mul(factor).map(Duration::from_secs).ok_or_else(refused);
    match &text[digits..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        _ => Err(refused()),
    }
}

/// Reads how long something may take, which is some time.
pub(crate) fn parse_limit(text: &str) -> Result<Duration, String> {
    let some = |limit: &Duration| !limit.is_zero();
    parse(text).and_then(|limit| {
        Some(limit)
            .filter(some)
            .ok_or_else(|| format!("`{text}` is no time at all: write `250ms`, `10s`, `5m` or `1h`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_needed_and_overflow_is_refused() {
        assert_eq!(parse("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["", "5", "s", "-1s", "1.5s", "5 s", "99999999999999999999s", "18446744073709551615h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
