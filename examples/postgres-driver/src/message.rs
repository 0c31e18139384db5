//! Messages of PostgreSQL's protocol, version 3: a letter, a length, and a body.

use std::io::{self, Read};

use crate::failure::Failure;

/// Most bytes of a message that is no row. A server that sends a larger one must not fill the memory.
const LARGEST: u32 = 64 << 10;

/// The head of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) tag: u8,
    /// Bytes that follow.
    pub(crate) length: u32,
}

/// Reads the head of the next message that is not a notice to people. A refusal ends the answer.
pub(crate) fn next(input: &mut impl Read) -> Result<Head, Failure> {
    loop {
        let head = head(input)?;
        match head.tag {
            b'E' => return Err(Failure::Refused(code(&body(input, head)?))),
            // A notice, a parameter of the server, a notification.
            b'N' | b'S' | b'A' => drop(body(input, head)?),
            _ => return Ok(head),
        }
    }
}

/// Reads the body behind a head.
pub(crate) fn body(input: &mut impl Read, head: Head) -> Result<Vec<u8>, Failure> {
    if head.length > LARGEST {
        return Err(Failure::Nonsense);
    }
    let mut body = vec![0; head.length as usize];
    input.read_exact(&mut body)?;
    Ok(body)
}

fn head(input: &mut impl Read) -> Result<Head, Failure> {
    let mut head = [0; 5];
    input.read_exact(&mut head)?;
    let [tag, length @ ..] = head;
    let length = u32::from_be_bytes(length).checked_sub(4).ok_or(Failure::Nonsense)?;
    Ok(Head { tag, length })
}

/// Returns the code of a refusal: its field `C`.
fn code(body: &[u8]) -> String {
    let mut fields = body.split(|byte| *byte == 0);
    let code = fields.find_map(|field| field.strip_prefix(b"C")).unwrap_or(b"?????");
    let is_code = code.len() == 5 && code.iter().all(u8::is_ascii_alphanumeric);
    if is_code { String::from_utf8_lossy(code).into_owned() } else { "no code".to_owned() }
}

/// Reads a number of a row.
pub(crate) fn read_u32(input: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_skipped_and_refusals_read() {
        let mut notice = &b"N\0\0\0\x06hiS\0\0\0\x04Z\0\0\0\x05I"[..];
        assert_eq!(next(&mut notice).unwrap().tag, b'Z');
        let mut refusal = &b"E\0\0\0\x17SERROR\0C28P01\0Mcanary\0\0"[..];
        assert_eq!(next(&mut refusal).unwrap_err(), Failure::Refused("28P01".to_owned()));
    }

    #[test]
    fn hostile_lengths_are_refused() {
        for hostile in [&b"R\0\0\0\x03"[..], b"R\xff\xff\xff\xff"] {
            let mut input = hostile;
            let read = next(&mut input).and_then(|head| body(&mut input, head));
            assert_eq!(read.unwrap_err(), Failure::Nonsense);
        }
        assert_eq!(next(&mut &b"R\0\0"[..]).unwrap_err(), Failure::Lost);
    }
}
