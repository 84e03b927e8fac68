//! What one transaction is going to have counted: added to the counters only once it is committed.

use std::collections::BTreeMap;

use crate::counters::{Counter, Counters};

/// Counts that are not on the record yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(Vec<(Counter, u64)>);

impl Tally {
    pub(crate) fn add(&mut self, counter: Counter, n: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == counter) {
            Some((_, total)) => *total += n,
            None => self.0.push((counter, n)),
        }
    }

    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.0.iter().find(|(known, _)| *known == counter).map_or(0, |(_, n)| *n)
    }

    /// The totals as they will be: what the transaction itself saves.
    pub(crate) fn on_top_of(&self, counters: &Counters) -> BTreeMap<String, u64> {
        let mut totals = counters.totals();
        for (counter, n) in &self.0 {
            *totals.entry(counter.name().to_owned()).or_default() += n;
        }
        totals
    }

    /// Puts the counts on the record.
    pub(crate) fn count(&self, counters: &Counters) {
        for &(counter, n) in &self.0 {
            counters.add(counter, n);
        }
    }
}
