//! The formats that are opened: the setting `accept`.

use cloakroom_guest::Error;

use crate::format::Format;

/// Reads the setting: names of formats with commas between them. By default `sealed` and `temporal` are
/// opened, and the one that is written. If a namespace is required, only `sealed` is, because the others
/// bind none.
///
/// # Errors
/// `Misconfigured` if it names no format, or leaves out the one that is written.
pub(crate) fn accept(
    setting: Option<&str>,
    written: Format,
    requires_namespace: bool,
) -> Result<Vec<Format>, Error> {
    let misconfigured = |text: &str| Err(Error::misconfigured(text));
    let accepted = match setting {
        None if requires_namespace => vec![written],
        // The one that is written comes first.
        None => {
            let usual = [Format::Sealed, Format::Temporal];
            [written]
                .into_iter()
                .chain(usual.into_iter().filter(|format| *format != written))
                .collect()
        }
        Some(names) => {
            let mut accepted = Vec::new();
            for name in names.split(',') {
                match Format::by_name(name.trim()) {
                    Some(format) if !accepted.contains(&format) => accepted.push(format),
                    Some(_) => {}
                    None => {
                        return misconfigured(
                            "setting `accept` must be names of formats with commas between them: \
                             `sealed`, `temporal` or `temporal-proxy`",
                        );
                    }
                }
            }
            accepted
        }
    };
    if !accepted.contains(&written) {
        return misconfigured("setting `accept` leaves out the `format` that is written");
    }
    if requires_namespace && accepted.iter().any(|format| *format != Format::Sealed) {
        return misconfigured(
            "setting `namespace = \"require\"` goes with format `sealed` only: others are bound to none",
        );
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Format; 3] = [Format::Sealed, Format::Temporal, Format::TemporalProxy];

    #[track_caller]
    fn check(setting: Option<&str>, written: Format, requires: bool, expect: Option<&[Format]>) {
        assert_eq!(accept(setting, written, requires).ok().as_deref(), expect, "{setting:?}");
    }

    #[test]
    fn opens_the_usual_ones_by_default() {
        let [sealed, temporal, proxy] = ALL;
        check(None, sealed, false, Some(&[sealed, temporal]));
        check(None, temporal, false, Some(&[temporal, sealed]));
        check(None, proxy, false, Some(&[proxy, sealed, temporal]));
        check(Some("temporal-proxy"), proxy, false, Some(&[proxy]));
        check(Some("temporal"), proxy, false, None);
        check(Some("sealed, temporal-proxy"), sealed, false, Some(&[sealed, proxy]));
        check(Some("sealed"), sealed, false, Some(&[sealed]));
        check(Some("temporal,sealed"), sealed, false, Some(&[temporal, sealed]));
        check(Some("sealed, sealed"), sealed, false, Some(&[sealed]));
        check(Some("sealed"), temporal, false, None);
        check(Some("binary/sealed"), sealed, false, None);
        check(Some(""), sealed, false, None);
    }

    #[test]
    fn a_required_namespace_goes_with_the_format_that_binds_it() {
        let [sealed, temporal, proxy] = ALL;
        check(None, sealed, true, Some(&[sealed]));
        check(None, temporal, true, None);
        check(None, proxy, true, None);
        check(Some("sealed, temporal-proxy"), sealed, true, None);
        check(Some("sealed, temporal"), sealed, true, None);
    }
}
