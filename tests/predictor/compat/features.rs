//! Features that come, go and change: what is said of them, and what an old record then meets.

use dunlin_features::{Record, Value as Given};
use serde_json::{Value, json};

use super::model::{Model, record, with};
use super::{Pair, predict, predictor};

/// An optional number.
fn optional(name: &str) -> Value {
    json!({"name": name, "type": "NUMBER", "presence": {"min_fraction": 0.0}, "missing": {"policy": "impute", "value": 7.0}})
}

/// One change, what is said of it, a record that shows it, and the code with which the new bundle refuses that record.
struct Case {
    change: fn(&mut Model),
    said: &'static str,
    record: Value,
    refused: Option<&'static str>,
}

impl Case {
    fn refused(change: fn(&mut Model), said: &'static str, record: Value, code: &'static str) -> Self {
        Self { change, said, record, refused: Some(code) }
    }

    fn answered(change: fn(&mut Model), said: &'static str, record: Value) -> Self {
        Self { change, said, record, refused: None }
    }

    fn check(&self) {
        let pair = Pair::after(self.change);
        assert_eq!(pair.said(), [self.said], "{}", self.said);
        assert_eq!(pair.by_new(&self.record).err(), self.refused, "{}: {}", self.said, self.record);
        pair.by_old(&self.record).unwrap();
    }
}

#[test]
fn what_an_old_app_cannot_meet_is_incompatible() {
    for case in [
        Case::refused(
            |new| new.features.retain(|feature| feature["name"] != "heat"),
            "incompatible: feature `heat`: feature_removed",
            record(),
            "unknown_feature",
        ),
        Case::refused(
            |new| *new.feature("member") = json!({"name": "member", "type": "TEXT"}),
            "incompatible: feature `member`: feature_type",
            record(),
            "wrong_type",
        ),
        Case::refused(
            |new| new.feature("pixels")["shape"]["dim"][0]["size"] = json!(4),
            "incompatible: feature `pixels`: feature_shape",
            record(),
            "wrong_shape",
        ),
        Case::refused(
            |new| new.features.push(json!({"name": "late", "type": "NUMBER"})),
            "incompatible: feature `late`: feature_added_required",
            record(),
            "missing",
        ),
        Case::refused(
            |new| *new.feature("income") = json!({"name": "income", "type": "NUMBER"}),
            "incompatible: feature `income`: feature_required",
            with("income", Value::Null),
            "missing",
        ),
        Case::refused(
            |new| new.feature("heat")["float_domain"] = json!({"min": 250.0, "max": 330.0}),
            "incompatible: feature `heat`: domain_disjoint",
            record(),
            "out_of_domain",
        ),
        Case::refused(
            |new| new.feature("visits")["int_domain"] = json!({"min": -9, "max": -1}),
            "incompatible: feature `visits`: domain_disjoint",
            record(),
            "out_of_domain",
        ),
        Case::refused(
            |new| new.feature("colour")["string_domain"]["value"] = json!(["rot", "blau"]),
            "incompatible: feature `colour`: domain_disjoint",
            record(),
            "unseen_level",
        ),
        // The worst: nothing refuses it, and the number means something else.
        Case::answered(
            |new| new.feature("heat")["unit"] = json!("[degF]"),
            "incompatible: feature `heat`: feature_unit",
            record(),
        ),
    ] {
        case.check();
    }
}

#[test]
fn a_renamed_feature_is_a_removed_one_and_the_words_say_its_new_name() {
    let pair = Pair::after(|new| new.feature("income")["name"] = json!("earnings"));
    assert_eq!(
        pair.said(),
        ["compatible: feature `earnings`: feature_added", "incompatible: feature `income`: feature_removed"]
    );
    assert!(pair.compared().findings[0].what.contains("`earnings`"), "{:?}", pair.compared());
    assert_eq!(pair.by_new(&record()).err(), Some("unknown_feature"));
}

#[test]
fn a_value_given_by_its_type_is_refused_by_another_type_or_element_type() {
    let whole = Pair::after(|new| *new.feature("visits") = json!({"name": "visits", "type": "NUMBER"}));
    assert_eq!(whole.said(), ["incompatible: feature `visits`: feature_type"]);
    let signed = Pair::after(|new| new.feature("pixels")["dtype"] = json!("I8"));
    assert_eq!(signed.said(), ["incompatible: feature `pixels`: feature_dtype"]);
    for (pair, code) in [(whole, "wrong_type"), (signed, "wrong_elements")] {
        let (mut old, mut new) = (predictor(&pair.old), predictor(&pair.new));
        // Values as an app holds them: read by the old schema, laid down by name in the new one.
        let typed = Record::from_json_str(old.schema(), &record().to_string()).unwrap();
        let mut moved = Record::empty(new.schema());
        for (feature, value) in old.schema().clone().feature.iter().zip(typed.values()) {
            let value: Given<'_> = value.clone().unwrap();
            moved.set(&new.schema().clone(), &feature.name, value).unwrap();
        }
        predict(&mut old, &typed).unwrap();
        assert_eq!(predict(&mut new, &moved).err(), Some(code));
    }
}

