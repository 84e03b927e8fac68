//! Every figure of a report, counted once: the page draws them, `--json` prints them.

mod accuracy;
mod alarms;
mod drift;
mod features;
mod headline;
mod journal;
mod latency;
mod losses;
mod ran;
mod uploads;

use serde::Serialize;

pub(super) use accuracy::{Accuracy, ByAnswerer, Labelled, LabelledWindow, interval};
pub(super) use alarms::{AlarmFigure, Alarms};
pub(super) use drift::{Compared, Drift, Point, Subject};
pub(super) use features::{Bin, Counted, FeatureFigure, Features};
pub(super) use headline::{Headline, State};
pub(super) use journal::Journal;
pub(super) use latency::{Bucket, Speed};
pub(super) use losses::{Group, Loss};
pub(super) use ran::{Happened, Ran, Tally, Version};
pub(super) use uploads::Uploads;

/// What a report says, in the order in which it says it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Name of the folder.
    pub folder: String,
    /// The one model that it is about; `None` for all.
    pub only: Option<String>,
    /// Time of the journal's newest entry, in microseconds since the Unix epoch; `None` where it has none.
    pub as_of_us: Option<i64>,
    pub headline: Headline,
    pub ran: Ran,
    pub alarms: Alarms,
    pub accuracy: Vec<Accuracy>,
    pub features: Vec<Features>,
    pub drift: Vec<Drift>,
    pub latency: Vec<Speed>,
    pub uploads: Uploads,
    pub losses: Vec<Loss>,
}

impl Report {
    /// Counts everything. Models stand in the order in which they were used last, the last one first.
    pub(super) fn of(journal: &Journal, folder: &str, only: Option<&str>) -> Self {
        let versions = journal.versions();
        let alarms = Alarms::of(journal);
        Self {
            folder: folder.to_owned(),
            only: only.map(str::to_owned),
            as_of_us: journal.newest_us(),
            headline: Headline::of(journal, &alarms),
            ran: Ran::of(journal),
            alarms,
            accuracy: versions.iter().map(|version| Accuracy::of(journal, version)).collect(),
            features: versions.iter().filter_map(|version| Features::of(journal, version)).collect(),
            drift: versions.iter().map(|version| Drift::of(journal, version)).collect(),
            latency: versions.iter().map(|version| Speed::of(journal, version)).collect(),
            uploads: Uploads::of(journal),
            losses: Loss::all(&journal.counters),
        }
    }
}
