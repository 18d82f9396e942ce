//! What a rehearsal needs: token, keys, officers, sticks, sample requests, profile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::dns::{Dnskey, Duration, Sha256Digest};
use crate::profile::{self, HashIn, Hsm, LoginKind};
use crate::quorum::{self, Argon2Parameters, Assembly, MAX_FILE_OCTETS, ShareFile};
use crate::render::hex;
use crate::steps::{Pin, Role, TokenFacts, rehearsal_pin};
use crate::token::{FoundKey, Login, NewKey, Token, TokenConfig, TokenError};

use super::super::Env;
use super::super::error::CliError;
use super::super::input;
use super::requests::{ALGORITHM, Series, Zsks};

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
/// The sample requests, and the responses that a rehearsal leaves beside them.
const ROOT_REQUEST: &str = "ksr-root-rehearsal.xml";
const BIND_REQUEST: &str = "ksr-example.txt";
const RESPONSES: [&str; 2] = ["REHEARSAL-skr-root-rehearsal.xml", "REHEARSAL-skr-example.txt"];

/// The software token of a rehearsal.
pub(in crate::cli) struct SoftToken {
    /// SoftHSM2.
    pub(in crate::cli) module: PathBuf,
    /// Its configuration, where it has one; otherwise configuration and token are made in the rehearsal's folder.
    pub(in crate::cli) conf: Option<PathBuf>,
}

impl SoftToken {
    /// The token as a profile has it: its host writes where the token lies, and nowhere else.
    fn hsm(&self, dir: &Path) -> Result<Hsm, CliError> {
        let (conf, tokens) = match &self.conf {
            Some(conf) => (conf.clone(), conf.with_file_name("")),
            None => {
                let (conf, tokens) = (dir.join("softhsm2.conf"), dir.join("token"));
                make(&tokens)?;
                write(&conf, format!("directories.tokendir = {}\n", tokens.display()).as_bytes())?;
                (conf, tokens)
            }
        };
        Ok(Hsm {
            module: self.module.clone(),
            token_label: Some(LABEL.to_owned()),
            token_serial: None,
            login: LoginKind::Shares,
            env: BTreeMap::from([("SOFTHSM2_CONF".to_owned(), conf.display().to_string())]),
            mechanism: HashIn::Token,
            writable: vec![tokens],
            sign_within: Duration::from_seconds(30),
        })
    }
}

/// The folder of a rehearsal.
pub(in crate::cli) struct Rehearsal {
    /// The folder itself; all that a rehearsal writes lies in it.
    pub(super) folder: PathBuf,
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
    /// The parts of such a folder.
    pub(super) fn at(dir: &Path) -> Self {
        Self {
            folder: dir.to_owned(),
            profile: dir.join(PROFILE),
            sticks: dir.join("sticks"),
            spool: dir.join("spool"),
        }
    }

    /// A folder that was prepared before: its records are still there, and the next ceremony follows them.
    pub(super) fn again(dir: &Path) -> Result<Self, CliError> {
        Ok(Self::at(&dir.canonicalize().map_err(|error| failed(dir, &error))?))
    }

    /// Prepares a new folder.
    pub(super) fn prepare(dir: &Path, soft: &SoftToken, bundles: u16, env: &Env) -> Result<Self, CliError> {
        fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
        let dir = dir.canonicalize().map_err(|error| failed(dir, &error))?;
        let rehearsal = Self::at(&dir);
        for stick in RECORDS.iter().chain([&REQUEST]) {
            make(&rehearsal.sticks.join(stick))?;
        }
        let hsm = soft.hsm(&dir)?;
        let (pin, mut token, facts, keys) = token_with_keys(&hsm, env)?;
        let now = env.clock.now();
        rehearsal.request(&Series::begin(now, bundles)?, &keys.zsks, &mut token, env)?;
        token.close()?;
        let share_set = officers(&rehearsal.sticks, &pin, &facts, env)?;
        write(&rehearsal.profile, profile(&hsm, &facts, &share_set, &keys, bundles).as_bytes())?;
        let pins: String = OFFICERS
            .iter()
            .filter_map(|text| Role::new(text))
            .map(|role| format!("{role}  {}\n", rehearsal_pin(&role)))
            .collect();
        write(&dir.join("PINS.txt"), pins.as_bytes())?;
        Ok(rehearsal)
    }

