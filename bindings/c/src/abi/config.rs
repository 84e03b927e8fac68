//! What the firmware decides when it opens a runtime.

use std::ffi::c_char;

use super::status::{ErrorText, Status, guard};
use crate::defaults;
use crate::failure::Failure;
use crate::pointers::{self, items, place};
use crate::settings::{self, Settings, Updates};

/// A public key that signs bundles which may be trusted.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Key {
    /// A name for reports and messages.
    pub name: *const c_char,
    /// The text of a minisign .pub file, or its line that starts with RW.
    pub public_key: *const c_char,
}

/// Rows are written within max_delay_ms, or as soon as max_waiting_rows wait; predict never waits for the disk.
pub const DUNLIN_DURABILITY_BATCHED: u32 = 0;
/// Each prediction is forced to the disk before predict returns.
pub const DUNLIN_DURABILITY_SYNC: u32 = 1;

/// May ask the cloud when the chosen class is not probable enough.
pub const DUNLIN_ASK_LOW_CONFIDENCE: u32 = 1;
/// May ask the cloud when the input lies far from the training sample.
pub const DUNLIN_ASK_FAR_FROM_REFERENCE: u32 = 2;
/// May ask the cloud when an output lies outside of its range.
pub const DUNLIN_ASK_OUT_OF_RANGE: u32 = 4;
/// May ask the cloud when an output holds NaN or infinity.
pub const DUNLIN_ASK_NON_FINITE: u32 = 8;

/// The version before the active one may answer, where the device still has it.
pub const DUNLIN_FALLBACK_STEP_PREVIOUS: u32 = 0;
/// The bundle's baseline may answer, where it has one.
pub const DUNLIN_FALLBACK_STEP_BASELINE: u32 = 1;
/// The cloud may be asked, where `fallback` is 1; beside the answer, whatever its place.
pub const DUNLIN_FALLBACK_STEP_CLOUD: u32 = 2;

/// Who answers where a model abstains, in this order, in place of what its bundle declares.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct FallbackChain {
    /// Name of the model.
    pub model_id: *const c_char,
    /// DUNLIN_FALLBACK_STEP_..., in order.
    pub steps: *const u32,
    /// Steps in `steps`; with 0 of them nobody answers.
    pub step_count: usize,
}

/// What the firmware decides. Fill it with dunlin_config_default, then set folder and keys.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Config {
    /// sizeof(dunlin_config); dunlin_config_default sets it, so that the struct can grow.
    pub size: usize,
    /// A folder of the runtime's own, made if it is not there. Required.
    pub folder: *const c_char,
    /// The keys that are trusted; without one no bundle is.
    pub keys: *const Key,
    /// Keys in `keys`.
    pub key_count: usize,
    /// DUNLIN_DURABILITY_BATCHED or DUNLIN_DURABILITY_SYNC.
    pub durability: u32,
    /// Longest time that a row waits in memory. Batched only.
    pub max_delay_ms: u64,
    /// Rows that are written at once when so many wait. Batched only.
    pub max_waiting_rows: u64,
    /// Predictions that the journal keeps; the oldest go first.
    pub max_rows: u64,
    /// Bytes that the journal may take.
    pub max_bytes: u64,
    /// Age at which predictions go.
    pub max_age_s: u64,
    /// Records after which a window of the monitor closes.
    pub window_rows: u64,
    /// Time after which it closes.
    pub window_s: u64,
    /// 1: a prediction may ask a larger model elsewhere. 0, the default: it never does, and the rest does not matter.
    pub fallback: u32,
    /// DUNLIN_ASK_ flags: a prediction asks if all of its reasons are among them.
    pub fallback_ask_on: u32,
    /// 1: asks also where the baseline answered.
    pub fallback_over_baseline: u32,
    /// Names of the features that may leave, of those that the bundle lets leave; NULL for all of those.
    pub fallback_features: *const *const c_char,
    /// Names in `fallback_features`.
    pub fallback_feature_count: usize,
    /// How long an answer is taken.
    pub fallback_deadline_ms: u64,
    /// Requests a day.
    pub fallback_requests_a_day: u32,
    /// Failures in a row after which nothing is asked for a while.
    pub fallback_failures: u32,
    /// For how long.
    pub fallback_open_for_s: u64,
    /// Who answers where a model abstains, for the models that are named; NULL: as their bundles declare.
    pub fallback_chains: *const FallbackChain,
    /// Chains in `fallback_chains`.
    pub fallback_chain_count: usize,
    /// Which bundles are admitted, as a JSON object: banned_features, banned_purposes, required_provenance, licenses,
    /// max_memory_bytes; NULL: all.
    pub admission: *const c_char,
    /// A trial: share of the records on which both versions run.
    pub trial_shadow_share: f64,
    /// CPU time that the second may take, as a share of what the first takes.
    pub trial_shadow_cpu: f64,
    /// Share of the subjects for whom a candidate answers in canary.
    pub trial_canary_share: f64,
    /// How often each decision on quality, abstentions or time may be false.
    pub trial_alpha: f64,
    /// How much worse a new version may be and still be kept, as a difference of accuracies.
    pub trial_quality_margin: f64,
    /// How much more often it may abstain, or take longer than its budget.
    pub trial_behaviour_margin: f64,
    /// Records compared before each step to the next stage.
    pub trial_min_compared: u64,
    /// Records compared and labelled before quality is decided on.
    pub trial_min_labelled: u64,
    /// Answers with NaN or infinity for which it is thrown out.
    pub trial_max_non_finite: u64,
    /// Where nothing is labelled, share of the compared records on which both must agree to go on.
    pub trial_min_agreement: f64,
    /// The update channel's root that ships with the firmware: the bytes of root/N.json; NULL, the default: no updates.
    pub updates_root: *const u8,
    /// Bytes of it.
    pub updates_root_length: usize,
    /// Name of the channel, such as stable.
    pub updates_channel: *const c_char,
    /// 1: bundles are fetched over a metered link too.
    pub updates_over_metered: u32,
    /// Largest bundle that is fetched, in bytes.
    pub updates_max_bytes: u64,
    /// Names of models that the device should have, besides those installed.
    pub updates_models: *const *const c_char,
    /// Names in `updates_models`.
    pub updates_model_count: usize,
}

