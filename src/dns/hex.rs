//! Octets as hexadecimal digits.

/// Two lower-case digits an octet.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    let halves = octets.iter().flat_map(|octet| [octet >> 4, octet & 0x0f]);
    let mut text = String::with_capacity(octets.len() * 2);
    text.extend(halves.filter_map(|half| char::from_digit(half.into(), 16)));
    text
}

/// Reads digits of either case; `None` for an odd count or any other sign.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |sign: u8| char::from(sign).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let octet = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_other_signs_and_half_octets() {
        assert_eq!(decode("4F2a"), Some(vec![0x4f, 0x2a]));
        for text in ["4", "4f2", "4g", " 4f", "é", "+1"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(octets: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&octets)), Some(octets));
        }
    }
}
