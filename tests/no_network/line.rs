//! The whole line of the real runtime, where asking for a socket is death.

use std::error::Error;

use dunlin::{Config, Record, Runtime};
use dunlin_tests::fixture::{records, tiny_parts};
use dunlin_tests::no_network::{Ending, run_without_sockets};
use dunlin_tests::signing::TestKey;

#[test]
fn open_install_predict_label_outcome_flush_and_close_ask_for_no_socket() {
    let ending =
        run_without_sockets("line::open_install_predict_label_outcome_flush_and_close_ask_for_no_socket", line);
    assert_eq!(ending, Ending::Clean);
}

fn line() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (folder, bundle) = (dir.path().join("runtime"), dir.path().join("tiny.dunlin"));
    let key = TestKey::generate();
    std::fs::write(&bundle, key.sign_bundle(tiny_parts().write()?)?)?;
    for _opening in 0..2 {
        let runtime = Runtime::open(Config::new(&folder, key.trusted()));
        runtime.install_shipped(&bundle)?;
        runtime.install(&bundle)?;
        let mut session = runtime.session("tiny")?;
        for object in records() {
            let answer = session.predict_for("ada", &Record::from_json(session.schema(), &object)?)?;
            let _ = runtime.label(answer.id, "high")?;
            let _ = runtime.outcome(answer.id, "clicked", true)?;
        }
        assert!(session.predict(&Record::empty(session.schema())).is_err());
        assert!(runtime.install(&folder).is_err());
        runtime.flush()?;
        runtime.suspend()?;
        session.predict(&Record::from_json(session.schema(), &records()[0])?)?;
        runtime.forget("ada")?;
        assert!(runtime.health().is_ok());
        drop(session);
        runtime.close()?;
    }
    let rows = dunlin::journal::Reader::open(&folder)?.totals()?.predictions;
    if rows == 4 { Ok(()) } else { Err(format!("{rows} rows are left, 4 were to be").into()) }
}
