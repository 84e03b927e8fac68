//! `dunlin retrain`: from what devices told and fresh labels to a challenger that has beaten the champion, published.

mod contest;
mod data;
mod verdict;

use std::path::{Path, PathBuf};

use dunlin_bundle::manifest::Provenance;
use dunlin_bundle::{Bundle, Contents, with_provenance};
use dunlin_models::pack::{Precision, pack};
use dunlin_models::{LabelledRecord, ModelFolder, digits, held_out_of};
use serde_json::{Value, json};

use self::contest::{Contest, contest};
use self::verdict::Verdict;
use super::{publish, read_keys, sign, train, write};
use crate::error::{CliError, Kind};
use crate::output::{Output, table};

/// Train a challenger on fresh labelled records where devices raised an alarm, and publish it if it beats the champion.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The recipe; one that learns from labelled records that came later.
    recipe: Recipe,
    /// The bundle that devices run now.
    #[arg(long, value_name = "BUNDLE")]
    champion: PathBuf,
    /// Public key to trust for it; may be given more than once.
    #[arg(long = "key", required = true)]
    keys: Vec<PathBuf>,
    /// Folder of `dunlin serve`, which holds what devices have told.
    #[arg(long, value_name = "DIR")]
    received: PathBuf,
    /// Folder of labelled records: every .jsonl file in it, a {"record": {...}, "label": ...} a line.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for the challenger: its model folder and its bundle.
    #[arg(long)]
    out: PathBuf,
    /// Train even where no device has raised an alarm.
    #[arg(long)]
    force: bool,
    /// How weights are held: f32, or ggml blocks.
    #[arg(long, default_value = "f32")]
    precision: Precision,
    /// Decides initial weights, order and split; take the champion's, so that what it held out is held out again.
    #[arg(long, default_value_t = digits::SEED)]
    seed: u64,
    /// Secret key to sign the challenger with; without it the bundle stays unsigned, and is not published.
    #[arg(long, requires_all = ["reviewer", "commit"])]
    sign_key: Option<PathBuf>,
    /// Who looks at the challenger and lets it go.
    #[arg(long)]
    reviewer: Option<String>,
    /// Commit of the training code.
    #[arg(long)]
    commit: Option<String>,
    /// Channel to publish it to.
    #[arg(long, value_name = "DIR", requires_all = ["sign_key", "publish_key"])]
    channel: Option<PathBuf>,
    /// Secret key of the channel.
    #[arg(long, requires = "channel")]
    publish_key: Option<PathBuf>,
    /// Share of the devices that may take it at first, 0 to 100.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    percent: u32,
    /// File with the secret keys' password; otherwise it is asked for where a key has one.
    #[arg(long)]
    password_file: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Recipe {
    /// Handwritten digits.
    Digits,
}

/// Runs the command.
pub(crate) fn run(args: &Args, output: Output) -> Result<(), CliError> {
    let Recipe::Digits = args.recipe;
    let champion = Bundle::open(&args.champion, &read_keys(&args.keys)?);
    let champion = champion.map_err(|error| CliError::from(error).of(&args.champion))?;
    let verdict = Verdict::of(&args.received, &champion)?;
    output.say(&verdict.told());
    if !verdict.is_alarm() && !args.force {
        let document = json!({"outcome": "not_needed", "received": verdict.document()});
        output.result(&document, || "Nothing is trained; --force trains all the same.".to_owned());
        return Ok(());
    }
    let fresh = data::read(&args.data, champion.schema())?;
    output.say(&format!("{} fresh labelled records in {}.", fresh.len(), args.data.display()));
    let folder = trained(args, &champion, &fresh, output)?;
    let packed = pack(&folder, args.precision)?;
    let challenger = Contents::read_unsigned(packed.bytes.clone())?;
    let held_out_fresh = held_out_of(fresh.len());
    let (scans, later) = folder.held_out.split_at(folder.held_out.len().saturating_sub(held_out_fresh));
    let contests = [
        contest("records like those of before", &champion, &challenger, scans)?,
        contest("fresh records", &champion, &challenger, later)?,
    ];
    output.say(&told(&contests).to_string());
    let wins = contests[1].is_won() && !contests[0].is_lost();
    let document = json!({
        "outcome": if wins { "challenger" } else { "champion" }, "received": verdict.document(),
        "fresh": fresh.len(), "contests": contests.iter().map(Contest::document).collect::<Vec<_>>(),
    });
    if !wins {
        let message = "the challenger is not clearly better on the fresh records, or worse on those of before: nothing is published";
        if output.json {
            output.result(&document, String::new);
            return Err(CliError::told(Kind::Model));
        }
        return Err(CliError::new(Kind::Model, "champion_stays", message));
    }
    let (bundle, published) = release(args, &folder, packed.bytes)?;
    let document = with(document, json!({"bundle": bundle, "published": published}));
    output.result(&document, || said(&folder, &bundle, args, published));
    Ok(())
}

