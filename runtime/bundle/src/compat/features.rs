//! What a record of the old schema is to the new one, feature by feature.

use super::{Compat, Level, Party, Subject, domains, listed};
use crate::schema::{Feature, FeatureType, PrivacyClass, Schema};

pub(super) fn compare(compat: &mut Compat, old: &Schema, new: &Schema) {
    for feature in &old.feature {
        match new.feature.iter().find(|other| other.name == feature.name) {
            Some(now) => both(compat, feature, now),
            None => removed(compat, feature, old, new),
        }
    }
    for feature in new.feature.iter().filter(|feature| old.position(&feature.name).is_none()) {
        added(compat, feature);
    }
    order(compat, old, new);
}

fn subject(feature: &Feature) -> Subject {
    Subject::Feature(feature.name.clone())
}

fn removed(compat: &mut Compat, feature: &Feature, old: &Schema, new: &Schema) {
    let is_renamed = |other: &&Feature| {
        let same_name = Feature { name: feature.name.clone(), ..(*other).clone() };
        old.position(&other.name).is_none() && same_name == *feature
    };
    let renamed =
        new.feature.iter().find(is_renamed).map(|other| format!(" (it seems to be called `{}` now)", other.name));
    let what =
        format!("it is gone{}: records that hold it are refused (`unknown_feature`)", renamed.unwrap_or_default());
    let remedy = "keep it in the schema under its name; no column has to use it";
    compat.add(Level::Incompatible, Party::App, "feature_removed", subject(feature), what, remedy);
}

fn added(compat: &mut Compat, feature: &Feature) {
    if feature.is_required() {
        let what = "it is new and must be in every record: records without it are refused (`missing`)".to_owned();
        let remedy = "give it a missing policy that imputes a value, until every app sends it";
        compat.add(Level::Incompatible, Party::App, "feature_added_required", subject(feature), what, remedy);
    } else {
        let what = "it is new and imputed where it is absent: old records are answered".to_owned();
        let remedy = "an app that supplies it asks the session's schema first: the bundle before does not know it";
        compat.add(Level::Compatible, Party::App, "feature_added", subject(feature), what, remedy);
    }
    if feature.may_leave {
        let what = "it is new and may leave: a server with the old bundle refuses requests that hold it".to_owned();
        compat.add(Level::Note, Party::Server, "feature_added_leaves", subject(feature), what, SERVER_FIRST);
    }
}

pub(super) const SERVER_FIRST: &str = "give the new bundle to the server before the devices get it";

fn both(compat: &mut Compat, was: &Feature, is: &Feature) {
    if form(compat, was, is) {
        domains::compare(compat, was, is);
    }
    presence(compat, was, is);
    unit(compat, was, is);
    privacy(compat, was, is);
}

/// Type, element type and shape; true where they are the same.
fn form(compat: &mut Compat, was: &Feature, is: &Feature) -> bool {
    let (code, what) = if was.kind != is.kind {
        (
            "feature_type",
            format!("it is of type {:?}, was {:?}: its values are refused (`wrong_type`)", is.kind, was.kind),
        )
    } else if is.kind != FeatureType::Tensor {
        return true;
    } else if was.tensor_sizes() != is.tensor_sizes() {
        let (was, is) = (was.tensor_sizes(), is.tensor_sizes());
        ("feature_shape", format!("it has shape {is:?}, had {was:?}: its values are refused (`wrong_shape`)"))
    } else if was.dtype != is.dtype {
        let name = |feature: &Feature| feature.dtype.map(|dtype| format!("{dtype:?}")).unwrap_or_default();
        (
            "feature_dtype",
            format!("it holds {}, held {}: its values are refused (`wrong_elements`)", name(is), name(was)),
        )
    } else {
        return true;
    };
    let remedy = "add the new form as a feature of another name, optional at first, and keep the old one";
    compat.add(Level::Incompatible, Party::App, code, subject(is), what, remedy);
    false
}

