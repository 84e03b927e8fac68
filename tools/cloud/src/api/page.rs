//! `GET /`: one plain page of what was received; no script, nothing fetched from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::statistics::{All, collect};
use super::{ApiError, Shared};
use crate::store::{AlarmCount, ModelStatistics};

/// Nothing on the page may run or fetch, whatever a sender has put into a name.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'";
const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Dunlin: what was received</title>\
<meta name=\"viewport\" content=\"width=device-width\"><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.2rem .8rem;border-bottom:1px solid #ccc;text-align:left}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a00;font-weight:bold}</style></head><body>";

/// The handler.
pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let page = render(&collect(&shared).await?);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, page).into_response())
}

fn render(all: &All) -> String {
    let mut page = String::from(HEAD);
    page.push_str("<h1>What was received</h1>");
    page.push_str(&totals(all));
    page.push_str("<h2>Models</h2>");
    page.push_str(&models(&all.stored.models));
    page.push_str("<h2>Alarms</h2>");
    page.push_str(&alarms(&all.stored.alarms));
    page.push_str("<h2>Totals of all installations, losses among them</h2>");
    page.push_str(&counts(&all.stored.counters, "Nothing was reported."));
    page.push_str("<h2>Refused since the start</h2>");
    page.push_str(&counts(&all.since_start.refused, "Nothing was refused."));
    page.push_str("</body></html>");
    page
}

fn totals(all: &All) -> String {
    let (stored, since) = (&all.stored, &all.since_start);
    let twice = stored.windows_counted_twice;
    let class = if twice == 0 { "n" } else { "n bad" };
    let mut rows = String::new();
    for (name, value) in [
        ("Installations", stored.installs),
        ("Uploads", stored.uploads),
        ("Windows", stored.windows),
        ("Windows that came again under another id, refused", stored.windows_seen_twice),
        ("Uploads dated in the future", stored.from_the_future),
        ("Attempts since the start", since.attempts),
        ("Duplicates since the start", since.duplicates),
        ("Rows inferred since the start", since.rows_inferred),
    ] {
        let _ = write!(rows, "<tr><td>{name}</td><td class=\"n\">{value}</td></tr>");
    }
    format!("<table>{rows}<tr><td>Windows counted twice</td><td class=\"{class}\">{twice}</td></tr></table>")
}

fn models(models: &[ModelStatistics]) -> String {
    if models.is_empty() {
        return "<p>No summary has come yet.</p>".to_owned();
    }
    let mut rows = String::new();
    for model in models {
        let time = |us: Option<u64>| us.map_or("-".to_owned(), |us| us.to_string());
        let wrong =
            if model.labelled == 0 { "-".to_owned() } else { format!("{} of {}", model.errors, model.labelled) };
        let numbers = [
            model.installs.to_string(),
            model.windows.to_string(),
            model.rows.to_string(),
            time(model.latency_p50_us),
            time(model.latency_p99_us),
            wrong,
        ];
        let numbers: String = numbers.iter().map(|n| format!("<td class=\"n\">{n}</td>")).collect();
        let _ = write!(
            rows,
            "<tr><td>{} {} ({})</td>{numbers}<td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&model.model_id),
            escape(&model.version),
            model.sequence,
            list(&model.verdicts),
            list(&model.reasons),
            list(&model.answered_by),
        );
    }
    let numbers = ["installations", "windows", "rows", "p50, µs", "p99, µs", "wrong of labelled"];
    let numbers: String = numbers.iter().map(|name| format!("<th class=\"n\">{name}</th>")).collect();
    format!(
        "<table><tr><th>model</th>{numbers}<th>verdicts</th><th>reasons</th><th>answered by</th></tr>{rows}</table>"
    )
}

fn alarms(alarms: &[AlarmCount]) -> String {
    if alarms.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let mut rows = String::new();
    for alarm in alarms {
        let texts = [
            format!("{} {}", alarm.model_id, alarm.version),
            alarm.kind.clone(),
            alarm.subject.clone(),
            alarm.severity.clone(),
        ];
        let texts: String = texts.iter().map(|text| format!("<td>{}</td>", escape(text))).collect();
        let _ = write!(rows, "<tr>{texts}<td class=\"n\">{}</td></tr>", alarm.installs);
    }
    let head =
        "<tr><th>model</th><th>kind</th><th>subject</th><th>severity</th><th class=\"n\">installations</th></tr>";
    format!("<table>{head}{rows}</table>")
}

fn counts(counts: &BTreeMap<String, u64>, none: &str) -> String {
    if counts.is_empty() {
        return format!("<p>{none}</p>");
    }
    let row = |(name, n): (&String, &u64)| format!("<tr><td>{}</td><td class=\"n\">{n}</td></tr>", escape(name));
    format!("<table>{}</table>", counts.iter().map(row).collect::<String>())
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let most = counts.iter().take(20).map(|(name, n)| format!("{} {n}", escape(name)));
    most.collect::<Vec<_>>().join(", ")
}

/// Text of a sender, fit to stand in a page.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().take(100) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
