//! A snapshot as lines of a given width: a pure function, so that what is drawn can be tested.

use std::collections::BTreeMap;

use dunlin::monitor::{Against, Alarm, Judgement};
use dunlin_drift::MIN_EFFECT;
use dunlin_wire::Severity;

use super::snapshot::{Rates, Snapshot, Watched};
use crate::utc;

/// Width of the names on the left.
const NAME: usize = 12;
/// Features, and alarms, that are shown at most.
const SHOWN: usize = 6;
/// Effect that fills a bar: by convention a PSI of a quarter is a large shift.
const FULL_EFFECT: f64 = 0.25;
/// Eighths of a block, for a line of bars.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is drawn on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub width: usize,
    pub colour: bool,
}

#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
}

/// Lines of the screen, none wider than it.
pub(super) fn lines(snapshot: &Snapshot, rates: &Rates, style: Style) -> Vec<String> {
    let mut page = Page { style, lines: Vec::new() };
    // What somebody must know first: a low screen cuts off what comes last.
    page.predictions(snapshot, rates);
    page.alarms(&snapshot.alarms);
    page.outbox(snapshot);
    page.losses(&snapshot.losses);
    for model in &snapshot.models {
        page.model(model);
    }
    if snapshot.models.is_empty() {
        page.fact("model", "none has answered yet", Tone::Faint);
    }
    page.alarm_list(&snapshot.alarms);
    page.lines
}

/// Cuts a line to a width; nothing in it may steer the terminal.
pub(super) fn cut(text: &str, width: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= width {
        return text.chars().map(clean).collect();
    }
    text.chars().map(clean).take(width.saturating_sub(1)).chain(['…']).take(width).collect()
}

struct Page {
    style: Style,
    lines: Vec<String>,
}

impl Page {
    /// A line, cut and toned.
    fn line(&mut self, text: &str, tone: Tone) {
        let text = cut(text, self.style.width);
        let code = match tone {
            Tone::Plain => "",
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Good => "32",
            Tone::Bad => "1;31",
        };
        let is_toned = self.style.colour && !code.is_empty() && !text.is_empty();
        self.lines.push(if is_toned { format!("\x1b[{code}m{text}\x1b[0m") } else { text });
    }

    fn fact(&mut self, name: &str, value: &str, tone: Tone) {
        self.line(&format!("{name:<NAME$} {value}"), tone);
    }

    fn predictions(&mut self, snapshot: &Snapshot, rates: &Rates) {
        let mut text = format!("{} ever", snapshot.predictions);
        if let Some(now) = rates.now() {
            text.push_str(&format!(", {now:.0} a second  {}", sparkline(rates.each().iter().copied())));
        }
        self.fact("predictions", &text, Tone::Strong);
        let sums = |key: fn(&dunlin::journal::VerdictCount) -> &str| {
            let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
            snapshot.verdicts.iter().for_each(|count| *sums.entry(key(count)).or_default() += count.count);
            shares(&sums)
        };
        self.fact("verdicts", &sums(|count| &count.verdict), Tone::Plain);
        self.fact("answered by", &sums(|count| &count.answered_by), Tone::Plain);
    }

    fn model(&mut self, watched: &Watched) {
        let Watched { model, open_rows, open_since_us, last_rows, latency_p50_us, latency_p99_us, .. } = watched;
        self.line("", Tone::Plain);
        self.line(&format!("{} {} (sequence {})", model.id, model.version, model.sequence), Tone::Strong);
        if let (Some(p50), Some(p99)) = (latency_p50_us, latency_p99_us) {
            self.fact("latency", &format!("p50 {p50} us, p99 {p99} us"), Tone::Plain);
        }
        let window = match (open_since_us, last_rows) {
            (None, None) => "none yet".to_owned(),
            (None, Some(last)) => format!("none open; the last had {last} records"),
            (Some(since), None) => format!("{open_rows} records since {}", utc::text(*since)),
            (Some(since), Some(last)) => {
                let bar = bar(*open_rows as f64 / (*last).max(1) as f64, 20);
                format!("{bar} {open_rows} records (the last had {last}) since {}", utc::text(*since))
            }
        };
        self.fact("window", &window, Tone::Plain);
        if let Some(first) = watched.drifted.first() {
            let against = if first.against == Against::Past { "this device's past" } else { "the training data" };
            self.line(
                &format!("last window against {against} (alarms from an effect of {MIN_EFFECT} on)"),
                Tone::Faint,
            );
        }
        let widest = watched.drifted.iter().take(SHOWN).map(|j| j.subject.chars().count()).max().unwrap_or(0);
        for judgement in watched.drifted.iter().take(SHOWN) {
            self.drift(judgement, widest.min(self.style.width / 2));
        }
    }

    fn drift(&mut self, judgement: &Judgement, name_width: usize) {
        let Judgement { subject, comparison, alarm, p_adjusted, .. } = judgement;
        let name = cut(subject, name_width);
        let effect = comparison.effect.max(0.0);
        let word = if *alarm { " ALARM" } else { "" };
        let p = if *p_adjusted < 1e-4 { "< 0.0001".to_owned() } else { format!("{p_adjusted:.4}") };
        let text = format!("  {name:<name_width$} {} {effect:.3}, p {p}{word}", bar(effect / FULL_EFFECT, 15));
        self.line(&text, if *alarm { Tone::Bad } else { Tone::Plain });
    }

