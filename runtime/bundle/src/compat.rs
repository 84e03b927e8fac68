//! What becomes of an old app, an old bundle and an old server when a new bundle comes.
//!
//! An app is shipped once in a while, a bundle at any time: a bundle from outside meets apps that were made for the one
//! before. [`compare`] says what each party makes of it, in [`Finding`]s that name the feature or output. What an objective is
//! made of (losses, labels, weights, transforms, thresholds) is the bundle's own affair and no finding.

mod domains;
mod features;
mod model;
mod outputs;

use serde::Serialize;

use crate::contents::Contents;

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Everything goes on as before.
    Compatible,
    /// It goes on, but somebody should know: some records will be refused, or more leaves the device.
    Note,
    /// It does not go on: records are refused, or an answer is taken for another.
    Incompatible,
}

/// Whom a difference concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// An app that was made for the old bundle: it sends records of the old schema and reads the old outputs.
    App,
    /// The old bundle, where it answers again after a rollback, or beside the new one in a trial.
    OldBundle,
    /// A server that has the old bundle: it answers inference requests and adds up summaries.
    Server,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "of", content = "name", rename_all = "snake_case")]
pub enum Subject {
    /// A feature, by name.
    Feature(String),
    /// An output, by name.
    Output(String),
    /// The bundle as a whole.
    Bundle,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Feature(name) => write!(f, "feature `{name}`"),
            Self::Output(name) => write!(f, "output `{name}`"),
            Self::Bundle => f.write_str("the bundle"),
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What differs.
    pub subject: Subject,
    /// A short name of the rule, for machines: `feature_removed`, `classes_changed`, ...
    pub code: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Whom it concerns.
    pub party: Party,
    /// What differs and what comes of it.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What is to be said of two bundles, the incompatible first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compat {
    /// All differences that matter to somebody.
    pub findings: Vec<Finding>,
}

impl Compat {
    /// The worst of all findings.
    #[must_use]
    pub fn level(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Compatible)
    }

    /// The findings for which the new bundle must not reach whoever has the old one.
    pub fn incompatible(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Incompatible)
    }

    fn add(
        &mut self,
        level: Level,
        party: Party,
        code: &'static str,
        subject: Subject,
        what: String,
        remedy: &'static str,
    ) {
        self.findings.push(Finding { subject, code, level, party, what, remedy });
    }
}

/// Compares the bundle that is there with one that is to follow it.
#[must_use]
pub fn compare(old: &Contents, new: &Contents) -> Compat {
    let mut compat = Compat::default();
    model::compare(&mut compat, old, new);
    features::compare(&mut compat, old.schema(), new.schema());
    outputs::compare(&mut compat, old, new);
    compat.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    compat
}

/// `a, b, c and 4 more`.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
