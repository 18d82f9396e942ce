//! An officer's share file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::QuorumError;
use super::kdf::Argon2Parameters;
use super::seal::Sealed;
use super::secret::Key;
use super::shamir::commitment;
use super::terms::{Terms, bounds};
use super::text::{Hex, canonical};
use crate::dns::{Sha256Digest, sha256};
use crate::render::escape;
use crate::steps::{Pin, Role, wiping_stack};

/// The format that this program writes and reads.
const VERSION: u8 = 1;

/// Octets of the largest file that is read.
pub const MAX_FILE_OCTETS: usize = 16 * 1024;

/// One officer's share of a quorum: a public header, the sealed PIN and the share, sealed under the officer's own PIN.
///
/// The file is one JSON object in its RFC 8785 form. `checksum` is the SHA-256 of the file with 64 zeros in its place;
/// it tells damage from a wrong PIN. All but `checksum` and `sealed_share` is associated data of the sealed share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShareFile {
    body: Body,
    officer: Role,
}

/// The fields of the file, in the order of RFC 8785.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    pub(super) argon2: Argon2Parameters,
    pub(super) checksum: Sha256Digest,
    pub(super) index: u8,
    pub(super) salt: Hex<16>,
    pub(super) sealed_share: Sealed<32>,
    pub(super) terms: Terms,
    pub(super) version: u8,
}

impl Body {
    /// Associated data of the sealed share: the rest of the file.
    pub(super) fn share_data(&self) -> Vec<u8> {
        let rest = Self { checksum: Sha256Digest::ZERO, sealed_share: Sealed::EMPTY, ..self.clone() };
        [b"claviger sealed share 1\0".as_slice(), &canonical(&rest)].concat()
    }

    /// SHA-256 of the file with 64 zeros in place of the checksum.
    pub(super) fn sum(&self) -> Sha256Digest {
        sha256(&canonical(&Self { checksum: Sha256Digest::ZERO, ..self.clone() }))
    }
}

impl ShareFile {
    /// Reads a share file; nothing of it is trusted.
    ///
    /// # Errors
    ///
    /// A file that is too large, of another form, damaged, or with a value out of its bounds.
    pub fn read(octets: &[u8]) -> Result<Self, QuorumError> {
        if octets.len() > MAX_FILE_OCTETS {
            return Err(QuorumError::TooLarge { found: octets.len(), limit: MAX_FILE_OCTETS });
        }
        let body: Body = serde_json::from_slice(octets).map_err(|error| QuorumError::Malformed {
            line: error.line(),
            column: error.column(),
            message: escape(&error.to_string(), 200),
        })?;
        if canonical(&body) != octets {
            return Err(QuorumError::NotCanonical);
        }
        let found = body.sum();
        if body.checksum != found {
            return Err(QuorumError::Damaged { expected: body.checksum, found });
        }
        Self::from_body(body)
    }

    /// The file of a body whose values are within their bounds.
    pub(super) fn from_body(body: Body) -> Result<Self, QuorumError> {
        if body.version != VERSION {
            return Err(bounds("the version of the share file", VERSION, body.version));
        }
        body.terms.checked()?;
        body.argon2.checked()?;
        let officers = &body.terms.header.officers;
        let place = usize::from(body.index).checked_sub(1);
        let Some(officer) = place.and_then(|place| officers.get(place)).cloned() else {
            return Err(bounds("the index of the share", format!("1 to {}", officers.len()), body.index));
        };
        Ok(Self { body, officer })
    }

    /// A new file: seals the share under the officer's PIN.
    pub(super) fn seal(
        terms: Terms,
        index: u8,
        share: &Key,
        pin: &Pin,
        argon2: Argon2Parameters,
        salt: [u8; 16],
        nonce: [u8; 12],
    ) -> Result<Self, QuorumError> {
        let (checksum, sealed_share) = (Sha256Digest::ZERO, Sealed::EMPTY);
        let mut body = Body { argon2, checksum, index, salt: Hex(salt), sealed_share, terms, version: VERSION };
        let key = argon2.derive(pin, &salt)?;
        body.sealed_share = Sealed::seal(&key, nonce, &body.share_data(), share)?;
        body.checksum = body.sum();
        Self::from_body(body)
    }

