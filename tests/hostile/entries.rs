//! Attacks within entries that parse: schema, transforms, graph, reference and golden set that contradict themselves or
//! one another.

use serde_json::{Value, json};

use dunlin_tests::forge::{find, unpack};

use crate::support::{HONEST, assert_refused, assert_says, with_content, with_json};

/// An edit of an entry, and words that the refusal must say.
type Attack = (fn(&mut Value), &'static str);

#[track_caller]
fn assert_all_refused(entry: &str, attacks: &[Attack]) {
    for (number, (edit, words)) in attacks.iter().enumerate() {
        let error = assert_refused(with_json(entry, edit), "invalid", entry);
        assert!(error.to_string().contains(words), "attack {number}: {words:?} is not in: {error}");
    }
}

#[test]
fn a_schema_that_contradicts_itself_is_refused() {
    assert_all_refused(
        "schema.json",
        &[
            (|s| s["feature"][1]["name"] = json!("age"), "`age`"),
            (|s| s["feature"][0]["name"] = json!(""), "name is empty"),
            (|s| s["feature"][0]["name"] = json!("a\nb"), "control"),
            (|s| s["feature"] = json!([]), "there is none"),
            (|s| s["output"] = json!([]), "there is none"),
            (|s| s["feature"][0]["float_domain"] = json!({"min": 2.0, "max": 1.0}), "float_domain"),
            (|s| s["feature"][1]["int_domain"] = json!({"min": 2, "max": 1}), "int_domain"),
            (|s| s["feature"][1]["float_domain"] = json!({"min": 0.0}), "float_domain"),
            (|s| s["feature"][0]["int_domain"] = json!({"min": 0}), "int_domain"),
            (|s| s["feature"][0]["shape"] = json!({"dim": [{"size": 2}]}), "shape"),
            (|s| s["feature"][0]["dtype"] = json!("F32"), "dtype"),
            (|s| s["feature"][0]["drift_summaries"] = json!(["mean"]), "drift_summaries"),
            (|s| s["feature"][0]["presence"] = json!({"min_fraction": 1.5}), "min_fraction"),
            (|s| s["feature"][0]["presence"] = json!({"min_fraction": -0.5}), "min_fraction"),
            (|s| s["feature"][0]["presence"] = json!({"min_fraction": 0.5}), "missing policy"),
            (|s| s["feature"][2]["string_domain"] = json!({}), "vocabulary"),
            (|s| drop(s["feature"][2].as_object_mut().unwrap().remove("string_domain")), "vocabulary"),
            (|s| s["feature"][2]["string_domain"]["value"] = json!(["red", "red"]), "twice"),
            (|s| s["feature"][3]["string_domain"] = json!({"value": ["yes"]}), "string_domain"),
            (|s| s["output"][0]["classes"] = json!(["low", "low", "high"]), "twice"),
            (|s| s["output"][0]["classes"] = json!([]), "classes"),
            (|s| s["output"][0]["float_domain"] = json!({"min": 1.0, "max": 0.0}), "float_domain"),
        ],
    );
}

#[test]
fn imputed_values_that_the_feature_would_refuse_are_refused() {
    let impute = |feature: usize, value: Value| {
        with_json("schema.json", |s| s["feature"][feature]["missing"] = json!({"policy": "impute", "value": value}))
    };
    let cases = [
        (0, json!("forty")),
        (0, json!(121.0)),
        (0, Value::Null),
        (1, json!(1.5)),
        (1, json!(-1)),
        (2, json!(1)),
        (3, json!("true")),
        (4, json!([2000.0])),
    ];
    for (feature, value) in cases {
        assert_says(impute(feature, value), "invalid", "schema.json", "imputed");
    }
}

#[test]
fn absurd_tensor_shapes_are_refused() {
    let tensor = |dims: Value| {
        with_json("schema.json", |s| {
            s["feature"][0] = json!({"name": "age", "type": "TENSOR", "dtype": "F32", "shape": {"dim": dims}});
        })
    };
    let huge = json!({"size": 1_u64 << 40});
    assert_says(tensor(json!([huge, huge, huge])), "limit", "schema.json", "MAX_TENSOR_ELEMENTS");
    assert_says(tensor(json!([{"size": 1 << 20}, {"size": 1 << 20}])), "limit", "schema.json", "MAX_TENSOR_ELEMENTS");
    assert_says(tensor(json!(vec![json!({"size": 1}); 9])), "limit", "schema.json", "MAX_RANK");
    assert_says(tensor(json!([{"size": 0}])), "invalid", "schema.json", "zero");
    assert_says(tensor(json!([])), "invalid", "schema.json", "dimension");
}

#[test]
fn more_features_and_levels_than_allowed_are_refused() {
    let many: Vec<Value> = (0..4097).map(|i| json!({"name": format!("f{i}"), "type": "NUMBER"})).collect();
    assert_says(with_json("schema.json", |s| s["feature"] = many.into()), "limit", "schema.json", "MAX_FEATURES");
    let levels: Vec<Value> = (0..65_537).map(|i| json!(format!("l{i}"))).collect();
    let file = with_json("schema.json", |s| s["feature"][2]["string_domain"]["value"] = levels.into());
    assert_says(file, "limit", "schema.json", "MAX_LEVELS");
}

#[test]
fn transforms_that_do_not_fit_graph_and_schema_are_refused() {
    let attacks: [Attack; 7] = [
        (|t| t["inputs"] = json!([]), "graph's inputs"),
        (|t| t["inputs"][0]["name"] = json!("other"), "graph's inputs"),
        (|t| t["inputs"][0]["shape"] = json!([9]), "`features`"),
        (|t| t["inputs"][0]["shape"] = json!([u64::MAX, 2]), "`features`"),
        (|t| t["inputs"][0]["columns"] = json!([]), "no columns"),
        (|t| t["inputs"][0]["columns"][0]["feature"] = json!("height"), "`height`"),
        (|t| t["inputs"][0]["columns"][0]["transforms"][0]["op"] = json!(""), "no name"),
    ];
    assert_all_refused("features.json", &attacks);
    assert_all_refused("baseline/features.json", &attacks);
    let endless = |t: &mut Value| t["inputs"][0]["columns"][0]["transforms"] = json!(vec![json!({"op": "log1p"}); 65]);
    assert_says(with_json("features.json", endless), "limit", "features.json", "MAX_TRANSFORMS");
}

#[test]
fn a_graph_that_does_not_hold_together_is_refused() {
    let attacks: [Attack; 17] = [
        (|g| g["opset"] = json!(0), "opset"),
        (|g| g["inputs"] = json!([]), "inputs"),
        (|g| g["nodes"][0]["name"] = g["nodes"][1]["name"].clone(), "twice"),
        (|g| g["nodes"].as_array_mut().unwrap().swap(0, 1), "nothing before it makes"),
        (|g| g["nodes"][0]["inputs"][0] = json!("nowhere"), "`nowhere`"),
        (|g| g["nodes"][0]["outputs"] = json!([]), "makes nothing"),
        (|g| g["nodes"][0]["outputs"] = json!([""]), "makes nothing"),
        (|g| g["nodes"][1]["outputs"][0] = g["nodes"][0]["outputs"][0].clone(), "made twice"),
        (|g| g["nodes"][0]["outputs"][0] = json!("features"), "made twice"),
        (|g| g["nodes"][0]["op_type"] = json!(""), "op_type"),
        (|g| g["nodes"][0]["op_type"] = json!("Ge mm"), "op_type"),
        (|g| g["initializers"].as_array_mut().unwrap().push(json!("phantom")), "`phantom`"),
        (|g| g["initializers"][1] = g["initializers"][0].clone(), "twice"),
        (|g| g["outputs"][0]["name"] = json!("verdict"), "verdict"),
        (|g| g["outputs"][0]["shape"] = json!(["N", 4]), "width"),
        (|g| g["outputs"][0]["shape"] = json!([]), "batch"),
        (|g| g["inputs"][0]["shape"] = json!(["N", "M"]), "symbol"),
    ];
    assert_all_refused("graph.json", &attacks);
}

#[test]
fn a_baseline_graph_is_checked_like_the_model_s() {
    assert_all_refused(
        "baseline/graph.json",
        &[
            (|g| g["nodes"].as_array_mut().unwrap().swap(0, 1), "nothing before it makes"),
            (|g| g["initializers"][0] = json!("first.weight"), "`first.weight`"),
            (|g| g["outputs"][0]["shape"] = json!(["N", 4]), "width"),
        ],
    );
}

#[test]
fn absurd_graphs_are_refused() {
    let long = |g: &mut Value| g["nodes"][0]["attributes"]["pads"] = json!(vec![0; 17]);
    assert_says(with_json("graph.json", long), "limit", "graph.json", "MAX_ATTRIBUTE_ITEMS");
    let deep = |g: &mut Value| g["inputs"][0]["shape"] = json!([1, 1, 1, 1, 1, 1, 1, 1, 8]);
    assert_says(with_json("graph.json", deep), "limit", "graph.json", "MAX_RANK");
    let huge = |g: &mut Value| g["inputs"][0]["shape"] = json!(["N", 1_u64 << 40, 1_u64 << 40]);
    assert_says(with_json("graph.json", huge), "invalid", "graph.json", "absurd");
    let many = |g: &mut Value| {
        let node = |i: usize| json!({"name": format!("n{i}"), "op_type": "Relu", "inputs": ["features"], "outputs": [format!("o{i}")]});
        g["nodes"] = (0..65_537).map(node).collect();
    };
    assert_says(with_json("graph.json", many), "limit", "graph.json", "MAX_NODES");
}

#[test]
fn a_reference_that_cannot_be_is_refused() {
    assert_all_refused(
        "reference.json",
        &[
            (|r| r["distributions"]["height"] = r["distributions"]["age"].clone(), "`height`"),
            (|r| r["distributions"]["age"]["counts"] = json!([1]), "`age`"),
            (|r| r["distributions"]["age"]["bins"] = json!({"edges": [2.0, 1.0]}), "`age`"),
            (|r| r["distributions"]["colour"] = r["distributions"]["age"].clone(), "`colour`"),
            (|r| r["guard"]["min_confidence"] = json!(1.5), "min_confidence"),
            (|r| r["guard"]["distance"]["max"] = json!(0.0), "distance.max"),
            (|r| r["guard"]["distance"]["max"] = json!(-3.0), "distance.max"),
            (|r| r["guard"]["distance"]["scales"]["age"]["scale"] = json!(0.0), "`age`"),
            (|r| r["guard"]["distance"]["scales"]["colour"] = json!({"center": 0.0, "scale": 1.0}), "`colour`"),
            (|r| r["baseline_guard"]["min_confidence"] = json!(-0.1), "baseline_guard"),
            (|r| r["age_curve"] = json!([{"age_days": 9, "score": 1.0}, {"age_days": 9, "score": 1.0}]), "age_curve"),
        ],
    );
    let edges: Vec<f64> = (0..2000).map(f64::from).collect();
    let file = with_json("reference.json", |r| r["distributions"]["age"]["bins"] = json!({"edges": edges}));
    assert_says(file, "invalid", "reference.json", "1024");
}

fn golden_text() -> String {
    String::from_utf8(find(&mut unpack(&HONEST), "golden.jsonl").content.clone()).unwrap()
}

/// An honest bundle with one line of its golden set changed; line 0 is the header.
fn with_golden(line: usize, edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut lines: Vec<String> = golden_text().lines().map(str::to_owned).collect();
    let mut value: Value = serde_json::from_str(&lines[line]).unwrap();
    edit(&mut value);
    lines[line] = value.to_string();
    with_content("golden.jsonl", lines.join("\n") + "\n")
}

#[test]
fn a_golden_set_that_disagrees_with_schema_or_graph_is_refused() {
    let attacks: [(usize, Attack); 10] = [
        (0, (|h| h["tolerance"] = json!({}), "`tier`")),
        (0, (|h| drop(h["tolerance"]["tier"].as_object_mut().unwrap().remove("ggml")), "`tier`")),
        (0, (|h| h["tolerance"]["tier"]["f32"]["absolute"] = json!(-1.0), "negative")),
        (0, (|h| h["tolerance"]["other"] = h["tolerance"]["tier"].clone(), "does not have")),
        (2, (|c| c["record"]["height"] = json!(1.0), "line 3")),
        (2, (|c| drop(c["record"].as_object_mut().unwrap().remove("age")), "`age`")),
        (3, (|c| c["expected"]["tier"] = json!([0.5, 0.5]), "line 4")),
        (3, (|c| c["expected"] = json!({}), "line 4")),
        (3, (|c| c["expected"]["other"] = json!([1.0]), "line 4")),
        (0, (|h| h["tolerance"]["tier"]["int8"] = json!({"absolute": 0.0, "relative": -1.0}), "negative")),
    ];
    for (line, (edit, words)) in attacks {
        assert_says(with_golden(line, edit), "invalid", "golden.jsonl", words);
    }
    let beyond_f32 = with_golden(3, |c| c["expected"]["tier"][0] = json!(1e300));
    assert_says(beyond_f32, "json", "golden.jsonl", "line 4");
}

#[test]
fn a_golden_set_without_cases_or_with_too_many_is_refused() {
    let text = golden_text();
    let (header, case) = (text.lines().next().unwrap(), text.lines().nth(1).unwrap());
    assert_says(with_content("golden.jsonl", header), "invalid", "golden.jsonl", "no case");
    let endless = format!("{header}\n{}", format!("{case}\n").repeat(1025));
    assert_says(with_content("golden.jsonl", endless), "limit", "golden.jsonl", "MAX_GOLDEN_CASES");
}
