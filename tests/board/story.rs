//! The story: starts that are cut short, on every core, through a sensor that comes loose, a network and an update; a last one
//! that loses the network and ends in order; and one for each way in which its partition can be damaged.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dunlin::ids::PredictionId;
use dunlin_tests::server::Server;

use crate::disk::{self, Damage};
use crate::emulator::{Board, CORES, Setup};
use crate::factory::Factory;
use crate::image::{self, Scene};
use crate::inspection::{Found, inspect};

/// Longest wait for a first answer: an emulated board on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// A start is cut at random between these after its first answer.
const CUT_SECONDS: [f64; 2] = [2.0, 12.0];
/// The last start, which ends by itself.
const LAST_SECONDS: u64 = 65;
/// Its network goes away so long after its first answer.
const UNPLUGGED_AFTER: Duration = Duration::from_secs(25);
/// Answers without it, of a rate of which a tenth would do.
const WITHOUT_NETWORK: usize = 100;
/// A start with a damaged partition, which ends by itself.
const DAMAGED_SECONDS: u64 = 5;

/// With so many cuts there are records enough before and after the sensor has come loose.
const ENOUGH_FOR_DRIFT: usize = 10;

/// Everything that the starts share.
struct Bench<'a> {
    parts: &'a Path,
    work: PathBuf,
    factory: Factory,
    server: Server,
    acknowledged: BTreeSet<PredictionId>,
}

/// How a start went.
struct Start {
    answers: usize,
    seconds: f64,
    found: Found,
    console: Vec<String>,
}

/// Plays it, and prints a line for each start and what came of it.
///
/// # Panics
/// Where something that must hold does not.
pub(crate) fn play(parts: &Path, kills: usize) {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().to_owned();
    let factory = Factory::make(work.clone());
    let server = Server::start(&work.join("served"), &factory.path("channel"));
    let mut bench = Bench { parts, work, factory, server, acknowledged: BTreeSet::new() };
    disk::make(&bench.work.join("data.img"));
    println!(
        "start  core        sensor  network  clock  windows/s  on the record  version  slots; drift; summaries delivered"
    );
    let mut versions = BTreeSet::new();
    for number in 0..=kills {
        if number == kills * 3 / 4 {
            bench.factory.publish();
        }
        let start = bench.start(number, kills);
        println!("{}", line(number, kills, &start));
        versions.insert(start.found.version.clone());
        if number == kills {
            finish(&bench, kills, &start, &versions);
        }
    }
    for damage in [Damage::Unreadable, Damage::Inconsistent] {
        bench.start_damaged(damage);
    }
}

/// A third of the way the sensor comes loose; at half of it there is a network, and at three quarters an update; every other
/// start without a network has no clock either.
fn scene(number: usize, kills: usize) -> (&'static str, bool, bool) {
    let samples = if number * 3 >= kills { "loose.txt" } else { "steady.txt" };
    let has_network = number * 2 >= kills;
    (samples, has_network, !has_network && number % 2 == 1)
}

