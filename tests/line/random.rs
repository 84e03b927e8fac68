//! Random records, valid and not, against the whole line: never a panic, never an answer that is not finite, and every
//! refusal names the right feature.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use dunlin::{Answer, Config, PredictError, Record, Runtime, Session, TensorValue, Value};
use dunlin_bundle::Parts;
use dunlin_bundle::schema::Schema;
use dunlin_tests::fixture::full_parts;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::device::Device;

/// Every scalar type of feature and a tensor.
fn parts() -> Parts {
    let mut parts = full_parts();
    parts.gguf = None;
    let note = json!({"name": "note", "type": "TEXT", "string_domain": {"max_bytes": 8},
                      "missing": {"policy": "impute", "value": ""}});
    parts.schema.feature.push(serde_json::from_value(note).unwrap());
    parts
}

struct Line {
    session: Session,
    _device: Device,
    _runtime: Runtime,
}

/// One open session for all the cases.
fn line() -> MutexGuard<'static, Line> {
    static LINE: LazyLock<Mutex<Line>> = LazyLock::new(|| {
        let device = Device::new();
        let runtime = Runtime::open(Config::new(device.folder(), device.key.trusted()));
        runtime.install(&device.bundle(&parts())).unwrap();
        let session = runtime.session("tiny").unwrap();
        Mutex::new(Line { session, _device: device, _runtime: runtime })
    });
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn schema() -> Schema {
    parts().schema
}

fn predict(record: &Record<'_>) -> Result<Answer, PredictError> {
    line().session.predict(record)
}

/// What every answer must satisfy.
fn assert_sound(answer: &Answer) {
    let given = answer.outputs.iter().chain(&answer.prediction.outputs).flatten();
    for output in given {
        assert!(output.values.iter().all(|value| value.is_finite()), "{answer:?}");
        let class = output.class.as_ref().unwrap();
        assert!((0.0..=1.000_001).contains(&class.probability), "{answer:?}");
    }
    assert_eq!(answer.outputs.is_some(), answer.answered_by != dunlin::AnsweredBy::Nobody);
    assert!(answer.prediction.confidence.is_none_or(f64::is_finite));
}

fn valid() -> impl Strategy<Value = Record<'static>> {
    let colour = prop_oneof![prop::sample::select(vec!["red", "green", "blue"]).prop_map(str::to_owned), ".{0,40}"];
    let income = prop::option::of(prop_oneof![0.0..1e6, Just(f64::MIN_POSITIVE)]);
    let visits = prop_oneof![0..100_i64, 0..=i64::MAX];
    let image = prop::array::uniform4(0.0_f32..=1.0);
    let note = prop::option::of("[a-z]{0,8}");
    (0.0..=120.0_f64, visits, colour, any::<bool>(), income, image, note).prop_map(
        |(age, visits, colour, member, income, image, note)| {
            Record::new(vec![
                Some(age.into()),
                Some(visits.into()),
                Some(Value::Category(colour.into())),
                Some(member.into()),
                income.map(Value::Number),
                Some(TensorValue::from_f32(&[2, 2], &image).into()),
                note.map(|note| Value::Text(note.into())),
            ])
        },
    )
}

/// A value that the schema refuses in one feature, with the code of the refusal; `None` leaves the feature out.
fn breach() -> impl Strategy<Value = (&'static str, Option<Value<'static>>, &'static str)> {
    let tensor = |shape: &[usize], elements: &[f32]| Some(Value::Tensor(TensorValue::from_f32(shape, elements)));
    let bad = |number: f64| Some(Value::Number(number));
    let mut cases = vec![
        ("age", None, "missing"),
        ("visits", None, "missing"),
        ("colour", None, "missing"),
        ("member", None, "missing"),
        ("image", None, "missing"),
        ("visits", Some(Value::Integer(-1)), "out_of_domain"),
        ("visits", Some(Value::Integer(i64::MIN)), "out_of_domain"),
        ("visits", bad(3.0), "wrong_type"),
        ("age", Some(Value::Integer(3)), "wrong_type"),
        ("age", bad(120.000_001), "out_of_domain"),
        ("income", bad(-0.5), "out_of_domain"),
        ("colour", Some(Value::Text("red".into())), "wrong_type"),
        ("member", Some(Value::Integer(1)), "wrong_type"),
        ("note", Some(Value::Text("nine byte".into())), "out_of_domain"),
        ("note", Some(Value::Text("\u{1F600}".repeat(3).into())), "out_of_domain"),
        ("note", Some(Value::Text("x".repeat(1 << 20).into())), "out_of_domain"),
        ("image", bad(1.0), "wrong_type"),
        ("image", tensor(&[4], &[0.0; 4]), "wrong_shape"),
        ("image", tensor(&[2, 2, 1], &[0.0; 4]), "wrong_shape"),
        ("image", tensor(&[0, 2], &[]), "wrong_shape"),
        ("image", tensor(&[usize::MAX, 2], &[]), "wrong_shape"),
        ("image", tensor(&[2, 2], &[0.0; 3]), "wrong_elements"),
        ("image", tensor(&[2, 2], &[0.0; 5]), "wrong_elements"),
        ("image", tensor(&[2, 2], &[0.0, 0.0, 0.0, 1.5]), "out_of_domain"),
        ("image", tensor(&[2, 2], &[0.0, f32::NAN, 0.0, 0.0]), "non_finite"),
    ];
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        cases.extend([("age", bad(number), "non_finite"), ("income", bad(number), "non_finite")]);
    }
    prop::sample::select(cases)
}

