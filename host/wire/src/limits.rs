//! Bounds of a scan: a stranger writes the message.

/// The nesting and the number of payloads up to which a message is scanned.
#[derive(Clone, Copy, Debug)]
pub struct ScanLimits {
    /// Messages and groups within one another. The server is written in Go, whose parser stops at
    /// 10,000: a smaller number here would refuse a failure that the server takes.
    pub depth: usize,
    /// Payloads in one message. An empty payload takes two bytes of the message and 20 bytes here,
    /// so without a bound 128 MiB of them would take over a GiB.
    pub payloads: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { depth: 10_000, payloads: 1_000_000 }
    }
}
