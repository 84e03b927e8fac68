//! The day's budget and the circuit breaker: a state machine of plain numbers, moved by readings of the clock.
//!
//! ```text
//! closed --failures in a row--> open --open_for has passed--> half open --the probe fails--> open
//!    ^------------------------------------------------------------'  the probe is answered
//! ```
//!
//! Time that has passed is counted, not compared: by the wall clock as far as it is later than ever before, else by
//! monotonic time. So a clock that is set back neither renews the budget nor holds it back for ever, and the same hour
//! never counts twice.

use std::time::Duration;

use super::policy::DAY;
use super::rules::FallbackPolicy;
use crate::clock::Moment;
use crate::store::tables::FallbackState;

/// Why nothing may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    OverBudget,
    CircuitOpen,
}

#[derive(Debug)]
pub(super) struct Gate {
    requests_a_day: u32,
    failures: u32,
    open_for_us: i64,
    deadline_us: i64,
    state: FallbackState,
    /// Monotonic time of the last reading of this process.
    mono_us: Option<i64>,
    /// Monotonic time until which the one probe of a half-open circuit is waited for.
    probe_until_us: Option<i64>,
    /// Whether what an earlier opening left is in the state.
    pub(super) taken_up: bool,
}

impl Gate {
    pub(super) fn new(policy: &FallbackPolicy) -> Self {
        Self {
            requests_a_day: policy.requests_a_day,
            failures: policy.failures.max(1),
            open_for_us: micros(policy.open_for),
            deadline_us: micros(policy.deadline),
            state: FallbackState::default(),
            mono_us: None,
            probe_until_us: None,
            taken_up: false,
        }
    }

    /// What is to be kept across restarts.
    pub(super) fn state(&self) -> FallbackState {
        self.state
    }

    /// Goes on from where an earlier opening left off; what was asked since then counts on top.
    pub(super) fn take_up(&mut self, stored: FallbackState, now: Moment) {
        self.pass(now);
        let own = std::mem::replace(&mut self.state, stored);
        self.state.open_us = stored.open_us.clamp(0, self.open_for_us);
        let mono_us = self.mono_us.take();
        self.pass(now);
        self.mono_us = mono_us;
        if self.state.asked == 0 {
            self.state.day_us = own.day_us;
        }
        self.state.asked = self.state.asked.saturating_add(own.asked);
        self.state.failures = self.state.failures.max(own.failures);
        self.state.open_us = self.state.open_us.max(own.open_us);
        self.taken_up = true;
    }

    /// Takes one request from the budget, or says why not.
    pub(super) fn ask(&mut self, now: Moment) -> Result<(), Shut> {
        self.pass(now);
        let is_half_open = self.state.failures >= self.failures;
        let probing = self.probe_until_us.is_some_and(|until| now.mono_us < until);
        if self.state.open_us > 0 || (is_half_open && probing) {
            return Err(Shut::CircuitOpen);
        }
        if self.state.asked >= self.requests_a_day {
            return Err(Shut::OverBudget);
        }
        if self.state.asked == 0 {
            self.state.day_us = 0;
        }
        self.state.asked += 1;
        self.probe_until_us = is_half_open.then(|| now.mono_us.saturating_add(self.deadline_us));
        Ok(())
    }

    /// Takes in how a request went: whether the service did its work.
    pub(super) fn settle(&mut self, worked: bool, now: Moment) {
        self.pass(now);
        self.probe_until_us = None;
        if worked {
            (self.state.failures, self.state.open_us) = (0, 0);
            return;
        }
        self.state.failures = self.state.failures.saturating_add(1);
        if self.state.failures >= self.failures {
            self.state.open_us = self.open_for_us;
        }
    }

