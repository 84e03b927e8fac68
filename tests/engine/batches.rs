//! Several rows in one run: the same answers as one by one, or a typed error.

use dunlin_bundle::Contents;
use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, EngineError, RawOutput, ReferenceEngine};

use crate::net::{Net, int, tensor};

/// The digits network, in f32 and in blocks.
fn digits() -> [Contents; 2] {
    ["digits-f32.dunlin", "digits-q8_0.dunlin"].map(|name| {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
        Contents::read_unsigned(std::fs::read(file).unwrap()).unwrap()
    })
}

fn answers(contents: &Contents, input: Tensor) -> Tensor {
    let model = ReferenceEngine.compile(contents.graph(), contents.weights()).unwrap();
    let mut output = RawOutput::default();
    model.new_run().run(&[input], &mut output).unwrap();
    output.tensors.remove(0)
}

#[test]
fn a_batch_answers_as_its_rows_do_one_by_one() {
    for contents in digits() {
        let rows = 7;
        let mut batch = tensor(&[rows, 1, 8, 8]);
        batch.data.iter_mut().enumerate().for_each(|(i, v)| *v = ((i * i) % 17) as f32 / 16.0);
        let together = answers(&contents, batch.clone());
        assert_eq!(together.shape, [rows, 10]);
        for (row, pixels) in batch.data.chunks_exact(64).enumerate() {
            let alone = answers(&contents, Tensor { shape: vec![1, 1, 8, 8], data: pixels.to_vec() });
            for (a, b) in alone.data.iter().zip(&together.data[10 * row..]) {
                assert!((a - b).abs() < 1e-5, "row {row}: {a} alone, {b} among others");
            }
        }
    }
}

#[test]
fn a_batch_of_nothing_is_refused() {
    let net = Net::of("Relu", &[2], &[], &[]).output("node", &[2]);
    let error = net.run(&[Tensor { shape: vec![0, 2], data: vec![] }]).unwrap_err();
    assert!(matches!(error, EngineError::WrongInput { input, .. } if input == "x"));
}

#[test]
fn inputs_of_different_batches_are_refused_and_not_broadcast() {
    let net = Net::new(&[("a", &[2]), ("b", &[2])]).node("sum", "Add", &["a", "b"], &[]).output("sum", &[2]);
    let error = net.run(&[tensor(&[3, 2]), tensor(&[1, 2])]).unwrap_err();
    assert!(matches!(error, EngineError::WrongInput { input, .. } if input == "b"));
}

#[test]
fn more_fewer_or_misshapen_inputs_are_refused() {
    let net = Net::of("Relu", &[2], &[], &[]).output("node", &[2]);
    assert_eq!(net.run(&[]).unwrap_err(), EngineError::InputCount { expected: 1, found: 0 });
    assert_eq!(
        net.run(&[tensor(&[1, 2]), tensor(&[1, 2])]).unwrap_err(),
        EngineError::InputCount { expected: 1, found: 2 }
    );
    let misshapen = [
        Tensor { shape: vec![1, 3], data: vec![0.0; 3] },
        Tensor { shape: vec![2], data: vec![0.0; 2] },
        Tensor { shape: vec![1, 2], data: vec![0.0; 3] },
        Tensor { shape: vec![usize::MAX, 2], data: vec![0.0; 2] },
        Tensor { shape: vec![], data: vec![0.0] },
    ];
    for input in misshapen {
        let error = net.run(&[input]).unwrap_err();
        assert!(matches!(error, EngineError::WrongInput { input, .. } if input == "x"));
    }
}

#[test]
fn a_graph_that_is_sound_for_one_row_only_says_so_at_the_node() {
    let folds = Net::of("Reshape", &[2], &["t"], &[]).whole("t", &[1.0, -1.0]).output("node", &[2]);
    assert_eq!(folds.run(&[tensor(&[1, 2])]).unwrap()[0].shape, [1, 2]);
    let error = folds.run(&[tensor(&[3, 2])]).unwrap_err();
    assert!(matches!(&error, EngineError::WrongOutput { found, .. } if *found == [1, 6]), "{error}");

    let adds = Net::of("Concat", &[2], &["c"], &[("axis", int(1))]).dense("c", &[1, 2]).output("node", &[4]);
    assert_eq!(adds.run(&[tensor(&[1, 2])]).unwrap()[0].shape, [1, 4]);
    let error = adds.run(&[tensor(&[3, 2])]).unwrap_err();
    assert!(matches!(&error, EngineError::BadNode { node, .. } if node == "node"), "{error}");
}

#[test]
fn a_batch_that_takes_too_much_memory_is_refused_before_anything_is_computed() {
    let copies = vec!["x"; 1023];
    let net = Net::of("Concat", &[1024], &copies, &[("axis", int(1))]).output("node", &[1 << 20]);
    assert_eq!(net.run(&[tensor(&[1, 1024])]).unwrap()[0].shape, [1, 1 << 20]);
    let error = net.run(&[tensor(&[300, 1024])]).unwrap_err();
    assert!(matches!(&error, EngineError::TooLarge { node, .. } if node == "node"), "{error}");
}
