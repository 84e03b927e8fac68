//! Privacy: what a summary holds is counts; canaries planted in records are in no byte of what would leave.

use dunlin::outbox::{Link, Next};
use dunlin_wire::decode;
use serde_json::json;

use crate::population::{Watching, watched_parts};

const NAME: &str = "Wilhelmina Featherstonehaugh";
const CARD: &str = "4929-1234-5678-9012";
const LATITUDE: f64 = 52.370_216_875_3;

fn nosy() -> dunlin_bundle::Parts {
    let mut parts = watched_parts();
    for feature in [
        json!({"name": "name", "type": "TEXT", "privacy": "plain", "missing": {"policy": "impute", "value": ""}}),
        json!({"name": "card", "type": "TEXT", "missing": {"policy": "impute", "value": ""}}),
        json!({"name": "latitude", "type": "NUMBER", "missing": {"policy": "impute", "value": 0}}),
    ] {
        parts.schema.feature.push(serde_json::from_value(feature).unwrap());
    }
    parts
}

#[test]
fn a_summary_holds_no_value_of_any_record_whatever_its_class() {
    let mut watching = Watching::with(&nosy(), 60);
    let answers = watching.see(59, |record| {
        record.insert("name".to_owned(), json!(NAME));
        record.insert("card".to_owned(), json!(CARD));
        record.insert("latitude".to_owned(), json!(LATITUDE));
        record.insert("colour".to_owned(), json!("Wilhelmina's favourite"));
    });
    for answer in answers {
        let _ = watching.runtime.label(answer.id, NAME).unwrap();
        let _ = watching.runtime.outcome(answer.id, "position", LATITUDE).unwrap();
    }
    watching.see_usual(1);
    let Next::Upload(upload) = watching.runtime.next_upload(Link::Unmetered).unwrap() else {
        panic!("nothing to send")
    };
    let sent = serde_json::to_string(&decode(&upload.body).unwrap()).unwrap();
    for canary in [NAME, "Wilhelmina", CARD, "5678-9012", "52.37"] {
        assert!(!sent.contains(canary), "{canary} would leave");
    }
    assert!(sent.contains("\"card\""), "names of features are the bundle's, and leave");
    for window in watching.reader().windows(None, 10).unwrap() {
        assert!(!serde_json::to_string(&window).unwrap().contains("Wilhelmina"));
    }
    for event in watching.reader().events(100).unwrap() {
        assert!(!event.detail.to_string().contains("Wilhelmina"));
    }
}
