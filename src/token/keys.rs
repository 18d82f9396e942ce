//! Keys on a token: finding, listing, making.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism as Ckm, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState};

use super::fault::during;
use super::mechanism::Method;
use super::wire::{FoundKey, Inventory, KeyQuery, NewKey, describe, hex, unhex};
use super::{Mechanism, TokenError, point};
use crate::dns::{Algorithm, Dnskey};

/// DER of the named curves (RFC 5480, section 2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// The curve as a PrintableString (PKCS#11 3.0, section 2.3.10) and as an OID (RFC 8410); tokens take one or both.
const ED25519_NAME: [u8; 14] = *b"\x13\x0cedwards25519";
const ED25519_OID: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// The class of a key that signs, as errors name it.
const PRIVATE: &str = "private";
const LOOKING: &str = "looking for keys";
const MAKING: &str = "generating a key";

/// A key ready to sign.
#[derive(Debug)]
pub(super) struct SigningKey {
    /// The private key.
    pub(super) handle: ObjectHandle,
    /// How it signs.
    pub(super) method: Method,
    /// Octets of each of its signatures.
    pub(super) signature: usize,
}

/// An open session and what its token offers.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    /// The session.
    pub(super) session: &'a Session,
    /// The mechanisms that the token lists.
    pub(super) listed: &'a [MechanismType],
    /// Who hashes.
    pub(super) mechanism: Mechanism,
}

