//! Verification of JSON Web Tokens.

use std::sync::Arc;

use cloakroom_core::clean;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{
    client::{AuthError, Client},
    jwks::Jwks,
    key_set::KeySet,
    verified_tokens::VerifiedTokens,
};

/// Most characters of a subject in the log.
const MAX_SUBJECT: usize = 64;

/// Largest token in bytes. hyper accepts longer headers.
const MAX_TOKEN: usize = 16 << 10;

/// Verifier of signed tokens.
#[derive(Clone)]
pub(super) struct TokenVerifier {
    keys: KeySource,
    audience: Option<String>,
    issuer: Option<String>,
    /// Claim that lists the namespaces of a token. `None` if tokens are good for all.
    namespaces: Option<String>,
    verified: Arc<VerifiedTokens>,
}

/// Source of the keys.
#[derive(Clone)]
pub(super) enum KeySource {
    Fixed(Arc<KeySet>),
    Fetched(Arc<Jwks>),
}

impl KeySource {
    pub(super) fn fixed(keys: KeySet) -> Self {
        Self::Fixed(Arc::new(keys))
    }

    pub(super) fn fetched(keys: Jwks) -> Self {
        Self::Fetched(Arc::new(keys))
    }
}

/// Claims of a verified token.
type Claims = Map<String, Value>;

impl TokenVerifier {
    pub(super) fn new(keys: KeySource, audience: Option<String>, issuer: Option<String>) -> Self {
        Self { keys, audience, issuer, namespaces: None, verified: Arc::default() }
    }

    pub(super) fn with_namespace_claim(mut self, claim: &str) -> Self {
        self.namespaces = Some(claim.to_owned());
        // A verifier that this is a copy of reads the namespaces from another claim.
        self.verified = Arc::default();
        self
    }

    /// Verifies a token and returns its client.
    pub(super) async fn authenticate(&self, token: &str) -> Result<Client, AuthError> {
        if token.len() > MAX_TOKEN {
            return Err(AuthError::InvalidToken("the token has more than 16 KiB"));
        }
        let client = match &self.keys {
            KeySource::Fixed(keys) => self.client(token, keys),
            KeySource::Fetched(fetched) => {
                let keys = fetched.keys().await.map_err(AuthError::KeysUnavailable)?;
                match self.client(token, &keys) {
                    // The provider may have rotated its keys since the last fetch.
                    Err(UNKNOWN_KEY) => match fetched.newer(&keys).await {
                        Some(keys) => self.client(token, &keys),
                        None => Err(UNKNOWN_KEY),
                    },
                    verified => verified,
                }
            }
        };
        client.map_err(AuthError::InvalidToken)
    }

    /// Returns the client of a token that these keys verify, or have verified.
    fn client(&self, token: &str, keys: &Arc<KeySet>) -> Result<Client, &'static str> {
        if let Some(client) = self.verified.client(token, keys) {
            return Ok(client);
        }
        let header =
            decode_header(token).map_err(|_| "the token is not a signed JSON Web Token")?;
        check_header(&header)?;
        let claims = self.verify(token, &header, keys)?;
        let namespaces = self.namespaces.as_ref().map(|claim| namespace_names(claims.get(claim)));
        let signed_subject = claims.get("sub").and_then(Value::as_str).map(str::to_owned);
        let client = Client { subject: subject(&claims), signed_subject, namespaces };
        if let Some(expires) = claims.get("exp").and_then(Value::as_u64) {
            self.verified.remember(token, keys, expires, &client);
        }
        Ok(client)
    }

    fn verify(&self, token: &str, header: &Header, keys: &KeySet) -> Result<Claims, &'static str> {
        let validation = self.validation(header.alg);
        let verify = |key: &DecodingKey| decode::<Claims>(token, key, &validation);
        let mut refused = UNKNOWN_KEY;
        for key in keys.candidates(header.alg, header.kid.as_deref()) {
            match verify(key) {
                Ok(checked) => return Ok(checked.claims),
                Err(error) => refused = reason(error.kind()),
            }
        }
        Err(refused)
    }

    /// Returns the checks for a token that claims this algorithm.
    ///
    /// The token chooses its algorithm, which is the classic attack on verifiers: `none`, or HMAC
    /// with the public key as the secret. Neither is possible here: [`KeySet::candidates`] returns
    /// only keys that the key set itself declares for the algorithm, and none of them is symmetric.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_nbf = true;
        validation.validate_aud = self.audience.is_some();
        // A token that never expires could not be withdrawn.
        let mut required = vec!["exp"];
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }

    /// Returns whether both accept the same tokens.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_source = match (&self.keys, &other.keys) {
            (KeySource::Fixed(one), KeySource::Fixed(other)) => one.is_same(other),
            (KeySource::Fetched(one), KeySource::Fetched(other)) => one.is_same(other),
            _ => false,
        };
        is_same_source
            && self.audience == other.audience
            && self.issuer == other.issuer
            && self.namespaces == other.namespaces
    }

    /// Takes over the keys that `other` has fetched from the same URL.
    pub(super) fn adopt_keys(&mut self, other: &Self) {
        if let (KeySource::Fetched(own), KeySource::Fetched(other)) = (&mut self.keys, &other.keys)
            && own.is_same(other)
        {
            *own = other.clone();
        }
    }
}

