//! Log on standard error: level and format.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::IsTerminal as _,
};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter,
    filter::{LevelFilter, filter_fn},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    args::{Command, Gateway, LogFormat},
    failure::Failure,
};

/// Variable that sets the log filter of every command.
const VARIABLE: &str = "CLOAKROOM_LOG";

/// Default filter of a server: its operation, and refused requests.
const SERVER: &str = "info";

/// Default filter of other commands: warnings, and log lines of plugins.
///
/// A failure of the pipeline is muted, because the command prints it as its error.
const COMMAND: &str = "warn,cloakroom::pipeline=off,cloakroom::guest=info";

/// Starts the log.
///
/// # Errors
/// If `CLOAKROOM_LOG` is not a valid filter.
pub(crate) fn start(command: &Command) -> Result<(), Failure> {
    let (default, format) = match command {
        Command::CodecServer(server) => (SERVER, server.log),
        Command::Gateway(Gateway::Dapr(gateway)) => (SERVER, gateway.log),
        Command::Gateway(Gateway::Temporal(gateway)) => (SERVER, gateway.log),
        _ => (COMMAND, LogFormat::Text),
    };
    let filter = filter(env::var_os(VARIABLE), default).map_err(Failure::usage)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours only on a terminal.
    let log = log.with_ansi(std::io::stderr().is_terminal());
    let mute = filter_fn(|line| !shows_arguments(line));
    match format {
        LogFormat::Text => log.finish().with(mute).init(),
        // The current span is the last of the list already.
        LogFormat::Json => {
            log.json().flatten_event(true).with_current_span(false).finish().with(mute).init();
        }
    }
    tracing::debug!(version = env!("CARGO_PKG_VERSION"), "started");
    Ok(())
}

/// Returns whether a line shows what a guest passes to WASI: paths of requests, and what it writes. The
/// libraries log both at low levels, and no filter turns that on, because paths and bytes may be payloads.
fn shows_arguments(line: &Metadata<'_>) -> bool {
    line.target().starts_with("wasmtime_wasi") && *line.level() >= Level::DEBUG
}

fn filter(value: Option<OsString>, default: &str) -> Result<EnvFilter, String> {
    let value = value.filter(|value| !value.is_empty());
    let value = value.as_deref().unwrap_or(OsStr::new(default));
    let text = value.to_str().ok_or_else(|| invalid(&value.to_string_lossy()))?;
    let directives: Vec<_> = text.split(',').map(str::trim).collect();
    if let Some(word) = directives.iter().find(|word| is_misspelt_level(word)) {
        return Err(invalid(word));
    }
    EnvFilter::try_new(directives.join(",")).map_err(|_| invalid(text))
}

/// Returns whether a directive is a single word but no level.
///
/// The filter would take it for a target and silence everything else without an error.
fn is_misspelt_level(word: &str) -> bool {
    let is_alone = !word.is_empty() && !word.contains(['=', '[', ']', '{', '}']);
    is_alone && word.parse::<LevelFilter>().is_err()
}

fn invalid(text: &str) -> String {
    format!(
        "{VARIABLE} is `{text}`, which is not a log filter: write a level (error, warn, info, debug, \
         trace, off) or TARGET=LEVEL, such as `debug` or `warn,cloakroom::guest=trace`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str) -> Result<String, String> {
        filter(Some(value.into()), "warn").map(|filter| filter.to_string())
    }

    #[test]
    fn refuses_an_invalid_filter() {
        assert_eq!(check(""), Ok("warn".to_owned()));
        assert_eq!(check("DEBUG"), Ok("debug".to_owned()));
        for good in ["off", "warn,cloakroom::guest=trace", "info, cloakroom=debug", "[http]=debug"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for wrong in ["verbose", "debug,infos", "cloakroom=loud", "cloakroom", "a=b=c"] {
            let refused = check(wrong).unwrap_err();
            assert!(refused.contains("such as `debug`"), "{wrong}: {refused}");
        }
    }
}
