//! Open, install, predict, label and close, in a process that the kernel kills for asking for a socket.

use std::error::Error;

use dunlin::{AnsweredBy, Config, Record, Runtime};
use dunlin_tests::fixture::{records, tiny_parts};
use dunlin_tests::no_network::{Ending, run_without_sockets};
use dunlin_tests::signing::TestKey;

#[test]
fn the_whole_line_asks_for_no_socket() {
    let name = "whole_line::the_whole_line_asks_for_no_socket";
    assert_eq!(run_without_sockets(name, whole_line), Ending::Clean);
}

fn whole_line() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (key, bundle) = (TestKey::generate(), dir.path().join("tiny.dunlin"));
    std::fs::write(&bundle, key.sign_bundle(tiny_parts().write()?)?)?;
    let runtime = Runtime::open(Config::new(dir.path().join("device"), key.trusted()));
    runtime.install(&bundle)?;
    let mut session = runtime.session("tiny")?;
    for object in records() {
        let record = Record::from_json(session.schema(), &object)?;
        let answer = session.predict_for("ada", &record)?;
        assert_ne!(answer.answered_by, AnsweredBy::Nobody);
        let _ = runtime.label(answer.id, "low")?;
        let _ = runtime.outcome(answer.id, "bought", true)?;
    }
    runtime.flush()?;
    runtime.suspend()?;
    assert!(runtime.forget("ada")? > 0);
    assert!(runtime.health().is_ok());
    drop(session);
    Ok(runtime.close()?)
}
