//! What is the matter, and what was.

use maud::{Markup, html};

use super::parts::{nothing, time};
use super::words;
use crate::commands::report::figures::{AlarmFigure, Alarms};

pub(super) fn section(alarms: &Alarms) -> Markup {
    html! {
        @if alarms.open.is_empty() {
            (nothing("No alarm is open."))
        } @else {
            div.cards { @for alarm in &alarms.open { (card(alarm)) } }
        }
        @if !alarms.over.is_empty() {
            details {
                summary { (words::counted(alarms.over.len() as u64, "alarm that is over", "alarms that are over")) }
                div.cards { @for alarm in &alarms.over { (card(alarm)) } }
            }
        }
    }
}

fn card(alarm: &AlarmFigure) -> Markup {
    let (class, sign, word) = match (alarm.cleared_us, alarm.is_alarm()) {
        (Some(_), _) => ("alarm over", "✓", "over"),
        (None, true) => ("alarm open", "▲", "alarm"),
        (None, false) => ("alarm notice", "●", "notice"),
    };
    html! {
        article class=(class) {
            p.badge { span aria-hidden="true" { (sign) } " " (word) ": " (words::code(&alarm.kind))
                span.of { " · " (super::parts::model(&alarm.model)) }
            }
            h3 { (sentence(&alarm.what)) }
            dl {
                dt { "since" }
                dd {
                    (time(alarm.since_us)) ", seen in " (words::counted(alarm.windows, "window", "windows"))
                    @match alarm.cleared_us {
                        Some(cleared) => { ", over since " (time(cleared)) }
                        None => { ", last " (time(alarm.last_us)) }
                    }
                }
                dt { "how sure" } dd { (alarm.how_sure) }
                @if alarm.cleared_us.is_none() { dt { "what to do" } dd { (sentence(alarm.what_to_do)) } }
            }
        }
    }
}

/// A clause with a capital and a full stop.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
