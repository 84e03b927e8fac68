//! Sixth act: the loop closes. A challenger trained on what the worn camera sees is published, fetched, tried and promoted; a
//! damaged bundle is refused; a subtly worse one is rolled back.

use std::path::{Path, PathBuf};

use dunlin::journal::Reader;
use dunlin::outbox::Link;
use dunlin::{Answer, AnsweredBy, Config, Runtime, TrialPolicy, TrustedKeys, UpdatePolicy};
use dunlin_models::LabelledRecord;
use dunlin_models::digits::WornCamera;
use dunlin_models::train::SeededRandom;
use dunlin_transport::HttpTransport;
use serde_json::{Value, json};

use super::answer::{answer_one, model_class, runtime_dir, storage};
use super::drift::worn;
use super::make::{self, Made};
use super::tool::{serve, tool};
use super::worse::{self, Worse};
use crate::commands::write;
use crate::engine;
use crate::error::{CliError, Kind};
use crate::output::{Output, table};
use crate::transport;

/// Pictures that somebody has labelled: an afternoon's work.
const LABELLED: usize = 600;
/// Records after which a trial that has not ended is a fault.
const MOST_RECORDS: usize = 20_000;

/// What became of the challenger, and of the worse one.
pub(super) struct Improved {
    pub runtime: Runtime,
    pub predictions: u64,
    /// Share of the worn camera's pictures that the model answered, and rightly: the one before, and the challenger.
    pub accuracy_before: f64,
    pub accuracy_after: f64,
    /// Whether the damaged bundle was refused, and by what name.
    pub damaged: String,
    pub worse: Worse,
    /// Labels that the worse one was given before it was thrown out.
    pub labels_until_rollback: u64,
    pub version: String,
}

/// A device in the hands of somebody who labels what it answers.
struct Device<'a> {
    runtime: Runtime,
    pictures: Vec<LabelledRecord>,
    dir: &'a Path,
    predictions: u64,
}

/// Plays it.
pub(super) fn improve(dir: &Path, made: &Made, seed: u64, output: Output) -> Result<Improved, CliError> {
    output.say(&format!(
        "\n7. The loop closes: somebody labels {LABELLED} pictures of the worn camera; `dunlin retrain` reads the alarms that the\n   \
         server received, trains a challenger, lets it meet the champion on held-out pictures, signs and publishes it"
    ));
    label(dir, made, seed)?;
    publish_challenger(dir, seed, output)?;
    let (_serving, url) = serve(dir, &["--channel", "channel"])?;
    let mut transport = transport::open(&url, None)?;
    let mut device = Device::open(dir, made, seed)?;

    device.update(&mut transport, output)?;
    let (before, records) = device.live()?;
    output.say(&format!(
        "   It watches, then answers for some, then for all while the old one watches: {records} labelled pictures.\n{}",
        device.changes(0)?
    ));

    output.say("\n8. A bundle whose bytes were changed on the server, then a subtly worse one that somebody promotes in a hurry");
    let worse = worse::publish(dir, &dir.join("challenger/model"), output)?;
    let damaged = device.meet_damage(&mut transport, output)?;
    device.update(&mut transport, output)?;
    let known = device.events()?.len();
    device.runtime.activate(&made.folder.settings.model_id).map_err(|e| storage(&e))?;
    let (_, labels) = device.live()?;
    let after = device.accuracy()?;
    output.say(&format!(
        "   It is {:.1} points worse, and was thrown out after {labels} labelled pictures; the challenger is back.\n{}",
        100.0 * worse.points(),
        device.changes(known)?
    ));
    let version = device.runtime.session(&made.folder.settings.model_id)?.model_version().to_owned();
    let Device { runtime, predictions, .. } = device;
    Ok(Improved {
        runtime,
        predictions,
        accuracy_before: before,
        accuracy_after: after,
        damaged,
        worse,
        labels_until_rollback: labels,
        version,
    })
}

/// Writes what somebody has labelled: training digits as the worn camera shows them.
fn label(dir: &Path, made: &Made, seed: u64) -> Result<(), CliError> {
    let mut random = SeededRandom::new(seed, 4);
    let mut lines = String::new();
    for held in made.folder.reference.iter().take(LABELLED) {
        let record = worn(&WornCamera::DEMO, held, &mut random)?;
        lines.push_str(&json!({"record": record, "label": held.label}).to_string());
        lines.push('\n');
    }
    let folder = dir.join("labelled");
    std::fs::create_dir_all(&folder).map_err(|e| CliError::file(&folder, &e))?;
    write(&folder.join("worn.jsonl"), lines.as_bytes())
}

fn publish_challenger(dir: &Path, seed: u64, output: Output) -> Result<(), CliError> {
    // One key plays every part here; docs/channel.md has who holds which.
    let roles = "--root-key demo.pub --channel-key demo.pub --bundle-key demo.pub --key demo.key";
    tool(dir, &format!("channel init channel {roles}"))?;
    let champion = "--champion digits-q8_0.dunlin --key demo.pub --received cloud --data labelled --out challenger";
    let signed = format!("--sign-key demo.key --commit {} --reviewer nobody:-made-by-dunlin-demo", make::commit_word());
    let published = "--channel channel --publish-key demo.key --percent 100";
    let said = tool(dir, &format!("retrain digits --precision q8_0 --seed {seed} {champion} {signed} {published}"))?;
    output.say(&said.lines().map(|line| format!("   {line}\n")).collect::<String>());
    Ok(())
}

