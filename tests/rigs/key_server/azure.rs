//! Azure Key Vault and its tokens: `wrapkey` and `unwrapkey` of the keys `k` and `other`. `k` has versions.

use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Answered, Asked};

/// Answer to whoever brings no token: where one is to be had, and for what.
const CHALLENGE: &str = "www-authenticate: Bearer authorization=\"https://login.microsoftonline.com/tenant\", \
                         resource=\"https://vault.azure.net\"\r\n";

/// The versions of each key, newest last. The first is made when it is asked for: that takes a while.
#[derive(Default)]
pub(super) struct AzureKeys {
    k: Vec<PrivateDecryptingKey>,
    other: Vec<PrivateDecryptingKey>,
}

impl AzureKeys {
    pub(super) fn rotate(&mut self) {
        self.k.push(generate());
    }

    pub(super) fn answer(&mut self, asked: &Asked) -> Answered {
        if asked.target == "/tenant/oauth2/v2.0/token" {
            return token(&asked.body);
        }
        if asked.authorization != "Bearer azure-token" {
            let text = "AKV10000: Request is missing a Bearer token.";
            let head = CHALLENGE.to_owned();
            return Answered { head, ..refused(401, "Unauthorized", "", text) };
        }
        let path = asked.target.strip_prefix("/keys/").and_then(|path| path.split_once('/'));
        let found = match path {
            Some(("k", path)) => Some((&mut self.k, path)),
            Some(("other", path)) => Some((&mut self.other, path)),
            _ => None,
        };
        let Some((versions, path)) = found else {
            return refused(
                404,
                "KeyNotFound",
                "",
                "A key with (name/id) x was not found in this vault.",
            );
        };
        let Some(path) = path.strip_suffix("?api-version=7.4") else {
            return refused(400, "BadParameter", "", "The api-version is not supported.");
        };
        if asked.body.is_empty() {
            // Who may read the public part wraps without the service.
            return refused(403, "Forbidden", "ForbiddenByRbac", "Caller is not authorized.");
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let value = URL_SAFE_NO_PAD.decode(body["value"].as_str().unwrap_or_default());
        let (Ok(value), Some("RSA-OAEP-256")) = (value, body["alg"].as_str()) else {
            return refused(400, "BadParameter", "", "Property has invalid value.");
        };
        let (version, action) = path.rsplit_once('/').unwrap_or(("", path));
        if versions.is_empty() {
            versions.push(generate());
        }
        operate(versions, version, action, &value)
    }
}

fn generate() -> PrivateDecryptingKey {
    PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key")
}

fn operate(
    versions: &[PrivateDecryptingKey],
    version: &str,
    action: &str,
    value: &[u8],
) -> Answered {
    let number = match version {
        "" => Some(versions.len()),
        _ => usize::from_str_radix(version, 16).ok(),
    };
    let key = number.and_then(|number| Some((number, versions.get(number.checked_sub(1)?)?)));
    let Some((number, key)) = key else {
        return refused(404, "KeyNotFound", "", "A key with (name/id) k/x was not found.");
    };
    let result = match action {
        "wrapkey" => encrypt(key, value),
        "unwrapkey" => decrypt(key, value),
        _ => None,
    };
    let Some(result) = result else {
        return refused(400, "BadParameter", "", "The parameter is incorrect.");
    };
    let kid = format!("https://v.vault.azure.net/keys/k/{number:032x}");
    let body = json!({"kid": kid, "value": URL_SAFE_NO_PAD.encode(result)});
    Answered::new(200, &body.to_string())
}

fn encrypt(key: &PrivateDecryptingKey, value: &[u8]) -> Option<Vec<u8>> {
    let public = OaepPublicEncryptingKey::new(key.public_key()).ok()?;
    let mut room = vec![0; public.ciphertext_size()];
    let written = public.encrypt(&OAEP_SHA256_MGF1SHA256, value, &mut room, None).ok()?;
    Some(written.to_vec())
}

fn decrypt(key: &PrivateDecryptingKey, value: &[u8]) -> Option<Vec<u8>> {
    let private = OaepPrivateDecryptingKey::new(key.clone()).ok()?;
    let mut room = vec![0; private.min_output_size()];
    let written = private.decrypt(&OAEP_SHA256_MGF1SHA256, value, &mut room, None).ok()?;
    Some(written.to_vec())
}

/// Only this application has the secret.
fn token(form: &str) -> Answered {
    let parts = [
        "grant_type=client_credentials",
        "client_id=app",
        "scope=https%3A%2F%2Fvault.azure.net%2F.default",
        "client_secret=azure-secret",
    ];
    if parts.iter().all(|part| form.split('&').any(|other| other == *part)) {
        let body =
            json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "azure-token"});
        return Answered::new(200, &body.to_string());
    }
    let body = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret"});
    Answered::new(401, &body.to_string())
}

fn refused(status: u16, code: &str, inner: &str, text: &str) -> Answered {
    let body = json!({"error": {"code": code, "message": text, "innererror": {"code": inner}}});
    Answered::new(status, &body.to_string())
}
