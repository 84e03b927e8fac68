//! What becomes of the buffers that a session was lent.

use std::sync::Barrier;

use super::jvm::{held, in_jvm, lend_and_forget, predict, predict_times, predict_until_thrown};
use super::model::{Served, same};

#[test]
fn a_session_keeps_its_buffers_alive_until_it_is_closed_or_let_go() {
    in_jvm(|env| {
        for close in [true, false] {
            let served = Served::tiny();
            let lent = lend_and_forget(env, &served)?;
            assert_eq!(held(env, &lent, 2)?, 2, "the session may still use both");
            if close {
                served.session.close().unwrap();
            } else {
                drop(served);
            }
            assert_eq!(held(env, &lent, 0)?, 0, "closed: {close}");
        }
        Ok(())
    });
}

#[test]
fn buffers_that_are_lent_in_the_place_of_others_set_those_free_and_are_used_from_then_on() {
    in_jvm(|env| {
        let served = Served::tiny();
        let first = lend_and_forget(env, &served)?;
        let answer = predict(env, &served, None)?;
        assert_eq!(held(env, &first, 0)?, 0);
        assert_eq!(same(&predict(env, &served, None)?), same(&answer));
        Ok(())
    });
}

#[test]
fn two_threads_that_share_one_pair_wait_for_each_other_and_for_nothing_once_it_is_closed() {
    in_jvm(|env| {
        let served = Served::tiny();
        let lent = lend_and_forget(env, &served)?;
        let both_have_answers = Barrier::new(3);
        std::thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(ask_until_closed(&served, &both_have_answers)));
            both_have_answers.wait();
            served.session.close().unwrap();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        assert_eq!(held(env, &lent, 0)?, 0);
        Ok(())
    });
}

#[test]
fn buffers_that_are_replaced_under_a_thread_that_predicts_do_not_disturb_it() {
    in_jvm(|env| {
        let served = Served::tiny();
        let lent = lend_and_forget(env, &served)?;
        let has_answers = Barrier::new(2);
        std::thread::scope(|scope| {
            let thread = scope.spawn(ask_until_closed(&served, &has_answers));
            has_answers.wait();
            for _ in 0..200 {
                in_jvm(|env| lend_and_forget(env, &served).map(drop));
            }
            served.session.close().unwrap();
            thread.join().unwrap();
        });
        assert_eq!(held(env, &lent, 0)?, 0);
        Ok(())
    });
}

/// What a thread does: predicts, says so, and predicts on until the session is closed.
fn ask_until_closed<'a>(served: &'a Served, has_answers: &'a Barrier) -> impl FnOnce() + Send + 'a {
    let (handle, length) = (served.handle(), served.record.len());
    move || {
        in_jvm(|env| {
            let predicted = predict_times(env, handle, length, 500);
            has_answers.wait();
            predicted?;
            let thrown = predict_until_thrown(env, handle, length)?;
            assert!(thrown.starts_with("7 null null the session is closed"), "{thrown}");
            Ok(())
        });
    }
}
