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

/// Returns whether this host implements a version of the contract.
pub(super) fn is_supported(version: &str) -> bool {
    contract::LINES
        .iter()
        .any(|line| version.strip_prefix(line).is_some_and(|rest| rest.starts_with('.')))
}
