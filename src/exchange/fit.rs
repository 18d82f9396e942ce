//! Whether a model fits its format: what writers ask before they write, so that readers take what was written.

use thiserror::Error;

use super::field::{self, excerpt};
use super::{
    Format, Key, MAX_BUNDLES, MAX_ITEMS, MAX_RDATA, MAX_TEXT, Records, Request, RequestBundle, Response,
    ResponseBundle, Signature, SignedSet, SignerPolicy, Stamp,
};
use crate::dns::{Dnskey, RrType};

/// Why a document cannot be written.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum WriteError {
    /// The format needs what the model does not have.
    #[error("{place}: expected {field}, which {format} files have; found none")]
    Missing {
        /// The format.
        format: Format,
        /// Where it should stand.
        place: String,
        /// What is missing.
        field: &'static str,
    },
    /// The format cannot hold what the model has.
    #[error("{place}: expected {expected} in {format} files; found {found}")]
    Unfit {
        /// The format.
        format: Format,
        /// Where it stands.
        place: String,
        /// What could be written.
        expected: String,
        /// What stands there.
        found: String,
    },
}

impl WriteError {
    pub(super) fn missing(format: Format, place: impl Into<String>, field: &'static str) -> Self {
        Self::Missing { format, place: place.into(), field }
    }
}

/// Checks a request before it is written.
pub(super) fn request(request: &Request) -> Result<(), WriteError> {
    let fit = Fit { format: request.format, place: "request".to_owned(), planned: false };
    fit.count("bundles", request.bundles.len(), MAX_BUNDLES)?;
    if request.format == Format::RootXml {
        let root = request.root.as_ref().ok_or_else(|| fit.missing("id, serial and policy"))?;
        fit.text(Some(&root.id))?;
        fit.policy(&root.zsk_policy)?;
    } else {
        fit.stamp(request.stamp.as_ref())?;
    }
    let order = request.bundles.is_sorted_by(|a, b| {
        a.inception < b.inception || request.format == Format::RootXml && a.inception == b.inception
    });
    if !order {
        return Err(fit.unfit("bundles in the order of their inceptions", "another order"));
    }
    let mut bundles = request.bundles.iter().enumerate();
    bundles.try_for_each(|(index, bundle)| fit.bundle(index).request_bundle(bundle))
}

/// Checks a response before it is written; with `planned`, one whose signatures are still to be made.
pub(super) fn response(response: &Response, planned: bool) -> Result<(), WriteError> {
    let fit = Fit { format: response.format, place: "response".to_owned(), planned };
    fit.count("bundles", response.bundles.len(), MAX_BUNDLES)?;
    if response.format == Format::RootXml {
        let root = response.root.as_ref().ok_or_else(|| fit.missing("id, serial and policies"))?;
        fit.text(Some(&root.id))?;
        fit.policy(&root.ksk_policy)?;
        fit.policy(&root.zsk_policy)?;
    } else {
        fit.stamp(response.stamp.as_ref())?;
    }
    let mut bundles = response.bundles.iter().enumerate();
    bundles.try_for_each(|(index, bundle)| fit.bundle(index).response_bundle(bundle))
}

struct Fit {
    format: Format,
    place: String,
    /// Whether the octets of signatures are still to come.
    planned: bool,
}

impl Fit {
    fn bundle(&self, index: usize) -> Self {
        Self { place: format!("bundle {}", index + 1), ..*self }
    }

    fn missing(&self, field: &'static str) -> WriteError {
        WriteError::missing(self.format, self.place.as_str(), field)
    }

    fn unfit(&self, expected: impl Into<String>, found: impl Into<String>) -> WriteError {
        let (expected, found) = (expected.into(), found.into());
        WriteError::Unfit { format: self.format, place: self.place.clone(), expected, found }
    }

    fn count(&self, what: &str, count: usize, max: usize) -> Result<(), WriteError> {
        if (1..=max).contains(&count) {
            return Ok(());
        }
        Err(self.unfit(format!("1 to {max} {what}"), count.to_string()))
    }

    /// An identifier, which only the root zone's format has.
    fn text(&self, text: Option<&String>) -> Result<(), WriteError> {
        if self.format != Format::RootXml {
            return Ok(());
        }
        let text = text.ok_or_else(|| self.missing("an identifier"))?;
        if field::is_identifier(text) {
            return Ok(());
        }
        let expected = format!("an identifier of 1 to {MAX_TEXT} octets without control signs");
        Err(self.unfit(expected, format!("`{}`", excerpt(text))))
    }

