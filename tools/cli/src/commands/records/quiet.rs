//! Panics of the Parquet crate on damaged files, turned into errors: a file must not end the command.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs a part of reading; what it was reading from must not be used after an error.
pub(super) fn caught<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> io::Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                told(panic);
            }
        }));
    });
    QUIET.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    QUIET.set(false);
    match read {
        Ok(read) => read.map_err(|error| io::Error::other(error.to_string())),
        Err(_) => Err(io::Error::other("the file is damaged")),
    }
}
