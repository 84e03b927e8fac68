//! What is refused, and who is named.

use dunlin_bundle::graph::Attribute;
use dunlin_bundle::tensor::DType;
use dunlin_import::Source;
use dunlin_import::quantize::{Limits, Method, Options, QuantizeError, Ranges, Samples, quantize};

use crate::fused::int8;
use crate::nets::{Net, samples};

fn net() -> Net {
    let mut net = Net::new(5, &[16]);
    net.gemm(32);
    net.relu();
    net.gemm(8);
    net
}

fn with_limits(limits: Limits) -> Options {
    Options { limits, ..Options::default() }
}

#[test]
fn a_loss_over_the_limit_is_refused_and_the_worst_layer_named() {
    let (graph, weights) = net().finish();
    let rows = samples(5, &[16], 32);
    let strict = with_limits(Limits { snr_db: 90.0, ..Limits::default() });
    let refused = quantize(&graph, &weights, Method::Int8, &rows, &strict).unwrap_err();
    let QuantizeError::TooLossy { found, limit, layer, layer_snr_db, .. } = &refused else { panic!("{refused}") };
    assert!(*found < 90.0 && *limit == 90.0 && layer.starts_with("gemm") && layer_snr_db.is_finite(), "{refused}");
    assert!(refused.to_string().contains(layer));
    // The caller may take it, and noise says nothing of a loss.
    let taken = Options { accept_loss: true, ..strict.clone() };
    quantize(&graph, &weights, Method::Int8, &rows, &taken).unwrap();
    let noise = Samples { source: Source::Noise, ..rows };
    quantize(&graph, &weights, Method::Int8, &noise, &strict).unwrap();
}

#[test]
fn accuracy_is_judged_where_there_are_labels_and_agreement_where_there_are_classes() {
    let mut net = net();
    net.softmax();
    let (graph, weights) = net.finish();
    let mut rows = samples(6, &[16], 64);
    let report = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap().report;
    assert!(report.accuracy.is_none() && report.agreement.unwrap() > 0.9, "{report:?}");
    let all_the_same = with_limits(Limits { agreement: 1.1, ..Limits::default() });
    let refused = quantize(&graph, &weights, Method::Int8, &rows, &all_the_same).unwrap_err();
    assert!(refused.to_string().contains("agreement"), "{refused}");
    rows.held_out.iter_mut().for_each(|row| row.label = Some(3.into()));
    let report = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap().report;
    let [float, quantized] = report.accuracy.unwrap();
    assert!((0.0..=1.0).contains(&float) && (float - quantized).abs() < 0.1, "{report:?}");
    rows.held_out[7].label = Some("frog".into());
    let refused = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap_err();
    assert!(matches!(refused, QuantizeError::BadLabel { row: 7, classes: 8 }), "{refused}");
}

#[test]
fn a_quantised_graph_is_not_quantised_again() {
    let (graph, weights) = net().finish();
    let once = int8(&graph, &weights, 5);
    let rows = samples(5, &[16], 8);
    let refused = quantize(&once.graph, &once.weights, Method::Dynamic, &rows, &Options::default()).unwrap_err();
    assert!(matches!(refused, QuantizeError::AlreadyQuantized { .. }), "{refused}");
}

#[test]
fn rows_that_do_not_fit_or_blow_up_are_named() {
    let (graph, weights) = net().finish();
    let mut rows = samples(5, &[16], 40);
    rows.calibration[33].inputs[0][2] = f32::INFINITY;
    let refused = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap_err();
    let QuantizeError::NotFinite { value, row } = &refused else { panic!("{refused}") };
    assert_eq!((value.as_str(), *row), ("x", 33));
    rows.calibration[4].inputs[0].pop();
    let refused = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap_err();
    assert!(matches!(refused, QuantizeError::BadRow { row: 4 }), "{refused}");
}

#[test]
fn a_graph_without_constant_weights_has_nothing_to_quantise() {
    let mut net = Net::new(7, &[4]);
    net.relu();
    let (graph, weights) = net.finish();
    let rows = samples(7, &[4], 8);
    for method in [Method::Int8, Method::Dynamic] {
        let refused = quantize(&graph, &weights, method, &rows, &Options::default()).unwrap_err();
        assert!(matches!(refused, QuantizeError::NothingToQuantize { .. }), "{refused}");
    }
}

#[test]
fn weights_of_zero_and_rows_of_zero_have_scales_and_keep_the_bias() {
    let mut net = Net::new(8, &[4]);
    let zeros = net.tensor(&[3, 4], vec![0; 48], DType::F32);
    let bias = net.tensor(&[3], [0.001_f32, -7.0, 0.0].iter().flat_map(|b| b.to_le_bytes()).collect(), DType::F32);
    net.node("Gemm", &["x", &zeros, &bias], &[("transB", Attribute::Int(1))]);
    net.shape = vec![3];
    let (graph, weights) = net.finish();
    let mut rows = samples(8, &[4], 8);
    rows.calibration.iter_mut().for_each(|row| row.inputs[0].fill(0.0));
    let report = quantize(&graph, &weights, Method::Int8, &rows, &Options::default()).unwrap().report;
    assert!(report.snr_db > 60.0, "{report:?}");
}

#[test]
fn a_percentile_makes_better_use_of_bytes_where_one_value_stands_far_out() {
    let (graph, weights) = net().finish();
    let mut rows = samples(9, &[16], 256);
    rows.calibration[0].inputs[0][0] = 40.0;
    let with = |ranges| {
        let options = Options { ranges, accept_loss: true, ..Options::default() };
        quantize(&graph, &weights, Method::Int8, &rows, &options).unwrap().report.snr_db
    };
    let (least_to_greatest, percentile) = (with(Ranges::MinMax), with(Ranges::Percentile(99.9)));
    assert!(percentile > least_to_greatest + 10.0, "{percentile} {least_to_greatest}");
}
