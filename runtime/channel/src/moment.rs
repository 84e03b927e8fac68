//! A moment as messages show it.

use std::fmt;

const SECONDS_A_DAY: i64 = 86_400;

/// Microseconds since 1970 UTC, shown as `2026-03-01 09:05 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000);
        let (year, month, day) = civil(seconds.div_euclid(SECONDS_A_DAY));
        let minutes = seconds.rem_euclid(SECONDS_A_DAY) / 60;
        write!(f, "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
    }
}

/// Year, month and day of a day since 1970: counts years from March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01, in eras of 400 years.
    let since = days + 719_468;
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(Moment(0).to_string(), "1970-01-01 00:00 UTC");
        assert_eq!(Moment(951_782_400_000_000).to_string(), "2000-02-29 00:00 UTC");
        assert_eq!(Moment(1_700_000_000_000_000).to_string(), "2023-11-14 22:13 UTC");
        assert_eq!(Moment(-1).to_string(), "1969-12-31 23:59 UTC");
        assert_eq!(Moment(i64::MAX).to_string(), "294247-01-10 04:00 UTC");
        assert!(Moment(i64::MIN).to_string().ends_with("UTC"));
    }
}
