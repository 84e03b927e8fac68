//! Inference over the protocol answers what the predictor answers, and refuses what it refuses.

use std::io::BufRead;

use dunlin_bundle::Bundle;
use dunlin_engine::PlanEngine;
use dunlin_features::Record;
use dunlin_predictor::Predictor;
use serde_json::{Map, Value, json};

use crate::client::{Answer, Running, demo_key, golden};

fn held_out() -> Vec<Map<String, Value>> {
    let file = std::fs::File::open(golden("held-out.jsonl")).unwrap();
    let lines = std::io::BufReader::new(file).lines();
    lines
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()["record"].as_object().unwrap().clone())
        .collect()
}

fn infer(running: &Running, request: &Value) -> Answer {
    let headers = [("Content-Type", "application/json")];
    running.client.post("/v2/models/digits/infer", &headers, request.to_string().as_bytes()).unwrap()
}

fn image(batch: usize, data: Value) -> Value {
    json!({"id": "7", "inputs": [{"name": "image", "datatype": "FP32", "shape": [batch, 8, 8], "data": data}]})
}

fn refused(running: &Running, request: &Value, status: u16, words: &str) {
    let answer = infer(running, request);
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, status, "{error}");
    assert!(error.contains(words), "'{words}' is not in: {error}");
}

#[test]
fn an_inference_agrees_with_the_predictor_in_one_row_and_in_a_batch() {
    let running = Running::with_digits();
    let bundle = Bundle::open(&golden("digits-q8_0.dunlin"), &demo_key()).unwrap();
    let mut predictor = Predictor::load(&PlanEngine::default(), &bundle).unwrap();
    let (mut rows, mut expected) = (Vec::new(), Vec::new());
    for record in held_out() {
        let prediction = predictor.predict(&Record::from_json(bundle.schema(), &record).unwrap()).unwrap();
        let nested = json!([record["image"]]);
        let answer = infer(&running, &image(1, nested));
        if !prediction.verdict.is_accept() {
            assert_eq!(answer.status, 422, "{}", answer.text());
            continue;
        }
        let values: Vec<f64> = prediction.outputs.unwrap()[0].values.iter().map(|v| f64::from(*v)).collect();
        let output = answer.json()["outputs"][0].clone();
        assert_eq!(output, json!({"name": "probabilities", "datatype": "FP32", "shape": [1, 10], "data": values}));
        assert_eq!(answer.json()["id"], "7");
        rows.push(record["image"].clone());
        expected.extend(values);
    }
    assert!(rows.len() > 20);
    let flat: Vec<Value> =
        rows.iter().flat_map(|row| row.as_array().unwrap()).flat_map(|r| r.as_array().unwrap().clone()).collect();
    let answer = infer(&running, &image(rows.len(), json!(flat))).json();
    assert_eq!(answer["outputs"][0]["shape"], json!([rows.len(), 10]));
    assert_eq!(answer["outputs"][0]["data"], json!(expected));
    assert_eq!((&answer["model_name"], &answer["model_version"]), (&json!("digits"), &json!("1.0.0")));
}

#[test]
fn many_clients_at_once_get_the_same_answer() {
    let running = Running::with_digits();
    let request = image(1, json!([held_out()[0]["image"]]));
    let alone = infer(&running, &request).json();
    std::thread::scope(|scope| {
        let ask = || (0..10).for_each(|_| assert_eq!(infer(&running, &request).json(), alone));
        (0..8).for_each(|_| drop(scope.spawn(ask)));
    });
    assert_eq!(running.client.statistics()["rows_inferred"], 81);
}

#[test]
fn what_the_model_abstains_from_or_the_schema_refuses_is_no_answer() {
    let running = Running::with_digits();
    refused(&running, &image(1, json!(vec![8; 64])), 422, "row 0: the model abstains");
    refused(&running, &image(1, json!(vec![99; 64])), 422, "row 0: feature 'image' lies outside of its domain");
    let good = held_out()[0]["image"].clone();
    refused(&running, &image(2, json!([good, vec![vec![99; 8]; 8]])), 422, "row 1: feature 'image'");
}

#[test]
fn a_request_that_does_not_fit_the_model_is_refused_by_the_input_at_fault() {
    let running = Running::with_digits();
    let image_of = |name: &str, datatype: &str, shape: Value, data: Value| json!({"inputs": [{"name": name, "datatype": datatype, "shape": shape, "data": data}]});
    let zeros = json!(vec![0; 64]);
    for (request, words) in [
        (json!({"inputs": []}), "no inputs"),
        (json!({}), "no inference request"),
        (json!([1]), "no inference request"),
        (image_of("picture", "FP32", json!([1, 8, 8]), zeros.clone()), "'picture' is no feature"),
        (image_of("image", "BYTES", json!([1, 8, 8]), zeros.clone()), "datatype 'BYTES'"),
        (image_of("image", "FP32", json!([1, 64]), zeros.clone()), "shape [1, 64]"),
        (image_of("image", "FP32", json!([]), zeros.clone()), "no batch"),
        (image_of("image", "FP32", json!([0, 8, 8]), json!([])), "no batch"),
        (image_of("image", "FP32", json!([257, 8, 8]), zeros.clone()), "no batch"),
        (image_of("image", "FP32", json!([u64::MAX, 8, 8]), zeros.clone()), "no batch"),
        (image_of("image", "FP32", json!([2, 8, 8]), zeros.clone()), "elements"),
        (image_of("image", "FP32", json!([1, 8, 8]), json!([0])), "elements"),
    ] {
        refused(&running, &request, 400, words);
    }
    let mut twice = image(1, zeros.clone());
    twice["inputs"] = json!([twice["inputs"][0], twice["inputs"][0]]);
    refused(&running, &twice, 400, "comes twice");
    let mut other_output = image(1, zeros);
    other_output["outputs"] = json!([{"name": "nothing"}]);
    refused(&running, &other_output, 400, "no output 'nothing'");
    refused(&running, &image(1, json!(vec!["4929123456789012"; 64])), 422, "'image'");
    let nonsense = infer(&running, &image(1, json!(vec!["4929123456789012"; 64]))).text();
    assert!(!nonsense.contains("4929"), "{nonsense}");
}

#[test]
fn metadata_and_health_say_what_there_is() {
    let running = Running::with_digits();
    let get = |path: &str| running.client.get(path, &[]).unwrap();
    let model = get("/v2/models/digits").json();
    assert_eq!(model["inputs"][0]["shape"], json!([-1, 8, 8]));
    assert_eq!(model["outputs"], json!([{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}]));
    assert_eq!(get("/v2").json()["name"], "dunlin");
    for path in ["/v2/health/live", "/v2/health/ready", "/v2/models/digits/ready", "/v2/models/digits/versions/1.0.0"] {
        assert_eq!(get(path).status, 200, "{path}");
    }
    for path in ["/v2/models/other", "/v2/models/other/ready", "/v2/models/digits/versions/9.0.0"] {
        let answer = get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["error"].is_string());
    }
}
