//! The cloud fallback: when it asks and with what, what it takes for an answer, and that a bad service costs little.

mod asking;
mod bounds;
mod cloud;
mod replies;
mod resolving;

use dunlin::clock::{Clock, Hand};
use dunlin::fallback::{FallbackPolicy, FallbackRequest};
use dunlin::journal::Recorded;
use dunlin::outbox::{Response, TransportError};
use dunlin::{Answer, Runtime, Session};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Value, json};

use crate::device::{Device, far, record};

const START_US: i64 = 1_800_000_000_000_000;

/// `tiny` without a baseline, every feature of which may leave.
fn open_parts() -> Parts {
    let mut parts = tiny_parts();
    parts.schema.feature.iter_mut().for_each(|feature| feature.may_leave = true);
    (parts.baseline, parts.reference.baseline_guard) = (None, None);
    parts
}

/// A policy under which nothing but what a test is about stops a request.
fn generous() -> FallbackPolicy {
    FallbackPolicy { requests_a_day: u32::MAX, failures: u32::MAX, ..FallbackPolicy::default() }
}

/// A device that asks, and the hand of its clock.
struct Asker {
    session: Session,
    runtime: Runtime,
    hand: Hand,
    device: Device,
}

impl Asker {
    fn new(policy: FallbackPolicy) -> Self {
        Self::of(&open_parts(), policy)
    }

    fn of(parts: &Parts, policy: FallbackPolicy) -> Self {
        Self::at(Device::new(), START_US, parts, policy)
    }

    /// On a folder that may have been used before.
    fn at(device: Device, wall_us: i64, parts: &Parts, policy: FallbackPolicy) -> Self {
        let (clock, hand) = Clock::by_hand(wall_us);
        let runtime = Runtime::open(device.config().clock(clock).fallback(policy));
        runtime.install(&device.bundle(parts)).unwrap();
        let session = runtime.session("tiny").unwrap();
        Self { session, runtime, hand, device }
    }

    /// Closes in order and opens again, at this wall time.
    fn restart(self, wall_us: i64, policy: FallbackPolicy) -> Self {
        let Self { session, runtime, device, .. } = self;
        drop(session);
        runtime.close().unwrap();
        Self::at(device, wall_us, &open_parts(), policy)
    }

    /// Predicts from a record on which the model abstains.
    fn predict_far(&mut self) -> Answer {
        self.session.predict(&record(&self.session, &far())).unwrap()
    }

    /// The request that such a record makes.
    fn request(&mut self) -> FallbackRequest {
        self.predict_far().fallback.expect("it asks")
    }

    fn asks(&mut self) -> bool {
        self.predict_far().fallback.is_some()
    }

    fn count(&self, counter: &str) -> u64 {
        self.runtime.health().counters[counter]
    }

    fn row(&self, request: &FallbackRequest) -> Recorded {
        self.device.reader().prediction(request.id).unwrap().unwrap()
    }
}

/// What a good service answers.
fn reply(request: &FallbackRequest) -> Value {
    json!({"model_name": "tiny", "model_version": "9.9.9", "id": request.id,
           "outputs": [{"name": "tier", "shape": [1, 3], "datatype": "FP32", "data": [0.1, 0.8, 0.1]}]})
}

fn answer(status: u16, body: impl AsRef<[u8]>) -> Result<Response, TransportError> {
    Ok(Response { status, body: body.as_ref().to_vec(), ..Response::default() })
}

fn good_answer(request: &FallbackRequest) -> Result<Response, TransportError> {
    answer(200, reply(request).to_string())
}
