//! Making a quorum: a token's PIN becomes one file an officer.

use std::fmt::Display;

use super::QuorumError;
use super::file::ShareFile;
use super::kdf::Argon2Parameters;
use super::seal::Sealed;
use super::secret::{Key, Secret};
use super::shamir::{Fill, commitment, split};
use super::terms::{Header, PIN_OCTETS, Terms};
use crate::dns::Sha256Digest;
use crate::render::escape;
use crate::steps::{Pin, Role, wiping_stack};

/// Characters that an officer's PIN has at least.
pub const MIN_PIN_SIGNS: usize = 8;

/// Whether officers with these PINs can be a quorum of this threshold; all that is known before a token is asked.
///
/// # Errors
///
/// A threshold or list of officers out of bounds, or an officer's PIN under [`MIN_PIN_SIGNS`].
pub fn check_new(threshold: u8, officers: &[(Role, &Pin)]) -> Result<(), QuorumError> {
    header(threshold, officers).checked()?;
    for (officer, officer_pin) in officers {
        let found = officer_pin.signs();
        if found < MIN_PIN_SIGNS {
            return Err(QuorumError::ShortPin { officer: officer.clone(), expected: MIN_PIN_SIGNS, found });
        }
    }
    Ok(())
}

/// Splits the PIN of a token among officers; any `threshold` of them, at least two, can give it back.
///
/// `entropy` fills a buffer from a cryptographic source or fails; its octets are used as they come, in this order: key,
/// coefficients, nonce of the PIN, then salt and nonce of each officer. `generation` counts the makings of shares for
/// this token. Argon2id runs once an officer.
///
/// # Errors
///
/// A threshold, list of officers or serial number out of bounds, an officer's PIN under [`MIN_PIN_SIGNS`], an empty PIN,
/// or a failing entropy source; then there is no file at all.
pub fn create<E: Display>(
    pin: &Pin,
    token_serial: &str,
    threshold: u8,
    officers: &[(Role, &Pin)],
    generation: u32,
    parameters: Argon2Parameters,
    entropy: &mut dyn FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<ShareFile>, QuorumError> {
    check_new(threshold, officers)?;
    if pin.is_empty() {
        let (field, expected) = ("the token's PIN", "at least one character".to_owned());
        return Err(QuorumError::OutOfBounds { field, expected, found: "empty".to_owned() });
    }
    let (header, token_serial) = (header(threshold, officers), token_serial.to_owned());
    let terms = Terms { generation, header, sealed_pin: Sealed::EMPTY, token_serial };
    terms.checked()?;

    let fill: &mut Fill<'_> =
        &mut |buffer| entropy(buffer).map_err(|error| QuorumError::Entropy(escape(&error.to_string(), 200)));
    wiping_stack(|| seal_all(terms, pin, officers, parameters, fill))
}

/// The files of terms that have neither commitments nor a sealed PIN yet.
fn seal_all(
    mut terms: Terms,
    pin: &Pin,
    officers: &[(Role, &Pin)],
    parameters: Argon2Parameters,
    fill: &mut Fill<'_>,
) -> Result<Vec<ShareFile>, QuorumError> {
    let count = u8::try_from(officers.len()).unwrap_or_default(); // at most MAX_OFFICERS, just checked
    let mut key = Key::default();
    fill(key.as_mut_slice())?;
    let shares = split(&key, terms.header.threshold, count, fill)?;
    terms.header.commitments = shares.iter().zip(1..).map(|(share, index)| commitment(index, share)).collect();
    terms.sealed_pin = Sealed::seal(&key, random(fill)?, &terms.pin_data(), &padded(pin))?;

    let sealed = officers.iter().zip(&shares).zip(1..).map(|(((_, officer_pin), share), index)| {
        let (salt, nonce) = (random(fill)?, random(fill)?);
        ShareFile::seal(terms.clone(), index, share, officer_pin, parameters, salt, nonce)
    });
    sealed.collect()
}

/// The header with empty commitments: they need the shares, and the shares a good threshold, so that is judged first.
fn header(threshold: u8, officers: &[(Role, &Pin)]) -> Header {
    let roles = officers.iter().map(|(role, _)| role.clone()).collect::<Vec<_>>();
    Header { commitments: vec![Sha256Digest::ZERO; roles.len()], officers: roles, threshold }
}

fn random<const N: usize>(fill: &mut Fill<'_>) -> Result<[u8; N], QuorumError> {
    let mut octets = [0; N];
    fill(&mut octets)?;
    Ok(octets)
}

/// The PIN's length in two octets, the PIN, zeros.
fn padded(pin: &Pin) -> Secret<PIN_OCTETS> {
    let octets = pin.expose();
    let length = u16::try_from(octets.len()).unwrap_or_default().to_be_bytes(); // at most Pin::CAPACITY
    let mut padded = Secret::default();
    for (place, octet) in padded.iter_mut().zip(length.iter().chain(octets)) {
        *place = *octet;
    }
    padded
}

/// The PIN out of what [`padded`] made of it.
pub(super) fn unpadded(padded: &[u8; PIN_OCTETS]) -> Option<Pin> {
    let (length, octets) = padded.split_first_chunk()?;
    Pin::from_octets(octets.get(..usize::from(u16::from_be_bytes(*length)))?)
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::dns::sha256;

    pub(in crate::quorum) const TOKEN_PIN: &str = "token-PIN-8071";

    pub(in crate::quorum) fn pin(text: &str) -> Pin {
        Pin::from_octets(text.as_bytes()).unwrap()
    }

    /// Entropy of a test: the SHA-256 of a seed and a counter.
    pub(in crate::quorum) fn entropy(seed: u8) -> impl FnMut(&mut [u8]) -> Result<(), String> {
        let mut counter = 0_u32;
        move |buffer| {
            for chunk in buffer.chunks_mut(32) {
                counter += 1;
                let digest = sha256(&[&[seed][..], &counter.to_be_bytes()].concat());
                chunk.copy_from_slice(&digest.as_bytes()[..chunk.len()]);
            }
            Ok(())
        }
    }

    pub(in crate::quorum) fn make(seed: u8, threshold: u8, pins: &[&str]) -> Result<Vec<ShareFile>, QuorumError> {
        let pins: Vec<Pin> = pins.iter().map(|text| pin(text)).collect();
        let roles = (1..).map(|number| Role::new(&format!("CO{number}")).unwrap());
        let officers: Vec<(Role, &Pin)> = roles.zip(&pins).collect();
        let parameters = Argon2Parameters::new(8192, 1, 1).unwrap();
        create(&pin(TOKEN_PIN), "1234abcd", threshold, &officers, 1, parameters, &mut entropy(seed))
    }

    /// Files of officers whose PINs are `officer 1` and so on.
    pub(in crate::quorum) fn files(threshold: u8, count: usize) -> Vec<ShareFile> {
        let pins: Vec<String> = (1..=count).map(|number| format!("officer {number}")).collect();
        make(1, threshold, &pins.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn refuses_a_pin_under_eight_characters() {
        let refused = make(1, 2, &["officer 1", "sevenaé"]).unwrap_err();
        let officer = Role::new("CO2").unwrap();
        assert_eq!(refused, QuorumError::ShortPin { officer, expected: 8, found: 7 });
    }

    #[test]
    fn refuses_thresholds_and_officers_that_make_no_quorum() {
        let nobody: [&str; 0] = [];
        for (threshold, pins) in
            [(1, &["officer 1"; 3][..]), (4, &["officer 1"; 3]), (0, &nobody), (2, &["officer 1"; 33])]
        {
            assert!(matches!(make(1, threshold, pins), Err(QuorumError::OutOfBounds { .. })), "{threshold}");
        }
        let (role, own) = (Role::new("CO1").unwrap(), pin("officer 1"));
        let twice = [(role.clone(), &own), (role.clone(), &own)];
        let parameters = Argon2Parameters::default();
        let refused = create(&pin("1"), "1", 2, &twice, 1, parameters, &mut entropy(1));
        assert_eq!(refused, Err(QuorumError::SameOfficer { officer: role }));
    }

    #[test]
    fn makes_nothing_without_entropy() {
        let (own, parameters) = (pin("officer 1"), Argon2Parameters::default());
        let officers = ["CO1", "CO2"].map(|role| (Role::new(role).unwrap(), &own));
        let failing = &mut |_: &mut [u8]| Err("no\u{1b} device");
        let refused = create(&pin("1"), "1", 2, &officers, 1, parameters, failing);
        assert_eq!(refused, Err(QuorumError::Entropy("no\\u{1b} device".into())));
    }

    #[test]
    fn gives_each_officer_another_salt_and_nonce() {
        let text: Vec<String> = files(2, 3).iter().map(|file| String::from_utf8(file.write()).unwrap()).collect();
        // The nonce of a share is the only one that follows the salt before the terms.
        let after_salt = text.iter().map(|text| text.split_once("\"salt\":\"").unwrap().1);
        let salts: BTreeSet<_> = after_salt.clone().map(|text| &text[..32]).collect();
        let nonces: BTreeSet<_> = after_salt.map(|text| &text.split_once("\"nonce\":\"").unwrap().1[..24]).collect();
        assert_eq!((salts.len(), nonces.len()), (3, 3));
    }

    #[test]
    fn tells_no_secret_in_file_or_debug() {
        let mut key = [0; 32];
        entropy(1)(&mut key).unwrap();
        for (file, number) in files(2, 3).iter().zip(1..) {
            let share = file.open(&pin(&format!("officer {number}"))).unwrap();
            let shown = [file.write(), format!("{file:?} {share:?}").into_bytes()].concat();
            let secrets = [TOKEN_PIN.as_bytes(), format!("officer {number}").as_bytes(), &key, share.octets.as_slice()]
                .map(<[u8]>::to_vec);
            for secret in secrets {
                for secret in [
                    secret.clone(),
                    crate::render::hex::encode(&secret).into_bytes(),
                    format!("{secret:?}").into_bytes(),
                ] {
                    assert!(!shown.windows(secret.len()).any(|window| window == secret));
                }
            }
        }
    }

    #[test]
    fn hides_the_length_of_the_pin() {
        assert_eq!(unpadded(&padded(&pin("é1"))).unwrap().expose(), "é1".as_bytes());
        assert_eq!(unpadded(&padded(&Pin::from_octets(&[b'1'; 256]).unwrap())).unwrap().signs(), 256);
        assert!(unpadded(&[0xff; PIN_OCTETS]).is_none());
    }
}
