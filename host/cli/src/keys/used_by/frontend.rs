//! Temporal's frontend, as the arguments or the configuration name it.

use std::{fs, path::Path};

use cloakroom::{
    Cloakroom, Error,
    temporal::{
        gateway::{ClientTls, UpstreamCredentials, UpstreamUrl},
        survey::Survey,
    },
};

use crate::{
    failure::Failure,
    keys::args::{Access, UsedBy},
};

/// Returns a survey of the frontend; none if the arguments name only files.
///
/// # Errors
/// Usage or configuration, if a file cannot be read or used.
pub(super) fn frontend(args: &UsedBy, cloakroom: &Cloakroom) -> Result<Option<Survey>, Failure> {
    if args.address.is_none() && (args.namespaces.is_empty() || !args.histories.is_empty()) {
        return Ok(None);
    }
    let written = cloakroom.temporal_frontend()?;
    let (url, credentials) = match (&args.address, written) {
        (None, Some(written)) => written,
        (Some(url), Some((upstream, credentials))) if *url == upstream => (upstream, credentials),
        (Some(url), _) => (url.clone(), UpstreamCredentials::default()),
        (None, None) => {
            let text =
                "no frontend to ask: give --address, or [gateway.temporal] in the configuration";
            return Err(Failure::usage(text));
        }
    };
    let credentials =
        if args.access.is_empty() { credentials } else { from_args(&args.access, &url)? };
    let survey = Survey::new(url, credentials)?;
    Ok(Some(args.without.iter().fold(survey, |survey, part| survey.without(part.part()))))
}

fn from_args(access: &Access, url: &UpstreamUrl) -> Result<UpstreamCredentials, Failure> {
    let mut credentials = UpstreamCredentials::default();
    let has_tls = access.tls_ca.is_some() || access.tls_cert.is_some();
    if has_tls && !url.is_tls() {
        return Err(Failure::usage(format!("TLS was asked for, and {url} is not https")));
    }
    if has_tls {
        let mut tls = ClientTls::default();
        if let Some(file) = &access.tls_ca {
            tls = tls.with_authorities(&read(file)?).map_err(|error| at(file, error))?;
        }
        if let (Some(cert), Some(key)) = (&access.tls_cert, &access.tls_key) {
            tls =
                tls.with_certificate(&read(cert)?, &read(key)?).map_err(|error| at(cert, error))?;
        }
        credentials = credentials.with_tls(tls)?;
    }
    if let Some(file) = &access.api_key_file {
        let key = String::from_utf8(read(file)?).map_err(|_| {
            Failure::usage(format!("the API key in `{}` is not text", file.display()))
        })?;
        credentials = credentials.with_api_key(&key).map_err(|error| at(file, error))?;
    }
    Ok(credentials)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let text = || format!("cannot read `{}`", file.display());
    fs::read(file).map_err(|error| Failure::io(error, text()).into_usage())
}

fn at(file: &Path, error: Error) -> Failure {
    let kind = error.kind();
    error.wrapped(kind, format!("`{}`", file.display())).into()
}
