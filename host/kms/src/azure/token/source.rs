//! Sources of access tokens, in the order in which Azure's own tools look for them.

use std::{fs, path::PathBuf};

use cloakroom_core::{Error, KeyFailure, KeyServiceError};
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use zeroize::Zeroizing;

use crate::{
    access::{KeyAccess, config},
    address,
    http::{Request, secret_header},
};

/// Host that issues tokens to applications.
const AUTHORITY: &str = "https://login.microsoftonline.com/";

/// Address of the service that issues tokens to a machine.
const MACHINE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

/// Longest federated token.
const LONGEST: u64 = 64 << 10;

/// Source of access tokens.
pub(super) enum Source {
    /// An application of a tenant: where it asks, who it is, and how it proves that.
    Application { url: Url, client_id: String, proof: Proof },
    /// The machine, or the app service, that this process runs on.
    Machine { url: Url, client_id: Option<String>, header: Option<Zeroizing<String>> },
}

/// Proof of an application.
pub(super) enum Proof {
    /// A file with a token of another issuer, such as Kubernetes. It is read again each time.
    Federated(PathBuf),
    Secret(Zeroizing<String>),
}

impl Source {
    pub(super) fn find(access: &KeyAccess) -> Result<Self, Error> {
        let client_id = access.text("client_id", &["AZURE_CLIENT_ID"]);
        let tenant = access.text("tenant_id", &["AZURE_TENANT_ID"]);
        let secret = access.get("client_secret", &["AZURE_CLIENT_SECRET"]).map(Proof::Secret);
        let file = access.text("federated_token_file", &["AZURE_FEDERATED_TOKEN_FILE"]);
        let proof = secret.or_else(|| file.map(|path| Proof::Federated(path.into())));
        match (tenant, client_id, proof) {
            (Some(tenant), Some(client_id), Some(proof)) => {
                let host = access.text("authority_host", &["AZURE_AUTHORITY_HOST"]);
                let host = host.as_deref().unwrap_or(AUTHORITY);
                let base = address::parse(host, "AZURE_AUTHORITY_HOST or `authority_host`")?;
                let is_tenant = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
                let path = format!("{tenant}/oauth2/v2.0/token");
                let url = base.join(&path).ok().filter(|_| tenant.chars().all(is_tenant));
                let url = url.ok_or_else(|| config("the `tenant_id` of Azure is no name or id"))?;
                Ok(Self::Application { url, client_id, proof })
            }
            (_, _, Some(_)) => Err(config(
                "only a part of Azure's credentials is set: set `tenant_id`, `client_id` and \
                 `client_secret`, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
            )),
            (_, client_id, None) => Self::of_machine(access, client_id),
        }
    }

    /// Returns the identity of the machine. An app service says in its environment where to ask for it.
    fn of_machine(access: &KeyAccess, client_id: Option<String>) -> Result<Self, Error> {
        let [endpoint, header] =
            ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"].map(|name| access.variable(name));
        let (endpoint, version, header) = match (endpoint, header) {
            (Some(endpoint), Some(header)) => (endpoint.to_string(), "2019-08-01", Some(header)),
            _ => (MACHINE.to_owned(), "2018-02-01", None),
        };
        let url = Url::parse(&endpoint).ok().filter(Url::has_host);
        let mut url = url.ok_or_else(|| config("IDENTITY_ENDPOINT is no URL"))?;
        url.query_pairs_mut().append_pair("api-version", version);
        Ok(Self::Machine { url, client_id, header })
    }

    /// Returns the request for a token that is good for `resource`.
    pub(super) fn request(&self, resource: &str) -> Result<Request, KeyServiceError> {
        let mut headers = HeaderMap::new();
        match self {
            Self::Application { url, client_id, proof } => {
                let form = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(CONTENT_TYPE, form);
                let body = form_of(client_id, resource, proof)?;
                Ok(Request { method: Method::POST, url: url.clone(), headers, body })
            }
            Self::Machine { url, client_id, header } => {
                let mut url = url.clone();
                url.query_pairs_mut().append_pair("resource", resource);
                if let Some(id) = client_id {
                    url.query_pairs_mut().append_pair("client_id", id);
                }
                match header {
                    Some(header) => headers.insert("x-identity-header", secret_header(header)?),
                    None => headers.insert("metadata", HeaderValue::from_static("true")),
                };
                Ok(Request { method: Method::GET, url, headers, body: Zeroizing::default() })
            }
        }
    }
}

fn form_of(
    client_id: &str,
    resource: &str,
    proof: &Proof,
) -> Result<Zeroizing<Vec<u8>>, KeyServiceError> {
    let (name, value) = match proof {
        Proof::Secret(secret) => ("client_secret", secret.clone()),
        Proof::Federated(path) => ("client_assertion", read(path)?),
    };
    // The parser of URLs is the only writer of forms at hand.
    let mut form = Url::parse("form:").map_err(|_| denied("no form can be written"))?;
    form.query_pairs_mut()
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client_id)
        .append_pair("scope", &format!("{resource}/.default"))
        .append_pair(name, value.trim());
    if name == "client_assertion" {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        form.query_pairs_mut().append_pair("client_assertion_type", kind);
    }
    Ok(Zeroizing::new(form.query().unwrap_or_default().as_bytes().to_vec()))
}

fn read(path: &PathBuf) -> Result<Zeroizing<String>, KeyServiceError> {
    let wrong =
        |why: String| denied(&format!("cannot read the token in {}: {why}", path.display()));
    let length = fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if length > LONGEST {
        return Err(wrong(format!("the file has more than {LONGEST} bytes")));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| wrong(error.to_string()))
}

fn denied(text: &str) -> KeyServiceError {
    KeyServiceError::new(KeyFailure::Denied, text)
}
