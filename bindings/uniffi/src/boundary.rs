//! What every exported call passes: a panic becomes an error, and a log sink cannot call back into a lock that it stands under.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::DunlinError;

thread_local! {
    /// Whether this thread is inside a log sink.
    static IN_LOG_SINK: Cell<bool> = const { Cell::new(false) };
}

/// Runs the body of an exported call.
///
/// # Errors
/// The body's, [`DunlinError::Internal`] when it panicked, [`DunlinError::InvalidArgument`] inside of a log sink: the call
/// that is being logged may hold the very lock that this one would wait for.
pub fn guarded<T>(body: impl FnOnce() -> Result<T, DunlinError>) -> Result<T, DunlinError> {
    if IN_LOG_SINK.get() {
        return Err(DunlinError::invalid(
            "a log sink called Dunlin; hand the record to another thread and call from there",
        ));
    }
    // What a body leaves behind when it panics stands under locks whose owners take them poisoned or whole.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(DunlinError::of_panic(&*panic)))
}

/// The error that a panic becomes, for a boundary of its own.
#[must_use]
pub fn error_of_panic(panic: &(dyn Any + Send)) -> DunlinError {
    DunlinError::of_panic(panic)
}

/// Runs a log sink, once: what it logs itself is not logged, and its panics end here.
pub(crate) fn in_log_sink(body: impl FnOnce()) {
    if IN_LOG_SINK.replace(true) {
        return;
    }
    // A foreign sink that throws arrives here as a panic. There is nobody to tell: this was the log.
    let _ = catch_unwind(AssertUnwindSafe(body));
    IN_LOG_SINK.set(false);
}

/// The text of a panic, where it has one.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it left no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error_that_keeps_its_text() {
        let caught = guarded::<()>(|| panic!("the arena is {} bytes short", 3));
        assert!(
            matches!(&caught, Err(DunlinError::Internal { message }) if message.contains("3 bytes short")),
            "{caught:?}"
        );
    }

    #[test]
    fn a_log_sink_that_calls_back_is_refused_and_one_that_panics_leaves_the_thread_as_it_was() {
        let mut refused = None;
        in_log_sink(|| refused = Some(guarded(|| Ok(()))));
        assert!(matches!(refused, Some(Err(DunlinError::InvalidArgument { .. }))));
        in_log_sink(|| panic!("the sink threw"));
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }

    #[test]
    fn what_a_log_sink_logs_is_not_logged() {
        let mut inner = false;
        in_log_sink(|| in_log_sink(|| inner = true));
        assert!(!inner);
    }
}
