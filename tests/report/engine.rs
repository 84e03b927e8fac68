//! An engine that takes time: each run moves the hand of the clock, so that latencies are known beforehand.

use std::sync::Arc;
use std::time::Duration;

use dunlin::clock::Hand;
use dunlin_bundle::Weights;
use dunlin_bundle::graph::Graph;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, EngineError, KernelSet, Model, RawOutput, ReferenceEngine, Run};

/// The reference engine, and a clock that it moves.
pub(crate) struct SlowEngine(pub(crate) Hand);

struct SlowModel(Arc<dyn Model>, Hand);

struct SlowRun {
    run: Box<dyn Run>,
    hand: Hand,
    runs: u64,
}

impl Engine for SlowEngine {
    fn compile(&self, graph: &Graph, weights: &Weights) -> Result<Arc<dyn Model>, EngineError> {
        Ok(Arc::new(SlowModel(ReferenceEngine.compile(graph, weights)?, self.0.clone())))
    }
}

impl Model for SlowModel {
    fn new_run(self: Arc<Self>) -> Box<dyn Run> {
        Box::new(SlowRun { run: Arc::clone(&self.0).new_run(), hand: self.1.clone(), runs: 0 })
    }

    fn kernels(&self) -> &KernelSet {
        self.0.kernels()
    }
}

impl Run for SlowRun {
    fn run(&mut self, inputs: &[Tensor], output: &mut RawOutput) -> Result<(), EngineError> {
        self.hand.advance(Duration::from_micros(latency_us(self.runs)));
        self.runs += 1;
        self.run.run(inputs, output)
    }
}

/// How long the `n`th run takes: mostly a tenth of a millisecond, now and then three times that.
fn latency_us(n: u64) -> u64 {
    let tail = if n % 23 == 7 { 260 } else { 0 };
    84 + (n * 37) % 61 + (n * n) % 29 + tail
}
