//! Look-up of a key, which may have to wait for a key service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;

use super::key::Key;
use crate::Error;

/// Result of a look-up: the key, or none if the ring does not have it.
type Found = Result<Option<Arc<dyn Key>>, Error>;

/// Look-up of a key in a [`KeyRing`](crate::KeyRing): a future that is ready at once if the key is at
/// hand.
///
/// Seals and opens of the bundled ring take this path for each payload, so a key at hand costs no
/// allocation and no task switch. A look-up that is dropped is given up.
#[must_use = "a look-up does nothing unless it is awaited"]
pub struct KeyLookup<'a>(State<'a>);

enum State<'a> {
    Ready(Option<Found>),
    Waiting(BoxFuture<'a, Found>),
}

impl<'a> KeyLookup<'a> {
    /// Answers with a key that is at hand.
    pub fn found(key: Arc<dyn Key>) -> Self {
        Self(State::Ready(Some(Ok(Some(key)))))
    }

    /// Answers that the ring has no such key.
    pub fn none() -> Self {
        Self(State::Ready(Some(Ok(None))))
    }

    /// Answers with an error, such as `Unavailable` of a key service that is known to be down.
    pub fn failed(error: Error) -> Self {
        Self(State::Ready(Some(Err(error))))
    }

    /// Answers later, for example after a request to a key service. The future does nothing before it
    /// is polled; it may be dropped unpolled and asked for again.
    pub fn later(
        answer: impl Future<Output = Result<Option<Arc<dyn Key>>, Error>> + Send + 'a,
    ) -> Self {
        Self(State::Waiting(Box::pin(answer)))
    }

    /// Returns the answer if it is at hand, and none if it has to be awaited.
    #[must_use]
    pub fn now(self) -> Option<Result<Option<Arc<dyn Key>>, Error>> {
        match self.0 {
            State::Ready(answer) => answer,
            State::Waiting(_) => None,
        }
    }
}

impl Future for KeyLookup<'_> {
    type Output = Result<Option<Arc<dyn Key>>, Error>;

    fn poll(self: Pin<&mut Self>, polling: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().0 {
            // Polled again after its answer: pending for ever, as a fused future.
            State::Ready(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
            State::Waiting(answer) => answer.as_mut().poll(polling),
        }
    }
}

impl fmt::Debug for KeyLookup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ready = matches!(self.0, State::Ready(_));
        f.debug_struct("KeyLookup").field("is_ready", &is_ready).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{ErrorKind, KeyError, KeyRing};

    struct OnlyId;

    impl Key for OnlyId {
        fn id(&self) -> &str {
            "only-id"
        }
    }

    struct Waiting;

    impl KeyRing for Waiting {
        fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
            KeyLookup::later(async move {
                let key: Arc<dyn Key> = Arc::new(OnlyId);
                Ok(Some(key).filter(|key| key.id() == id))
            })
        }
    }

    #[test]
    fn a_ring_may_answer_later_and_has_no_current_key_by_default() {
        assert!(Waiting.find("only-id", None).now().is_none());
        assert_eq!(block_on(Waiting.find("only-id", None)).unwrap().unwrap().id(), "only-id");
        assert!(block_on(Waiting.find("other", None)).unwrap().is_none());
        assert!(Waiting.current(None).now().unwrap().unwrap().is_none());
        assert!(Waiting.lasting().now().unwrap().unwrap().is_none());
        let down = KeyLookup::failed(Error::new(ErrorKind::Unavailable, "down"));
        assert_eq!(block_on(down).map(drop).unwrap_err().kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_key_refuses_what_it_does_not_implement() {
        let refused = Err(KeyError::Refused);
        assert_eq!(OnlyId.seal(&[], b""), refused);
        assert_eq!(OnlyId.seal_repeatably(&[], b""), refused);
        assert_eq!(OnlyId.open(bytes::Bytes::new(), b""), refused);
        assert_eq!(OnlyId.seal_aes_gcm(&[], b""), refused);
        assert_eq!(OnlyId.open_aes_gcm(bytes::Bytes::new(), b""), refused);
        assert_eq!(OnlyId.derive("p", b"", &mut []), Err(KeyError::Refused));
        assert_eq!(OnlyId.sign_claim(b""), Err(KeyError::Refused));
        assert_eq!(OnlyId.sign_claim_v1(b""), Err(KeyError::Refused));
    }
}
