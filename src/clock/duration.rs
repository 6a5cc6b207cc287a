//! Durations as people write them.

use std::time::Duration;

/// Reads `250ms`, `3s`, `1.5s`, `5m`, `2h` or `1d`; `None` for anything else.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds_per_unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in [("3s", 3), ("5m", 300), ("1.5h", 5400), ("2d", 172_800)] {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        for text in ["", "5", "m", "-5m", "5 m", "5 minutes", "1e400s", "infs"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
