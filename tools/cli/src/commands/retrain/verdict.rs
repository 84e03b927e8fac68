//! What devices told of the champion: whether the world has moved away from it.

use std::path::Path;

use dunlin_bundle::Contents;
use dunlin_cloud::{AlarmCount, ModelStatistics, received};
use dunlin_wire::Severity;
use serde_json::{Value, json};

use crate::error::{CliError, Kind};

/// What was received of one version of a model.
pub(super) struct Verdict {
    name: String,
    statistics: Option<ModelStatistics>,
    alarms: Vec<AlarmCount>,
}

impl Verdict {
    pub(super) fn of(folder: &Path, champion: &Contents) -> Result<Self, CliError> {
        let told = received(folder)
            .map_err(|error| CliError::new(Kind::Storage, "received", format!("{}: {error}", folder.display())))?;
        let manifest = champion.manifest();
        let (id, version) = (&manifest.model_id, manifest.version.to_string());
        let is_it = |model: &ModelStatistics| model.model_id == *id && model.sequence == manifest.sequence;
        Ok(Self {
            name: format!("{id} {version}"),
            statistics: told.models.into_iter().find(is_it),
            alarms: told.alarms.into_iter().filter(|a| a.model_id == *id && a.version == version).collect(),
        })
    }

    /// Whether any installation has raised an alarm, and not a warning only.
    pub(super) fn is_alarm(&self) -> bool {
        self.alarms.iter().any(|alarm| json!(alarm.severity) == json!(Severity::Alarm))
    }

    pub(super) fn document(&self) -> Value {
        json!({"model": self.statistics, "alarms": self.alarms})
    }

    pub(super) fn told(&self) -> String {
        let Some(model) = &self.statistics else { return format!("Nothing was received of {}.", self.name) };
        let mut text = format!("{}: {} records of {} installations", self.name, model.rows, model.installs);
        if model.labelled > 0 {
            let wrong = 100.0 * model.errors as f64 / model.labelled as f64;
            text.push_str(&format!(", {} labelled, {wrong:.1} % of them wrong", model.labelled));
        }
        let alarms = self.alarms.iter().map(|alarm| {
            format!("\n  {}: {} of {}, on {} installations", alarm.severity, alarm.kind, alarm.subject, alarm.installs)
        });
        text.extend(alarms);
        text
    }
}
