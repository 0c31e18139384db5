//! Tests of signatures in a file: where they may stand, and in which form.

use super::*;
use crate::signature::{key::SigningKey, statement::Statement};

/// A component with one custom section, `x`.
const PLAIN: &[u8] = b"\0asm\x0d\0\x01\0\0\x04\x01xyz";

fn set(component: &[u8]) -> SignatureSet {
    let (key, _) = SigningKey::generate().unwrap();
    let statement = Statement::new("a", "1").unwrap();
    SignatureSet::sign(statement, Digest::sha256(component), &key)
}

fn signed() -> Vec<u8> {
    SignedComponent::split(PLAIN).unwrap().with_signatures(&set(PLAIN))
}

fn section(size: &[u8], content: &[u8]) -> Vec<u8> {
    [&[CUSTOM], size, content].concat()
}

#[track_caller]
fn refused(file: &[u8], says: &str) {
    let error = SignedComponent::split(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginRejected);
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_signature_is_added_replaced_and_taken_away() {
    let plain = SignedComponent::split(PLAIN).unwrap();
    assert!(plain.signatures().is_none());
    let first = signed();
    let split = SignedComponent::split(&first).unwrap();
    assert_eq!(split.component(), PLAIN);
    assert_eq!(split.digest(), plain.digest());
    let second = set(PLAIN);
    let again = split.with_signatures(&second);
    let again = SignedComponent::split(&again).unwrap();
    assert_eq!(again.component(), PLAIN);
    assert_eq!(again.signatures(), Some(&second));
}

#[test]
fn there_is_one_section_at_the_end() {
    let one = signed();
    let end = &one[PLAIN.len()..];
    refused(&[&one[..], end].concat(), "not at its end");
    refused(&[&one[..], b"\0\x04\x01xyz"].concat(), "not at its end");
    let inside = [HEADER, end, &PLAIN[HEADER.len()..]].concat();
    refused(&inside, "not at its end");
}

#[test]
fn there_is_one_form_of_it() {
    let content = content(set(PLAIN).to_text().as_bytes());
    let mut size = Vec::new();
    write_size(&mut size, content.len());
    assert!(SignedComponent::split(&[PLAIN, &section(&size, &content)].concat()).is_ok());
    // The same number with more bytes than it needs.
    let mut long = size.clone();
    *long.last_mut().unwrap() |= 0x80;
    long.push(0);
    refused(&[PLAIN, &section(&long, &content)].concat(), "long form");
    // The same for the size of the name.
    let name = [&[0x80 | 19, 0], &content[1..]].concat();
    let mut size = Vec::new();
    write_size(&mut size, name.len());
    refused(&[PLAIN, &section(&size, &name)].concat(), "long form");
    let spaced = super::content(format!("{} ", set(PLAIN).to_text()).as_bytes());
    let mut size = Vec::new();
    write_size(&mut size, spaced.len());
    refused(&[PLAIN, &section(&size, &spaced)].concat(), "with spaces");
}

#[test]
fn hostile_sizes_are_bounded() {
    refused(b"", "not a WebAssembly component");
    refused(b"\0asm\x01\0\0\0", "not a WebAssembly component");
    refused(&[PLAIN, b"\0"].concat(), "truncated");
    refused(&[PLAIN, b"\0\xff\xff\xff\xff\x0f"].concat(), "truncated");
    refused(&[PLAIN, b"\0\xff\xff\xff\xff\xff\x0f"].concat(), "truncated");
    let huge = content(&vec![b'x'; LARGEST + 1]);
    let mut size = Vec::new();
    write_size(&mut size, huge.len());
    refused(&[PLAIN, &section(&size, &huge)].concat(), "more than");
    // A section whose name does not end is another section.
    assert!(SignedComponent::split(&[PLAIN, b"\0\x01\x20"].concat()).is_ok());
    for cut in PLAIN.len() + 1..signed().len() {
        assert!(SignedComponent::split(&signed()[..cut]).is_err(), "{cut}");
    }
}
