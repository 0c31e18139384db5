//! Metrics of the process itself, under the names that Prometheus's client libraries use.

use std::{fmt::Write as _, fs};

/// Clock ticks a second in `/proc`: the kernel shows all programs this number, whatever it uses.
const TICKS: f64 = 100.0;

/// What `/proc` says of a process.
#[derive(Debug, Default, PartialEq)]
struct Process {
    cpu_seconds: Option<f64>,
    start_seconds: Option<f64>,
    resident_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    threads: Option<u64>,
    open_files: Option<u64>,
    most_files: Option<u64>,
}

/// Reads them now, as Prometheus's text. Empty where there is no `/proc`.
pub(crate) fn render() -> String {
    let read = |name: &str| fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
    let mut process = Process::parse(
        &read("self/stat"),
        &read("self/status"),
        &read("stat"),
        &read("self/limits"),
    );
    // Without the one that reads the folder.
    let open = fs::read_dir("/proc/self/fd").map(|open| open.count().saturating_sub(1));
    process.open_files = open.ok().map(|open| open as u64);
    process.text()
}

impl Process {
    fn parse(stat: &str, status: &str, machine: &str, limits: &str) -> Self {
        // A program's name may hold spaces and parentheses; numbers begin behind the last.
        let numbers: Vec<f64> = stat.rsplit_once(") ").map_or_else(Vec::new, |(_, numbers)| {
            numbers.split_ascii_whitespace().map(|word| word.parse().unwrap_or(0.0)).collect()
        });
        let ticks = |field: usize| numbers.get(field).map(|ticks| ticks / TICKS);
        let booted = word_after(machine, "btime").and_then(|word| word.parse::<f64>().ok());
        let number = |name| word_after(status, name)?.parse::<u64>().ok();
        Self {
            // utime and stime are the 14th and 15th field, starttime is the 22nd; these begin with the third.
            cpu_seconds: ticks(11).zip(ticks(12)).map(|(user, system)| user + system),
            start_seconds: booted.zip(ticks(19)).map(|(booted, began)| booted + began),
            resident_bytes: number("VmRSS:").map(|kib| kib << 10),
            virtual_bytes: number("VmSize:").map(|kib| kib << 10),
            threads: number("Threads:"),
            open_files: None,
            most_files: word_after(limits, "Max open files").and_then(|word| word.parse().ok()),
        }
    }

    fn text(&self) -> String {
        let whole = |number: Option<u64>| number.map(|number| number as f64);
        let metrics = [
            ("cpu_seconds_total", "counter", "Seconds of CPU that were used", self.cpu_seconds),
            ("start_time_seconds", "gauge", "Start, in seconds since 1970", self.start_seconds),
            (
                "resident_memory_bytes",
                "gauge",
                "Bytes of memory that are resident",
                whole(self.resident_bytes),
            ),
            (
                "virtual_memory_bytes",
                "gauge",
                "Bytes of address space, most of which plugins only reserve",
                whole(self.virtual_bytes),
            ),
            ("threads", "gauge", "Threads", whole(self.threads)),
            ("open_fds", "gauge", "Open file descriptors", whole(self.open_files)),
            ("max_fds", "gauge", "The most open file descriptors", whole(self.most_files)),
        ];
        let mut text = String::new();
        for (name, kind, help, value) in metrics {
            if let Some(value) = value {
                let name = format!("process_{name}");
                // Writing to a text does not fail.
                let _ =
                    write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
            }
        }
        text
    }
}

/// The word behind a name that begins a line.
fn word_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 1234 66 0 0 20 0 5 0 5000 9 9";
    const STATUS: &str = "Name:\ta\nVmSize:\t  2048 kB\nVmRSS:\t     100 kB\nThreads:\t5\n";
    const LIMITS: &str =
        "Max open files            1024                 524288               files\n";

    #[test]
    fn proc_is_read() {
        let process = Process::parse(STAT, STATUS, "cpu 1 2\nbtime 1700000000\n", LIMITS);
        assert_eq!(
            process,
            Process {
                cpu_seconds: Some(13.0),
                start_seconds: Some(1_700_000_050.0),
                resident_bytes: Some(100 << 10),
                virtual_bytes: Some(2 << 20),
                threads: Some(5),
                open_files: None,
                most_files: Some(1024),
            }
        );
        let text = process.text();
        assert!(text.contains("\n# TYPE process_start_time_seconds gauge\n"), "{text}");
        assert!(text.contains("\nprocess_start_time_seconds 1700000050\n"), "{text}");
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        assert_eq!(Process::parse("", "", "", ""), Process::default());
        assert_eq!(Process::default().text(), "");
    }
}
