//! Files that Callgrind writes: instructions of each function, and of each of its calls.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result, bail};

/// Functions of the C library that allocate.
const ALLOCATING: [&str; 6] =
    ["aligned_alloc", "calloc", "malloc", "memalign", "posix_memalign", "realloc"];

/// Beginnings of the names of functions that copy or fill memory, of which each processor has its own.
const COPYING: [&str; 4] = ["__memcpy_", "__memmove_", "__memset_", "__mempcpy_"];

/// Profile of one part of a run.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Instructions of each function itself.
    pub(crate) own: BTreeMap<String, u64>,
    pub(crate) calls: Vec<Calls>,
}

/// Calls of one function by another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) caller: String,
    pub(crate) callee: String,
    pub(crate) count: u64,
    /// Instructions of the callee and of all that it called.
    pub(crate) instructions: u64,
}

impl Profile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it has a line of another form.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (mut profile, mut names) = (Self::default(), HashMap::new());
        let (mut function, mut callee, mut count) = (String::new(), String::new(), None);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = full_name(&mut names, name)?;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = full_name(&mut names, name)?;
            } else if let Some(calls) = line.strip_prefix("calls=") {
                count = Some(first_number(calls)?);
            } else if let Some(instructions) = cost(line)? {
                match count.take() {
                    None => *profile.own.entry(function.clone()).or_default() += instructions,
                    Some(count) => {
                        let (caller, callee) = (function.clone(), callee.clone());
                        profile.calls.push(Calls { caller, callee, count, instructions });
                    }
                }
            }
        }
        Ok(profile)
    }

    /// Returns the instructions of functions themselves.
    pub(crate) fn own(&self, is_meant: impl Fn(&str) -> bool) -> u64 {
        self.own.iter().filter(|(name, _)| is_meant(name)).map(|(_, own)| own).sum()
    }

    /// Returns how often memory was allocated.
    pub(crate) fn allocations(&self) -> u64 {
        let calls = self.calls.iter().filter(|calls| {
            let within = ALLOCATING.contains(&&*calls.caller);
            ALLOCATING.contains(&&*calls.callee) && !within
        });
        calls.map(|calls| calls.count).sum()
    }

    /// Returns how often memory was copied or filled.
    pub(crate) fn copies(&self) -> u64 {
        let calls = self.calls.iter().filter(|calls| is_copying(&calls.callee));
        calls.map(|calls| calls.count).sum()
    }

    /// Returns the instructions that copy or fill memory.
    pub(crate) fn copying(&self) -> u64 {
        self.own(is_copying)
    }
}

/// Returns whether a function copies or fills memory.
fn is_copying(name: &str) -> bool {
    COPYING.iter().any(|beginning| name.starts_with(beginning))
}

/// Returns the name of a function. A number stands for one that was there before.
fn full_name(names: &mut HashMap<String, String>, text: &str) -> Result<String> {
    let (number, name) = text.split_once(')').context("a function has no number")?;
    let name = name.trim();
    if !name.is_empty() {
        // Recursion has a name of its own in these files.
        let name = name.split_once('\'').map_or(name, |(name, _)| name);
        names.insert(number.to_owned(), name.to_owned());
    }
    names.get(number).cloned().with_context(|| format!("the function {text} has no name yet"))
}

/// Returns the cost in a line of a position and a cost, or none if the line is another.
fn cost(line: &str) -> Result<Option<u64>> {
    if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
        return Ok(None);
    }
    let mut words = line.split(' ').skip(1);
    let Some(cost) = words.next() else { bail!("the line `{line}` has no cost") };
    Ok(Some(cost.parse().with_context(|| format!("the line `{line}` has no cost"))?))
}

fn first_number(text: &str) -> Result<u64> {
    let word = text.split(' ').next().unwrap_or_default();
    word.parse().with_context(|| format!("`{text}` does not begin with a number"))
}

#[cfg(test)]
pub(crate) const EXAMPLE: &str = "\
# callgrind format
events: Ir
fl=(1) ???
fn=(1) cost::measured_calls
0 100
cfn=(2) encode
calls=2 0
0 700

fn=(2)
0 300
cfn=(3) malloc
calls=4 0
* 80
cfn=(4) __memcpy_avx_unaligned_erms
calls=1 0
+0 320

fn=(3)
0 60
cfn=(5) malloc'2
calls=1 0
0 20

fn=(4)
0 320
totals: 800
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_instructions_allocations_and_copying() {
        let profile = Profile::parse(EXAMPLE).unwrap();
        assert_eq!(profile.calls[0].instructions, 700);
        assert_eq!(profile.own(|name| name == "encode"), 300);
        assert_eq!(profile.allocations(), 4);
        assert_eq!((profile.copies(), profile.copying()), (1, 320));
    }

    #[test]
    fn refuses_a_line_without_a_cost() {
        let error = Profile::parse("fn=(1) a\n0 x\n").unwrap_err();
        assert_eq!(error.to_string(), "the line `0 x` has no cost");
    }
}