/// Fills a config with what most devices want; `size` is sizeof(dunlin_config).
#[unsafe(no_mangle)]
pub extern "C" fn dunlin_config_default(
    config: Option<&mut std::mem::MaybeUninit<Config>>,
    size: usize,
    error: Option<&mut std::mem::MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        settings::check_size(size)?;
        place(config, "config")?.write(defaults::config());
        Ok(())
    })
}

/// Reads a config.
///
/// # Safety
/// `config` is NULL or leads to a size and to as many bytes as that says, with pointers as the header wants them.
pub(super) unsafe fn read(config: *const Config) -> Result<dunlin::Config, Failure> {
    if config.is_null() {
        return Err(Failure::null("config"));
    }
    // SAFETY: a config starts with its size; the rest is looked at only where it is there.
    settings::check_size(unsafe { config.cast::<usize>().read() })?;
    // SAFETY: it has the size of a config, and every pattern of bits is one.
    let config = unsafe { config.read() };
    // SAFETY: the caller promises the texts and lists that the config leads to.
    let settings = unsafe {
        let keys = items(config.keys, config.key_count, "keys")?;
        let chains = items(config.fallback_chains, config.fallback_chain_count, "fallback_chains")?;
        Settings {
            config: &config,
            folder: pointers::text(config.folder, "folder")?,
            keys: keys.iter().map(|key| key_of(key)).collect::<Result<_, _>>()?,
            names: feature_names(&config)?,
            chains: chains.iter().map(|chain| chain_of(chain)).collect::<Result<_, _>>()?,
            admission: pointers::optional_text(config.admission, "admission")?,
            updates: updates_of(&config)?,
        }
    };
    settings.to_config()
}

/// # Safety
/// As for [`read`].
unsafe fn key_of<'a>(key: &Key) -> Result<(&'a str, &'a str), Failure> {
    // SAFETY: passed on to the caller.
    unsafe { Ok((pointers::text(key.name, "keys.name")?, pointers::text(key.public_key, "keys.public_key")?)) }
}

/// # Safety
/// As for [`read`].
unsafe fn chain_of<'a>(chain: &FallbackChain) -> Result<(&'a str, &'a [u32]), Failure> {
    // SAFETY: passed on to the caller.
    unsafe {
        let model_id = pointers::text(chain.model_id, "fallback_chains.model_id")?;
        Ok((model_id, items(chain.steps, chain.step_count, "fallback_chains.steps")?))
    }
}

/// # Safety
/// As for [`read`].
unsafe fn updates_of<'a>(config: &Config) -> Result<Option<Updates<'a>>, Failure> {
    if config.updates_root.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on to the caller.
    unsafe {
        let root = items(config.updates_root, config.updates_root_length, "updates_root")?;
        let channel = pointers::text(config.updates_channel, "updates_channel")?;
        let models = texts(config.updates_models, config.updates_model_count, "updates_models")?;
        Ok(Some(Updates { root, channel, models }))
    }
}

/// # Safety
/// As for [`read`].
unsafe fn feature_names<'a>(config: &Config) -> Result<Option<Vec<&'a str>>, Failure> {
    if config.fallback_features.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on to the caller.
    unsafe { texts(config.fallback_features, config.fallback_feature_count, "fallback_features") }.map(Some)
}

/// # Safety
/// `list` is NULL or leads to so many pointers, each NULL or a text that ends in NUL.
unsafe fn texts<'a>(list: *const *const c_char, count: usize, argument: &str) -> Result<Vec<&'a str>, Failure> {
    // SAFETY: passed on to the caller.
    let list = unsafe { items(list, count, argument) }?;
    // SAFETY: passed on to the caller.
    list.iter().map(|text| unsafe { pointers::text(*text, argument) }).collect()
}
