//! Azure Key Vault: `wrapKey` and `unwrapKey` of one RSA key, by RSA-OAEP-256.
//!
//! The service binds a wrapped key to nothing: RSA has no associated data. A wrapped key of ours begins with
//! the version of the RSA key, since only that version unwraps it. Without a context it is the bare result,
//! as temporal-proxy keeps it.

mod failure;
mod key;
mod token;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use cloakroom_core::{DataKey, Error, KeyContext, KeyFailure, KeyService, KeyServiceError};
use futures::future::BoxFuture;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};

use self::{
    failure::Action,
    key::{ALGORITHM, AzureKey, Version},
    token::Tokens,
};
use crate::{
    access::KeyAccess,
    address,
    http::{Answer, Http, Request, unavailable},
    json::{self, Object},
};

/// Settings that a configuration may name.
const SETTINGS: [&str; 7] = [
    "address",
    "authority_host",
    "ca_file",
    "client_id",
    "client_secret",
    "federated_token_file",
    "tenant_id",
];

/// Version of the service's interface.
const INTERFACE: &str = "7.4";

/// Key of Azure Key Vault.
pub(crate) struct Azure {
    uri: String,
    key: AzureKey,
    base: Url,
    http: Http,
    tokens: Tokens,
}

impl Azure {
    /// Returns the key `azurekeyvault://VAULT.vault.azure.net/keys/NAME`. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the URI or a setting cannot be used.
    pub(crate) fn new(uri: &str, access: &KeyAccess) -> Result<Self, Error> {
        access.check(&SETTINGS)?;
        let key = AzureKey::parse(uri)?;
        let base = match access.text("address", &[]) {
            Some(text) => address::parse(&text, "`address`")?,
            None => address::parse(&format!("https://{}/", key.host), "the URI of the key")?,
        };
        let http = Http::new(access.authorities(&[])?.as_deref(), access.timeout)?;
        let tokens = Tokens::find(access, key.resource(), http.clone())?;
        Ok(Self { uri: uri.to_owned(), key, base, http, tokens })
    }

    async fn ask(
        &self,
        action: Action,
        version: Option<&Version>,
        value: &[u8],
    ) -> Result<Answer, KeyServiceError> {
        let version = version.map(|version| format!("/{version}")).unwrap_or_default();
        let path = format!("keys/{}{version}/{}", self.key.name, action.name());
        let mut url =
            self.base.join(&path).map_err(|_| unavailable("its address is no base of a URL"))?;
        url.query_pairs_mut().append_pair("api-version", INTERFACE);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.tokens.header().await?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = Object::new().text("alg", ALGORITHM).base64("value", value, &URL_SAFE_NO_PAD);
        let request = Request { method: Method::POST, url, headers, body: body.finish() };
        let answer = self.http.send(request).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        if answer.status == 401 {
            // It may have been revoked before its time.
            self.tokens.forget();
        }
        Err(failure::read(&answer, action))
    }
}

impl KeyService for Azure {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn binds_context(&self) -> bool {
        false
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<Bytes, KeyServiceError>> {
        Box::pin(async move {
            let answer = self.ask(Action::Wrap, self.key.version.as_ref(), key.bytes()).await?;
            let value = json::bytes_at(&answer.body, "/value", &URL_SAFE_NO_PAD)?;
            if context.is_none() {
                return Ok(value);
            }
            let id = json::text_at(&answer.body, "/kid")?;
            let version = id.rsplit('/').next().and_then(Version::parse);
            let version =
                version.ok_or_else(|| unavailable("its answer names no version of the key"))?;
            Ok([version.bytes(), &value[..]].concat().into())
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move {
            let (version, value) = match context {
                None => (self.key.version.clone(), wrapped),
                Some(_) => {
                    let (version, value) = Version::split(wrapped).ok_or_else(|| {
                        KeyServiceError::new(KeyFailure::Mismatch, "the wrapped key is too short")
                    })?;
                    (Some(version), value)
                }
            };
            let answer = self.ask(Action::Unwrap, version.as_ref(), value).await?;
            json::key_at(&answer.body, "/value", &URL_SAFE_NO_PAD)
        })
    }
}
