//! Resident memory of this process, as the kernel reports it.

use std::fs;

/// Has the kernel forget the peak so far.
pub(crate) fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
}

/// Returns bytes of resident memory: `VmRSS` now, `VmHWM` at the peak.
pub(crate) fn resident(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("there");
    let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib * 1024.0
}