impl Keys<'_> {
    /// The one key pair that answers to `query`; its index is left at 0.
    pub(super) fn find(&self, query: &KeyQuery) -> Result<(SigningKey, FoundKey), TokenError> {
        let name = describe(&query.label, query.cka_id.as_deref());
        let id = match &query.cka_id {
            None => None,
            Some(text) => Some(unhex(text).ok_or_else(|| TokenError::KeyUnfit {
                key: name.clone(),
                expected: "a CKA_ID in hexadecimal".to_owned(),
                found: text.clone(),
            })?),
        };
        let template = |class| {
            let mut template = vec![Attribute::Class(class), Attribute::Label(query.label.as_bytes().to_vec())];
            template.extend(id.clone().map(Attribute::Id));
            template
        };
        let private = self.only(&template(ObjectClass::PRIVATE_KEY), PRIVATE, &name)?;
        let public = self.only(&template(ObjectClass::PUBLIC_KEY), "public", &name)?;
        self.pair(private, public, query.algorithm, &query.label)
    }

    /// Every private key on the token.
    pub(super) fn inventory(&self) -> Result<Inventory, TokenError> {
        let mut inventory = Inventory::default();
        let all = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
        let all = self.session.find_objects(&all).map_err(during(LOOKING))?;
        if all.is_empty() && self.nobody_is_logged_in() {
            return Err(TokenError::KeyHidden { key: "of any label".to_owned() });
        }
        for private in all {
            let label = text(&self.octets(private, AttributeType::Label)?);
            let id = self.octets(private, AttributeType::Id)?;
            let name = describe(&label, Some(&hex(&id)));
            let template =
                [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Label(label.clone().into()), Attribute::Id(id)];
            let found = self.only(&template, "public", &name).and_then(|public| {
                let algorithm = self.algorithm(public, &name)?;
                self.pair(private, public, algorithm, &label)
            });
            match found {
                Ok((_, key)) => inventory.keys.push(key),
                Err(error @ (TokenError::TokenGone { .. } | TokenError::Pkcs11 { .. })) => return Err(error),
                Err(error) => inventory.others.push(error.to_string()),
            }
        }
        inventory.keys.sort_by(|one, other| (&one.label, &one.cka_id).cmp(&(&other.label, &other.cka_id)));
        inventory.others.sort();
        Ok(inventory)
    }

    /// Makes a key pair that never leaves the token in the clear, and reads it back.
    pub(super) fn generate(&self, new: &NewKey) -> Result<(SigningKey, FoundKey), TokenError> {
        let name = describe(&new.label, Some(&new.cka_id));
        let id = unhex(&new.cka_id).filter(|id| !id.is_empty()).ok_or_else(|| TokenError::KeyUnfit {
            key: name.clone(),
            expected: "a CKA_ID in hexadecimal".to_owned(),
            found: new.cka_id.clone(),
        })?;
        let label = (Attribute::Label(new.label.clone().into()), format!("with the label {:?}", new.label));
        let number = (Attribute::Id(id.clone()), format!("with the CKA_ID {}", new.cka_id));
        for (attribute, taken) in [label, number] {
            for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
                let template = [Attribute::Class(class), attribute.clone()];
                if !self.session.find_objects(&template).map_err(during(LOOKING))?.is_empty() {
                    return Err(TokenError::KeyExists { taken });
                }
            }
        }
        self.make(new, &id)?;
        let query = KeyQuery { label: new.label.clone(), cka_id: Some(new.cka_id.clone()), algorithm: new.algorithm };
        self.find(&query)
    }

    fn make(&self, new: &NewKey, id: &[u8]) -> Result<(), TokenError> {
        let size = TokenError::KeySize { algorithm: new.algorithm, bits: new.bits };
        let (ckm, number, curves): (_, _, &[&[u8]]) = match (new.algorithm, new.bits) {
            (Algorithm::RsaSha256 | Algorithm::RsaSha512, 1024..=4096) => {
                (Ckm::RsaPkcsKeyPairGen, MechanismType::RSA_PKCS_KEY_PAIR_GEN, &[&[]])
            }
            (Algorithm::EcdsaP256Sha256, 0 | 256) => (Ckm::EccKeyPairGen, MechanismType::ECC_KEY_PAIR_GEN, &[&P256]),
            (Algorithm::EcdsaP384Sha384, 0 | 384) => (Ckm::EccKeyPairGen, MechanismType::ECC_KEY_PAIR_GEN, &[&P384]),
            (Algorithm::Ed25519, 0 | 256) => {
                (Ckm::EccEdwardsKeyPairGen, MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, &[&ED25519_NAME, &ED25519_OID])
            }
            _ => return Err(size),
        };
        if !self.listed.contains(&number) {
            return Err(TokenError::MechanismMissing { mechanism: number.to_string() });
        }
        let mut outcome = Err(size);
        for curve in curves {
            let (public, private) = templates(new, id, curve);
            match self.session.generate_key_pair(&ckm, &public, &private) {
                Ok(_) => return Ok(()),
                // Another spelling of the curve may do; nothing has been made.
                Err(error) if refuses_curve(&error) => outcome = Err(during(MAKING)(error)),
                Err(error) => return Err(during(MAKING)(error)),
            }
        }
        outcome
    }

    /// Facts of a pair, if it can be a key of `algorithm`.
    fn pair(
        &self,
        private: ObjectHandle,
        public: ObjectHandle,
        algorithm: Algorithm,
        label: &str,
    ) -> Result<(SigningKey, FoundKey), TokenError> {
        let id = self.octets(private, AttributeType::Id)?;
        let cka_id = hex(&id);
        let name = describe(label, Some(&cka_id));
        let unfit = |expected: String, found: String| TokenError::KeyUnfit { key: name.clone(), expected, found };
        let public_id = self.octets(public, AttributeType::Id)?;
        if !id.is_empty() && !public_id.is_empty() && id != public_id {
            return Err(unfit(format!("a public key of CKA_ID {cka_id}"), format!("CKA_ID {}", hex(&public_id))));
        }
        for handle in [private, public] {
            let (expected, found) = (key_type(algorithm), self.key_type(handle)?);
            if found != Some(expected) {
                let found = found.map_or_else(|| "no CKA_KEY_TYPE".to_owned(), |found| found.to_string());
                return Err(unfit(format!("{expected} for {algorithm}"), found));
            }
        }
        let key = self.public_key(public, algorithm)?;
        let key =
            key.ok_or_else(|| unfit(format!("a public key of {algorithm}"), "another curve or form".to_owned()))?;
        let dnskey = Dnskey::ksk(algorithm, key);
        dnskey.check().map_err(|fault| unfit(format!("a key of {algorithm}"), fault.to_string()))?;
        let method = Method::new(algorithm, self.mechanism);
        let attributes = self.session.get_attributes(private, &[AttributeType::Sign]).map_err(during(LOOKING))?;
        let found = FoundKey {
            index: 0,
            label: label.to_owned(),
            cka_id,
            may_sign: attributes.iter().any(|attribute| matches!(attribute, Attribute::Sign(true))),
            mechanism: method.name().to_owned(),
            mechanism_listed: self.listed.contains(&method.listed_as()),
            dnskey,
        };
        let signature = found.dnskey.signature_length();
        Ok((SigningKey { handle: private, method, signature }, found))
    }

    fn public_key(&self, public: ObjectHandle, algorithm: Algorithm) -> Result<Option<Vec<u8>>, TokenError> {
        if algorithm.is_rsa() {
            let modulus = self.octets(public, AttributeType::Modulus)?;
            return Ok(point::rsa(&modulus, &self.octets(public, AttributeType::PublicExponent)?));
        }
        // Curves of equal size differ by their parameters alone.
        let curve = self.octets(public, AttributeType::EcParams)?;
        let expected: &[u8] = match algorithm {
            Algorithm::EcdsaP256Sha256 => &P256,
            Algorithm::EcdsaP384Sha384 => &P384,
            _ => &curve,
        };
        if curve != expected {
            return Ok(None);
        }
        Ok(point::ec(algorithm, &self.octets(public, AttributeType::EcPoint)?))
    }

    /// What a key can be by its type and curve; an RSA key counts as algorithm 8.
    fn algorithm(&self, public: ObjectHandle, name: &str) -> Result<Algorithm, TokenError> {
        let curve = self.octets(public, AttributeType::EcParams)?;
        let found = self.key_type(public)?;
        match found {
            Some(KeyType::RSA) => Ok(Algorithm::RsaSha256),
            Some(KeyType::EC) if curve == P256 => Ok(Algorithm::EcdsaP256Sha256),
            Some(KeyType::EC) if curve == P384 => Ok(Algorithm::EcdsaP384Sha384),
            Some(KeyType::EC_EDWARDS) => Ok(Algorithm::Ed25519),
            _ => Err(TokenError::KeyUnfit {
                key: name.to_owned(),
                expected: "RSA, P-256, P-384 or Ed25519".to_owned(),
                found: found.map_or_else(|| "no CKA_KEY_TYPE".to_owned(), |found| found.to_string()),
            }),
        }
    }

    fn key_type(&self, handle: ObjectHandle) -> Result<Option<KeyType>, TokenError> {
        let attributes = self.session.get_attributes(handle, &[AttributeType::KeyType]).map_err(during(LOOKING))?;
        Ok(attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::KeyType(found) => Some(found),
            _ => None,
        }))
    }

    /// The octets of an attribute; none where the object has no such attribute.
    fn octets(&self, handle: ObjectHandle, kind: AttributeType) -> Result<Vec<u8>, TokenError> {
        let attributes = self.session.get_attributes(handle, &[kind]).map_err(during(LOOKING))?;
        let octets = attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::Label(octets)
            | Attribute::Id(octets)
            | Attribute::Modulus(octets)
            | Attribute::PublicExponent(octets)
            | Attribute::EcParams(octets)
            | Attribute::EcPoint(octets) => Some(octets),
            _ => None,
        });
        Ok(octets.unwrap_or_default())
    }

    fn only(&self, template: &[Attribute], class: &str, key: &str) -> Result<ObjectHandle, TokenError> {
        let found = self.session.find_objects(template).map_err(during(LOOKING))?;
        let (class, key) = (class.to_owned(), key.to_owned());
        match found.as_slice() {
            [one] => Ok(*one),
            [] if class == PRIVATE && self.nobody_is_logged_in() => Err(TokenError::KeyHidden { key }),
            [] => Err(TokenError::KeyNotFound { class, key }),
            several => Err(TokenError::KeyAmbiguous { class, key, count: several.len() }),
        }
    }

    /// Whether the session is as good as closed; a token that was opened by its own means may be used even so.
    fn nobody_is_logged_in(&self) -> bool {
        let state = self.session.get_session_info().map(|info| info.session_state());
        matches!(state, Ok(SessionState::RoPublic | SessionState::RwPublic))
    }
}

