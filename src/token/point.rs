//! From the attributes of a public key to the key octets of a DNSKEY.

use crate::dns::Algorithm;

/// An RSA key (RFC 3110, section 2): length of the exponent, exponent, modulus, without leading zeros.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let (modulus, exponent) = (strip(modulus), strip(exponent));
    if modulus.is_empty() || exponent.is_empty() {
        return None;
    }
    let mut key = match u8::try_from(exponent.len()) {
        Ok(length) => vec![length],
        Err(_) => [&[0], u16::try_from(exponent.len()).ok()?.to_be_bytes().as_slice()].concat(),
    };
    key.extend_from_slice(exponent);
    key.extend_from_slice(modulus);
    Some(key)
}

/// A point of `CKA_EC_POINT` (RFC 6605, section 4; RFC 8080, section 3).
///
/// Tokens differ: raw, as an OCTET STRING, or as a BIT STRING. The total length decides and the prefix has to fit it;
/// the first octet alone cannot decide, because the octets of a raw point can look like DER.
pub(super) fn ec(algorithm: Algorithm, point: &[u8]) -> Option<Vec<u8>> {
    let prefix: &[u8] = match (algorithm, point.len()) {
        (Algorithm::EcdsaP256Sha256, 65) | (Algorithm::EcdsaP384Sha384, 97) => &[0x04],
        (Algorithm::EcdsaP256Sha256, 67) => &[0x04, 0x41, 0x04],
        (Algorithm::EcdsaP384Sha384, 99) => &[0x04, 0x61, 0x04],
        (Algorithm::Ed25519, 32) => &[],
        (Algorithm::Ed25519, 34) => &[0x04, 0x20],
        (Algorithm::Ed25519, 35) => &[0x03, 0x21, 0x00],
        _ => return None,
    };
    point.strip_prefix(prefix).map(<[u8]>::to_vec)
}

fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Dnskey;

    #[test]
    fn rsa_numbers_lose_their_leading_zeros() {
        let modulus = [&[0, 0, 0x80][..], &[1; 255]].concat();
        let key = rsa(&modulus, &[0, 1, 0, 1]).unwrap();
        assert_eq!(key.len(), 4 + 256);
        let rsa_key = Dnskey::ksk(Algorithm::RsaSha256, key).rsa().unwrap();
        assert_eq!((rsa_key.bits, rsa_key.exponent), (2048, 65537));
        assert_eq!(rsa(&modulus, &[]), None);
        assert_eq!(rsa(&[0, 0], &[3]), None);
    }

    #[test]
    fn a_long_exponent_has_a_length_of_two_octets() {
        assert_eq!(rsa(&[9], &[1; 256]).unwrap()[..4], [0, 1, 0, 1]);
    }

    #[test]
    fn the_total_length_decides_the_encoding_of_a_point() {
        for (algorithm, size, der) in
            [(Algorithm::EcdsaP256Sha256, 64, vec![0x04, 0x41]), (Algorithm::EcdsaP384Sha384, 96, vec![0x04, 0x61])]
        {
            // An X that begins like the length of an inner OCTET STRING must not mislead.
            let key = vec![0x3f; size];
            let raw = [&[0x04], key.as_slice()].concat();
            assert_eq!(ec(algorithm, &raw), Some(key.clone()));
            assert_eq!(ec(algorithm, &[der, raw.clone()].concat()), Some(key));
            assert_eq!(ec(algorithm, &raw[1..]), None);
            assert_eq!(ec(algorithm, &[&[0x02], &raw[1..]].concat()), None, "compressed");
        }
    }

    #[test]
    fn ed25519_points_come_in_three_forms() {
        let key = vec![0x04; 32];
        for prefix in [&[][..], &[0x04, 0x20], &[0x03, 0x21, 0x00]] {
            assert_eq!(ec(Algorithm::Ed25519, &[prefix, &key].concat()), Some(key.clone()));
        }
        assert_eq!(ec(Algorithm::Ed25519, &[&[0x03, 0x20], key.as_slice()].concat()), None);
        assert_eq!(ec(Algorithm::Ed25519, &[0; 33]), None);
    }
}
