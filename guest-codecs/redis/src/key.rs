//! The key of an object, as Temporal's sample driver writes it.

use cloakroom_guest::Target;

/// Returns the key of an object with this digest. `prefix` is empty or ends with a colon. Unlike in a
/// bucket, a namespace that is not known is left out.
pub(crate) fn object_key(prefix: &str, target: &Target, digest: &str) -> String {
    let named = |name: &Option<String>| name.as_deref().filter(|name| !name.is_empty()).map(quote);
    let mut key = format!("{prefix}v0:");
    // Also where nothing else is known: readers are kept to the namespaces in keys.
    if let Some(namespace) = named(&target.namespace) {
        key.push_str(&format!("ns:{namespace}:"));
    }
    let [type_name, id, run] = [&target.type_name, &target.id, &target.run_id]
        .map(|name| named(name).unwrap_or_else(|| "null".to_owned()));
    match target.kind.as_deref() {
        Some("workflow") => key.push_str(&format!("wt:{type_name}:wi:{id}:ri:{run}:")),
        Some("activity") => key.push_str(&format!("at:{type_name}:ai:{id}:ri:{run}:")),
        Some("nexus") => key.push_str(&format!("ne:{id}:no:{type_name}:")),
        _ => {}
    }
    key + "d:sha256:" + digest
}

/// Escapes all bytes but letters, digits and `_.-~`.
fn quote(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for byte in name.bytes() {
        // The characters that Python's `urllib.parse.quote` leaves, because the sample driver uses
        // it.
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            quoted.push(byte.into());
        } else {
            quoted.push_str(&format!("%{byte:02X}"));
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_sample_driver() {
        let text = |text: &str| Some(text.to_owned());
        let mut target = Target {
            kind: text("workflow"),
            namespace: text("payments prod"),
            type_name: text("Charge"),
            id: text("a/b:~ü"),
            run_id: None,
        };
        assert_eq!(
            object_key("temporalio:payloads:", &target, "00"),
            "temporalio:payloads:v0:ns:payments%20prod:wt:Charge:wi:a%2Fb%3A~%C3%BC:ri:null:d:sha256:00"
        );
        target.namespace = None;
        target.kind = text("activity");
        assert!(object_key("", &target, "00").starts_with("v0:at:Charge:ai:"));
        assert_eq!(object_key("p:", &Target::default(), "00"), "p:v0:d:sha256:00");
    }
}