/// Refusal that leads to a fetch of the key set.
const UNKNOWN_KEY: &str = "no key of the server's key set has the token's key id and algorithm";

/// Refuses tokens that must not be used for access, or that need an extension.
///
/// RFC 8725 (3.11): one provider signs tokens of several types with one key. A logout token or a
/// DPoP proof would verify here, but was not issued to grant access.
fn check_header(header: &Header) -> Result<(), &'static str> {
    if header.crit.is_some() {
        return Err("the token needs an extension (`crit`), but none is supported");
    }
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
    if !matches!(kind, None | Some("jwt" | "at+jwt")) {
        return Err("the token has a type (`typ`) other than JWT or at+jwt");
    }
    Ok(())
}

/// Returns the namespaces that a claim lists. Anything unexpected in it grants nothing.
fn namespace_names(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the subject of a token for the log: one bounded line.
fn subject(claims: &Claims) -> String {
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject.map(|subject| clean(subject, MAX_SUBJECT));
    subject.filter(|subject| !subject.is_empty()).unwrap_or_else(|| "jwt".to_owned())
}

fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind as Kind;
    match kind {
        Kind::ExpiredSignature => "the token has expired",
        Kind::ImmatureSignature => "the token is not valid yet",
        Kind::InvalidSignature => "no key of the server's key set verifies the token",
        Kind::InvalidAudience => "the token is for another audience than the server's",
        Kind::InvalidIssuer => "the token is of another issuer than the one that the server trusts",
        Kind::MissingRequiredClaim(_) => "the token lacks `exp`, or a required `aud` or `iss`",
        _ => "the token cannot be verified",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shows_a_subject_on_one_short_line() {
        let long = "x".repeat(100);
        for (sub, expect) in [
            (json!("alice@example.com"), "alice@example.com".to_owned()),
            (json!("a\nb\u{1b}[2J"), "a b [2J".to_owned()),
            (json!(long), format!("{}…", "x".repeat(63))),
            (json!(" "), "jwt".to_owned()),
            (json!({ "not": "text" }), "jwt".to_owned()),
            (Value::Null, "jwt".to_owned()),
        ] {
            assert_eq!(subject(&Map::from_iter([("sub".to_owned(), sub)])), expect);
        }
    }

    #[test]
    fn reads_namespaces_from_a_claim() {
        let read = |claim: Value| namespace_names(Some(&claim));
        assert_eq!(read(json!("payments")), ["payments"]);
        assert_eq!(read(json!("payments  orders")), ["payments", "orders"]);
        assert_eq!(read(json!(["payments", 7, "orders"])), ["payments", "orders"]);
        for none in [json!(""), json!([]), json!({ "payments": true }), json!(true), Value::Null] {
            assert!(read(none).is_empty());
        }
        assert!(namespace_names(None).is_empty());
    }

    #[test]
    fn refuses_unknown_types_and_extensions() {
        let with = |typ: Option<&str>, crit: Option<&[&str]>| {
            let mut header = Header::new(Algorithm::ES256);
            header.typ = typ.map(str::to_owned);
            header.crit = crit.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            check_header(&header).is_ok()
        };
        for typ in [None, Some("JWT"), Some("jwt"), Some("at+jwt"), Some("application/at+JWT")] {
            assert!(with(typ, None), "{typ:?}");
        }
        for typ in ["", "dpop+jwt", "logout+jwt", "JOSE"] {
            assert!(!with(Some(typ), None), "{typ}");
        }
        assert!(!with(Some("JWT"), Some(&["b64"])));
        assert!(!with(Some("JWT"), Some(&[])));
    }
}
