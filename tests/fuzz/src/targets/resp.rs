//! The reader of Redis' answers.

#[expect(dead_code, reason = "commands are not fuzzed")]
#[path = "../../../../guest-codecs/redis/src/resp.rs"]
mod code;

use self::code::{Failure, Reply, reply};
use crate::input::Input;

/// Reads an answer; the first two bytes say how large it may be.
pub(crate) fn resp(data: &[u8]) {
    let mut input = Input::new(data);
    let most = u64::from(input.number());
    let answer = input.rest();
    let (mut left, mut out) = (answer, Vec::new());
    let read = reply(&mut left, most, &mut out);
    assert!(out.len() as u64 <= most, "{} bytes, and the most is {most}", out.len());
    match read {
        Ok(Reply::Bytes) => {
            let line = answer.windows(2).position(|bytes| bytes == b"\r\n").expect("a line") + 2;
            assert!(answer.starts_with(b"$") && answer[line..].starts_with(&out));
            let length = std::str::from_utf8(&answer[1..line - 2]).expect("a number");
            assert_eq!(length.parse::<usize>(), Ok(out.len()));
        }
        Ok(Reply::Done) => assert!(answer.starts_with(b"+") && out.is_empty()),
        Ok(Reply::Nothing) => assert!(answer.starts_with(b"$-1\r\n") && out.is_empty()),
        Err(Failure::Refused(why)) => assert!(answer.starts_with(b"-") && why.len() < 1024),
        Err(Failure::TooLarge) => assert!(out.is_empty()),
        Err(Failure::Lost) => {}
    }
}
