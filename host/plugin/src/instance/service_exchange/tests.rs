//! Bodies are read within their limit, and within memory that is reserved.

use std::sync::{Arc, Mutex};

use cloakroom_core::Service;
use futures::{FutureExt as _, future::BoxFuture, stream};

use super::*;

/// Service that answers once, with pieces and an announced length.
struct Pieces(Mutex<Option<(Option<u64>, Vec<Bytes>)>>);

impl Service for Pieces {
    fn url(&self) -> &str {
        "http://pieces/"
    }

    fn request(&self, _: ServiceRequest) -> BoxFuture<'_, Result<ServiceResponse, Error>> {
        let (length, pieces) = self.0.lock().unwrap().take().unwrap();
        let body = Box::pin(stream::iter(pieces.into_iter().map(Ok)));
        Box::pin(async move { Ok(ServiceResponse { status: 200, headers: vec![], length, body }) })
    }
}

fn read(
    length: Option<u64>,
    pieces: &[&'static str],
    limit: usize,
    held: &HeldMemory,
) -> Result<ServiceAnswer, ExchangeError> {
    let pieces = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
    let service = Arc::new(Pieces(Mutex::new(Some((length, pieces)))));
    let request = ServiceRequest::new("GET", "a").unwrap();
    let service = GrantedService::new("s", service);
    exchange(service, request, limit, held.clone()).now_or_never().unwrap()
}

#[test]
fn memory_is_reserved_for_what_is_read_and_released_with_it() {
    for (length, pieces) in [(Some(6), &["abc", "def"][..]), (None, &["a", "bcd", "", "ef"])] {
        let held = HeldMemory::new(100, 0, None);
        let answer = read(length, pieces, 6, &held).ok().unwrap();
        assert_eq!(answer.body, "abcdef");
        assert_eq!(held.used(), 6, "{length:?}");
        drop(answer);
        assert_eq!(held.used(), 0);
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_is_held() {
    let held = HeldMemory::new(10, 0, None);
    for (length, pieces, limit) in
        [(Some(u64::MAX), &[][..], 6), (Some(7), &["abcdefg"], 6), (None, &["abcd", "efg"], 6)]
    {
        let Err(ExchangeError::Error(error)) = read(length, pieces, limit, &held) else {
            panic!("not refused");
        };
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{length:?}");
        assert!(error.to_string().starts_with("service `s`: "), "{error}");
    }
    for length in [Some(11), None] {
        let full = read(length, &["abcdefghijk"], 99, &held);
        assert!(matches!(full, Err(ExchangeError::Fault(Fault::Limit(Limit::Held)))));
    }
    assert_eq!(held.used(), 0);
}

#[test]
fn a_length_that_is_a_lie_is_an_error() {
    let held = HeldMemory::new(100, 0, None);
    for pieces in [&["ab"][..], &["abcd"], &[]] {
        let Err(ExchangeError::Error(error)) = read(Some(3), pieces, 9, &held) else {
            panic!("not refused");
        };
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
}
