//! Secrets that the host adds to requests, and the search for them in responses.

use memchr::memmem::Finder;

/// Fewest bytes of a secret. A shorter one would be found in responses by chance.
const SHORTEST: usize = 8;

/// Schemes that stand before a secret.
const SCHEMES: [&[u8]; 4] = [b"apikey", b"basic", b"bearer", b"token"];

/// Secrets of one service.
#[derive(Default)]
pub(super) struct Secrets {
    finders: Vec<Finder<'static>>,
    /// Bytes of the longest secret.
    longest: usize,
}

impl Secrets {
    /// Adds a secret.
    ///
    /// # Errors
    /// A text if it is shorter than 8 bytes.
    pub(super) fn add(&mut self, secret: &[u8]) -> Result<(), &'static str> {
        let secret = without_scheme(secret);
        if secret.len() < SHORTEST {
            return Err(
                "its secret is shorter than 8 bytes, so that responses could hold it by chance",
            );
        }
        self.longest = self.longest.max(secret.len());
        self.finders.push(Finder::new(secret).into_owned());
        Ok(())
    }

    /// Returns whether a text holds a secret.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        self.finders.iter().any(|finder| finder.find(text).is_some())
    }

    /// Returns a search through a body that arrives in pieces.
    pub(super) fn search(&self) -> Search {
        Search { tail: Vec::with_capacity(self.longest) }
    }
}

/// Returns a secret without the scheme of an `authorization` header before it: a service could repeat the
/// token alone.
fn without_scheme(secret: &[u8]) -> &[u8] {
    let space = secret.iter().position(|byte| *byte == b' ').unwrap_or(secret.len());
    let (scheme, token) = secret.split_at(space);
    let is_scheme = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if is_scheme { token.trim_ascii_start() } else { secret }
}

/// Search through a body that arrives in pieces.
pub(super) struct Search {
    /// End of what was searched: the start of a secret whose rest is in the next piece.
    tail: Vec<u8>,
}

impl Search {
    /// Returns whether a secret ends in this piece.
    pub(super) fn finds(&mut self, secrets: &Secrets, piece: &[u8]) -> bool {
        let Some(before) = secrets.longest.checked_sub(1) else {
            return false;
        };
        // Over the border between two pieces first: no more is copied than two secrets are long.
        let start = piece.get(..before.min(piece.len())).unwrap_or_default();
        self.tail.extend_from_slice(start);
        if secrets.are_in(&self.tail) || secrets.are_in(piece) {
            return true;
        }
        if piece.len() > before {
            self.tail.clear();
            self.tail.extend_from_slice(piece.get(piece.len() - before..).unwrap_or_default());
        } else {
            let surplus = self.tail.len().saturating_sub(before);
            self.tail.drain(..surplus);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(of: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        of.iter().for_each(|secret| secrets.add(secret.as_bytes()).unwrap());
        secrets
    }

    #[test]
    fn a_secret_is_found_however_it_is_cut() {
        let secrets = secrets(&["canary-secret", "12345678"]);
        for body in ["canary-secret", "x canary-secret", "xxcanary-canary-secretx", "ab12345678"] {
            for size in 1..=body.len() {
                let mut search = secrets.search();
                let found = body.as_bytes().chunks(size).any(|piece| search.finds(&secrets, piece));
                assert!(found, "{body} in pieces of {size}");
            }
        }
        let near = "canary-secre canary_secret 1234567 2345678";
        for size in 1..=near.len() {
            let mut search = secrets.search();
            assert!(!near.as_bytes().chunks(size).any(|piece| search.finds(&secrets, piece)));
        }
    }

    #[test]
    fn the_scheme_is_no_part_of_a_secret() {
        assert!(secrets(&["Bearer canary-secret"]).are_in(b"token=canary-secret"));
        assert!(!secrets(&["a pass phrase"]).are_in(b"phrase"));
        assert!(Secrets::default().add(b"Bearer short").is_err());
        assert!(!secrets(&[]).are_in(b"anything"));
        let none = secrets(&[]);
        assert!(!none.search().finds(&none, b"anything"));
    }
}
