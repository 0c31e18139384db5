//! Command `plugin verify`.

use std::{
    io::{self, Write as _},
    path::Path,
};

use cloakroom::signature::{LocalCopies, PublicKey, Reference, SignatureSet, SignedComponent};

use super::{
    args::Verify,
    files::{COMPONENT, read, read_text},
    signatures::{all, read_beside},
};
use crate::{failure::Failure, open::copies_folder, table::words};

pub(super) fn run(args: &Verify) -> Result<(), Failure> {
    let keys = args.key.iter().map(|path| {
        let key = read_text(path)?.parse::<PublicKey>();
        key.map_err(|error| Failure::usage(format!("`{}` {error}", path.display())))
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let (file, manifest, beside) = find(args)?;
    let component = SignedComponent::split(&file)?;
    let mut rows = vec![["name", "version", "key", "where", ""].map(str::to_owned).to_vec()];
    let mut is_trusted = false;
    for (place, set) in all(&component, beside, manifest.as_deref())? {
        let signer = set.verify(component.digest(), &keys)?;
        let statement = set.statement();
        let is_named = args.name.as_deref().is_none_or(|name| name == statement.name());
        is_trusted |= signer.is_some() && is_named;
        rows.extend(set.keys().map(|id| {
            let state = match signer {
                Some(key) if key.id() == id && is_named => "verified",
                Some(key) if key.id() == id => "another name",
                _ => "not checked",
            };
            let cells = [statement.name(), statement.version(), &id.to_string(), place, state];
            cells.map(str::to_owned).to_vec()
        }));
    }
    let text = format!("{}\n{}", component.digest(), words(&rows));
    io::stdout().lock().write_all(text.as_bytes())?;
    if is_trusted {
        return Ok(());
    }
    let name = args.name.as_ref().map(|name| format!(" as `{name}`")).unwrap_or_default();
    Err(Failure::operation(format!("none of the keys signed the plugin{name}")))
}

/// File of a plugin, the signatures in its manifest, and those beside it.
type Found = (Vec<u8>, Option<String>, Option<SignatureSet>);

/// Returns the plugin.
fn find(args: &Verify) -> Result<Found, Failure> {
    if !args.plugin.starts_with("oci://") {
        let path = Path::new(&args.plugin);
        return Ok((read(path, COMPONENT.get())?, None, read_beside(path)?));
    }
    let reference: Reference = args.plugin.parse()?;
    let folder = args.into.clone().or_else(copies_folder);
    let folder = folder.ok_or_else(|| Failure::usage("no folder of local copies: use --into"))?;
    let digest = reference
        .digest()
        .ok_or_else(|| Failure::usage("a plugin of a registry is named with its digest"))?;
    let artifact = LocalCopies::new(folder).read(digest, COMPONENT)?;
    let manifest = artifact.signatures().map(str::to_owned);
    Ok((artifact.component().to_vec(), manifest, None))
}
