//! What the manifests and the parts of two bundles differ in, apart from schema and outputs.

use super::{Compat, Level, Party, Subject, listed};
use crate::contents::Contents;

pub(super) fn compare(compat: &mut Compat, old: &Contents, new: &Contents) {
    identity(compat, old, new);
    requirements(compat, old, new);
    if old.baseline().is_some() && new.baseline().is_none() {
        compat.add(
            Level::Note,
            Party::App,
            "baseline_removed",
            Subject::Bundle,
            "it has no baseline any more: where the model abstains nobody answers".to_owned(),
            "pack the baseline with it, or see that the app can do without an answer",
        );
    }
}

fn identity(compat: &mut Compat, old: &Contents, new: &Contents) {
    let (was, is) = (old.manifest(), new.manifest());
    if was.model_id != is.model_id {
        let what = format!("it is of model `{}`, not `{}`: the app opens sessions by name", is.model_id, was.model_id);
        let remedy = "keep the model's name; a model of another name is installed beside it";
        compat.add(Level::Incompatible, Party::App, "other_model", Subject::Bundle, what, remedy);
        return;
    }
    if old.digest() == new.digest() {
        return;
    }
    let sequences = format!("its sequence is {}, after {}", is.sequence, was.sequence);
    if is.sequence < was.sequence {
        let what = format!("{sequences}: devices refuse it as older");
        let remedy = "give it a sequence above all that were ever released";
        compat.add(Level::Incompatible, Party::App, "older", Subject::Bundle, what, remedy);
    } else if is.sequence == was.sequence {
        let what = format!("{sequences}: a server cannot tell the two apart, and refuses summaries that do not add up");
        compat.add(Level::Note, Party::Server, "same_sequence", Subject::Bundle, what, "give it the next sequence");
    }
}

fn requirements(compat: &mut Compat, old: &Contents, new: &Contents) {
    let (was, is) = (old.manifest(), new.manifest());
    let added = is.requires.iter().filter(|ability| !was.requires.contains(ability)).map(String::as_str);
    let added: Vec<&str> = added.collect();
    if !added.is_empty() {
        let what = format!("it requires {}: runtimes that do not know this refuse it", listed(added));
        let remedy = "release it to devices whose app has a runtime that does";
        compat.add(Level::Note, Party::App, "requires", Subject::Bundle, what, remedy);
    }
    if let Some(needed) =
        is.engine.min_version.as_ref().filter(|needed| Some(*needed) > was.engine.min_version.as_ref())
    {
        let what = format!("it needs an engine of {needed} or later: runtimes before it refuse it");
        let remedy = "release it to devices whose app has such a runtime";
        compat.add(Level::Note, Party::App, "engine_version", Subject::Bundle, what, remedy);
    }
}
