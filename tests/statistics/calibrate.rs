//! Measures what the statistics of drift promise and prints it as JSON, `{section: text}`; `cargo xtask calibrate` puts
//! the sections into docs/monitoring.md.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]
#![allow(clippy::print_stdout)] // what it prints is what it is for

mod elec2;
mod simulation;

use std::collections::BTreeMap;

use dunlin_drift::Test;
use dunlin_models::digits::WornCamera;

use elec2::{FEATURES, Run, Week, Word};
use simulation::digits::{Watch, alarming};
use simulation::streams::{CHANGES, SHIFTS, World, by_test, watch, without_evidence};
use simulation::{bound, share};

/// Random splits of the digits, and devices with random streams.
const REPEATS: usize = 500;
const STREAM_SIZES: [usize; 7] = [50, 100, 200, 500, 1000, 2000, 4000];

fn main() {
    let mut sections = BTreeMap::from([("digits", digits()), ("tests", tests())]);
    let (false_alarms, power) = streams();
    sections.extend([("false_alarms", false_alarms), ("power", power)]);
    match elec2::read() {
        Ok(rows) => {
            let run = elec2::run(&rows);
            sections.extend([("elec2", elec2_table(&run)), ("elec2.svg", elec2::figure::draw(&run))]);
        }
        Err(why) => eprintln!("SKIPPED: elec2: {why}"),
    }
    println!("{}", serde_json::to_string(&sections).unwrap());
}

fn digits() -> String {
    let sizes = [50, 100, 200, 360];
    let mut table = Table::new("watched, camera", sizes.map(|size| format!("N = {size}")));
    for (watched, what) in [(Watch::Scalars, "4 scalars"), (Watch::Pixels, "64 pixels")] {
        let cameras = [
            (None, "the same (false alarms)"),
            (Some(WornCamera::WEAK), "hardly worn (`WEAK`)"),
            (Some(WornCamera::DEMO), "worn (`DEMO`)"),
        ];
        for (camera, name) in cameras {
            eprintln!("digits: {what}, {name}");
            let hits = alarming(watched, camera, &sizes, REPEATS);
            table.row(format!("{what}, {name}"), hits.into_iter().map(|hits| percent(share(hits, REPEATS))));
        }
    }
    format!(
        "Bound for false alarms: {} (1 % and three standard errors of {REPEATS} windows).\n\n{table}",
        percent(bound(REPEATS))
    )
}

fn tests() -> String {
    let mut table = Table::new("M, N, test", CHANGES.map(|change| change.name.to_owned()));
    for reference in [300, 10_000] {
        for size in [50, 100, 200, 500] {
            for test in [Test::ChiSquare, Test::KolmogorovSmirnov] {
                eprintln!("tests: {reference} {size} {}", test.name());
                let hits = by_test(test, reference, size, 2 * REPEATS);
                let name = format!("{}, {size}, {}", grouped(reference), test.name().replace('_', " "));
                table.row(name, hits.into_iter().map(|hits| percent(share(hits, 2 * REPEATS))));
            }
        }
    }
    table.to_string()
}

fn streams() -> (String, String) {
    let heads = STREAM_SIZES.map(|size| format!("N = {size}"));
    let mut false_alarms = Table::new("memory, reference", heads.clone());
    let mut power = Table::new("memory, reference", heads);
    for memory in [0.0, 0.6, 0.9] {
        for past in [None, Some(300), Some(1000), Some(2000)] {
            let world = World { memory, past };
            let reference =
                past.map_or("10,000 of training".to_owned(), |past| format!("{} of own past", grouped(past)));
            eprintln!("streams: {memory}, {reference}");
            let name = format!("{memory}, {reference}");
            let all = watch(world, &STREAM_SIZES, REPEATS, 0);
            false_alarms.row(
                name.clone(),
                all.iter().map(|seen| {
                    let missing = without_evidence(seen, REPEATS);
                    let missing = if missing < 0.005 { String::new() } else { format!(" ({:.0} %)", 100.0 * missing) };
                    percent(share(seen.false_alarms, REPEATS)) + &missing
                }),
            );
            let found = |seen: &[usize; SHIFTS.len()]| {
                seen.map(|found| format!("{:.0}", 100.0 * share(found, REPEATS))).join(" / ")
            };
            power.row(name, all.iter().map(|seen| found(&seen.found)));
        }
    }
    let bound = percent(bound(REPEATS));
    (
        format!("Bound: {bound}. In brackets: comparisons not made for want of evidence.\n\n{false_alarms}"),
        power.to_string(),
    )
}

fn elec2_table(run: &Run) -> String {
    let weeks = run.weeks.len();
    let quarter = weeks.div_ceil(4);
    let parts: Vec<&[Week]> = run.weeks.chunks(quarter).collect();
    let heads = (0..parts.len()).map(|i| format!("weeks {} to {}", i * quarter, ((i + 1) * quarter).min(weeks) - 1));
    let mut table = Table::new("", heads);
    let mean = |part: &&[Week]| percent(part.iter().map(|week| week.accuracy).sum::<f64>() / part.len() as f64);
    table.row("accuracy".to_owned(), parts.iter().map(mean));
    table.row(
        "weeks with a report of ADWIN".to_owned(),
        parts.iter().map(|part| part.iter().filter(|w| w.adwin).count().to_string()),
    );
    table.row(
        "weeks with a report of Page-Hinkley".to_owned(),
        parts.iter().map(|part| part.iter().filter(|week| week.page_hinkley).count().to_string()),
    );
    for (f, name) in FEATURES.iter().enumerate() {
        let counts = |words: Vec<Word>| {
            let count = |word| words.iter().filter(|found| **found == word).count();
            format!("{} of {}", count(Word::Alarm), count(Word::Alarm) + count(Word::Calm))
        };
        let past = |part: &&[Week]| counts(part.iter().filter_map(|week| week.past.map(|words| words[f])).collect());
        table.row(format!("{name} against the own past: alarms of comparisons"), parts.iter().map(past));
        let training = |part: &&[Week]| counts(part.iter().map(|week| week.training[f]).collect());
        table.row(format!("{name} against training"), parts.iter().map(training));
    }
    let medians = std::array::from_fn::<f64, { FEATURES.len() }, _>(|f| {
        let mut sizes: Vec<f64> = run.weeks.iter().map(|week| week.effective[f]).collect();
        sizes.sort_by(f64::total_cmp);
        sizes[sizes.len() / 2]
    });
    let medians: Vec<String> = FEATURES.iter().zip(medians).map(|(name, size)| format!("{name} {size:.0}")).collect();
    format!(
        "Accuracy on the training rows: {}. ADWIN reported {} changes, Page-Hinkley {}. Median effective size of a week of \
         336 half hours: {}.\n\n{table}",
        percent(run.training_accuracy),
        run.adwin,
        run.page_hinkley,
        medians.join(", ")
    )
}

/// A number below a million, with its thousands set off.
fn grouped(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A table in Markdown.
struct Table(String);

impl Table {
    fn new(first: &str, heads: impl IntoIterator<Item = String>) -> Self {
        let heads: Vec<String> = heads.into_iter().collect();
        Self(format!("| {first} | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len())))
    }

    fn row(&mut self, first: String, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        self.0.push_str(&format!("| {first} | {} |\n", cells.join(" | ")));
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
