//! Warnings: settings that work and may not be meant.

use crate::config::{File, Places, Required, Table};

/// Returns what is doubtful about a configuration, each with file and line.
pub(crate) fn of(file: &File, places: &Places) -> Vec<String> {
    plaintext(file, places).chain(threshold(file, places)).collect()
}

fn plaintext(file: &File, places: &Places) -> impl Iterator<Item = String> {
    let stages = file.stage.iter().enumerate();
    let accepting = stages.filter(|(_, stage)| stage.required == Required::Encode);
    accepting.map(|(index, stage)| {
        let place = places.at(Table::Stage(index), &["required"]);
        format!(
            "{place}: stage `{}` has `required = \"encode\"`: decoding accepts plaintext, which \
             whoever can write into a history can forge; switch to `required = true` when \
             `cloakroom_plaintext_total` has not risen for as long as histories are kept \
             (host/docs/rollout.md)",
            stage.entry().called()
        )
    })
}

/// A threshold above what Temporal takes stores nothing that Temporal would have taken.
#[cfg(feature = "temporal")]
fn threshold(file: &File, places: &Places) -> Option<String> {
    use cloakroom_temporal::SizeLimits;

    let storage = file.storage.as_ref()?;
    let threshold = storage.threshold.as_ref()?.0;
    let size = |size: &Option<crate::config::Size>| size.as_ref().map(|size| size.0);
    let limits = &file.temporal;
    let limits = SizeLimits::default().of(size(&limits.field), size(&limits.message));
    let most = limits.budget().most()?;
    (threshold.get() > most).then(|| {
        format!(
            "{}: `threshold` is {threshold}, and Temporal takes at most {most} bytes a field: \
             payloads between the two are refused instead of stored; lower `threshold`",
            places.at(Table::Storage, &["threshold"])
        )
    })
}

#[cfg(not(feature = "temporal"))]
fn threshold(_: &File, _: &Places) -> Option<String> {
    None
}
