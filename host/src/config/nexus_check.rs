//! Endpoints of Nexus that nobody could use, or read again.

use cloakroom_core::Error;

use super::{
    locator::{Locator, Table},
    nexus::ExternalWord,
    required::Required,
    schema::File,
};

/// Refuses endpoints that are nowhere or in two places, and plaintext that a stage would refuse to hand
/// back.
pub(super) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    let required = file.stage.iter().find(|stage| stage.required == Required::Yes);
    for (name, entry) in &file.nexus {
        let refuse = |key: &[&str], text: String| locator.refuse(Table::Nexus(name), key, text);
        match (&entry.namespace, entry.external) {
            (None, None) => {
                let text = format!(
                    "[nexus.{name}] does not say where its handlers are: write their `namespace`, or \
                     `external = \"encoded\"` for an endpoint with a URL"
                );
                return refuse(&[], text);
            }
            (Some(_), Some(_)) => {
                let text = format!(
                    "[nexus.{name}] has a `namespace` and is `external`: an endpoint has a namespace \
                     or a URL"
                );
                return refuse(&["external"], text);
            }
            (None, Some(_)) if entry.callers.is_empty() => {
                let text = format!(
                    "[nexus.{name}] is `external`, and nobody may call it: name the namespaces in \
                     `callers`"
                );
                return refuse(&["external"], text);
            }
            (None, Some(ExternalWord::Plaintext)) => {}
            (None, Some(ExternalWord::Encoded)) | (Some(_), None) => continue,
        }
        if let Some(stage) = required {
            let text = format!(
                "[nexus.{name}] leaves inputs and results in plaintext, and stage `{}` is required, so \
                 that the caller could not read them again: write `required = \"encode\"` there",
                stage.entry().stage_name()
            );
            return refuse(&["external"], text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn verdict(required: &str, nexus: &str) -> Result<(), Error> {
        let stage = format!("[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = {required}\n");
        let text = format!("{stage}[nexus.partner]\n{nexus}\n");
        let file = parse(&text, "c.toml").unwrap();
        check(&file, &Locator::new("c.toml".to_owned(), text))
    }

    #[track_caller]
    fn refuses(nexus: &str, line: &str, says: &str) {
        let error = verdict("true", nexus).unwrap_err();
        assert_eq!(error.place(), Some(&*format!("c.toml, line {line}")));
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn an_endpoint_has_a_namespace_or_a_url() {
        refuses("callers = [\"shop\"]", "4", "does not say where its handlers are");
        refuses("namespace = \"a\"\nexternal = \"encoded\"", "6", "a namespace or a URL");
        refuses("external = \"encoded\"", "5", "nobody may call it");
        for nexus in ["namespace = \"a\"", "external = \"encoded\"\ncallers = [\"shop\"]"] {
            assert!(verdict("true", nexus).is_ok(), "{nexus}");
        }
    }

    #[test]
    fn plaintext_that_would_be_refused_on_its_way_back_is_not_sent() {
        let plaintext = "external = \"plaintext\"\ncallers = [\"shop\"]";
        refuses(plaintext, "5", "stage `aes-gcm` is required");
        assert!(verdict("\"encode\"", plaintext).is_ok());
    }
}
