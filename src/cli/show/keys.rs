//! The keys of a profile, as parents and resolvers take them.

use std::path::Path;

use serde_json::{Value, json};

use crate::dns::{DigestType, Dnskey, Name};
use crate::exchange::{TrustAnchor, write_trust_anchors};
use crate::profile::{Profile, ZoneKey};

use super::super::error::CliError;
use super::super::json::Report;
use super::super::text::{self, Text};
use super::super::{Done, input};
use super::Args;

/// A key that the profile has in full.
struct Chosen<'a> {
    zone: &'a Name,
    key: &'a ZoneKey,
    dnskey: &'a Dnskey,
}

/// A key that the profile names alone, and its zone.
type Named<'a> = (&'a Name, &'a ZoneKey);

/// Shows the keys that the arguments choose.
pub(super) fn show(path: &Path, args: &Args, report: &mut Report) -> Result<Done, CliError> {
    let profile = input::profile(path, report)?;
    let file = input::whole(path);
    let (keys, named) = choose(&profile, args, &file)?;
    if args.trust_anchor_xml {
        let anchors = keys.iter().map(|key| anchor(key, &file)).collect::<Result<Vec<_>, _>>()?;
        let xml = write_trust_anchors(&anchors);
        report.put("trust_anchor_xml", xml.as_str());
        return Ok(Done { good: true, text: xml });
    }
    let mut text = Text::default();
    for key in &keys {
        text.blank();
        write(&mut text, key);
    }
    if !named.is_empty() {
        text.blank();
        text.lines(named.iter().map(lacking));
    }
    report.put("keys", keys.iter().map(value).collect::<Vec<_>>());
    let names = |(zone, key): &Named<'_>| json!({"zone": zone.to_string(), "name": key.name, "label": key.label});
    report.put("incomplete", named.iter().map(names).collect::<Vec<_>>());
    Ok(Done { good: true, text: text.finish() })
}

/// The keys asked for; without names, all of the zone or the profile, and apart those that have no `dnskey` yet.
fn choose<'a>(profile: &'a Profile, args: &Args, file: &str) -> Result<(Vec<Chosen<'a>>, Vec<Named<'a>>), CliError> {
    // The root alone has trust anchors of its own; everybody else hands a DS to the parent.
    let root = args.trust_anchor_xml.then(Name::root);
    if let Some(zone) = args.zone.as_ref().filter(|zone| root.as_ref().is_some_and(|root| root != *zone)) {
        let error = CliError::usage("only the root zone has trust anchors in XML").field("--zone");
        let error = error.expected("the zone `.`").found(zone.to_string());
        return Err(error.advice("give the DS records to the parent; without --trust-anchor-xml they are shown"));
    }
    let wanted = args.zone.as_ref().or(root.as_ref());
    let zones: Vec<_> =
        profile.zones.values().filter(|zone| wanted.is_none_or(|wanted| zone.name == *wanted)).collect();
    if zones.is_empty() {
        let known = profile.zones.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let error = CliError::usage("the profile has no such zone").file(file).field("--zone").expected(known);
        let found = wanted.map_or_else(String::new, ToString::to_string);
        return Err(error.found(found).advice("choose a zone of the profile"));
    }
    let known = || zones.iter().flat_map(|zone| zone.keys.keys()).cloned().collect::<Vec<_>>().join(", ");
    for name in &args.key {
        if !zones.iter().any(|zone| zone.keys.contains_key(name)) {
            let error = CliError::usage("the profile has no such key").file(file).field("--key");
            return Err(error.expected(known()).found(name).advice("choose a key of the zone"));
        }
    }
    let keys = zones.iter().flat_map(|zone| zone.keys.values().map(|key| (&zone.name, key)));
    let keys = keys.filter(|(_, key)| args.key.is_empty() || args.key.contains(&key.name));
    let (mut chosen, mut named) = (Vec::new(), Vec::new());
    for (zone, key) in keys {
        match &key.dnskey {
            Some(dnskey) => chosen.push(Chosen { zone, key, dnskey }),
            None if args.key.is_empty() => named.push((zone, key)),
            None => return Err(incomplete(file, key, "dnskey", "generate the key and add the line that is printed")),
        }
    }
    if chosen.is_empty() {
        let error =
            CliError::input("no key of the profile is there in full").file(file).expected("a key with `dnskey`");
        let found = named.iter().map(lacking).collect::<Vec<_>>().join("; ");
        return Err(error.found(found).advice("generate the key and add the line that is printed"));
    }
    Ok((chosen, named))
}

fn lacking((zone, key): &Named<'_>) -> String {
    format!("{} of {zone}, label {}: no dnskey line yet", key.name, key.label)
}

fn incomplete(file: &str, key: &ZoneKey, field: &str, advice: &str) -> CliError {
    let error = CliError::input(format!("key {} lacks what is to be shown", key.name)).file(file);
    error.field(field).expected(format!("`{field}` of the key")).found("nothing").advice(advice)
}

fn anchor(chosen: &Chosen<'_>, file: &str) -> Result<TrustAnchor, CliError> {
    let key = chosen.key;
    let valid_from = key.valid_from.ok_or_else(|| {
        incomplete(file, key, "valid-from", "an anchor is valid from a time on: add it, or choose keys with --key")
    })?;
    let dnskey = chosen.dnskey.clone();
    Ok(TrustAnchor { id: key.label.clone(), dnskey, valid_from, valid_until: key.valid_until })
}

/// Its DS records, the strongest digest last.
fn digests(chosen: &Chosen<'_>) -> [String; 2] {
    [DigestType::Sha256, DigestType::Sha384].map(|digest| chosen.dnskey.ds(chosen.zone, digest).to_string())
}

fn write(text: &mut Text, chosen: &Chosen<'_>) {
    let Chosen { zone, key, dnskey } = chosen;
    text.fact("key", format!("{} of {zone}, label {}", key.name, key.label));
    text.fact(text::kind(dnskey), format!("tag {}, algorithm {}", dnskey.key_tag(), text::algorithm(dnskey)));
    let tag = dnskey.revoked().key_tag();
    text.fact("revoked", format!("tag {tag}"));
    let digests = digests(chosen);
    for (rr_type, rdatas) in [("DS", digests.as_slice()), ("CDS", &digests)] {
        text.lines(rdatas.iter().map(|rdata| format!("{zone} IN {rr_type} {rdata}")));
    }
    text.lines(["DNSKEY", "CDNSKEY"].map(|rr_type| format!("{zone} IN {rr_type} {dnskey}")));
    text.digest("SHA-256", &dnskey.fingerprint(zone));
}

fn value(chosen: &Chosen<'_>) -> Value {
    let Chosen { zone, key, dnskey } = chosen;
    json!({
        "zone": zone.to_string(), "name": key.name, "label": key.label, "key_tag": dnskey.key_tag(),
        "revoked_key_tag": dnskey.revoked().key_tag(), "algorithm": dnskey.algorithm.0, "bits": dnskey.bits(),
        "dnskey": dnskey.to_string(), "cdnskey": dnskey.to_string(), "ds": digests(chosen), "cds": digests(chosen),
        "sha256": dnskey.fingerprint(zone).to_string(),
    })
}
