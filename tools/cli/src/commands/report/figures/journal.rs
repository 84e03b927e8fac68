//! What the journal holds, read as of one moment.

use std::collections::BTreeMap;

use dunlin::journal::{Alike, LabelledAlike, Reader, RecordedEvent, Totals};
use dunlin::monitor::{Alarm, RecordedUpload, RecordedWindow, Waiting, WatchedModel};
use dunlin::store::StorageProblem;
use dunlin_wire::{ModelVersion, Summary};

/// Attempts to upload and events that a report shows at most.
const NEWEST: u32 = 50;

/// Everything that a report is made of.
pub(in super::super) struct Journal {
    pub(super) totals: Totals,
    pub(super) rows: Vec<Alike>,
    pub(super) labelled: Vec<LabelledAlike>,
    /// Closed windows, oldest first.
    pub(super) windows: Vec<RecordedWindow>,
    pub(super) watched: Vec<WatchedModel>,
    /// Oldest first.
    pub(super) alarms: Vec<Alarm>,
    pub(super) waiting: Vec<Waiting>,
    /// Newest first.
    pub(super) uploads: Vec<RecordedUpload>,
    /// Newest first.
    pub(super) events: Vec<RecordedEvent>,
    pub(super) counters: BTreeMap<String, u64>,
}

impl Journal {
    /// Reads what concerns one model, or all. Totals, counters and uploads are the folder's, and so are
    /// events that name no model.
    pub(in super::super) fn read(reader: &Reader, model: Option<&str>) -> Result<Self, StorageProblem> {
        reader.hold()?;
        let concerns = |id: &str| model.is_none_or(|model| model == id);
        let mut windows = reader.windows(model, u32::MAX)?;
        windows.reverse();
        let mut journal = Self {
            totals: reader.totals()?,
            rows: reader.alike(model)?,
            labelled: reader.labelled(model)?,
            windows,
            watched: reader.watched()?,
            alarms: reader.alarms()?,
            waiting: reader.waiting()?,
            uploads: reader.uploads(NEWEST)?,
            events: reader.events(NEWEST)?,
            counters: reader.counters()?,
        };
        journal.watched.retain(|watched| concerns(&watched.model.id));
        journal.alarms.retain(|alarm| concerns(&alarm.model.id));
        journal.waiting.retain(|waiting| concerns(&waiting.model_id));
        journal.events.retain(|event| model_of(event).is_none_or(concerns));
        Ok(journal)
    }

    /// Whether anything in the journal is of this model.
    pub(in super::super) fn knows(&self, model: &str) -> bool {
        self.versions().iter().any(|version| version.id == model)
    }

    /// The model versions of which there is anything, the one that counted last first.
    pub(super) fn versions(&self) -> Vec<ModelVersion> {
        let watched = self.watched.iter().map(|watched| &watched.model);
        let others = self.windows.iter().rev().map(|window| &window.summary.model);
        let mut versions: Vec<ModelVersion> = Vec::new();
        for version in watched.chain(others).chain(self.rows.iter().map(|row| &row.model)) {
            if !versions.contains(version) {
                versions.push(version.clone());
            }
        }
        versions
    }

    /// A version's closed windows, oldest first.
    pub(super) fn windows_of<'a>(
        &'a self,
        version: &'a ModelVersion,
    ) -> impl DoubleEndedIterator<Item = &'a RecordedWindow> {
        self.windows.iter().filter(move |window| window.summary.model == *version)
    }

    /// A version's open window.
    pub(super) fn open_of(&self, version: &ModelVersion) -> Option<&Summary> {
        self.watched.iter().find(|watched| watched.model == *version)?.open.as_ref()
    }

    /// The summaries of a version's windows, oldest first, the open one last.
    pub(super) fn summaries_of<'a>(&'a self, version: &'a ModelVersion) -> impl Iterator<Item = &'a Summary> {
        self.windows_of(version).map(|window| &window.summary).chain(self.open_of(version))
    }

    /// Time of the newest entry.
    pub(super) fn newest_us(&self) -> Option<i64> {
        let rows = self.rows.iter().map(|row| row.last_us);
        let windows = self.windows.iter().map(|window| window.summary.ended_us);
        let open = self.watched.iter().filter_map(|watched| Some(watched.open.as_ref()?.ended_us));
        let events = self.events.iter().map(|event| event.wall_us);
        let uploads = self.uploads.iter().map(|upload| upload.wall_us);
        rows.chain(windows).chain(open).chain(events).chain(uploads).max()
    }
}

/// The model that an event is about, where it is about one.
fn model_of(event: &RecordedEvent) -> Option<&str> {
    let detail = &event.detail;
    detail.get("model_id").or_else(|| detail.get("model")?.get("id"))?.as_str()
}