fn presence(compat: &mut Compat, was: &Feature, is: &Feature) {
    match (was.is_required(), is.is_required()) {
        (false, true) => {
            let what = "it must be in every record now: records without it are refused (`missing`)".to_owned();
            let remedy = "keep its missing policy until every app sends it";
            compat.add(Level::Incompatible, Party::App, "feature_required", subject(is), what, remedy);
        }
        (true, false) => {
            let what = "it may be absent now: the old bundle refuses such records after a rollback".to_owned();
            let remedy = "go on sending it until there is no way back to the old bundle";
            compat.add(Level::Compatible, Party::OldBundle, "feature_optional", subject(is), what, remedy);
        }
        _ => {}
    }
}

fn unit(compat: &mut Compat, was: &Feature, is: &Feature) {
    let Some((level, what)) = super::domains::unit(was.unit.as_deref(), is.unit.as_deref()) else { return };
    let remedy = "give the value in the other unit another name; a unit written differently is written as before";
    compat.add(level, Party::App, "feature_unit", subject(is), what, remedy);
}

fn privacy(compat: &mut Compat, was: &Feature, is: &Feature) {
    if was.privacy != is.privacy {
        let stricter = strictness(is.privacy) > strictness(was.privacy);
        let level = if stricter { Level::Compatible } else { Level::Note };
        let what = format!(
            "its privacy class is {:?}, was {:?}: the journal keeps it so from now on",
            is.privacy, was.privacy
        );
        let remedy = "check that people were told what is kept";
        compat.add(level, Party::App, "privacy", subject(is), what, remedy);
    }
    match (was.may_leave, is.may_leave) {
        (false, true) => {
            let what = "it may leave the device now: requests to a server hold its raw value".to_owned();
            let remedy = "check that people were told what is sent";
            compat.add(Level::Note, Party::App, "may_leave", subject(is), what, remedy);
        }
        (true, false) if is.is_required() => {
            let what =
                "it must be in every record and may not leave any more: no request to a server is made".to_owned();
            let remedy = "give it a missing policy, or do without the cloud's answers";
            compat.add(Level::Note, Party::Server, "may_not_leave", subject(is), what, remedy);
        }
        _ => {}
    }
    if was.purpose != is.purpose {
        let name = |purpose: &Option<String>| purpose.as_ref().map_or("none".to_owned(), |text| format!("`{text}`"));
        let what =
            format!("its purpose is {}, was {}: a policy of the app may ban it", name(&is.purpose), name(&was.purpose));
        let remedy = "check that people were told, and that the apps' policies allow it";
        compat.add(Level::Note, Party::App, "purpose", subject(is), what, remedy);
    }
}

/// How much a class hides. A hash and a bucket hide different things: a change between them is not stricter.
fn strictness(class: PrivacyClass) -> u8 {
    match class {
        PrivacyClass::Plain => 0,
        PrivacyClass::Hash | PrivacyClass::Bucket => 1,
        PrivacyClass::Drop => 2,
    }
}

/// Records laid out by position are refused or, worse, read wrongly when features change places.
fn order(compat: &mut Compat, old: &Schema, new: &Schema) {
    let kept = |one: &Schema, other: &Schema| -> Vec<String> {
        one.feature.iter().filter(|feature| other.position(&feature.name).is_some()).map(|f| f.name.clone()).collect()
    };
    let (was, is) = (kept(old, new), kept(new, old));
    let moved = was.iter().zip(&is).filter(|(was, is)| was != is).map(|(_, is)| is.as_str());
    let moved: Vec<&str> = moved.collect();
    if !moved.is_empty() {
        let what = format!(
            "{} stand at other positions: values laid out for the old schema are read as others",
            listed(moved)
        );
        let remedy = "keep the order and append new features, or see that apps build records by name";
        compat.add(Level::Note, Party::App, "feature_order", Subject::Bundle, what, remedy);
    }
}
