//! Points of elliptic curves: which octets can be a public key at all.

use crypto_bigint::{NonZero, U256, U384, Uint};
use ed25519_dalek::VerifyingKey;

/// The curve y² = x³ - 3x + b over the integers modulo a prime.
struct Curve<const LIMBS: usize> {
    prime: NonZero<Uint<LIMBS>>,
    b: Uint<LIMBS>,
}

/// P-256 (NIST SP 800-186, section 3.2.1.3).
const P256: Curve<{ U256::LIMBS }> = Curve {
    prime: NonZero::<U256>::from_be_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"),
    b: U256::from_be_hex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"),
};

/// P-384 (NIST SP 800-186, section 3.2.1.4).
const P384: Curve<{ U384::LIMBS }> = Curve {
    prime: NonZero::<U384>::from_be_hex(
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    ),
    b: U384::from_be_hex(
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    ),
};

impl<const LIMBS: usize> Curve<LIMBS> {
    fn has(&self, x: &Uint<LIMBS>, y: &Uint<LIMBS>) -> bool {
        let p = &self.prime;
        if x >= p.as_ref() || y >= p.as_ref() {
            return false;
        }
        let right = x.mul_mod(x, p).sub_mod(&Uint::from_u8(3), p).mul_mod(x, p).add_mod(&self.b, p);
        y.mul_mod(y, p) == right
    }
}

/// Whether `key`, x | y in 64 octets (RFC 6605, section 4), is a point of P-256.
pub(super) fn is_on_p256(key: &[u8]) -> bool {
    let Some((x, y)) = key.split_at_checked(32).filter(|(_, y)| y.len() == 32) else { return false };
    P256.has(&U256::from_be_slice(x), &U256::from_be_slice(y))
}

/// Whether `key`, x | y in 96 octets (RFC 6605, section 4), is a point of P-384.
pub(super) fn is_on_p384(key: &[u8]) -> bool {
    let Some((x, y)) = key.split_at_checked(48).filter(|(_, y)| y.len() == 48) else { return false };
    P384.has(&U384::from_be_slice(x), &U384::from_be_slice(y))
}

/// Whether `key`, 32 octets (RFC 8080), is a point of edwards25519, and none of the eight of small order: with those,
/// one signature fits many messages, and everybody can make it.
pub(super) fn is_ed25519(key: &[u8]) -> bool {
    let octets = key.try_into().ok();
    octets.and_then(|octets| VerifyingKey::from_bytes(octets).ok()).is_some_and(|key| !key.is_weak())
}

#[cfg(test)]
mod tests {
    use super::super::hex::decode;
    use super::*;

    /// The base points, whose coordinates the standard prints.
    const G256: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const G384: &str = "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
        3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";

    #[test]
    fn knows_the_base_points_and_no_neighbour_of_them() {
        for (text, is_point) in [(G256, is_on_p256 as fn(&[u8]) -> bool), (G384, is_on_p384)] {
            let point = decode(text).unwrap();
            assert!(is_point(&point));
            for index in 0..point.len() {
                let mut other = point.clone();
                other[index] ^= 1;
                assert!(!is_point(&other), "{index}");
            }
            assert!(!is_point(&point[1..]) && !is_point(&[point.as_slice(), &[0]].concat()) && !is_point(&[]));
            assert!(!is_point(&vec![0; point.len()]) && !is_point(&vec![0xff; point.len()]));
        }
    }

    #[test]
    fn a_coordinate_is_below_the_prime() {
        // The point with x = 0 has its twin in x = p, of which the same equation is true.
        let y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
        let x = |x: &str| decode(&format!("{x}{y}")).unwrap();
        assert!(is_on_p256(&x(&"00".repeat(32))));
        assert!(!is_on_p256(&x("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")));
    }

    #[test]
    fn points_of_small_order_are_nobodys_key() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        assert!(is_ed25519(&key) && !is_ed25519(&key[1..]));
        for text in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ] {
            assert!(!is_ed25519(&decode(text).unwrap()), "{text}");
        }
        let off = "0200000000000000000000000000000000000000000000000000000000000000";
        assert!(!is_ed25519(&decode(off).unwrap()), "no point at all");
    }
}
