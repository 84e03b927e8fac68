//! Models loaded for sessions: sessions of one model share its weights.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dunlin_bundle::Bundle;
use dunlin_bundle::manifest::{FallbackStep, Manifest, Objective};
use dunlin_bundle::reference::Reference;
use dunlin_engine::Engine;
use dunlin_predictor::{LoadError, Predictor};
use dunlin_wire::ModelVersion;

use crate::cache::{Answers, Owner};
use crate::journal::Context;
use crate::monitor::Watch;
use crate::privacy::HashKey;
use crate::store::Slot;

/// The app's own fallback chains, by model.
#[derive(Clone, Debug, Default)]
pub(crate) struct FallbackChains(BTreeMap<String, Arc<[FallbackStep]>>);

impl FallbackChains {
    /// Sets a model's.
    pub(crate) fn set(&mut self, model_id: &str, chain: &[FallbackStep]) {
        self.0.insert(model_id.to_owned(), chain.into());
    }

    /// The app's, else the bundle's, else the usual.
    fn of(&self, manifest: &Manifest) -> Arc<[FallbackStep]> {
        let declared = || manifest.fallback.as_deref().unwrap_or(&FallbackStep::USUAL).into();
        self.0.get(&manifest.model_id).map_or_else(declared, Arc::clone)
    }
}

/// A model and its baseline, ready to answer.
pub(crate) struct LoadedModel {
    model: Mutex<Predictor>,
    baseline: Option<Mutex<Predictor>>,
    pub(crate) version: ModelVersion,
    /// Of its bundle.
    pub(crate) digest: String,
    /// Computed in advance.
    pub(crate) answers: Option<Answers>,
    pub(crate) kernel_set: String,
    pub(crate) reference: Reference,
    pub(crate) watch: Arc<Watch>,
    pub(crate) latency_budget_us: Option<u64>,
    /// Who may answer where it abstains, in order.
    pub(crate) fallback: Arc<[FallbackStep]>,
    /// The outcome by which it is compared with another version.
    pub(crate) objective: Option<Objective>,
    /// When it should no longer be taken for fresh, in microseconds since the Unix epoch.
    pub(crate) stale_from_us: Option<i64>,
    /// It was thrown out while sessions held it.
    withdrawn: AtomicBool,
}

impl LoadedModel {
    /// Compiles a bundle's model and baseline.
    pub(super) fn load(
        engine: &dyn Engine,
        bundle: &Bundle,
        chains: &FallbackChains,
        installed_us: i64,
    ) -> Result<Self, LoadError> {
        const DAY_US: i64 = 24 * 3_600 * 1_000_000;
        let model = Predictor::load(engine, bundle)?;
        let manifest = bundle.manifest();
        let version = ModelVersion {
            id: manifest.model_id.clone(),
            version: manifest.version.to_string(),
            sequence: manifest.sequence,
        };
        let watch = Watch::new(version.clone(), bundle.schema(), bundle.reference(), manifest.latency_budget_us);
        let max_age = manifest.max_age_days.map(|days| i64::from(days).saturating_mul(DAY_US));
        Ok(Self {
            digest: bundle.digest().to_owned(),
            answers: None,
            kernel_set: model.kernels().to_string(),
            model: Mutex::new(model),
            baseline: Predictor::load_baseline(engine, bundle)?.map(Mutex::new),
            version,
            reference: bundle.reference().clone(),
            watch: Arc::new(watch),
            latency_budget_us: manifest.latency_budget_us,
            fallback: chains.of(manifest),
            objective: manifest.objective.clone(),
            stale_from_us: max_age.map(|age| installed_us.saturating_add(age)),
            withdrawn: AtomicBool::new(false),
        })
    }

    /// With the answers that were computed in advance, where there are some.
    pub(super) fn with_answers(mut self, folder: &Path, key: &HashKey) -> Self {
        let model = self.model.get_mut().unwrap_or_else(PoisonError::into_inner);
        let owner = Owner { key, digest: &self.digest, shapes: model.output_shapes().collect() };
        self.answers = Answers::open(folder, owner);
        self
    }

    /// Predictors for one more session, on the same weights. The locks guard values that are only read.
    pub(crate) fn predictors(&self) -> (Predictor, Option<Predictor>) {
        let another = |p: &Mutex<Predictor>| p.lock().unwrap_or_else(PoisonError::into_inner).another();
        (another(&self.model), self.baseline.as_ref().map(another))
    }

    /// What the rows of a session have in common that has it in a slot.
    pub(crate) fn context(&self, slot: Slot) -> Context {
        Context {
            model_id: self.version.id.clone(),
            version: self.version.version.clone(),
            sequence: self.version.sequence,
            slot: slot.name().to_owned(),
            kernel_set: self.kernel_set.clone(),
        }
    }

    /// Whether it was thrown out: sessions answer with it no more.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }
}
