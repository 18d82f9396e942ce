//! What a rehearsal needs: token, keys, officers, sticks, sample requests, profile.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::dns::{Algorithm, Dnskey, Duration, Name, RrType, Rrsig, Sha256Digest, Time, key_rdatas};
use crate::exchange::{
    self, Format, Key, KeyParameters, Request, RequestBundle, RequestKey, RootRequest, Signature, SignatureAlgorithm,
    SignerPolicy, Stamp,
};
use crate::quorum::{self, Argon2Parameters};
use crate::render::hex;
use crate::steps::{Pin, Role, TokenFacts, rehearsal_pin};
use crate::token::{Deadlines, FoundKey, Login, Mechanism, NewKey, Token, TokenConfig, TokenError};

use super::super::Env;
use super::super::error::CliError;

/// The profile's file.
pub(super) const PROFILE: &str = "profile.toml";
/// The record sticks.
pub(super) const RECORDS: [&str; 2] = ["RECORD-A", "RECORD-B"];
/// The request stick.
pub(super) const REQUEST: &str = "KSR";
/// Sample requests on it.
pub(super) const REQUESTS: usize = 2;

const OFFICERS: [&str; 3] = ["CO1", "CO2", "CO3"];
const THRESHOLD: u8 = 2;
const LABEL: &str = "rehearsal";
const TTL: u32 = 3600;
const ROOT_TTL: u32 = 172_800;
const ALGORITHM: Algorithm = Algorithm::EcdsaP256Sha256;
/// Slots of a request of the root zone's kind.
const SLOTS: u16 = 9;

/// The folder of a rehearsal.
pub(in crate::cli) struct Rehearsal {
    /// The profile.
    pub(in crate::cli) profile: PathBuf,
    /// The folder whose folders play sticks.
    pub(in crate::cli) sticks: PathBuf,
    /// What stands for a folder in RAM.
    pub(super) spool: PathBuf,
}

/// An officer's stick.
pub(super) fn stick(officer: &Role) -> String {
    format!("SHARE-{officer}")
}

/// The name of someone in a role.
pub(super) fn name(role: &Role) -> String {
    match role.as_str() {
        "CA" => "Ada Administrator".to_owned(),
        "IW" => "Ivo Witness".to_owned(),
        other => format!("{other} Person"),
    }
}

impl Rehearsal {
    fn at(dir: &Path) -> Self {
        Self { profile: dir.join(PROFILE), sticks: dir.join("sticks"), spool: dir.join("spool") }
    }

    /// A folder that was prepared before: its records are still there, and the next ceremony follows them.
    pub(super) fn again(dir: &Path) -> Result<Self, CliError> {
        Ok(Self::at(&dir.canonicalize().map_err(|error| failed(dir, &error))?))
    }

    /// Prepares a new folder.
    pub(super) fn prepare(dir: &Path, module: &Path, bundles: u16, env: &Env) -> Result<Self, CliError> {
        fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
        let dir = dir.canonicalize().map_err(|error| failed(dir, &error))?;
        let rehearsal = Self::at(&dir);
        for stick in RECORDS.iter().chain([&REQUEST]) {
            make(&rehearsal.sticks.join(stick))?;
        }
        let softhsm = dir.join("softhsm2.conf");
        make(&dir.join("token"))?;
        write(&softhsm, format!("directories.tokendir = {}\n", dir.join("token").display()).as_bytes())?;
        let variables = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), softhsm.display().to_string())]);
        let pin = random_pin(env)?;
        let (mut token, facts) = new_token(module, &variables, &pin, env)?;
        let keys = Keys::make(&mut token)?;
        let now = env.clock.now();
        let root = root_request(&mut token, &keys, now)?;
        write(&rehearsal.sticks.join(REQUEST).join("ksr-root-rehearsal.xml"), &root)?;
        let bind = bind_request(&keys, now, bundles)?;
        write(&rehearsal.sticks.join(REQUEST).join("ksr-example.txt"), &bind)?;
        token.close()?;
        let share_set = officers(&rehearsal.sticks, &pin, &facts, env)?;
        write(&rehearsal.profile, profile(module, &variables, &facts, &share_set, &keys).as_bytes())?;
        let pins: String = OFFICERS
            .iter()
            .filter_map(|text| Role::new(text))
            .map(|role| format!("{role}  {}\n", rehearsal_pin(&role)))
            .collect();
        write(&dir.join("PINS.txt"), pins.as_bytes())?;
        Ok(rehearsal)
    }
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::media(format!("the rehearsal cannot be prepared: {error}")).file(path.display().to_string())
}

fn make(path: &Path) -> Result<(), CliError> {
    fs::create_dir_all(path).map_err(|error| failed(path, &error))
}

