//! What every format says: requests, responses, bundles, keys and signatures.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::dns::{Algorithm, AlgorithmNumber, Dnskey, Ds, Duration, Name, RrType, Rrsig, Time, ds_rdatas, key_rdatas};

/// A format of requests and responses, found out by content.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// The root zone's KSR and SKR in XML.
    RootXml,
    /// Files of BIND's `dnssec-ksr`.
    Bind,
    /// Files of Knot's `keymgr`.
    Knot,
}

impl Format {
    /// Its name, as in findings and in the transcript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RootXml => "root-xml",
            Self::Bind => "bind",
            Self::Knot => "knot",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A document of either kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Document {
    /// A Key Signing Request.
    Request(Request),
    /// A Signed Key Response.
    Response(Response),
}

/// A Key Signing Request: the ZSKs of a zone over time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// The format it was read from; its response is written in the same.
    pub format: Format,
    /// The zone.
    pub zone: Name,
    /// What only the root zone's format has.
    pub root: Option<RootRequest>,
    /// At least one bundle, by inception.
    pub bundles: Vec<RequestBundle>,
    /// Who made it and when, where the format says so.
    pub stamp: Option<Stamp>,
    /// What is odd and yet readable; each becomes a warning.
    pub notices: Vec<String>,
}

/// The head of a request of the root zone's kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RootRequest {
    /// `KSR@id`.
    pub id: String,
    /// `KSR@serial`.
    pub serial: u64,
    /// `Request@timestamp`.
    pub timestamp: Option<Time>,
    /// What the ZSK operator claims for itself.
    pub zsk_policy: SignerPolicy,
}

/// One bundle of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestBundle {
    /// `RequestBundle@id`, where the format has it.
    pub id: Option<String>,
    /// Root zone: Inception. BIND and Knot: the time in the header, from which these keys are served.
    pub inception: Time,
    /// Root zone: Expiration. BIND and Knot leave it to the signer.
    pub expiration: Option<Time>,
    /// The ZSKs, in the order of the document.
    pub keys: Vec<RequestKey>,
    /// Proofs of possession, where the format has them.
    pub signatures: Vec<Signature>,
}

/// A ZSK with the TTL that is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestKey {
    /// In seconds.
    pub ttl: u32,
    /// The key.
    pub key: Key,
}

/// A key in a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// `keyIdentifier`, where the format has it.
    pub identifier: Option<String>,
    /// `keyTag` as the document has it, right or wrong.
    pub declared_tag: Option<u16>,
    /// The key itself.
    pub dnskey: Dnskey,
}

/// An RRSIG in a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signature {
    /// `keyIdentifier` of the signing key, where the format has it.
    pub identifier: Option<String>,
    /// TTL of the RRSIG itself, in seconds.
    pub ttl: u32,
    /// The RRSIG.
    pub rrsig: Rrsig,
}

/// A Signed Key Response: what the zone serves over time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The format.
    pub format: Format,
    /// The zone.
    pub zone: Name,
    /// What only the root zone's format has.
    pub root: Option<RootResponse>,
    /// At least one bundle, in the order of the document.
    pub bundles: Vec<ResponseBundle>,
    /// Who made it and when, where the format says so.
    pub stamp: Option<Stamp>,
}

/// The head of a response of the root zone's kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RootResponse {
    /// `KSR@id`, echoed from the request.
    pub id: String,
    /// `KSR@serial`, echoed from the request.
    pub serial: u64,
    /// `Response@timestamp`.
    pub timestamp: Option<Time>,
    /// The KSK operator's policy.
    pub ksk_policy: SignerPolicy,
    /// The ZSK operator's policy, echoed from the request.
    pub zsk_policy: SignerPolicy,
}

/// One bundle of a response: everything that is served from its inception on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResponseBundle {
    /// Echoed from the request, where the format has it.
    pub id: Option<String>,
    /// Root zone: Inception. BIND and Knot: the time in the header.
    pub inception: Time,
    /// Root zone: Expiration.
    pub expiration: Option<Time>,
    /// The RRsets, each type at most once: DNSKEY first, then CDNSKEY, then CDS.
    pub sets: Vec<SignedSet>,
}