    fn policy(&self, policy: &SignerPolicy) -> Result<(), WriteError> {
        self.count("algorithms in a policy", policy.algorithms.len(), MAX_ITEMS)
    }

    fn stamp(&self, stamp: Option<&Stamp>) -> Result<(), WriteError> {
        let stamp = stamp.ok_or_else(|| self.missing("time and program"))?;
        if field::is_version(&stamp.by) {
            return Ok(());
        }
        Err(self.unfit("a program's name in printable ASCII", format!("`{}`", excerpt(&stamp.by))))
    }

    fn ttl(&self, ttl: u32) -> Result<(), WriteError> {
        if ttl <= field::MAX_TTL {
            return Ok(());
        }
        Err(self.unfit(format!("TTLs up to {}", field::MAX_TTL), ttl.to_string()))
    }

    /// The last field of RDATA, behind `head` octets.
    fn octets(&self, head: usize, octets: &[u8]) -> Result<(), WriteError> {
        let size = head + octets.len();
        if !octets.is_empty() && size <= MAX_RDATA {
            return Ok(());
        }
        let expected = format!("RDATA of at most {MAX_RDATA} octets, complete");
        Err(self.unfit(expected, format!("{size} octets, {} of them in the last field", octets.len())))
    }

    fn distinct<T: PartialEq>(&self, what: &str, items: &[T]) -> Result<(), WriteError> {
        match field::duplicate(items) {
            Some(index) => Err(self.unfit(format!("each of the {what} once"), format!("number {} again", index + 1))),
            None => Ok(()),
        }
    }

    fn keys(&self, keys: &[&Key]) -> Result<(), WriteError> {
        keys.iter().try_for_each(|key| self.text(key.identifier.as_ref()))?;
        let dnskeys: Vec<&Dnskey> = keys.iter().map(|key| &key.dnskey).collect();
        self.dnskeys(&dnskeys)
    }

    fn dnskeys(&self, keys: &[&Dnskey]) -> Result<(), WriteError> {
        self.count("keys", keys.len(), MAX_ITEMS)?;
        self.distinct("keys", keys)?;
        keys.iter().try_for_each(|key| self.octets(4, &key.key))
    }

    fn signatures(&self, signatures: &[&Signature]) -> Result<(), WriteError> {
        let needed = self.format == Format::RootXml && !self.planned; // that a set is not signed is a check's to say
        if needed || !signatures.is_empty() {
            self.count("signatures", signatures.len(), MAX_ITEMS)?;
        }
        self.distinct("signatures", signatures)?;
        signatures.iter().try_for_each(|signature| {
            self.text(signature.identifier.as_ref())?;
            self.ttl(signature.ttl)?;
            self.ttl(signature.rrsig.original_ttl)?;
            if self.planned {
                return Ok(());
            }
            self.octets(signature.rrsig.rdata_to_sign().len(), &signature.rrsig.signature)
        })
    }

    fn times<T>(&self, id: Option<&String>, expiration: Option<T>) -> Result<(), WriteError> {
        self.text(id)?;
        match (self.format, expiration) {
            (Format::RootXml, None) => Err(self.missing("an expiration")),
            _ => Ok(()),
        }
    }

    fn request_bundle(&self, bundle: &RequestBundle) -> Result<(), WriteError> {
        self.times(bundle.id.as_ref(), bundle.expiration)?;
        self.keys(&bundle.keys.iter().map(|key| &key.key).collect::<Vec<_>>())?;
        bundle.keys.iter().try_for_each(|key| self.ttl(key.ttl))?;
        if self.format != Format::RootXml {
            let first = bundle.keys.first().map_or(0, |key| key.ttl);
            let other = bundle.keys.iter().find(|key| key.ttl != first);
            return other
                .map_or(Ok(()), |key| Err(self.unfit(format!("TTL {first} for each key"), key.ttl.to_string())));
        }
        self.signatures(&bundle.signatures.iter().collect::<Vec<_>>())?;
        self.covers(RrType::Dnskey, &bundle.signatures)
    }

    fn covers(&self, rr_type: RrType, signatures: &[Signature]) -> Result<(), WriteError> {
        let other = signatures.iter().map(|signature| signature.rrsig.type_covered).find(|covered| *covered != rr_type);
        other.map_or(Ok(()), |other| Err(self.unfit(format!("signatures over {rr_type}"), other.mnemonic())))
    }

