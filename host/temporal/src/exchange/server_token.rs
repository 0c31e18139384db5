//! Task tokens of Temporal's server, as far as they can be read.
//!
//! A token is opaque by contract. Today's server writes a protobuf message with ids in it. What is read
//! here is a hint: if the server changes its tokens, nothing is found, and every user has a fallback.

use super::proto_reader::{Value, fields};

/// Parts of a task token that could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerToken<'a> {
    pub(super) run_id: Option<&'a str>,
    /// Attempt of the task, from 1.
    pub(super) attempt: Option<u64>,
}

impl<'a> ServerToken<'a> {
    /// Reads the token of a workflow task or of an activity.
    pub(super) fn read(token: &'a [u8]) -> Self {
        let mut read = Self::default();
        let (fields, is_whole) = fields(token);
        for field in fields {
            match field {
                (3, Value::Bytes(content)) => read.run_id = id(content),
                (5, Value::Number(attempt)) => read.attempt = Some(attempt),
                _ => {}
            }
        }
        // A token of another form may begin like a message.
        if is_whole { read } else { Self::default() }
    }
}

/// Returns an id that is plain text. Something else lies at its place if it is not.
fn id(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_token_of_the_server_and_nothing_else() {
        let token = b"\x0a\x04uuid\x12\x02wf\x1a\x03run\x20\x05\x28\x02";
        assert_eq!(ServerToken::read(token), ServerToken { run_id: Some("run"), attempt: Some(2) });
        for other in [&b""[..], b"\xff\xff", b"{\"run\": 1}", b"\x1a\x02\x00\x01", b"\x1a\x7f"] {
            assert_eq!(ServerToken::read(other), ServerToken::default(), "{other:?}");
        }
    }
}
