//! Graphs out of any bytes: each compiles or is refused by a typed error, and what compiles runs.

use std::collections::BTreeSet;

use dunlin_engine::ReferenceEngine;
use dunlin_tests::random_graph::{exercise, random_graph};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_graph_of_any_bytes_runs_or_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut random = random_graph(&bytes);
        exercise(&mut random);
    }
}

/// Without this, the property above could hold because nothing ever compiles.
#[test]
fn random_graphs_run_every_op() {
    let mut ran = BTreeSet::new();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..300)
            .map(|_| {
                // Knuth's MMIX generator.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let mut random = random_graph(&bytes);
        if exercise(&mut random) {
            ran.extend(random.graph.nodes.into_iter().map(|node| node.op_type));
        }
    }
    let missing: Vec<&str> = ReferenceEngine::ops().filter(|op| !ran.contains(*op)).collect();
    assert!(missing.is_empty(), "never ran: {missing:?}");
}
