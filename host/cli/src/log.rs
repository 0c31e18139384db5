//! The log: how much of it there is, and in which form. It goes to standard error.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::IsTerminal as _,
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{
    args::{Command, LogFormat},
    failure::Failure,
};

/// Says what is logged, for every command.
const VARIABLE: &str = "CLOAKROOM_LOG";

/// What a server does, and why it refused.
const SERVER: &str = "info";

/// Warnings, and what plugins say. A failure of the pipeline is what the command ends with.
const COMMAND: &str = "warn,cloakroom::pipeline=off,cloakroom::guest=info";

/// Starts the log.
///
/// # Errors
/// If `CLOAKROOM_LOG` says nothing that can be understood.
pub(crate) fn start(command: &Command) -> Result<(), Failure> {
    let (usual, format) = match command {
        Command::CodecServer(server) => (SERVER, server.log),
        _ => (COMMAND, LogFormat::Text),
    };
    let filter = filter(env::var_os(VARIABLE), usual).map_err(Failure::usage)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A file that is read later shows colours as rubbish.
    let log = log.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        // The innermost span is the last of the list: it need not be written twice.
        LogFormat::Json => log.json().flatten_event(true).with_current_span(false).init(),
    }
    tracing::debug!(version = env!("CARGO_PKG_VERSION"), "started");
    Ok(())
}

fn filter(said: Option<OsString>, usual: &str) -> Result<EnvFilter, String> {
    let said = said.filter(|said| !said.is_empty());
    let said = said.as_deref().unwrap_or(OsStr::new(usual));
    let text = said.to_str().ok_or_else(|| wrong(&said.to_string_lossy()))?;
    let words: Vec<_> = text.split(',').map(str::trim).collect();
    if let Some(word) = words.iter().find(|word| is_misspelt(word)) {
        return Err(wrong(word));
    }
    EnvFilter::try_new(words.join(",")).map_err(|_| wrong(text))
}

/// Whether it is a word alone that is no level. The filter would take it for a target, and the log
/// would be silent without saying why.
fn is_misspelt(word: &str) -> bool {
    let is_alone = !word.is_empty() && !word.contains(['=', '[', ']', '{', '}']);
    is_alone && word.parse::<LevelFilter>().is_err()
}

fn wrong(text: &str) -> String {
    format!(
        "{VARIABLE} has `{text}`, which says nothing of what to log: write a level (error, warn, info, \
         debug, trace, off) or TARGET=LEVEL, such as `debug` or `warn,cloakroom::guest=trace`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str) -> Result<String, String> {
        filter(Some(said.into()), "warn").map(|filter| filter.to_string())
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
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
