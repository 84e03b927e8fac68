//! Which values of the old schema the new one takes: bounds, vocabularies, lengths and units.

use std::collections::HashSet;
use std::fmt::Display;

use super::{Compat, Level, Party, Subject, listed};
use crate::schema::{Feature, FloatDomain, IntDomain, StringDomain, UnseenPolicy};

/// What became of the values that a feature may have.
struct Change {
    /// Some are refused now.
    narrower: Option<String>,
    /// Some that were refused are taken now.
    is_wider: bool,
    /// None is taken that was taken before.
    is_disjoint: bool,
}

/// Compares the domains of a feature that has kept its type and shape.
pub(super) fn compare(compat: &mut Compat, was: &Feature, is: &Feature) {
    let changes = [
        bounds(whole_interval(was.int_domain), whole_interval(is.int_domain)),
        bounds(interval(was.float_domain), interval(is.float_domain)),
        vocabulary(was.string_domain.as_ref(), is.string_domain.as_ref()),
        length(was.string_domain.as_ref(), is.string_domain.as_ref()),
    ];
    for change in changes.into_iter().flatten() {
        add(compat, is, change);
    }
}

fn add(compat: &mut Compat, is: &Feature, change: Change) {
    let subject = Subject::Feature(is.name.clone());
    match change.narrower {
        Some(what) if change.is_disjoint => {
            let what = format!("{what}: every value that it could have is refused");
            let remedy = "give the value in another unit or vocabulary another name, and keep this one";
            compat.add(Level::Incompatible, Party::App, "domain_disjoint", subject, what, remedy);
        }
        Some(what) => {
            let what = format!("{what}: records outside of it are refused");
            let remedy = "look in the journal or the summaries how many such records there are";
            compat.add(Level::Note, Party::App, "domain_narrower", subject, what, remedy);
        }
        None if change.is_wider => {
            let what = "it takes more values than before: the old bundle refuses those after a rollback".to_owned();
            let remedy = "nothing, unless there is no baseline to answer them then";
            compat.add(Level::Compatible, Party::OldBundle, "domain_wider", subject, what, remedy);
        }
        None => {}
    }
}

/// The change of two inclusive intervals.
fn bounds<T: PartialOrd + Display>((least, most): (T, T), (now_least, now_most): (T, T)) -> Option<Change> {
    changed(
        now_least > least || now_most < most,
        now_least < least || now_most > most,
        now_least > most || now_most < least,
        || format!("its domain is {now_least} to {now_most}, was {least} to {most}"),
    )
}

fn changed(is_narrower: bool, is_wider: bool, is_disjoint: bool, what: impl FnOnce() -> String) -> Option<Change> {
    let narrower = is_narrower.then(what);
    (is_narrower || is_wider).then_some(Change { narrower, is_wider, is_disjoint })
}

/// Its bounds; without a domain, those of the type.
fn whole_interval(domain: Option<IntDomain>) -> (i64, i64) {
    domain.map_or((i64::MIN, i64::MAX), |domain| (domain.min, domain.max))
}

/// Its bounds, with infinity where there is none.
pub(super) fn interval(domain: Option<FloatDomain>) -> (f64, f64) {
    let domain = domain.unwrap_or_default();
    (domain.min.unwrap_or(f64::NEG_INFINITY), domain.max.unwrap_or(f64::INFINITY))
}

/// The change of a category's vocabulary, with its policy on levels that are not in it.
fn vocabulary(was: Option<&StringDomain>, is: Option<&StringDomain>) -> Option<Change> {
    let (was, is) = was.zip(is).filter(|(was, _)| !was.value.is_empty())?;
    let (before, now): (HashSet<&str>, HashSet<&str>) =
        (was.value.iter().map(String::as_str).collect(), is.value.iter().map(String::as_str).collect());
    let (took_all, takes_all) = (was.unseen == UnseenPolicy::Accept, is.unseen == UnseenPolicy::Accept);
    let gone: Vec<&str> = was.value.iter().map(String::as_str).filter(|level| !now.contains(level)).collect();
    let is_wider = !took_all && (takes_all || now.iter().any(|level| !before.contains(level)));
    let is_disjoint = !took_all && !takes_all && gone.len() == was.value.len();
    changed(!takes_all && (took_all || !gone.is_empty()), is_wider, is_disjoint, || {
        if gone.is_empty() {
            "levels outside of its vocabulary are not accepted any more".to_owned()
        } else {
            format!("its vocabulary has lost {}", listed(gone))
        }
    })
}

/// The change of a text's longest length.
fn length(was: Option<&StringDomain>, is: Option<&StringDomain>) -> Option<Change> {
    let most = |domain: Option<&StringDomain>| domain.and_then(|domain| domain.max_bytes).unwrap_or(usize::MAX);
    let (was, is) = (most(was), most(is));
    changed(is < was, is > was, false, || format!("it may have at most {is} bytes"))
}

/// What a changed unit means, of a feature or an output.
pub(super) fn unit(was: Option<&str>, is: Option<&str>) -> Option<(Level, String)> {
    match (was, is) {
        (Some(was), Some(is)) if was != is => Some((
            Level::Incompatible,
            format!("its unit is `{is}`, was `{was}`: the same number means something else, unseen"),
        )),
        (None, Some(is)) => Some((Level::Note, format!("its unit is declared as `{is}`; none was"))),
        (Some(was), None) => Some((Level::Note, format!("its unit is not declared any more; it was `{was}`"))),
        _ => None,
    }
}
