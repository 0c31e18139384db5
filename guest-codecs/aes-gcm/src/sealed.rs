//! `binary/sealed`: committing to its key, and bound to key and namespace.

use cloakroom_guest::{Context, Error, Payload, keys};

use crate::{
    config::{Binding, Config},
    label::{Label, associated},
};

/// Has the host seal a payload, bound to the namespace of the call.
///
/// # Errors
/// `Other` if a namespace is required and the call has none, and the errors of the host.
pub(crate) fn seal(config: &Config, ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
    let namespace = ctx.namespace();
    if config.binding == Binding::Require && namespace.is_none() {
        let text = "the call names no namespace, and `namespace = \"require\"`";
        return Err(Error::other(text));
    }
    let bound = associated(namespace.as_deref());
    let seal = if config.repeatable { keys::seal_repeatably } else { keys::seal };
    let sealed = seal(&config.ring, &payload.envelope(), &bound)?;
    // The host says which key it used: a reload may make another one current at any time.
    let label = Label { key: sealed.key, namespace };
    Ok(Payload::new(&label.metadata(), &sealed.data))
}

/// Has the host open a payload, if the call may see its namespace.
///
/// # Errors
/// `Malformed` if it may not, or the payload was changed, and the errors of the host.
pub(crate) fn open(config: &Config, ctx: &Context, sealed: &Payload) -> Result<Payload, Error> {
    let Label { key, namespace } = Label::read(sealed)?;
    check(config.binding, namespace.as_deref(), ctx.namespace().as_deref())?;
    let bound = associated(namespace.as_deref());
    let envelope = keys::open(&config.ring, &key, &sealed.data(), &bound)?;
    Payload::from_envelope(&envelope)
}

/// Refuses a payload that was sealed for another namespace than the call's. If one of the two is
/// unknown, only `require` refuses: clients and tools make calls without a namespace.
fn check(binding: Binding, sealed_for: Option<&str>, here: Option<&str>) -> Result<(), Error> {
    let malformed = |why: &str| Err(Error::malformed(why));
    match (binding, sealed_for, here) {
        (Binding::Check | Binding::Require, Some(sealed_for), Some(here)) if sealed_for != here => {
            malformed("sealed for another namespace")
        }
        (Binding::Require, None, _) => malformed("sealed for no namespace"),
        (Binding::Require, _, None) => malformed("sealed for a namespace, and the call names none"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(binding: Binding, sealed_for: Option<&str>, here: Option<&str>, expect: bool) {
        let checked = check(binding, sealed_for, here);
        assert_eq!(checked.is_err(), expect, "{binding:?}: {sealed_for:?} in {here:?}");
    }

    #[test]
    fn only_two_known_namespaces_can_differ() {
        for (sealed_for, here, differ, unknown) in [
            (Some("a"), Some("b"), true, false),
            (Some("a"), Some(""), true, false),
            (Some("a"), Some("a"), false, false),
            (Some("a"), None, false, true),
            (None, Some("a"), false, true),
            (None, None, false, true),
        ] {
            refuses(Binding::Record, sealed_for, here, false);
            refuses(Binding::Check, sealed_for, here, differ);
            refuses(Binding::Require, sealed_for, here, differ || unknown);
        }
    }
}
