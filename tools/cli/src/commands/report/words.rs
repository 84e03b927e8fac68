//! Numbers and times as people read them.

use crate::utc;

/// A count with its thousands apart: 1,234.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: 1 window, 2 windows.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share in percent; what is not nothing never reads as nothing, and what is not all never as all.
pub(super) fn percent(share: f64) -> String {
    match 100.0 * share {
        p if p > 0.0 && p < 0.05 => "under 0.1 %".to_owned(),
        p if (99.95..100.0).contains(&p) => "over 99.9 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}

/// A part of a whole in percent; a dash where the whole is nothing.
pub(super) fn part(part: u64, whole: u64) -> String {
    share(part, whole).map_or("–".to_owned(), percent)
}

/// A part of a whole.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A duration: 128 us, 12.3 ms, 4.2 s.
pub(super) fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}

/// A size: 812 bytes, 14.2 kB, 3.1 MB.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

/// A measured number to four digits, without zeros that say nothing.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if size < f64::MIN_POSITIVE {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    let before = size.log10().floor() as i32;
    let decimals = usize::try_from(3 - before).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A code in words: `low_confidence` is low confidence.
pub(super) fn code(code: &str) -> String {
    code.replace('_', " ")
}

/// A text that has to fit a narrow place; what is cut off is shown as cut off.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A moment, to the minute: 2026-11-25 03:20 UTC.
pub(super) fn time(us: i64) -> String {
    let text = utc::text(us);
    text.rsplit_once(':').map_or(text.clone(), |(minute, _)| format!("{minute} UTC"))
}

/// Day and month, and the time, for the ends of an axis: 25 Nov 03:20.
pub(super) fn short_time(us: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = time(us);
    let Some((date, time)) = text.split_once(' ') else { return text };
    let mut parts = date.rsplit('-');
    let (day, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?)).copied();
    format!("{} {} {}", day.trim_start_matches('0'), name.unwrap_or_default(), time.trim_end_matches(" UTC"))
}

/// A span of time; the day is not said twice.
pub(super) fn span(from_us: i64, to_us: i64) -> String {
    let (from, to) = (time(from_us), time(to_us));
    let (day, last) = (from.split(' ').next(), to.split_once(' '));
    match last {
        _ if from == to => from,
        Some((last_day, rest)) if day == Some(last_day) => format!("{} – {rest}", from.trim_end_matches(" UTC")),
        _ => format!("{} – {to}", from.trim_end_matches(" UTC")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 0.000_1, 0.123, 0.999_9, 1.0].map(percent).join("; "),
            "0.0 %; under 0.1 %; 12.3 %; over 99.9 %; 100.0 %"
        );
        assert_eq!([128, 12_345, 4_200_000, 42_000_000].map(micros), ["128 us", "12.3 ms", "4.2 s", "42.0 s"]);
        assert_eq!(
            [-5e-324, 1.5, 16.499_999, 1234.5, -0.012_345, 3e9].map(number),
            ["0", "1.5", "16.5", "1234", "-0.01235", "3.00e9"]
        );
        assert_eq!((part(1, 0).as_str(), part(1, 8).as_str()), ("–", "12.5 %"));
    }

    #[test]
    fn times_are_in_utc_and_say_no_day_twice() {
        assert_eq!(time(0), "1970-01-01 00:00 UTC");
        assert_eq!(time(1_795_577_460_000_000), "2026-11-25 03:31 UTC");
        assert_eq!(
            (short_time(1_795_577_460_000_000).as_str(), short_time(0).as_str()),
            ("25 Nov 03:31", "1 Jan 00:00")
        );
        assert_eq!(span(0, 3_600_000_000), "1970-01-01 00:00 – 01:00 UTC");
        assert_eq!(span(0, 86_400_000_000), "1970-01-01 00:00 – 1970-01-02 00:00 UTC");
        assert!(!short_time(i64::MAX).is_empty() && !short_time(i64::MIN).is_empty());
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((shortened("größer", 6), shortened("größer", 4)), ("größer".to_owned(), "grö…".to_owned()));
    }
}
