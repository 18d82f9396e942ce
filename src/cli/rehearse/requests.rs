//! The sample requests of a rehearsal, and those that follow them when it is done again.

use std::ops::ControlFlow;

use crate::dns::{Algorithm, Dnskey, Duration, Name, RrType, Rrsig, Time, key_rdatas};
use crate::exchange::{
    self, Format, Key, KeyParameters, Limits, Request, RequestBundle, RequestKey, RootRequest, Signature,
    SignatureAlgorithm, SignerPolicy, Stamp,
};
use crate::token::{FoundKey, KeyQuery, Token, TokenError};

use super::super::error::CliError;
use super::super::input::MAX_DOCUMENT;

/// The algorithm of all keys here.
pub(super) const ALGORITHM: Algorithm = Algorithm::EcdsaP256Sha256;

const TTL: u32 = 3600;
const ROOT_TTL: u32 = 172_800;
/// Slots of a request of the root zone's kind, and days between them.
const SLOTS: u16 = 9;
const SLOT_DAYS: u16 = 10;
/// Days between bundles in the format of BIND, unless there are more than a year's.
const BIND_DAYS: u16 = 30;
const ZSKS: [&str; 4] = ["ZSK-1", "ZSK-2", "ZSK-3", "ZSK-4"];
/// The first of them roll in the root's requests.
const ROOT_ZSKS: usize = 3;

/// ZSKs that a signer would have elsewhere; their DNSKEYs have a ZSK's flags.
pub(super) struct Zsks(Vec<FoundKey>);

impl Zsks {
    /// Has them made, by their labels.
    pub(super) fn make(key: impl FnMut(&str) -> Result<FoundKey, TokenError>) -> Result<Self, TokenError> {
        ZSKS.into_iter().map(key).collect::<Result<_, _>>().map(Self::of)
    }

    /// Finds them on the open token.
    pub(super) fn find(token: &mut Token) -> Result<Self, TokenError> {
        let query = |label: &str| KeyQuery { label: label.to_owned(), cka_id: None, algorithm: ALGORITHM };
        token.find_keys(&ZSKS.map(query))?.into_iter().collect::<Result<_, _>>().map(Self::of)
    }

    fn of(mut keys: Vec<FoundKey>) -> Self {
        for key in &mut keys {
            key.dnskey.flags = Dnskey::ZSK;
        }
        Self(keys)
    }

    pub(super) fn dnskeys(&self) -> impl Iterator<Item = &Dnskey> {
        self.0.iter().map(|key| &key.dnskey)
    }

    fn get(&self, index: usize) -> Result<&FoundKey, CliError> {
        self.0.get(index).ok_or_else(|| CliError::internal("a ZSK is missing"))
    }
}

/// One request of each kind, and where they stand in their series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Series {
    /// Number of the root's request, from 1.
    number: u32,
    root_first: Time,
    bind_first: Time,
    bind_bundles: u16,
    /// Whether the first bundle for BIND has two ZSKs.
    bind_doubled: bool,
}

impl Series {
    /// The first requests.
    pub(super) fn begin(now: Time, bind_bundles: u16) -> Result<Self, CliError> {
        let midnight = Time::from_unix(i64::from(now.unix() - now.unix() % 86_400)).unwrap_or(now);
        let (root_first, bind_first) = (at(midnight, 1)?, at(now, 1)?);
        Ok(Self { number: 1, root_first, bind_first, bind_bundles, bind_doubled: false })
    }

    /// The requests after those of these files: times go on, and begin with the keys that the last bundles have.
    pub(super) fn after(root: &[u8], bind: &[u8]) -> Result<Self, CliError> {
        let read = |octets: &[u8]| {
            let request = exchange::read_request(octets, &Limits { document_bytes: MAX_DOCUMENT });
            request.map_err(|error| CliError::document("the request before", error))
        };
        let (root, bind) = (read(root)?, read(bind)?);
        let foreign = || CliError::input("the requests on the stick are not those of a rehearsal");
        let (facts, root_last) = root.root.as_ref().zip(root.bundles.last()).ok_or_else(foreign)?;
        let bind_last = bind.bundles.last().ok_or_else(foreign)?;
        let bind_bundles = u16::try_from(bind.bundles.len()).map_err(|_| foreign())?;
        let number = u32::try_from(facts.serial).ok().and_then(|serial| serial.checked_add(1)).ok_or_else(foreign)?;
        Ok(Self {
            number,
            root_first: at(root_last.inception, SLOT_DAYS)?,
            bind_first: later(bind_last.inception, apart(bind_bundles))?,
            bind_bundles,
            bind_doubled: bind_last.keys.len() > 1,
        })
    }

