//! Command `plugin sign`.

use std::io::{self, Write as _};

use cloakroom::signature::{SignatureSet, SignedComponent, SigningKey, Statement};

use super::{
    args::Sign,
    files::{COMPONENT, beside, read, read_text, replace},
    signatures::read_beside,
};
use crate::failure::Failure;

pub(super) fn run(args: &Sign) -> Result<(), Failure> {
    let key = SigningKey::from_pem(&read_text(&args.key)?)
        .map_err(|error| Failure::usage(format!("`{}` {error}", args.key.display())))?;
    let file = read(&args.file, COMPONENT.get())?;
    let component = SignedComponent::split(&file)?;
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let statement = Statement::new(args.name.as_deref().unwrap_or(&stem), &args.version)?;
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