fn write(path: &Path, octets: &[u8]) -> Result<(), CliError> {
    fs::write(path, octets).map_err(|error| failed(path, &error))
}

fn random_pin(env: &Env) -> Result<Pin, CliError> {
    let mut octets = zeroize::Zeroizing::new([0; 12]);
    let failed = |error: io::Error| CliError::internal(format!("there is no randomness: {error}"));
    env.entropy.fill(octets.as_mut_slice()).map_err(failed)?;
    let text = zeroize::Zeroizing::new(hex::encode(octets.as_slice()));
    Pin::from_octets(text.as_bytes()).ok_or_else(|| CliError::internal("a PIN of 24 signs does not fit"))
}

fn new_token(
    module: &Path,
    variables: &BTreeMap<String, String>,
    pin: &Pin,
    env: &Env,
) -> Result<(Token, TokenFacts), CliError> {
    let config = TokenConfig {
        program: env.program.clone(),
        module: module.to_owned(),
        env: variables.clone(),
        writable: Vec::new(),
        mechanism: Mechanism::Hashed,
        deadlines: Deadlines::default(),
    };
    let (mut token, _) = Token::start(&config)?;
    token.init(LABEL, &random_pin(env)?, pin)?;
    let tokens = token.tokens()?;
    let facts = crate::token::choose(&tokens, None, Some(LABEL))?.clone();
    token.login(&facts.serial, &Login::Pin(pin))?;
    Ok((token, facts))
}

/// The keys on the token: two KSKs, and ZSKs that a signer would have elsewhere.
struct Keys {
    root: FoundKey,
    example: FoundKey,
    zsks: Vec<FoundKey>,
}

impl Keys {
    fn make(token: &mut Token) -> Result<Self, TokenError> {
        let mut next = 0_u8;
        let mut key = |label: &str| {
            next += 1;
            token.generate(&NewKey {
                label: label.to_owned(),
                cka_id: format!("{next:02x}"),
                algorithm: ALGORITHM,
                bits: 0,
            })
        };
        let (root, example) = (key("KSK-root")?, key("KSK-example")?);
        let zsks = ["ZSK-1", "ZSK-2", "ZSK-3", "ZSK-4"].iter().map(|label| key(label));
        Ok(Self { root, example, zsks: zsks.collect::<Result<_, _>>()? })
    }

    fn zsk(&self, index: usize) -> Result<(u32, Dnskey), CliError> {
        let key = self.zsks.get(index).ok_or_else(|| CliError::internal("a ZSK is missing"))?;
        Ok((key.index, Dnskey { flags: Dnskey::ZSK, ..key.dnskey.clone() }))
    }
}

fn at(start: Time, days: u16) -> Result<Time, CliError> {
    let late = || CliError::input("the clock is past the year 2105");
    start.checked_add(Duration::from_days(days)).ok_or_else(late)
}

/// Nine bundles, ten days apart and valid for 21 days; the ZSK is rolled at both ends, as in the root zone.
fn root_request(token: &mut Token, keys: &Keys, now: Time) -> Result<Vec<u8>, CliError> {
    let midnight = Time::from_unix(i64::from(now.unix() - now.unix() % 86_400)).unwrap_or(now);
    let first = at(midnight, 1)?;
    let mut bundles = Vec::new();
    for slot in 0..SLOTS {
        let zsks: &[usize] = match slot {
            0 => &[0, 1],
            8 => &[1, 2],
            _ => &[1],
        };
        let inception = at(first, slot * 10)?;
        bundles.push(root_bundle(token, keys, zsks, slot, inception, now)?);
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
    let root = RootRequest { id: "rehearsal-1".to_owned(), serial: 1, timestamp: None, zsk_policy: policy };
    finish(&Request {
        format: Format::RootXml,
        zone: Name::root(),
        root: Some(root),
        bundles,
        stamp: None,
        notices: Vec::new(),
    })
}

fn root_bundle(
    token: &mut Token,
    keys: &Keys,
    zsks: &[usize],
    slot: u16,
    inception: Time,
    now: Time,
) -> Result<RequestBundle, CliError> {
    let owner = Name::root();
    let zsks = zsks.iter().map(|zsk| keys.zsk(*zsk)).collect::<Result<Vec<_>, _>>()?;
    let rdatas = key_rdatas(zsks.iter().map(|(_, key)| key));
    let planned: Vec<(u32, Rrsig)> = zsks
        .iter()
        .map(|(index, key)| {
            let rrsig = Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: key.algorithm,
                labels: owner.label_count(),
                original_ttl: ROOT_TTL,
                expiration: at(now, 60)?,
                inception: now,
                key_tag: key.key_tag(),
                signer: owner.clone(),
                signature: Vec::new(),
            };
            Ok((*index, rrsig))
        })
        .collect::<Result<_, CliError>>()?;
    let jobs = planned.iter().map(|(index, rrsig)| (*index, rrsig.signed_data(&owner, &rdatas)));
    let jobs: Vec<(u32, Vec<u8>)> = jobs.collect();
    let mut made: Vec<Result<Vec<u8>, TokenError>> = Vec::new();
    token.sign_many(jobs, |_, signature| {
        made.push(signature);
        ControlFlow::Continue(())
    })?;
    let mut signatures = Vec::new();
    for ((_, rrsig), signature) in planned.into_iter().zip(made) {
        let rrsig = Rrsig { signature: signature?, ..rrsig };
        signatures.push(Signature { identifier: Some(format!("zsk-{}", rrsig.key_tag)), ttl: ROOT_TTL, rrsig });
    }
    Ok(RequestBundle {
        id: Some(format!("rehearsal-1-{}", slot + 1)),
        inception,
        expiration: Some(at(inception, 21)?),
        keys: zsks.into_iter().map(|(_, key)| request_key(key, ROOT_TTL, true)).collect(),
        signatures,
    })
}

