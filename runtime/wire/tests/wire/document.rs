//! docs/upload-protocol.md: its examples are messages by its own schema, and by the reader; what the reader's types write
//! is a message by the schema too.

use dunlin_wire::{Acknowledgement, Envelope, decode};
use proptest::prelude::*;
use serde_json::Value;

use crate::hostile::gzip;
use crate::message::summary;

/// The blocks of JSON in the document, under the headings that they stand below.
fn blocks() -> Vec<(String, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/upload-protocol.md");
    let text = std::fs::read_to_string(path).expect("the document is there").replace("\r\n", "\n");
    let (mut heading, mut blocks) = (String::new(), Vec::new());
    for part in text.split("\n## ").skip(1) {
        heading.clear();
        heading.push_str(part.lines().next().unwrap_or_default());
        for block in part.split("\n```json\n").skip(1) {
            let json = block.split("\n```").next().unwrap_or_default();
            let value = serde_json::from_str(json).unwrap_or_else(|e| panic!("under '{heading}': {e}"));
            blocks.push((heading.clone(), value));
        }
    }
    blocks
}

fn under(heading: &str) -> Vec<Value> {
    blocks().into_iter().filter(|(found, _)| found == heading).map(|(_, block)| block).collect()
}

fn schema() -> jsonschema::Validator {
    let [schema] = &under("Schema of a message")[..] else { panic!("there is one schema") };
    assert!(jsonschema::meta::is_valid(schema), "the schema is a schema");
    jsonschema::validator_for(schema).expect("it compiles")
}

fn faults(schema: &jsonschema::Validator, message: &Value) -> Vec<String> {
    schema.iter_errors(message).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_examples_are_messages_by_the_schema_and_by_the_reader() {
    let (schema, examples) = (schema(), under("Examples of messages"));
    assert!(examples.len() >= 2);
    for example in examples {
        assert_eq!(faults(&schema, &example), Vec::<String>::new());
        let envelope = decode(&gzip(example.to_string().as_bytes())).expect("the reader takes it");
        // Nothing of the example is lost: every field of it is one that the reader knows.
        assert_eq!(serde_json::to_value(&envelope).expect("it is JSON"), example);
    }
}

#[test]
fn the_acknowledgements_are_acknowledgements() {
    let acknowledgements = under("The answer");
    assert!(!acknowledgements.is_empty());
    for example in acknowledgements {
        serde_json::from_value::<Acknowledgement>(example).expect("it is one");
    }
}

#[test]
fn the_schema_refuses_what_no_sender_writes() {
    let (schema, example) = (schema(), under("Examples of messages").swap_remove(0));
    for path in ["/id", "/source", "/type", "/data/format", "/data/model/id", "/data/windows", "/data/rows"] {
        for wrong in [Value::Null, Value::from(-1), Value::from("")] {
            let mut message = example.clone();
            *message.pointer_mut(path).expect("it is there") = wrong;
            assert!(!schema.is_valid(&message), "{path}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn what_is_written_is_a_message_by_the_schema(summary in summary(1)) {
        let message = serde_json::to_value(Envelope::new("0190a6d2", "5f0c", summary)).expect("it is JSON");
        prop_assert_eq!(faults(&schema(), &message), Vec::<String>::new());
    }
}
