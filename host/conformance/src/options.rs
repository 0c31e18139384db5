//! Options that all suites have.

use std::sync::Arc;

use cloakroom_core::ByteSize;

use crate::{Outcome, Rule};

/// Seed of the inputs, unless another is set.
pub const DEFAULT_SEED: u64 = 1;

/// Size of the largest input, unless another is set: what Temporal's official drivers store at most.
pub const DEFAULT_LARGEST: ByteSize = ByteSize::mib(50);

/// Source of the words that an implementation has written for people, such as its log lines, since
/// the source was asked last.
pub type WordSource = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Observer of a suite that is running.
pub(crate) type Progress = Arc<dyn Fn(&'static Rule, Option<&Outcome>) + Send + Sync>;

/// Options of a suite.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    /// Ids of the rules to try; all if empty.
    pub(crate) only: Vec<String>,
    pub(crate) largest: ByteSize,
    pub(crate) words: Option<WordSource>,
    pub(crate) progress: Option<Progress>,
    /// Reason for which only rules about descriptions are tried, if there is one.
    pub(crate) unreachable: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: DEFAULT_SEED,
            only: Vec::new(),
            largest: DEFAULT_LARGEST,
            words: None,
            progress: None,
            unreachable: None,
        }
    }
}

/// Adds the methods that set the options of a suite.
macro_rules! option_methods {
    () => {
        /// Sets the seed of the inputs. Default: [`DEFAULT_SEED`](crate::DEFAULT_SEED).
        pub fn with_seed(mut self, seed: u64) -> Self {
            self.options.seed = seed;
            self
        }

        /// Tries only this rule, and others that are named so. Default: all rules.
        pub fn with_only(mut self, id: &str) -> Self {
            self.options.only.push(id.to_owned());
            self
        }

        /// Sets the size of the largest input. Default: [`DEFAULT_LARGEST`](crate::DEFAULT_LARGEST).
        pub fn with_largest(mut self, largest: cloakroom_core::ByteSize) -> Self {
            self.options.largest = largest;
            self
        }

        /// Says that something which every call needs is not there, and why. Only rules that make no call
        /// are tried then, and the others are not run for this reason.
        pub fn with_unreachable(mut self, reason: &str) -> Self {
            self.options.unreachable = Some(reason.to_owned());
            self
        }

        /// Calls a function before each rule, without an outcome, and after it.
        pub fn with_progress(
            mut self,
            progress: impl Fn(&'static crate::Rule, Option<&crate::Outcome>) + Send + Sync + 'static,
        ) -> Self {
            self.options.progress = Some(std::sync::Arc::new(progress));
            self
        }
    };
}

pub(crate) use option_methods;
