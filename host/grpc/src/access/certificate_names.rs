//! Names in the certificate of a client, which the handshake has verified.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// Tags of DER, and the attribute that is the common name (2.5.4.3).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Names in the certificate of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CertificateNames {
    /// Subject alternative names that are URIs or DNS names.
    pub(crate) alternative: Vec<String>,
    /// The common name, if there is exactly one.
    pub(crate) common: Option<String>,
}

impl CertificateNames {
    /// Reads the names of a certificate. One that cannot be read has none.
    pub(crate) fn read(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else {
            return Self::default();
        };
        let names = certificate.valid_uri_names().chain(certificate.valid_dns_names());
        let alternative = names.map(str::to_owned).collect();
        Self { alternative, common: common_name(certificate.subject()) }
    }
}

/// Returns the common name of a subject. Two of them could mean different identities to whoever signed
/// the certificate, so that such a subject has none.
fn common_name(mut subject: &[u8]) -> Option<String> {
    let mut found = None;
    while let Some(mut attributes) = take(&mut subject, SET) {
        while let Some(mut attribute) = take(&mut attributes, SEQUENCE) {
            if take(&mut attribute, OBJECT_ID) != Some(COMMON_NAME) {
                continue;
            }
            let value = TEXTS.iter().find_map(|tag| take(&mut attribute, *tag))?;
            let text = std::str::from_utf8(value).ok()?;
            if found.replace(text.to_owned()).is_some() {
                return None;
            }
        }
    }
    found
}

/// Takes a value with this tag from the start, and returns its content.
fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let [first, length, rest @ ..] = *bytes else { return None };
    if *first != tag {
        return None;
    }
    let (length, rest) = match (*length, rest) {
        (short @ 0..=0x7f, rest) => (usize::from(short), rest),
        (0x81, [length, rest @ ..]) => (usize::from(*length), rest),
        (0x82, [high, low, rest @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(id: u8, tag: u8, text: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: Vec<u8>| {
            let mut wrapped = vec![tag, u8::try_from(content.len()).unwrap()];
            wrapped.extend(content);
            wrapped
        };
        let mut pair = wrap(OBJECT_ID, vec![0x55, 0x04, id]);
        pair.extend(wrap(tag, text.to_vec()));
        wrap(SET, wrap(SEQUENCE, pair))
    }

    #[test]
    fn reads_the_only_common_name() {
        let organisation = attribute(10, 0x0c, b"acme");
        for tag in TEXTS {
            let subject = [organisation.clone(), attribute(3, tag, b"worker")].concat();
            assert_eq!(common_name(&subject).as_deref(), Some("worker"));
        }
        let two = [attribute(3, 0x0c, b"worker"), attribute(3, 0x0c, b"admin")].concat();
        for none in [&organisation[..], &two, b"", &attribute(3, 0x1e, b"\0w"), b"\x31\xff\xff"] {
            assert_eq!(common_name(none), None, "{none:?}");
        }
        let whole = attribute(3, 0x0c, b"worker");
        for cut in 0..whole.len() {
            assert_eq!(common_name(&whole[..cut]), None, "{cut}");
        }
    }
}
