//! Logger for the crate `log`, which passes its lines on to the host.

use log::{LevelFilter, Log, Metadata, Record};

use crate::log::{Level, write};

struct HostLogger;

impl Log for HostLogger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = match record.level() {
            log::Level::Error => Level::Error,
            log::Level::Warn => Level::Warn,
            log::Level::Info => Level::Info,
            log::Level::Debug => Level::Debug,
            log::Level::Trace => Level::Trace,
        };
        write(level, &record.args().to_string());
    }

    fn flush(&self) {}
}

/// Installs the logger, unless the plugin has one. A line costs a call to the host and counts towards the
/// limit of the log, so that lines below `info` are not sent by default.
pub(crate) fn install() {
    if log::set_logger(&HostLogger).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[test]
    fn lines_reach_the_host() {
        let host = testing::Host::new();
        log::warn!("{} coats", 3);
        log::debug!("not sent");
        assert_eq!(host.log(), ["Warn: 3 coats"]);
    }
}
