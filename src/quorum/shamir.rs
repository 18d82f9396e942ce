//! Shamir's secret sharing over GF(256), octet by octet.

use vsss_rs::{DefaultShare, Gf256, IdentifierGf256, Polynomial as _};
use zeroize::Zeroizing;

use super::QuorumError;
use super::secret::Key;
use crate::dns::{Sha256Digest, sha256};

/// A coefficient of a polynomial; the crate keeps the constant one in `value`, the others in `identifier`.
type Coefficient = DefaultShare<IdentifierGf256, IdentifierGf256>;

/// Fills a buffer with entropy.
pub(super) type Fill<'a> = dyn FnMut(&mut [u8]) -> Result<(), QuorumError> + 'a;

/// Splits `key` into shares 1 to `count`, any `threshold` of which make it again.
///
/// Each coefficient is one octet of entropy as it comes, zero included: any choice among them would be a bias that
/// tells something of the key. The threshold is from 2 to `count`; the caller has checked it.
pub(super) fn split(key: &Key, threshold: u8, count: u8, fill: &mut Fill<'_>) -> Result<Vec<Key>, QuorumError> {
    let threshold = usize::from(threshold);
    let mut shares: Vec<Key> = (0..count).map(|_| Key::default()).collect();
    let mut polynomial = Zeroizing::new(Vec::<Coefficient>::create(threshold));
    let mut entropy = Zeroizing::new(vec![0; threshold.saturating_sub(1)]);
    for (position, octet) in key.iter().enumerate() {
        fill(&mut entropy)?;
        if let Some((constant, others)) = polynomial.split_first_mut() {
            constant.value = IdentifierGf256(Gf256(*octet));
            for (coefficient, random) in others.iter_mut().zip(entropy.iter()) {
                coefficient.identifier = IdentifierGf256(Gf256(*random));
            }
        }
        for (share, index) in shares.iter_mut().zip(1..=count) {
            let value = polynomial.evaluate(&IdentifierGf256(Gf256(index)), threshold);
            if let Some(place) = share.get_mut(position) {
                *place = value.0.0;
            }
        }
    }
    Ok(shares)
}

/// The key out of shares with their indices; of too few shares it would be a wrong one, so the caller counts.
pub(super) fn combine<'a>(shares: impl Iterator<Item = (u8, &'a Key)>) -> Result<Key, QuorumError> {
    let lay_out = |(index, share): (u8, &Key)| {
        let mut octets = Vec::with_capacity(1 + share.len()); // no reallocation leaves a copy behind
        octets.push(index);
        octets.extend_from_slice(share.as_slice());
        octets
    };
    let shares = Zeroizing::new(shares.map(lay_out).collect::<Vec<_>>());
    let failed = |message: String| QuorumError::Primitive { primitive: "combining the shares", message };
    let octets = Zeroizing::new(Gf256::combine_bytes(shares.as_slice()).map_err(|error| failed(error.to_string()))?);
    let mut key = Key::default();
    if octets.len() != key.len() {
        return Err(failed(format!("{} octets", octets.len())));
    }
    key.copy_from_slice(&octets);
    Ok(key)
}

/// The commitment to share `index`: SHA-256 over `claviger share commitment 1`, NUL, the index and the 32 octets.
pub(super) fn commitment(index: u8, share: &Key) -> Sha256Digest {
    const TAG: &[u8] = b"claviger share commitment 1\0";
    let mut octets = Zeroizing::new(Vec::with_capacity(TAG.len() + 1 + share.len()));
    octets.extend_from_slice(TAG);
    octets.push(index);
    octets.extend_from_slice(share.as_slice());
    sha256(&octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_entropy_as_it_comes() {
        let key = Key::copied(&std::array::from_fn(|position| position as u8));
        // With all coefficients 0 each share is the key; with a slope of 1 it is key + index, which is XOR.
        for (slope, octet_of) in [(0, (|octet, _| octet) as fn(u8, u8) -> u8), (1, |octet, index| octet ^ index)] {
            let shares = split(&key, 2, 5, &mut |buffer| {
                buffer.fill(slope);
                Ok(())
            });
            for (share, index) in shares.unwrap().iter().zip(1..) {
                assert!(share.iter().zip(key.iter()).all(|(found, octet)| *found == octet_of(*octet, index)));
            }
        }
    }

    #[test]
    fn asks_for_one_octet_a_coefficient() {
        let mut asked = 0;
        let key = Key::copied(&[1; 32]);
        split(&key, 3, 5, &mut |buffer| {
            asked += buffer.len();
            Ok(())
        })
        .unwrap();
        assert_eq!(asked, 32 * 2);
    }

    #[test]
    fn commits_to_the_share_and_its_index() {
        let share = Key::copied(&[1; 32]);
        assert_ne!(commitment(1, &share), commitment(2, &share));
        assert_ne!(commitment(1, &share), commitment(1, &Key::copied(&[2; 32])));
        assert_ne!(commitment(1, &share), sha256(share.as_slice()));
    }
}
