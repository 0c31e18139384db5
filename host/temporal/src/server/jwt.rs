//! Signed tokens: what they must say, and whom they let in.

use std::sync::Arc;

use cloakroom_core::clean;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{
    auth::{Admitted, Refused},
    jwks::Jwks,
    key_set::KeySet,
};

/// The most characters of a subject in the log.
const LONGEST_SUBJECT: usize = 64;

/// The most bytes of a token. hyper reads longer headers.
const LONGEST_TOKEN: usize = 16 << 10;

/// Requirements of a signed token.
#[derive(Clone)]
pub(super) struct Verifier {
    keys: KeySource,
    audience: Option<String>,
    issuer: Option<String>,
    /// The claim that names the namespaces a token may ask for. Without it, a token reaches all.
    namespaces: Option<String>,
}

/// Where the keys come from.
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

/// Claims of a token.
type Claims = Map<String, Value>;

impl Verifier {
    pub(super) fn new(keys: KeySource, audience: Option<String>, issuer: Option<String>) -> Self {
        Self { keys, audience, issuer, namespaces: None }
    }

    pub(super) fn namespaces(mut self, claim: &str) -> Self {
        self.namespaces = Some(claim.to_owned());
        self
    }

    /// Returns who asks.
    pub(super) async fn admit(&self, token: &str) -> Result<Admitted, Refused> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refused::Token("the token has more than 16 KiB"));
        }
        let header = decode_header(token);
        let header = header.map_err(|_| Refused::Token("the token is not a signed one"))?;
        check_header(&header).map_err(Refused::Token)?;
        let claims = match &self.keys {
            KeySource::Fixed(keys) => self.verify(token, &header, keys),
            KeySource::Fetched(fetched) => {
                let keys = fetched.keys().await.map_err(Refused::NoKeys)?;
                match self.verify(token, &header, &keys) {
                    // The provider may have new keys.
                    Err(UNKNOWN_KEY) => match fetched.newer(&keys).await {
                        Some(keys) => self.verify(token, &header, &keys),
                        None => Err(UNKNOWN_KEY),
                    },
                    verified => verified,
                }
            }
        };
        let claims = claims.map_err(Refused::Token)?;
        let namespaces = self.namespaces.as_ref().map(|claim| names(claims.get(claim)));
        Ok(Admitted { subject: subject(&claims), namespaces })
    }

    fn verify(&self, token: &str, header: &Header, keys: &KeySet) -> Result<Claims, &'static str> {
        let validation = self.validation(header.alg);
        let verify = |key: &DecodingKey| decode::<Claims>(token, key, &validation);
        let mut refused = UNKNOWN_KEY;
        for key in keys.candidates(header.alg, header.kid.as_deref()) {
            match verify(key) {
                Ok(checked) => return Ok(checked.claims),
                Err(error) => refused = why(error.kind()),
            }
        }
        Err(refused)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_nbf = true;
        validation.validate_aud = self.audience.is_some();
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

    /// Returns whether another lets in the same.
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

    /// Takes over the keys that another has fetched from the same place.
    pub(super) fn adopt(&mut self, other: &Self) {
        if let (KeySource::Fetched(own), KeySource::Fetched(other)) = (&mut self.keys, &other.keys)
            && own.is_same(other)
        {
            *own = other.clone();
        }
    }
}

const UNKNOWN_KEY: &str = "no key of `codec_server.jwt` has the token's key id and algorithm";

/// Refuses a token that is something else, or asks for something that is not known here.
fn check_header(header: &Header) -> Result<(), &'static str> {
    if header.crit.is_some() {
        return Err("the token has critical extensions (`crit`), and none are known here");
    }
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
    if !matches!(kind, None | Some("jwt" | "at+jwt")) {
        return Err("the token is of another type (`typ`) than JWT or at+jwt");
    }
    Ok(())
}

/// Reads a claim that names namespaces.
fn names(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the subject of a token in one short word.
fn subject(claims: &Claims) -> String {
    let subject = claims.get("sub").and_then(Value::as_str);
    let subject = subject.map(|subject| clean(subject, LONGEST_SUBJECT));
    subject.filter(|subject| !subject.is_empty()).unwrap_or_else(|| "jwt".to_owned())
}

fn why(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind as Kind;
    match kind {
        Kind::ExpiredSignature => "the token has expired",
        Kind::ImmatureSignature => "the token is not valid yet",
        Kind::InvalidSignature => "no key of `codec_server.jwt` verifies the token",
        Kind::InvalidAudience => "the token is for another audience than `codec_server.jwt` has",
        Kind::InvalidIssuer => "the token is by another issuer than `codec_server.jwt` has",
        Kind::MissingRequiredClaim(_) => "the token has no `exp`, or no `aud` or `iss` to check",
        _ => "the token cannot be verified",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_subject_is_one_short_word_in_the_log() {
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
    fn a_claim_names_namespaces() {
        let read = |claim: Value| names(Some(&claim));
        assert_eq!(read(json!("payments")), ["payments"]);
        assert_eq!(read(json!("payments  orders")), ["payments", "orders"]);
        assert_eq!(read(json!(["payments", 7, "orders"])), ["payments", "orders"]);
        for none in [json!(""), json!([]), json!({ "payments": true }), json!(true), Value::Null] {
            assert!(read(none).is_empty());
        }
        assert!(names(None).is_empty());
    }

    #[test]
    fn only_tokens_that_are_understood_are_read() {
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
