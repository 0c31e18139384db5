//! Size along which costs are measured.

use std::any::Any;

use futures::future::LocalBoxFuture;

use crate::meter::Costs;

/// Size along which costs are measured, and how a step is.
pub(crate) struct Axis {
    pub(crate) title: &'static str,
    /// Column of the size.
    pub(crate) size: &'static str,
    /// Work that happens once, before what is repeated.
    pub(crate) first: Option<&'static str>,
    pub(crate) sizes: &'static [usize],
    pub(crate) show: fn(usize) -> String,
    /// Makes what the processes that measure a step share, and is not measured.
    pub(crate) prepare: Box<dyn FnMut(usize) -> Prepared>,
    /// Measures a step in a process of its own.
    pub(crate) measure: fn(usize, String) -> LocalBoxFuture<'static, Costs>,
}

/// Parts that the processes of one step share.
#[derive(Default)]
pub(crate) struct Prepared {
    /// Argument of the process, such as an address.
    pub(crate) argument: String,
    /// Owner of what the argument names, such as a process that listens there.
    pub(crate) _kept: Option<Box<dyn Any>>,
}

/// Prepares nothing.
pub(crate) fn nothing() -> Box<dyn FnMut(usize) -> Prepared> {
    Box::new(|_| Prepared::default())
}

/// Returns a count as text.
pub(crate) fn count(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

/// Returns a number of bytes as text.
pub(crate) fn bytes(size: usize) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{} MiB", size >> 20) }
}
