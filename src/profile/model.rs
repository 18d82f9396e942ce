//! What a profile says, after it has been read and found whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::dns::{Algorithm, DigestType, Dnskey, Duration, Name, Sha256Digest, Time};
use crate::steps::{Pin, Role};

/// A ceremony profile: everything that is decided before the day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Its name for people.
    pub name: String,
    /// The token.
    pub hsm: Hsm,
    /// Labels and number of media.
    pub media: Media,
    /// The officers' quorum; there exactly with [`LoginKind::Shares`].
    pub quorum: Option<Quorum>,
    /// Officers who log in one after another; there exactly with [`LoginKind::Sequence`].
    pub sequence: Option<Sequence>,
    /// Roles that must be present.
    pub required_roles: Vec<Role>,
    /// Octets that one document may have.
    pub document_bytes: usize,
    /// The zones by name.
    pub zones: BTreeMap<Name, Zone>,
}

impl Profile {
    /// The zone of this name, if the profile has it.
    #[must_use]
    pub fn zone(&self, name: &Name) -> Option<&Zone> {
        self.zones.get(name)
    }

    /// How many officers open the token together, and who they may be; none where it is opened without officers.
    #[must_use]
    pub fn officers(&self) -> Option<(usize, Vec<Role>)> {
        match (&self.quorum, &self.sequence) {
            (Some(quorum), _) => Some((usize::from(quorum.threshold), quorum.officers.clone())),
            (None, Some(sequence)) => {
                let officers = sequence.users.iter().map(|(officer, _)| officer.clone());
                Some((usize::from(sequence.threshold), officers.collect()))
            }
            (None, None) => None,
        }
    }
}

/// The token and how it is opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hsm {
    /// Path of the PKCS#11 module.
    pub module: PathBuf,
    /// `CK_TOKEN_INFO.label` that a token must have.
    pub token_label: Option<String>,
    /// `CK_TOKEN_INFO.serialNumber` that a token must have; it wins.
    pub token_serial: Option<String>,
    /// How it is opened.
    pub login: LoginKind,
    /// Environment of the token host alone.
    pub env: BTreeMap<String, String>,
    /// Who hashes what RSA signs.
    pub mechanism: HashIn,
    /// What the token host may write besides devices: files, or folders with all below.
    pub writable: Vec<PathBuf>,
    /// How long one signature may take.
    pub sign_within: Duration,
}

/// How a token is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoginKind {
    /// One PIN.
    Pin,
    /// The PIN is put together from officers' shares.
    Shares,
    /// At the device itself.
    Protected,
    /// By several officers one after another, each as a user of the HSM's own.
    Sequence,
    /// Already open.
    Preloaded,
}

impl LoginKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pin, Self::Shares, Self::Protected, Self::Sequence, Self::Preloaded];

    /// Its name in the profile.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Shares => "shares",
            Self::Protected => "protected",
            Self::Sequence => "sequence",
            Self::Preloaded => "preloaded",
        }
    }
}

/// Where an RSA signature's hash is computed; the signatures are the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HashIn {
    /// `hashed`: by the token.
    Token,
    /// `raw`: in software.
    Software,
}

/// Labels and number of media.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Media {
    /// Label of the medium with the request.
    pub request_label: String,
    /// Label of a record medium.
    pub record_label: String,
    /// Label of an officer's medium.
    pub share_label: String,
    /// How many record media there must be, at least 1.
    pub record_copies: usize,
}

/// The officers' quorum.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Quorum {
    /// Officers needed.
    pub threshold: u8,
    /// All officers.
    pub officers: Vec<Role>,
    /// SHA-256 of the share set's public header.
    pub share_set: Sha256Digest,
}

/// Officers who log in one after another; the HSM itself lets fewer do nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sequence {
    /// Officers needed.
    pub threshold: u8,
    /// `CK_USER_TYPE` of each C_Login.
    pub user_type: u32,
    /// What stands between the user's name and the PIN in what C_Login is given.
    pub separator: String,
    /// All officers, and the HSM's name for each.
    pub users: Vec<(Role, String)>,
}

impl Sequence {
    /// What C_Login is given for an officer: user, separator, PIN; none for another role or where it is too long.
    #[must_use]
    pub fn credential(&self, officer: &Role, pin: &Pin) -> Option<Pin> {
        let (_, user) = self.users.iter().find(|(role, _)| role == officer)?;
        pin.behind(&format!("{user}{}", self.separator))
    }
}

/// A zone with its policy and keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Zone {
    /// The zone.
    pub name: Name,
    /// Name of the policy.
    pub policy_name: String,
    /// The policy, which zones share.
    pub policy: Arc<Policy>,
    /// From then on CDS and CDNSKEY ask the parent to remove every DS (RFC 8078, section 4); under a schedule alone.
    pub delete_ds_from: Option<Time>,
    /// Whether resolvers follow the KSKs as trust anchors by RFC 5011.
    pub rfc5011: bool,
    /// The KSKs by their name in the profile.
    pub keys: BTreeMap<String, ZoneKey>,
}

impl Zone {
    /// The KSKs that are made already, by their public keys.
    #[must_use]
    pub fn ksks(&self) -> BTreeMap<&[u8], &ZoneKey> {
        self.keys.values().filter_map(|key| Some((key.dnskey.as_ref()?.key.as_slice(), key))).collect()
    }

    /// The same keys in both forms that they have in a DNSKEY RRset, plain and revoked.
    #[must_use]
    pub fn ksk_forms(&self) -> BTreeSet<Dnskey> {
        let plain = self.keys.values().filter_map(|key| key.dnskey.as_ref());
        plain.flat_map(|key| [key.clone(), key.revoked()]).collect()
    }
}

