//! `Key` and `Signature` elements of the root zone's XML.

use super::field::{self, Unread};
use super::xml_element::Element;
use super::{Key, MAX_RDATA, ReadError, RequestKey, Signature};
use crate::dns::{Dnskey, RrType, Rrsig, Time};

/// Reads a `Key` with its TTL.
pub(super) fn key(element: Element<'_, '_>) -> Result<RequestKey, ReadError> {
    let identifier = element.attribute("keyIdentifier", field::identifier)?;
    let declared_tag = element.attribute("keyTag", field::tag)?;
    let mut children = element.children(&["keyIdentifier", "keyTag"])?;
    let ttl = children.read("TTL", field::ttl)?;
    let dnskey = Dnskey {
        flags: children.read("Flags", |text| field::number(text, u16::MAX.into()))?,
        protocol: children.read("Protocol", field::octet)?,
        algorithm: children.read("Algorithm", field::algorithm)?,
        key: children.read("PublicKey", field::octets)?,
    };
    children.end()?;
    bounded(element, 4 + dnskey.key.len())?;
    let key = Key { identifier: Some(identifier), declared_tag: Some(declared_tag), dnskey };
    Ok(RequestKey { ttl, key })
}

/// Reads a `Signature`.
pub(super) fn signature(element: Element<'_, '_>) -> Result<Signature, ReadError> {
    let identifier = element.attribute("keyIdentifier", field::identifier)?;
    let mut children = element.children(&["keyIdentifier"])?;
    let ttl = children.read("TTL", field::ttl)?;
    let rrsig = Rrsig {
        type_covered: children.read("TypeCovered", type_covered)?,
        algorithm: children.read("Algorithm", field::algorithm)?,
        labels: children.read("Labels", field::octet)?,
        original_ttl: children.read("OriginalTTL", field::ttl)?,
        expiration: children.read("SignatureExpiration", time)?,
        inception: children.read("SignatureInception", time)?,
        key_tag: children.read("KeyTag", field::tag)?,
        signer: children.read("SignersName", field::name)?,
        signature: children.read("SignatureData", field::octets)?,
    };
    children.end()?;
    bounded(element, rrsig.rdata_to_sign().len() + rrsig.signature.len())?;
    Ok(Signature { identifier: Some(identifier), ttl, rrsig })
}

fn bounded(element: Element<'_, '_>, size: usize) -> Result<(), ReadError> {
    if size <= MAX_RDATA {
        return Ok(());
    }
    Err(element.refuse(format!("RDATA of at most {MAX_RDATA} octets"), format!("{size} octets")))
}

fn type_covered(text: &str) -> Result<RrType, Unread> {
    if text == "DNSKEY" { Ok(RrType::Dnskey) } else { Err(Unread::new("`DNSKEY`", text)) }
}

/// Reads a time in UTC.
pub(super) fn time(text: &str) -> Result<Time, Unread> {
    Ok(Time::from_xsd(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "<Key keyIdentifier='K' keyTag='1'><TTL>5</TTL><Flags>256</Flags><Protocol>3</Protocol>\
        <Algorithm>8</Algorithm><PublicKey> AQ== </PublicKey></Key>";
    const SIGNATURE: &str = "<Signature keyIdentifier='K'><TTL>5</TTL><TypeCovered>DNSKEY</TypeCovered>\
        <Algorithm>8</Algorithm><Labels>0</Labels><OriginalTTL>5</OriginalTTL>\
        <SignatureExpiration>2017-04-22T00:00:00Z</SignatureExpiration>\
        <SignatureInception>2017-04-01T00:00:00</SignatureInception><KeyTag>05123</KeyTag>\
        <SignersName>.</SignersName><SignatureData>AQ==</SignatureData></Signature>";

    fn read_key(text: &str) -> Result<RequestKey, String> {
        let document = roxmltree::Document::parse(text).unwrap();
        Element::root(&document, "Key").and_then(key).map_err(|error| error.to_string())
    }

    fn read_signature(text: &str) -> Result<Signature, String> {
        let document = roxmltree::Document::parse(text).unwrap();
        Element::root(&document, "Signature").and_then(signature).map_err(|error| error.to_string())
    }

    #[test]
    fn tags_may_be_padded_and_are_not_judged() {
        assert_eq!(read_signature(SIGNATURE).unwrap().rrsig.key_tag, 5123);
        assert_eq!(read_key(&KEY.replace("'1'", "'00042'")).unwrap().key.declared_tag, Some(42));
    }

    #[test]
    fn flags_protocol_and_algorithm_are_numbers_for_checks_to_judge() {
        let text = KEY.replace(">256<", ">65535<").replace(">3<", ">4<").replace(">8<", ">255<");
        let key = read_key(&text).unwrap().key.dnskey;
        assert_eq!((key.flags, key.protocol, key.algorithm.0), (65535, 4, 255));
        assert!(read_key(&KEY.replace(">8<", ">256<")).unwrap_err().contains("Key/Algorithm: expected"));
    }

    #[test]
    fn refuses_signatures_over_other_types_and_times_that_would_wrap() {
        for (from, to, message) in [
            (">DNSKEY<", ">dnskey<", "TypeCovered: expected `DNSKEY`; found `dnskey`"),
            ("2017-04-22", "2107-04-22", "SignatureExpiration: expected YYYY-MM-DDThh:mm:ss in UTC"),
            ("2017-04-01", "1917-04-01", "SignatureInception: expected YYYY-MM-DDThh:mm:ss in UTC"),
            (">AQ==<", ">AQ<", "SignatureData: expected 1 to 4096 octets in base64"),
            (">.<", "><", "SignersName: expected a domain name"),
        ] {
            let found = read_signature(&SIGNATURE.replace(from, to)).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
    }

    #[test]
    fn rdata_is_bounded() {
        let key = |octets: usize| KEY.replace("AQ==", &crate::dns::base64::encode(&vec![1; octets]));
        assert!(read_key(&key(4092)).is_ok());
        assert!(read_key(&key(4093)).unwrap_err().contains("expected RDATA of at most 4096 octets; found 4097 octets"));
    }
}
