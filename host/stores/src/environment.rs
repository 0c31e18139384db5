//! Credentials of stores in environment variables.
//!
//! `object_store` would read every setting from the environment, endpoints included. Whoever can
//! set one variable of the process could then redirect all objects to a store of their own. So only
//! the variables listed here are read.

use std::env;

/// Variables of S3 that hold credentials, or name the source of credentials for a machine or pod.
#[cfg(feature = "s3")]
pub(crate) const AWS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// Variables of Google Cloud Storage.
#[cfg(feature = "gcs")]
pub(crate) const GOOGLE: &[&str] = &[
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
];

/// Variables of Azure Blob Storage. The account belongs to the credentials.
#[cfg(feature = "azure")]
pub(crate) const AZURE: &[&str] = &[
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_MASTER_KEY",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_CLIENT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_TENANT_ID",
    "AZURE_TENANT_ID",
    "AZURE_STORAGE_AUTHORITY_ID",
    "AZURE_AUTHORITY_ID",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_IDENTITY_ENDPOINT",
    "AZURE_MSI_ENDPOINT",
    "AZURE_MSI_RESOURCE_ID",
    "AZURE_OBJECT_ID",
    "AZURE_USE_AZURE_CLI",
];

/// Variable that holds the address of the identity service on a machine in Azure.
#[cfg(feature = "azure")]
pub(crate) const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";

/// Variables that other tools read and that would change where objects go.
const ENDPOINTS: &[&str] = &[
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT",
    "GOOGLE_BASE_URL",
    "AZURE_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_STORAGE_USE_EMULATOR",
];

/// Returns the variables that are set, as `object_store` names and values.
pub(crate) fn settings(names: &[&str]) -> Vec<(String, String)> {
    let found = names.iter().filter_map(|name| Some((*name, env::var(name).ok()?)));
    let found = found.filter(|(name, value)| !value.is_empty() && is_valid(name, value));
    found.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// Returns whether a value is safe to use. A region becomes part of the host that requests go to,
/// so it must not contain a dot or a slash.
fn is_valid(name: &str, value: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !name.ends_with("REGION") || (value.len() <= 64 && value.chars().all(is_word))
}

/// Warns about variables with this prefix that are set but ignored.
pub(crate) fn warn_of_ignored(prefix: &str) {
    let is_set = |name: &&&str| name.starts_with(prefix) && env::var_os(name).is_some();
    for variable in ENDPOINTS.iter().filter(is_set) {
        tracing::warn!(
            variable,
            "an environment variable names the endpoint of a store, but only credentials are read from \
             the environment: use the bucket's setting `endpoint` (Google: `base_url`)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_no_variable_that_redirects_objects() {
        let mut read: Vec<&str> = Vec::new();
        #[cfg(feature = "s3")]
        read.extend(AWS);
        #[cfg(feature = "gcs")]
        read.extend(GOOGLE);
        #[cfg(feature = "azure")]
        read.extend(AZURE);
        for name in read {
            assert!(!ENDPOINTS.contains(&name), "{name}");
            assert!(!name.contains("ALLOW") && !name.contains("PROXY"), "{name}");
            assert!(!name.contains("ENDPOINT_URL") && !name.contains("AUTHORITY_HOST"), "{name}");
        }
    }

    #[test]
    fn refuses_a_region_that_changes_the_host() {
        assert!(is_valid("AWS_REGION", "eu-west-1"));
        for region in ["evil.example/", "a.b", "a@b", "a#"] {
            assert!(!is_valid("AWS_REGION", region) && !is_valid("AWS_DEFAULT_REGION", region));
        }
        assert!(is_valid("AWS_SESSION_TOKEN", "a/b+c=="));
    }

    #[test]
    fn every_variable_is_a_setting_of_its_store() {
        #[cfg(feature = "s3")]
        for name in AWS {
            assert!(crate::setting_names::accepts("s3", &name.to_ascii_lowercase()), "{name}");
        }
        #[cfg(feature = "gcs")]
        for name in GOOGLE {
            assert!(crate::setting_names::accepts("gs", &name.to_ascii_lowercase()), "{name}");
        }
        #[cfg(feature = "azure")]
        for name in AZURE {
            assert!(crate::setting_names::accepts("az", &name.to_ascii_lowercase()), "{name}");
        }
    }
}
