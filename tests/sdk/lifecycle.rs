//! What becomes of a model's versions, step by step: by hand, and by what is seen of them.

use std::collections::HashMap;
use std::sync::Arc;

use dunlin_uniffi::{
    Config, DunlinError, Durability, FallbackStep, Fetch, InstallReport, Link, ModelUpdate, Response, Session, Switch,
    Transport, TransportError, TrialPolicy, UpdatePolicy, UpdateReport, Upload,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::all_pass;
use crate::cases::ExpectedError;
use crate::fixture::FIXTURE;
use crate::sdk::Sdk;
use crate::surface::{answered_by, refusal};

/// The policy of every lifecycle: all records are compared, and stages are short.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trial {
    shadow_share: f64,
    shadow_cpu: f64,
    min_compared: u64,
}

/// Steps in a fresh folder, and what is so after each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lifecycle {
    name: String,
    /// Who answers where `tiny` abstains, where the app says it.
    chain: Option<Vec<String>>,
    /// The app's policy on bundles.
    admission: Option<Value>,
    /// The update channel that is followed, for `tiny` too where it is not installed.
    channel: Option<String>,
    steps: Vec<Step>,
}

/// What is not named is not compared, but for `active` and `stage`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(rename = "do")]
    act: String,
    bundle: Option<String>,
    record: Option<Map<String, Value>>,
    times: Option<u32>,
    link: Option<String>,
    /// Of an installation or an update.
    outcome: Option<String>,
    /// Of a change by hand; of an update where it is named.
    version: Option<String>,
    /// How many bundles an update recalled.
    #[serde(default)]
    recalled: usize,
    /// Of a renewal.
    changed: Option<bool>,
    /// By whom each prediction was answered.
    answered_by: Option<String>,
    error: Option<ExpectedError>,
    /// Version of the session that was opened once something was active.
    answers: Option<String>,
    /// Version in sessions opened now.
    active: Option<String>,
    /// How far the trial has come, if one is on.
    stage: Option<String>,
}

/// What came of a step.
#[derive(Debug, PartialEq)]
enum Came {
    Outcome(String),
    Version(String),
    Updated { outcome: String, version: Option<String>, recalled: usize },
    Changed(bool),
    AnsweredBy(Option<String>),
    Refused(ExpectedError),
}

#[test]
fn every_lifecycle_goes_as_it_must() {
    all_pass(FIXTURE.cases.lifecycles.iter().map(outcome), 14);
}

fn outcome(lifecycle: &Lifecycle) -> Option<String> {
    let sdk = Sdk::with(|config| configure(config, lifecycle));
    let mut session: Option<Session> = None;
    for (at, step) in lifecycle.steps.iter().enumerate() {
        let came = act(&sdk, session.as_ref(), step).unwrap_or_else(|error| Came::Refused(refusal(&error)));
        let opened = sdk.runtime.session("tiny".to_owned()).ok();
        let active = opened.as_ref().map(|session| session.model_version().unwrap());
        session = session.or(opened);
        let answers = session.as_ref().map(|session| session.model_version().unwrap());
        let stage = sdk.runtime.trials().unwrap().pop().map(|trial| trial.stage);
        let is_right = expected(step, &came)
            && active == step.active
            && stage == step.stage
            && (step.answers.is_none() || answers == step.answers);
        if !is_right {
            let name = &lifecycle.name;
            return Some(format!("{name}, step {at} ({}): {came:?}, {active:?}, {stage:?}, {answers:?}", step.act));
        }
    }
    None
}

fn configure(config: &mut Config, lifecycle: &Lifecycle) {
    let Trial { shadow_share, shadow_cpu, min_compared } = FIXTURE.cases.trial;
    let (shadow_share, shadow_cpu, min_compared) = (Some(shadow_share), Some(shadow_cpu), Some(min_compared));
    config.durability = Some(Durability::Sync);
    config.trial = Some(TrialPolicy { shadow_share, shadow_cpu, min_compared, ..TrialPolicy::default() });
    config.admission = lifecycle.admission.as_ref().map(Value::to_string);
    let chain = lifecycle.chain.as_ref().map(|chain| chain.iter().map(|step| step_of(step)).collect());
    config.fallback_chains = chain.map(|chain| HashMap::from([("tiny".to_owned(), chain)]));
    config.updates = lifecycle.channel.as_deref().map(updates);
}