/// Any JSON, a few levels deep.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,20}".prop_map(Json::from),
        Just(json!([[0.5, 0.5], [0.5, 0.5]])),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(".{0,5}", inner, 0..4).prop_map(Json::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn a_valid_record_is_answered_or_abstained_from_with_finite_values(record in valid()) {
        assert_sound(&predict(&record).expect("the schema accepts it"));
    }

    #[test]
    fn a_record_that_breaks_the_schema_is_refused_by_the_name_of_its_feature(record in valid(), breach in breach()) {
        let (feature, value, code) = breach;
        let mut values = record.values().to_vec();
        values[schema().position(feature).unwrap()] = value;
        let error = predict(&Record::new(values)).expect_err("the schema refuses it");
        prop_assert_eq!((error.code(), error.feature()), (code, Some(feature)));
        prop_assert!(error.to_string().contains(feature) && error.to_string().len() < 500, "{}", error);
    }

    #[test]
    fn a_record_of_another_length_is_refused(record in valid(), length in 0_usize..20) {
        let mut values = record.values().to_vec();
        prop_assume!(length != values.len());
        values.resize(length, None);
        prop_assert_eq!(predict(&Record::new(values)).expect_err("it is of another schema").code(), "wrong_length");
    }

    #[test]
    fn predictions_are_the_same_from_rust_values_and_from_json(record in valid()) {
        let schema = schema();
        let text = serde_json::to_string(&record.to_json(&schema)).unwrap();
        let read = Record::from_json_str(&schema, &text).unwrap();
        prop_assert_eq!(predict(&record).unwrap().prediction, predict(&read).unwrap().prediction);
    }

    #[test]
    fn any_json_in_any_feature_is_answered_soundly_or_refused_by_that_feature(
        record in valid(), at in 0_usize..7, value in any_json(),
    ) {
        let schema = schema();
        let mut object = record.to_json(&schema);
        let feature = schema.feature[at].name.clone();
        object.insert(feature.clone(), value);
        let answered = Record::from_json(&schema, &object).map_err(PredictError::from).and_then(|r| predict(&r));
        match answered {
            Ok(answer) => assert_sound(&answer),
            Err(error) => prop_assert_eq!(error.feature(), Some(&*feature), "{}", error),
        }
    }

    #[test]
    fn an_extra_feature_is_refused_by_its_name(record in valid(), name in "\\PC{1,12}", value in any_json()) {
        let schema = schema();
        prop_assume!(schema.position(&name).is_none());
        let mut object = record.to_json(&schema);
        object.insert(name.clone(), value);
        let error = Record::from_json(&schema, &object).expect_err("the schema has no such feature");
        prop_assert_eq!((error.code(), error.feature()), ("unknown_feature", Some(&*name)));
    }

    #[test]
    fn text_that_is_no_record_never_panics(text in "\\PC{0,60}") {
        let _ = Record::from_json_str(&schema(), &text);
    }

    #[test]
    fn a_record_with_bytes_changed_never_panics_and_never_gives_an_unsound_answer(
        record in valid(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let schema = schema();
        let mut bytes = serde_json::to_vec(&record.to_json(&schema)).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(record) = Record::from_json_str(&schema, &text)
            && let Ok(answer) = predict(&record)
        {
            assert_sound(&answer);
        }
    }

    #[test]
    fn nesting_of_any_depth_is_refused_and_overflows_no_stack(depth in 1_usize..200_000, open in "[\\[{]") {
        let inner = if open == "[" { "[".repeat(depth) } else { r#"{"a":"#.repeat(depth) };
        let error = Record::from_json_str(&schema(), &format!(r#"{{"image": {inner}"#)).expect_err("it never ends");
        prop_assert_eq!(error.code(), "not_an_object");
    }
}

#[test]
fn a_number_that_overflows_in_the_transforms_is_refused_by_its_feature() {
    let schema = schema();
    let mut record = Record::from_json(&schema, &dunlin_tests::fixture::records()[1]).unwrap();
    record.set(&schema, "income", f64::MAX).unwrap();
    record.set(&schema, "image", TensorValue::from_f32(&[2, 2], &[0.5; 4])).unwrap();
    let error = predict(&record).expect_err("it is no f32");
    assert_eq!((error.code(), error.feature()), ("transform", Some("income")));
}

#[test]
fn a_closed_nest_in_a_tensor_is_a_wrong_shape_and_a_long_text_a_wrong_domain() {
    let schema = schema();
    let object = |feature: &str, value: Json| Map::from_iter([(feature.to_owned(), value)]);
    let nest = (0..100).fold(json!(0.5), |inner, _| json!([inner]));
    let error = Record::from_json(&schema, &object("image", nest)).expect_err("it is no image");
    assert_eq!((error.code(), error.feature()), ("wrong_shape", Some("image")));
    assert!(error.to_string().len() < 1_000, "{error}");
    let mut record = Record::empty(&schema);
    record.set(&schema, "note", Value::Text("ä".repeat(10_000_000).into())).unwrap();
    let error = predict(&record).expect_err("age is missing, and the note too long");
    assert!(error.to_string().len() < 500);
}
