//! Base64 of proto3 JSON, vectorised: most of a payload's text is base64.

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Returns the bytes of a text in either alphabet, with or without padding, or `None` if it is neither.
///
/// Padding may be incomplete, but never more than the text lacks. Bits that encode nothing must be zero.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = without_padding(text)?;
    // A text that has `-` or `_` fails in the first alphabet, and one that mixes both fails twice.
    let decoded = STANDARD_NO_PAD.decode_to_vec(digits);
    decoded.or_else(|_| URL_SAFE_NO_PAD.decode_to_vec(digits)).ok()
}

fn without_padding(text: &[u8]) -> Option<&[u8]> {
    let (mut digits, mut padding) = (text, 0);
    while let Some(shorter) = digits.strip_suffix(b"=") {
        (digits, padding) = (shorter, padding + 1);
        if padding > 2 {
            return None;
        }
    }
    let last = digits.len() % 4;
    (padding == 0 || (last >= 2 && last + padding <= 4)).then_some(digits)
}

/// Appends bytes as padded base64 in the standard alphabet.
pub(super) fn append(text: &mut Vec<u8>, bytes: &[u8]) {
    STANDARD.encode_append(bytes, text);
}

/// Returns the length of the text of so many bytes.
pub(super) const fn encoded_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Returns the most bytes that a text of this length can stand for.
pub(super) const fn most_decoded(text: usize) -> usize {
    text.div_ceil(4) * 3
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _, alphabet,
        engine::{
            DecodePaddingMode,
            general_purpose::{GeneralPurpose, GeneralPurposeConfig},
        },
    };
    use proptest::prelude::*;

    use super::*;

    /// Decodes with the crate `base64`, which has no vector instructions.
    fn reference(text: &[u8]) -> Option<Vec<u8>> {
        let config = GeneralPurposeConfig::new();
        let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let is_url = text.iter().any(|byte| b"-_".contains(byte));
        let alphabet = if is_url { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        GeneralPurpose::new(alphabet, config).decode(text).ok()
    }

    #[track_caller]
    fn check(text: &[u8]) {
        let decoded = decode(text);
        assert_eq!(decoded, reference(text), "{}", text.escape_ascii());
        assert!(decoded.is_none_or(|bytes| bytes.len() <= most_decoded(text.len())));
    }

    #[test]
    fn reads_what_the_reference_reads() {
        let digits = b"A/-=x";
        for length in 0..8_u32 {
            for number in 0..5_usize.pow(length) {
                let digit = |place| digits[number / 5_usize.pow(place) % 5];
                check(&(0..length).map(digit).collect::<Vec<_>>());
            }
        }
    }

    proptest! {
        #[test]
        fn reads_any_bytes_as_they_were(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut text = b"\"".to_vec();
            append(&mut text, &bytes);
            prop_assert_eq!(text.len(), 1 + encoded_len(bytes.len()));
            prop_assert_eq!(decode(&text[1..]), Some(bytes));
        }

        /// Vector instructions take 32 digits at a time, so a wrong one is tried at every place.
        #[test]
        fn refuses_a_wrong_digit_wherever_it_is(
            bytes in prop::collection::vec(any::<u8>(), 1..150),
            place in any::<prop::sample::Index>(),
            wrong in any::<u8>(),
        ) {
            let mut text = Vec::new();
            append(&mut text, &bytes);
            let place = place.index(text.len());
            text[place] = wrong;
            check(&text);
        }
    }
}
