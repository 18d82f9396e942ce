//! `key generate`: make the key that the profile names.

use std::path::PathBuf;

use serde_json::json;

use super::super::error::CliError;
use super::super::input;
use super::super::json::Report;
use super::super::pins::PinArgs;
use super::super::text::{self, Text};
use super::super::{Done, Env, Run, hsm};
use crate::dns::{DigestType, Dnskey, Name};
use crate::profile::{Profile, Zone, ZoneKey};
use crate::render::{escape, hex};
use crate::token::{NewKey, TokenError};

/// Bits of an RSA key where none are named.
const RSA_BITS: u32 = 2048;
/// What to know when a key cannot be used though it was made.
const MADE: &str = "the key is on the token all the same, under its label: do not use it";
/// Octets of a CKA_ID that the profile leaves open.
const ID_OCTETS: usize = 16;

/// Make a key pair on the token: sensitive, not extractable, for signing only
///
/// The profile names zone and key, with label, algorithm and perhaps CKA_ID, and
/// has no `dnskey` for it yet. Prints the DNSKEY, its DS, its fingerprint in hex
/// and words, and the line `dnskey = "..."` to be added to the profile. A key
/// whose label or CKA_ID is taken on the token is not made.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Args {
    /// The ceremony profile
    #[arg(long, value_name = "P.toml")]
    profile: PathBuf,
    /// The zone, as the profile names it
    #[arg(long)]
    zone: Name,
    /// The key's name in the profile
    #[arg(long, value_name = "KEY")]
    name: String,
    /// Bits of an RSA key [default: 2048]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1024..=4096))]
    bits: Option<u32>,
    #[command(flatten)]
    pins: PinArgs,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let profile = input::profile(&self.profile, report)?;
        let (zone, key) = self.choose(&profile)?;
        let new = self.new_key(key, env)?;
        let mut open = hsm::open(&profile, &self.pins, env)?;
        let made = open.token.generate(&new).map_err(|error| {
            let unknown = matches!(error, TokenError::Died { .. } | TokenError::TimedOut { .. });
            let error = CliError::from(error);
            let advice = "it is unknown whether the key was made; `claviger key inventory` tells";
            if unknown { error.advice(advice) } else { error }
        })?;
        let usable = made.check();
        let fault = made.dnskey.check().err();
        let facts = open.facts;
        // The key is made; whether the token can be closed in order changes nothing of that.
        let _ = open.token.close();
        usable.map_err(|error| CliError::from(error).advice(MADE))?;
        if let Some(fault) = fault {
            let error = CliError::token("the token made a key that DNSSEC cannot use").field(key.label.clone());
            return Err(error.expected(key.algorithm.to_string()).found(fault.to_string()).advice(MADE));
        }
        report.put(
            "key",
            json!({
                "zone": zone.name.to_string(), "name": key.name, "label": made.label, "cka_id": made.cka_id,
                "token_serial": facts.serial, "key_tag": made.dnskey.key_tag(),
                "dnskey": made.dnskey.to_string(), "ds": made.dnskey.ds(&zone.name, DigestType::Sha256).to_string(),
                "sha256": made.dnskey.fingerprint(&zone.name).to_string(),
            }),
        );
        let mut text = Text::default();
        let token = (escape(&facts.label, 40), escape(&facts.serial, 40));
        text.line(format!("Key {} of {} was made on token {} (serial {}).", key.name, zone.name, token.0, token.1));
        text.blank();
        text.fact("label", escape(&made.label, 80));
        text.fact("CKA_ID", escape(&made.cka_id, 140));
        describe(&mut text, zone, &made.dnskey);
        text.blank();
        text.line(format!("Add this line to [zones.\"{}\".keys.{}] of the profile:", zone.name, key.name));
        text.line(format!("dnskey = \"{}\"", made.dnskey));
        Ok(Done { good: true, text: text.finish() })
    }
}

fn describe(text: &mut Text, zone: &Zone, key: &Dnskey) {
    text::key(text, &zone.name, key);
    text.blank();
    text.line(format!("{} {} IN DNSKEY {key}", zone.name, zone.policy.ttl));
}

impl Args {
    fn choose<'a>(&self, profile: &'a Profile) -> Result<(&'a Zone, &'a ZoneKey), CliError> {
        let file = input::whole(&self.profile);
        let missing = |field: &str, known: Vec<String>, found: String| {
            let error = CliError::usage("the profile does not have it").file(&file).field(field);
            error.expected(format!("one of {}", known.join(", "))).found(found).advice("add it to the profile first")
        };
        let zone = profile.zone(&self.zone).ok_or_else(|| {
            missing("--zone", profile.zones.keys().map(ToString::to_string).collect(), self.zone.to_string())
        })?;
        let key = zone
            .keys
            .get(&self.name)
            .ok_or_else(|| missing("--name", zone.keys.keys().cloned().collect(), escape(&self.name, 80)))?;
        if let Some(dnskey) = &key.dnskey {
            let error = CliError::usage("the profile says that this key was made already").file(&file).field("--name");
            let error = error.expected("a key without dnskey").found(format!("key tag {}", dnskey.key_tag()));
            return Err(error.advice("give the new key a name and label of its own"));
        }
        if self.bits.is_some() && !key.algorithm.is_rsa() {
            let error = CliError::usage("only an RSA key has a size to choose").field("--bits");
            return Err(error.expected("no size").found(key.algorithm.to_string()).advice("leave it out"));
        }
        Ok((zone, key))
    }

    fn new_key(&self, key: &ZoneKey, env: &Env) -> Result<NewKey, CliError> {
        let cka_id = match &key.cka_id {
            Some(id) => hex::encode(id),
            None => {
                let mut id = [0; ID_OCTETS];
                let failed = |error| CliError::internal(format!("there are no random octets: {error}"));
                env.entropy.fill(&mut id).map_err(failed)?;
                hex::encode(&id)
            }
        };
        let bits = if key.algorithm.is_rsa() { self.bits.unwrap_or(RSA_BITS) } else { 0 };
        Ok(NewKey { label: key.label.clone(), cka_id, algorithm: key.algorithm, bits })
    }
}
