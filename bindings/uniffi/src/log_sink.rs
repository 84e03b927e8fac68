//! The platform's log: what the runtime logs reaches a sink of the app.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use log::{LevelFilter, Log, Metadata, Record};

use crate::boundary::{guarded, in_log_sink};
use crate::error::DunlinError;

/// Where log records go: the platform's log. It may be called from any thread, and must not call Dunlin itself.
#[uniffi::export(foreign)]
pub trait LogSink: Send + Sync {
    /// Takes one record. `target` is the part of Dunlin that speaks; no message holds a value of a user.
    fn log(&self, level: LogLevel, target: String, message: String);
}

/// How much a log record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// Something that happens seldom: a model was installed.
    Info,
    /// For the developers of an app.
    Debug,
    /// For the developers of Dunlin.
    Trace,
}

static SINK: RwLock<Option<Arc<dyn LogSink>>> = RwLock::new(None);

/// Whether the process's one logger is ours.
static INSTALLED: LazyLock<bool> = LazyLock::new(|| log::set_logger(&ToSink).is_ok());

/// Sends what is logged from now on to a sink, up to a level, in place of the sink before; without one nothing is logged.
///
/// # Errors
/// [`DunlinError::InvalidArgument`] when the process has another logger already: there can be only one.
#[uniffi::export]
pub fn set_log_sink(sink: Option<Arc<dyn LogSink>>, max_level: LogLevel) -> Result<(), DunlinError> {
    guarded(|| {
        if !*INSTALLED {
            return Err(DunlinError::invalid(
                "this process logs already; remove its other logger, or do without a sink",
            ));
        }
        log::set_max_level(if sink.is_some() { max_level.into() } else { LevelFilter::Off });
        let before = std::mem::replace(&mut *SINK.write().unwrap_or_else(PoisonError::into_inner), sink);
        // Outside of the lock: letting a foreign object go calls foreign code.
        drop(before);
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
        let sink = SINK.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sink) = sink else { return };
        in_log_sink(|| sink.log(record.level().into(), record.target().to_owned(), record.args().to_string()));
    }

    fn flush(&self) {}
}

impl From<log::Level> for LogLevel {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Error => Self::Error,
            log::Level::Warn => Self::Warn,
            log::Level::Info => Self::Info,
            log::Level::Debug => Self::Debug,
            log::Level::Trace => Self::Trace,
        }
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}