impl<'a> Device<'a> {
    /// The device of the acts before, which follows the channel now and sees what the worn camera sees.
    fn open(dir: &'a Path, made: &Made, seed: u64) -> Result<Self, CliError> {
        let mut keys = TrustedKeys::new();
        keys.add("demo", &made.public_key)?;
        let root = dir.join("channel/root/1.json");
        let root = std::fs::read(&root).map_err(|e| CliError::file(&root, &e))?;
        // A label for each picture, and time enough: both versions run on every other one.
        let trial = TrialPolicy { shadow_share: 0.5, shadow_cpu: 1.0, ..TrialPolicy::default() };
        let config = Config::with_engine(runtime_dir(dir), keys, engine::chosen()?);
        let runtime = Runtime::open(config.updates(UpdatePolicy::new(root, "stable")).trial(trial));
        let mut random = SeededRandom::new(seed, 5);
        let see = |held: &LabelledRecord| {
            Ok(LabelledRecord { record: worn(&WornCamera::DEMO, held, &mut random)?, label: held.label.clone() })
        };
        let pictures = made.folder.held_out.iter().map(see).collect::<Result<_, CliError>>()?;
        Ok(Self { runtime, pictures, dir, predictions: 0 })
    }

    fn update(&self, transport: &mut HttpTransport, output: Output) -> Result<(), CliError> {
        let report = self.runtime.update(transport, Link::Unmetered).map_err(|e| storage(&e))?;
        for model in &report.models {
            let version = model.version.as_deref().unwrap_or("nothing new");
            let outcome = model.outcome.name();
            output
                .say(&format!("   The device asks: {} {version}, {outcome}; {} bytes.", model.model_id, report.bytes));
        }
        Ok(())
    }

    /// Shows picture after picture, labelled, until no trial is on; gives the share that a model answered rightly in the first pass, and how many it took.
    fn live(&mut self) -> Result<(f64, u64), CliError> {
        let mut session = self.runtime.session("digits")?;
        let (mut shown, mut right) = (0_usize, 0_usize);
        while shown < MOST_RECORDS {
            let picture = &self.pictures[shown % self.pictures.len()];
            let (answer, label) = answer_one(&self.runtime, &mut session, picture)?;
            shown += 1;
            right += usize::from(shown <= self.pictures.len() && is_right(&answer, label.as_deref()));
            if shown % 20 == 0 {
                self.runtime.flush().map_err(|e| storage(&e))?;
                session.renew()?;
                if self.runtime.trials().map_err(|e| storage(&e))?.is_empty() {
                    self.predictions += shown as u64;
                    let seen = shown.min(self.pictures.len());
                    return Ok((right as f64 / seen as f64, shown as u64));
                }
            }
        }
        Err(CliError::new(Kind::Failed, "trial", format!("the trial did not end in {MOST_RECORDS} records")))
    }

    /// The share of the worn camera's pictures that the active model answers, and rightly.
    fn accuracy(&mut self) -> Result<f64, CliError> {
        let mut session = self.runtime.session("digits")?;
        let mut right = 0;
        for picture in &self.pictures {
            let (answer, label) = answer_one(&self.runtime, &mut session, picture)?;
            right += usize::from(is_right(&answer, label.as_deref()));
        }
        self.predictions += self.pictures.len() as u64;
        Ok(right as f64 / self.pictures.len() as f64)
    }

    /// Changes one bit of the newest bundle on the server, lets the device ask, and mends it; gives what it was refused as.
    fn meet_damage(&self, transport: &mut HttpTransport, output: Output) -> Result<String, CliError> {
        let newest = newest(&self.dir.join("channel/bundles"))?;
        let good = std::fs::read(&newest).map_err(|e| CliError::file(&newest, &e))?;
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        write(&newest, &bad)?;
        let met = self.runtime.update(transport, Link::Unmetered);
        write(&newest, &good)?;
        match met {
            Err(error) => {
                output.say(&format!("   One bit was changed: {error}\n   Nothing of it is installed."));
                Ok(error.code().to_owned())
            }
            Ok(_) => Err(CliError::new(Kind::Failed, "damage", "a damaged bundle was taken")),
        }
    }

    fn events(&self) -> Result<Vec<Value>, CliError> {
        self.runtime.flush().map_err(|e| storage(&e))?;
        let mut events = Reader::open(&runtime_dir(self.dir)).and_then(|r| r.events(1_000)).map_err(|e| storage(&e))?;
        events.reverse();
        let changes = events.into_iter().filter(|event| event.kind == "model_state");
        Ok(changes.map(|event| event.detail).collect())
    }

    /// The changes of state after the first so many, as a table.
    fn changes(&self, known: usize) -> Result<comfy_table::Table, CliError> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let fields = ["version", "from", "to", "cause"];
        let rows = self.events()?.into_iter().skip(known).map(|detail| fields.map(|field| text(&detail[field])));
        Ok(table(fields, rows))
    }
}

/// The model itself answered, and said what somebody says is right.
fn is_right(answer: &Answer, label: Option<&str>) -> bool {
    answer.answered_by == AnsweredBy::Model && model_class(answer) == label
}

fn newest(folder: &Path) -> Result<PathBuf, CliError> {
    let entries = std::fs::read_dir(folder).map_err(|e| CliError::file(folder, &e))?;
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let newest = entries.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(modified);
    newest.ok_or_else(|| CliError::new(Kind::Failed, "no_bundle", format!("{} holds no bundle", folder.display())))
}
