//! URI of a key of Azure, in the form of gocloud, which temporal-proxy takes too.

use std::fmt;

use cloakroom_core::Error;

use crate::{
    access::config,
    uri::{KeyUri, is_name},
};

/// Algorithm of all requests. Its result has the length of the RSA key.
pub(super) const ALGORITHM: &str = "RSA-OAEP-256";

/// Key of Azure Key Vault, as its URI names it.
pub(super) struct AzureKey {
    /// Host of the vault, such as `payments.vault.azure.net`.
    pub(super) host: String,
    pub(super) name: String,
    pub(super) version: Option<Version>,
}

/// Version of a key: 16 bytes, 32 hexadecimal digits in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version([u8; Self::LENGTH]);

impl AzureKey {
    /// Reads a URI.
    ///
    /// # Errors
    /// `Config` if it is not `azurekeyvault://VAULT/keys/NAME[/VERSION]`.
    pub(super) fn parse(uri: &str) -> Result<Self, Error> {
        let uri = KeyUri::parse(uri)?;
        uri.check_parameters(&["algorithm"])?;
        if !matches!(uri.parameter("algorithm"), None | Some(ALGORITHM)) {
            return Err(config("the only `algorithm` of a key of Azure is RSA-OAEP-256"));
        }
        let parts: Vec<_> = uri.path.split('/').collect();
        let (name, version) = match parts[..] {
            ["keys", name] => (name, None),
            ["keys", name, version] => (name, Some(Version::parse(version))),
            _ => ("", None),
        };
        let is_host = is_name(uri.host) && uri.host.contains('.');
        if !is_host || !is_name(name) || version == Some(None) {
            return Err(config(
                "a key of Azure has the form azurekeyvault://NAME.vault.azure.net/keys/KEY, with a \
                 version of 32 hexadecimal digits behind it if you must",
            ));
        }
        Ok(Self { host: uri.host.to_owned(), name: name.to_owned(), version: version.flatten() })
    }

    /// Returns what an access token must be for: the vaults of the same cloud.
    pub(super) fn resource(&self) -> String {
        let cloud = self.host.split_once('.').map_or("", |(_, cloud)| cloud);
        format!("https://{cloud}")
    }
}

impl Version {
    const LENGTH: usize = 16;

    /// Reads 32 hexadecimal digits in lower case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 2 * Self::LENGTH
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
        Some(Self(number.to_be_bytes()))
    }

    /// Returns the version at the beginning of a wrapped key, and the rest.
    pub(super) fn split(wrapped: &[u8]) -> Option<(Self, &[u8])> {
        let (version, value) = wrapped.split_first_chunk()?;
        (!value.is_empty()).then_some((Self(*version), value))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "0078fd4c2f9b4d8c8a1f6b8b7a6c5d4e";

    #[test]
    fn takes_the_forms_of_temporal_proxy() {
        for (uri, version) in [
            ("azurekeyvault://p.vault.azure.net/keys/k".to_owned(), None),
            (format!("azurekeyvault://p.vault.azure.net/keys/k/{VERSION}"), Some(VERSION)),
            ("azurekeyvault://p.vault.azure.net/keys/k?algorithm=RSA-OAEP-256".to_owned(), None),
        ] {
            let key = AzureKey::parse(&uri).unwrap();
            assert_eq!((key.host.as_str(), key.name.as_str()), ("p.vault.azure.net", "k"));
            assert_eq!(key.version.as_ref().map(ToString::to_string).as_deref(), version);
            assert_eq!(key.resource(), "https://vault.azure.net");
        }
    }

    #[test]
    fn refuses_other_forms() {
        for uri in [
            "azurekeyvault://p.vault.azure.net/secrets/k",
            "azurekeyvault://p.vault.azure.net/keys",
            "azurekeyvault://p.vault.azure.net/keys/k/1",
            "azurekeyvault://localhost/keys/k",
            "azurekeyvault://p.vault.azure.net:444/keys/k",
            "azurekeyvault://p.vault.azure.net/keys/k?algorithm=RSA1_5",
        ] {
            assert!(AzureKey::parse(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn a_version_comes_back_as_it_was() {
        let version = Version::parse(VERSION).unwrap();
        let wrapped = [version.bytes(), b"x"].concat();
        assert_eq!(Version::split(&wrapped), Some((version.clone(), &b"x"[..])));
        assert_eq!(version.to_string(), VERSION);
        assert_eq!(Version::split(version.bytes()), None);
        assert_eq!(Version::parse("+078fd4c2f9b4d8c8a1f6b8b7a6c5d4e"), None);
    }
}
