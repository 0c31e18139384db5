//! Google Cloud KMS: `encrypt` and `decrypt` of one key, with additional authenticated data.

mod failure;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use bytes::Bytes;
use cloakroom_core::{
    DataKey, Error, ErrorKind, KeyContext, KeyFailure, KeyService, KeyServiceError,
};
use cloakroom_stores::GoogleCredentials;
use futures::future::BoxFuture;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use zeroize::Zeroizing;

use self::failure::Action;
use crate::{
    access::{KeyAccess, config},
    address,
    http::{Answer, Http, Request, secret_header, unavailable},
    json::{self, Object},
    uri::{KeyUri, is_name},
};

/// Settings of the connection.
const CONNECTION: [&str; 2] = ["address", "ca_file"];

/// Settings of credentials, named as those of a bucket.
const CREDENTIALS: [&str; 3] = ["bearer_token", "service_account", "service_account_key"];

/// Address of the service. A key's location is part of its name.
const ADDRESS: &str = "https://cloudkms.googleapis.com/";

/// Parameter of the URI with additional authenticated data, in base64 for URLs.
const DATA: &str = "additional_authenticated_data";

/// Key of Google Cloud KMS.
pub(crate) struct Google {
    uri: String,
    /// Name of the key, such as `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
    name: String,
    /// Data of the URI, which stands before the context.
    data: Vec<u8>,
    base: Url,
    http: Http,
    credentials: GoogleCredentials,
}

impl Google {
    /// Returns the key `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K`. Nothing is sent.
    ///
    /// # Errors
    /// `Config` if the URI or a setting cannot be used.
    pub(crate) fn new(uri: &str, access: &KeyAccess) -> Result<Self, Error> {
        access.check(&[&CONNECTION[..], &CREDENTIALS].concat())?;
        let parts = KeyUri::parse(uri)?;
        parts.check_parameters(&[DATA])?;
        let data = parts.parameter(DATA).map(|text| URL_SAFE.decode(text)).transpose();
        let data =
            data.map_err(|_| config(format!("the parameter `{DATA}` is no base64 for URLs")))?;
        let base = match access.text("address", &[]) {
            Some(text) => address::parse(&text, "`address`")?,
            None => address::parse(ADDRESS, "the client")?,
        };
        let settings = access.without(&CONNECTION);
        Ok(Self {
            uri: uri.to_owned(),
            name: key_name(&parts)?,
            data: data.unwrap_or_default(),
            base,
            http: Http::new(access.authorities(&[])?.as_deref(), access.timeout)?,
            credentials: GoogleCredentials::find(&settings, access.reads_environment)?,
        })
    }

    async fn ask(&self, action: Action, body: Object) -> Result<Answer, KeyServiceError> {
        let path = format!("v1/{}:{}", self.name, action.name());
        let url =
            self.base.join(&path).map_err(|_| unavailable("its address is no base of a URL"))?;
        let token = self.credentials.token().await.map_err(|error| no_token(&error))?;
        let header = Zeroizing::new(format!("Bearer {}", token.as_str()));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret_header(&header)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = Request { method: Method::POST, url, headers, body: body.finish() };
        let answer = self.http.send(request).await?;
        if answer.is_success() { Ok(answer) } else { Err(failure::read(&answer, action)) }
    }

    fn body(&self, context: Option<&KeyContext>) -> Object {
        let mut data = self.data.clone();
        data.extend(context.map(KeyContext::bytes).unwrap_or_default());
        let object = Object::new();
        if data.is_empty() {
            return object;
        }
        object.base64("additionalAuthenticatedData", &data, &STANDARD)
    }
}

impl KeyService for Google {
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
            let body = self.body(context).base64("plaintext", key.bytes(), &STANDARD);
            let answer = self.ask(Action::Encrypt, body).await?;
            json::bytes_at(&answer.body, "/ciphertext", &STANDARD)
        })
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Option<&'a KeyContext>,
    ) -> BoxFuture<'a, Result<DataKey, KeyServiceError>> {
        Box::pin(async move {
            let body = self.body(context).base64("ciphertext", wrapped, &STANDARD);
            let answer = self.ask(Action::Decrypt, body).await?;
            json::key_at(&answer.body, "/plaintext", &STANDARD)
        })
    }
}

fn key_name(uri: &KeyUri<'_>) -> Result<String, Error> {
    let name = format!("{}/{}", uri.host, uri.path);
    let parts: Vec<_> = name.split('/').collect();
    match parts[..] {
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
            // A project may belong to a domain, as in `example.com:payments`.
            if is_name(&project.replacen(':', "-", 1))
                && [location, ring, key].into_iter().all(is_name) =>
        {
            Ok(name)
        }
        _ => Err(config(
            "a key of Google has the form gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K",
        )),
    }
}

fn no_token(error: &Error) -> KeyServiceError {
    match error.kind() {
        ErrorKind::Denied => KeyServiceError::new(KeyFailure::Denied, error.to_string()),
        _ => unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_all_its_parts() {
        let name = |uri: &str| key_name(&KeyUri::parse(uri).unwrap()).ok();
        let path = "projects/example.com:p/locations/global/keyRings/r/cryptoKeys/k";
        assert_eq!(name(&format!("gcpkms://{path}")).as_deref(), Some(path));
        for path in [
            "projects/p/locations/l/keyRings/r",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
            "projects//locations/l/keyRings/r/cryptoKeys/k",
        ] {
            assert_eq!(
                KeyUri::parse(&format!("gcpkms://{path}")).ok().and_then(|uri| key_name(&uri).ok()),
                None
            );
        }
    }
}
