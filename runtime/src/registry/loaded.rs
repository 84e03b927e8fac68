//! Models loaded for sessions: sessions of one model share its weights.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dunlin_bundle::reference::Reference;
use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_engine::Engine;
use dunlin_predictor::{LoadError, Predictor};
use dunlin_wire::ModelVersion;

use super::files;
use crate::health::Notice;
use crate::journal::Context;
use crate::monitor::Watch;
use crate::session::SessionError;
use crate::store::{InstalledModel, Slot};

/// A model and its baseline, ready to answer.
pub(crate) struct LoadedModel {
    model: Mutex<Predictor>,
    baseline: Option<Mutex<Predictor>>,
    pub(crate) context: Arc<Context>,
    pub(crate) reference: Reference,
    pub(crate) watch: Arc<Watch>,
    /// When it should no longer be taken for fresh, in microseconds since the Unix epoch.
    pub(crate) stale_from_us: Option<i64>,
}

/// Every model that a session or an installation has loaded.
#[derive(Default)]
pub(crate) struct Registry {
    /// By digest, for as long as a session uses them.
    in_use: Mutex<BTreeMap<String, Weak<LoadedModel>>>,
    /// By model id: bundles that could be verified but not stored, because the folder cannot be written, and why not.
    in_memory: Mutex<BTreeMap<String, (Arc<LoadedModel>, Notice)>>,
}

impl LoadedModel {
    /// Compiles a bundle's model and baseline.
    pub(super) fn load(engine: &dyn Engine, bundle: &Bundle, installed_us: i64, slot: &str) -> Result<Self, LoadError> {
        const DAY_US: i64 = 24 * 3_600 * 1_000_000;
        let model = Predictor::load(engine, bundle)?;
        let manifest = bundle.manifest();
        let context = Context {
            model_id: manifest.model_id.clone(),
            version: manifest.version.to_string(),
            sequence: manifest.sequence,
            slot: slot.to_owned(),
            kernel_set: model.kernels().to_string(),
        };
        let version =
            ModelVersion { id: context.model_id.clone(), version: context.version.clone(), sequence: context.sequence };
        let watch = Watch::new(version, bundle.schema(), bundle.reference(), manifest.latency_budget_us);
        let max_age = manifest.max_age_days.map(|days| i64::from(days).saturating_mul(DAY_US));
        Ok(Self {
            model: Mutex::new(model),
            baseline: Predictor::load_baseline(engine, bundle)?.map(Mutex::new),
            context: Arc::new(context),
            reference: bundle.reference().clone(),
            watch: Arc::new(watch),
            stale_from_us: max_age.map(|age| installed_us.saturating_add(age)),
        })
    }

    /// Predictors for one more session, on the same weights. The locks guard values that are only read.
    pub(crate) fn predictors(&self) -> (Predictor, Option<Predictor>) {
        let another = |p: &Mutex<Predictor>| p.lock().unwrap_or_else(PoisonError::into_inner).another();
        (another(&self.model), self.baseline.as_ref().map(another))
    }
}

impl Registry {
    /// Keeps a model that could not be stored, for as long as the runtime is open or until it can be.
    pub(super) fn hold(&self, model: LoadedModel, why: Notice) {
        let id = model.context.model_id.clone();
        self.in_memory().insert(id, (Arc::new(model), why));
    }

    /// A model that could not be stored.
    pub(crate) fn held(&self, model_id: &str) -> Option<Arc<LoadedModel>> {
        self.in_memory().get(model_id).map(|(model, _)| Arc::clone(model))
    }

    /// Every model that could not be stored, and why not.
    pub(crate) fn all_held(&self) -> Vec<(Arc<LoadedModel>, Notice)> {
        self.in_memory().values().cloned().collect()
    }

    /// Lets a model go that is stored now; sessions that use it finish on it.
    pub(super) fn release(&self, model_id: &str) {
        self.in_memory().remove(model_id);
    }

    /// Makes the next session load a model anew, because its copy was replaced.
    pub(super) fn forget(&self, digest: &str) {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    fn in_memory(&self) -> MutexGuard<'_, BTreeMap<String, (Arc<LoadedModel>, Notice)>> {
        self.in_memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An installed model, loaded unless a session already uses it.
    pub(crate) fn load(
        &self,
        folder: &Path,
        keys: &TrustedKeys,
        engine: &dyn Engine,
        installed: &InstalledModel,
    ) -> Result<Arc<LoadedModel>, SessionError> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = in_use.get(&installed.model.digest).and_then(Weak::upgrade) {
            return Ok(loaded);
        }
        let bundle = Bundle::open_installed(&files::path(folder, &installed.model.file), keys)?;
        let loaded = LoadedModel::load(engine, &bundle, installed.installed_us, Slot::Active.name())?;
        let loaded = Arc::new(loaded);
        in_use.retain(|_, model| model.strong_count() > 0);
        in_use.insert(installed.model.digest.clone(), Arc::downgrade(&loaded));
        Ok(loaded)
    }
}
