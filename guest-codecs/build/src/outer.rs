//! The outer Cargo, which runs the build script, as far as the system shows it.
//!
//! Cargo tells build scripts neither its folder nor its arguments, and starts them in their package: for
//! a git dependency that is below `CARGO_HOME`. On Linux both are read from the parent process.
//! Elsewhere the inner Cargo goes without them.

use std::path::PathBuf;

/// Start of the settings that say where crates come from. All others are meant for the host.
const SOURCES: [&str; 5] = ["http.", "net.", "registries.", "registry.", "source."];

/// The outer Cargo.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OuterCargo {
    /// The folder that it was started in.
    pub(crate) folder: Option<PathBuf>,
    /// Those of its arguments that say where crates come from.
    pub(crate) args: Vec<String>,
}

impl OuterCargo {
    /// Reads what the system shows of the parent process.
    pub(crate) fn find() -> Self {
        #[cfg(target_os = "linux")]
        {
            let process = PathBuf::from(format!("/proc/{}", std::os::unix::process::parent_id()));
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            let args = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            Self {
                folder: std::fs::read_link(process.join("cwd")).ok(),
                args: sources(args.map(std::borrow::Cow::into_owned)),
            }
        }
        #[cfg(not(target_os = "linux"))]
        Self::default()
    }
}

/// Returns the arguments that say where crates come from.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there are none to read"))]
fn sources(args: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut kept = Vec::new();
    // What follows `--` is for the program that Cargo starts.
    let mut args = args.into_iter().skip(1).take_while(|arg| arg != "--");
    while let Some(arg) = args.next() {
        let setting = match (arg.as_str(), arg.strip_prefix("--config=")) {
            ("--frozen" | "--offline", _) => {
                kept.push("--offline".to_owned());
                None
            }
            ("--config", _) => args.next(),
            (_, setting) => setting.map(str::to_owned),
        };
        let is_source = |setting: &String| {
            setting.contains('=') && SOURCES.iter().any(|key| setting.starts_with(key))
        };
        if let Some(setting) = setting.filter(is_source) {
            kept.extend(["--config".to_owned(), setting]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &[&str]) {
        assert_eq!(sources(line.split(' ').map(str::to_owned)), expect, "{line}");
    }

    #[test]
    fn offline_is_passed_on() {
        check("cargo build --offline --release", &["--offline"]);
        check("cargo check --frozen", &["--offline"]);
        check("cargo build --release", &[]);
    }

    #[test]
    fn arguments_of_the_program_are_not_cargos() {
        check("cargo run -- --offline", &[]);
    }

    #[test]
    fn settings_that_name_sources_are_passed_on() {
        check("cargo --config net.offline=true build", &["--config", "net.offline=true"]);
        let setting = "source.crates-io.replace-with='mirror'";
        check(&format!("cargo build --config={setting}"), &["--config", setting]);
    }

    #[test]
    fn settings_for_the_host_stay_out() {
        check("cargo build --config build.rustflags=['-g']", &[]);
        check("cargo build --config=profile.release.debug=true", &[]);
        // A file may hold anything.
        check("cargo build --config net.toml", &[]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn finds_the_folder_of_its_parent() {
        assert!(OuterCargo::find().folder.is_some_and(|folder| folder.is_absolute()));
    }
}
