//! Names of the contract's interfaces in imports and exports: `cloakroom:plugin/INTERFACE@VERSION`.

use crate::contract;

/// Returns whether `names` has the contract's interface of this name, in any version.
pub(super) fn contains(names: &[String], interface: &str) -> bool {
    names.iter().any(|name| {
        let rest =
            name.strip_prefix(contract::PACKAGE).and_then(|rest| rest.strip_prefix(interface));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
    })
}

/// Returns the version in a name, if it is one of the contract's.
pub(super) fn version(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(contract::PACKAGE)?.split_once('@')?;
    Some(version)
}

/// Returns whether a version of a line of this host is later than the newest that it implements.
pub(super) fn is_later(version: &str) -> bool {
    is_supported(version) && numbers(version) > numbers(contract::VERSION)
}

/// Returns the numbers of a version, for comparing: `0.1.10` is later than `0.1.9`.
fn numbers(version: &str) -> Vec<u64> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').map(|number| number.parse().unwrap_or_default()).collect()
}

/// Returns whether this host implements a version of the contract.
pub(super) fn is_supported(version: &str) -> bool {
    contract::LINES
        .iter()
        .any(|line| version.strip_prefix(line).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let (line, patch) = contract::VERSION.rsplit_once('.').unwrap();
        let next = patch.parse::<u64>().unwrap() + 1;
        assert!(is_later(&format!("{line}.{next}")) && is_later(&format!("{line}.{next}0-rc.1")));
        assert!(!is_later(contract::VERSION) && !is_later(&format!("{line}.0")));
        // Of another line: refused for another reason.
        assert!(!is_later("0.2.0") && !is_later("1.0.0"));
    }
}
