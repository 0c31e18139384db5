//! Credentials of stores in the environment: what they are called there, and what is not read.
//!
//! `object_store` reads every setting from the environment, endpoints included. Whoever can set one
//! variable of a process could then have all objects sent to a place of their own.

use std::env;

/// Variables that hold credentials, or say where a machine or a pod gets its own.
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

/// The same of Google Cloud Storage.
#[cfg(feature = "gcs")]
pub(crate) const GOOGLE: &[&str] = &[
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
];

/// The same of Azure Blob Storage. The account is a part of its credentials, as its key is.
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

/// Where a machine in Azure has the address of its identity.
#[cfg(feature = "azure")]
pub(crate) const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";

/// Variables that other tools read, and that would send objects elsewhere.
const REDIRECTING: &[&str] = &[
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT",
    "GOOGLE_BASE_URL",
    "AZURE_ENDPOINT",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_STORAGE_USE_EMULATOR",
];

/// Returns the settings of these variables that are set, as names of `object_store` and values.
pub(crate) fn settings(names: &[&str]) -> Vec<(String, String)> {
    let found = names.iter().filter_map(|name| Some((*name, env::var(name).ok()?)));
    let found = found.filter(|(name, value)| !value.is_empty() && may_be(name, value));
    found.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}

/// A region becomes a part of the host that requests are sent to.
fn may_be(name: &str, value: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !name.ends_with("REGION") || (value.len() <= 64 && value.chars().all(is_word))
}

/// Warns of a variable that is set and not read, whose prefix is that of a store's variables.
pub(crate) fn warn_of_ignored(prefix: &str) {
    let is_set = |name: &&&str| name.starts_with(prefix) && env::var_os(name).is_some();
    for variable in REDIRECTING.iter().filter(is_set) {
        tracing::warn!(
            variable,
            "the environment names an endpoint of a store, which is not read: only credentials come \
             from the environment; write `endpoint` (Google: `base_url`) in [buckets]"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_that_is_read_says_where_objects_go() {
        let mut read: Vec<&str> = Vec::new();
        #[cfg(feature = "s3")]
        read.extend(AWS);
        #[cfg(feature = "gcs")]
        read.extend(GOOGLE);
        #[cfg(feature = "azure")]
        read.extend(AZURE);
        for name in read {
            assert!(!REDIRECTING.contains(&name), "{name}");
            assert!(!name.contains("ALLOW") && !name.contains("PROXY"), "{name}");
            assert!(!name.contains("ENDPOINT_URL") && !name.contains("AUTHORITY_HOST"), "{name}");
        }
    }

    #[test]
    fn a_region_is_no_host() {
        assert!(may_be("AWS_REGION", "eu-west-1"));
        for region in ["evil.example/", "a.b", "a@b", "a#"] {
            assert!(!may_be("AWS_REGION", region) && !may_be("AWS_DEFAULT_REGION", region));
        }
        assert!(may_be("AWS_SESSION_TOKEN", "a/b+c=="));
    }

    /// Each is a setting of its store under its own name.
    #[test]
    fn every_variable_is_a_setting() {
        #[cfg(feature = "s3")]
        for name in AWS {
            assert!(crate::setting_names::takes("s3", &name.to_ascii_lowercase()), "{name}");
        }
        #[cfg(feature = "gcs")]
        for name in GOOGLE {
            assert!(crate::setting_names::takes("gs", &name.to_ascii_lowercase()), "{name}");
        }
        #[cfg(feature = "azure")]
        for name in AZURE {
            assert!(crate::setting_names::takes("az", &name.to_ascii_lowercase()), "{name}");
        }
    }
}