    /// The zones' operators take what was answered off their stick, and bring the requests that follow.
    pub(super) fn renew(&self, env: &Env) -> Result<(), CliError> {
        let stick = self.sticks.join(REQUEST);
        if !RESPONSES.iter().all(|name| stick.join(name).is_file()) {
            return Ok(());
        }
        let read = |name: &str| input::file(&stick.join(name), input::MAX_DOCUMENT);
        let series = Series::after(&read(ROOT_REQUEST)?, &read(BIND_REQUEST)?)?;
        let mut token = self.open(env)?;
        let zsks = Zsks::find(&mut token)?;
        let answered = self.answered(series.number() - 1);
        make(&answered)?;
        for name in RESPONSES.iter().chain([&ROOT_REQUEST, &BIND_REQUEST]) {
            fs::rename(stick.join(name), answered.join(name)).map_err(|error| failed(&stick.join(name), &error))?;
        }
        self.request(&series, &zsks, &mut token, env)?;
        Ok(token.close()?)
    }

    /// Where the operators keep their requests and responses.
    fn answered(&self, number: u32) -> PathBuf {
        self.profile.with_file_name("answered").join(number.to_string())
    }

    fn request(&self, series: &Series, zsks: &Zsks, token: &mut Token, env: &Env) -> Result<(), CliError> {
        let (stick, now) = (self.sticks.join(REQUEST), env.clock.now());
        write(&stick.join(ROOT_REQUEST), &series.root(token, zsks, now)?)?;
        write(&stick.join(BIND_REQUEST), &series.bind(zsks, now)?)
    }

    /// Opens the token with the officers' shares, as its PIN stands nowhere.
    fn open(&self, env: &Env) -> Result<Token, CliError> {
        let refused = |error| CliError::quorum("the officers' shares", &error);
        let profile = profile::read(&input::file(&self.profile, profile::MAX_OCTETS)?);
        let profile = profile.map_err(|error| CliError::profile(&input::whole(&self.profile), error))?;
        let foreign = || CliError::input("this is not the profile of a rehearsal").file(input::whole(&self.profile));
        let (quorum, serial) = profile.quorum.as_ref().zip(profile.hsm.token_serial.as_ref()).ok_or_else(foreign)?;
        let mut assembly = Assembly::new(quorum.share_set, quorum.threshold, serial);
        for officer in quorum.officers.iter().take(usize::from(quorum.threshold)) {
            let path = self.sticks.join(stick(officer)).join(format!("share-{officer}.json"));
            let share = ShareFile::read(&input::file(&path, MAX_FILE_OCTETS)?).map_err(refused)?;
            let pin = Pin::from_octets(rehearsal_pin(officer).as_bytes()).ok_or_else(foreign)?;
            assembly.add(share.open(&pin).map_err(refused)?).map_err(refused)?;
        }
        let mut token = start(&profile.hsm, env)?;
        token.login(serial, &Login::Pin(&assembly.unseal().map_err(refused)?))?;
        Ok(token)
    }
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    CliError::media(format!("the rehearsal cannot be prepared: {error}")).file(input::whole(path))
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

fn start(hsm: &Hsm, env: &Env) -> Result<Token, CliError> {
    Ok(Token::start(&TokenConfig::of(hsm, env.hosts.clone()))?.0)
}

/// A new token with its keys, and its PIN.
///
/// A ceremony refuses keys that share a tag. Where chance has drawn such keys, all are drawn again on another token: a
/// key that was made stays on its token, and the token stays beside the other one.
fn token_with_keys(hsm: &Hsm, env: &Env) -> Result<(Pin, Token, TokenFacts, Keys), CliError> {
    const DRAWS: usize = 8; // keys of one tag come once in a thousand draws
    for draw in 1..=DRAWS {
        let label = if draw == 1 { LABEL.to_owned() } else { format!("{LABEL}-{draw}") };
        let pin = random_pin(env)?;
        let (mut token, facts) = new_token(hsm, &label, &pin, env)?;
        let keys = Keys::make(&mut token)?;
        if tags_differ(keys.all()) {
            return Ok((pin, token, facts, keys));
        }
        token.close()?;
    }
    Err(CliError::token("every draw of keys had two that share a tag").advice("try again"))
}

/// Whether each key has a tag of its own, and one of its own should it be revoked.
fn tags_differ<'a>(mut keys: impl Iterator<Item = &'a Dnskey>) -> bool {
    let mut tags = BTreeSet::new();
    keys.all(|key| tags.insert(key.key_tag()) && tags.insert(key.revoked().key_tag()))
}

