//! What was written, refused, dropped, evicted or lost: totals that only ever grow, and survive restarts.
//!
//! Totals are cumulative over the life of the installation. They are saved as absolute numbers, and a save keeps the
//! larger of the old and the new, so that saving twice, or to two databases, never counts twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Counter {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Counter {
            /// Every counter there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in databases and reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

counters! {
    /// Predictions written to the journal, refused records among them.
    Predictions = "journal.predictions",
    /// Refused records written to the journal.
    Refused = "journal.refused",
    /// Labels written to the journal.
    Labels = "journal.labels",
    /// Outcomes written to the journal.
    Outcomes = "journal.outcomes",
    /// Labels, outcomes and answers of the cloud for a prediction that the journal does not hold (never written, or
    /// evicted).
    UnknownId = "journal.unknown_id",
    /// Rows dropped because the ring was full.
    DroppedFull = "journal.dropped_full",
    /// Rows that could not be written.
    WriteFailed = "journal.write_failed",
    /// Predictions evicted because there were too many.
    EvictedRows = "journal.evicted_rows",
    /// Predictions evicted because the journal took too many bytes.
    EvictedBytes = "journal.evicted_bytes",
    /// Predictions evicted because they were too old.
    EvictedAge = "journal.evicted_age",
    /// Predictions deleted because their subject asked to be forgotten.
    Forgotten = "journal.forgotten",
    /// Rows that crashes have surely taken.
    CrashLostAtLeast = "journal.crash_lost_at_least",
    /// Rows that crashes may have taken, the sure ones among them.
    CrashLostAtMost = "journal.crash_lost_at_most",
    /// Journals that were corrupt or foreign and were set aside.
    SetAside = "journal.set_aside",
    /// Windows closed.
    Windows = "monitor.windows",
    /// Alarms opened.
    Alarms = "monitor.alarms",
    /// Times that the wall clock jumped while a window was open.
    ClockJumps = "monitor.clock_jumps",
    /// Attempts to upload.
    UploadAttempts = "outbox.attempts",
    /// Uploads delivered.
    UploadsAccepted = "outbox.accepted",
    /// Attempts that were not delivered and will be made again.
    UploadsFailed = "outbox.failed",
    /// Summaries added to another because too many waited; nothing is lost by it.
    UploadsMerged = "outbox.merged",
    /// Summaries sent without their histograms because the receiver found them too large.
    UploadsShed = "outbox.shed",
    /// Summaries lost: refused for good, damaged, or too many.
    UploadsDropped = "outbox.dropped",
    /// Windows delivered.
    WindowsDelivered = "outbox.windows_delivered",
    /// Windows lost with the summaries that carried them.
    WindowsLost = "outbox.windows_lost",
    /// Requests to the cloud fallback handed to the host.
    FallbackRequests = "fallback.requests",
    /// Answers of the cloud that were taken.
    FallbackResolved = "fallback.resolved",
    /// Answers of the cloud that were judged and refused: too late, not of the protocol, unsure, or brought twice.
    FallbackRefused = "fallback.refused",
    /// Requests that were not answered: no connection, or another status than success.
    FallbackFailed = "fallback.failed",
    /// Requests not made because a feature that every record must hold, or every feature, has to stay here.
    FallbackWithheld = "fallback.withheld",
    /// Requests not made because the day's budget is used up.
    FallbackOverBudget = "fallback.over_budget",
    /// Requests not made because the service has failed too often of late.
    FallbackCircuitOpen = "fallback.circuit_open",
    /// Bundles refused.
    BundlesRefused = "registry.refused",
}

/// The running totals; shared by every part that counts.
#[derive(Debug)]
pub struct Counters(Vec<AtomicU64>);

impl Default for Counters {
    fn default() -> Self {
        Self(Counter::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl Counters {
    /// Counts `n` more.
    pub fn add(&self, counter: Counter, n: u64) {
        self.cell(counter).fetch_add(n, Ordering::Relaxed);
    }

    /// The total so far.
    #[must_use]
    pub fn get(&self, counter: Counter) -> u64 {
        self.cell(counter).load(Ordering::Relaxed)
    }

    /// Takes over the totals of an earlier run where they are larger. Names that this version does not know are left
    /// to the database that holds them.
    pub fn raise_to(&self, saved: &BTreeMap<String, u64>) {
        for &counter in Counter::ALL {
            if let Some(&total) = saved.get(counter.name()) {
                self.cell(counter).fetch_max(total, Ordering::Relaxed);
            }
        }
    }

    /// Every total, by name.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<String, u64> {
        Counter::ALL.iter().map(|&c| (c.name().to_owned(), self.get(c))).collect()
    }

    /// The cells stand in the order in which the variants are declared.
    fn cell(&self, counter: Counter) -> &AtomicU64 {
        &self.0[counter as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_a_cell_and_a_name_of_its_own() {
        let counters = Counters::default();
        for (n, &counter) in (1..).zip(Counter::ALL) {
            counters.add(counter, n);
        }
        assert!((1..).zip(Counter::ALL).all(|(n, &counter)| counters.get(counter) == n));
        assert_eq!(counters.totals().len(), Counter::ALL.len());
    }

    #[test]
    fn totals_of_an_earlier_run_are_never_lowered_and_never_added_twice() {
        let counters = Counters::default();
        counters.add(Counter::Labels, 5);
        let saved = [("journal.labels", 3), ("journal.outcomes", 7), ("from.a.newer.version", 1)];
        let saved = saved.map(|(name, total)| (name.to_owned(), total)).into();
        counters.raise_to(&saved);
        counters.raise_to(&saved);
        assert_eq!((counters.get(Counter::Labels), counters.get(Counter::Outcomes)), (5, 7));
    }
}
