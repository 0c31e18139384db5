//! Token of Vault or OpenBao: from a setting, a variable, or a file that an agent renews.

use std::{fs, path::PathBuf};

use cloakroom_core::{Error, KeyFailure, KeyServiceError};
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::{
    access::{KeyAccess, config},
    http::secret_header,
};

/// Longest token. Those of a batch have some hundred characters.
const LONGEST: u64 = 8 << 10;

/// Source of the token.
pub(super) enum Token {
    /// A file, which is read again for each request: an agent renews it.
    File(PathBuf),
    Text(Zeroizing<String>),
}

impl Token {
    /// Finds the token as both command lines do: setting, variable, then the file that a login writes.
    ///
    /// # Errors
    /// `Config` if there is none, or two settings name one.
    pub(super) fn find(access: &KeyAccess) -> Result<Self, Error> {
        let [text, file] = ["token", "token_file"].map(|name| access.get(name, &[]));
        match (text, file) {
            (Some(_), Some(_)) => Err(config("both `token` and `token_file` are set: remove one")),
            (Some(token), None) => Ok(Self::Text(token)),
            (None, Some(path)) => Ok(Self::File(path.as_str().into())),
            (None, None) => Self::of_environment(access),
        }
    }

    fn of_environment(access: &KeyAccess) -> Result<Self, Error> {
        if let Some(token) = access.get("", &["BAO_TOKEN", "VAULT_TOKEN"]) {
            return Ok(Self::Text(token));
        }
        let home = access.variable("HOME").map(|home| PathBuf::from(home.as_str()));
        let file = home.map(|home| home.join(".vault-token")).filter(|path| path.exists());
        file.map(Self::File).ok_or_else(|| {
            config(
                "there is no token for Vault or OpenBao: set VAULT_TOKEN, or the setting `token_file` to \
                 the file that an agent writes",
            )
        })
    }

    /// Returns the token as a header that does not print.
    ///
    /// # Errors
    /// `Denied` if the file cannot be read, or its contents cannot be a token.
    pub(super) fn read(&self) -> Result<HeaderValue, KeyServiceError> {
        let path = match self {
            Self::Text(token) => return secret_header(token.trim()),
            Self::File(path) => path,
        };
        let denied = |why: String| {
            let text = format!("cannot read its token in {}: {why}", path.display());
            KeyServiceError::new(KeyFailure::Denied, text)
        };
        let length = fs::metadata(path).map_err(|error| denied(error.to_string()))?.len();
        if length > LONGEST {
            return Err(denied(format!("the file has more than {LONGEST} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| denied(error.to_string()))?;
        secret_header(Zeroizing::new(text).trim())
    }

    /// Returns where the token came from, for an error.
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Text(_) => "the token of the setting or variable".to_owned(),
            Self::File(path) => format!("the token in {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_setting_names_the_token() {
        let both = KeyAccess::default().with("token", "t").with("token_file", "/f");
        assert!(Token::find(&both).is_err());
        assert!(Token::find(&KeyAccess::default()).is_err());
    }

    #[test]
    fn a_file_is_read_again_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let access = KeyAccess::default().with("token_file", path.to_str().unwrap());
        let token = Token::find(&access).unwrap();
        assert_eq!(token.read().unwrap_err().kind(), KeyFailure::Denied);
        for text in ["first\n", "second"] {
            fs::write(&path, text).unwrap();
            assert_eq!(token.read().unwrap(), text.trim());
        }
        fs::write(&path, "x".repeat(9000)).unwrap();
        assert!(token.read().unwrap_err().to_string().contains("bytes"));
    }
}
