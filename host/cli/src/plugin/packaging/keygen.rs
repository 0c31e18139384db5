//! Command `plugin keygen`: a pair of keys.

use std::io::{self, Write as _};

use cloakroom::signature::SigningKey;

use super::{args::Keygen, files::write_new};
use crate::failure::Failure;

pub(super) fn run(args: &Keygen) -> Result<(), Failure> {
    let (key, pem) = SigningKey::generate()?;
    let public = args.file.with_added_extension("pub");
    write_new(&args.file, pem.as_bytes(), 0o600)?;
    write_new(&public, key.public().to_pem().as_bytes(), 0o644)?;
    let text = format!(
        "{} is the private key: keep it secret.\n{} is the public key, for operators:\n\n\
         [plugins.keys.NAME]\npublic = \"{}\"\n",
        args.file.display(),
        public.display(),
        key.public()
    );
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
