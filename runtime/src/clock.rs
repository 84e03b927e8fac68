//! The one file that reads the clock: wall time, monotonic time, and which boot the monotonic time counts from.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

/// Where Linux keeps the id of the present boot.
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";
/// Where Linux keeps the seconds since boot.
const UPTIME_FILE: &str = "/proc/uptime";

/// One reading of the clock.
///
/// Wall time is what people call the time and may jump either way; monotonic time never goes back, but means something
/// only together with the boot id of its [`Clock`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Microseconds since the Unix epoch, UTC.
    pub wall_us: i64,
    /// Microseconds since the boot named by [`Clock::boot_id`].
    pub mono_us: i64,
}

/// A source of [`Moment`]s: the system's clock, or one that a test moves by hand.
///
/// Clones share the source.
///
/// ```
/// use dunlin::clock::Clock;
/// use std::time::Duration;
///
/// let (clock, hand) = Clock::by_hand(1_700_000_000_000_000);
/// let before = clock.now();
/// hand.advance(Duration::from_millis(2));
/// assert_eq!(clock.now().mono_us - before.mono_us, 2_000);
/// ```
#[derive(Clone)]
pub struct Clock {
    boot_id: Arc<str>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    System { origin: Instant, origin_us: i64 },
    Hand(Arc<Hands>),
}

struct Hands {
    wall_us: AtomicI64,
    mono_us: AtomicI64,
}

/// Moves a clock made by [`Clock::by_hand`].
#[derive(Clone)]
pub struct Hand(Arc<Hands>);

impl Clock {
    /// The system's clock.
    ///
    /// Where Linux tells the boot id and the time since boot, monotonic time of two processes of one boot compares (to
    /// the 10 ms of `/proc/uptime`). Elsewhere, and where a sandbox hides either, it starts at zero in each process and
    /// the boot id is random, so that readings of two processes are never taken for comparable.
    #[must_use]
    pub fn system() -> Self {
        let origin = Instant::now();
        let (boot_id, origin_us) = linux_boot().unwrap_or_else(|| (random_boot_id(), 0));
        Self { boot_id: boot_id.into(), source: Source::System { origin, origin_us } }
    }

    /// A clock that stands still until its hand is moved; for tests and replays.
    #[must_use]
    pub fn by_hand(wall_us: i64) -> (Self, Hand) {
        let hands = Arc::new(Hands { wall_us: AtomicI64::new(wall_us), mono_us: AtomicI64::new(0) });
        let clock = Self { boot_id: random_boot_id().into(), source: Source::Hand(hands.clone()) };
        (clock, Hand(hands))
    }

    /// Reads the clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        match &self.source {
            Source::System { origin, origin_us } => {
                let mono_us = origin_us.saturating_add(micros(origin.elapsed()));
                Moment { wall_us: wall_us(), mono_us }
            }
            Source::Hand(hands) => Moment {
                wall_us: hands.wall_us.load(Ordering::Relaxed),
                mono_us: hands.mono_us.load(Ordering::Relaxed),
            },
        }
    }

    /// Names the boot that monotonic time counts from.
    #[must_use]
    pub fn boot_id(&self) -> &str {
        &self.boot_id
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("boot_id", &self.boot_id).field("now", &self.now()).finish()
    }
}

impl Hand {
    /// Moves wall time and monotonic time forward together.
    pub fn advance(&self, by: Duration) {
        self.0.wall_us.fetch_add(micros(by), Ordering::Relaxed);
        self.0.mono_us.fetch_add(micros(by), Ordering::Relaxed);
    }

    /// Sets wall time alone, as a user or NTP does.
    pub fn set_wall(&self, wall_us: i64) {
        self.0.wall_us.store(wall_us, Ordering::Relaxed);
    }
}

/// A duration in whole microseconds.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Microseconds since the Unix epoch; negative before it.
fn wall_us() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}

/// Boot id and microseconds since boot, where Linux tells both.
fn linux_boot() -> Option<(String, i64)> {
    let boot_id = std::fs::read_to_string(BOOT_ID_FILE).ok()?.trim().to_owned();
    let uptime = std::fs::read_to_string(UPTIME_FILE).ok()?;
    let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    (!boot_id.is_empty()).then_some((boot_id, micros(Duration::try_from_secs_f64(seconds).ok()?)))
}

/// An id that no other process will have.
fn random_boot_id() -> String {
    let id = crate::ids::random_u64() as u128 | (crate::ids::random_u64() as u128) << 64;
    format!("process-{id:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_of_the_system_never_goes_back() {
        let clock = Clock::system();
        let readings: Vec<Moment> = (0..1_000).map(|_| clock.now()).collect();
        assert!(readings.windows(2).all(|w| w[0].mono_us <= w[1].mono_us));
        assert!(readings[0].wall_us > 1_600_000_000_000_000, "wall time is in microseconds since 1970");
    }

    #[test]
    fn two_clocks_share_a_boot_only_if_their_readings_compare() {
        let (first, second) = (Clock::system(), Clock::system());
        if first.boot_id() == second.boot_id() {
            assert!((first.now().mono_us - second.now().mono_us).abs() < 1_000_000);
        } else {
            assert!(first.boot_id().starts_with("process-"));
        }
    }

    #[test]
    fn setting_the_wall_clock_leaves_monotonic_time_alone() {
        let (clock, hand) = Clock::by_hand(5);
        hand.advance(Duration::from_secs(1));
        hand.set_wall(-7);
        assert_eq!(clock.now(), Moment { wall_us: -7, mono_us: 1_000_000 });
    }
}
