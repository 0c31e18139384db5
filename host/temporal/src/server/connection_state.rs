//! State of one connection: idle, working, or told to close.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

/// No complete request head has been read.
const IDLE: u8 = 0;
/// A request is being handled.
const WORKING: u8 = 1;
/// The response exists, and part of it is not written yet.
const RESPONDING: u8 = 2;
/// The connection must close.
const CLOSING: u8 = 3;

/// State of one connection, shared by its stream, its service and the connection limit.
#[derive(Default)]
pub(super) struct ConnectionState {
    phase: AtomicU8,
    idle_since: AtomicU64,
    /// True once hyper has taken the whole response body.
    is_body_sent: AtomicBool,
    is_stalled: AtomicBool,
    close: Notify,
}

impl ConnectionState {
    /// Returns the state of a connection that was just accepted.
    pub(super) fn new() -> Self {
        // Relaxed throughout: the phase alone decides, and no other memory is published with it.
        let state = Self::default();
        state.idle_since.store(tick(), Relaxed);
        state
    }

    /// Records that a request is being handled.
    pub(super) fn start_request(&self) {
        let _ = self.phase.compare_exchange(IDLE, WORKING, Relaxed, Relaxed);
    }

    /// Records that the response exists.
    pub(super) fn start_response(&self) {
        self.is_body_sent.store(false, Relaxed);
        let _ = self.phase.compare_exchange(WORKING, RESPONDING, Relaxed, Relaxed);
    }

    /// Records that hyper has taken the whole response body.
    pub(super) fn finish_body(&self) {
        self.is_body_sent.store(true, Relaxed);
    }

    /// Records that the stream has no unwritten bytes. After a whole response the connection is
    /// idle.
    ///
    /// Only both together mean idle: hyper takes a body before it writes it, and it flushes between
    /// the parts of one body. A connection that counted as idle too early could be evicted in the
    /// middle of its response.
    pub(super) fn finish_flush(&self) {
        if self.is_body_sent.load(Relaxed) && self.phase.load(Relaxed) == RESPONDING {
            self.idle_since.store(tick(), Relaxed);
            let _ = self.phase.compare_exchange(RESPONDING, IDLE, Relaxed, Relaxed);
        }
    }

    /// Records that the client did not read the response in time.
    pub(super) fn mark_stalled(&self) {
        self.is_stalled.store(true, Relaxed);
    }

    /// Returns whether the client did not read the response in time.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Relaxed)
    }

    /// Waits until the connection must close.
    pub(super) async fn closed(&self) {
        self.close.notified().await;
    }

    /// Returns whether no request is being handled and no response is being written.
    pub(super) fn is_idle(&self) -> bool {
        self.phase.load(Relaxed) == IDLE
    }

    /// Returns a number that is lower the longer the connection has been idle.
    pub(super) fn idle_since(&self) -> u64 {
        self.idle_since.load(Relaxed)
    }

    /// Tells the connection to close if it is idle. Returns whether it was.
    pub(super) fn close_if_idle(&self) -> bool {
        let is_idle = self.phase.compare_exchange(IDLE, CLOSING, Relaxed, Relaxed).is_ok();
        if is_idle {
            self.close.notify_one();
        }
        is_idle
    }

    /// Tells the connection to close, whatever it is doing.
    pub(super) fn close(&self) {
        self.phase.store(CLOSING, Relaxed);
        self.close.notify_one();
    }

    /// Returns whether the connection was told to close.
    #[cfg(test)]
    pub(super) fn is_closing(&self) -> bool {
        self.phase.load(Relaxed) == CLOSING
    }
}

/// Returns a number that is higher each time. A clock could give two connections the same one.
fn tick() -> u64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    TICKS.fetch_add(1, Relaxed)
}