/// Follows a channel of the fixture.
pub(crate) fn updates(channel: &str) -> UpdatePolicy {
    let (root, channel) = (std::fs::read(FIXTURE.path("channel/root/1.json")).unwrap(), channel.to_owned());
    let models = Some(vec!["tiny".to_owned()]);
    UpdatePolicy { root, channel, over_metered: None, max_bytes: None, models }
}

fn link(step: &Step) -> Link {
    match step.link.as_deref() {
        Some("metered") => Link::Metered,
        _ => Link::Unmetered,
    }
}

fn updated(report: UpdateReport) -> Came {
    let [model] = <[ModelUpdate; 1]>::try_from(report.models).unwrap();
    let outcome = format!("{:?}", model.outcome);
    Came::Updated { outcome, version: model.version, recalled: model.recalled.len() }
}

/// The fixture's channels, as a server would hand them out.
pub(crate) struct Files;

impl Transport for Files {
    fn send(&self, _: Upload) -> Result<Response, TransportError> {
        Err(TransportError::NoAnswer { reason: "nothing is to be sent here".to_owned() })
    }

    fn fetch(&self, fetch: Fetch) -> Result<Response, TransportError> {
        let response = |status, body| Ok(Response { status, retry_after: None, body });
        let file = FIXTURE.path(fetch.path.strip_prefix("/v1/").unwrap());
        let Ok(whole) = std::fs::read(file) else { return response(404, Vec::new()) };
        let Some(range) = fetch.range else { return response(200, whole) };
        let (first, last) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
        let part = whole[first.parse().unwrap()..=last.parse().unwrap()].to_vec();
        assert!(part.len() as u64 <= fetch.max_bytes);
        response(206, part)
    }
}

fn step_of(name: &str) -> FallbackStep {
    match name {
        "previous" => FallbackStep::Previous,
        "baseline" => FallbackStep::Baseline,
        "cloud" => FallbackStep::Cloud,
        other => panic!("{other} is no step"),
    }
}

fn act(sdk: &Sdk, session: Option<&Session>, step: &Step) -> Result<Came, DunlinError> {
    let (runtime, tiny) = (&sdk.runtime, || "tiny".to_owned());
    let bundle = || FIXTURE.path(step.bundle.as_ref().unwrap()).to_str().unwrap().to_owned();
    let session = || session.unwrap();
    let installed = |report: InstallReport| Came::Outcome(format!("{:?}", report.outcome));
    let switched = |switch: Switch| Came::Version(switch.version);
    Ok(match step.act.as_str() {
        "install" => installed(runtime.install(bundle())?),
        "install_shipped" => installed(runtime.install_shipped(bundle())?),
        "install_candidate" => installed(runtime.install_candidate(bundle())?),
        "activate" => switched(runtime.activate(tiny())?),
        "rollback" => switched(runtime.rollback(tiny())?),
        "reject" => switched(runtime.reject(tiny())?),
        "update" => updated(runtime.update(Arc::new(Files), link(step))?),
        "renew" => Came::Changed(session().renew()?),
        "predict" => Came::AnsweredBy(predict(session(), step)?),
        other => panic!("{other} is no step of a lifecycle"),
    })
}

/// By whom all were answered, where it was the same for each.
fn predict(session: &Session, step: &Step) -> Result<Option<String>, DunlinError> {
    let record = dunlin_uniffi::RecordBuilder::new();
    record.json(Value::Object(step.record.clone().unwrap()).to_string());
    let mut by = Vec::new();
    for _ in 0..step.times.unwrap() {
        by.push(answered_by(session.predict(&record)?.answered_by));
    }
    by.dedup();
    Ok(by.pop().filter(|_| by.is_empty()).map(str::to_owned))
}

fn expected(step: &Step, came: &Came) -> bool {
    match came {
        Came::Outcome(outcome) => step.outcome.as_ref() == Some(outcome),
        Came::Version(version) => step.version.as_ref() == Some(version),
        Came::Updated { outcome, version, recalled } => {
            let is_version = step.version.is_none() || step.version == *version;
            step.outcome.as_ref() == Some(outcome) && is_version && step.recalled == *recalled
        }
        Came::Changed(changed) => step.changed == Some(*changed),
        Came::AnsweredBy(by) => step.answered_by.is_none() || step.answered_by == *by,
        Came::Refused(error) => step.error.as_ref() == Some(error),
    }
}
