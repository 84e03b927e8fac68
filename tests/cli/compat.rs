//! Comparing a bundle with the one that it is to follow.

use dunlin_bundle::schema::Feature;
use dunlin_tests::fixture::tiny_parts;
use serde_json::json;

use crate::program::Desk;

/// `tiny` as a later bundle has it.
fn later(change: impl FnOnce(&mut dunlin_bundle::Parts)) -> dunlin_bundle::Parts {
    let mut parts = tiny_parts();
    parts.sequence += 1;
    change(&mut parts);
    parts
}

fn optional(name: &str) -> Feature {
    let feature = json!({"name": name, "type": "NUMBER", "presence": {"min_fraction": 0.0},
        "missing": {"policy": "impute", "value": 0.0}});
    serde_json::from_value(feature).expect("it is a feature")
}

#[test]
fn what_goes_together_ends_well_and_says_what_is_new() {
    let desk = Desk::new();
    desk.bundle("same.dunlin", later(|_| {}));
    desk.run(&["compat", "tiny.dunlin", "same.dunlin"]).expect(0, &["tiny 1.2.3 (sequence 8)", "goes together"]);
    desk.bundle("more.dunlin", later(|parts| parts.schema.feature.push(optional("tenure"))));
    let ended = desk.run(&["compat", "tiny.dunlin", "more.dunlin", "--key", "test.pub"]);
    ended.expect(0, &["compatible: feature `tenure`", "feature_added"]);
}

#[test]
fn what_does_not_go_together_ends_with_code_4_the_culprit_and_what_to_do() {
    let desk = Desk::new();
    desk.bundle("other.dunlin", later(|parts| parts.schema.output[0].classes.swap(0, 1)));
    desk.run(&["compat", "tiny.dunlin", "other.dunlin"]).expect(
        4,
        &[
            "must not follow",
            "INCOMPATIBLE: output `tier`",
            "an app made for the old bundle",
            "to do: keep the old classes",
        ],
    );
    let ended = desk.run(&["--json", "compat", "tiny.dunlin", "other.dunlin"]);
    ended.expect(4, &[]);
    let document = &ended.json()[0];
    assert_eq!(ended.json().len(), 1, "one document");
    assert_eq!((&document["level"], &document["old"]["sequence"]), (&json!("incompatible"), &json!(7)));
    let finding = &document["findings"][0];
    assert_eq!(finding["subject"], json!({"of": "output", "name": "tier"}));
    assert_eq!((&finding["code"], &finding["party"]), (&json!("classes_changed"), &json!("app")));
}

#[test]
fn a_file_that_is_no_bundle_or_not_trusted_is_named() {
    let desk = Desk::new();
    desk.write("unsigned.dunlin", later(|_| {}).write().expect("the parts are good"));
    desk.run(&["compat", "tiny.dunlin", "unsigned.dunlin"]).expect(0, &[]);
    desk.run(&["compat", "tiny.dunlin", "unsigned.dunlin", "--key", "test.pub"]).expect(4, &["unsigned.dunlin"]);
    desk.run(&["compat", "test.pub", "tiny.dunlin"]).expect(4, &["test.pub"]);
    desk.run(&["compat", "tiny.dunlin", "missing.dunlin"]).expect(1, &["missing.dunlin"]);
}

#[test]
fn an_app_s_policy_refuses_a_bundle_by_name_and_a_file_that_is_none_is_named() {
    let desk = Desk::new();
    desk.write("strict.json", r#"{"banned_features": ["income"]}"#);
    desk.write("lenient.json", r#"{"licenses": ["MIT"], "required_provenance": ["reviewer"]}"#);
    desk.write("typo.json", r#"{"banned": []}"#);
    let predict = |policy| desk.predict(&["--dir", "device", "--admission", policy], "");
    predict("strict.json").expect(4, &["income", "change the app's policy"]);
    predict("lenient.json").expect(0, &["0 answered"]);
    predict("typo.json").expect(1, &["typo.json", "banned"]);
    desk.predict(&["--admission", "strict.json"], "").expect(2, &["--dir"]);
}
