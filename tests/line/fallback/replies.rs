//! What is no answer: each kind refused by name and counted, and the answer that `predict` gave stands.

use dunlin::outbox::{Response, TransportError};
use dunlin_bundle::schema::FloatDomain;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Asker, answer, generous, good_answer, open_parts, reply};

type Came = Result<Response, TransportError>;

/// A reply with one thing changed.
fn changed(request: &dunlin::fallback::FallbackRequest, change: impl FnOnce(&mut Value)) -> Came {
    let mut reply = reply(request);
    change(&mut reply);
    answer(200, reply.to_string())
}

fn with_data(request: &dunlin::fallback::FallbackRequest, data: Value) -> Came {
    changed(request, |reply| reply["outputs"][0]["data"] = data)
}

#[test]
fn every_kind_of_bad_answer_is_refused_by_name_and_counted_and_the_original_stands() {
    let mut asker = Asker::new(generous());
    type Bad = fn(&dunlin::fallback::FallbackRequest) -> Came;
    let cases: &[(&str, Option<&str>, &str, Bad)] = &[
        ("no_answer", None, "failed", |_| Err(TransportError::new("the connection broke off"))),
        ("status", None, "failed", |_| answer(500, "oops")),
        ("status", None, "failed", |r| answer(503, reply(r).to_string())),
        ("status", None, "failed", |_| answer(302, "")),
        ("status", None, "failed", |_| answer(404, r#"{"error": "no such model"}"#)),
        ("status", None, "failed", |_| answer(422, r#"{"error": "row 0: the model abstains"}"#)),
        ("status", None, "failed", |_| answer(0, "")),
        ("unwelcome", None, "failed", |_| answer(401, "")),
        ("unwelcome", None, "failed", |_| answer(403, "")),
        ("not_the_protocol", None, "refused", |_| answer(200, "<html>Welcome to the hotel</html>")),
        ("not_the_protocol", None, "refused", |_| answer(200, "")),
        ("not_the_protocol", None, "refused", |_| answer(200, [0xff, 0x00, 0x9f])),
        ("not_the_protocol", None, "refused", |_| answer(200, "[".repeat(100_000))),
        ("not_the_protocol", None, "refused", |r| answer(200, reply(r).to_string().replace("0.8", "NaN"))),
        ("not_the_protocol", None, "refused", |r| answer(200, reply(r).to_string().replace("0.8", "1e999"))),
        ("too_long", None, "refused", |r| changed(r, |reply| reply["model_version"] = json!("x".repeat(1 << 20)))),
        ("other_id", None, "refused", |r| changed(r, |reply| reply["id"] = json!("7-7"))),
        ("missing_output", Some("tier"), "refused", |r| changed(r, |reply| reply["outputs"] = json!([]))),
        ("missing_output", Some("tier"), "refused", |r| {
            changed(r, |reply| reply["outputs"][0]["name"] = json!("Tier"))
        }),
        ("repeated_output", Some("tier"), "refused", |r| {
            changed(r, |reply| reply["outputs"] = json!([reply["outputs"][0], reply["outputs"][0]]))
        }),
        ("wrong_length", Some("tier"), "refused", |r| with_data(r, json!([0.5, 0.5]))),
        ("wrong_length", Some("tier"), "refused", |r| with_data(r, json!([0.1, 0.8, 0.1, 0.0]))),
        ("wrong_length", Some("tier"), "refused", |r| with_data(r, json!([]))),
        ("wrong_length", Some("tier"), "refused", |r| changed(r, |reply| reply["outputs"][0]["shape"] = json!([2, 3]))),
        ("wrong_length", Some("tier"), "refused", |r| {
            changed(r, |reply| reply["outputs"][0]["shape"] = json!([usize::MAX, usize::MAX]))
        }),
        ("not_numbers", Some("tier"), "refused", |r| with_data(r, json!([0.1, "NaN", 0.1]))),
        ("not_numbers", Some("tier"), "refused", |r| with_data(r, json!([0.1, true, 0.1]))),
        ("not_probabilities", Some("tier"), "refused", |r| with_data(r, json!([-3.5, 9.25, 1.0]))),
        ("not_probabilities", Some("tier"), "refused", |r| with_data(r, json!([1.0, 1.0, 1.0]))),
        ("not_accepted", Some("tier"), "refused", |r| with_data(r, json!([0.1, null, 0.1]))),
        ("not_accepted", Some("tier"), "refused", |r| with_data(r, json!([0.1, 1e39, 0.1]))),
        ("not_accepted", Some("tier"), "refused", |r| with_data(r, json!([0.33, 0.335, 0.335]))),
    ];
    for (code, output, counter, bad) in cases {
        let given = asker.predict_far();
        let request = given.fallback.clone().unwrap();
        let (before, row) = (asker.count(&format!("fallback.{counter}")), asker.row(&request));
        let error = asker.session.resolve(&request, bad(&request)).unwrap_err();
        assert_eq!((error.code(), error.output()), (*code, *output), "{error}");
        assert!(error.to_string().len() < 300 && !error.to_string().contains("oops"), "{error}");
        assert_eq!(asker.count(&format!("fallback.{counter}")), before + 1, "{error}");
        assert_eq!(asker.row(&request), row, "{error}");
    }
    let refused = cases.iter().filter(|case| case.2 == "refused").count() as u64;
    assert_eq!(asker.count("fallback.refused"), refused);
    assert_eq!(asker.count("fallback.failed"), cases.len() as u64 - refused);
    let request = asker.request();
    assert!(asker.session.resolve(&request, good_answer(&request)).is_ok(), "the next one is taken");
}

#[test]
fn answers_that_differ_only_in_form_are_taken() {
    let mut asker = Asker::new(generous());
    type Good = fn(&dunlin::fallback::FallbackRequest) -> Came;
    let cases: &[(&str, Good)] = &[
        ("no id", |r| changed(r, |reply| drop(reply.as_object_mut().unwrap().remove("id")))),
        ("a null id", |r| changed(r, |reply| reply["id"] = Value::Null)),
        ("nested data", |r| with_data(r, json!([[0.1, 0.8, 0.1]]))),
        ("FP64", |r| changed(r, |reply| reply["outputs"][0]["datatype"] = json!("FP64"))),
        ("whole numbers", |r| with_data(r, json!([0, 1, 0]))),
        ("201", |r| answer(201, reply(r).to_string())),
        ("more outputs and fields than asked for", |r| {
            changed(r, |reply| {
                let more = json!({"name": "embedding", "shape": [1, 1], "datatype": "FP32", "data": [7.0]});
                reply["outputs"].as_array_mut().unwrap().insert(0, more);
                reply["parameters"] = json!({"took_ms": 3});
            })
        }),
    ];
    for (what, good) in cases {
        let request = asker.request();
        let resolved = asker.session.resolve(&request, good(&request));
        let class = resolved.as_ref().ok().and_then(|resolved| resolved.class()).map(|class| &*class.name);
        assert_eq!(class, Some("middle"), "{what}: {resolved:?}");
    }
}

#[test]
fn an_answer_outside_of_the_output_s_range_is_not_accepted() {
    let mut parts = open_parts();
    parts.schema.output[0].float_domain = Some(FloatDomain { min: None, max: Some(0.99) });
    let mut asker = Asker::of(&parts, generous());
    let request = asker.request();
    let error = asker.session.resolve(&request, with_data(&request, json!([0.0, 1.0, 0.0]))).unwrap_err();
    assert_eq!((error.code(), error.output()), ("not_accepted", Some("tier")));
    assert!(error.to_string().contains("range"), "{error}");
}

/// JSON that is nearly an answer.
fn nearly() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<f64>().prop_map(|v| json!(v)),
        any::<i64>().prop_map(|v| json!(v)),
        any::<bool>().prop_map(|v| json!(v)),
        "\\PC{0,8}".prop_map(|v| json!(v)),
        Just(json!("tier")),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = prop::sample::select(vec!["name", "shape", "datatype", "data", "outputs", "id", "x"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keys, inner), 0..4).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    });
    (value, 0usize..7).prop_map(|(value, place)| {
        let mut reply = json!({"model_name": "tiny", "outputs": [
            {"name": "tier", "shape": [1, 3], "datatype": "FP32", "data": [0.1, 0.8, 0.1]}]});
        match place {
            0 => reply = value,
            1 => reply["id"] = value,
            2 => reply["outputs"] = value,
            3 => reply["outputs"][0]["data"] = value,
            4 => reply["outputs"][0]["data"][1] = value,
            5 => reply["outputs"][0]["shape"] = value,
            _ => reply["model_name"] = value,
        }
        reply.to_string()
    })
}

proptest! {
    #[test]
    fn resolve_never_panics_and_what_it_takes_is_finite_and_sure(
        bytes in prop_oneof![
            nearly().prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..200),
        ],
        status in prop_oneof![Just(200u16), any::<u16>()],
    ) {
        thread_local! {
            static ASKER: std::cell::RefCell<Asker> = std::cell::RefCell::new(Asker::new(generous()));
        }
        let taken = ASKER.with_borrow_mut(|asker| {
            let request = asker.request();
            asker.session.resolve(&request, answer(status, &bytes))
        });
        if let Ok(resolved) = taken {
            prop_assert!(resolved.outputs.len() == 1 && resolved.outputs[0].values.iter().all(|v| v.is_finite()));
            prop_assert!(resolved.confidence.unwrap() >= 0.34);
        }
    }
}
