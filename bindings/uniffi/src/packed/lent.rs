//! Bytes that a session keeps while it is open, so that a call brings nothing but a length.

use super::predict_with;
use crate::asking::Asking;
use crate::boundary::guarded;
use crate::error::DunlinError;
use crate::handles;
use crate::open_session::Inner;

/// Two stretches of bytes that do not overlap: records are read from the one, answers written to the other.
pub trait Lent: Send {
    /// Record and answer, each from its start to its end.
    fn bytes(&mut self) -> (&[u8], &mut [u8]);
}

/// Lends a session the bytes that [`predict_lent`] uses, in the place of any before. The session drops them when they are
/// replaced and when it is closed, whoever closes it, after a call that is under way.
///
/// # Errors
/// [`DunlinError::Closed`] when the handle names no open session; [`DunlinError::InvalidArgument`] when the answer is shorter
/// than the session's `max_answer_bytes`. What was lent before stays then.
pub fn lend(session: u64, mut lent: Box<dyn Lent>) -> Result<(), DunlinError> {
    let replaced = guarded(|| {
        handles::get(session)?.with(|open| {
            open.refuse_short(lent.bytes().1)?;
            Ok(open.lent.replace(lent))
        })
    })?;
    // Outside of the lock: what lent them may have a lock of its own.
    drop(replaced);
    Ok(())
}

/// Predicts from the first `length` of the lent record's bytes into the lent answer; otherwise as [`predict`](super::predict).
/// Calls of one session wait for each other, so its bytes are used by one at a time.
///
/// # Errors
/// As [`predict`](super::predict); [`DunlinError::InvalidArgument`] when nothing was lent, or fewer bytes than `length`.
pub fn predict_lent(session: u64, asking: Asking<'_>, length: usize) -> Result<usize, DunlinError> {
    predict_with(session, |open| {
        // A call that panics takes them along: such a session answers nothing any more.
        let mut lent = open.lent.take().ok_or_else(nothing_lent)?;
        let written = open.predict_from(&mut *lent, asking, length);
        open.lent = Some(lent);
        written
    })
}

impl Inner {
    fn predict_from(&mut self, lent: &mut dyn Lent, asking: Asking<'_>, length: usize) -> Result<usize, DunlinError> {
        let (record, answer) = lent.bytes();
        let given = record.get(..length).ok_or_else(|| {
            DunlinError::invalid(format!(
                "a record of {length} bytes lies outside of its buffer of {} bytes",
                record.len()
            ))
        })?;
        self.predict_packed(asking, given, answer)
    }
}

fn nothing_lent() -> DunlinError {
    DunlinError::invalid("no buffers were lent to this session; lend them before it predicts")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, TrustedKey};
    use crate::packed::predict;
    use crate::runtime::Runtime;
    use crate::session::Session;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden");

    /// Bytes of its own, and who else holds on to them.
    struct Owned {
        record: Vec<u8>,
        answer: Vec<u8>,
        _held: Arc<()>,
    }

    impl Lent for Owned {
        fn bytes(&mut self) -> (&[u8], &mut [u8]) {
            (&self.record, &mut self.answer)
        }
    }

    fn digits(folder: &std::path::Path) -> (Session, Vec<u8>) {
        let public_key = std::fs::read_to_string(format!("{GOLDEN}/demo.pub")).unwrap();
        let config = Config {
            folder: folder.to_str().unwrap().to_owned(),
            keys: vec![TrustedKey { name: "demo".to_owned(), public_key }],
            ..Config::default()
        };
        let runtime = Runtime::open(config).unwrap();
        runtime.install(format!("{GOLDEN}/digits-f32.dunlin")).unwrap();
        (runtime.session("digits".to_owned()).unwrap(), [&[1][..], &[0; 256]].concat())
    }

    #[test]
    fn what_was_lent_is_let_go_when_it_is_replaced_and_when_the_session_is_closed_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let (session, record) = digits(folder.path());
        let (handle, needed) = (session.handle().unwrap(), session.max_answer_bytes().unwrap() as usize);
        let owned = |bytes: usize, held: &Arc<()>| {
            Box::new(Owned { record: record.clone(), answer: vec![0; bytes], _held: Arc::clone(held) })
        };
        let (first, second) = (Arc::new(()), Arc::new(()));
        lend(handle, owned(needed, &first)).unwrap();
        assert!(matches!(lend(handle, owned(needed - 1, &second)), Err(DunlinError::InvalidArgument { .. })));
        let written = predict_lent(handle, Asking::Live, record.len()).unwrap();
        assert_eq!(predict(handle, Asking::Live, &record, &mut vec![0; needed]).unwrap(), written);
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (2, 1));
        lend(handle, owned(needed, &second)).unwrap();
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2));
        session.close().unwrap();
        assert_eq!(Arc::strong_count(&second), 1);
        assert!(matches!(lend(handle, owned(needed, &first)), Err(DunlinError::Closed { .. })));
        assert!(matches!(predict_lent(handle, Asking::Live, record.len()), Err(DunlinError::Closed { .. })));
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