fn new_token(hsm: &Hsm, label: &str, pin: &Pin, env: &Env) -> Result<(Token, TokenFacts), CliError> {
    let mut token = start(hsm, env)?;
    token.init(label, &random_pin(env)?, pin)?;
    let tokens = token.tokens()?;
    let facts = crate::token::choose(&tokens, None, Some(label))?.clone();
    token.login(&facts.serial, &Login::Pin(pin))?;
    Ok((token, facts))
}

/// The keys on the token: two KSKs, and ZSKs that a signer would have elsewhere.
struct Keys {
    root: FoundKey,
    example: FoundKey,
    zsks: Zsks,
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
        Ok(Self { root, example, zsks: Zsks::make(key)? })
    }

    fn all(&self) -> impl Iterator<Item = &Dnskey> {
        [&self.root.dnskey, &self.example.dnskey].into_iter().chain(self.zsks.dnskeys())
    }
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

/// Octets of the largest document: what a profile allows that says nothing, or more where more bundles need it, in the
/// request and in the response that the next rehearsal goes on from.
fn document_bytes(bundles: u16) -> usize {
    const BUNDLE: usize = 4 << 10; // of a response, with room to spare
    (usize::from(bundles) * BUNDLE).clamp(1 << 20, input::MAX_DOCUMENT)
}

fn profile(hsm: &Hsm, facts: &TokenFacts, share_set: &Sha256Digest, keys: &Keys, bundles: u16) -> String {
    let variables: Vec<String> = hsm.env.iter().map(|(name, value)| format!("{name} = {value:?}")).collect();
    let writable: Vec<String> = hsm.writable.iter().map(|path| format!("{path:?}")).collect();
    let officers = OFFICERS.map(|officer| format!("{officer:?}")).join(", ");
    let key = |name: &str, key: &FoundKey| {
        format!(
            "[zones.{name:?}.keys.current]\nlabel = {:?}\nalgorithm = \"{ALGORITHM}\"\ndnskey = \"{}\"\n",
            key.label, key.dnskey
        )
    };
    format!(
        include_str!("profile.toml"),
        module = hsm.module.display(),
        variables = variables.join(", "),
        writable = writable.join(", "),
        serial = facts.serial,
        officers = officers,
        threshold = THRESHOLD,
        share_set = share_set,
        document_bytes = document_bytes(bundles),
        root = key(".", &keys.root),
        example = key("example.", &keys.example),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Algorithm;

    fn key(octets: [u8; 4]) -> Dnskey {
        Dnskey::ksk(Algorithm::Ed25519, octets.to_vec())
    }

    #[test]
    fn the_profile_takes_the_documents_of_all_its_bundles() {
        assert_eq!(document_bytes(3), 1 << 20);
        assert_eq!(document_bytes(10_000), 40_960_000);
        assert!(document_bytes(u16::MAX) <= input::MAX_DOCUMENT);
    }

    #[test]
    fn keys_that_share_a_tag_are_seen_plain_and_revoked() {
        let (one, same) = (key([1, 2, 3, 4]), key([3, 4, 1, 2])); // a tag is a sum of words
        assert_eq!(one.key_tag(), same.key_tag());
        let like_revoked = key([1, 2, 3, 4 + 128]);
        assert_eq!(one.revoked().key_tag(), like_revoked.key_tag());
        assert!(tags_differ([&one, &key([1, 2, 3, 5])].into_iter()));
        assert!(!tags_differ([&one, &same].into_iter()));
        assert!(!tags_differ([&one, &like_revoked].into_iter()));
    }
}