    /// The octets of the file: RFC 8785, without a newline.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        canonical(&self.body)
    }

    /// Opens the share with the officer's PIN, and compares it with its commitment before anything is given out.
    ///
    /// Takes as long as Argon2id does with the file's parameters: seconds.
    ///
    /// # Errors
    ///
    /// A wrong PIN, a share that its set does not commit to, or no memory.
    pub fn open(&self, pin: &Pin) -> Result<Share, QuorumError> {
        let octets = wiping_stack(|| self.octets(pin))?;
        Ok(Share { officer: self.officer.clone(), index: self.body.index, octets, terms: self.body.terms.clone() })
    }

    fn octets(&self, pin: &Pin) -> Result<Key, QuorumError> {
        let Body { argon2, index, ref salt, ref sealed_share, ref terms, .. } = self.body;
        let officer = self.officer.clone();
        let key = argon2.derive(pin, &salt.0)?;
        let Some(octets) = sealed_share.open(&key, &self.body.share_data()) else {
            return Err(QuorumError::WrongPin { officer });
        };
        let committed = usize::from(index).checked_sub(1).and_then(|place| terms.header.commitments.get(place));
        if committed != Some(&commitment(index, &octets)) {
            return Err(QuorumError::Commitment { officer });
        }
        Ok(octets)
    }

    /// Whose share it is.
    #[must_use]
    pub const fn officer(&self) -> &Role {
        &self.officer
    }

    /// `share-CO1.json`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("share-{}.json", self.officer)
    }

    /// The share-set id: SHA-256 of the public header (commitments, officers, threshold) in its RFC 8785 form.
    #[must_use]
    pub fn share_set(&self) -> Sha256Digest {
        self.body.terms.header.share_set()
    }

    /// Serial number of the token that the PIN is for; any printable characters, to be escaped before it is shown.
    #[must_use]
    pub fn token_serial(&self) -> &str {
        &self.body.terms.token_serial
    }

    /// Shares that are needed.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.body.terms.header.threshold
    }

    /// All officers of the set, in the order of their shares.
    #[must_use]
    pub fn officers(&self) -> &[Role] {
        &self.body.terms.header.officers
    }

    /// Which making of shares for this token it is.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.body.terms.generation
    }

    pub(super) const fn terms(&self) -> &Terms {
        &self.body.terms
    }
}

/// An opened share, as its set commits to it; wiped when it goes.
pub struct Share {
    pub(super) officer: Role,
    pub(super) index: u8,
    pub(super) octets: Key,
    pub(super) terms: Terms,
}

