//! What is packed is what is read, whatever the parts; and the same parts give the same bytes.

use dunlin_bundle::tensor::DType;
use dunlin_bundle::{Bundle, Contents, GgmlType, Parts, Weight, WeightType, Weights, gguf_bytes, safetensors_bytes};
use dunlin_tests::fixture::{floats, full_parts, tiny_parts};
use dunlin_tests::signing::TestKey;
use proptest::prelude::*;
use safetensors::SafeTensors;

/// Parts that differ from the fixture in whatever can vary freely.
fn any_parts() -> impl Strategy<Value = Parts> {
    let text = "[ -~äöü€\n\"\\\\]{0,40}";
    let number = prop::num::f64::NORMAL | prop::num::f64::ZERO;
    (
        ("[a-z0-9_-]{1,64}", any::<u64>(), text, text),
        (prop::option::of(any::<u64>()), prop::option::of(any::<u32>())),
        (number, prop::collection::vec("[a-zäß ]{1,8}", 1..5), prop::collection::vec(-1e3_f32..1e3, 9)),
        any::<bool>(),
    )
        .prop_map(|((id, sequence, readme, purpose), (budget, age), (mean, levels, weights), has_baseline)| {
            let mut parts = tiny_parts();
            (parts.model_id, parts.sequence, parts.readme) = (id, sequence, readme);
            (parts.latency_budget_us, parts.max_age_days) = (budget, age);
            parts.schema.feature[0].purpose = Some(purpose);
            let column = &mut parts.transforms.inputs[0].columns;
            column[0].transforms[0].params["mean"] = mean.into();
            column[2].transforms[0].params["vocabulary"] = levels.into();
            parts.graph.nodes[0].attributes.insert(
                "alpha".to_owned(),
                dunlin_bundle::graph::Attribute::Floats(vec![f64::from(weights[0]) + 0.5, mean + 0.25]),
            );
            parts.golden.cases[0].expected.insert("tier".to_owned(), weights[..3].to_vec());
            if !has_baseline {
                parts.baseline = None;
                parts.reference.baseline_guard = None;
            }
            parts
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_packed_and_signed_is_what_is_read(parts in any_parts()) {
        let file = parts.write().unwrap();
        prop_assert_eq!(&file, &parts.write().unwrap(), "the same parts give the same bytes");
        let key = TestKey::generate();
        let bundle = Bundle::read(key.sign_bundle(file).unwrap(), &key.trusted()).unwrap();
        prop_assert_eq!(&bundle.manifest().model_id, &parts.model_id);
        prop_assert_eq!(bundle.manifest().sequence, parts.sequence);
        prop_assert_eq!(&bundle.manifest().provenance, &parts.provenance);
        prop_assert_eq!(bundle.schema(), &parts.schema);
        prop_assert_eq!(bundle.transforms(), &parts.transforms);
        prop_assert_eq!(bundle.graph(), &parts.graph);
        prop_assert_eq!(bundle.reference(), &parts.reference);
        prop_assert_eq!(bundle.golden(), &parts.golden);
        prop_assert_eq!(bundle.readme(), &parts.readme);
        prop_assert_eq!(bundle.baseline().map(|b| &b.graph), parts.baseline.as_ref().map(|b| &b.graph));
    }

    #[test]
    fn dense_tensors_come_back_as_they_went(data in prop::collection::vec(-1e30_f32..1e30, 1..200), bytes in prop::collection::vec(any::<u8>(), 1..50)) {
        let floats: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        let (rows, count) = ([data.len()], [bytes.len(), 1]);
        let tensors = [
            ("u", Weight { dtype: WeightType::Dense(DType::U8), shape: &count, bytes: &bytes }),
            ("f", Weight { dtype: WeightType::Dense(DType::F32), shape: &rows, bytes: &floats }),
        ];
        let file = safetensors_bytes(tensors).unwrap();
        prop_assert_eq!(&file, &safetensors_bytes(tensors.into_iter().rev()).unwrap(), "order does not matter");
        let theirs = SafeTensors::deserialize(&file).expect("the safetensors crate reads it");
        let ours = Weights::from_safetensors(file.clone()).unwrap();
        prop_assert_eq!(ours.len(), 2);
        for (name, weight) in tensors {
            prop_assert_eq!(ours.get(name), Some(weight));
            prop_assert_eq!(theirs.tensor(name).unwrap().data(), weight.bytes);
        }
        prop_assert_eq!(ours.get("f").unwrap().to_f32().unwrap(), data);
    }

    #[test]
    fn block_quantised_tensors_come_back_as_they_went(rows in 1_usize..4, blocks in 1_usize..3, fill in 0_u8..0x70) {
        for ggml in GgmlType::ALL {
            let shape = [rows, blocks * ggml.block_elements()];
            let bytes = vec![fill; rows * blocks * ggml.block_bytes()];
            let one = 1.0_f32.to_le_bytes();
            let tensors = [
                ("blocks", Weight { dtype: WeightType::Ggml(ggml), shape: &shape, bytes: &bytes }),
                ("dense", Weight { dtype: WeightType::Dense(DType::F32), shape: &[], bytes: &one }),
            ];
            let weights = Weights::from_gguf(gguf_bytes(tensors).unwrap()).unwrap();
            prop_assert_eq!(weights.get("blocks"), Some(tensors[0].1));
            prop_assert_eq!(weights.get("dense"), Some(tensors[1].1));
            let elements = (shape[0] * shape[1]) as f64;
            prop_assert_eq!(weights.quantized_share(), elements / (elements + 1.0));
        }
    }
}

#[test]
fn what_the_safetensors_crate_writes_is_read() {
    let data = [1.0_f32, 2.0, 3.0].map(f32::to_le_bytes).concat();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![3], &data).unwrap();
    let note = std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let file = safetensors::serialize([("w", view)], Some(note)).unwrap();
    let weights = Weights::from_safetensors(file).unwrap();
    assert_eq!(weights.get("w").and_then(|w| w.to_f32()), Some(vec![1.0, 2.0, 3.0]));
}

#[test]
fn tensor_features_have_golden_rows() {
    let mut parts = full_parts();
    let cases = parts.golden.cases.len();
    let rows = vec![0.5; cases * 4];
    for (shape, is_good) in [([cases, 2, 2], true), ([cases - 1, 2, 2], false), ([cases, 4, 1], false)] {
        parts.golden_tensors = Some(floats(&[("image", &shape, &rows[..shape.iter().product()])]));
        assert_eq!(parts.write().is_ok(), is_good, "{shape:?}");
    }
    parts.golden_tensors = None;
    let refused = parts.write().unwrap_err().to_string();
    assert!(refused.contains("golden.safetensors") && refused.contains("`image`"), "{refused}");
}

#[test]
fn weights_may_be_split_between_dense_and_quantised() {
    let contents = Contents::read_unsigned(full_parts().write().unwrap()).unwrap();
    let wide = contents.weights().get("wide").unwrap();
    assert_eq!((wide.dtype, wide.shape), (WeightType::Ggml(GgmlType::Q8_0), &[1, 32][..]));
    assert!(contents.weights().get("first.weight").is_some());
    assert!(contents.quantized_share() > 0.2 && contents.quantized_share() < 0.4);
}

#[test]
fn parts_that_a_reader_would_refuse_are_not_written() {
    let mut parts = tiny_parts();
    parts.golden.cases.clear();
    assert!(parts.write().unwrap_err().to_string().contains("golden.jsonl"));
    let mut parts = tiny_parts();
    parts.reference.metrics.insert("accuracy".to_owned(), f64::NAN);
    assert!(parts.write().unwrap_err().to_string().contains("reference.json"));
}
