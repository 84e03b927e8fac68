//! Token buckets: how many requests one token, and all together, may make.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::{Limits, Rate};

/// One bucket for each token and one for all.
pub(crate) struct Buckets {
    buckets: Mutex<Vec<Bucket>>,
}

struct Bucket {
    rate: Rate,
    level: f64,
    seen: Instant,
}

impl Buckets {
    pub(crate) fn new(limits: &Limits, tokens: usize, now: Instant) -> Self {
        let rates = std::iter::once(limits.rate_overall).chain(std::iter::repeat_n(limits.rate_per_token, tokens));
        let buckets = rates.map(|rate| Bucket { rate, level: rate.burst, seen: now }).collect();
        Self { buckets: Mutex::new(buckets) }
    }

    /// Takes one from the bucket of a token and from that of all; or says after how long to come again.
    pub(crate) fn take(&self, token: usize, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.iter_mut().for_each(|bucket| bucket.fill(now));
        let concerned = [0, token.saturating_add(1)];
        let wait = concerned.iter().filter_map(|&i| buckets.get(i)?.wait()).max();
        match wait {
            Some(wait) => Err(wait),
            None => {
                concerned.iter().for_each(|&i| {
                    if let Some(bucket) = buckets.get_mut(i) {
                        bucket.level -= 1.0;
                    }
                });
                Ok(())
            }
        }
    }
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.seen).as_secs_f64();
        self.level = (self.level + passed * self.rate.per_second).min(self.rate.burst);
        self.seen = now;
    }

    /// Time until one can be taken, a whole number of seconds; `None` when it can be now.
    fn wait(&self) -> Option<Duration> {
        let missing = 1.0 - self.level;
        let seconds = (missing / self.rate.per_second.max(1e-3)).ceil().clamp(1.0, 3600.0);
        (missing > 0.0).then(|| Duration::from_secs(seconds as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_is_held_back_while_another_is_not_until_all_are() {
        let limits = Limits {
            rate_per_token: Rate { per_second: 1.0, burst: 2.0 },
            rate_overall: Rate { per_second: 0.1, burst: 3.0 },
            ..Limits::default()
        };
        let start = Instant::now();
        let buckets = Buckets::new(&limits, 2, start);
        assert_eq!((buckets.take(0, start), buckets.take(0, start)), (Ok(()), Ok(())));
        assert_eq!(buckets.take(0, start), Err(Duration::from_secs(1)));
        assert_eq!(buckets.take(1, start), Ok(()));
        assert_eq!(buckets.take(1, start), Err(Duration::from_secs(10)));
        assert_eq!(buckets.take(1, start + Duration::from_secs(10)), Ok(()));
    }
}
