//! Outputs that come, go and change: what is said of them, and what an old app then reads.

use serde_json::json;

use super::model::{Model, record};
use super::{Pair, answer};

/// Names, classes and numbers of elements of what both bundles answer to the same record.
fn read(pair: &Pair) -> [Vec<(String, Option<String>, usize)>; 2] {
    [&pair.old, &pair.new].map(|contents| {
        let outputs = answer(contents, &record()).unwrap().outputs.unwrap();
        let class = |output: &dunlin_predictor::OutputValue| output.class.as_ref().map(|class| class.name.to_string());
        outputs.iter().map(|output| (output.name.to_string(), class(output), output.values.len())).collect()
    })
}

fn of(name: &str, class: Option<&str>, elements: usize) -> (String, Option<String>, usize) {
    (name.to_owned(), class.map(str::to_owned), elements)
}

#[test]
fn an_added_output_is_compatible_and_stands_after_those_that_were_there() {
    let pair = Pair::after(|new| new.outputs.push(json!({"name": "more", "task": "regression"})));
    assert_eq!(pair.said(), ["compatible: output `more`: output_added"]);
    let [old, new] = read(&pair);
    assert_eq!(old, new[..2], "an old app reads what it read");
}

#[test]
fn an_output_that_is_gone_or_renamed_or_stands_elsewhere_is_incompatible() {
    let gone = Pair::after(|new| new.outputs.truncate(1));
    assert_eq!(gone.said(), ["incompatible: output `score`: output_removed"]);
    assert_eq!(read(&gone)[1], [of("tier", Some("high"), 3)]);

    let renamed = Pair::after(|new| new.output("score")["name"] = json!("points"));
    assert_eq!(
        renamed.said(),
        ["compatible: output `points`: output_added", "incompatible: output `score`: output_removed"]
    );
    assert!(read(&renamed)[1].iter().all(|(name, ..)| name != "score"));

    let turned = Pair::after(|new| new.outputs.reverse());
    assert_eq!(
        turned.said(),
        ["incompatible: output `score`: output_order", "incompatible: output `tier`: output_order"]
    );
    let [old, new] = read(&turned);
    assert_ne!(old[0], new[0], "who reads the first output reads another");

    let before = Pair::after(|new| new.outputs.insert(0, json!({"name": "more", "task": "regression"})));
    assert!(before.compared().incompatible().any(|finding| finding.code == "output_order"));
    assert_ne!(read(&before)[0][0], read(&before)[1][0]);
}

#[test]
fn another_task_or_number_of_elements_is_incompatible() {
    let task = Pair::after(|new| {
        *new.output("score") = json!({"name": "score", "task": "binary_classification", "classes": ["no", "yes"]});
    });
    assert_eq!(task.said(), ["incompatible: output `score`: output_task"]);
    let [old, new] = read(&task);
    assert_eq!((&old[1].1, &new[1].1), (&None, &Some("yes".to_owned())), "a value that has become a class");

    let wider = Pair::after(|new| new.width = 2);
    assert_eq!(wider.said(), ["incompatible: output `score`: output_shape"]);
    let [old, new] = read(&wider);
    assert_eq!((old[1].2, new[1].2), (1, 2));
}

/// What is said when the classes of `tier` become these, and the class that both bundles answer, whose third score is the highest.
fn classes(classes: &[&str]) -> (Vec<String>, [Option<String>; 2]) {
    let pair = Pair::after(|new| new.output("tier")["classes"] = json!(classes));
    let [old, new] = read(&pair);
    (pair.said(), [old[0].1.clone(), new[0].1.clone()])
}

#[test]
fn a_class_that_is_gone_renamed_or_at_another_position_is_incompatible_and_a_new_one_at_the_end_a_note() {
    let changed = ["incompatible: output `tier`: classes_changed"];
    let (said, [old, new]) = classes(&["low", "high", "middle"]);
    assert_eq!(
        (said, old.as_deref(), new.as_deref()),
        (changed.map(str::to_owned).to_vec(), Some("high"), Some("middle"))
    );
    let (said, [_, new]) = classes(&["low", "high"]);
    assert_eq!((said, new.as_deref()), (changed.map(str::to_owned).to_vec(), Some("high")));
    let (said, [_, new]) = classes(&["low", "middle", "top"]);
    assert_eq!((said, new.as_deref()), (changed.map(str::to_owned).to_vec(), Some("top")));
    let (said, [_, new]) = classes(&["low", "middle", "high", "very high"]);
    assert_eq!(said, ["note: output `tier`: classes_added"]);
    assert_eq!(new.as_deref(), Some("very high"), "a class that an old app does not know");
}

#[test]
fn values_in_a_wider_range_are_a_note_and_in_another_unit_incompatible() {
    for (change, said) in [
        (
            (|new| new.output("score")["float_domain"] = json!({"min": 0.0})) as fn(&mut Model),
            Some("note: output `score`: output_domain"),
        ),
        (|new| new.output("score")["float_domain"] = json!({"min": 0.0, "max": 0.5}), None),
        (|new| new.output("score")["unit"] = json!("percent"), Some("incompatible: output `score`: output_unit")),
    ] {
        let pair = Pair::after(change);
        assert_eq!(pair.said(), said.map(str::to_owned).into_iter().collect::<Vec<_>>());
        let [old, new] = read(&pair);
        assert_eq!(old, new, "nothing tells the app");
    }
}
