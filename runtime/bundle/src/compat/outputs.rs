//! What an answer of the new bundle is to who reads the old one's outputs.

use super::features::SERVER_FIRST;
use super::{Compat, Level, Party, Subject, domains, listed};
use crate::contents::Contents;
use crate::graph::Dim;
use crate::schema::{Output, Schema};

pub(super) fn compare(compat: &mut Compat, old: &Contents, new: &Contents) {
    let (was, is) = (old.schema(), new.schema());
    for (at, output) in was.output.iter().enumerate() {
        match is.output.iter().position(|other| other.name == output.name) {
            Some(now) => both(compat, (old, at), (new, now)),
            None => removed(compat, output),
        }
    }
    for output in is.output.iter().filter(|output| was.output.iter().all(|other| other.name != output.name)) {
        added(compat, output, may_ask(is));
    }
}

fn subject(output: &Output) -> Subject {
    Subject::Output(output.name.clone())
}

fn removed(compat: &mut Compat, output: &Output) {
    let what = "it is gone or has another name: who reads it finds nothing".to_owned();
    let remedy = "keep it under its name beside the new one";
    compat.add(Level::Incompatible, Party::App, "output_removed", subject(output), what, remedy);
}

fn added(compat: &mut Compat, output: &Output, may_ask: bool) {
    let what = "it is new: who does not know it does not read it".to_owned();
    compat.add(Level::Compatible, Party::App, "output_added", subject(output), what, "nothing");
    if may_ask {
        let what = "it is new: the answer of a server with the old bundle lacks it and is refused (`missing_output`)"
            .to_owned();
        compat.add(Level::Note, Party::Server, "output_added_asked", subject(output), what, SERVER_FIRST);
    }
}

fn both(compat: &mut Compat, (old, at): (&Contents, usize), (new, now): (&Contents, usize)) {
    let (was, is) = (&old.schema().output[at], &new.schema().output[now]);
    if was.task != is.task {
        let what = format!("its task is {:?}, was {:?}: its numbers are read as something else", is.task, was.task);
        incompatible(compat, "output_task", is, what, ANOTHER_OUTPUT);
        return;
    }
    if at != now {
        let what = format!("it stands at position {now}, was at {at}: who reads outputs by position reads another");
        incompatible(compat, "output_order", is, what, "keep the order and append new outputs");
    }
    classes(compat, was, is, may_ask(new.schema()));
    let (shape, now_shape) = (shape(old, at), shape(new, now));
    if was.classes == is.classes && shape != now_shape {
        let what = format!("it has shape {now_shape:?}, had {shape:?}: its elements are others");
        incompatible(compat, "output_shape", is, what, ANOTHER_OUTPUT);
    }
    domain(compat, was, is);
    if let Some((level, what)) = domains::unit(was.unit.as_deref(), is.unit.as_deref()) {
        compat.add(level, Party::App, "output_unit", subject(is), what, ANOTHER_OUTPUT);
    }
}

const ANOTHER_OUTPUT: &str = "give it as an output of another name, after the old one";

fn incompatible(compat: &mut Compat, code: &'static str, output: &Output, what: String, remedy: &'static str) {
    compat.add(Level::Incompatible, Party::App, code, subject(output), what, remedy);
}

fn classes(compat: &mut Compat, was: &Output, is: &Output, may_ask: bool) {
    if was.classes == is.classes {
        return;
    }
    if let Some(added) = is.classes.strip_prefix(was.classes.as_slice()) {
        let added = listed(added.iter().map(String::as_str));
        let what =
            format!("its classes go on with {added}: the app may be told what it does not know, and gets more numbers");
        let remedy = "see that the app has a case for a class that it does not know";
        compat.add(Level::Note, Party::App, "classes_added", subject(is), what, remedy);
        if may_ask {
            let what = "its classes are more: the answer of a server with the old bundle is refused (`wrong_length`)"
                .to_owned();
            compat.add(Level::Note, Party::Server, "classes_added_asked", subject(is), what, SERVER_FIRST);
        }
        return;
    }
    let gone = was.classes.iter().filter(|class| !is.classes.contains(class)).map(String::as_str);
    let gone: Vec<&str> = gone.collect();
    let what = if gone.is_empty() {
        "its classes stand in another order: a class read by position is another".to_owned()
    } else {
        format!("its classes have lost {}: the app waits for them in vain, and positions mean others", listed(gone))
    };
    incompatible(
        compat,
        "classes_changed",
        is,
        what,
        "keep the old classes first, in their order, and append new ones",
    );
}

fn domain(compat: &mut Compat, was: &Output, is: &Output) {
    let ((least, most), (now_least, now_most)) =
        (domains::interval(was.float_domain), domains::interval(is.float_domain));
    if now_least < least || now_most > most {
        let what = format!("its values may be {now_least} to {now_most}, were {least} to {most}");
        let remedy = "see that the app can show and use such values";
        compat.add(Level::Note, Party::App, "output_domain", subject(is), what, remedy);
    }
}

/// The dimensions after the batch; 0 for one that is known only when the model runs.
fn shape(contents: &Contents, at: usize) -> Vec<usize> {
    let size = |dim: &Dim| if let Dim::Size(size) = dim { *size } else { 0 };
    contents.graph().outputs.get(at).map(|output| output.shape.iter().skip(1).map(size).collect()).unwrap_or_default()
}

/// Whether a record can ever be sent to a server: something may leave, and nothing that must be there stays.
fn may_ask(schema: &Schema) -> bool {
    let features = || schema.feature.iter();
    features().any(|feature| feature.may_leave) && features().all(|feature| feature.may_leave || !feature.is_required())
}
