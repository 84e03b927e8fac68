//! What the runtime logs reaches the app's sink. One test, since a process has one logger.

use std::sync::{Arc, Mutex};

use dunlin_uniffi::{DunlinError, LogLevel, LogSink, set_log_sink};

use crate::fixture::FIXTURE;
use crate::sdk::Sdk;

/// Keeps what it is told; it calls Dunlin, which it must not, and throws.
struct Sink {
    records: Mutex<Vec<(LogLevel, String, String)>>,
    called_back: Mutex<Vec<Result<(), DunlinError>>>,
}

impl LogSink for Sink {
    fn log(&self, level: LogLevel, target: String, message: String) {
        self.records.lock().unwrap().push((level, target, message));
        let mut called_back = self.called_back.lock().unwrap();
        called_back.push(set_log_sink(None, LogLevel::Error));
        let is_first = called_back.len() == 1;
        drop(called_back);
        assert!(!is_first, "thrown by the app's sink");
    }
}

#[test]
fn records_reach_the_sink_up_to_its_level_and_no_sink_can_break_a_call() {
    let sink = Arc::new(Sink { records: Mutex::default(), called_back: Mutex::default() });
    set_log_sink(Some(sink.clone()), LogLevel::Warn).unwrap();
    let install = |sdk: &Sdk, file: &str| sdk.runtime.install(FIXTURE.path(file).to_str().unwrap().to_owned());
    let sdk = Sdk::new();
    install(&sdk, "tiny-1.0.0.dunlin").unwrap();
    assert!(install(&sdk, "untrusted.dunlin").is_err());
    let about = |word: &str| {
        let records = sink.records.lock().unwrap();
        records.iter().filter(|(_, _, message)| message.contains(word)).cloned().collect::<Vec<_>>()
    };
    let refused = about("a bundle was refused");
    assert!(
        refused.iter().any(|(level, target, _)| *level == LogLevel::Warn && target.starts_with("dunlin")),
        "{refused:?}"
    );
    assert!(about("model_installed").is_empty(), "information is below the level");

    set_log_sink(Some(sink.clone()), LogLevel::Info).unwrap();
    install(&sdk, "tiny-1.1.0.dunlin").unwrap();
    assert!(about("model_installed").iter().any(|(level, _, _)| *level == LogLevel::Info));
    let called_back = std::mem::take(&mut *sink.called_back.lock().unwrap());
    assert!(called_back.iter().all(|result| matches!(result, Err(DunlinError::InvalidArgument { .. }))));

    set_log_sink(None, LogLevel::Trace).unwrap();
    let before = sink.records.lock().unwrap().len();
    assert!(install(&sdk, "untrusted.dunlin").is_err());
    assert_eq!(sink.records.lock().unwrap().len(), before);
}