/// A KSK of a zone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ZoneKey {
    /// Its name in the profile.
    pub name: String,
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, if it must have one.
    pub cka_id: Option<Vec<u8>>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The key itself, flags 257; cross-checks of the profile have passed. A key in use must have it.
    pub dnskey: Option<Dnskey>,
    /// It may sign from then on.
    pub valid_from: Option<Time>,
    /// It may sign until then.
    pub valid_until: Option<Time>,
    /// Its times under a schedule.
    pub timeline: Timeline,
}

/// The times of a key under a schedule; what is left out does not bound.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Timeline {
    /// In the DNSKEY RRset from then on.
    pub publish: Option<Time>,
    /// Signs from then on.
    pub sign_from: Option<Time>,
    /// CDS and CDNSKEY ask for its DS from then on.
    pub ds_from: Option<Time>,
    /// No CDS and CDNSKEY from then on.
    pub ds_until: Option<Time>,
    /// Signs no more from then on.
    pub sign_until: Option<Time>,
    /// Out of the DNSKEY RRset from then on.
    pub unpublish: Option<Time>,
    /// Revoked (RFC 5011) from then on.
    pub revoke: Option<Time>,
}

/// What a zone's operator has decided once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// TTL of every DNSKEY, in seconds.
    pub ttl: u32,
    /// Limits for requests.
    pub request: RequestPolicy,
    /// How bundles are made.
    pub signing: Signing,
}

/// How bundles are made from a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Signing {
    /// The request has the times; schemas say which KSKs stand in which slot.
    Schemas {
        /// By name.
        schemas: BTreeMap<String, Schema>,
        /// Declared in the response and enforced.
        ksk: KskPolicy,
    },
    /// The signer fills the times.
    Schedule(Schedule),
}

/// The slots of a schema, the first bundle's first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schema {
    /// One a bundle.
    pub slots: Vec<Slot>,
}

/// The KSKs of one slot, by name in the profile, each list sorted and without duplicates.
///
/// `publish` holds all of `sign`, and `sign` all of `revoke`; at least one key signs without being revoked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Slot {
    /// In the RRset, those that sign and those that are revoked among them.
    pub publish: Vec<String>,
    /// Sign the RRset.
    pub sign: Vec<String>,
    /// In the RRset with the REVOKE bit; they sign as well (RFC 5011, section 2.1).
    pub revoke: Vec<String>,
}

/// The KSK operator's policy, declared in the response and enforced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KskPolicy {
    /// A key is published for so long before it signs.
    pub publish_safety: Duration,
    /// A key stays published for so long after it signed.
    pub retire_safety: Duration,
    /// Shortest validity.
    pub min_signature_validity: Duration,
    /// Longest validity.
    pub max_signature_validity: Duration,
    /// Shortest overlap of two bundles.
    pub min_validity_overlap: Duration,
    /// Longest overlap of two bundles.
    pub max_validity_overlap: Duration,
}

/// How long before its bundle a signature may begin: a day.
pub const MAX_OFFSET: Duration = Duration::from_days(1);

/// Cadence and contents under a schedule, in the words of `dnssec-policy`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// From the first bundle on, so much is covered.
    pub coverage: Duration,
    /// Validity of a signature from the bundle's time on.
    pub signatures_validity_dnskey: Duration,
    /// A new bundle begins so long before the signatures of the last one end.
    pub signatures_refresh: Duration,
    /// Signatures begin so long before their bundle.
    pub inception_offset: Duration,
    /// Digests of the CDS; none: no CDS.
    pub cds_digest_types: Vec<DigestType>,
    /// Whether CDNSKEY is published.
    pub cdnskey: bool,
}

/// A limit, or the decision to have none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Limit<T> {
    /// It must hold.
    Is(T),
    /// `"unchecked"` in the profile, or not demanded under a schedule.
    Unchecked,
}

impl<T> Limit<T> {
    /// The limit, if there is one.
    #[must_use]
    pub const fn as_option(&self) -> Option<&T> {
        match self {
            Self::Is(limit) => Some(limit),
            Self::Unchecked => None,
        }
    }
}

/// Our own limits for requests, besides what a request claims for itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestPolicy {
    /// Bundles of a request.
    pub num_bundles: Limit<usize>,
    /// Keys of each bundle, in order.
    pub num_keys_per_bundle: Limit<Vec<usize>>,
    /// Different keys in all bundles.
    pub num_different_keys_in_all_bundles: Limit<usize>,
    /// Algorithms of ZSKs; always checked.
    pub approved_algorithms: Vec<Algorithm>,
    /// Sizes of RSA moduli in bits.
    pub rsa_approved_key_sizes: Limit<Vec<u32>>,
    /// RSA exponents.
    pub rsa_approved_exponents: Limit<Vec<u64>>,
    /// Shortest time from the first inception to the last.
    pub min_cycle_inception_length: Limit<Duration>,
    /// Longest time from the first inception to the last.
    pub max_cycle_inception_length: Limit<Duration>,
    /// Shortest time from one inception to the next.
    pub min_bundle_interval: Limit<Duration>,
    /// Longest time from one inception to the next.
    pub max_bundle_interval: Limit<Duration>,
    /// Shortest validity.
    pub min_signature_validity: Limit<Duration>,
    /// Longest validity.
    pub max_signature_validity: Limit<Duration>,
    /// Shortest overlap of two bundles.
    pub min_validity_overlap: Limit<Duration>,
    /// Longest overlap of two bundles.
    pub max_validity_overlap: Limit<Duration>,
    /// Days from now within which every signature must end.
    pub signature_horizon_days: Limit<u32>,
}