impl ResponseBundle {
    /// The set of a type, if it is there.
    #[must_use]
    pub fn set(&self, rr_type: RrType) -> Option<&SignedSet> {
        self.sets.iter().find(|set| set.records.rr_type() == rr_type)
    }

    /// The keys of the DNSKEY RRset.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        match self.set(RrType::Dnskey).map(|set| &set.records) {
            Some(Records::Dnskey(keys)) => keys,
            _ => &[],
        }
    }

    /// The same without what the document says of them.
    pub fn dnskeys(&self) -> impl Iterator<Item = &Dnskey> {
        self.keys().iter().map(|key| &key.dnskey)
    }

    /// When the first of its signatures ends; `None` without a signature.
    #[must_use]
    pub fn end(&self) -> Option<Time> {
        let signatures = self.sets.iter().flat_map(|set| &set.signatures);
        signatures.map(|signature| signature.rrsig.expiration).min()
    }
}

/// An RRset with its signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedSet {
    /// TTL of the set, in seconds.
    pub ttl: u32,
    /// Its records.
    pub records: Records,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

/// The records of one type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Records {
    /// DNSKEY.
    Dnskey(Vec<Key>),
    /// CDNSKEY.
    Cdnskey(Vec<Dnskey>),
    /// CDS.
    Cds(Vec<Ds>),
}

impl Records {
    /// Their type.
    #[must_use]
    pub const fn rr_type(&self) -> RrType {
        match self {
            Self::Dnskey(_) => RrType::Dnskey,
            Self::Cdnskey(_) => RrType::Cdnskey,
            Self::Cds(_) => RrType::Cds,
        }
    }

    /// Their RDATAs in wire format.
    #[must_use]
    pub fn rdatas(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Dnskey(keys) => key_rdatas(keys.iter().map(|key| &key.dnskey)),
            Self::Cdnskey(keys) => key_rdatas(keys),
            Self::Cds(set) => ds_rdatas(set),
        }
    }

    /// Their RDATAs in presentation format.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Dnskey(keys) => keys.iter().map(|key| key.dnskey.to_string()).collect(),
            Self::Cdnskey(keys) => keys.iter().map(ToString::to_string).collect(),
            Self::Cds(set) => set.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The six durations and the algorithms of a `ZSK` or `KSK` element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignerPolicy {
    /// A key is published for so long before it signs.
    pub publish_safety: Duration,
    /// A key stays published for so long after it signed.
    pub retire_safety: Duration,
    /// Longest validity of a signature.
    pub max_signature_validity: Duration,
    /// Shortest validity of a signature.
    pub min_signature_validity: Duration,
    /// Longest overlap of two bundles.
    pub max_validity_overlap: Duration,
    /// Shortest overlap of two bundles.
    pub min_validity_overlap: Duration,
    /// Algorithms with their parameters, by number.
    pub algorithms: Vec<SignatureAlgorithm>,
}

/// A `SignatureAlgorithm` element.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SignatureAlgorithm {
    /// The number.
    pub algorithm: AlgorithmNumber,
    /// Which element stands inside, and what it says.
    pub parameters: KeyParameters,
}

impl SignatureAlgorithm {
    /// The element that describes a key; none for an algorithm that is not ours, or an RSA key out of shape.
    #[must_use]
    pub fn of(key: &Dnskey) -> Option<Self> {
        let size = key.bits()?;
        let parameters = match key.algorithm.known()? {
            Algorithm::RsaSha256 | Algorithm::RsaSha512 => KeyParameters::Rsa { size, exponent: key.rsa()?.exponent },
            Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => KeyParameters::Ecdsa { size },
            Algorithm::Ed25519 => KeyParameters::Eddsa { size },
        };
        Some(Self { algorithm: key.algorithm, parameters })
    }
}

/// Parameters of a key, as a policy states them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyParameters {
    /// `RSA`.
    Rsa {
        /// Bits of the modulus.
        size: u32,
        /// The public exponent.
        exponent: u64,
    },
    /// `ECDSA`.
    Ecdsa {
        /// Bits.
        size: u32,
    },
    /// `EdDSA`.
    Eddsa {
        /// Bits.
        size: u32,
    },
}

/// The footer of BIND's and Knot's files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    /// When the file was made.
    pub time: Time,
    /// The program and its version.
    pub by: String,
}