    /// Number of the root's request, from 1.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Nine bundles, ten days apart and valid for 21 days; the ZSK is rolled at both ends, as in the root zone.
    pub(super) fn root(&self, token: &mut Token, zsks: &Zsks, now: Time) -> Result<Vec<u8>, CliError> {
        let turn = |step: usize| (self.number as usize + step) % ROOT_ZSKS;
        let [before, current, next] = [turn(2), turn(0), turn(1)];
        let mut bundles = Vec::new();
        for slot in 0..SLOTS {
            let keys = match slot {
                0 => vec![before, current],
                8 => vec![current, next],
                _ => vec![current],
            };
            let keys = keys.into_iter().map(|zsk| zsks.get(zsk)).collect::<Result<Vec<_>, _>>()?;
            let inception = at(self.root_first, slot * SLOT_DAYS)?;
            let id = format!("rehearsal-{}-{}", self.number, slot + 1);
            bundles.push(root_bundle(token, &keys, id, inception, now)?);
        }
        let policy = SignerPolicy {
            publish_safety: Duration::from_days(10),
            retire_safety: Duration::from_days(10),
            max_signature_validity: Duration::from_days(21),
            min_signature_validity: Duration::from_days(21),
            max_validity_overlap: Duration::from_days(12),
            min_validity_overlap: Duration::from_days(9),
            algorithms: vec![SignatureAlgorithm {
                algorithm: ALGORITHM.number(),
                parameters: KeyParameters::Ecdsa { size: 256 },
            }],
        };
        let id = format!("rehearsal-{}", self.number);
        let root = RootRequest { id, serial: self.number.into(), timestamp: None, zsk_policy: policy };
        finish(&Request {
            format: Format::RootXml,
            zone: Name::root(),
            root: Some(root),
            bundles,
            stamp: None,
            notices: Vec::new(),
        })
    }

    /// Bundles a month apart, with two ZSKs in every second one.
    pub(super) fn bind(&self, zsks: &Zsks, now: Time) -> Result<Vec<u8>, CliError> {
        let mut bundles = Vec::new();
        let mut inception = self.bind_first;
        let mut doubled = self.bind_doubled;
        for _ in 0..self.bind_bundles {
            let keys = if doubled { vec![zsks.get(3)?, zsks.get(2)?] } else { vec![zsks.get(3)?] };
            bundles.push(RequestBundle {
                id: None,
                inception,
                expiration: None,
                keys: keys.into_iter().map(|key| request_key(key, TTL, false)).collect(),
                signatures: Vec::new(),
            });
            inception = later(inception, apart(self.bind_bundles))?;
            doubled = !doubled;
        }
        let zone = "example.".parse().unwrap_or_else(|_| Name::root());
        let stamp = Some(Stamp { time: now, by: "claviger rehearse".to_owned() });
        finish(&Request { format: Format::Bind, zone, root: None, bundles, stamp, notices: Vec::new() })
    }
}

fn apart(bundles: u16) -> Duration {
    if bundles <= 12 {
        Duration::from_days(BIND_DAYS)
    } else {
        Duration::from_seconds(360 * 86_400 / u32::from(bundles))
    }
}

fn at(start: Time, days: u16) -> Result<Time, CliError> {
    later(start, Duration::from_days(days))
}

fn later(start: Time, span: Duration) -> Result<Time, CliError> {
    start.checked_add(span).ok_or_else(|| CliError::input("the requests would be past February 2106"))
}

/// A bundle with its proofs of possession.
fn root_bundle(
    token: &mut Token,
    zsks: &[&FoundKey],
    id: String,
    inception: Time,
    now: Time,
) -> Result<RequestBundle, CliError> {
    let owner = Name::root();
    let rdatas = key_rdatas(zsks.iter().map(|key| &key.dnskey));
    let planned: Vec<Rrsig> = zsks
        .iter()
        .map(|key| {
            Ok(Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: key.dnskey.algorithm,
                labels: owner.label_count(),
                original_ttl: ROOT_TTL,
                expiration: at(now, 60)?,
                inception: now,
                key_tag: key.dnskey.key_tag(),
                signer: owner.clone(),
                signature: Vec::new(),
            })
        })
        .collect::<Result<_, CliError>>()?;
    let jobs = zsks.iter().zip(&planned).map(|(key, rrsig)| (*key, rrsig.signed_data(&owner, &rdatas)));
    let mut made: Vec<Result<Vec<u8>, TokenError>> = Vec::new();
    token.sign_many(jobs, |_, signature| {
        made.push(signature);
        ControlFlow::Continue(())
    })?;
    let mut signatures = Vec::new();
    for (rrsig, signature) in planned.into_iter().zip(made) {
        let rrsig = Rrsig { signature: signature?, ..rrsig };
        signatures.push(Signature { identifier: Some(format!("zsk-{}", rrsig.key_tag)), ttl: ROOT_TTL, rrsig });
    }
    Ok(RequestBundle {
        id: Some(id),
        inception,
        expiration: Some(at(inception, 21)?),
        keys: zsks.iter().map(|key| request_key(key, ROOT_TTL, true)).collect(),
        signatures,
    })
}

fn request_key(key: &FoundKey, ttl: u32, named: bool) -> RequestKey {
    let dnskey = key.dnskey.clone();
    let tag = dnskey.key_tag();
    let identifier = named.then(|| format!("zsk-{tag}"));
    RequestKey { ttl, key: Key { identifier, declared_tag: named.then_some(tag), dnskey } }
}

fn finish(request: &Request) -> Result<Vec<u8>, CliError> {
    exchange::write_request(request).map_err(|error| CliError::internal(error.to_string()))
}
