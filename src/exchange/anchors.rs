//! Writes the root zone's trust anchors in XML (RFC 9718, section 2.1).

use std::fmt::Write as _;

use crate::dns::{DigestType, Dnskey, Name, Time, base64, sha256};

/// Where IANA publishes the root zone's trust anchors.
const SOURCE: &str = "http://data.iana.org/root-anchors/root-anchors.xml";

/// One `KeyDigest` of a trust anchor document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustAnchor {
    /// `KeyDigest@id`: the label of the key, as IANA's own file has it.
    pub id: String,
    /// The key, flags 257.
    pub dnskey: Dnskey,
    /// It is an anchor from then on.
    pub valid_from: Time,
    /// It is an anchor until then.
    pub valid_until: Option<Time>,
}

/// Writes a trust anchor document of the root zone, the oldest key first.
///
/// The same keys give the same bytes: the document's id, a UUID of version 8 (RFC 9562, section 5.8), is made of the
/// SHA-256 of all that it says. Each key has its digest of type 2 and, as RFC 9718 has it, the key itself.
#[must_use]
pub fn write_trust_anchors(anchors: &[TrustAnchor]) -> String {
    let mut anchors: Vec<&TrustAnchor> = anchors.iter().collect();
    anchors.sort_by_key(|anchor| (anchor.valid_from, anchor.dnskey.key_tag()));
    let body: String = anchors.into_iter().map(key_digest).collect();
    let id = uuid(body.as_bytes());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TrustAnchor id=\"{id}\" source=\"{SOURCE}\">\n    \
         <Zone>.</Zone>\n{body}</TrustAnchor>\n"
    )
}

fn key_digest(anchor: &TrustAnchor) -> String {
    let ds = anchor.dnskey.ds(&Name::root(), DigestType::Sha256);
    let until = anchor.valid_until.map_or_else(String::new, |until| format!(" validUntil=\"{}\"", until.xsd()));
    let mut text = format!(
        "    <KeyDigest id=\"{}\" validFrom=\"{}\"{until}>\n",
        super::xml_write::escaped(&anchor.id),
        anchor.valid_from.xsd()
    );
    for (name, value) in [
        ("KeyTag", ds.key_tag.to_string()),
        ("Algorithm", ds.algorithm.0.to_string()),
        ("DigestType", ds.digest_type.to_string()),
        ("Digest", ds.digest_hex()),
        ("PublicKey", base64::encode(&anchor.dnskey.key)),
        ("Flags", anchor.dnskey.flags.to_string()),
    ] {
        let _ = writeln!(text, "        <{name}>{value}</{name}>"); // a String takes everything
    }
    text + "    </KeyDigest>\n"
}

fn uuid(octets: &[u8]) -> String {
    let digits = sha256(octets).to_string();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    // The version stands in the third group; the variant is the highest two bits of the fourth.
    let variant = match part(15, 16) {
        "0" | "4" | "8" | "c" => '8',
        "1" | "5" | "9" | "d" => '9',
        "2" | "6" | "a" | "e" => 'a',
        _ => 'b',
    };
    format!("{}-{}-8{}-{variant}{}-{}", part(0, 8), part(8, 12), part(12, 15), part(16, 19), part(19, 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(seed: u8, from: &str, until: Option<&str>) -> TrustAnchor {
        let dnskey = Dnskey::ksk(crate::dns::Algorithm::Ed25519, vec![seed; 32]);
        let until = until.map(|text| text.parse().unwrap());
        TrustAnchor { id: format!("K<{seed}>"), dnskey, valid_from: from.parse().unwrap(), valid_until: until }
    }

    #[test]
    fn the_same_keys_in_any_order_give_the_same_bytes() {
        let old = anchor(1, "2017-02-02T00:00:00Z", Some("2027-01-11T00:00:00Z"));
        let new = anchor(2, "2024-07-18T00:00:00Z", None);
        let text = write_trust_anchors(&[new.clone(), old.clone()]);
        assert_eq!(text, write_trust_anchors(&[old.clone(), new]));
        assert!(text.find("K&lt;1&gt;").unwrap() < text.find("K&lt;2&gt;").unwrap());
        assert!(text.contains("validFrom=\"2017-02-02T00:00:00+00:00\" validUntil=\"2027-01-11T00:00:00+00:00\""));
        assert_ne!(text.lines().nth(1), write_trust_anchors(&[old]).lines().nth(1), "another document, another id");
    }

    #[test]
    fn the_id_is_a_uuid_of_version_8() {
        for seed in 0..16 {
            let id = uuid(&[seed]);
            let lengths: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12]);
            assert!(id[14..].starts_with('8') && "89ab".contains(&id[19..20]), "{id}");
        }
    }
}
