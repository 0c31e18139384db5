//! `binary/sealed`: committing to its key, bound to key and namespace.

use cloakroom_guest::{Context, Error, Payload, keys};

use crate::{
    config::{Binding, Config},
    format::Metadata,
    label::{Label, associated},
};

pub(crate) fn seal(config: &Config, ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
    let namespace = ctx.namespace();
    let bound = associated(namespace.as_deref());
    let seal = if config.repeatable { keys::seal_repeatably } else { keys::seal };
    let sealed = seal(&config.ring, &payload.envelope(), &bound)?;
    let label = Label { key: sealed.key, namespace };
    Ok(Payload::new(&label.metadata(), &sealed.data))
}

pub(crate) fn open(
    config: &Config,
    ctx: &Context,
    sealed: &Payload,
    metadata: &Metadata,
) -> Result<Payload, Error> {
    let Label { key, namespace } = Label::read(metadata)?;
    if config.binding == Binding::Check && differ(namespace.as_deref(), ctx.namespace().as_deref())
    {
        return Err(Error::Malformed("sealed for another namespace".to_owned()));
    }
    let bound = associated(namespace.as_deref());
    let envelope = keys::open(&config.ring, &key, &sealed.data(), &bound)?;
    Payload::from_envelope(&envelope)
}

/// Whether a payload was sealed for another namespace than it is opened in. Where one of the two is
/// unknown, it cannot be told.
fn differ(sealed_for: Option<&str>, here: Option<&str>) -> bool {
    sealed_for.zip(here).is_some_and(|(sealed_for, here)| sealed_for != here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sealed_for: Option<&str>, here: Option<&str>, expect: bool) {
        assert_eq!(differ(sealed_for, here), expect, "{sealed_for:?} in {here:?}");
    }

    #[test]
    fn only_two_known_namespaces_can_differ() {
        check(Some("a"), Some("b"), true);
        check(Some("a"), Some(""), true);
        check(Some("a"), Some("a"), false);
        check(Some("a"), None, false);
        check(None, Some("a"), false);
        check(None, None, false);
    }
}
