//! Moments and spans as people write them.

use std::time::Duration;

const SECONDS_A_DAY: i64 = 86_400;

/// Microseconds since the Unix epoch as `2026-03-01 09:05:07 UTC`.
pub(crate) fn text(wall_us: i64) -> String {
    let seconds = wall_us.div_euclid(1_000_000);
    let (year, month, day) = civil(seconds.div_euclid(SECONDS_A_DAY));
    let of_day = seconds.rem_euclid(SECONDS_A_DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The same as RFC 3339 wants it, to the microsecond: `2026-03-01T09:05:07.000001Z`.
pub(crate) fn rfc3339(wall_us: i64) -> String {
    let text = text(wall_us);
    format!("{}.{:06}Z", text.trim_end_matches(" UTC").replace(' ', "T"), wall_us.rem_euclid(1_000_000))
}

/// A span in one or two units: `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let two = |first: u64, unit: &str, second: u64, smaller: &str| match second {
        0 => format!("{first} {unit}"),
        _ => format!("{first} {unit} {second} {smaller}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3600 % 24, "h"),
    }
}

/// Year, month and day of a day since 1970 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(text(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(text(951_782_400_000_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(text(1_700_000_000_000_000), "2023-11-14 22:13:20 UTC");
        assert_eq!(text(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(rfc3339(1_700_000_000_000_042), "2023-11-14T22:13:20.000042Z");
        // A clock that is far off is shown, whatever it says.
        assert!(text(i64::MAX).starts_with("294247-01-10"));
        assert!(text(i64::MIN).ends_with("UTC"));
    }

    #[test]
    fn spans_round_up_to_the_second_and_have_two_units() {
        let cases =
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (349_200, "4 d 1 h")];
        for (seconds, expected) in cases {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(span(Duration::from_millis(1)), "1 s");
    }
}
