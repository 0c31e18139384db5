//! Clients that presented a valid token, and the reasons to refuse the others.

/// Client that presented a valid token.
#[derive(Clone, Debug)]
pub struct Client {
    /// Subject of a signed token, or `token` for the operator's own.
    pub subject: String,
    /// Subject of a signed token as it was signed, which identities are compared with.
    pub signed_subject: Option<String>,
    /// Namespaces that the client may ask for. `None` means all.
    pub namespaces: Option<Vec<String>>,
}

/// Reason to refuse a client. The text is logged, so it holds nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The token is missing, malformed, or not accepted.
    InvalidToken(&'static str),
    /// No key to verify tokens with could be fetched.
    KeysUnavailable(&'static str),
}

impl Client {
    /// Returns whether the client may ask for the namespace of a request.
    ///
    /// A client with a list of namespaces may not leave the namespace out: without one, the keys
    /// and buckets of any namespace could be used.
    #[must_use]
    pub fn may_access(&self, namespace: Option<&str>) -> bool {
        match (&self.namespaces, namespace) {
            (None, _) => true,
            (Some(allowed), Some(namespace)) => allowed.iter().any(|name| name == namespace),
            (Some(_), None) => false,
        }
    }
}
