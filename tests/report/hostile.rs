//! Names from bundles and texts from apps are text on the page, whatever they look like; and the page fetches nothing.

use std::sync::Arc;

use dunlin::clock::Clock;
use dunlin::journal::{Context, Journal, JournalConfig, Row, Scalar};
use dunlin::store::{Folder, State};
use dunlin_bundle::Parts;
use dunlin_tests::fixture::tiny_parts;
use serde_json::{Map, Value};

use crate::page::Page;
use crate::program::Desk;
use crate::story::{START_US, Story, WINDOW_ROWS, quiet, rich_parts};

/// Nothing on the page runs or is loaded.
fn assert_inert(text: &str) {
    let page = Page::of(text);
    let elements = page.elements();
    for forbidden in
        ["script", "link", "img", "image", "iframe", "object", "embed", "use", "form", "base", "audio", "video"]
    {
        assert!(!elements.iter().any(|name| name == forbidden), "<{forbidden}> is on the page");
    }
    for (name, value) in page.attributes() {
        assert!(!name.starts_with("on"), "{name}={value}");
        if ["src", "href", "xlink:href", "srcset", "action", "data"].contains(&name.as_str()) {
            assert!(value.starts_with('#'), "{name}={value}");
        }
        assert!(!value.contains("url("), "{name}={value}");
    }
    let style = page.text("style");
    assert!(!style.contains("url(") && !style.contains("@import") && !style.contains("@font-face"));
    let policy = text.contains("Content-Security-Policy") && text.contains("default-src 'none'");
    assert!(policy, "a browser is told to fetch nothing");
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    assert_inert(&Story::whole().page());
}

const EVIL: &str = "<script>alert(1)</script>";
const QUOTED: &str = "\" onmouseover=\"alert(2)\" x=\"";

#[test]
fn names_of_models_reasons_and_events_are_text() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("device")).unwrap();
    let folder = Arc::new(Folder::new(desk.path("device")));
    let (clock, _hand) = Clock::by_hand(START_US);
    let state = State::open(Arc::clone(&folder), clock.clone(), 0);
    let journal = Journal::open(folder, clock.clone(), state.epoch(), JournalConfig::default(), Arc::default());
    let text = || EVIL.to_owned();
    let context = Context {
        model_id: text(),
        version: QUOTED.to_owned(),
        sequence: 1,
        slot: text(),
        kernel_set: QUOTED.to_owned(),
    };
    let (id, _) = journal.append(Row {
        context: Arc::new(context),
        answered_by: text().into(),
        verdict: text().into(),
        reasons: vec![text().into()],
        culprit: Some(QUOTED.to_owned()),
        confidence: None,
        distance: None,
        latency_us: 52,
        at: clock.now(),
        subject: None,
        features: None,
        output: Some(serde_json::json!({EVIL: EVIL}).to_string()),
        observation: None,
        compared: None,
    });
    let _ = journal.label(id, &Scalar::Text(text())).unwrap();
    let _ = journal.event(EVIL, &serde_json::json!({QUOTED: EVIL}));
    journal.flush().unwrap();
    drop(journal);
    let ended = desk.run(&["report", "device", "--model", EVIL]);
    ended.expect(0, &["report.html"]);
    let html = std::fs::read_to_string(desk.path("report.html")).unwrap();
    assert_inert(&html);
    assert!(!html.contains(EVIL) && !html.contains("<script"), "it is escaped everywhere");
    let page = Page::of(&html);
    assert_eq!((page.text("h1").as_str(), page.rows("Models")[0][2].as_str()), (EVIL, EVIL));
    assert!(page.rows("Events")[0][2].contains(EVIL), "{:?}", page.rows("Events"));
}

#[test]
fn names_of_features_and_levels_are_text() {
    let mut story = Story::new();
    let runtime = story.open();
    let Some(parts) = renamed(&[("age", EVIL), ("colour", QUOTED)]) else { return };
    story.install(&runtime, &parts);
    let mut session = runtime.session("tiny").unwrap();
    let hostile = |step: u64| -> Map<String, Value> {
        let name = |name: String| match name.as_str() {
            "age" => EVIL.to_owned(),
            "colour" => QUOTED.to_owned(),
            _ => name,
        };
        quiet(step).into_iter().map(|(key, value)| (name(key), value)).collect()
    };
    story.live(&runtime, &mut session, 2 * WINDOW_ROWS, &hostile);
    drop(session);
    runtime.close().unwrap();
    let text = story.page();
    assert_inert(&text);
    let page = Page::of(&text);
    let captions = page.texts("#features figcaption");
    assert!(captions.iter().any(|caption| caption == EVIL), "{captions:?}");
    assert!(captions.iter().any(|caption| caption == QUOTED.trim()), "{captions:?}");
}

/// `tiny` with other names for features, wherever they stand.
fn renamed(names: &[(&str, &str)]) -> Option<Parts> {
    let mut parts = rich_parts();
    let rename = |text: String| {
        names.iter().fold(text, |text, (from, to)| text.replace(&format!("\"{from}\""), &Value::from(*to).to_string()))
    };
    parts.schema = serde_json::from_str(&rename(serde_json::to_string(&parts.schema).unwrap())).unwrap();
    parts.transforms = serde_json::from_str(&rename(serde_json::to_string(&parts.transforms).unwrap())).unwrap();
    parts.reference = serde_json::from_str(&rename(serde_json::to_string(&parts.reference).unwrap())).unwrap();
    for case in &mut parts.golden.cases {
        case.record = serde_json::from_str(&rename(serde_json::to_string(&case.record).unwrap())).unwrap();
    }
    assert_ne!(parts.schema, tiny_parts().schema);
    match parts.write() {
        Ok(_) => Some(parts),
        // A reader that refuses such names leaves nothing to escape.
        Err(error) => {
            eprintln!("skipped: bundles cannot have such names: {error}");
            None
        }
    }
}
