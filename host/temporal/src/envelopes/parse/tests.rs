//! Tests of the envelope parser.

use cloakroom_core::{ByteSize, MemoryBudget};
use proptest::prelude::*;

use super::*;
use crate::envelopes::schema::SIGNAL_WITH_START_REQUEST as REQUEST;

/// `namespace`, `input` of two payloads, `signal_name`, `memo` of one, an empty `header`.
const MESSAGE: &[u8] = b"\x0a\x01n\x2a\x0a\x0a\x03\x12\x01a\x0a\x03\x12\x01b\x62\x01s\
    \x8a\x01\x0a\x0a\x08\x0a\x01k\x12\x03\x12\x01c\x9a\x01\x00";

fn read(message: Bytes) -> Result<Parsed, ParseError> {
    let most = ByteSize::mib(64);
    parse(message, REQUEST, &mut MemoryBudget::new(most, most).call().nothing())
}

fn parsed(message: &'static [u8]) -> Result<Parsed, ParseError> {
    read(Bytes::from_static(message))
}

#[track_caller]
fn refused(read: Result<Parsed, ParseError>, expect: &str) {
    let ParseError::Unsupported(why) = read.map(drop).unwrap_err() else { panic!() };
    assert!(why.contains(expect), "{why}");
}

fn body(data: &'static str) -> Payload {
    Payload { data: data.into(), ..Payload::default() }
}

#[test]
fn replaces_payloads() {
    let Parsed { parts, payloads } = parsed(MESSAGE).unwrap();
    assert_eq!(payloads, [body("a"), body("b"), body("c")]);
    assert_eq!(write(&parts, payloads).unwrap(), MESSAGE);
    let larger = write(&parts, vec![body("aa"), body(""), body("c")]).unwrap();
    assert_eq!(larger[..13], b"\x0a\x01n\x2a\x08\x0a\x04\x12\x02aa\x0a\x00"[..]);
    assert!(write(&parts, vec![body("a"), body("b")]).is_none());
}

#[test]
fn refuses_fields_outside_the_schema() {
    for (message, expect) in [
        (&b"\xe2\x01\x01x"[..], "a field 28 that"),
        (b"\xaa\x01\x00", "a field 21 that"),
        (b"\x0a\x02n", "field 1 cannot be read"),
        (b"\x08\x01", "field 1 cannot be read"),
        (b"\x0b\x0c", "field 1 cannot be read"),
        (b"\x0a\x01\xff", "field 1 cannot be read"),
        (b"\x1a\x02\x10\x01", "a field 2 that"),
        (b"\x2a\x02\x12\x00", "a field 2 that"),
        (b"\x2a\x03\x0a\x01\x12", "field 1 cannot be read"),
        (b"\x92\x01\x04\x0a\x02\x1a\x00", "a field 3 that"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "not a message"),
        (b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", "field 1 cannot be read"),
    ] {
        refused(parsed(message), expect);
    }
}

#[test]
fn limits_the_number_of_payloads() {
    let message = |count: usize| {
        let input = b"\x0a\x00".repeat(count);
        let mut message = Vec::new();
        write_head(5, input.len(), &mut message);
        [message, input].concat().into()
    };
    assert!(read(message(MAX_PARTS - 1)).is_ok());
    refused(read(message(MAX_PARTS)), "4096");
}

proptest! {
    #[test]
    fn writes_what_it_has_read(bytes: Vec<u8>) {
        if let Ok(Parsed { parts, payloads }) = read(bytes.into()) {
            let again = read(write(&parts, payloads.clone()).unwrap()).unwrap();
            prop_assert!(again.payloads == payloads);
        }
    }
}
