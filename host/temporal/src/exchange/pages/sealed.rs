//! Page tokens as callers see them: authenticated, and told apart from the server's.

use crate::{
    exchange::{Exchange, page_token::PageToken},
    page_keys::{CODE, PageKeys},
};

/// Start of every token of a gateway, and of none of the server's: those are JSON or protobuf.
const MAGIC: &[u8] = b"\0cloakroom page 1\0";

impl Exchange {
    /// Returns a token as its caller gets it.
    pub(super) fn seal_page(&self, token: &PageToken) -> Vec<u8> {
        seal(&self.page_keys.page_keys(), token)
    }

    /// Returns the content of a token that a gateway with these keys sealed. Any other is one of the
    /// server, or of another gateway before it, and goes there: if it is forged, it is refused there.
    pub(super) fn open_page(&self, sealed: &[u8]) -> Option<PageToken> {
        open(&self.page_keys.page_keys(), sealed)
    }
}

/// Layout: magic, length of the key's id, the id, the code, and the token.
fn seal(keys: &PageKeys, token: &PageToken) -> Vec<u8> {
    let token = token.write();
    let (id, code) = keys.sign(&token).unwrap_or((String::new(), [0; CODE]));
    let length = (id.len() as u64).to_be_bytes();
    [MAGIC, &length, id.as_bytes(), &code, &token].concat()
}

fn open(keys: &PageKeys, sealed: &[u8]) -> Option<PageToken> {
    let (length, rest) = sealed.strip_prefix(MAGIC)?.split_first_chunk()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (id, rest) = rest.split_at_checked(length)?;
    let (code, token) = rest.split_at_checked(CODE)?;
    let id = std::str::from_utf8(id).ok()?;
    // A token without a key counts only where there is none: otherwise a forger would leave it out.
    let is_authentic =
        if id.is_empty() { keys.sign(&[]).is_none() } else { keys.verify(id, token, code) };
    is_authentic.then(|| PageToken::read(token)).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloakroom_core::{Key, KeyError, KeyLookup, KeyRing};

    use super::*;

    /// A key whose codes are no secret.
    struct Shown(&'static str);

    impl Key for Shown {
        fn id(&self) -> &str {
            self.0
        }

        fn derive(&self, purpose: &str, salt: &[u8], out: &mut [u8]) -> Result<(), KeyError> {
            let bytes = self.0.bytes().chain(purpose.bytes()).chain(salt.iter().copied());
            for (index, byte) in bytes.enumerate() {
                let at = index % out.len();
                out[at] = out[at].rotate_left(3) ^ byte.wrapping_add(index as u8);
            }
            Ok(())
        }
    }

    /// The first is current.
    struct Ring(Vec<&'static str>);

    impl KeyRing for Ring {
        fn current<'a>(&'a self, _: Option<&'a str>) -> KeyLookup<'a> {
            self.find(self.0[0], None)
        }

        fn find<'a>(&'a self, id: &'a str, _: Option<&'a str>) -> KeyLookup<'a> {
            match self.0.iter().find(|known| **known == id) {
                Some(known) => KeyLookup::found(Arc::new(Shown(known))),
                None => KeyLookup::none(),
            }
        }
    }

    fn keys(rings: &[&[&'static str]]) -> PageKeys {
        PageKeys::new(rings.iter().map(|ids| Arc::new(Ring(ids.to_vec())) as Arc<dyn KeyRing>))
    }

    #[test]
    fn a_token_is_opened_under_the_keys_of_its_configuration_and_no_others() {
        let token = PageToken { namespace: "shop".to_owned(), next: 7, ..PageToken::default() };
        let sealed = seal(&keys(&[&["new", "old"]]), &token);
        // The same, after a rotation, and with another ring before it.
        for rings in [&[&["new", "old"][..]][..], &[&["newer", "new"]], &[&["other"], &["new"]]] {
            assert_eq!(open(&keys(rings), &sealed), Some(token.clone()), "{rings:?}");
        }
        for rings in [&[&["old"][..]][..], &[]] {
            assert_eq!(open(&keys(rings), &sealed), None, "{rings:?}");
        }
    }

    #[test]
    fn no_byte_of_a_token_can_be_changed() {
        let keys = keys(&[&["key"]]);
        let sealed = seal(&keys, &PageToken { next: 7, ..PageToken::default() });
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(open(&keys, &changed), None, "{index}");
        }
        assert_eq!(open(&keys, &sealed[..sealed.len() - 1]), None);
    }

    #[test]
    fn a_token_without_a_key_counts_where_there_is_none() {
        let (none, some) = (keys(&[]), keys(&[&["key"]]));
        let token = PageToken { next: 7, ..PageToken::default() };
        let sealed = seal(&none, &token);
        assert_eq!(open(&none, &sealed), Some(token));
        assert_eq!(open(&some, &sealed), None);
    }
}