/// Attributes of a new pair: it stays on the token, signs, and does nothing else.
fn templates(new: &NewKey, id: &[u8], curve: &[u8]) -> (Vec<Attribute>, Vec<Attribute>) {
    let named = [Attribute::Token(true), Attribute::Label(new.label.clone().into()), Attribute::Id(id.to_vec())];
    let mut public = named.to_vec();
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    let mut private = named.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ]);
    if new.algorithm.is_rsa() {
        public.extend([
            Attribute::ModulusBits(u64::from(new.bits).into()),
            Attribute::PublicExponent(vec![1, 0, 1]),
            Attribute::Encrypt(false),
            Attribute::Wrap(false),
        ]);
        private.extend([Attribute::Decrypt(false), Attribute::Unwrap(false)]);
    } else {
        public.push(Attribute::EcParams(curve.to_vec()));
    }
    (public, private)
}

const fn key_type(algorithm: Algorithm) -> KeyType {
    match algorithm {
        Algorithm::RsaSha256 | Algorithm::RsaSha512 => KeyType::RSA,
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => KeyType::EC,
        Algorithm::Ed25519 => KeyType::EC_EDWARDS,
    }
}

const fn refuses_curve(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::AttributeValueInvalid
                | RvError::DomainParamsInvalid
                | RvError::CurveNotSupported
                | RvError::TemplateInconsistent,
            _
        )
    )
}

/// Labels are UTF-8 by the specification; what is not shows with replacement signs.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
