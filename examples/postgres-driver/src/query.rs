//! The two queries. Values pass in the extended protocol, beside the text of the query and never in it.

use std::io::{self, Read as _, Write};

use bytes::{BufMut as _, BytesMut};
use cloakroom_guest::Buffer;
use postgres_protocol::message::frontend;

use crate::{
    connection::Connection,
    failure::Failure,
    message::{self, Head},
};

/// Length of a value that is SQL's NULL.
const NULL: u32 = u32::MAX;

/// Inserts an object, unless it is there with the same bytes.
///
/// # Errors
/// As the server has them.
pub(crate) fn insert(
    connection: &mut Connection,
    table: &str,
    key: &str,
    object: &Buffer,
) -> Result<(), Failure> {
    let query = format!(
        "INSERT INTO {table} AS kept (key, value) VALUES ($1, $2) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE kept.value <> excluded.value"
    );
    let length = u32::try_from(object.length()).map_err(|_| Failure::TooLarge)?;
    let mut messages = BytesMut::new();
    frontend::parse("", &query, [], &mut messages)?;
    // The message `Bind` by hand, because its body is streamed: its length, two empty names, the formats
    // text and binary, two values, and no formats of results.
    let others = 4 + 2 + 8 + (4 + key.len()) + 4 + 2;
    messages.put_u8(b'B');
    messages.put_u32(u32::try_from(others).unwrap_or(NULL).saturating_add(length));
    messages.put_slice(&[0, 0]);
    for number in [2, 0, 1, 2] {
        messages.put_u16(number);
    }
    put_value(&mut messages, key);
    messages.put_u32(length);
    connection.send(&messages)?;
    io::copy(&mut object.reader(), connection.input.get_mut())?;
    let mut rest = BytesMut::new();
    rest.put_u16(0);
    finish(connection, rest)?;
    connection.wait_until_ready()
}

/// Writes the value of a key to `output`. Returns whether there is one.
///
/// # Errors
/// `TooLarge` if it has more than `most` bytes, before any of it is read, and as the server has them.
pub(crate) fn select(
    connection: &mut Connection,
    table: &str,
    key: &str,
    most: u64,
    output: &mut impl Write,
) -> Result<bool, Failure> {
    let query = format!("SELECT value FROM {table} WHERE key = $1");
    let mut messages = BytesMut::new();
    frontend::parse("", &query, [], &mut messages)?;
    let text = |key: &str, messages: &mut BytesMut| {
        messages.put_slice(key.as_bytes());
        Ok(postgres_protocol::IsNull::No)
    };
    frontend::bind("", "", [0], [key], text, [1], &mut messages).map_err(|_| Failure::Nonsense)?;
    finish(connection, messages)?;
    let mut is_there = false;
    loop {
        let head = message::next(&mut connection.input)?;
        match head.tag {
            b'D' => {
                copy_value(connection, head, most, output)?;
                is_there = true;
            }
            b'Z' => {
                message::body(&mut connection.input, head)?;
                return Ok(is_there);
            }
            _ => drop(message::body(&mut connection.input, head)?),
        }
    }
}

/// Copies the only value of a row. Its length is the server's word: the row must have the same.
fn copy_value(
    connection: &mut Connection,
    row: Head,
    most: u64,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let input = &mut connection.input;
    let mut columns = [0; 2];
    input.read_exact(&mut columns)?;
    let length = message::read_u32(input)?;
    if columns != [0, 1] || length == NULL || row.length.checked_sub(6) != Some(length) {
        return Err(Failure::Nonsense);
    }
    if u64::from(length) > most {
        return Err(Failure::TooLarge);
    }
    let copied = io::copy(&mut input.take(length.into()), output)?;
    if copied == u64::from(length) { Ok(()) } else { Err(Failure::Lost) }
}

fn put_value(messages: &mut BytesMut, text: &str) {
    messages.put_u32(u32::try_from(text.len()).unwrap_or(NULL));
    messages.put_slice(text.as_bytes());
}

/// Has the server execute what was bound.
fn finish(connection: &mut Connection, mut messages: BytesMut) -> Result<(), Failure> {
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    Ok(connection.send(&messages)?)
}
