//! This program in the place of rustc, for the crates of this workspace alone: Cargo starts it with the
//! compiler and its arguments.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::Result;

use crate::{fuzz, lint};

/// The variable that says what to do with each crate.
pub(crate) const TASK: &str = "CLOAKROOM_COMPILE";

/// The compilation of one crate.
pub(crate) struct Compilation {
    pub(crate) rustc: OsString,
    pub(crate) args: Vec<OsString>,
}

/// Compiles one crate, if Cargo started this program to do so.
pub(crate) fn compile() -> Option<Result<ExitCode>> {
    let task = env::var(TASK).ok()?;
    let mut args = env::args_os().skip(1);
    let compilation = Compilation { rustc: args.next()?, args: args.collect() };
    let done = match task.as_str() {
        fuzz::TASK => compilation.rustc().args(fuzz::flags(&compilation)).status(),
        _ => return Some(lint::crates::check(&compilation).map(code)),
    };
    Some(done.map(code).map_err(Into::into))
}

fn code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

impl Compilation {
    /// Returns the compiler with its arguments.
    pub(crate) fn rustc(&self) -> Command {
        let mut rustc = Command::new(&self.rustc);
        rustc.args(&self.args);
        rustc
    }

    /// Returns whether the crate runs while others are compiled: a build script, a procedural macro, or
    /// what these are made of.
    pub(crate) fn runs_during_build(&self) -> bool {
        let name = self.value("--crate-name").map(OsStr::to_string_lossy);
        name.is_some_and(|name| {
            name.starts_with("build_script_") || name == "cloakroom_guest_build" || name == "xtask"
        }) || self.value("--crate-type").is_some_and(|kind| kind == "proc-macro")
    }

    /// Returns whether a crate is compiled at all. Cargo also asks the compiler what it is.
    pub(crate) fn is_of_crate(&self) -> bool {
        self.value("--out-dir").is_some()
    }

    /// Returns a program that comes with the compiler.
    pub(crate) fn beside_rustc(&self, name: &str) -> Command {
        Command::new(Path::new(&self.rustc).with_file_name(name))
    }

    /// Returns the first value of an option that has it in an argument of its own.
    pub(crate) fn value(&self, option: &str) -> Option<&OsStr> {
        let at = self.args.iter().position(|arg| arg == option)?;
        self.args.get(at + 1).map(OsString::as_os_str)
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.args.iter().any(|arg| arg == flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &str, expect: bool) {
        let args = args.split(' ').map(OsString::from).collect();
        let compilation = Compilation { rustc: "rustc".into(), args };
        assert_eq!(compilation.runs_during_build(), expect, "{:?}", compilation.args);
    }

    #[test]
    fn what_runs_during_a_build_is_known() {
        check("--crate-name cloakroom_core --edition=2024 --crate-type lib src/lib.rs", false);
        check("--crate-name fuzz --crate-type bin src/bin/fuzz.rs", false);
        check("--crate-name build_script_build --crate-type bin build.rs", true);
        check("--crate-name cloakroom_guest_build --crate-type lib src/lib.rs", true);
        check("--crate-name derive --crate-type proc-macro src/lib.rs", true);
        check("-vV", false);
    }
}
