//! `key inventory`: what is on the token, beside what the profile says.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::error::CliError;
use super::super::input;
use super::super::json::{Report, put};
use super::super::pins::PinArgs;
use super::super::text::Text;
use super::super::{Done, Env, Run, hsm};
use crate::dns::{Dnskey, Name};
use crate::profile::{Profile, ZoneKey};
use crate::render::{Column, Table, escape, hex};
use crate::token::FoundKey;

/// List the keys on the token, and which of them the profile has
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The ceremony profile
    #[arg(long, value_name = "P.toml")]
    profile: PathBuf,
    #[command(flatten)]
    pins: PinArgs,
}

impl Run for Args {
    fn run(&self, env: &Env, report: &mut Report) -> Result<Done, CliError> {
        let profile = input::profile(&self.profile, report)?;
        let mut open = hsm::open(&profile, &self.pins, env)?;
        let inventory = open.token.inventory()?;
        let facts = open.facts;
        // All has been read; whether the token can be closed in order changes nothing of that.
        let _ = open.token.close();

        let mut text = Text::default();
        text.line(format!(
            "Token {} (serial {}), {} keys",
            escape(&facts.label, 40),
            facts.serial,
            inventory.keys.len()
        ));
        text.blank();
        let mut columns = vec![Column::right("Tag")];
        columns.extend(["Algorithm", "Bits", "Label", "CKA_ID", "In the profile"].map(Column::left));
        let mut table = Table::new(columns);
        let mut keys = Vec::new();
        for key in &inventory.keys {
            let known = known(&profile, key);
            // An RSA key on a token does not know its algorithm; the profile does.
            let without_line = |known: &ZoneKey| Dnskey::ksk(known.algorithm, key.dnskey.key.clone());
            let of_profile = known.map(|(_, known)| known.dnskey.clone().unwrap_or_else(|| without_line(known)));
            let dnskey = of_profile.unwrap_or_else(|| key.dnskey.clone());
            table.push(row(key, &dnskey, known));
            keys.push(value(key, &dnskey, known));
        }
        text.lines(table.lines());
        text.lines(inventory.others.iter().map(|other| format!("not for DNSSEC: {}", escape(other, 200))));
        let absent: Vec<String> = absent(&profile, &inventory.keys);
        text.lines(absent.iter().map(|key| format!("in the profile, but not on the token: {key}")));
        report.put("token_serial", facts.serial);
        report.put("keys", keys);
        report.put("others", inventory.others);
        report.put("absent", absent);
        Ok(Done { good: true, text: text.finish() })
    }
}

/// The profile's key that this one is.
fn known<'a>(profile: &'a Profile, found: &FoundKey) -> Option<(&'a Name, &'a ZoneKey)> {
    let mut keys = profile.zones.values().flat_map(|zone| zone.keys.values().map(|key| (&zone.name, key)));
    keys.find(|(_, key)| is(key, found))
}

/// Whether the token's key has the public key of the profile's; without one there, the names by which it would be used.
fn is(key: &ZoneKey, found: &FoundKey) -> bool {
    match &key.dnskey {
        Some(dnskey) => dnskey.key == found.dnskey.key,
        None => {
            key.label == found.label
                && key.cka_id.as_deref().is_none_or(|id| hex::encode(id) == found.cka_id)
                && found
                    .dnskey
                    .algorithm
                    .known()
                    .is_some_and(|other| other == key.algorithm || other.is_rsa() && key.algorithm.is_rsa())
        }
    }
}

fn row(key: &FoundKey, dnskey: &Dnskey, known: Option<(&Name, &ZoneKey)>) -> [String; 6] {
    let id = if key.cka_id.is_empty() { "-".to_owned() } else { escape(&key.cka_id, 40) };
    [
        dnskey.key_tag().to_string(),
        dnskey.algorithm.to_string(),
        dnskey.bits().map_or_else(|| "-".to_owned(), |bits| bits.to_string()),
        escape(&key.label, 40),
        id,
        known.map_or_else(
            || "-".to_owned(),
            |(zone, key)| {
                let lacks = if key.dnskey.is_none() { ", no dnskey line yet" } else { "" };
                format!("{zone} {}{lacks}", key.name)
            },
        ),
    ]
}

fn value(key: &FoundKey, dnskey: &Dnskey, known: Option<(&Name, &ZoneKey)>) -> Value {
    let mut value = json!({
        "key_tag": dnskey.key_tag(), "algorithm": dnskey.algorithm.0, "bits": dnskey.bits(), "label": key.label,
        "cka_id": key.cka_id, "dnskey": dnskey.to_string(),
    });
    put(&mut value, "zone", known.map(|(zone, _)| zone.to_string()));
    put(&mut value, "name", known.map(|(_, key)| key.name.clone()));
    put(&mut value, "dnskey_in_profile", known.map(|(_, key)| key.dnskey.is_some()));
    value
}

/// Keys of the profile that are not on the token; those that are not made yet are among them.
fn absent(profile: &Profile, found: &[FoundKey]) -> Vec<String> {
    let keys = profile.zones.values().flat_map(|zone| zone.keys.values().map(move |key| (zone, key)));
    let absent = keys.filter(|(_, key)| !found.iter().any(|found| is(key, found)));
    absent.map(|(zone, key)| format!("{} {} (label {})", zone.name, key.name, key.label)).collect()
}
