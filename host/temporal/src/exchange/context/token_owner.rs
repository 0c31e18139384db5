//! The server's task token, as far as it says whose task it is.
//!
//! It is no API: another server may write it otherwise. So nothing is relied on, and a token that reads
//! otherwise is as good as none.

/// Bytes of a workflow's id at most, as the server accepts them by default.
const MAX_ID: usize = 1000;

/// Workflow and run of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenOwner<'a> {
    pub(crate) workflow_id: Option<&'a str>,
    pub(crate) run_id: Option<&'a str>,
}

impl<'a> TokenOwner<'a> {
    /// Reads a token that is the protobuf message of today's servers: field 1 is the id of the
    /// namespace, 2 the workflow's, 3 the run's.
    pub(crate) fn parse(token: &'a [u8]) -> Self {
        Self::read(token).unwrap_or_default()
    }

    fn read(token: &'a [u8]) -> Option<Self> {
        let mut rest = token;
        let namespace = take(&mut rest, 1)?;
        let workflow_id = take(&mut rest, 2)?;
        let run_id = take(&mut rest, 3)?;
        // A query's token has other texts in these places, and no ids of this form.
        if !is_uuid(namespace) || !is_uuid(run_id) || workflow_id.len() > MAX_ID {
            return None;
        }
        Some(Self { workflow_id: Some(workflow_id), run_id: Some(run_id) })
    }
}

/// Takes the next field, if it is a short text of this number.
fn take<'a>(rest: &mut &'a [u8], number: u8) -> Option<&'a str> {
    let (&tag, after) = rest.split_first()?;
    let (&low, mut after) = after.split_first()?;
    if tag != number << 3 | 2 {
        return None;
    }
    let mut length = usize::from(low & 0x7f);
    if low >= 0x80 {
        let (&high, behind) = after.split_first()?;
        // A text of 16 KiB or more is no id.
        if high >= 0x80 {
            return None;
        }
        length |= usize::from(high) << 7;
        after = behind;
    }
    let (text, behind) = after.split_at_checked(length)?;
    *rest = behind;
    std::str::from_utf8(text).ok().filter(|text| !text.is_empty())
}

fn is_uuid(text: &str) -> bool {
    let is_right = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exchange::proto::{put_bytes, put_number};

    const UUID: &str = "32049b68-7872-4094-8e63-d0dd59896a83";

    fn token(fields: [&str; 3]) -> Vec<u8> {
        let mut token = Vec::new();
        (1..).zip(fields).for_each(|(number, text)| put_bytes(&mut token, number, text.as_bytes()));
        put_number(&mut token, 4, 5);
        token
    }

    #[test]
    fn reads_a_token_of_the_server_and_nothing_else() {
        let long = "w".repeat(300);
        let read = |fields| {
            let token = token(fields);
            let token = TokenOwner::parse(&token);
            token.workflow_id.map(str::to_owned).zip(token.run_id.map(str::to_owned))
        };
        assert_eq!(read([UUID, &long, UUID]), Some((long.clone(), UUID.to_owned())));
        assert_eq!(read([UUID, "queue", "query"]), None);
        assert_eq!(read(["", "w", UUID]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(token: Vec<u8>) {
            TokenOwner::parse(&token);
        }
    }
}
