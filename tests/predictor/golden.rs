//! A golden set that disagrees refuses the model, and says where.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};
use candle_nn::Module;
use dunlin_bundle::reference::GuardThresholds;
use dunlin_bundle::{Contents, Parts};
use dunlin_engine::{ModuleModel, ReferenceEngine};
use dunlin_predictor::{GoldenError, GoldenReport, PredictError, Predictor, verify_golden};
use dunlin_tests::fixture::{full_parts, tiny_parts};

fn contents(parts: Parts) -> Contents {
    Contents::read_unsigned(parts.write().unwrap()).unwrap()
}

fn verify(parts: Parts) -> Result<GoldenReport, GoldenError> {
    let contents = contents(parts);
    verify_golden(&mut Predictor::load(&ReferenceEngine, &contents).unwrap(), &contents)
}

#[test]
fn a_golden_set_that_agrees_is_reported_with_its_worst_difference() {
    for parts in [tiny_parts(), full_parts()] {
        let cases = parts.golden.cases.len();
        let report = verify(parts).unwrap();
        assert_eq!(report.cases, cases);
        assert!((0.0..=1.0).contains(&report.worst), "{}", report.worst);
        assert!(report.kernels.starts_with("candle/"), "{}", report.kernels);
    }
}

#[test]
fn one_element_off_is_named_by_case_output_and_element() {
    for (case, element) in [(0, 0), (3, 1), (7, 2)] {
        let mut parts = tiny_parts();
        parts.golden.cases[case].expected.get_mut("tier").unwrap()[element] += 0.01;
        let expected = parts.golden.cases[case].expected["tier"][element];
        let error = verify(parts).unwrap_err();
        let GoldenError::Disagrees { case: c, output, element: e, expected: wanted, found, kernels } = &error else {
            panic!("{error}")
        };
        assert_eq!((*c, output.as_str(), *e, *wanted), (case, "tier", element, expected));
        assert!((found - wanted).abs() > 0.009, "{found}");
        assert!(kernels.starts_with("candle/"));
        assert!(
            error.to_string().contains(&format!("golden case {case}, output 'tier', element {element}")),
            "{error}"
        );
    }
}

#[test]
fn a_difference_within_the_tolerance_agrees_and_shows_in_the_report() {
    let mut parts = tiny_parts();
    let tolerance = parts.golden.header.tolerance["tier"]["f32"];
    let expected = &mut parts.golden.cases[2].expected.get_mut("tier").unwrap()[0];
    *expected += (0.5 * (tolerance.absolute + tolerance.relative * f64::from(*expected))) as f32;
    let report = verify(parts).unwrap();
    assert!((0.4..=0.6).contains(&report.worst), "{}", report.worst);
}

/// Puts a module in the place of the bundle's own graph.
fn verify_module(module: fn(&Tensor) -> CandleResult<Tensor>) -> Result<GoldenReport, GoldenError> {
    struct Own(fn(&Tensor) -> CandleResult<Tensor>);
    impl Module for Own {
        fn forward(&self, x: &Tensor) -> CandleResult<Tensor> {
            self.0(x)
        }
    }
    let contents = contents(tiny_parts());
    let model = Arc::new(ModuleModel::new(Own(module)));
    let none = GuardThresholds::default();
    let predictor = Predictor::assemble(contents.schema(), contents.transforms(), contents.graph(), model, &none);
    verify_golden(&mut predictor.unwrap(), &contents)
}

#[test]
fn kernels_that_make_nan_are_refused_with_their_name() {
    let error = verify_module(|x| (x.narrow(1, 0, 3)? * f64::NAN)?.contiguous()).unwrap_err();
    assert!(
        matches!(&error, GoldenError::NonFinite { case: 0, kernels } if kernels.starts_with("candle-module/")),
        "{error}"
    );
}

#[test]
fn a_model_that_fails_on_a_golden_record_is_refused() {
    let error = verify_module(|x| x.matmul(x)).unwrap_err();
    assert!(matches!(&error, GoldenError::Failed { case: 0, error: PredictError::Engine(_) }), "{error}");
    let error = verify_module(|x| x.narrow(1, 0, 2)).unwrap_err();
    assert!(matches!(&error, GoldenError::Failed { case: 0, error: PredictError::Engine(_) }), "{error}");
}
