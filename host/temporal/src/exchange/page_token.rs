//! Content of a page token.

use super::proto::put_bytes;

/// Place in a history from which a page goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageToken {
    pub(super) namespace: String,
    pub(super) workflow_id: String,
    /// Empty if neither the request nor the answer named the run.
    pub(super) run_id: String,
    /// The server's token of the page with the next event. Empty for the first page.
    pub(super) page: Vec<u8>,
    /// Id of the next event; zero for the first of the page.
    pub(super) next: u64,
    /// Id of the last event that the server is asked for; zero for the end of its page. It may have more
    /// by now, which the worker of a task must not see.
    pub(super) last: u64,
    /// Events behind the last one, as a `History`. They began a task: the server has not stored those of
    /// an attempt, or of an update, that may never count.
    pub(super) tail: Vec<u8>,
    /// The server's token that follows. Empty at the end of the history.
    pub(super) follow: Vec<u8>,
    /// Type of the workflow, for a task.
    pub(super) workflow_type: String,
    /// True if the history belongs to a workflow task, and its reader replays it.
    pub(super) is_task: bool,
    /// True if the events come last to first.
    pub(super) is_reverse: bool,
}

/// Bits of the flags.
const TASK: u64 = 1;
const REVERSE: u64 = 2;

impl PageToken {
    /// Writes the token: each text after its length, and numbers in eight bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let flags = u64::from(self.is_task) * TASK + u64::from(self.is_reverse) * REVERSE;
        let mut bytes = Vec::new();
        for number in [flags, self.next, self.last] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let texts = [&self.namespace, &self.workflow_id, &self.run_id, &self.workflow_type];
        let texts = texts.map(String::as_bytes);
        for text in texts.into_iter().chain([&*self.page, &self.tail, &self.follow]) {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text);
        }
        bytes
    }

    /// Reads what [`PageToken::write`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [flags, next, last] = [(); 3].map(|()| take_number(&mut rest));
        let [namespace, workflow_id, run_id, workflow_type] = [(); 4].map(|()| {
            let text = take_bytes(&mut rest)?.to_vec();
            String::from_utf8(text).ok()
        });
        let [page, tail, follow] = [(); 3].map(|()| take_bytes(&mut rest).map(<[u8]>::to_vec));
        let flags = flags?;
        let token = Self {
            namespace: namespace?,
            workflow_id: workflow_id?,
            run_id: run_id?,
            workflow_type: workflow_type?,
            page: page?,
            tail: tail?,
            follow: follow?,
            next: next?,
            last: last?,
            is_task: flags & TASK != 0,
            is_reverse: flags & REVERSE != 0,
        };
        rest.is_empty().then_some(token)
    }

    /// Returns whether an event stands before the next one, and was delivered already.
    pub(super) fn is_delivered(&self, event: u64) -> bool {
        self.next != 0 && if self.is_reverse { event > self.next } else { event < self.next }
    }

    /// Returns whether an event stands behind the last one.
    pub(super) fn is_beyond(&self, event: u64) -> bool {
        self.last != 0 && if self.is_reverse { event < self.last } else { event > self.last }
    }

    /// Returns whether an event is the last one, or stands behind it.
    pub(super) fn is_reached_by(&self, event: u64) -> bool {
        if self.is_reverse { event <= self.last } else { event >= self.last }
    }

    /// Returns whether all events that the server is asked for were delivered.
    pub(super) fn is_at_tail(&self) -> bool {
        !self.tail.is_empty() && self.is_beyond(self.next)
    }

    /// Returns the id of the event that comes after this one.
    pub(super) fn after(&self, event: u64) -> u64 {
        if self.is_reverse { event.saturating_sub(1) } else { event + 1 }
    }

    /// Returns the `WorkflowExecution`.
    pub(super) fn execution(&self) -> Vec<u8> {
        let mut execution = Vec::new();
        put_bytes(&mut execution, 1, self.workflow_id.as_bytes());
        if !self.run_id.is_empty() {
            put_bytes(&mut execution, 2, self.run_id.as_bytes());
        }
        execution
    }

    /// Returns the token of the server's page that follows in the same history.
    pub(super) fn following(&self, page: Vec<u8>) -> Self {
        Self { page, next: 0, last: 0, follow: Vec::new(), tail: Vec::new(), ..self.clone() }
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u64::from_be_bytes(*number))
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_no_part_of_it_is() {
        let token = PageToken {
            namespace: "shop".to_owned(),
            workflow_id: "order 7".to_owned(),
            run_id: "run".to_owned(),
            page: vec![0, 1, 255],
            next: 7,
            last: u64::MAX,
            tail: Vec::new(),
            follow: b"follow".to_vec(),
            workflow_type: "Order".to_owned(),
            is_task: true,
            is_reverse: false,
        };
        let written = token.write();
        assert_eq!(PageToken::read(&written), Some(token));
        for length in 0..written.len() {
            assert_eq!(PageToken::read(&written[..length]), None, "{length}");
        }
        assert_eq!(PageToken::read(&[&*written, b"x"].concat()), None);
    }

    #[test]
    fn places_turn_around_in_a_reverse_history() {
        let forward = PageToken { next: 5, last: 8, ..PageToken::default() };
        let reverse = PageToken { next: 8, last: 5, is_reverse: true, ..PageToken::default() };
        for (event, is_inside) in [(4, false), (5, true), (8, true), (9, false)] {
            for token in [&forward, &reverse] {
                let inside = !token.is_delivered(event) && !token.is_beyond(event);
                assert_eq!(inside, is_inside, "{event}: {token:?}");
            }
        }
        assert!(forward.is_reached_by(8) && !forward.is_reached_by(7));
        assert!(reverse.is_reached_by(5) && !reverse.is_reached_by(6));
        assert_eq!((forward.after(5), reverse.after(8)), (6, 7));
    }
}
