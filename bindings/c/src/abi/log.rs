//! What the library logs reaches a function of the firmware.

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::{LazyLock, PoisonError, RwLock};

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::status::{ErrorText, Status, guard};
use crate::failure::Failure;

/// Nothing.
pub const DUNLIN_LOG_OFF: u32 = 0;
/// Something failed.
pub const DUNLIN_LOG_ERROR: u32 = 1;
/// Something is not as it should be.
pub const DUNLIN_LOG_WARN: u32 = 2;
/// Something that happens seldom.
pub const DUNLIN_LOG_INFO: u32 = 3;
/// For the developers of firmware.
pub const DUNLIN_LOG_DEBUG: u32 = 4;
/// For the developers of this library.
pub const DUNLIN_LOG_TRACE: u32 = 5;

/// Where log records go.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct LogSink {
    /// Given to `log` as it is.
    pub context: *mut c_void,
    /// Takes one record: its DUNLIN_LOG_ level, the part that speaks, and a message without any value of a user, both lent
    /// for the call. Any thread may call it, several at once. It must not call this library, and must return.
    pub log:
        Option<unsafe extern "C" fn(context: *mut c_void, level: u32, target: *const c_char, message: *const c_char)>,
}

// SAFETY: the header tells the caller that any thread may call it, with its context.
unsafe impl Send for LogSink {}
// SAFETY: several at once, too.
unsafe impl Sync for LogSink {}

static SINK: RwLock<Option<LogSink>> = RwLock::new(None);

/// Whether the process's one logger is ours.
static INSTALLED: LazyLock<bool> = LazyLock::new(|| log::set_logger(&ToSink).is_ok());

/// Sends what is logged from now on, up to `max_level` (DUNLIN_LOG_...), to a sink in the place of the one before; NULL ends
/// it. The sink before is not called any more once this has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dunlin_set_log_sink(
    sink: *const LogSink,
    max_level: u32,
    error: Option<&mut MaybeUninit<ErrorText>>,
) -> Status {
    guard(error, || {
        let max = filter(max_level)?;
        // SAFETY: NULL, or a sink of the caller.
        let sink = unsafe { sink.as_ref() }.copied();
        if sink.is_some_and(|sink| sink.log.is_none()) {
            return Err(Failure::null("sink.log"));
        }
        if !*INSTALLED {
            let message = "this process has another logger; remove it, or do without a sink";
            return Err(Failure::argument("another_logger", "sink", message));
        }
        log::set_max_level(if sink.is_some() { max } else { LevelFilter::Off });
        *SINK.write().unwrap_or_else(PoisonError::into_inner) = sink;
        Ok(())
    })
}

/// The logger that hands every record on.
struct ToSink;

impl Log for ToSink {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // Held during the call: whoever has exchanged the sink may free the old one's context.
        let sink = SINK.read().unwrap_or_else(PoisonError::into_inner);
        let Some(LogSink { context, log: Some(log) }) = *sink else { return };
        let text = |text: String| CString::new(text.replace('\0', " ")).unwrap_or_default();
        let (target, message) = (text(record.target().to_owned()), text(record.args().to_string()));
        // SAFETY: the caller promises such a function; both texts last for the call.
        unsafe { log(context, level(record.level()), target.as_ptr(), message.as_ptr()) };
    }

    fn flush(&self) {}
}

fn level(level: Level) -> u32 {
    match level {
        Level::Error => DUNLIN_LOG_ERROR,
        Level::Warn => DUNLIN_LOG_WARN,
        Level::Info => DUNLIN_LOG_INFO,
        Level::Debug => DUNLIN_LOG_DEBUG,
        Level::Trace => DUNLIN_LOG_TRACE,
    }
}

fn filter(max_level: u32) -> Result<LevelFilter, Failure> {
    match max_level {
        DUNLIN_LOG_OFF => Ok(LevelFilter::Off),
        DUNLIN_LOG_ERROR => Ok(LevelFilter::Error),
        DUNLIN_LOG_WARN => Ok(LevelFilter::Warn),
        DUNLIN_LOG_INFO => Ok(LevelFilter::Info),
        DUNLIN_LOG_DEBUG => Ok(LevelFilter::Debug),
        DUNLIN_LOG_TRACE => Ok(LevelFilter::Trace),
        other => {
            let message = format!("{other} is no level; give DUNLIN_LOG_...");
            Err(Failure::argument("unknown_value", "max_level", message))
        }
    }
}
