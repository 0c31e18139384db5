//! Names of the settings that each kind of bucket takes.

/// Settings of S3 that an operator may want, without the prefix `aws_` that they also go by.
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

/// The same of Google Cloud Storage.
const GCS: &[&str] = &[
    "application_credentials",
    "base_url",
    "bearer_token",
    "service_account",
    "service_account_key",
    "skip_signature",
];

/// The same of Azure Blob Storage.
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

/// Returns the names that the store behind a URL with this scheme takes.
pub(crate) fn names(scheme: &str) -> Vec<&'static str> {
    let own = match scheme {
        "s3" => S3,
        "gs" => GCS,
        "az" => AZURE,
        _ => return Vec::new(),
    };
    own.iter().chain(CLIENT).copied().collect()
}

/// Returns whether a store takes a setting, under any spelling of its name. A store that this build
/// was made without takes all: opening it says what is missing.
pub(crate) fn takes(scheme: &str, name: &str) -> bool {
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
    fn every_name_that_is_proposed_is_taken() {
        for scheme in ["s3", "gs", "az"] {
            for name in names(scheme) {
                assert!(takes(scheme, name), "{scheme}: {name}");
            }
        }
        assert!(!takes("file", "region"));
    }
}