impl Bench<'_> {
    fn start(&mut self, number: usize, kills: usize) -> Start {
        let (samples, has_network, is_1970) = scene(number, kills);
        let is_last = number == kills;
        let seconds = if is_last { LAST_SECONDS } else { 3_600 };
        let disk = self.work.join("data.img");
        let setup = Setup { core: CORES[number % CORES.len()], has_network, is_1970 };
        let board = self.boot(&number.to_string(), samples, seconds, &disk, &setup);
        let mut said = board.listen(PATIENCE, |line| answer(line).is_some() || line.starts_with("RC="));
        assert!(said.last().is_some_and(|line| answer(line).is_some()), "no answer: {}", said.join("\n"));
        let begun = std::time::Instant::now();
        let time = if is_last { UNPLUGGED_AFTER } else { Duration::from_secs_f64(random(CUT_SECONDS)) };
        said.extend(board.listen(time, |line| line.starts_with("RC=")));
        if is_last {
            board.unplug();
            let without = board.listen(PATIENCE, |line| line.starts_with("RC="));
            let answers = without.iter().filter(|line| answer(line).is_some()).count();
            assert!(answers >= WITHOUT_NETWORK, "{answers} answers without a network");
            let told: Vec<&String> = without.iter().filter(|line| answer(line).is_none()).collect();
            let is_trouble = |line: &String| line.contains("summaries wait: ") || line.contains("no update: ");
            assert!(told.iter().any(|line| is_trouble(line)), "nobody noticed that there is no network: {told:#?}");
            said.extend(without);
        }
        let seconds = if is_last { LAST_SECONDS as f64 } else { begun.elapsed().as_secs_f64() };
        said.extend(board.shoot());
        let answers: Vec<PredictionId> = said.iter().filter_map(|line| answer(line)).collect();
        for id in &answers {
            assert!(self.acknowledged.insert(*id), "{id} was given out twice");
        }
        let state = disk::read(&disk, &self.work);
        let key = std::fs::read_to_string(self.factory.path("team.pub")).unwrap();
        let found = inspect(&state, &key, &self.acknowledged);
        Start { answers: answers.len(), seconds, found, console: said }
    }

    /// Answers go on, by the bundle that the image ships with where nothing can be read, and the log says what to do.
    fn start_damaged(&self, damage: Damage) {
        let disk = disk::damage(&self.work.join("data.img"), damage, &self.work);
        let setup = Setup { core: CORES[0], has_network: false, is_1970: false };
        let board = self.boot(&format!("{damage:?}"), "steady.txt", DAMAGED_SECONDS, &disk, &setup);
        let said = board.listen(PATIENCE, |line| line.starts_with("RC="));
        let answers = said.iter().filter(|line| answer(line).is_some()).count();
        let remedy = said.iter().find(|line| line.starts_with("ERROR: /data/dunlin")).map(String::as_str);
        println!("a partition that is {damage:?}: {answers} answers; {}", remedy.unwrap_or_default());
        let told = || said.join("\n");
        assert!(answers as u64 >= 10 * DAMAGED_SECONDS, "{damage:?}: {answers} answers; {}", told());
        assert!(remedy.is_some(), "{damage:?}: {}", told());
        let is_held = said.iter().any(|line| line.contains("is held in memory"));
        assert_eq!(is_held, matches!(damage, Damage::Unreadable), "{damage:?}: {}", told());
        assert!(said.iter().any(|line| line == "RC=6"), "{damage:?}: {}", told());
    }

    fn boot(&self, name: &str, samples: &'static str, seconds: u64, disk: &Path, setup: &Setup<'_>) -> Board {
        let scene = Scene { samples, seconds, port: self.server.port };
        let image = image::build(self.parts, &self.factory, scene, &self.work);
        let console = self.work.join(format!("console-{name}.txt"));
        Board::boot(&self.parts.join("vmlinuz"), &image, disk, &console, setup)
    }
}

/// The id in a whole line of the console.
fn answer(line: &str) -> Option<PredictionId> {
    let mut words = line.strip_prefix("answer ")?.split(' ');
    let (id, _, _) = (words.next()?, words.next()?, words.next()?);
    id.parse().ok()
}

fn line(number: usize, kills: usize, start: &Start) -> String {
    let (samples, has_network, is_1970) = scene(number, kills);
    let core = CORES[number % CORES.len()].split(',').next().unwrap();
    let found = &start.found;
    let drift: Vec<&str> = found.drift.iter().map(String::as_str).collect();
    format!(
        "{:>5}  {core:<10}  {:<6}  {:<7}  {:<5}  {:>9.1}  {:>13}  {:<7}  {}; {}; {}",
        if number == kills { "last".to_owned() } else { number.to_string() },
        samples.trim_end_matches(".txt"),
        if has_network { "yes" } else { "no" },
        if is_1970 { "1970" } else { "right" },
        start.answers as f64 / start.seconds,
        found.rows,
        found.version,
        found.slots.join(", "),
        if drift.is_empty() { "none".to_owned() } else { drift.join(", ") },
        found.delivered,
    )
}

/// What must hold in the end, and the report's last lines.
fn finish(bench: &Bench<'_>, kills: usize, last: &Start, versions: &BTreeSet<String>) {
    let says = |word: &str| last.console.iter().rev().find(|line| line.starts_with(word)).cloned().unwrap_or_default();
    let peak: u64 = says("PEAK").split(' ').find_map(|word| word.parse().ok()).expect("the peak is told");
    println!(
        "\n{kills} cuts: {} answers were told, each is on the record; {} windows of samples, each counted once; versions that \
         answered: {versions:?}; peak RSS {peak} kB in a cgroup of 32 MB",
        bench.acknowledged.len(),
        last.found.rows,
    );
    assert_eq!(says("RC="), "RC=0", "the daemon ends in order");
    assert!(says("OOM").ends_with(" 0"), "the memory was not enough");
    assert!(peak <= 16 << 10, "{peak} kB are more than 16 MB");
    assert!(last.found.delivered > 0, "no summary was delivered");
    // Drift is told from a past of two thousand records and a window of five hundred.
    assert!(kills < ENOUGH_FOR_DRIFT || !last.found.drift.is_empty(), "the loose sensor was not noticed");
    assert!(last.found.slots.iter().any(|slot| slot.starts_with("1.1.0")), "the update was not taken");
}

fn random([least, most]: [f64; 2]) -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    least + (most - least) * f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
