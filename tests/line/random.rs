//! Random records, by the schema and against it: never a panic, never a non-finite answer, always the right feature named.

use std::sync::Mutex;

use dunlin::{PredictError, Record, Session, Value};
use dunlin_bundle::schema::Schema;
use dunlin_tests::fixture::tiny_parts;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::device::{Device, ordinary};

/// One session for all cases of a test: installing takes longer than answering.
fn session() -> (Device, Mutex<Session>) {
    let device = Device::new();
    let config = device.config().journal(dunlin::journal::JournalConfig::default());
    let runtime = dunlin::Runtime::open(config);
    runtime.install(&device.bundle(1)).expect("the bundle is good");
    let session = runtime.session("tiny").expect("it is installed");
    (device, Mutex::new(session))
}

fn schema() -> Schema {
    tiny_parts().schema
}

prop_compose! {
    fn valid()(
        age in 0.0..=120.0, visits in 0..=i64::MAX, colour in "red|green|blue|\\PC*", member: bool,
        income in prop::option::of(0.0..1e12),
    ) -> Map<String, Json> {
        let mut record = Map::new();
        record.insert("age".to_owned(), json!(age));
        record.insert("visits".to_owned(), json!(visits));
        record.insert("colour".to_owned(), json!(colour));
        record.insert("member".to_owned(), json!(member));
        income.map(|income| record.insert("income".to_owned(), json!(income)));
        record
    }
}

/// A feature and a value that the schema refuses there.
fn breaking() -> impl Strategy<Value = (&'static str, Option<Value<'static>>)> {
    let wrong_number = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        -1e300..-1e-300_f64,
        120.0001..1e300,
    ];
    prop_oneof![
        wrong_number.prop_map(|v| ("age", Some(Value::Number(v)))),
        Just(("age", None)),
        Just(("age", Some(Value::Boolean(true)))),
        (i64::MIN..0).prop_map(|v| ("visits", Some(Value::Integer(v)))),
        any::<f64>().prop_map(|v| ("visits", Some(Value::Number(v)))),
        Just(("visits", None)),
        ".*".prop_map(|v| ("colour", Some(Value::Text(v.into())))),
        Just(("colour", None)),
        any::<i64>().prop_map(|v| ("member", Some(Value::Integer(v)))),
        Just(("income", Some(Value::Number(-1.0)))),
        Just(("income", Some(Value::Number(f64::NAN)))),
    ]
}

fn finite(answer: &dunlin::Answer) -> bool {
    let all = |outputs: &Option<Vec<dunlin::OutputValue>>| {
        outputs.iter().flatten().all(|output| output.values.iter().all(|value| value.is_finite()))
    };
    all(&answer.outputs) && all(&answer.prediction.outputs)
}

#[test]
fn a_record_by_the_schema_is_answered_or_abstained_from_and_never_with_a_non_finite_number() {
    let (_device, session) = session();
    proptest!(|(object in valid())| {
        let record = Record::from_json(&schema(), &object).expect("it is by the schema");
        let answer = session.lock().expect("no panic so far").predict(&record);
        let answer = answer.expect("the schema accepts it");
        prop_assert!(finite(&answer));
        prop_assert_eq!(answer.outputs.is_none(), answer.answered_by == dunlin::AnsweredBy::Nobody);
    });
}

#[test]
fn a_record_against_the_schema_is_refused_by_the_name_of_the_feature() {
    let (_device, session) = session();
    proptest!(|(object in valid(), (feature, value) in breaking())| {
        let schema = schema();
        let record = Record::from_json(&schema, &object).expect("it is by the schema");
        let mut values = record.values().to_vec();
        values[schema.position(feature).expect("it is in the schema")] = value;
        let refused = session.lock().expect("no panic so far").predict(&Record::new(values));
        let refused = refused.expect_err("the schema refuses it");
        prop_assert_eq!(refused.feature(), Some(feature));
    });
}

#[test]
fn numbers_beyond_all_measure_end_in_an_error_or_an_abstention() {
    let (_device, session) = session();
    proptest!(|(exponent in 0..308_i32, mantissa in 1.0..10.0_f64)| {
        let mut object = ordinary();
        object.insert("income".to_owned(), json!(mantissa * 10.0_f64.powi(exponent)));
        let record = Record::from_json(&schema(), &object).expect("it is by the schema");
        match session.lock().expect("no panic so far").predict(&record) {
            Ok(answer) => prop_assert!(finite(&answer)),
            Err(PredictError::Transform(error)) => prop_assert!(error.to_string().contains("'income'"), "{}", error),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    });
}

#[test]
fn text_that_is_no_record_is_refused_and_never_panics() {
    let schema = schema();
    proptest!(|(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..200))| {
        let _ = Record::from_json_str(&schema, &text);
        let _ = Record::from_json_str(&schema, &String::from_utf8_lossy(&bytes));
    });
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let refused = Record::from_json_str(&schema, &format!(r#"{{"age": {deep}}}"#)).expect_err("it is too deep");
    assert_eq!(refused.code(), "not_an_object");
}

#[test]
fn a_record_of_json_and_one_of_values_get_the_same_answer() {
    let (_device, session) = session();
    proptest!(|(object in valid())| {
        let schema = schema();
        let from_json = Record::from_json(&schema, &object).expect("it is by the schema");
        let mut from_values = Record::empty(&schema);
        for (name, json) in &object {
            let value = match json {
                Json::Bool(v) => Value::Boolean(*v),
                Json::String(v) => Value::Category(v.as_str().into()),
                Json::Number(v) if name == "visits" => Value::Integer(v.as_i64().expect("it is whole")),
                other => Value::Number(other.as_f64().expect("it is a number")),
            };
            from_values.set(&schema, name, value).expect("it is in the schema");
        }
        let mut session = session.lock().expect("no panic so far");
        let outputs = [&from_json, &from_values].map(|r| session.predict(r).expect("it is by the schema").outputs);
        prop_assert_eq!(&outputs[0], &outputs[1]);
    });
}
