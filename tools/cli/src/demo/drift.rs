//! Fourth act: the world moves. The same digits as a worn camera sees them, and what the monitor says of it.

use std::path::Path;

use dunlin::counters::Counter;
use dunlin::journal::Reader;
use dunlin::monitor::Alarm;
use dunlin_models::digits::{Digit, SIDE, WornCamera};
use dunlin_models::train::SeededRandom;
use dunlin_models::{LabelledRecord, digits};
use serde_json::{Value, json};

use super::answer::{Answered, answer_one, model_class, runtime_dir, storage};
use super::make::Made;
use crate::error::{CliError, Kind};
use crate::output::{Output, table};

/// What the monitor made of both streams.
pub(super) struct Drifted {
    /// Alarms raised while nothing had shifted.
    pub alarms_before: u64,
    /// Alarms raised since.
    pub alarms: Vec<Alarm>,
    /// Digits that the worn camera showed.
    pub shown: u64,
    pub abstained: u64,
    pub accuracy: f64,
}

/// Shows every held-out digit again, as a worn camera sees it.
pub(super) fn drift(
    dir: &Path,
    made: &Made,
    answered: &Answered,
    seed: u64,
    output: Output,
) -> Result<Drifted, CliError> {
    let camera = WornCamera::DEMO;
    output.say(&format!(
        "\n5. The world moves: the same digits as a worn camera sees them\n   blur {}, contrast {}, turned by {} degrees, noise {}",
        camera.blur, camera.contrast, camera.rotation_degrees, camera.noise
    ));
    let runtime = &answered.runtime;
    let flushed = || runtime.flush().map_err(|e| storage(&e));
    flushed()?;
    let alarms_before = runtime.health().counters.get(Counter::Alarms.name()).copied().unwrap_or(0);
    let known = reader(dir)?.alarms().map_err(|e| storage(&e))?.len();
    let mut session = runtime.session(&made.folder.settings.model_id)?;
    let mut random = SeededRandom::new(seed, 3);
    let (mut abstained, mut right) = (0, 0);
    for held in &made.folder.held_out {
        let worn = LabelledRecord { record: worn(&camera, held, &mut random)?, label: held.label.clone() };
        let (answer, label) = answer_one(runtime, &mut session, &worn)?;
        abstained += u64::from(!answer.verdict().is_accept());
        right += u64::from(label.is_some() && model_class(&answer) == label.as_deref());
    }
    flushed()?;
    let alarms = reader(dir)?.alarms().map_err(|e| storage(&e))?.split_off(known);
    let shown = made.folder.held_out.len() as u64;
    let drifted = Drifted { alarms_before, alarms, shown, abstained, accuracy: right as f64 / shown as f64 };
    output.say(&told(&drifted, answered));
    Ok(drifted)
}

fn reader(dir: &Path) -> Result<Reader, CliError> {
    Reader::open(&runtime_dir(dir)).map_err(|e| storage(&e))
}

/// A held-out digit as the camera sees it.
pub(super) fn worn(
    camera: &WornCamera,
    held: &LabelledRecord,
    random: &mut SeededRandom,
) -> Result<serde_json::Map<String, Value>, CliError> {
    let rows = held.record.get("image").and_then(Value::as_array);
    let pixels: Vec<f32> = rows
        .into_iter()
        .flatten()
        .flat_map(|row| row.as_array().into_iter().flatten())
        .filter_map(|pixel| pixel.as_f64().map(|pixel| pixel as f32))
        .collect();
    if pixels.len() != SIDE * SIDE {
        return Err(CliError::new(Kind::Model, "no_image", "a held-out record holds no image"));
    }
    let seen = camera.see(&Digit { pixels, label: 0 }, random);
    let rows: Vec<&[f32]> = seen.pixels.chunks(digits::SIDE).collect();
    let mut record = held.record.clone();
    record.insert("image".to_owned(), json!(rows));
    Ok(record)
}

fn told(drifted: &Drifted, answered: &Answered) -> String {
    let rows = drifted.alarms.iter().map(|alarm| {
        let comparison = alarm.evidence.comparison.as_ref();
        let number = |v: Option<f64>, text: fn(f64) -> String| v.map_or("-".to_owned(), text);
        [
            alarm.kind.replace('_', " "),
            alarm.subject.clone(),
            comparison.map_or_else(|| alarm.how_sure(), |c| format!("{} {:.1}", c.test.name(), c.statistic)),
            number(alarm.evidence.p_adjusted, |p| format!("{p:.1e}")),
            number(comparison.map(|c| c.effect), |effect| format!("{effect:.2}")),
            comparison.map_or("-".to_owned(), |c| format!("{} ({:.0})", c.n, c.n_effective)),
            alarm.windows.to_string(),
        ]
    });
    let heading = ["noticed", "subject", "test", "p", "effect", "n (effective)", "windows"];
    format!(
        "{}\n   {} alarms before it, on {} digits. The guard abstained on {} of {}; before, on {}.",
        table(heading, rows),
        drifted.alarms_before,
        answered.held_out,
        drifted.abstained,
        drifted.shown,
        answered.abstained
    )
}
