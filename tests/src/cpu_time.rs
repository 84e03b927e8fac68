//! CPU time, by the clocks that count nanoseconds: the scheduler's own figures move in steps of several milliseconds.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Used by this thread.
#[must_use]
pub fn of_this_thread() -> Duration {
    duration(clock_gettime(ClockId::ThreadCPUTime))
}

/// Used by all threads of this process.
#[must_use]
pub fn of_this_process() -> Duration {
    duration(clock_gettime(ClockId::ProcessCPUTime))
}

fn duration(time: Timespec) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}
