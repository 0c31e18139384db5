//! AWS KMS: `Encrypt` and `Decrypt` of one key, with an encryption context.
//!
//! Credentials and signature come from `object_store`, as those of buckets: the official client brings
//! dozens of crates for these two requests.

mod failure;
mod key;

use aws_lc_rs::digest::{SHA256, digest};
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloakroom_core::{
    DataKey, Error, ErrorKind, KeyContext, KeyFailure, KeyService, KeyServiceError,
};
use cloakroom_stores::AwsCredentials;
use futures::future::BoxFuture;
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};

use self::{failure::Action, key::AwsKey};
use crate::{
    access::KeyAccess,
    address,
    http::{Answer, Http, Request, unavailable},
    json::{self, Object},
};

/// Settings of the connection.
const CONNECTION: [&str; 2] = ["address", "ca_file"];

/// Settings of credentials, named as those of a bucket.
const CREDENTIALS: [&str; 7] = [
    "access_key_id",
    "region",
    "role_arn",
    "role_session_name",
    "secret_access_key",
    "session_token",
    "web_identity_token_file",
];

/// Key of AWS KMS.
pub(crate) struct Aws {
    uri: String,
    key: AwsKey,
    region: String,
    url: Url,
    http: Http,
    credentials: AwsCredentials,
}

impl Aws {
    /// Returns the key `awskms:///KEY?region=REGION`. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the URI or a setting cannot be used, or no region is named.
    pub(crate) fn new(uri: &str, access: &KeyAccess) -> Result<Self, Error> {
        access.check(&[&CONNECTION[..], &CREDENTIALS].concat())?;
        let key = AwsKey::parse(uri)?;
        let settings = access.without(&CONNECTION);
        let credentials = AwsCredentials::find(&settings, access.reads_environment)?;
        let region = key.region(credentials.region())?;
        let url = match access.text("address", &[]) {
            Some(text) => address::parse(&text, "`address`")?,
            None => address::parse(&key::endpoint(&region), "the region")?,
        };
        let http = Http::new(access.authorities(&[])?.as_deref(), access.timeout)?;
        Ok(Self { uri: uri.to_owned(), key, region, url, http, credentials })
    }

    async fn ask(&self, action: Action, body: Object) -> Result<Answer, KeyServiceError> {
        let body = body.finish();
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_static(action.target()));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        let digest = digest(&SHA256, &body);
        let signed =
            self.credentials.sign("kms", &self.region, self.url.as_str(), headers, digest.as_ref());
        let headers = signed.await.map_err(|error| unsigned(&error))?;
        let url = self.url.clone();
        let answer = self.http.send(Request { method: Method::POST, url, headers, body }).await?;
        if answer.is_success() { Ok(answer) } else { Err(failure::read(&answer, action)) }
    }

    fn body(&self, context: Option<&KeyContext>) -> Object {
        let ours = context.map(KeyContext::entries).unwrap_or_default();
        let all = self.key.context.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let object = Object::new().text("KeyId", &self.key.id);
        match ours.len() + self.key.context.len() {
            0 => object,
            _ => object.texts("EncryptionContext", all.chain(ours)),
        }
    }
}

impl KeyService for Aws {
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
            let body = self.body(context).base64("Plaintext", key.bytes(), &STANDARD);
            let answer = self.ask(Action::Encrypt, body).await?;
            json::bytes_at(&answer.body, "/CiphertextBlob", &STANDARD)
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move {
            // The key is named: KMS would otherwise take the one that the wrapped key names.
            let body = self.body(context).base64("CiphertextBlob", wrapped, &STANDARD);
            let answer = self.ask(Action::Decrypt, body).await?;
            json::key_at(&answer.body, "/Plaintext", &STANDARD)
        })
    }
}

fn unsigned(error: &Error) -> KeyServiceError {
    match error.kind() {
        ErrorKind::Denied => KeyServiceError::new(KeyFailure::Denied, error.to_string()),
        _ => unavailable(error.to_string()),
    }
}
