//! Short names of keys, for metrics, logs and errors.

/// Start of the id of a key that a key service wrapped: it names the service's key by a digest, the
/// namespace by a digest, and holds the wrapped key, with dots between them.
pub const SERVICE_KEY: &str = "ck2.";

/// Start of the id of a key in temporal-proxy's format: the URI of the service's key, `#`, and the wrapped
/// key in base64. A plugin that reads or writes the format splits it.
pub const PROXY_KEY: &str = "temporal-proxy:";

/// Returns what is shown of a key's id. Of a key under a key service that is the service's key: there are few of those, and the wrapped key stays out of logs.
#[must_use]
pub fn key_label(id: &str) -> &str {
    if id.starts_with(PROXY_KEY) {
        return id.rsplit_once('#').map_or(id, |(label, _)| label);
    }
    let Some(parts) = id.strip_prefix(SERVICE_KEY) else {
        return id;
    };
    let service = parts.split('.').next().map_or(0, str::len);
    id.split_at_checked(SERVICE_KEY.len() + service).map_or(id, |(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_before_the_namespace_and_the_wrapped_key() {
        assert_eq!(key_label("ck2.AbCdEfGh.12345678.d3JhcHBlZA"), "ck2.AbCdEfGh");
        assert_eq!(key_label("ck2."), "ck2.");
        assert_eq!(key_label("temporal-proxy:awskms:///a#d3Jh"), "temporal-proxy:awskms:///a");
        assert_eq!(key_label("2026-11.a"), "2026-11.a");
    }
}
