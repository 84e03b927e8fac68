//! What an answer means for an upload: a pure function of status, headers and body.

use std::time::Duration;

use dunlin_wire::{Acknowledgement, Receipt};

use super::message::{Response, TransportError};
use super::policy::{FIRST_BACKOFF, JITTER, LONGEST_BACKOFF, LONGEST_RETRY_AFTER, MAX_ANSWER_BYTES, UNWANTED_WAIT};

/// What to do with an upload after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered(Receipt),
    /// Keep it; the receiver may have said for how long.
    Keep {
        retry_after: Option<Duration>,
        why: String,
    },
    Pause {
        why: String,
    },
    TooLarge,
    Refused,
}

/// Judges an answer. Delivered means a 2xx that acknowledges this very upload: a captive portal answers 200 too.
pub(super) fn judge(id: &str, answer: &Result<Response, TransportError>) -> Verdict {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return Verdict::Keep { retry_after: None, why: error.to_string() },
    };
    let status = response.status;
    let keep = |why: String| Verdict::Keep { retry_after: retry_after(response), why };
    match status {
        200..=299 => match acknowledgement(&response.body) {
            Some(ack) if ack.id == id => Verdict::Delivered(ack.receipt),
            Some(_) => keep(format!("status {status} acknowledges another upload")),
            None => keep(format!("status {status} without an acknowledgement; is this a captive portal?")),
        },
        401 | 403 => Verdict::Pause { why: format!("status {status}: the receiver does not accept the token") },
        413 => Verdict::TooLarge,
        400 | 422 => Verdict::Refused,
        300..=399 => keep(format!("status {status}: redirects are not followed")),
        _ => keep(format!("status {status}")),
    }
}

fn acknowledgement(body: &[u8]) -> Option<Acknowledgement> {
    (body.len() <= MAX_ANSWER_BYTES).then(|| serde_json::from_slice(body).ok()).flatten()
}

/// Whole seconds, as servers under load send them. A date would need a clock that can be trusted: it is passed over.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.retry_after.as_deref()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// How long to wait after `failures` in a row; `random` is in `0.0..1.0`.
pub(super) fn backoff(failures: u32, retry_after: Option<Duration>, random: f64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACKOFF);
    match retry_after {
        // What the server asks for is a floor, not to be undercut by chance.
        Some(asked) => asked.mul_f64(1.0 + JITTER * random),
        None => doubled.mul_f64(1.0 - JITTER + 2.0 * JITTER * random),
    }
}

/// How long a receiver is left alone that does not want us.
pub(super) fn unwanted_wait() -> Duration {
    UNWANTED_WAIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0190a6d2-0000-7000-8000-000000000001";

    fn answer(status: u16, body: &str) -> Result<Response, TransportError> {
        Ok(Response { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    fn ack(id: &str) -> String {
        format!(r#"{{"id": "{id}", "receipt": "accepted"}}"#)
    }

    #[test]
    fn only_a_2xx_that_names_the_upload_is_a_delivery() {
        assert_eq!(judge(ID, &answer(200, &ack(ID))), Verdict::Delivered(Receipt::Accepted));
        assert_eq!(judge(ID, &answer(202, &ack(ID))), Verdict::Delivered(Receipt::Accepted));
        for (status, body) in [(200, ack("another")), (200, "<html>Welcome to the hotel</html>".into()), (302, ack(ID))]
        {
            assert!(matches!(judge(ID, &answer(status, &body)), Verdict::Keep { .. }), "{status} {body}");
        }
    }

    #[test]
    fn every_status_has_its_meaning() {
        for status in 100..=599 {
            let verdict = judge(ID, &answer(status, "{}"));
            match status {
                401 | 403 => assert!(matches!(verdict, Verdict::Pause { .. })),
                413 => assert_eq!(verdict, Verdict::TooLarge),
                400 | 422 => assert_eq!(verdict, Verdict::Refused),
                _ => assert!(matches!(verdict, Verdict::Keep { .. }), "{status}"),
            }
        }
    }

    #[test]
    fn an_absurd_retry_after_is_cut_and_a_date_is_passed_over() {
        let asked =
            |text: &str| match judge(ID, &Ok(Response { status: 503, retry_after: Some(text.into()), body: vec![] })) {
                Verdict::Keep { retry_after, .. } => retry_after,
                other => panic!("{other:?}"),
            };
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("99999999999"), Some(LONGEST_RETRY_AFTER));
        for text in ["-1", "soon", "", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "99999999999999999999999"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn waits_grow_and_stay_within_their_bounds(failures in 1u32..1000, random in 0.0f64..1.0) {
            let wait = backoff(failures, None, random);
            prop_assert!(wait >= FIRST_BACKOFF.mul_f64(1.0 - JITTER) && wait <= LONGEST_BACKOFF.mul_f64(1.0 + JITTER));
            prop_assert!(backoff(failures + 1, None, random) >= wait);
            prop_assert!(backoff(failures, Some(Duration::from_secs(9)), random) >= Duration::from_secs(9));
        }
    }
}
