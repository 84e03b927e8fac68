//! What the app decides when it opens the runtime.

use std::path::PathBuf;
use std::sync::Arc;

use dunlin_bundle::TrustedKeys;
use dunlin_bundle::manifest::FallbackStep;
use dunlin_engine::{Engine, PlanEngine};

use crate::clock::Clock;
use crate::fallback::FallbackPolicy;
use crate::journal::JournalConfig;
use crate::monitor::MonitorConfig;
use crate::registry::{Admission, FallbackChains};
use crate::trial::TrialPolicy;
use crate::update::UpdatePolicy;

/// Where the runtime keeps its files, whom it trusts, and how it remembers.
pub struct Config {
    pub(crate) folder: PathBuf,
    pub(crate) keys: TrustedKeys,
    pub(crate) engine: Arc<dyn Engine + Send + Sync>,
    pub(crate) journal: JournalConfig,
    pub(crate) monitor: MonitorConfig,
    pub(crate) trial: TrialPolicy,
    pub(crate) fallback: Option<FallbackPolicy>,
    pub(crate) chains: FallbackChains,
    pub(crate) admission: Admission,
    pub(crate) updates: Option<UpdatePolicy>,
    pub(crate) clock: Clock,
}

impl Config {
    /// A folder of the runtime's own, made if it is not there, and the keys whose signatures count; everything else as
    /// most apps want it.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, keys: TrustedKeys) -> Self {
        Self::with_engine(folder, keys, Arc::new(PlanEngine::default()))
    }

    /// The same with an engine of the caller's choice.
    #[must_use]
    pub fn with_engine(folder: impl Into<PathBuf>, keys: TrustedKeys, engine: Arc<dyn Engine + Send + Sync>) -> Self {
        let (journal, monitor, clock) = (JournalConfig::default(), MonitorConfig::default(), Clock::system());
        let (trial, admission, chains) = (TrialPolicy::default(), Admission::default(), FallbackChains::default());
        Self {
            folder: folder.into(),
            keys,
            engine,
            journal,
            monitor,
            trial,
            fallback: None,
            chains,
            admission,
            updates: None,
            clock,
        }
    }

    /// How soon rows reach the disk, and how long they stay.
    #[must_use]
    pub fn journal(mut self, journal: JournalConfig) -> Self {
        self.journal = journal;
        self
    }

    /// How large the monitor's windows are.
    #[must_use]
    pub fn monitor(mut self, monitor: MonitorConfig) -> Self {
        self.monitor = monitor;
        self
    }

    /// How a new bundle is tried beside the proven one.
    #[must_use]
    pub fn trial(mut self, policy: TrialPolicy) -> Self {
        self.trial = policy;
        self
    }

    /// When a prediction may ask a larger model elsewhere, and with what. Without this it never does.
    #[must_use]
    pub fn fallback(mut self, policy: FallbackPolicy) -> Self {
        self.fallback = Some(policy);
        self
    }

    /// Who answers where a model abstains, in this order, in the place of what its bundle declares. The cloud is asked only
    /// where [`Config::fallback`] lets it be, beside the answer, whatever its place.
    ///
    /// ```
    /// # use dunlin::{Config, FallbackStep, TrustedKeys};
    /// let config = Config::new("app-data/dunlin", TrustedKeys::new())
    ///     .fallback_chain("digits", &[FallbackStep::Previous, FallbackStep::Baseline]);
    /// ```
    #[must_use]
    pub fn fallback_chain(mut self, model_id: &str, chain: &[FallbackStep]) -> Self {
        self.chains.set(model_id, chain);
        self
    }

    /// Which bundles the app admits, besides being what every bundle must be. Without this, all.
    #[must_use]
    pub fn admission(mut self, policy: Admission) -> Self {
        self.admission = policy;
        self
    }

    /// Which update channel is followed, by [`Runtime::update`](crate::Runtime::update). Without this, none.
    #[must_use]
    pub fn updates(mut self, policy: UpdatePolicy) -> Self {
        self.updates = Some(policy);
        self
    }

    /// Another clock, for tests and replays.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}
