//! A run of the plan allocates nothing: counted by the allocator itself, on this thread, after the first run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dunlin_bundle::Contents;
use dunlin_bundle::graph::{Attribute, Dim, Graph, Node, ValueInfo};
use dunlin_bundle::tensor::{DType, Tensor};
use dunlin_engine::{Engine, RawOutput};
use dunlin_tests::engines;
use dunlin_tests::op_case::{OPSET, Values, weights};

/// The system's allocator, which also counts.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: it hands every call on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// Counts the allocations of the second run of a graph, for a batch, on every plan.
fn of_second_run(graph: &Graph, weights: &dunlin_bundle::Weights, batch: usize) -> Vec<(String, usize)> {
    let shape = |info: &ValueInfo| -> Vec<usize> {
        info.shape.iter().map(|dim| if let Dim::Size(size) = dim { *size } else { batch }).collect()
    };
    let inputs: Vec<Tensor> = graph.inputs.iter().map(|info| Tensor::zeros(&shape(info)).unwrap()).collect();
    let counted = engines::plans().into_iter().map(|(isa, engine)| {
        let mut run = engine.compile(graph, weights).unwrap().new_run();
        let mut output = RawOutput::default();
        run.run(&inputs, &mut output).unwrap();
        (isa.to_string(), allocations(|| run.run(&inputs, &mut output).unwrap()))
    });
    counted.collect()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn networks_in_f32_and_in_blocks_run_without_allocation() {
    for name in ["digits-f32.dunlin", "digits-q8_0.dunlin"] {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
        let contents = Contents::read_unsigned(std::fs::read(file).unwrap()).unwrap();
        for batch in [1, 5] {
            for (isa, count) in of_second_run(contents.graph(), contents.weights(), batch) {
                assert_eq!(count, 0, "{name}, batch {batch}, {isa}");
            }
        }
    }
}

/// An op, its constant operands, and its attributes.
type Link = (&'static str, &'static [&'static str], &'static [(&'static str, i64)]);

/// One node of each family that the networks lack, after the other.
fn chain() -> (Graph, dunlin_bundle::Weights) {
    let dense =
        |shape: &[usize], data: &[f32]| Values { dtype: DType::F32, shape: shape.to_vec(), data: data.to_vec() };
    let whole = |data: &[f32]| Values { dtype: DType::I64, shape: vec![data.len()], data: data.to_vec() };
    let constants = [
        ("scale", dense(&[], &[0.05])),
        ("axes", whole(&[1.0])),
        ("row", dense(&[4], &[1.0, 2.0, 3.0, 4.0])),
        ("starts", whole(&[0.0])),
        ("ends", whole(&[2.0])),
        ("indices", whole(&[1.0, 0.0])),
    ];
    let ops: [Link; 10] = [
        ("QuantizeLinear", &["scale"], &[]),
        ("DequantizeLinear", &["scale"], &[]),
        ("Transpose", &[], &[]),
        ("Add", &["row"], &[]),
        ("Erf", &[], &[]),
        ("Slice", &["starts", "ends", "axes"], &[]),
        ("Gather", &["indices"], &[("axis", 1)]),
        ("LogSoftmax", &[], &[("axis", -1)]),
        ("ReduceMean", &["axes"], &[]),
        ("Cast", &[], &[("to", 1)]),
    ];
    let node = |(i, (op, operands, attributes)): (usize, &Link)| {
        let mut attributes: std::collections::BTreeMap<String, Attribute> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), Attribute::Int(*value))).collect();
        if *op == "Transpose" {
            attributes.insert("perm".to_owned(), Attribute::Ints(vec![0, 2, 1]));
        }
        Node {
            name: format!("n{i}"),
            op_type: (*op).to_owned(),
            inputs: [format!("v{i}")].into_iter().chain(operands.iter().map(|name| (*name).to_owned())).collect(),
            outputs: vec![format!("v{}", i + 1)],
            attributes,
        }
    };
    let info = |name: &str, shape: [usize; 2]| ValueInfo {
        name: name.to_owned(),
        dtype: DType::F32,
        shape: [Dim::Symbol("N".to_owned()), Dim::Size(shape[0]), Dim::Size(shape[1])].into(),
    };
    let graph = Graph {
        opset: OPSET,
        inputs: vec![info("v0", [4, 3])],
        outputs: vec![info("v10", [1, 4])],
        initializers: constants.iter().map(|(name, _)| (*name).to_owned()).collect(),
        nodes: ops.iter().enumerate().map(node).collect(),
    };
    let weights = weights(constants.iter().map(|(name, values)| (*name, values)));
    (graph, weights)
}

#[test]
fn moving_quantising_and_reducing_run_without_allocation() {
    let (graph, weights) = chain();
    for (isa, count) in of_second_run(&graph, &weights, 2) {
        assert_eq!(count, 0, "{isa}");
    }
}
