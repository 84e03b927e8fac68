//! The log, on stderr: with journald's priorities where that reads it.

use std::io::Write;

use log::{Level, LevelFilter};

/// Starts logging. Libraries below are heard from warnings on alone.
pub(crate) fn start(level: LevelFilter) {
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("dunlin", level).filter_module("dunlind", level);
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        builder.format(|line, record| writeln!(line, "<{}>{}", priority(record.level()), record.args()));
    } else {
        builder.format(|line, record| writeln!(line, "{}: {}", record.level(), record.args()));
    }
    builder.init();
}

/// sd-daemon(3): what a line of stderr begins with.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
