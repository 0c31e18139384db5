//! Namespaces whose payloads nobody could read again.

use cloakroom_core::Error;

use super::{
    locator::{Locator, Table},
    namespaces::{ModeWord, PlainEntry},
    required::Required,
    schema::File,
};

/// Refuses rules without a condition, and plaintext that a stage would refuse to hand back.
pub(super) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    let required = file.stage.iter().find(|stage| stage.required == Required::Yes);
    for (name, namespace) in &file.namespace {
        let table = Table::Namespace(name);
        let is_empty =
            |rule: &PlainEntry| rule.workflow_type.is_none() && rule.task_queue.is_none();
        if namespace.plain.iter().any(is_empty) {
            let text = format!(
                "a [[namespace.{name}.plain]] needs a `workflow_type`, a `task_queue` or both: to \
                 encode nothing at all, write `mode = \"decode\"`"
            );
            return locator.refuse(table, &["plain"], text);
        }
        let key = match namespace.mode {
            ModeWord::Decode => "mode",
            ModeWord::On if !namespace.plain.is_empty() => "plain",
            ModeWord::On | ModeWord::Off => continue,
        };
        if let Some(stage) = required {
            let text = format!(
                "[namespace.{name}] leaves payloads in plaintext, and stage `{}` is required, so that \
                 nobody could read them again: write `required = \"encode\"` there",
                stage.entry().stage_name()
            );
            return locator.refuse(table, &[key], text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const STAGE: &str = "[[stage]]\nplugin = \"bundled:aes-gcm\"\n";

    fn verdict(required: &str, namespace: &str) -> Result<(), Error> {
        let text = format!("{STAGE}required = {required}\n[namespace.shop]\n{namespace}\n");
        let file = parse(&text, "c.toml").unwrap();
        check(&file, &Locator::new("c.toml".to_owned(), text))
    }

    #[track_caller]
    fn refuses(namespace: &str, line: &str, says: &str) {
        let error = verdict("true", namespace).unwrap_err();
        assert_eq!(error.place(), Some(&*format!("c.toml, line {line}")));
        assert!(error.to_string().contains(says), "{error}");
    }

    #[test]
    fn plaintext_that_would_be_refused_on_its_way_back_is_not_written() {
        let plain = "[[namespace.shop.plain]]\ntask_queue = \"import\"";
        refuses("mode = \"decode\"", "5", "stage `aes-gcm` is required");
        refuses(plain, "5", "stage `aes-gcm` is required");
        for namespace in ["mode = \"decode\"", plain] {
            assert!(verdict("\"encode\"", namespace).is_ok());
        }
        for namespace in ["", "mode = \"off\"", "shares = [\"billing\"]"] {
            assert!(verdict("true", namespace).is_ok(), "{namespace}");
        }
    }

    #[test]
    fn a_rule_has_a_condition() {
        refuses("[[namespace.shop.plain]]", "5", "needs a `workflow_type`, a `task_queue` or both");
    }
}
