//! Every counter, at zero as well.

use maud::{Markup, html};

use super::parts::table;
use super::words;
use crate::commands::report::figures::{Group, Loss};

pub(super) fn section(losses: &[Loss]) -> Markup {
    html! {
        p.note { "Totals since the installation, of the whole folder." }
        h3 { "Lost" }
        (counters("Lost", losses, Group::Lost))
        h3 { "Let go by rule" }
        (counters("Let go by rule", losses, Group::LetGo))
        details {
            summary { "Counted besides" }
            (counters("Counted besides", losses, Group::Besides))
        }
    }
}

fn counters(label: &str, losses: &[Loss], group: Group) -> Markup {
    let rows = losses.iter().filter(|loss| loss.group == group).map(|loss| {
        let class = (loss.total > 0 && group == Group::Lost).then_some("counted");
        vec![
            html! { span id={ "counter-" (loss.name) } class=[class] { (words::count(loss.total)) } },
            html! { (loss.what) },
        ]
    });
    table(label, &["#total", "what"], &rows.collect::<Vec<_>>())
}
