//! Command `plugin verify`.

use std::{
    io::{self, Write as _},
    path::Path,
};

use cloakroom::signature::{PublicKey, SignatureSet, SignedComponent};
use serde_json::{Value, json};

use super::{
    args::Verify,
    files::{COMPONENT, read, read_text},
    signatures::{all, read_beside},
};
use crate::{failure::Failure, plugin::local_copy, table::words};

/// One signature of a plugin.
struct Found {
    name: String,
    version: String,
    key: String,
    place: &'static str,
    state: State,
}

/// Result of checking one signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Verified,
    /// By one of the keys, under another name than the one that was asked for.
    AnotherName,
    /// By none of the keys.
    NotChecked,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::AnotherName => "another name",
            Self::NotChecked => "not checked",
        }
    }
}

pub(super) fn run(args: &Verify) -> Result<(), Failure> {
    let keys = args.key.iter().map(|path| {
        let key = read_text(path)?.parse::<PublicKey>();
        key.map_err(|error| Failure::usage(format!("`{}` {error}", path.display())))
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let (file, manifest, beside) = find(args)?;
    let component = SignedComponent::split(&file)?;
    let mut found = Vec::new();
    for (place, set) in all(&component, beside, manifest.as_deref())? {
        found.extend(check(args, place, &set, set.verify(component.digest(), &keys)?));
    }
    let is_trusted = found.iter().any(|one| one.state == State::Verified);
    let digest = component.digest().to_string();
    let text = if args.json {
        format!("{:#}\n", as_json(&digest, &found, is_trusted))
    } else {
        as_text(&digest, &found)
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    if is_trusted {
        return Ok(());
    }
    let name = args.name.as_ref().map(|name| format!(" as `{name}`")).unwrap_or_default();
    Err(Failure::operation(format!("none of the keys signed the plugin{name}")))
}

/// Returns the signatures of one place, of which `signer` has verified one.
fn check(
    args: &Verify,
    place: &'static str,
    set: &SignatureSet,
    signer: Option<PublicKey>,
) -> Vec<Found> {
    let statement = set.statement();
    let is_named = args.name.as_deref().is_none_or(|name| name == statement.name());
    let found = set.keys().map(|id| Found {
        name: statement.name().to_owned(),
        version: statement.version().to_owned(),
        key: id.to_string(),
        place,
        state: match signer {
            Some(key) if key.id() == id && is_named => State::Verified,
            Some(key) if key.id() == id => State::AnotherName,
            _ => State::NotChecked,
        },
    });
    found.collect()
}

fn as_text(digest: &str, found: &[Found]) -> String {
    let mut rows = vec![["name", "version", "key", "where", ""].map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(|one| {
        [&*one.name, &*one.version, &*one.key, one.place, one.state.as_str()]
            .map(str::to_owned)
            .to_vec()
    }));
    format!("{digest}\n{}", words(&rows))
}

fn as_json(digest: &str, found: &[Found], is_trusted: bool) -> Value {
    let signature = |one: &Found| {
        json!({
            "name": one.name,
            "version": one.version,
            "key": one.key,
            "place": one.place,
            "state": one.state.as_str(),
        })
    };
    json!({
        "digest": digest,
        "isTrusted": is_trusted,
        "signatures": found.iter().map(signature).collect::<Vec<_>>(),
    })
}

/// File of a plugin, the signatures in its manifest, and those beside it.
type Plugin = (Vec<u8>, Option<String>, Option<SignatureSet>);

/// Returns the plugin.
fn find(args: &Verify) -> Result<Plugin, Failure> {
    if !args.plugin.starts_with("oci://") {
        let path = Path::new(&args.plugin);
        return Ok((read(path, COMPONENT.get())?, None, read_beside(path)?));
    }
    let (_, artifact) = local_copy::read(&args.plugin, args.into.as_deref())?;
    let manifest = artifact.signatures().map(str::to_owned);
    Ok((artifact.component().to_vec(), manifest, None))
}
