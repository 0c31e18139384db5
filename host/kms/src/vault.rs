//! Transit engine of Vault and OpenBao.
//!
//! The context of a wrapped key goes into both `associated_data`, which binds it for every authenticated
//! cipher, and `context`, which derived keys need and others ignore.

mod failure;
mod token;
mod wrapped;

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cloakroom_core::{DataKey, Error, KeyContext, KeyFailure, KeyService, KeyServiceError};
use futures::future::BoxFuture;
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use zeroize::Zeroizing;

use self::token::Token;
use crate::{
    access::{KeyAccess, config},
    http::{Answer, Http, Request, unavailable},
    json::{self, Object},
    uri::{KeyUri, is_name},
};

/// Settings that a configuration may name.
const SETTINGS: [&str; 5] = ["address", "ca_file", "namespace", "token", "token_file"];

/// Address where both programs look for a server that runs on the same machine.
const ADDRESS: &str = "https://127.0.0.1:8200";

/// Key of the transit engine.
pub(crate) struct Vault {
    uri: String,
    http: Http,
    base: Url,
    mount: String,
    key: String,
    namespace: Option<HeaderValue>,
    token: Token,
    /// Whether the server was seen to refuse another context.
    is_bound: AtomicBool,
}

impl Vault {
    /// Returns the key `vault://MOUNT/KEY`. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the URI or a setting cannot be used.
    pub(crate) fn new(uri: &str, access: &KeyAccess) -> Result<Self, Error> {
        access.check(&SETTINGS)?;
        let parts = KeyUri::parse(uri)?;
        parts.check_parameters(&[])?;
        // A mount may have slashes, and a key may not.
        let (mount, key) = match parts.path.rsplit_once('/') {
            Some((more, key)) => (format!("{}/{more}", parts.host), key),
            None => (parts.host.to_owned(), parts.path),
        };
        if !(is_name(key) && mount.split('/').all(is_name)) {
            return Err(config("a key of Vault or OpenBao has the form vault://MOUNT/KEY"));
        }
        let authorities = access.authorities(&["BAO_CACERT", "VAULT_CACERT"])?;
        let namespace = access.text("namespace", &["BAO_NAMESPACE", "VAULT_NAMESPACE"]);
        let namespace = namespace.map(|name| {
            HeaderValue::from_str(&name)
                .map_err(|_| config("the namespace of the key service is not printable ASCII"))
        });
        Ok(Self {
            uri: uri.to_owned(),
            http: Http::new(authorities.as_deref(), access.timeout)?,
            base: address(access)?,
            mount,
            key: key.to_owned(),
            namespace: namespace.transpose()?,
            token: Token::find(access)?,
            is_bound: AtomicBool::new(false),
        })
    }

    /// Sends a request to the transit engine, and returns the answer of success.
    async fn ask(&self, action: &str, body: Zeroizing<Vec<u8>>) -> Result<Answer, KeyServiceError> {
        let path = format!("v1/{}/{action}/{}", self.mount, self.key);
        let answer = self.send(Method::POST, &path, body).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        let mut failure = failure::read(&answer);
        // The server says the same of a token that it does not know and of one that may not do this.
        if answer.status == 403 {
            let look = self.send(Method::GET, "v1/auth/token/lookup-self", Zeroizing::default());
            failure = match look.await {
                Ok(look) if look.is_success() => failure::no_policy(action, &self.mount, &self.key),
                Ok(look) if look.status == 403 => failure::no_token(self.token.origin()),
                _ => failure,
            };
        }
        Err(failure)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, KeyServiceError> {
        let url =
            self.base.join(path).map_err(|_| unavailable("its address is no base of a URL"))?;
        let mut headers = HeaderMap::new();
        headers.insert("x-vault-token", self.token.read()?);
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(
            self.namespace
                .clone()
                .map(|name| (reqwest::header::HeaderName::from_static("x-vault-namespace"), name)),
        );
        self.http.send(Request { method, url, headers, body }).await
    }

    async fn decrypt(
        &self,
        ciphertext: &str,
        context: Option<&KeyContext>,
    ) -> Result<DataKey, KeyServiceError> {
        let body = with_context(Object::new().text("ciphertext", ciphertext), context);
        let answer = self.ask("decrypt", body.finish()).await?;
        json::key_at(&answer.body, "/data/plaintext", &STANDARD)
    }

    /// Has the server refuse a context that is not the key's, once for each process.
    ///
    /// A Vault before 1.13 ignores `associated_data`, and says nothing about it.
    async fn check_binding(&self, ciphertext: &str) -> Result<(), KeyServiceError> {
        if self.is_bound.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.decrypt(ciphertext, None).await {
            Ok(_) => {
                let text = "it unwraps a data key without the context that it was wrapped with: \
                            update it to Vault 1.13 or later, or to OpenBao";
                return Err(KeyServiceError::new(KeyFailure::Denied, text));
            }
            Err(error) if error.kind() == KeyFailure::Mismatch => {}
            // Who may only wrap cannot ask, and has no use for another's wrapped key either.
            Err(error) if error.kind() == KeyFailure::Denied => {}
            Err(error) => return Err(error),
        }
        self.is_bound.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl KeyService for Vault {
    fn uri(&self) -> &str {
        &self.uri
    }

    fn binds_context(&self) -> bool {
        true
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<Bytes, KeyServiceError>> {
        Box::pin(async move {
            let body = Object::new().base64("plaintext", key.bytes(), &STANDARD);
            let answer = self.ask("encrypt", with_context(body, context).finish()).await?;
            let ciphertext = json::text_at(&answer.body, "/data/ciphertext")?;
            let wrapped = wrapped::short(&ciphertext)?;
            if context.is_some() {
                self.check_binding(&ciphertext).await?;
            }
            Ok(wrapped)
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move { self.decrypt(&wrapped::long(wrapped)?, context).await })
    }
}

fn with_context(body: Object, context: Option<&KeyContext>) -> Object {
    let Some(context) = context else { return body };
    let bytes = STANDARD.encode(context.bytes());
    body.text("associated_data", &bytes).text("context", &bytes)
}

/// Returns the address of the server. Plain HTTP is for this machine alone: a data key passes over it.
fn address(access: &KeyAccess) -> Result<Url, Error> {
    let text = access.text("address", &["BAO_ADDR", "VAULT_ADDR"]);
    crate::address::parse(text.as_deref().unwrap_or(ADDRESS), "VAULT_ADDR or `address`")
}
