//! Every counter in words: what was lost, what was let go by rule, what was counted besides.

use std::collections::BTreeMap;

use dunlin::counters::Counter;
use serde::Serialize;

/// A counter.
#[derive(Debug, Serialize)]
pub(in super::super) struct Loss {
    /// Its name in the journal.
    pub name: String,
    pub group: Group,
    /// What it counts.
    pub what: String,
    /// Since the installation.
    pub total: u64,
}

/// What it means that something was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Group {
    /// It should not have happened.
    Lost,
    /// It left because it was to.
    LetGo,
    /// No loss.
    Besides,
}

impl Loss {
    /// Every counter there is, those of other versions of the runtime among them, at zero as well.
    pub(super) fn all(totals: &BTreeMap<String, u64>) -> Vec<Self> {
        let known = Counter::ALL.iter().map(|counter| {
            let (group, what) = words(*counter).unwrap_or((Group::Besides, counter.name()));
            (counter.name(), group, what)
        });
        let is_unknown = |name: &&String| Counter::ALL.iter().all(|counter| counter.name() != **name);
        let unknown = totals.keys().filter(is_unknown).map(|name| (name.as_str(), Group::Besides, name.as_str()));
        let loss = |(name, group, what): (&str, Group, &str)| Self {
            name: name.to_owned(),
            group,
            what: what.to_owned(),
            total: totals.get(name).copied().unwrap_or(0),
        };
        known.chain(unknown).map(loss).collect()
    }
}

/// What a counter counts.
fn words(counter: Counter) -> Option<(Group, &'static str)> {
    use Group::{Besides, LetGo, Lost};
    Some(match counter {
        Counter::DroppedFull => (Lost, "rows dropped because more came than the journal could write"),
        Counter::WriteFailed => (Lost, "rows that could not be written"),
        Counter::CrashLostAtLeast => (Lost, "rows that crashes have taken, at least"),
        Counter::CrashLostAtMost => (Lost, "rows that crashes have taken, at most"),
        Counter::SetAside => (Lost, "journals set aside because they were damaged or not ours"),
        Counter::UnknownId => (Lost, "labels and outcomes for a prediction that the journal does not hold"),
        Counter::UploadsDropped => {
            (Lost, "summaries that will never be delivered: refused for good, damaged, or too many")
        }
        Counter::WindowsLost => (Lost, "windows lost with such summaries"),
        Counter::UploadsShed => (Lost, "summaries sent without their histograms because they were too large"),
        Counter::EvictedRows => (LetGo, "predictions evicted because there were too many"),
        Counter::EvictedBytes => (LetGo, "predictions evicted because the journal took too many bytes"),
        Counter::EvictedAge => (LetGo, "predictions evicted because they were too old"),
        Counter::Forgotten => (LetGo, "predictions deleted because a person asked to be forgotten"),
        Counter::Predictions => (Besides, "predictions written, refused records among them"),
        Counter::Refused => (Besides, "refused records written"),
        Counter::Labels => (Besides, "labels written"),
        Counter::Outcomes => (Besides, "outcomes written"),
        Counter::Windows => (Besides, "windows closed"),
        Counter::Alarms => (Besides, "alarms opened"),
        Counter::ClockJumps => (Besides, "jumps of the wall clock while a window was open"),
        Counter::UploadAttempts => (Besides, "attempts to upload"),
        Counter::UploadsAccepted => (Besides, "uploads delivered"),
        Counter::UploadsFailed => (Besides, "attempts that failed and are made again"),
        Counter::UploadsMerged => (Besides, "summaries added to another that waited; nothing is lost by it"),
        Counter::WindowsDelivered => (Besides, "windows delivered"),
        Counter::FallbackRequests => (Besides, "requests to the cloud fallback"),
        Counter::FallbackResolved => (Besides, "answers of the cloud fallback that were accepted"),
        Counter::FallbackRefused => (Besides, "answers of the cloud fallback that were not accepted"),
        Counter::FallbackFailed => (Besides, "requests to the cloud fallback without an answer"),
        Counter::FallbackWithheld => (Besides, "requests not made because a feature may not leave"),
        Counter::FallbackOverBudget => (Besides, "requests not made because the day's budget was spent"),
        Counter::FallbackCircuitOpen => (Besides, "requests not made because the circuit was open"),
        Counter::BundlesRefused => (Besides, "bundles refused"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_words() {
        let without: Vec<_> = Counter::ALL.iter().filter(|counter| words(**counter).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn counters_of_another_version_are_shown_by_name() {
        let all = Loss::all(&BTreeMap::from([("journal.later".to_owned(), 3)]));
        assert_eq!(all.len(), Counter::ALL.len() + 1);
        assert!(all.iter().any(|loss| loss.what == "journal.later" && loss.total == 3));
    }
}
