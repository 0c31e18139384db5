//! A short deterministic run, for the tests.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

use crate::{
    Target,
    mutate::{Random, mutate},
};

/// Returns the folder of the kept corpora.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

impl Target {
    /// Runs the target with its kept corpus, with nothing, and with mutations of these. They depend on
    /// the corpus alone. Returns how many runs there were.
    ///
    /// # Panics
    /// If a promise does not hold. The input is kept in the system's temporary folder, and the
    /// message on standard error says how to run it again.
    pub fn replay(&self) -> usize {
        let mut inputs = kept(self.name);
        inputs.push(Vec::new());
        for input in &inputs {
            self.checked(input);
        }
        for number in 0..self.mutations {
            let mut random = Random::new(self.name, number);
            self.checked(&mutate(&mut random, &inputs));
        }
        inputs.len() + self.mutations
    }

    fn checked(&self, data: &[u8]) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.run(data))) else {
            return;
        };
        let folder = std::env::temp_dir().join("cloakroom-fuzz");
        let file = folder.join(format!("{}-{:016x}", self.name, hash(data)));
        let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, data));
        eprintln!("run it again: cargo xtask fuzz {} {} ({kept:?})", self.name, file.display());
        resume_unwind(panic);
    }
}

fn kept(name: &str) -> Vec<Vec<u8>> {
    let folder = corpus().join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("an input")).collect()
}

fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
