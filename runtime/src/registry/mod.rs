//! Which bundles this device holds and trusts: installing them, trying them, and loading them for sessions.
//!
//! A bundle is copied into the runtime's folder first, and only that copy, which nobody else writes, is verified, run
//! against its golden set and, in the end, mapped.

mod admission;
mod admit;
mod files;
mod install;
mod license;
mod loaded;
mod start;
mod switch;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use dunlin_bundle::{Bundle, TrustedKeys};
use dunlin_engine::Engine;

pub use self::admission::{Admission, AdmissionError, ProvenanceField};
pub(crate) use self::install::{Aim, Delivery, Source, install};
pub use self::install::{InstallError, InstallOutcome, InstallReport};
pub(crate) use self::loaded::{FallbackChains, LoadedModel};
pub(crate) use self::start::{Proof, Started, load};
pub(crate) use self::switch::{Cause, KIND, activate, begin_canary, confirm, events, throw_out, watch_again, withdraw};
pub use self::switch::{Switch, SwitchError};
use crate::health::Notice;
use crate::session::SessionError;
use crate::store::{Folder, InstalledModel, State};

/// Which bundles this device holds and trusts.
pub(crate) struct Registry {
    pub(crate) keys: TrustedKeys,
    pub(crate) engine: Arc<dyn Engine + Send + Sync>,
    pub(crate) chains: FallbackChains,
    pub(crate) folder: Arc<Folder>,
    state: Mutex<State>,
    /// Goes up with every change of who answers, so that sessions need not ask `state.db`.
    generation: AtomicU64,
    /// By digest, for as long as a session uses them.
    in_use: Mutex<BTreeMap<String, Weak<LoadedModel>>>,
    under_way: start::UnderWay,
    /// By model id: bundles that could be verified but not stored, because the folder cannot be written, and why not.
    in_memory: Mutex<BTreeMap<String, (Arc<LoadedModel>, Notice)>>,
}

impl Registry {
    pub(crate) fn new(
        keys: TrustedKeys,
        engine: Arc<dyn Engine + Send + Sync>,
        chains: FallbackChains,
        folder: Arc<Folder>,
        state: State,
    ) -> Self {
        // A state that cannot be trusted must not decide what is deleted.
        if let (None, Ok(models)) = (state.problem(), state.models()) {
            files::sweep(folder.path(), |name| models.iter().any(|held| held.model.file == name));
        }
        Self {
            keys,
            engine,
            chains,
            folder,
            state: Mutex::new(state),
            generation: AtomicU64::new(0),
            in_use: Mutex::default(),
            under_way: Mutex::default(),
            in_memory: Mutex::default(),
        }
    }

    /// The registry's database. A panic elsewhere leaves no half-made change in it: each is one transaction. Never held
    /// while waiting for the journal's writer, which takes it too.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes whenever another bundle may be the one to answer.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Tells sessions that ask that something has changed.
    pub(super) fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Keeps a model that could not be stored, for as long as the runtime is open or until it can be.
    pub(super) fn hold(&self, model: LoadedModel, why: Notice) {
        lock(&self.in_memory).insert(model.version.id.clone(), (Arc::new(model), why));
        self.changed();
    }

    /// A model that could not be stored.
    pub(crate) fn held(&self, model_id: &str) -> Option<Arc<LoadedModel>> {
        lock(&self.in_memory).get(model_id).map(|(model, _)| Arc::clone(model))
    }

    /// Every model that could not be stored, and why not.
    pub(crate) fn all_held(&self) -> Vec<(Arc<LoadedModel>, Notice)> {
        lock(&self.in_memory).values().cloned().collect()
    }

    /// Lets a model go that is stored now; sessions that use it finish on it.
    pub(super) fn release(&self, model_id: &str) {
        lock(&self.in_memory).remove(model_id);
    }

    /// Makes the next session load a model anew, because its copy was replaced.
    pub(crate) fn forget(&self, digest: &str) {
        lock(&self.in_use).remove(digest);
    }

    /// A model that a session has loaded.
    pub(super) fn in_use(&self, digest: &str) -> Option<Arc<LoadedModel>> {
        lock(&self.in_use).get(digest).and_then(Weak::upgrade)
    }

    /// The keys that may vouch for an installed bundle: the app's, and the channel's that vouched for it when it came.
    pub(super) fn keys_of(&self, state: &State, digest: &str) -> TrustedKeys {
        let mut keys = self.keys.clone();
        if let Ok(Some(signer)) = state.signer(digest) {
            // The app's own stands, whatever else would have its name.
            let _ = keys.add(&signer.name, &signer.key);
        }
        keys
    }

    /// An installed model, loaded unless a session already uses it.
    pub(crate) fn load(&self, installed: &InstalledModel) -> Result<Arc<LoadedModel>, SessionError> {
        let (keys, hash_key) = {
            let state = self.state();
            (self.keys_of(&state, &installed.model.digest), state.identity().hash_key.clone())
        };
        let mut in_use = lock(&self.in_use);
        if let Some(loaded) = in_use.get(&installed.model.digest).and_then(Weak::upgrade) {
            return Ok(loaded);
        }
        let path = files::path(self.folder.path(), &installed.model.file);
        let bundle = Bundle::open_installed(&path, &keys)?;
        let loaded = LoadedModel::load(&*self.engine, &bundle, &self.chains, installed.installed_us)?;
        let loaded = Arc::new(loaded.with_answers(self.folder.path(), &hash_key));
        in_use.retain(|_, model| model.strong_count() > 0);
        in_use.insert(installed.model.digest.clone(), Arc::downgrade(&loaded));
        Ok(loaded)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