    fn alarms(&mut self, alarms: &[Alarm]) {
        let urgent = alarms.iter().filter(|alarm| alarm.severity == Severity::Alarm).count();
        let notices = match alarms.len() - urgent {
            0 => String::new(),
            1 => ", and 1 notice".to_owned(),
            more => format!(", and {more} notices"),
        };
        let (text, tone) = match urgent {
            0 => (format!("none open{notices}"), Tone::Good),
            urgent => (format!("{urgent} open{notices}"), Tone::Bad),
        };
        self.fact("alarms", &text, tone);
    }

    fn alarm_list(&mut self, alarms: &[Alarm]) {
        if !alarms.is_empty() {
            self.line("", Tone::Plain);
        }
        for alarm in alarms.iter().take(SHOWN) {
            let tone = if alarm.severity == Severity::Alarm { Tone::Bad } else { Tone::Plain };
            self.line(&format!("since {}  {}", utc::text(alarm.since_us), alarm.what()), tone);
        }
        if alarms.len() > SHOWN {
            self.line(&format!("and {} more: dunlin events", alarms.len() - SHOWN), Tone::Faint);
        }
    }

    fn outbox(&mut self, snapshot: &Snapshot) {
        let Snapshot { waiting, last_upload, windows, delivered, .. } = snapshot;
        let bytes: u64 = waiting.iter().map(|waiting| waiting.bytes).sum();
        let held: u64 = waiting.iter().map(|waiting| waiting.windows).sum();
        let mut text = format!(
            "{} waiting ({held} windows, {bytes} bytes); {delivered} of {windows} windows delivered",
            waiting.len()
        );
        if let Some(last) = last_upload {
            let status = last.status.map_or("no answer".to_owned(), |status| format!("status {status}"));
            text.push_str(&format!("; last: {status}, {} at {}", last.result, utc::text(last.wall_us)));
        }
        self.fact("outbox", &text, Tone::Plain);
    }

    fn losses(&mut self, losses: &BTreeMap<&'static str, u64>) {
        let told: Vec<String> = losses.iter().map(|(name, n)| format!("{name} {n}")).collect();
        match told.is_empty() {
            true => self.fact("losses", "none", Tone::Good),
            false => self.fact("losses", &told.join(", "), Tone::Bad),
        }
    }
}

/// `accept 97.1 % (2912), abstain 2.9 % (88)`, the largest first.
fn shares(counts: &BTreeMap<&str, u64>) -> String {
    let total: u64 = counts.values().sum();
    let mut counts: Vec<(&&str, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let share =
        |(name, count): (&&str, &u64)| format!("{name} {:.1} % ({count})", 100.0 * *count as f64 / total.max(1) as f64);
    if counts.is_empty() { "none".to_owned() } else { counts.into_iter().map(share).collect::<Vec<_>>().join(", ") }
}

/// A bar of so many columns, filled to a share.
fn bar(share: f64, columns: usize) -> String {
    let filled = (share.clamp(0.0, 1.0) * columns as f64).round() as usize;
    format!("{}{}", "█".repeat(filled), "░".repeat(columns - filled.min(columns)))
}

/// One block a value, the largest of them full.
fn sparkline(values: impl Iterator<Item = f64> + Clone) -> String {
    let most = values.clone().fold(0.0_f64, f64::max);
    let block = |value: f64| match most > 0.0 {
        true => EIGHTHS[((value / most * 7.0).round() as usize).min(7)],
        false => EIGHTHS[0],
    };
    values.map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_never_wider_than_the_screen_and_steers_no_terminal() {
        assert_eq!(cut("alarm\x1b[2J of 'x'", 80), "alarm [2J of 'x'");
        for width in 0..12 {
            assert!(cut("long enough", width).chars().count() <= width);
        }
        assert_eq!((cut("abc", 3), cut("abcd", 3)), ("abc".to_owned(), "ab…".to_owned()));
    }

    #[test]
    fn a_narrow_screen_and_one_without_colours_get_what_fits() {
        let snapshot = Snapshot { predictions: 1234, ..Snapshot::default() };
        for (width, colour) in [(0, false), (1, false), (10, false), (40, false), (200, true)] {
            let lines = lines(&snapshot, &Rates::default(), Style { width, colour });
            assert_eq!(lines.iter().any(|line| line.contains('\x1b')), colour);
            assert!(colour || lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
        }
    }

    #[test]
    fn bars_and_blocks_stay_within_their_bounds() {
        for share in [f64::NAN, -1.0, 0.0, 0.5, 1.0, 9.0, f64::INFINITY] {
            assert_eq!(bar(share, 10).chars().count(), 10, "{share}");
        }
        assert_eq!(sparkline([0.0, 0.0].into_iter()), "▁▁");
        assert_eq!(sparkline([0.0, 50.0, 100.0].into_iter()), "▁▅█");
    }
}
