//! How far each feature lay from its references, window by window.

use dunlin::monitor::{Against, Judgement};
use dunlin_wire::ModelVersion;
use serde::Serialize;

use super::journal::Journal;

/// The comparisons of one model version's windows.
#[derive(Debug, Serialize)]
pub(in super::super) struct Drift {
    pub model: ModelVersion,
    /// Effects from here on are worth a word.
    pub threshold: f64,
    /// Closed windows, whether anything was compared in them or not.
    pub windows: u64,
    /// In the order of the schema, the verdict last.
    pub subjects: Vec<Subject>,
}

/// A feature, tensor scalar or output, or `verdict`.
#[derive(Debug, Serialize)]
pub(in super::super) struct Subject {
    pub name: String,
    /// One a window, oldest first.
    pub points: Vec<Point>,
}

/// What one window was found to be.
#[derive(Debug, Serialize)]
pub(in super::super) struct Point {
    /// Opening and number of the window.
    pub window: (u32, u32),
    pub ended_us: i64,
    pub past: Option<Compared>,
    pub training: Option<Compared>,
}

/// How one comparison came out.
#[derive(Clone, Debug, Serialize)]
pub(in super::super) struct Compared {
    pub effect: f64,
    pub p_adjusted: f64,
    pub alarm: bool,
    pub n: u64,
}

impl Drift {
    pub(super) fn of(journal: &Journal, version: &ModelVersion) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for judgement in journal.windows_of(version).flat_map(|window| &window.judged) {
            if !names.contains(&judgement.subject.as_str()) {
                names.push(&judgement.subject);
            }
        }
        let order = |name: &str| {
            let at = |summary: &dunlin_wire::Summary| summary.features.iter().position(|feature| feature.name == name);
            journal.summaries_of(version).find_map(at).unwrap_or(usize::MAX)
        };
        names.sort_by_key(|name| order(name));
        let subject = |name: &str| Subject {
            name: name.to_owned(),
            points: journal
                .windows_of(version)
                .map(|window| {
                    let of = |against| {
                        let is_it = |j: &&Judgement| j.subject == name && j.against == against;
                        window.judged.iter().find(is_it).map(Compared::of)
                    };
                    Point {
                        window: (window.epoch, window.number),
                        ended_us: window.summary.ended_us,
                        past: of(Against::Past),
                        training: of(Against::Training),
                    }
                })
                .collect(),
        };
        Self {
            model: version.clone(),
            threshold: dunlin_drift::MIN_EFFECT,
            windows: journal.windows_of(version).count() as u64,
            subjects: names.into_iter().map(subject).collect(),
        }
    }
}

impl Subject {
    /// The newest comparison with one reference.
    pub(in super::super) fn newest(&self, of: fn(&Point) -> Option<&Compared>) -> Option<&Compared> {
        self.points.iter().rev().find_map(of)
    }
}

impl Compared {
    fn of(judgement: &Judgement) -> Self {
        Self {
            effect: judgement.comparison.effect,
            p_adjusted: judgement.p_adjusted,
            alarm: judgement.alarm,
            n: judgement.comparison.n,
        }
    }
}
