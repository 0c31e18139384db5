//! Golden vectors of the text form, and a second implementation in Python that reads and writes them.

use cloakroom::dapr::text;
use serde_json::{Value, json};

use crate::scripts::{self, from_json};

fn golden() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/text_form.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn list<'a>(golden: &'a Value, name: &str) -> &'a Vec<Value> {
    golden[name].as_array().unwrap()
}

#[test]
fn golden_texts_are_written_and_read() {
    let golden = golden();
    for vector in list(&golden, "written") {
        let (expected, payload) = (vector["text"].as_str().unwrap(), from_json(&vector["payload"]));
        let written = text::write(&payload);
        assert_eq!(written, expected, "{}", vector["what"]);
        let read = text::read(expected.as_bytes()).unwrap();
        assert_eq!(read.unwrap_or_else(|| text::plain(written)), payload, "{}", vector["what"]);
    }
    for vector in list(&golden, "read") {
        let read = text::read(vector["text"].as_str().unwrap().as_bytes());
        match vector["result"].as_str() {
            Some(_) => assert!(read.is_err(), "{}", vector["what"]),
            None => assert_eq!(read.unwrap(), None, "{}", vector["what"]),
        }
    }
}

#[test]
fn the_second_implementation_agrees() {
    let golden = golden();
    let (written, read) = (list(&golden, "written"), list(&golden, "read"));
    let texts: Vec<_> = written.iter().chain(read).map(|vector| &vector["text"]).collect();
    let payloads: Vec<_> = written.iter().map(|vector| &vector["payload"]).collect();
    let answer = scripts::python("text_form.py", &json!({ "texts": texts, "payloads": payloads }));
    for (vector, text) in written.iter().zip(answer["texts"].as_array().unwrap()) {
        assert_eq!(*text, vector["text"], "{}", vector["what"]);
    }
    for (vector, found) in written.iter().chain(read).zip(answer["payloads"].as_array().unwrap()) {
        let what = &vector["what"];
        match (&vector["payload"], vector["result"].as_str()) {
            (Value::Null, Some(_)) => assert_eq!(*found, json!({ "error": true }), "{what}"),
            (Value::Null, None) => assert_eq!(*found, Value::Null, "{what}"),
            // A text in the clear is no form to read.
            (_, _) if found.is_null() => {
                assert!(!vector["text"].as_str().unwrap().contains(":v1:"))
            }
            (payload, _) => assert_eq!(from_json(found), from_json(payload), "{what}"),
        }
    }
}