impl Share {
    /// Whose it is.
    #[must_use]
    pub const fn officer(&self) -> &Role {
        &self.officer
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({}, …)", self.officer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quorum::create::tests::{files, pin};
    use crate::quorum::terms::{Header, PIN_OCTETS};

    /// The file with a change that its maker did not make, and a checksum that fits it.
    fn forged(change: impl FnOnce(&mut Body)) -> Vec<u8> {
        let mut body = files(2, 3)[0].body.clone();
        change(&mut body);
        body.checksum = body.sum();
        canonical(&body)
    }

    #[test]
    fn refuses_a_flip_of_any_byte() {
        let octets = files(2, 3)[0].write();
        for position in 0..octets.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = octets.clone();
                changed[position] ^= flip;
                assert!(ShareFile::read(&changed).is_err(), "octet {position} ^ {flip:02x}");
            }
        }
    }

    #[test]
    fn refuses_another_form_of_the_same_values() {
        let octets = files(2, 3)[0].write();
        let text = String::from_utf8(octets.clone()).unwrap();
        assert_eq!(ShareFile::read(format!("{text}\n").as_bytes()), Err(QuorumError::NotCanonical));
        let unknown = text.replacen('{', "{\"\\u001b\":1,", 1);
        let refused = ShareFile::read(unknown.as_bytes()).unwrap_err();
        assert!(matches!(&refused, QuorumError::Malformed { .. }) && !refused.to_string().contains('\u{1b}'));
        assert!(ShareFile::read(&octets[..octets.len() - 1]).is_err());
        assert!(ShareFile::read(b"").is_err());
        let huge = vec![b' '; MAX_FILE_OCTETS + 1];
        assert!(matches!(ShareFile::read(&huge), Err(QuorumError::TooLarge { .. })));
    }

    #[test]
    fn refuses_values_out_of_bounds_though_the_checksum_fits() {
        let changes: [fn(&mut Body); 9] = [
            |body| body.version = 2,
            |body| body.index = 0,
            |body| body.index = 4,
            |body| body.terms.header.threshold = 1,
            |body| body.terms.header.threshold = 4,
            |body| body.terms.header.commitments.truncate(2),
            |body| body.terms.token_serial = "a\nb".into(),
            |body| body.terms.token_serial.clear(),
            |body| body.terms.header.officers = vec![Role::new("CO1").unwrap(); 3],
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let refused = ShareFile::read(&forged(change)).unwrap_err();
            let named = matches!(refused, QuorumError::OutOfBounds { .. } | QuorumError::SameOfficer { .. });
            assert!(named, "{number}: {refused}");
        }
        let costly = String::from_utf8(files(2, 3)[0].write()).unwrap().replace("8192", "4194304");
        let mut body: Body = serde_json::from_str(&costly).unwrap();
        body.checksum = body.sum();
        assert!(matches!(ShareFile::read(&canonical(&body)), Err(QuorumError::OutOfBounds { .. })));
    }

    #[test]
    fn does_not_open_in_other_surroundings() {
        let changes: [fn(&mut Body); 5] = [
            |body| body.terms.generation += 1,
            |body| body.terms.token_serial.push('x'),
            |body| body.terms.sealed_pin = Sealed::EMPTY,
            |body| body.terms.header.threshold = 3,
            |body| body.index = 2,
        ];
        for change in changes {
            let file = ShareFile::read(&forged(change)).unwrap();
            assert!(matches!(file.open(&pin("officer 1")), Err(QuorumError::WrongPin { .. })));
        }
    }

    #[test]
    fn gives_out_no_share_that_its_set_does_not_commit_to() {
        let mut terms = files(2, 3)[0].terms().clone();
        terms.header.commitments.swap(0, 1);
        let share = files(2, 3)[0].open(&pin("officer 1")).unwrap().octets;
        let argon2 = Argon2Parameters::new(8192, 1, 1).unwrap();
        let file = ShareFile::seal(terms, 1, &share, &pin("officer 1"), argon2, [1; 16], [2; 12]).unwrap();
        assert_eq!(file.open(&pin("officer 1")).unwrap_err(), QuorumError::Commitment { officer: file.officer });
    }

    #[test]
    fn says_wrong_pin_and_no_more() {
        let file = &files(2, 3)[0];
        for wrong in ["officer 2", "", "officer 1 "] {
            assert_eq!(file.open(&pin(wrong)).unwrap_err(), QuorumError::WrongPin { officer: file.officer.clone() });
        }
    }

    #[test]
    fn is_named_after_its_officer_and_the_set_after_its_header() {
        let file = &files(2, 3)[1];
        assert_eq!(file.file_name(), "share-CO2.json");
        let text = String::from_utf8(file.write()).unwrap();
        let start = text.find("\"header\":").unwrap() + 9;
        let end = start + text[start..].find('}').unwrap() + 1;
        assert_eq!(sha256(&text.as_bytes()[start..end]), file.share_set());
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(
            digests: [[u8; 32]; 3], secret: [u8; 32], padded in prop::array::uniform32(any::<u8>()),
            salt: [u8; 16], nonce: [u8; 12], generation: u32, index in 1_u8..=3, serial in "[ -~éß]{1,64}",
        ) {
            let header = Header {
                commitments: digests.map(Sha256Digest::from).to_vec(),
                officers: ["CO1", "CO2", "CO3"].map(|role| Role::new(role).unwrap()).to_vec(),
                threshold: 2,
            };
            let mut pin = [0; PIN_OCTETS];
            pin[..32].copy_from_slice(&padded);
            let sealed_pin = Sealed::seal(&Key::copied(&secret), nonce, b"", &pin).unwrap();
            let sealed_share = Sealed::seal(&Key::copied(&secret), nonce, b"", &padded).unwrap();
            let terms = Terms { generation, header, sealed_pin, token_serial: serial };
            let (argon2, checksum) = (Argon2Parameters::default(), Sha256Digest::ZERO);
            let mut body = Body { argon2, checksum, index, salt: Hex(salt), sealed_share, terms, version: VERSION };
            body.checksum = body.sum();
            let file = ShareFile::from_body(body).unwrap();
            prop_assert_eq!(ShareFile::read(&file.write()), Ok(file));
        }

        #[test]
        fn reads_anything_without_falling_over(octets: Vec<u8>) {
            prop_assert!(ShareFile::read(&octets).is_err());
        }
    }
}