/// Trains with the champion's identity, one sequence on, and writes the model folder.
fn trained(args: &Args, champion: &Bundle, fresh: &[LabelledRecord], output: Output) -> Result<ModelFolder, CliError> {
    let mut folder = train::with_progress(output, |told| digits::train_on(args.seed, fresh, told))?;
    let manifest = champion.manifest();
    folder.settings.model_id.clone_from(&manifest.model_id);
    folder.settings.version = manifest.version.clone();
    folder.settings.version.minor = manifest.version.minor.saturating_add(1);
    folder.settings.version.patch = 0;
    folder.settings.sequence = manifest.sequence.saturating_add(1);
    folder.write(&args.out.join("model"))?;
    Ok(folder)
}

/// Writes the bundle, signs it where there is a key, and publishes it where there is a channel.
fn release(args: &Args, folder: &ModelFolder, bytes: Vec<u8>) -> Result<(PathBuf, bool), CliError> {
    let path = args.out.join(format!("{}-{}.dunlin", folder.settings.model_id, folder.settings.version));
    let Some(key) = &args.sign_key else {
        write(&path, &bytes)?;
        return Ok((path, false));
    };
    let provenance =
        Provenance { commit: args.commit.clone(), reviewer: args.reviewer.clone(), ..Provenance::default() };
    let secret = sign::secret_key(key, args.password_file.as_deref())?;
    write(&path, &sign::sign(with_provenance(bytes, None, provenance)?, &secret)?)?;
    let (Some(channel), Some(key)) = (&args.channel, &args.publish_key) else { return Ok((path, false)) };
    publish::add(&publish::Args::of(&path, channel, args.percent, key, args.password_file.as_deref()))?;
    Ok((path, true))
}

fn with(document: Value, more: Value) -> Value {
    match (document, more) {
        (Value::Object(mut document), Value::Object(more)) => {
            document.extend(more);
            Value::Object(document)
        }
        (document, _) => document,
    }
}

fn told(contests: &[Contest]) -> comfy_table::Table {
    let rows = contests.iter().map(|contest| {
        [
            contest.on.to_owned(),
            contest.records.to_string(),
            format!("{:.4}", contest.champion),
            format!("{:.4}", contest.challenger),
            contest.decision().to_owned(),
        ]
    });
    table(["right and accepted, of", "records", "champion", "challenger", "the challenger is"], rows)
}

fn said(folder: &ModelFolder, bundle: &Path, args: &Args, published: bool) -> String {
    let settings = &folder.settings;
    let name = format!("{} {} (sequence {})", settings.model_id, settings.version, settings.sequence);
    let path = bundle.display();
    match (published, &args.sign_key) {
        (true, _) => format!("The challenger wins: {name} is published to {} % of the devices.", args.percent),
        (false, Some(_)) => {
            format!("The challenger wins: {name} is signed.\nNext: dunlin publish {path} --channel DIR")
        }
        (false, None) => format!("The challenger wins: {name} is packed.\nNext: dunlin sign {path} --key KEY"),
    }
}
