//! Something that is the matter with what a model sees or answers.

use dunlin::monitor;

/// An open alarm: what, how sure, what to do.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Alarm {
    /// What is the matter, in a sentence.
    pub what: String,
    /// How sure it is, in a sentence.
    pub how_sure: String,
    /// What to do about it.
    pub what_to_do: String,
    /// `drift`, `training_mismatch`, `error_rate`, `latency`, `non_finite_output`, `kernel_set_changed`, `stale`.
    pub kind: String,
    /// The feature, output or other thing concerned.
    pub subject: String,
    /// Whether somebody should act.
    pub severity: Severity,
    /// Name of the model.
    pub model_id: String,
    /// Its version.
    pub model_version: String,
    /// Since when, in microseconds since the Unix epoch.
    pub since_us: i64,
    /// When it was seen last.
    pub last_us: i64,
    /// Windows in a row that showed it.
    pub windows: u64,
}

/// Whether somebody should act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Severity {
    /// Good to know.
    Information,
    /// Somebody should look.
    Alarm,
}

impl From<monitor::Alarm> for Alarm {
    fn from(alarm: monitor::Alarm) -> Self {
        Self {
            what: alarm.what(),
            how_sure: alarm.how_sure(),
            what_to_do: alarm.what_to_do().to_owned(),
            kind: alarm.kind,
            subject: alarm.subject,
            severity: match alarm.severity {
                dunlin::Severity::Information => Severity::Information,
                dunlin::Severity::Alarm => Severity::Alarm,
            },
            model_id: alarm.model.id,
            model_version: alarm.model.version,
            since_us: alarm.since_us,
            last_us: alarm.last_us,
            windows: alarm.windows,
        }
    }
}
