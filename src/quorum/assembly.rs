//! Officers one after another: shares come together until they open the token's PIN.

use super::QuorumError;
use super::create::unpadded;
use super::file::{Share, ShareFile};
use super::shamir::combine;
use super::terms::Terms;
use crate::dns::Sha256Digest;
use crate::render::escape;
use crate::steps::{Pin, Role, wiping_stack};

/// The shares of one unlock; wiped when it goes.
#[derive(Debug)]
pub struct Assembly {
    share_set: Sha256Digest,
    token_serial: String,
    threshold: u8,
    shares: Vec<Share>,
}

impl Assembly {
    /// An empty assembly for the share set and threshold of the profile and the token that was chosen.
    #[must_use]
    pub fn new(share_set: Sha256Digest, threshold: u8, token_serial: &str) -> Self {
        Self { share_set, token_serial: token_serial.to_owned(), threshold, shares: Vec::new() }
    }

    /// Whether the file can contribute; asked before its officer is asked for a PIN.
    ///
    /// # Errors
    ///
    /// A file of another share set, token or threshold, of an officer whose share is in, or with another sealed PIN.
    pub fn check(&self, file: &ShareFile) -> Result<(), QuorumError> {
        self.admits(file.officer(), file.terms())
    }

    /// Adds a share.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check); the share is wiped.
    pub fn add(&mut self, share: Share) -> Result<(), QuorumError> {
        self.admits(&share.officer, &share.terms)?;
        self.shares.push(share);
        Ok(())
    }

    /// Shares that are still needed.
    #[must_use]
    pub fn missing(&self) -> usize {
        usize::from(self.threshold).saturating_sub(self.shares.len())
    }

    /// Whose shares are in, in the order in which they came.
    pub fn officers(&self) -> impl Iterator<Item = &Role> {
        self.shares.iter().map(Share::officer)
    }

    /// The token's PIN.
    ///
    /// # Errors
    ///
    /// Fewer shares than the threshold, from which nothing is computed; or a sealed PIN that they do not open.
    pub fn unseal(&self) -> Result<Pin, QuorumError> {
        let too_few = QuorumError::TooFew { expected: usize::from(self.threshold), found: self.shares.len() };
        let Some(Share { terms, .. }) = self.shares.first().filter(|_| self.missing() == 0) else {
            return Err(too_few);
        };
        wiping_stack(|| {
            let key = combine(self.shares.iter().map(|share| (share.index, &share.octets)))?;
            let padded = terms.sealed_pin.open(&key, &terms.pin_data()).ok_or(QuorumError::Unseal)?;
            unpadded(&padded).ok_or(QuorumError::Unseal)
        })
    }

