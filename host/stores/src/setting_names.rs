//! Names of the settings of each kind of bucket.

/// Settings of S3 that are suggested. The store accepts them with the prefix `aws_`, too.
const S3: &[&str] = &[
    "access_key_id",
    "checksum_algorithm",
    "conditional_put",
    "container_authorization_token_file",
    "container_credentials_full_uri",
    "container_credentials_relative_uri",
    "default_region",
    "disable_tagging",
    "endpoint",
    "endpoint_url_sts",
    "imdsv1_fallback",
    "metadata_endpoint",
    "region",
    "request_payer",
    "role_arn",
    "role_session_name",
    "s3_express",
    "secret_access_key",
    "server_side_encryption",
    "session_token",
    "skip_signature",
    "sse_bucket_key_enabled",
    "sse_customer_key_base64",
    "sse_kms_key_id",
    "unsigned_payload",
    "virtual_hosted_style_request",
    "web_identity_token_file",
];

/// Settings of Google Cloud Storage that are suggested.
const GCS: &[&str] = &[
    "application_credentials",
    "base_url",
    "bearer_token",
    "service_account",
    "service_account_key",
    "skip_signature",
];

/// Settings of Azure Blob Storage that are suggested.
const AZURE: &[&str] = &[
    "access_key",
    "account_name",
    "authority_host",
    "bearer_token",
    "client_id",
    "client_secret",
    "credential_type",
    "encryption_key",
    "endpoint",
    "federated_token_file",
    "msi_endpoint",
    "msi_resource_id",
    "object_id",
    "sas_token",
    "skip_signature",
    "tenant_id",
    "use_azure_cli",
    "use_emulator",
];

/// Settings of the HTTP client, for all three.
const CLIENT: &[&str] = &[
    "allow_http",
    "connect_timeout",
    "http1_only",
    "http2_only",
    "pool_idle_timeout",
    "pool_max_idle_per_host",
    "proxy_ca_certificate",
    "proxy_excludes",
    "proxy_url",
    "read_timeout",
    "timeout",
    "user_agent",
];

/// Returns the names to suggest for a URL scheme.
pub(crate) fn names(scheme: &str) -> Vec<&'static str> {
    let own = match scheme {
        "s3" => S3,
        "gs" => GCS,
        "az" => AZURE,
        _ => return Vec::new(),
    };
    own.iter().chain(CLIENT).copied().collect()
}

/// Settings that are secrets, without the prefix of their store.
const SECRETS: &[&str] = &[
    "access_key",
    "account_key",
    "bearer_token",
    "client_secret",
    "encryption_key",
    "fabric_session_token",
    "master_key",
    "sas_key",
    "sas_token",
    "secret_access_key",
    "service_account_key",
    "session_token",
    "sse_customer_key_base64",
    "token",
];

/// Returns whether a setting is a secret, with or without the prefix of its store.
pub(crate) fn is_secret(name: &str) -> bool {
    let bare = ["aws_", "google_", "azure_storage_", "azure_"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    SECRETS.contains(&bare)
}

/// Returns whether a value is an address with a user name or password in it.
pub(crate) fn holds_password(value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| rest);
    let authority = authority.and_then(|rest| rest.split(['/', '?', '#']).next());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// Returns whether a store accepts a setting, with or without a prefix.
///
/// A store that this build does not support accepts everything: opening the bucket reports that.
pub(crate) fn accepts(scheme: &str, name: &str) -> bool {
    // The library's own parser decides, so that no list here can refuse what a store takes.
    match scheme {
        #[cfg(feature = "s3")]
        "s3" => name.parse::<object_store::aws::AmazonS3ConfigKey>().is_ok(),
        #[cfg(feature = "gcs")]
        "gs" => name.parse::<object_store::gcp::GoogleConfigKey>().is_ok(),
        #[cfg(feature = "azure")]
        "az" => name.parse::<object_store::azure::AzureConfigKey>().is_ok(),
        "memory" | "file" => false,
        _ => !name.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_every_suggested_name() {
        for scheme in ["s3", "gs", "az"] {
            for name in names(scheme) {
                assert!(accepts(scheme, name), "{scheme}: {name}");
            }
        }
        assert!(!accepts("file", "region"));
    }

    #[test]
    fn recognises_secrets_with_and_without_prefix() {
        for name in
            ["secret_access_key", "aws_secret_access_key", "azure_storage_access_key", "token"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["access_key_id", "region", "web_identity_token_file", "service_account"] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(
            holds_password("http://me:s3cr3t@proxy:8080/") && holds_password("https://me@proxy")
        );
        assert!(!holds_password("http://proxy:8080/a@b") && !holds_password("me@proxy"));
    }
}
