//! A model that ends the process at its first prediction is not started for ever.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use dunlin::{Config, Record, Runtime, Session, SessionError, TrustedKeys};
use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, EngineError, KernelSet, Model, PlanEngine, RawOutput, Run};
use dunlin_tests::challenger::biased;
use dunlin_tests::fixture::tiny_parts;

use crate::device::Device;

/// Set in the child: the runtime's folder, and the public key's text.
const FOLDER: &str = "DUNLIN_LIFECYCLE_FOLDER";
const KEY: &str = "DUNLIN_LIFECYCLE_KEY";

/// An engine none of whose runs comes back.
struct Deadly(PlanEngine, End);

struct DeadlyModel(Arc<dyn Model>, End);

struct DeadlyRun(End);

/// How a run ends.
#[derive(Clone, Copy)]
enum End {
    /// The process, as a kernel with an illegal instruction would end it.
    Abort,
    /// The thread, in a way that whoever calls may catch.
    Panic,
}

impl Engine for Deadly {
    fn compile(&self, graph: &Graph, weights: &Weights) -> Result<Arc<dyn Model>, EngineError> {
        Ok(Arc::new(DeadlyModel(self.0.compile(graph, weights)?, self.1)))
    }
}

impl Model for DeadlyModel {
    fn new_run(self: Arc<Self>) -> Box<dyn Run> {
        Box::new(DeadlyRun(self.1))
    }

    fn kernels(&self) -> &KernelSet {
        self.0.kernels()
    }
}

impl Run for DeadlyRun {
    fn run(&mut self, _: &[Tensor], _: &mut RawOutput) -> Result<(), EngineError> {
        // Long enough for others to have begun too.
        std::thread::sleep(Duration::from_millis(50));
        match self.0 {
            End::Abort => std::process::abort(),
            End::Panic => std::panic::resume_unwind(Box::new("a fault in a kernel")),
        }
    }
}

/// What the child does: opens the folder with the deadly engine, and predicts in as many sessions side by side as it is told.
fn child(folder: &str, callers: usize) {
    let mut keys = TrustedKeys::new();
    keys.add("test", &std::env::var(KEY).unwrap()).unwrap();
    let runtime = deadly(folder.as_ref(), keys, End::Abort);
    drop(runtime.session("tiny").unwrap());
    side_by_side(&runtime, callers);
}

fn deadly(folder: &Path, keys: TrustedKeys, end: End) -> Runtime {
    Runtime::open(Config::with_engine(folder, keys, Arc::new(Deadly(PlanEngine::default(), end))))
}

/// Opens sessions side by side and has each predict; the version that each was opened with.
fn side_by_side(runtime: &Runtime, sessions: usize) -> Vec<String> {
    let together = Barrier::new(sessions);
    let open = || {
        together.wait();
        let mut session = runtime.session("tiny").unwrap();
        session.predict(&record(&session)).unwrap();
        session.model_version().to_owned()
    };
    std::thread::scope(|threads| {
        let threads: Vec<_> = (0..sessions).map(|_| threads.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn record(session: &Session) -> Record<'static> {
    let record = r#"{"age": 40, "visits": 3, "colour": "red", "member": true}"#;
    Record::from_json_str(session.schema(), record).unwrap()
}

/// Runs the child and tells whether it lived.
fn start(device: &Device, test: &str) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "-q"]).env(FOLDER, device.folder()).env(KEY, device.key.public_text());
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn after_three_failed_starts_the_previous_model_answers() {
    const NAME: &str = "start::after_three_failed_starts_the_previous_model_answers";
    if let Ok(folder) = std::env::var(FOLDER) {
        return child(&folder, 1);
    }
    let mut device = Device::new();
    let (runtime, session) = device.ready();
    drop(session);
    runtime.install(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    drop(runtime);
    for attempt in 1..=3 {
        assert!(!start(&device, NAME), "attempt {attempt} should die");
    }
    let runtime = device.open();
    assert_eq!(side_by_side(&runtime, 8), ["1.2.3"; 8], "whoever comes to it first");
    let change = |version: &str, from: &str, to: &str| [version, from, to, "failed_starts"].map(str::to_owned);
    assert_eq!(device.changes(), [change("1.2.8", "active", "refused"), change("1.2.3", "previous", "active")]);
    assert_eq!(runtime.install(&device.bundle(&biased(8, [0.0; 3]))).unwrap_err().code(), "thrown_out");
}

#[test]
fn a_model_without_a_previous_one_that_keeps_failing_is_not_started_and_says_so() {
    const NAME: &str = "start::a_model_without_a_previous_one_that_keeps_failing_is_not_started_and_says_so";
    if let Ok(folder) = std::env::var(FOLDER) {
        return child(&folder, 1);
    }
    let device = Device::new();
    device.open().install(&device.bundle(&tiny_parts())).unwrap();
    (0..3).for_each(|_| assert!(!start(&device, NAME)));
    let runtime = device.open();
    let error = runtime.session("tiny").err().unwrap();
    assert!(matches!(error, SessionError::KeepsFailing { starts: 3, .. }), "{error}");
    // Another bundle ends it.
    runtime.install(&device.bundle(&biased(8, [0.0; 3]))).unwrap();
    assert_eq!(runtime.session("tiny").unwrap().model_version(), "1.2.8");
}

#[test]
fn sessions_that_start_side_by_side_are_one_start() {
    let device = Device::new();
    let runtime = device.open();
    runtime.install(&device.bundle(&tiny_parts())).unwrap();
    assert_eq!(side_by_side(&runtime, 16), ["1.2.3"; 16]);
}

#[test]
fn a_crash_of_many_sessions_is_one_failed_start() {
    const NAME: &str = "start::a_crash_of_many_sessions_is_one_failed_start";
    if let Ok(folder) = std::env::var(FOLDER) {
        child(&folder, 8);
        return;
    }
    let device = Device::new();
    device.open().install(&device.bundle(&tiny_parts())).unwrap();
    (0..2).for_each(|_| assert!(!start(&device, NAME)));
    assert_eq!(device.open().session("tiny").unwrap().model_version(), "1.2.3");
    assert!(!start(&device, NAME));
    assert!(matches!(device.open().session("tiny").err(), Some(SessionError::KeepsFailing { starts: 3, .. })));
}

#[test]
fn a_model_that_panics_in_three_sessions_is_not_started_in_a_fourth() {
    let device = Device::new();
    device.open().install(&device.bundle(&tiny_parts())).unwrap();
    let runtime = deadly(&device.folder(), device.key.trusted(), End::Panic);
    for _ in 0..3 {
        let mut session = runtime.session("tiny").unwrap();
        let record = record(&session);
        std::panic::catch_unwind(AssertUnwindSafe(|| session.predict(&record))).unwrap_err();
    }
    assert!(matches!(runtime.session("tiny").err(), Some(SessionError::KeepsFailing { starts: 3, .. })));
}

#[test]
fn an_app_that_is_ended_before_it_predicts_counts_for_nothing() {
    const NAME: &str = "start::an_app_that_is_ended_before_it_predicts_counts_for_nothing";
    if let Ok(folder) = std::env::var(FOLDER) {
        child(&folder, 0);
        // As the system ends an app in the background: without a word.
        std::process::abort();
    }
    let device = Device::new();
    device.open().install(&device.bundle(&tiny_parts())).unwrap();
    (0..5).for_each(|_| assert!(!start(&device, NAME)));
    assert_eq!(device.open().session("tiny").unwrap().model_version(), "1.2.3");
}
