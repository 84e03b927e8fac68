//! Each watched feature: how it was distributed in training, in this device's past, and lately.

use dunlin_drift::{Bins, Histogram};
use dunlin_wire::{FeatureSummary, ModelVersion, Summary};
use serde::Serialize;

use super::journal::Journal;
use crate::commands::report::words;

/// The watched features of one model version, in the order of its schema.
#[derive(Debug, Serialize)]
pub(in super::super) struct Features {
    pub model: ModelVersion,
    /// The window that counts as now; `None` where no window has any features.
    pub latest: Option<Latest>,
    pub features: Vec<FeatureFigure>,
}

/// The newest closed window; the open one where none has closed.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Latest {
    pub open: bool,
    pub rows: u64,
    pub started_us: i64,
    pub ended_us: i64,
}

/// One feature, tensor scalar or output.
#[derive(Debug, Serialize)]
pub(in super::super) struct FeatureFigure {
    pub name: String,
    /// Whether the bins are in an order.
    pub ordered: bool,
    /// Empty where the bundle has no distribution for it.
    pub bins: Vec<Bin>,
    pub training: Option<Counted>,
    pub past: Option<Counted>,
    pub latest: Option<Counted>,
    /// All windows that the journal holds, the open one among them.
    pub all: Counted,
}

/// A bin in words.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Bin {
    pub label: String,
    /// Upper edge of an ordered bin but the last.
    pub upper: Option<f64>,
}

/// What was counted.
#[derive(Clone, Debug, Default, Serialize)]
pub(in super::super) struct Counted {
    /// By bin.
    pub counts: Vec<u64>,
    /// Values in a bin.
    pub values: u64,
    pub missing: u64,
    pub out_of_domain: u64,
    pub unseen: u64,
    pub non_finite: u64,
}

impl Features {
    /// `None` for a version of which no window is left, and none is open.
    pub(super) fn of(journal: &Journal, version: &ModelVersion) -> Option<Self> {
        let watched = journal.watched.iter().find(|watched| watched.model == *version);
        let closed = journal.windows_of(version).map(|window| &window.summary).rfind(|s| !s.features.is_empty());
        let latest = closed.or(journal.open_of(version));
        let names = journal.summaries_of(version).filter(|summary| !summary.features.is_empty()).last()?;
        let figure = |feature: &FeatureSummary| {
            let name = feature.name.as_str();
            let reference = watched.and_then(|watched| watched.reference.get(name));
            let bins = reference.map_or(Vec::new(), |reference| bins(reference.bins()));
            let of = |summary: &Summary| counted(summary.features.iter().find(|f| f.name == name)?, bins.len());
            let mut all = Counted::default();
            journal.summaries_of(version).filter_map(of).for_each(|more| all.add(&more));
            FeatureFigure {
                name: name.to_owned(),
                ordered: reference.is_none_or(|reference| matches!(reference.bins(), Bins::Edges(_))),
                training: reference.map(of_histogram),
                past: watched
                    .and_then(|watched| watched.past.get(name))
                    .filter(|past| past.counts().len() == bins.len())
                    .map(of_histogram),
                latest: latest.and_then(of),
                all,
                bins,
            }
        };
        Some(Self {
            model: version.clone(),
            latest: latest.map(|summary| Latest {
                open: closed.is_none(),
                rows: summary.rows,
                started_us: summary.started_us,
                ended_us: summary.ended_us,
            }),
            features: names.features.iter().map(figure).collect(),
        })
    }
}

impl Counted {
    fn add(&mut self, more: &Self) {
        self.counts.resize(self.counts.len().max(more.counts.len()), 0);
        self.counts.iter_mut().zip(&more.counts).for_each(|(mine, theirs)| *mine = mine.saturating_add(*theirs));
        for (mine, theirs) in [
            (&mut self.values, more.values),
            (&mut self.missing, more.missing),
            (&mut self.out_of_domain, more.out_of_domain),
            (&mut self.unseen, more.unseen),
            (&mut self.non_finite, more.non_finite),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The share of each bin; nothing where there are no values.
    pub(in super::super) fn shares(&self) -> Vec<f64> {
        self.counts.iter().filter_map(|count| words::share(*count, self.values)).collect()
    }
}

/// A summary's counts, where they are on the bins of the reference.
fn counted(feature: &FeatureSummary, bins: usize) -> Option<Counted> {
    (feature.counts.len() == bins).then(|| Counted {
        counts: feature.counts.clone(),
        values: feature.counts.iter().fold(0, |sum, n| sum.saturating_add(*n)),
        missing: feature.missing,
        out_of_domain: feature.out_of_domain,
        unseen: feature.unseen,
        non_finite: feature.non_finite,
    })
}

fn of_histogram(histogram: &Histogram) -> Counted {
    let unlisted = matches!(histogram.bins(), Bins::Levels(_)).then(|| histogram.counts().last().copied()).flatten();
    Counted {
        counts: histogram.counts().to_vec(),
        values: histogram.total(),
        missing: histogram.missing(),
        out_of_domain: 0,
        unseen: unlisted.unwrap_or(0),
        non_finite: histogram.non_finite(),
    }
}

fn bins(bins: &Bins) -> Vec<Bin> {
    match bins {
        Bins::Levels(levels) => {
            let other = Bin { label: "any other".to_owned(), upper: None };
            levels.iter().map(|level| Bin { label: level.clone(), upper: None }).chain([other]).collect()
        }
        Bins::Edges(edges) => {
            let upper = |i: usize| edges.get(i).copied();
            (0..=edges.len())
                .map(|i| Bin {
                    label: label(i.checked_sub(1).and_then(upper), upper(i), upper(i + 1)),
                    upper: upper(i),
                })
                .collect()
        }
    }
}

/// A bin holds what is above its lower edge, up to its upper edge. One value alone reads as that value, and what ends just
/// before it reads as below it.
fn label(lower: Option<f64>, upper: Option<f64>, next: Option<f64>) -> String {
    match (lower, upper) {
        (None, Some(upper)) if next.is_some_and(|next| upper.next_up() == next) => {
            format!("below {}", words::number(upper.next_up()))
        }
        (Some(lower), Some(upper)) if lower.next_up() == upper => words::number(upper),
        (Some(lower), Some(upper)) => format!("{} – {}", words::number(lower), words::number(upper)),
        (None, Some(upper)) => format!("up to {}", words::number(upper)),
        (Some(lower), None) => format!("above {}", words::number(lower)),
        (None, None) => "any number".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_named_by_their_edges_and_a_value_of_its_own_by_itself() {
        let ordered = bins(&Bins::Edges(vec![0f64.next_down(), 0.0, 2.5]));
        assert_eq!(
            ordered.iter().map(|bin| bin.label.as_str()).collect::<Vec<_>>(),
            ["below 0", "0", "0 – 2.5", "above 2.5"]
        );
        let levels = bins(&Bins::levels(["red"]));
        assert_eq!(levels.iter().map(|bin| bin.label.as_str()).collect::<Vec<_>>(), ["red", "any other"]);
    }
}
