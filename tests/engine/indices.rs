//! Numbers that point at elements: those that inputs make at run time, and those that a pool gives out.

use dunlin_bundle::tensor::Tensor;
use dunlin_engine::{Engine, EngineError, PlanEngine, RawOutput};

use crate::net::{Net, int, ints, on_plans};

/// Numbers of the input, cast to whole ones, look entries up in a table of four, which `table` adds.
fn lookup(to: i64, table: impl FnOnce(Net) -> Net) -> Net {
    let net = Net::of("Cast", &[2], &[], &[("to", int(to))]);
    let net = table(net).node("picked", "Gather", &["table", "node"], &[]);
    net.node("y", "Cast", &["picked"], &[("to", int(1))])
}

fn row(values: [f32; 2]) -> [Tensor; 1] {
    [Tensor { shape: vec![1, 2], data: values.to_vec() }]
}

/// In whole numbers, in floats, and by indices of 32 and 64 bits.
fn lookups() -> [Net; 3] {
    let whole = |net: Net| net.whole("table", &[10.0, 11.0, 12.0, 13.0]);
    let floats = |net: Net| net.dense("table", &[4]);
    [lookup(7, whole), lookup(6, whole), lookup(6, floats)].map(|net| net.output("y", &[2]))
}

#[test]
fn an_index_that_an_input_makes_out_of_range_is_an_error_in_every_type() {
    for net in lookups() {
        for values in [[0.0, 4.0], [-5.0, 0.0], [1e18, 1.0], [0.0, f32::NEG_INFINITY]] {
            let error = on_plans(&net, &row(values)).unwrap_err();
            let expected = EngineError::IndexOutOfRange { node: "picked".to_owned(), size: 4 };
            assert_eq!(error, expected, "{values:?}");
        }
    }
}

#[test]
fn an_index_from_the_end_is_in_range_and_a_run_that_failed_runs_again() {
    let [net, ..] = lookups();
    let mut run = PlanEngine::default().compile(&net.graph, &net.weights).unwrap().new_run();
    let mut output = RawOutput::default();
    assert!(run.run(&row([9.0, 0.0]), &mut output).is_err());
    run.run(&row([-4.0, -1.0]), &mut output).unwrap();
    assert_eq!(output.tensors[0].data, [10.0, 13.0]);
}

#[test]
fn an_error_about_an_index_does_not_tell_the_index() {
    let [net, ..] = lookups();
    let message = on_plans(&net, &row([777.0, 0.0])).unwrap_err().to_string();
    assert!(message.contains("picked") && !message.contains("777"), "{message}");
}

/// The places that a MaxPool gives out beside its elements, as floats.
fn places(image: &[usize], window: &[(&str, dunlin_bundle::graph::Attribute)], made: &[usize]) -> Net {
    let mut net = Net::of("MaxPool", image, &[], window);
    net.graph.nodes[0].outputs.push("places".to_owned());
    net.node("y", "Cast", &["places"], &[("to", int(1))]).output("y", made)
}

#[test]
fn a_pool_tells_where_its_greatest_elements_stand_the_first_of_equal_ones() {
    let window = [("kernel_shape", ints(&[2, 2])), ("strides", ints(&[1, 2])), ("pads", ints(&[0, 1, 0, 1]))];
    let image = Tensor { shape: vec![1, 1, 2, 4], data: vec![5.0, 1.0, 1.0, 3.0, 5.0, 0.0, f32::NAN, 9.0] };
    let by_row = places(&[1, 2, 4], &window, &[1, 1, 3]);
    assert_eq!(on_plans(&by_row, std::slice::from_ref(&image)).unwrap()[0].data, [0.0, 6.0, 7.0]);
    let column_major = [&window[..], &[("storage_order", int(1))]].concat();
    let by_column = places(&[1, 2, 4], &column_major, &[1, 1, 3]);
    assert_eq!(on_plans(&by_column, &[image]).unwrap()[0].data, [0.0, 5.0, 7.0]);
}

#[test]
fn places_count_through_the_channels_and_rows_before_theirs() {
    let net = places(&[2, 3], &[("kernel_shape", ints(&[3]))], &[2, 1]);
    let input = Tensor { shape: vec![2, 2, 3], data: (0..12).map(|i| [0.0, 2.0, 1.0][i % 3]).collect() };
    assert_eq!(on_plans(&net, &[input]).unwrap()[0].data, [1.0, 4.0, 7.0, 10.0]);
}
