//! The policies of the root zone's XML: durations and algorithms.

use super::field::{self, Unread};
use super::xml_element::Element;
use super::{KeyParameters, MAX_ITEMS, ReadError, SignatureAlgorithm, SignerPolicy};
use crate::dns::Duration;

/// Reads a `ZSK` or `KSK` element.
pub(super) fn policy(element: Element<'_, '_>) -> Result<SignerPolicy, ReadError> {
    let mut children = element.children(&[])?;
    let policy = SignerPolicy {
        publish_safety: children.read("PublishSafety", duration)?,
        retire_safety: children.read("RetireSafety", duration)?,
        max_signature_validity: children.read("MaxSignatureValidity", duration)?,
        min_signature_validity: children.read("MinSignatureValidity", duration)?,
        max_validity_overlap: children.read("MaxValidityOverlap", duration)?,
        min_validity_overlap: children.read("MinValidityOverlap", duration)?,
        algorithms: children.many("SignatureAlgorithm", (1, MAX_ITEMS), signature_algorithm)?,
    };
    children.end()?;
    Ok(policy)
}

fn signature_algorithm(element: Element<'_, '_>) -> Result<SignatureAlgorithm, ReadError> {
    let algorithm = element.attribute("algorithm", field::algorithm)?;
    let mut children = element.children(&["algorithm"])?;
    let size = |element: Element<'_, '_>| element.attribute("size", |text| field::number(text, u32::MAX.into()));
    let (inner, attributes, parameters): (_, &[&str], _) = match children.peek() {
        Some("ECDSA") => {
            let inner = children.required("ECDSA")?;
            (inner, &["size"], KeyParameters::Ecdsa { size: size(inner)? })
        }
        Some("EdDSA") => {
            let inner = children.required("EdDSA")?;
            (inner, &["size"], KeyParameters::Eddsa { size: size(inner)? })
        }
        _ => {
            let inner = children.required("RSA")?;
            let exponent = inner.attribute("exponent", |text| field::number(text, u64::MAX))?;
            (inner, &["size", "exponent"], KeyParameters::Rsa { size: size(inner)?, exponent })
        }
    };
    inner.children(attributes)?.end()?;
    children.end()?;
    Ok(SignatureAlgorithm { algorithm, parameters })
}

fn duration(text: &str) -> Result<Duration, Unread> {
    let expected =
        "a duration of weeks, days, hours, minutes and seconds, as `P21D`; years and months have no fixed length";
    text.parse().map_err(|_| Unread::new(expected, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATIONS: &str = "<PublishSafety>P10D</PublishSafety><RetireSafety>PT0S</RetireSafety>\
        <MaxSignatureValidity>P3W</MaxSignatureValidity><MinSignatureValidity>P21D</MinSignatureValidity>\
        <MaxValidityOverlap>P12DT1H</MaxValidityOverlap><MinValidityOverlap>P9D</MinValidityOverlap>";
    const RSA: &str = "<SignatureAlgorithm algorithm='8'><RSA size='2048' exponent='65537'/></SignatureAlgorithm>";

    fn read(inside: &str) -> Result<SignerPolicy, String> {
        let text = format!("<ZSK>{inside}</ZSK>");
        let document = roxmltree::Document::parse(&text).unwrap();
        Element::root(&document, "ZSK").and_then(policy).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_every_kind_of_algorithm() {
        let text = format!(
            "{DURATIONS}{RSA}<SignatureAlgorithm algorithm='13'><ECDSA size='256'/></SignatureAlgorithm>\
             <SignatureAlgorithm algorithm='15'><EdDSA size='256'/></SignatureAlgorithm>"
        );
        let policy = read(&text).unwrap();
        assert_eq!(policy.max_signature_validity, Duration::from_days(21));
        let parameters: Vec<_> = policy.algorithms.iter().map(|algorithm| algorithm.parameters).collect();
        let rsa = KeyParameters::Rsa { size: 2048, exponent: 65537 };
        assert_eq!(parameters, [rsa, KeyParameters::Ecdsa { size: 256 }, KeyParameters::Eddsa { size: 256 }]);
    }

    #[test]
    fn refuses_durations_with_months_or_years() {
        for duration in ["P1M", "P1Y", "10", "-P1D", ""] {
            let found = read(&format!("{}{RSA}", DURATIONS.replace("P10D", duration))).unwrap_err();
            assert!(found.contains("ZSK/PublishSafety: expected a duration"), "{found}");
        }
    }

    #[test]
    fn refuses_algorithms_that_say_too_little_or_too_much() {
        for (algorithm, message) in [
            (String::new(), "expected the element `SignatureAlgorithm`; found the end of `ZSK`"),
            (RSA.replace(" exponent='65537'", ""), "RSA: expected the attribute `exponent`"),
            (RSA.replace("RSA size='2048'", "ECDSA size='256'"), "ECDSA: expected no attributes but `size`"),
            (RSA.replace("<RSA", "<DSA"), "DSA: expected the element `RSA`; found the element `DSA`"),
            (RSA.replace("/></", "/><ECDSA size='1'/></"), "ECDSA: expected the end of `SignatureAlgorithm`"),
            (RSA.replace("'8'", "'256'"), "SignatureAlgorithm@algorithm: expected a decimal number from 0 to 255"),
        ] {
            let found = read(&format!("{DURATIONS}{algorithm}")).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
    }
}
