//! Alarms and events as text for people and as JSON lines for machines.

use dunlin::journal::RecordedEvent;
use dunlin::monitor::Alarm;
use dunlin_wire::Severity;
use serde_json::{Value, json};

use crate::utc;

/// An alarm for machines: everything that the journal has of it, and what it means in sentences.
pub(super) fn alarm_json(alarm: &Alarm) -> Value {
    let mut line = json!(alarm);
    line["type"] = json!("alarm");
    line["open"] = json!(alarm.cleared_us.is_none());
    line["since"] = json!(utc::rfc3339(alarm.since_us));
    line["what"] = json!(alarm.what());
    line["how_sure"] = json!(alarm.how_sure());
    line["what_to_do"] = json!(alarm.what_to_do());
    line
}

/// An event for machines.
pub(super) fn event_json(event: &RecordedEvent) -> Value {
    let RecordedEvent { wall_us, kind, detail, .. } = event;
    json!({"type": "event", "at": utc::rfc3339(*wall_us), "wall_us": wall_us, "kind": kind, "detail": detail})
}

/// Alarms for people.
pub(super) fn alarms(alarms: &[Alarm]) -> String {
    let open = alarms.iter().filter(|alarm| alarm.cleared_us.is_none()).count();
    let heading = match open {
        0 => "No alarm is open.".to_owned(),
        1 => "1 is open:".to_owned(),
        open => format!("{open} are open:"),
    };
    let each = alarms.iter().map(alarm);
    std::iter::once(heading).chain(each).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// One alarm: what, since when, how sure, what to do.
fn alarm(alarm: &Alarm) -> String {
    let word = match (alarm.cleared_us, alarm.severity) {
        (Some(_), _) => "over",
        (None, Severity::Alarm) => "ALARM",
        (None, Severity::Information) => "notice",
    };
    let mut since = format!("since {}", utc::text(alarm.since_us));
    if alarm.windows > 1 {
        since.push_str(&format!(", {} windows in a row, last seen {}", alarm.windows, utc::text(alarm.last_us)));
    }
    if let Some(cleared_us) = alarm.cleared_us {
        since.push_str(&format!(", over since {}", utc::text(cleared_us)));
    }
    let how_sure = alarm.how_sure();
    let mut lines = vec![format!("{word:<7} {}", alarm.what()), since];
    lines.extend((!how_sure.is_empty()).then(|| format!("how sure: {how_sure}")));
    if alarm.cleared_us.is_none() {
        lines.push(format!("what to do: {}", alarm.what_to_do()));
    }
    lines.join("\n        ")
}

/// Events for people, oldest first.
pub(in crate::commands) fn events<'a>(events: impl Iterator<Item = &'a RecordedEvent>) -> String {
    let lines: Vec<String> = events.map(event).collect();
    if lines.is_empty() { "No event is on the record.".to_owned() } else { format!("Events:\n{}", lines.join("\n")) }
}

/// One event on one line.
pub(super) fn event(event: &RecordedEvent) -> String {
    let RecordedEvent { wall_us, kind, detail, .. } = event;
    let line = format!("{}  {:<15} {}", utc::text(*wall_us), kind.replace('_', " "), particulars(detail));
    // A name of a model is a bundle's own text; nothing in it may steer the terminal.
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What an event is about: its sentence where it has one, else its particulars by name.
fn particulars(detail: &Value) -> String {
    if let Some(sentence) = ["what", "reason"].iter().find_map(|key| detail[*key].as_str()) {
        return sentence.to_owned();
    }
    let Some(fields) = detail.as_object() else { return text(detail) };
    if let (Some(model), Some(version)) = (detail["model_id"].as_str(), detail["version"].as_str()) {
        let bundle = format!("{model} {version} (sequence {})", detail["sequence"]);
        return match ["from", "to", "cause"].map(|name| detail[name].as_str()) {
            [from, Some(to), Some(cause)] => format!("{bundle}: {} -> {to} ({cause})", from.unwrap_or("new")),
            _ => format!("{bundle}, signed by {}", text(&detail["signer"])),
        };
    }
    fields
        .iter()
        .map(|(name, value)| format!("{} {}", name.replace('_', " "), text(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