    fn admits(&self, officer: &Role, terms: &Terms) -> Result<(), QuorumError> {
        let officer = officer.clone();
        let (expected, found) = (self.share_set, terms.header.share_set());
        if found != expected {
            return Err(QuorumError::ForeignSet { officer, expected, found });
        }
        if terms.token_serial != self.token_serial {
            let [expected, found] = [&self.token_serial, &terms.token_serial].map(|serial| escape(serial, 80));
            return Err(QuorumError::WrongToken { officer, expected, found });
        }
        let (expected, found) = (self.threshold, terms.header.threshold);
        if found != expected {
            return Err(QuorumError::WrongThreshold { officer, expected, found });
        }
        if self.officers().any(|other| *other == officer) {
            return Err(QuorumError::Duplicate { officer });
        }
        match self.shares.first() {
            Some(first) if first.terms != *terms => {
                let (expected, found) = (first.terms.generation, terms.generation);
                Err(QuorumError::Disagree { first: first.officer.clone(), officer, expected, found })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quorum::create::tests::{TOKEN_PIN, files, make, pin};
    use crate::quorum::seal::Sealed;
    use crate::quorum::secret::Key;

    fn assembly(file: &ShareFile) -> Assembly {
        Assembly::new(file.share_set(), file.threshold(), "1234abcd")
    }

    fn open(file: &ShareFile) -> Share {
        let number = file.officer().as_str().trim_start_matches("CO").to_owned();
        file.open(&pin(&format!("officer {number}"))).unwrap()
    }

    /// The same share opened again, without the time that Argon2id takes.
    fn again(share: &Share) -> Share {
        Share {
            officer: share.officer.clone(),
            index: share.index,
            octets: Key::copied(&share.octets),
            terms: share.terms.clone(),
        }
    }

    #[test]
    fn yields_the_pin_to_every_quorum_and_nothing_to_fewer() {
        for threshold in 2..=5 {
            let files = files(threshold, 5);
            let shares: Vec<Share> = files.iter().map(open).collect();
            for subset in 0_u32..1 << files.len() {
                let mut assembly = assembly(&files[0]);
                let members = (0..files.len()).filter(|place| subset >> place & 1 == 1);
                for member in members {
                    assembly.check(&files[member]).unwrap();
                    assembly.add(again(&shares[member])).unwrap();
                }
                let (needed, found) = (usize::from(threshold), subset.count_ones() as usize);
                match assembly.unseal() {
                    Ok(pin) => assert!(pin.expose() == TOKEN_PIN.as_bytes() && found >= needed),
                    Err(refused) => {
                        assert_eq!(refused, QuorumError::TooFew { expected: needed, found });
                        assert_eq!(assembly.missing(), needed - found);
                    }
                }
            }
        }
    }

    #[test]
    fn opens_nothing_with_fewer_shares_whatever_threshold_is_claimed() {
        let files = files(3, 5);
        let mut assembly = assembly(&files[0]);
        assembly.add(open(&files[0])).unwrap();
        assembly.add(open(&files[1])).unwrap();
        assembly.threshold = 2;
        assert_eq!(assembly.unseal().unwrap_err(), QuorumError::Unseal);
    }

    #[test]
    fn names_a_foreign_share_before_a_pin_is_asked() {
        let own = files(2, 3);
        let foreign = make(2, 2, &["officer 1", "officer 2", "officer 3"]).unwrap();
        let refused = assembly(&own[0]).check(&foreign[1]).unwrap_err();
        let (officer, expected, found) = (foreign[1].officer().clone(), own[0].share_set(), foreign[1].share_set());
        assert_eq!(refused, QuorumError::ForeignSet { officer, expected, found });
    }

    #[test]
    fn names_another_token_and_another_threshold() {
        let file = &files(2, 3)[0];
        let other_token = Assembly::new(file.share_set(), 2, "other");
        assert!(matches!(other_token.check(file), Err(QuorumError::WrongToken { .. })));
        let other_threshold = Assembly::new(file.share_set(), 3, "1234abcd");
        assert!(matches!(other_threshold.check(file), Err(QuorumError::WrongThreshold { .. })));
    }

    #[test]
    fn takes_an_officers_share_once() {
        let file = &files(2, 3)[0];
        let mut assembly = assembly(file);
        assembly.add(open(file)).unwrap();
        let duplicate = QuorumError::Duplicate { officer: file.officer().clone() };
        assert_eq!(assembly.check(file), Err(duplicate.clone()));
        assert_eq!(assembly.add(open(file)), Err(duplicate));
        assert_eq!(assembly.missing(), 1);
    }

    #[test]
    fn refuses_files_that_were_not_made_together() {
        let files = files(2, 3);
        let mut assembly = assembly(&files[0]);
        assembly.add(open(&files[0])).unwrap();
        let mut other = open(&files[1]);
        other.terms.generation = 2;
        let refused = assembly.add(other).unwrap_err();
        let [first, officer] = [0, 1].map(|place: usize| files[place].officer().clone());
        assert_eq!(refused, QuorumError::Disagree { first, officer, expected: 1, found: 2 });
    }

    #[test]
    fn blames_neither_of_two_files_with_different_sealed_pins_and_a_third_one_tells() {
        let files = files(2, 3);
        let mut poisoned = open(&files[0]);
        poisoned.terms.sealed_pin = Sealed::EMPTY;
        let mut with_poisoned = assembly(&files[0]);
        with_poisoned.add(again(&poisoned)).unwrap();
        // Whoever is honest is refused beside it, one after another; among themselves they agree.
        for honest in &files[1..] {
            let told = with_poisoned.check(honest).unwrap_err().to_string();
            let both = ["CO1", honest.officer().as_str()].iter().all(|officer| told.contains(officer));
            assert!(both && told.contains("one of the two is wrong") && told.contains("third officer"), "{told}");
        }
        let mut without = assembly(&files[0]);
        without.add(open(&files[1])).unwrap();
        assert!(matches!(without.add(poisoned), Err(QuorumError::Disagree { .. })));
        without.add(open(&files[2])).unwrap();
        assert!(without.unseal().unwrap().expose() == TOKEN_PIN.as_bytes());
    }
}
