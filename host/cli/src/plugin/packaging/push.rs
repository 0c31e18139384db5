//! Command `plugin push`.

use std::io::{self, Write as _};

use cloakroom::{inspect::Inspection, registry::Package, signature::SignedComponent};

use super::{
    access::{client, with_advice},
    args::Push,
    files::{COMPONENT, read},
    signatures::{all, read_beside},
};
use crate::{failure::Failure, table::words};

pub(super) async fn run(args: &Push) -> Result<(), Failure> {
    let file = read(&args.file, COMPONENT.get())?;
    let inspection = Inspection::from_bytes(&file)?;
    if inspection.world.is_none() {
        let text =
            "the file is a component, but no plugin: it exports neither a codec nor a driver";
        return Err(Failure::usage(text));
    }
    let component = SignedComponent::split(&file)?;
    let beside = read_beside(&args.file)?;
    let imports: Vec<_> = inspection.imports.iter().map(|import| import.name.clone()).collect();
    let mut package = Package::new(file.clone().into(), &imports, &inspection.exports);
    for (_, set) in all(&component, beside.clone(), None)? {
        package = package.with_version(set.statement().name(), set.statement().version());
    }
    if let Some(set) = &beside {
        package = package.with_signatures(set);
    }
    let client = client(&args.access, &args.reference)?;
    let pushed = client.push(&args.reference, &package).await;
    let pushed = pushed.map_err(|error| with_advice(&args.access, error))?;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let text = words(&[
        row("reference", pushed.reference.to_string()),
        row("component", pushed.component.to_string()),
    ]);
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