    /// Lets the time since the last reading pass.
    fn pass(&mut self, now: Moment) {
        let by_wall = now.wall_us.saturating_sub(self.state.seen_us);
        let by_mono = self.mono_us.map_or(0, |last| now.mono_us.saturating_sub(last));
        let passed = by_wall.max(by_mono).max(0);
        self.mono_us = Some(now.mono_us);
        self.state.seen_us = self.state.seen_us.max(now.wall_us);
        self.state.open_us = self.state.open_us.saturating_sub(passed).max(0);
        self.state.day_us = self.state.day_us.saturating_add(passed).max(0);
        if self.state.day_us >= micros(DAY) {
            (self.state.day_us, self.state.asked) = (0, 0);
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;
    const DAY_US: i64 = 86_400 * SECOND;
    const START: i64 = 20_000 * DAY_US;

    fn at(wall_s: i64, mono_s: i64) -> Moment {
        Moment { wall_us: START + wall_s * SECOND, mono_us: mono_s * SECOND }
    }

    fn both(seconds: i64) -> Moment {
        at(seconds, seconds)
    }

    fn gate(requests_a_day: u32) -> Gate {
        let policy = FallbackPolicy { requests_a_day, failures: 2, ..FallbackPolicy::default() };
        let mut gate = Gate::new(&policy);
        gate.take_up(FallbackState::default(), both(0));
        gate
    }

    /// The gate as the next process finds it.
    fn restarted(gate: &Gate, now: Moment) -> Gate {
        let policy = FallbackPolicy { requests_a_day: gate.requests_a_day, failures: 2, ..FallbackPolicy::default() };
        let mut next = Gate::new(&policy);
        next.take_up(gate.state(), now);
        next
    }

    fn use_up(gate: &mut Gate, now: Moment) -> u32 {
        std::iter::repeat_with(|| gate.ask(now)).take_while(Result::is_ok).count() as u32
    }

    #[test]
    fn the_budget_is_a_day_s_and_comes_back_a_day_after_the_first_request() {
        let mut gate = gate(3);
        assert_eq!(use_up(&mut gate, both(1_000)), 3);
        assert_eq!(gate.ask(both(1_000 + 86_399)), Err(Shut::OverBudget));
        assert_eq!(use_up(&mut gate, both(1_000 + 86_400)), 3);
    }

    #[test]
    fn the_budget_holds_over_a_restart_and_over_a_clock_set_back() {
        let mut gate = gate(3);
        assert_eq!(use_up(&mut gate, both(0)), 3);
        assert_eq!(gate.ask(at(-86_400, 10)), Err(Shut::OverBudget));
        let mut next = restarted(&gate, at(-86_390, 0));
        assert_eq!(next.ask(at(-86_390, 0)), Err(Shut::OverBudget));
        // A day of that process, whatever the wall clock says.
        assert_eq!(use_up(&mut next, at(0, 86_400)), 3);
    }

    #[test]
    fn an_hour_never_counts_twice_however_the_clock_is_moved() {
        let mut gate = gate(1);
        let mut asked = 0;
        for back_and_forth in 0..50 {
            asked += use_up(&mut gate, at(0, back_and_forth));
            asked += use_up(&mut gate, at(86_400, back_and_forth));
        }
        assert_eq!(asked, 2, "one for each day that the clock ever showed");
    }

    #[test]
    fn failures_in_a_row_open_the_circuit_and_one_probe_decides() {
        let mut gate = gate(100);
        for _ in 0..2 {
            assert_eq!(gate.ask(both(0)), Ok(()));
            gate.settle(false, both(0));
        }
        assert_eq!(gate.ask(both(299)), Err(Shut::CircuitOpen));
        assert_eq!(gate.ask(both(300)), Ok(()), "half open: the probe");
        assert_eq!(gate.ask(both(301)), Err(Shut::CircuitOpen), "one probe at a time");
        gate.settle(false, both(302));
        assert_eq!(gate.ask(both(601)), Err(Shut::CircuitOpen), "open again");
        assert_eq!(gate.ask(both(602)), Ok(()));
        assert_eq!(gate.ask(both(607)), Ok(()), "a probe that nobody reports back makes room for another");
        gate.settle(true, both(608));
        assert!((0..10).all(|_| gate.ask(both(608)).is_ok()), "closed");
    }

    #[test]
    fn a_success_forgets_failures_that_were_not_in_a_row() {
        let mut gate = gate(100);
        for worked in [false, true, false, true, false] {
            gate.settle(worked, both(0));
        }
        assert_eq!(gate.ask(both(0)), Ok(()));
    }

    #[test]
    fn an_open_circuit_holds_over_a_restart_and_then_probes() {
        let mut gate = gate(100);
        (0..2).for_each(|_| gate.settle(false, both(0)));
        let mut next = restarted(&gate, at(100, 0));
        assert_eq!(next.ask(at(299, 199)), Err(Shut::CircuitOpen));
        assert_eq!(next.ask(at(300, 200)), Ok(()));
        assert_eq!(next.ask(at(300, 200)), Err(Shut::CircuitOpen));
    }

    #[test]
    fn what_was_asked_before_the_state_could_be_read_counts_on_top() {
        let mut earlier = gate(5);
        assert_eq!((0..4).filter(|_| earlier.ask(both(0)).is_ok()).count(), 4);
        let mut late = Gate::new(&FallbackPolicy { requests_a_day: 5, ..FallbackPolicy::default() });
        assert_eq!(late.ask(both(10)), Ok(()));
        late.take_up(earlier.state(), both(20));
        assert_eq!(late.ask(both(20)), Err(Shut::OverBudget));
    }

    proptest! {
        #[test]
        fn no_state_and_no_clock_lets_more_through_than_the_budget(
            stored in any::<[i64; 3]>(), asked: u32, failures: u32,
            readings in prop::collection::vec((-200_000i64..200_000, 0i64..100), 1..40),
        ) {
            let [seen_us, day_us, open_us] = stored;
            let mut gate = gate(3);
            gate.take_up(FallbackState { seen_us, day_us, asked, failures, open_us }, both(0));
            let (mut mono_s, mut latest_s, mut allowed) = (0, 0, 0);
            for (wall_s, step_s) in readings {
                mono_s += step_s;
                latest_s = latest_s.max(wall_s);
                allowed += u32::from(gate.ask(at(wall_s, mono_s)).is_ok());
            }
            let days = (latest_s + mono_s) / 86_400 + 1;
            prop_assert!(i64::from(allowed) <= 3 * (days + 1));
        }
    }
}
