//! What a server with the old bundle makes of the new one's requests, and a device of its answers. That a server refuses what is
//! no feature of its bundle, and a device an answer without an output or of another length, is tested where they are: in
//! tests/cloud/inference.rs and tests/line/fallback/.

use serde_json::{Value, json};

use super::Pair;
use super::model::Model;

/// The model with features that may all leave, so that a server can be asked.
fn asking() -> Model {
    let mut model = Model::default();
    model.features.iter_mut().for_each(|feature| feature["may_leave"] = json!(true));
    model
}

/// Whether each of two models concerns the server: one that may be asked about, and one that never is.
fn said(change: fn(&mut Model)) -> [Vec<String>; 2] {
    [asking(), Model::default()].map(|model| {
        let said = Pair::of(model, change).said();
        said.into_iter().filter(|said| said.starts_with("note")).collect()
    })
}

#[test]
fn a_server_with_the_old_bundle_is_a_note_where_it_can_be_asked() {
    let more = |new: &mut Model| new.outputs.push(json!({"name": "more", "task": "regression"}));
    assert_eq!(said(more), [vec!["note: output `more`: output_added_asked".to_owned()], Vec::new()]);

    let class = |new: &mut Model| new.output("tier")["classes"] = json!(["low", "middle", "high", "top"]);
    let [asked, not] = said(class);
    assert_eq!(asked, ["note: output `tier`: classes_added", "note: output `tier`: classes_added_asked"]);
    assert_eq!(not, ["note: output `tier`: classes_added"]);

    let feature = |new: &mut Model| {
        new.features.push(json!({"name": "late", "type": "NUMBER", "may_leave": true,
            "presence": {"min_fraction": 0.0}, "missing": {"policy": "impute", "value": 1.0}}));
    };
    assert_eq!(said(feature)[0], ["note: feature `late`: feature_added_leaves"]);
}

#[test]
fn a_required_feature_that_may_no_longer_leave_ends_the_asking() {
    let stays =
        |name: &'static str| Pair::of(asking(), move |new| new.feature(name)["may_leave"] = Value::Bool(false)).said();
    assert_eq!(stays("heat"), ["note: feature `heat`: may_not_leave"]);
    assert_eq!(stays("income"), [""; 0], "one that may be absent is left out of the request");
}
