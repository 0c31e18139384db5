//! Program that makes the fixed calls, and Valgrind around it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use super::callgrind::Profile;
use crate::{
    debian,
    run::{cargo_command, root, run, say},
};

/// Function of the program within which is counted.
const COUNTED: &str = "cost::measured_calls";

/// Clock of the program while it is counted.
const SLOW_CLOCK: &str = include_str!("slow_clock.c");

/// Settings of the C library: memory comes from one place, and large pieces from the system, whatever was freed
/// before. Otherwise it is a matter of chance whether a piece that grows has to be copied.
const MEMORY: &str = "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=131072";

/// Program, and the folder in which it keeps compiled plugins.
pub(crate) struct Program {
    path: PathBuf,
    folder: PathBuf,
}

impl Program {
    /// Builds the program.
    ///
    /// # Errors
    /// If Cargo or a folder fails.
    pub(crate) fn build(args: &[&str], folder: &Path) -> Result<Self> {
        let mut build = cargo_command()?;
        build.args(args).args(["--bench", "cost", "--message-format", "json"]);
        say(&format!("\n$ cargo {} --bench cost", args.join(" ")));
        let output = build.current_dir(root()).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the program that makes the calls cannot be built");
        let path = String::from_utf8(output.stdout)?.lines().find_map(executable);
        fs::create_dir_all(folder)?;
        Ok(Self { path: path.context("Cargo names no program")?, folder: folder.to_owned() })
    }

    /// Returns the names of all calls.
    ///
    /// # Errors
    /// If the program fails.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let output = Command::new(&self.path).arg("--names").output()?;
        ensure!(output.status.success(), "the program that makes the calls cannot name them");
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }

    /// Makes some calls under Valgrind's counter, each so often. Returns the name of each kind of call and
    /// what was counted.
    ///
    /// # Errors
    /// If Valgrind cannot be installed, or the program fails.
    pub(crate) fn count(&self, runs: usize, names: &[String]) -> Result<Vec<(String, Profile)>> {
        debian::valgrind()?;
        // Compiled before it is counted: the counter makes a compiler fifty times slower.
        self.start("none", &[], 1, names)?;
        let file = self.folder.join("counts");
        for old in parts(&file) {
            fs::remove_file(old)?;
        }
        let borders = [
            format!("--zero-before={COUNTED}"),
            format!("--dump-after={COUNTED}"),
            format!("--callgrind-out-file={}", file.display()),
        ];
        let output = self.start("callgrind", &borders, runs, names)?;
        let (counted, parts) = (output.lines(), parts(&file));
        ensure!(counted.clone().eq(names), "asked for {names:?}, and the program made {output}");
        ensure!(names.len() == parts.len(), "{} parts for {output}", parts.len());
        let read = |(name, part): (&str, PathBuf)| {
            Ok((name.to_owned(), Profile::parse(&fs::read_to_string(part)?)?))
        };
        counted.zip(parts).map(read).collect()
    }

    /// Runs the program under a tool of Valgrind. Returns what it writes to standard output.
    fn start(
        &self,
        tool: &str,
        options: &[String],
        runs: usize,
        names: &[String],
    ) -> Result<String> {
        let mut valgrind = Command::new("valgrind");
        valgrind.arg(format!("--tool={tool}")).arg("--quiet").args(options);
        valgrind.arg(&self.path).arg("--counted").arg(runs.to_string()).arg(&self.folder);
        // Nothing else: the size of the environment moves the stack, and with it what is aligned.
        valgrind.args(names).env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        valgrind.env("LD_PRELOAD", self.slow_clock()?).env("GLIBC_TUNABLES", MEMORY);
        let output = valgrind.stderr(Stdio::piped()).output().context("cannot start valgrind")?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("the calls failed under Valgrind: {text}");
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Compiles the clock, and returns its path.
    fn slow_clock(&self) -> Result<PathBuf> {
        let source = self.folder.join("slow_clock.c");
        fs::write(&source, SLOW_CLOCK)?;
        let library = self.folder.join("slow_clock.so");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]).arg(&library).arg(&source);
        run(&mut cc, "cc slow_clock.c")?;
        Ok(library)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Returns the files of the parts of a run, in order.
fn parts(file: &Path) -> Vec<PathBuf> {
    let part = |number| PathBuf::from(format!("{}.{number}", file.display()));
    (1..).map(part).take_while(|part| part.exists()).collect()
}

/// Returns the program that a message of Cargo names.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_cost = message.pointer("/target/name")?.as_str()? == "cost";
    message.get("executable")?.as_str().filter(|_| is_cost).map(PathBuf::from)
}
