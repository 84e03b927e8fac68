//! The few numbers that most people come for.

use maud::{Markup, html};

use super::words;
use crate::commands::report::figures::{Group, Report};

pub(super) fn tiles(report: &Report) -> Markup {
    let acting = report.alarms.open.iter().filter(|alarm| alarm.is_alarm()).count() as u64;
    let noticed = report.alarms.open.len() as u64 - acting;
    let predictions = report.ran.predictions;
    let accepted = report.ran.verdict("accept");
    let accuracy = report.accuracy.iter().find(|accuracy| accuracy.overall.labelled > 0);
    let speed = report.latency.iter().find(|speed| speed.count > 0);
    let losses = || report.losses.iter().filter(|loss| loss.group == Group::Lost);
    let kinds = losses().filter(|loss| loss.total > 0).count() as u64;
    html! {
        dl.tiles {
            (tile("open-alarms", "Open alarms", &words::count(acting),
                &words::counted(noticed, "notice besides", "notices besides")))
            (tile("predictions", "Predictions", &words::count(predictions), "in the journal"))
            (tile("accepted", "Accepted", &words::part(accepted, predictions),
                &format!("{} of {}", words::count(accepted), words::count(predictions))))
            @if let Some(accuracy) = accuracy {
                (tile("accuracy-overall", "Accuracy", &words::part(accuracy.overall.right(), accuracy.overall.labelled),
                    &format!("on {}", words::counted(accuracy.overall.labelled, "label", "labels"))))
            } @else {
                (tile("accuracy-overall", "Accuracy", "–", "no labels"))
            }
            @if let Some((speed, p95)) = speed.and_then(|speed| Some((speed, speed.p95_us?))) {
                (tile("p95", "95 % within", &words::micros(p95),
                    &format!("of {}", words::counted(speed.count, "answer", "answers"))))
            } @else {
                (tile("p95", "95 % within", "–", "no answers"))
            }
            @if kinds == 0 {
                (tile("lost", "Lost", "nothing", &format!("all {} loss counters are zero", losses().count())))
            } @else {
                (tile("lost", "Lost", &words::counted(kinds, "kind", "kinds"),
                    &format!("of the {} that are counted, see below", losses().count())))
            }
        }
    }
}

fn tile(id: &str, name: &str, value: &str, note: &str) -> Markup {
    html! {
        div id={ "tile-" (id) } {
            dt { (name) }
            dd.value { (value) }
            dd.note { (note) }
        }
    }
}
