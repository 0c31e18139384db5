//! Holds the parts of a file against each other, before anything is loaded.

use cloakroom_core::{Error, ErrorKind};

use super::{
    nearest,
    schema::{File, Stage},
};

/// Refuses a file that names what it does not have.
pub(crate) fn check(file: &File) -> Result<(), Error> {
    if file.stage.is_empty() {
        let text =
            "there is no [[stage]]: add one, such as `[[stage]]` with `plugin = \"bundled:zstd\"`";
        return Err(Error::new(ErrorKind::Config, text));
    }
    for (index, stage) in file.stage.iter().enumerate() {
        let refused = |text: String| {
            let text = format!("stage {} (`{}`): {text}", index + 1, stage.plugin);
            Err(Error::new(ErrorKind::Config, text))
        };
        if let Some(text) = unknown_ring(file, stage).or_else(|| unknown_scheme(stage)) {
            return refused(text);
        }
    }
    Ok(())
}

fn unknown_ring(file: &File, stage: &Stage) -> Option<String> {
    let named = [("keys", &stage.grants.keys), ("subkeys", &stage.grants.subkeys)];
    named.into_iter().find_map(|(grant, names)| {
        let unknown = names.iter().find(|name| !file.keys.contains_key(*name))?;
        let help = match nearest(unknown, file.keys.keys().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("add a [keys.{unknown}]"),
        };
        Some(format!("grants.{grant} names `{unknown}`, and there is no such key ring; {help}"))
    })
}

fn unknown_scheme(stage: &Stage) -> Option<String> {
    let (scheme, name) = stage.plugin.split_once(':').unwrap_or(("", &stage.plugin));
    match scheme {
        "file" => None,
        "bundled" if crate::bundled::bundled_names().any(|known| known == name) => None,
        "bundled" => {
            let known: Vec<_> = crate::bundled::bundled_names().collect();
            Some(match nearest(name, known.iter().copied()) {
                Some(meant) => {
                    format!("no bundled plugin is called `{name}`; did you mean `{meant}`?")
                }
                None => format!(
                    "no bundled plugin is called `{name}`; there are `{}`",
                    known.join("`, `")
                ),
            })
        }
        _ => Some(
            "write `bundled:NAME` for a plugin that comes with Cloakroom, or `file:PATH`"
                .to_owned(),
        ),
    }
}
