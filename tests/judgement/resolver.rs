//! A validating resolver that follows the root's keys by RFC 5011, as little as it takes.

use std::collections::BTreeMap;

use claviger::dns::{Dnskey, Name, RrType, Time, verify};
use claviger::exchange::ResponseBundle;

/// The hold-down of an addition, and of a removal, in seconds (RFC 5011, sections 2.3, 2.4.1 and 4.2).
pub const HOLD_DOWN: i64 = 30 * 86_400;

/// The state of a trust anchor (RFC 5011, section 4.2); `Start` is not to be there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Seen since, and not yet trusted.
    AddPend(Time),
    /// Trusted.
    Valid,
    /// Trusted, and not in the RRset.
    Missing,
    /// Revoked since.
    Revoked(Time),
    /// Forgotten for good.
    Removed,
}

/// The resolver's trust anchors, by public key: with and without the REVOKE bit a key is the same.
pub struct Resolver {
    anchors: BTreeMap<Vec<u8>, State>,
}

impl Resolver {
    /// A resolver that was configured with one key.
    pub fn trusting(key: &Dnskey) -> Self {
        Self { anchors: BTreeMap::from([(key.key.clone(), State::Valid)]) }
    }

    /// The state of a key; none for one that was never seen, or not long enough.
    pub fn state(&self, key: &Dnskey) -> Option<State> {
        self.anchors.get(&key.key).copied()
    }

    /// Asks for the DNSKEY RRset when this bundle is served; whether a trusted key vouches for it.
    pub fn query(&mut self, now: Time, bundle: &ResponseBundle) -> bool {
        let keys: Vec<&Dnskey> = bundle.keys().iter().map(|key| &key.dnskey).collect();
        for key in keys.iter().filter(|key| key.is_revoked() && signs(key, bundle, now)) {
            // A key may always revoke itself; no other key is asked (RFC 5011, section 2.1).
            if let Some(state @ (State::Valid | State::Missing)) = self.anchors.get_mut(&key.key) {
                *state = State::Revoked(now);
            }
        }
        let trusted = |key: &Dnskey| {
            !key.is_revoked() && matches!(self.anchors.get(&key.key), Some(State::Valid | State::Missing))
        };
        if !keys.iter().any(|key| trusted(key) && signs(key, bundle, now)) {
            return false;
        }
        let present = |key: &[u8]| keys.iter().any(|other| other.is_sep() && !other.is_revoked() && other.key == key);
        self.anchors.retain(|key, state| present(key) || !matches!(state, State::AddPend(_)));
        for (key, state) in &mut self.anchors {
            *state = match *state {
                State::AddPend(since) if now.seconds_since(since) >= HOLD_DOWN => State::Valid,
                State::Valid if !present(key) => State::Missing,
                State::Missing if present(key) => State::Valid,
                State::Revoked(since) if now.seconds_since(since) >= HOLD_DOWN => State::Removed,
                state => state,
            };
        }
        for key in keys.iter().filter(|key| key.is_sep() && !key.is_revoked()) {
            self.anchors.entry(key.key.clone()).or_insert(State::AddPend(now));
        }
        true
    }
}

/// Whether a key's signature over the bundle's DNSKEY RRset is valid now.
fn signs(key: &Dnskey, bundle: &ResponseBundle, now: Time) -> bool {
    let set = bundle.set(RrType::Dnskey).expect("a DNSKEY RRset");
    let rdatas = set.records.rdatas();
    set.signatures.iter().map(|signature| &signature.rrsig).any(|rrsig| {
        let in_time = rrsig.inception <= now && now < rrsig.expiration;
        let data = rrsig.signed_data(&Name::root(), &rdatas);
        in_time && rrsig.key_tag == key.key_tag() && verify(key, &data, &rrsig.signature).is_ok()
    })
}
