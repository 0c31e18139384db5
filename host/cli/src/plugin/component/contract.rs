//! Worlds that a component can be made for.

use std::path::Path;

use wit_parser::{PackageId, Resolve, SourceMap, WorldId};

use crate::{embedded::CONTRACT, failure::Failure};

/// Finds a world of the contract, or of the package in `folder`.
///
/// # Errors
/// Usage if the folder is no WIT package, or there is no such world; the error lists the worlds.
pub(super) fn find(folder: Option<&Path>, world: &str) -> Result<(Resolve, WorldId), Failure> {
    let mut resolve = Resolve::default();
    let package = match folder {
        Some(folder) => resolve.push_path(folder).map(|(package, _)| package),
        None => embedded(&mut resolve),
    };
    let package = package.map_err(|error| Failure::usage(format!("no WIT package: {error:#}")))?;
    match resolve.select_world(&[package], Some(world)) {
        Ok(id) => Ok((resolve, id)),
        Err(_) => {
            let worlds: Vec<_> = resolve
                .packages
                .get(package)
                .into_iter()
                .flat_map(|package| package.worlds.keys().map(String::as_str))
                .collect();
            let worlds = worlds.join(", ");
            Err(Failure::usage(format!("there is no world `{world}`: choose one of {worlds}")))
        }
    }
}

fn embedded(resolve: &mut Resolve) -> anyhow::Result<PackageId> {
    let mut files = SourceMap::new();
    for (path, text) in CONTRACT {
        files.push_str(path, *text);
    }
    let package = files.parse().map_err(|(_, error)| anyhow::anyhow!("{error}"))?;
    resolve.push_group(package).map_err(|error| anyhow::anyhow!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_world_of_the_contract() {
        let (resolve, world) = find(None, "storage").unwrap();
        assert_eq!(resolve.worlds[world].name, "storage");
    }

    #[test]
    fn lists_the_worlds_if_there_is_no_such_one() {
        let error = find(None, "codec").unwrap_err().to_string();
        assert!(error.starts_with("there is no world `codec`: choose one of "), "{error}");
        assert!(error.contains("compressor") && error.contains("storage"), "{error}");
    }
}
