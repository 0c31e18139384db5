//! The part of Redis' protocol (RESP2) that SET and GET need.

use std::io::{self, BufRead, Read, Write};

use cloakroom_guest::Buffer;

/// The longest line that is read. A server that sends no end of line must not fill the memory.
const LINE: u64 = 1024;

/// A server's answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `+OK`
    Done,
    /// No value is there, or none was set.
    Nothing,
    /// A value, which was written to the output.
    Bytes,
}

/// The reason that there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server refused, with this text.
    Refused(String),
    /// The value is larger than was allowed.
    TooLarge,
    /// The connection ended before the answer did, or the answer is not one of RESP2.
    Lost,
}

/// Sends `SET key object options…`, the object in pieces.
pub(crate) fn set(
    out: &mut impl Write,
    key: &str,
    object: &Buffer,
    options: &[String],
) -> io::Result<()> {
    write!(out, "*{}\r\n$3\r\nSET\r\n", 3 + options.len())?;
    bulk(out, key.as_bytes())?;
    write!(out, "${}\r\n", object.length())?;
    io::copy(&mut object.reader(), out)?;
    out.write_all(b"\r\n")?;
    options.iter().try_for_each(|word| bulk(out, word.as_bytes()))
}

/// Sends `AUTH user password`, or `AUTH password`.
pub(crate) fn auth(out: &mut impl Write, user: Option<&str>, password: &[u8]) -> io::Result<()> {
    let words = if user.is_some() { 3 } else { 2 };
    let mut command = format!("*{words}\r\n$4\r\nAUTH\r\n").into_bytes();
    if let Some(user) = user {
        bulk(&mut command, user.as_bytes())?;
    }
    bulk(&mut command, password)?;
    out.write_all(&command)
}

/// Sends `GET key`.
pub(crate) fn get(out: &mut impl Write, key: &str) -> io::Result<()> {
    let mut command = Vec::with_capacity(key.len() + 32);
    command.extend_from_slice(b"*2\r\n$3\r\nGET\r\n");
    bulk(&mut command, key.as_bytes())?;
    out.write_all(&command)
}

fn bulk(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    // One write, because each is a call to the host.
    let mut whole = format!("${}\r\n", bytes.len()).into_bytes();
    whole.extend_from_slice(bytes);
    whole.extend_from_slice(b"\r\n");
    out.write_all(&whole)
}

/// Reads an answer. Writes its value to `out` if it has at most `most` bytes.
pub(crate) fn reply(
    input: &mut impl BufRead,
    most: u64,
    out: &mut impl Write,
) -> Result<Reply, Failure> {
    let line = line(input)?;
    let (kind, rest) = line.split_at_checked(1).ok_or(Failure::Lost)?;
    match kind {
        "+" => Ok(Reply::Done),
        "-" => Err(Failure::Refused(rest.to_owned())),
        "$" if rest == "-1" => Ok(Reply::Nothing),
        "$" => {
            let length: u64 = rest.parse().map_err(|_| Failure::Lost)?;
            if length > most {
                return Err(Failure::TooLarge);
            }
            match io::copy(&mut input.take(length), out) {
                Ok(copied) if copied == length => Ok(Reply::Bytes),
                _ => Err(Failure::Lost),
            }
        }
        _ => Err(Failure::Lost),
    }
}

fn line(input: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    input.take(LINE).read_line(&mut line).map_err(|_| Failure::Lost)?;
    line.strip_suffix("\r\n").map(str::to_owned).ok_or(Failure::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut sent: &[u8], most: u64, expect: Result<Reply, Failure>, passed_on: &[u8]) {
        let mut out = Vec::new();
        assert_eq!(reply(&mut sent, most, &mut out), expect);
        assert_eq!(out, passed_on);
    }

    #[test]
    fn answers() {
        check(b"+OK\r\n", 0, Ok(Reply::Done), b"");
        check(b"$-1\r\n", 9, Ok(Reply::Nothing), b"");
        check(b"$4\r\na\r\nb\r\n", 9, Ok(Reply::Bytes), b"a\r\nb");
        check(b"$4\r\na\r\nb\r\n", 3, Err(Failure::TooLarge), b"");
        check(b"-OOM full\r\n", 9, Err(Failure::Refused("OOM full".to_owned())), b"");
    }

    #[test]
    fn no_answers() {
        check(b"", 9, Err(Failure::Lost), b"");
        check(b"$4\r\nab", 9, Err(Failure::Lost), b"ab");
        check(b"$-7\r\n", 9, Err(Failure::Lost), b"");
        check(b"*1\r\n", 9, Err(Failure::Lost), b"");
        check(&[b'+'; 5000], 9, Err(Failure::Lost), b"");
        check(b"\r\n", 9, Err(Failure::Lost), b"");
    }
}