fn request_key(dnskey: Dnskey, ttl: u32, named: bool) -> RequestKey {
    let tag = dnskey.key_tag();
    let identifier = named.then(|| format!("zsk-{tag}"));
    RequestKey { ttl, key: Key { identifier, declared_tag: named.then_some(tag), dnskey } }
}

/// Bundles a month apart, with two ZSKs in every second one.
fn bind_request(keys: &Keys, now: Time, count: u16) -> Result<Vec<u8>, CliError> {
    let mut bundles = Vec::new();
    let start = at(now, 1)?;
    let apart =
        if count <= 12 { Duration::from_days(30) } else { Duration::from_seconds(360 * 86_400 / u32::from(count)) };
    let mut inception = start;
    for number in 0..count {
        let zsks = if number % 2 == 0 { vec![keys.zsk(3)?.1] } else { vec![keys.zsk(3)?.1, keys.zsk(2)?.1] };
        bundles.push(RequestBundle {
            id: None,
            inception,
            expiration: None,
            keys: zsks.into_iter().map(|key| request_key(key, TTL, false)).collect(),
            signatures: Vec::new(),
        });
        inception = inception.checked_add(apart).unwrap_or(inception);
    }
    let zone = "example.".parse().unwrap_or_else(|_| Name::root());
    let stamp = Some(Stamp { time: now, by: "claviger rehearse".to_owned() });
    finish(&Request { format: Format::Bind, zone, root: None, bundles, stamp, notices: Vec::new() })
}

fn finish(request: &Request) -> Result<Vec<u8>, CliError> {
    exchange::write_request(request).map_err(|error| CliError::internal(error.to_string()))
}

/// Splits the PIN among the officers, each share onto the officer's own stick.
fn officers(sticks: &Path, pin: &Pin, facts: &TokenFacts, env: &Env) -> Result<Sha256Digest, CliError> {
    let roles: Vec<Role> = OFFICERS.iter().filter_map(|text| Role::new(text)).collect();
    let pins: Vec<Pin> = roles.iter().filter_map(|role| Pin::from_octets(rehearsal_pin(role).as_bytes())).collect();
    let officers: Vec<(Role, &Pin)> = roles.iter().cloned().zip(&pins).collect();
    let mut entropy = |buffer: &mut [u8]| env.entropy.fill(buffer);
    let parameters = Argon2Parameters::default();
    let files = quorum::create(pin, &facts.serial, THRESHOLD, &officers, 1, parameters, &mut entropy)
        .map_err(|error| CliError::internal(error.to_string()))?;
    let mut share_set = None;
    for file in files {
        let stick = sticks.join(stick(file.officer()));
        make(&stick)?;
        write(&stick.join(file.file_name()), &file.write())?;
        share_set = Some(file.share_set());
    }
    share_set.ok_or_else(|| CliError::internal("there are no officers"))
}

fn profile(
    module: &Path,
    variables: &BTreeMap<String, String>,
    facts: &TokenFacts,
    share_set: &Sha256Digest,
    keys: &Keys,
) -> String {
    let variables: Vec<String> = variables.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    let officers = OFFICERS.map(|officer| format!("{officer:?}")).join(", ");
    let key = |name: &str, key: &FoundKey| {
        format!(
            "[zones.{name:?}.keys.current]\nlabel = {:?}\nalgorithm = \"{ALGORITHM}\"\ndnskey = \"{}\"\n",
            key.label, key.dnskey
        )
    };
    format!(
        include_str!("profile.toml"),
        module = module.display(),
        variables = variables.join(", "),
        serial = facts.serial,
        officers = officers,
        threshold = THRESHOLD,
        share_set = share_set,
        root = key(".", &keys.root),
        example = key("example.", &keys.example),
    )
}
