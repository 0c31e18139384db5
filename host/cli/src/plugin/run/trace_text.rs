//! Trace of a plugin as lines on standard error.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use cloakroom::{
    inspect::{Thousands, clean},
    plugin::{Trace, TraceEvent},
};

/// Most characters of a line of the plugin's.
const LINE: usize = 1024;

/// Most characters of a line of a backtrace: names of functions with their types are long.
const FRAME: usize = 400;

/// Most characters of what a call was for: a service, a method and a path.
const TARGET: usize = 300;

/// Returns a trace that writes lines to standard error.
pub(super) fn trace() -> Trace {
    Trace::new(|event| {
        // A failed write means that nobody is watching.
        let _ = io::stderr().lock().write_all(lines(&event).as_bytes());
    })
}

fn lines(event: &TraceEvent) -> String {
    match event {
        TraceEvent::Line { level, text } => {
            let level = level.to_lowercase();
            format!("  log    {level}: {}\n", clean(text, LINE))
        }
        TraceEvent::HostCall { name, sent, received, time, target, outcome } => {
            let (sent, received, time) = (bytes(*sent), bytes(*received), short(*time));
            let line = format!("  host   {name:<22} {sent:>14} -> {received:<14} {time:>9}");
            let rest = [&**outcome, &*clean(target, TARGET)].join("  ");
            format!("{}\n", format!("{line}  {}", rest.trim_end()).trim_end())
        }
        TraceEvent::Trap { backtrace } if backtrace.is_empty() => {
            "  ended  outside of the plugin's functions\n".to_owned()
        }
        TraceEvent::Trap { backtrace } => {
            let frames = backtrace.lines().map(|line| format!("         {}\n", cleaned(line)));
            format!("  ended  in these functions, innermost first:\n{}", frames.collect::<String>())
        }
        TraceEvent::End { memory } => {
            format!("  end    instance has {} KiB of memory\n", Thousands(memory / 1024))
        }
        _ => String::new(),
    }
}

/// Returns a line of a backtrace with its indentation.
fn cleaned(line: &str) -> String {
    let start = line.len() - line.trim_start().len();
    format!("{:start$}{}", "", clean(line.trim_start(), FRAME))
}

fn bytes(count: u64) -> String {
    if count == 0 { String::new() } else { format!("{} B", Thousands(count)) }
}

fn short(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 10_000.0 { format!("{micros:.0} µs") } else { format!("{:.0} ms", micros / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &'static str, sent: u64, target: &str, outcome: &str) -> String {
        let (time, target, outcome) = (Duration::from_micros(12), target.into(), outcome.into());
        lines(&TraceEvent::HostCall { name, sent, received: 0, time, target, outcome })
    }

    #[test]
    fn events_are_lines_without_control_characters() {
        let line = TraceEvent::Line { level: "INFO", text: "a\u{1b}[2Jb".to_owned() };
        assert_eq!(lines(&line), "  log    info: a [2Jb\n");
        assert_eq!(
            call("bucket.put", 1000, "", ""),
            "  host   bucket.put                    1,000 B ->                    12 µs\n"
        );
        assert_eq!(
            call("service.request", 1000, "`store` PUT o/\u{1b}1", "201"),
            "  host   service.request               1,000 B ->                    12 µs  201  \
             `store` PUT o/ 1\n"
        );
    }
}
