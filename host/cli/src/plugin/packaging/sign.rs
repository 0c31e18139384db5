//! Command `plugin sign`.

use std::io::{self, Write as _};

use cloakroom::{
    plugin::{Grants, Source},
    signature::{SignatureSet, SignedComponent, SigningKey, Statement},
};

use super::{
    args::Sign,
    files::{COMPONENT, beside, read, read_text, replace},
    signatures::read_beside,
};
use crate::{failure::Failure, open::host_builder};

pub(super) async fn run(args: &Sign) -> Result<(), Failure> {
    let key = SigningKey::from_pem(&read_text(&args.key)?).map_err(|error| {
        let key = args.key.display();
        Failure::usage(format!("`{key}` {error}, and so does `cloakroom plugin keygen`"))
    })?;
    let file = read(&args.file, COMPONENT.get())?;
    let component = SignedComponent::split(&file)?;
    let statement = statement(args, &file).await?;
    let before =
        if args.detached { read_beside(&args.file)? } else { component.signatures().cloned() };
    let set = match before {
        Some(mut set) if *set.statement() == statement => {
            set.add(component.digest(), &key)?;
            set
        }
        Some(set) if !args.replace => {
            let known = set.statement();
            return Err(Failure::usage(format!(
                "the plugin has signatures as `{} {}`: sign it under the same name and version, or remove \
                 them with --replace",
                known.name(),
                known.version()
            )));
        }
        _ => SignatureSet::sign(statement, component.digest(), &key),
    };
    let signed = if args.detached {
        let path = beside(&args.file);
        replace(&path, format!("{}\n", set.to_text()).as_bytes())?;
        path
    } else {
        replace(&args.file, &component.with_signatures(&set))?;
        args.file.clone()
    };
    let text = format!(
        "{}: {} {}, {}, signed by {}\n",
        signed.display(),
        set.statement().name(),
        set.statement().version(),
        component.digest(),
        key.public().id()
    );
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Returns what the signature says: what the arguments say, or else what the plugin says of itself.
async fn statement(args: &Sign, file: &[u8]) -> Result<Statement, Failure> {
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(version) = &args.version {
        return Ok(Statement::new(args.name.as_deref().unwrap_or(&stem), version)?);
    }
    let source = Source::bytes(&stem, file.to_vec());
    let plugin = host_builder().build()?.load(source, Grants::for_inspection()).await?;
    let about = plugin.about().await?.ok_or_else(|| {
        Failure::usage(
            "the plugin does not describe itself (no export `about`): give its --version",
        )
    })?;
    Ok(Statement::new(args.name.as_deref().unwrap_or(&about.name), &about.version)?)
}
