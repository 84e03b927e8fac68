//! Predictions from Java, right and wrong.

use dunlin_uniffi::{Asking, packed};

use super::jvm::{in_jvm, predict, wrong};
use super::model::{Served, image, same};

#[test]
fn an_answer_through_direct_buffers_is_the_one_that_rust_gets() {
    in_jvm(|env| {
        for served in [Served::digits(), Served::no_digit(), Served::tiny()] {
            let mut expected = vec![0; served.answer_bytes];
            let written = packed::predict(served.handle() as u64, Asking::Live, &served.record, &mut expected).unwrap();
            for subject in [None, Some("somebody \u{1f600}")] {
                let answer = predict(env, &served, subject)?;
                assert_eq!(same(&answer), same(&expected[..written]), "{subject:?}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_wrong_call_is_thrown_as_what_is_wrong_with_it() {
    in_jvm(|env| {
        let (digits, closed) = (Served::digits(), Served::digits());
        let closed_handle = closed.handle();
        closed.session.close().unwrap();
        let thrown = wrong(env, &digits, closed_handle, &image(|_| 17.0))?;
        let expected = [
            "8 null null no buffers were lent to this session",
            "8 null null the record is not in a direct buffer",
            "8 null null the answer is not in a direct buffer",
            "8 null null the answer's buffer is read-only",
            "8 null null the record is not in a direct buffer",
            "8 null null the answer is not in a direct buffer",
            "8 null null record and answer overlap",
            "8 null null record and answer overlap",
            "8 null null an answer takes up to",
            "8 null null no buffers were lent to this session",
            "7 null null the session is closed",
            "7 null null the session is closed",
            "nothing, but 0",
            "8 null null the record is not in a direct buffer",
            "8 null null an answer takes up to",
            "nothing, but 0",
            "8 null null a record of 258 bytes lies outside of its buffer of 257 bytes",
            "8 null null a record of 2147483647 bytes lies outside",
            "8 null null a record cannot take -1 bytes",
            "8 null null a record cannot take -2147483648 bytes",
            "8 null null in the packed record feature 'image' is cut off",
            "8 null null in the packed record feature 'image' is cut off",
            "8 null null the subject is null",
            "7 null null the session is closed",
            "7 null null the session is closed",
            "nothing, but 0",
            "1 out_of_domain image feature 'image' lies outside of its domain",
        ];
        let lines: Vec<&str> = thrown.lines().collect();
        assert_eq!(lines.len(), expected.len(), "{thrown}");
        for (line, start) in lines.iter().zip(expected) {
            assert!(line.starts_with(start), "{line:?} does not start with {start:?}");
        }
        Ok(())
    });
}
