//! `binary/sealed`: committing to its key, bound to key and namespace.

use std::mem;

use cloakroom_guest::{Context, Error, Payload, keys, settings};

use crate::{format::Metadata, label::Label};

pub(crate) fn seal(ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
    let key = keys::current(&settings::required("ring")?)?;
    let label = Label { key: key.id(), namespace: ctx.namespace() };
    let body = key.seal(payload.envelope(), &label.associated())?;
    // The host takes the handle back when the call ends; to give it back is a host call more.
    mem::forget(key);
    Ok(Payload::new(&label.metadata(), body))
}

pub(crate) fn open(ctx: &Context, sealed: &Payload, metadata: &Metadata) -> Result<Payload, Error> {
    let label = Label::read(metadata)?;
    // The setting last: it matters only where the two differ.
    let here = ctx.namespace();
    if differ(label.namespace.as_deref(), here.as_deref())
        && Binding::configured()? == Binding::Check
    {
        return Err(Error::Malformed("sealed for another namespace".to_owned()));
    }
    let key = keys::find(&settings::required("ring")?, &label.key)?;
    let envelope = key.open(sealed.data(), &label.associated())?;
    mem::forget(key);
    Payload::from_envelope(envelope)
}

/// Whether a payload was sealed for another namespace than it is opened in. Where one of the two is
/// unknown, it cannot be told.
fn differ(sealed_for: Option<&str>, here: Option<&str>) -> bool {
    sealed_for.zip(here).is_some_and(|(sealed_for, here)| sealed_for != here)
}

/// What the namespace that a payload was sealed for is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Other namespaces are refused.
    Check,
    /// It is only recorded.
    Record,
}

impl Binding {
    pub(crate) fn configured() -> Result<Self, Error> {
        Self::named(settings::text("namespace").as_deref())
    }

    fn named(name: Option<&str>) -> Result<Self, Error> {
        match name {
            None | Some("check") => Ok(Self::Check),
            Some("record") => Ok(Self::Record),
            Some(_) => Err(Error::Misconfigured(
                "setting `namespace` must be `check` or `record`".to_owned(),
            )),
        }
    }
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

    #[test]
    fn checks_unless_told_otherwise() {
        assert_eq!(Binding::named(None).unwrap(), Binding::Check);
        assert_eq!(Binding::named(Some("check")).unwrap(), Binding::Check);
        assert_eq!(Binding::named(Some("record")).unwrap(), Binding::Record);
        assert!(matches!(Binding::named(Some("")), Err(Error::Misconfigured(_))));
    }
}
