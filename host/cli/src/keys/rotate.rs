//! Command `keys rotate`: adds a key to a ring, or makes one current.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use cloakroom::{keys::Rotation, temporal::survey::Timestamp};

use super::args::Rotate;
use crate::{failure::Failure, open::builder, table::printable};

pub(super) async fn run(args: &Rotate) -> Result<(), Failure> {
    let today: String = Timestamp::now().to_string().chars().take(10).collect();
    let (rotation, next) = match &args.activate {
        Some(id) => (Rotation::activate(&args.config, &args.ring, id)?, activated(args)),
        None => {
            let id = args.id.clone().unwrap_or_else(|| today.clone());
            let file = args.file.clone().unwrap_or_else(|| default_file(&args.ring, &id));
            let add = Rotation::add(&args.config, &args.ring, &id, &file, &today)?;
            (add, added(args, &id))
        }
    };
    let mut text = rotation.edit();
    if args.apply {
        rotation.write()?;
        // The text was parsed before it was written. This also reads the key, and tries the codecs.
        let _ = builder(&args.config).check().await?;
        if let Some(key) = rotation.key_file() {
            text.push_str(&format!("\nmade the key {}\n", printable(&key.display().to_string())));
        }
        text.push_str(&format!("wrote {}\n{next}", printable(&args.config.display().to_string())));
    } else {
        text.push_str(
            "\nnothing was written: --apply makes the key and writes the configuration\n",
        );
    }
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

fn default_file(ring: &str, id: &str) -> PathBuf {
    // An id may be any text, and a file name may not.
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    format!("{ring}-{id}.key").chars().map(safe).collect::<String>().into()
}

fn added(args: &Rotate, id: &str) -> String {
    format!(
        "\nnext: give the key and the configuration to every process that uses them. Then run\n  \
         cloakroom keys rotate --config {} --ring {} --activate {} --apply\n",
        printable(&args.config.display().to_string()),
        printable(&args.ring),
        printable(id)
    )
}

fn activated(args: &Rotate) -> String {
    format!(
        "\nnext: give the configuration to every process. The keys before stay until\n  \
         cloakroom keys used-by --config {} --namespace NAME\nsays UNUSED\n",
        printable(&args.config.display().to_string())
    )
}