    fn response_bundle(&self, bundle: &ResponseBundle) -> Result<(), WriteError> {
        self.times(bundle.id.as_ref(), bundle.expiration)?;
        let types: Vec<RrType> = bundle.sets.iter().map(|set| set.records.rr_type()).collect();
        let rest = types.strip_prefix(&[RrType::Dnskey]);
        let ordered = match rest {
            Some([]) => true,
            Some([RrType::Cdnskey] | [RrType::Cds] | [RrType::Cdnskey, RrType::Cds]) => self.format != Format::RootXml,
            _ => false,
        };
        if !ordered {
            let all = if self.format == Format::RootXml {
                "a DNSKEY set alone"
            } else {
                "DNSKEY, CDNSKEY, CDS in this order"
            };
            let found: Vec<&str> = types.iter().map(|rr_type| rr_type.mnemonic()).collect();
            return Err(self.unfit(all, format!("`{}`", found.join(" "))));
        }
        bundle.sets.iter().try_for_each(|set| self.set(set))?;
        self.signatures(&bundle.sets.iter().flat_map(|set| &set.signatures).collect::<Vec<_>>())
    }

    fn set(&self, set: &SignedSet) -> Result<(), WriteError> {
        self.ttl(set.ttl)?;
        self.covers(set.records.rr_type(), &set.signatures)?;
        match &set.records {
            Records::Dnskey(keys) => self.keys(&keys.iter().collect::<Vec<_>>()),
            Records::Cdnskey(keys) => self.dnskeys(&keys.iter().collect::<Vec<_>>()),
            Records::Cds(list) => {
                self.count("digests", list.len(), MAX_ITEMS)?;
                self.distinct("digests", list)?;
                list.iter().try_for_each(|ds| self.octets(4, &ds.digest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{arbitrary, write_response};
    use super::*;

    fn refused(format: Format, change: impl FnOnce(&mut Response)) -> String {
        let mut response = arbitrary::example_response(format);
        change(&mut response);
        write_response(&response).unwrap_err().to_string()
    }

    #[test]
    fn refuses_what_no_reader_would_take() {
        let message =
            refused(Format::Bind, |response| response.bundles[0].sets[0].signatures[0].rrsig.signature.clear());
        assert!(
            message.starts_with("bundle 1: expected RDATA of at most 4096 octets, complete in bind files"),
            "{message}"
        );
        assert!(refused(Format::Bind, |response| response.bundles.clear()).contains("expected 1 to 100000 bundles"));
        let message = refused(Format::Knot, |response| response.bundles[0].sets.swap(0, 1));
        assert!(message.contains("DNSKEY, CDNSKEY, CDS in this order"), "{message}");
        let message = refused(Format::Knot, |response| response.stamp = None);
        assert_eq!(message, "response: expected time and program, which knot files have; found none");
        let message = refused(Format::RootXml, |response| response.bundles[0].id = Some("a\nb".to_owned()));
        assert!(message.contains("found `a\\nb`"), "{message}");
        let message = refused(Format::RootXml, |response| response.bundles[0].expiration = None);
        assert_eq!(message, "bundle 1: expected an expiration, which root-xml files have; found none");
    }

    #[test]
    fn a_plan_is_judged_but_for_the_octets_of_its_signatures() {
        for format in [Format::RootXml, Format::Bind, Format::Knot] {
            let mut planned = arbitrary::example_response(format);
            for set in &mut planned.bundles[0].sets {
                set.signatures[0].rrsig.signature.clear();
            }
            assert_eq!(super::super::fits(&planned), Ok(()));
            assert!(write_response(&planned).is_err());
            let Records::Dnskey(keys) = &mut planned.bundles[0].sets[0].records else { panic!("DNSKEY first") };
            for flags in 0..64 {
                let mut key = keys[0].clone();
                key.dnskey.flags = flags;
                keys.push(key);
            }
            let message = super::super::fits(&planned).unwrap_err().to_string();
            assert!(message.starts_with("bundle 1: expected 1 to 64 keys"), "{message}");
        }
    }

    #[test]
    fn leaves_out_what_the_format_has_no_place_for() {
        let mut response = arbitrary::example_response(Format::Bind);
        let bytes = write_response(&response).unwrap();
        response.bundles[0].id = Some("1".to_owned());
        assert_eq!(write_response(&response).unwrap(), bytes);
    }
}
