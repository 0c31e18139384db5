//! Allocator that begins with the memory that an instance starts with.
//!
//! Rust's own asks for more memory at its first allocation, however much of the first memory is unused.
//! A fresh instance for each call would then pay two system calls each time: one for the growth, and one
//! to take it back.

use dlmalloc::GlobalDlmalloc;

// The one static of this crate: Rust takes an allocator from nothing else.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;
