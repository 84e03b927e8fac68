//! The drill for people: a line an hour, and what came of it.

use std::collections::BTreeMap;

use crate::device::End;
use crate::story::{Hour, Story};

/// Characters for the whole fleet.
const WIDTH: usize = 50;

/// One hour: who answers, as a bar of the sequences' digits, and how many watch.
pub(crate) fn line(hour: &Hour, devices: usize) -> String {
    let news: String = hour.news.iter().map(|what| format!("      {what}\n")).collect();
    let watching =
        if hour.candidate.is_empty() { String::new() } else { format!("  watching: {}", counts(&hour.candidate)) };
    format!("{news}{:>4} h |{:<WIDTH$}| {}{watching}", hour.hour, bar(&hour.active, devices), counts(&hour.active))
}

fn bar(active: &BTreeMap<u64, usize>, devices: usize) -> String {
    let cells = |count: usize| (count * WIDTH).div_ceil(devices.max(1));
    let bar: String = active.iter().flat_map(|(sequence, count)| vec![sequence.to_string(); cells(*count)]).collect();
    bar.chars().take(WIDTH).collect()
}

fn counts(of: &BTreeMap<u64, usize>) -> String {
    of.iter().map(|(sequence, count)| format!("{count} on {sequence}")).collect::<Vec<_>>().join(", ")
}

/// What became of the bad release.
pub(crate) fn outcome(story: &Story) -> String {
    let exposed: Vec<_> = story.exposed().map(|device| device.exposure).collect();
    let answers: u64 = exposed.iter().map(|exposure| exposure.answers).sum();
    let hours = |us: i64| us as f64 / 3.6e9;
    let longest = exposed.iter().map(|exposure| exposure.last_us - exposure.first_us.unwrap_or_default()).max();
    let failing: Vec<u64> =
        story.devices.iter().map(|device| device.exposure.failed).filter(|failed| *failed > 0).collect();
    let mut text = format!(
        "The bad release answered on {} of {} devices, {answers} times, for at most {:.0} h.\n\
         Where it answered it made NaN of {} records, on {} devices; nobody got to see one. No device met more than {} of\n\
         them: the model before it was back for the next record.\n",
        exposed.len(),
        story.devices.len(),
        hours(longest.unwrap_or_default()),
        failing.iter().sum::<u64>(),
        failing.len(),
        failing.iter().max().copied().unwrap_or_default(),
    );
    for (end, count) in &story.ends {
        let how = match end {
            End::NeverTaken => "never took it".to_owned(),
            End::ThrownOut(slot, cause) => format!("threw it out as {slot}: {cause}"),
            End::StillThere => "still have it".to_owned(),
        };
        text.push_str(&format!("{count:>4} devices {how}\n"));
    }
    text
}
