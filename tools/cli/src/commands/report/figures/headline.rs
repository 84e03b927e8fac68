//! Whether something is the matter, in one sentence.

use serde::Serialize;

use super::alarms::Alarms;
use super::journal::Journal;
use crate::commands::report::words;

/// The sentence, and what it comes to.
#[derive(Debug, Serialize)]
pub(in super::super) struct Headline {
    pub state: State,
    pub sentence: String,
}

/// What the sentence comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum State {
    /// An alarm is open.
    Alarm,
    /// Something is open that nobody has to act on.
    Notice,
    /// Nothing is open.
    Well,
    /// Nothing was judged yet.
    Unknown,
}

impl Headline {
    pub(super) fn of(journal: &Journal, alarms: &Alarms) -> Self {
        let (acting, noticed): (Vec<_>, Vec<_>) = alarms.open.iter().partition(|alarm| alarm.is_alarm());
        let since = |us: Option<i64>| us.map_or(String::new(), |us| format!(" since {}", words::time(us)));
        let first_us = acting.iter().map(|alarm| alarm.since_us).min();
        let (state, sentence) = match (acting.as_slice(), noticed.as_slice()) {
            ([only], _) => (State::Alarm, format!("Something is the matter: {},{}.", only.what, since(first_us))),
            ([_, _, ..], _) => {
                let many = words::counted(acting.len() as u64, "alarm is", "alarms are");
                (State::Alarm, format!("Something is the matter: {many} open, the first{}.", since(first_us)))
            }
            ([], [_, ..]) => {
                let many = words::counted(noticed.len() as u64, "notice is", "notices are");
                (State::Notice, format!("No alarm is open; {many}, for information."))
            }
            ([], []) if journal.rows.is_empty() && journal.windows.is_empty() && journal.watched.is_empty() => {
                (State::Unknown, "Nothing is known yet: there are no predictions.".to_owned())
            }
            ([], []) if journal.windows.is_empty() => {
                (State::Unknown, "No alarm is open, but nothing was judged yet: no window has closed.".to_owned())
            }
            ([], []) => (State::Well, "Nothing is the matter: no alarm is open.".to_owned()),
        };
        Self { state, sentence }
    }
}