#[test]
fn what_refuses_some_records_is_a_note() {
    for case in [
        Case::refused(
            |new| new.feature("heat")["float_domain"] = json!({"min": -10.0, "max": 20.0}),
            "note: feature `heat`: domain_narrower",
            record(),
            "out_of_domain",
        ),
        Case::refused(
            |new| new.feature("used")["float_domain"] = json!({"min": 2.0}),
            "note: feature `used`: domain_narrower",
            record(),
            "out_of_domain",
        ),
        // Further on one side, less far on the other.
        Case::refused(
            |new| new.feature("visits")["int_domain"] = json!({"min": 4, "max": 1000}),
            "note: feature `visits`: domain_narrower",
            record(),
            "out_of_domain",
        ),
        Case::refused(
            |new| new.feature("colour")["string_domain"]["value"] = json!(["green", "blue", "violet"]),
            "note: feature `colour`: domain_narrower",
            record(),
            "unseen_level",
        ),
        Case::refused(
            |new| new.feature("note")["string_domain"]["max_bytes"] = json!(4),
            "note: feature `note`: domain_narrower",
            record(),
            "out_of_domain",
        ),
    ] {
        case.check();
        // Not every record: it would be incompatible.
        let other = json!({"used": 3.0, "heat": 10.0, "visits": 50, "member": true, "colour": "blue", "note": "", "pixels": [1, 2, 3]});
        Pair::after(case.change).by_new(&other).unwrap();
    }
}

#[test]
fn a_vocabulary_that_no_longer_takes_what_it_does_not_list_is_narrower() {
    let mut open = Model::default();
    open.feature("colour")["string_domain"]["unseen"] = json!("accept");
    let pair = Pair::of(open, |new| new.feature("colour")["string_domain"]["unseen"] = json!("refuse"));
    assert_eq!(pair.said(), ["note: feature `colour`: domain_narrower"]);
    pair.by_old(&with("colour", json!("pink"))).unwrap();
    assert_eq!(pair.by_new(&with("colour", json!("pink"))).err(), Some("unseen_level"));
}

#[test]
fn what_takes_every_old_record_is_compatible() {
    for case in [
        Case::answered(
            |new| new.features.push(optional("late")),
            "compatible: feature `late`: feature_added",
            record(),
        ),
        Case::answered(
            |new| new.features.insert(1, optional("late")),
            "compatible: feature `late`: feature_added",
            record(),
        ),
        Case::answered(
            |new| new.feature("heat")["float_domain"] = json!({"max": 60.0}),
            "compatible: feature `heat`: domain_wider",
            record(),
        ),
        Case::answered(
            |new| *new.feature("visits") = json!({"name": "visits", "type": "INTEGER"}),
            "compatible: feature `visits`: domain_wider",
            record(),
        ),
        Case::answered(
            |new| new.feature("colour")["string_domain"]["value"] = json!(["violet", "blue", "green", "red"]),
            "compatible: feature `colour`: domain_wider",
            record(),
        ),
        // A level that is not listed any more is one of those that are accepted.
        Case::answered(
            |new| new.feature("colour")["string_domain"] = json!({"value": ["blue"], "unseen": "accept"}),
            "compatible: feature `colour`: domain_wider",
            record(),
        ),
        Case::answered(
            |new| new.feature("note")["string_domain"]["max_bytes"] = json!(9),
            "compatible: feature `note`: domain_wider",
            record(),
        ),
    ] {
        case.check();
    }
}

#[test]
fn what_only_the_new_bundle_takes_the_old_one_refuses_after_a_rollback() {
    let late = Pair::after(|new| new.features.push(optional("late")));
    let wider = Pair::after(|new| new.feature("heat")["float_domain"] = json!({"max": 60.0}));
    let may_lack = Pair::after(|new| {
        let heat = new.feature("heat");
        (heat["presence"], heat["missing"]) =
            (json!({"min_fraction": 0.0}), json!({"policy": "impute", "value": 20.0}));
    });
    assert_eq!(may_lack.said(), ["compatible: feature `heat`: feature_optional"]);
    for (pair, record, code) in [
        (late, with("late", json!(1.0)), "unknown_feature"),
        (wider, with("heat", json!(50.0)), "out_of_domain"),
        (may_lack, with("heat", Value::Null), "missing"),
    ] {
        pair.by_new(&record).unwrap();
        assert_eq!(pair.by_old(&record).err(), Some(code));
    }
}

#[test]
fn features_at_other_positions_are_a_note_as_records_by_name_do_not_mind() {
    let pair = Pair::after(|new| {
        let heat = new.features.remove(1);
        new.features.push(heat);
    });
    assert_eq!(pair.said(), ["note: the bundle: feature_order"]);
    pair.by_new(&record()).unwrap();
    let by_position = Record::from_json_str(pair.old.schema(), &record().to_string()).unwrap();
    assert_eq!(predict(&mut predictor(&pair.new), &by_position).err(), Some("wrong_type"));
}

#[test]
fn what_is_kept_or_sent_or_meant_otherwise_is_a_note_and_stricter_is_none() {
    let mut open = Model::default();
    open.feature("heat")["privacy"] = json!("bucket");
    let privacy = |class: &'static str| {
        let pair = Pair::of(open.clone(), move |new| new.feature("heat")["privacy"] = json!(class));
        pair.by_new(&record()).unwrap();
        pair.said()
    };
    assert_eq!(privacy("plain"), ["note: feature `heat`: privacy"]);
    assert_eq!(privacy("hash"), ["note: feature `heat`: privacy"]);
    assert_eq!(privacy("drop"), ["compatible: feature `heat`: privacy"]);
    for (change, said) in [
        ((|new| new.feature("heat")["may_leave"] = json!(true)) as fn(&mut Model), "note: feature `heat`: may_leave"),
        (|new| new.feature("heat")["purpose"] = json!("advertising"), "note: feature `heat`: purpose"),
        (|new| new.feature("heat")["unit"] = Value::Null, "note: feature `heat`: feature_unit"),
        (|new| new.feature("used")["unit"] = json!("m"), "note: feature `used`: feature_unit"),
    ] {
        Case::answered(change, said, record()).check();
    }
}
