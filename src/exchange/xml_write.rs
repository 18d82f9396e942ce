//! Writes the root zone's KSR and SKR in XML.

use std::fmt::Write as _;

use super::{
    Format, Key, KeyParameters, Request, RequestBundle, Response, ResponseBundle, Signature, SignerPolicy, WriteError,
};
use crate::dns::{Name, RrType, Time, base64};

/// Writes a response, four spaces a level, all times with `+00:00`.
pub(super) fn response(response: &Response) -> Result<String, WriteError> {
    let missing = || WriteError::missing(Format::RootXml, "response", "id, serial and policies");
    let root = response.root.as_ref().ok_or_else(missing)?;
    let mut out = Writer::new(&root.id, &response.zone, root.serial);
    out.open("Response", &timestamp(root.timestamp));
    out.open("ResponsePolicy", &[]);
    out.policy("KSK", &root.ksk_policy);
    out.policy("ZSK", &root.zsk_policy);
    out.close("ResponsePolicy");
    for bundle in &response.bundles {
        out.response_bundle(bundle)?;
    }
    out.close("Response");
    Ok(out.finish())
}

/// Writes a request in the same layout.
pub(super) fn request(request: &Request) -> Result<String, WriteError> {
    let missing = || WriteError::missing(Format::RootXml, "request", "id, serial and policy");
    let root = request.root.as_ref().ok_or_else(missing)?;
    let mut out = Writer::new(&root.id, &request.zone, root.serial);
    out.open("Request", &timestamp(root.timestamp));
    out.open("RequestPolicy", &[]);
    out.policy("ZSK", &root.zsk_policy);
    out.close("RequestPolicy");
    for bundle in &request.bundles {
        out.request_bundle(bundle)?;
    }
    out.close("Request");
    Ok(out.finish())
}

fn timestamp(time: Option<Time>) -> Vec<(&'static str, String)> {
    time.map(|time| ("timestamp", time.xsd())).into_iter().collect()
}

/// Text without what would be markup, for XML and HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(sign),
        }
    }
    out
}

/// An attribute of a bundle, key or signature that the format needs.
fn needed<'a>(value: Option<&'a String>, place: &str, field: &'static str) -> Result<&'a str, WriteError> {
    value.map(String::as_str).ok_or_else(|| WriteError::missing(Format::RootXml, place, field))
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn new(id: &str, zone: &Name, serial: u64) -> Self {
        let mut writer = Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: 0 };
        let attributes = [("id", id.to_owned()), ("domain", zone.to_string()), ("serial", serial.to_string())];
        writer.open("KSR", &attributes);
        writer
    }

    fn finish(mut self) -> String {
        self.close("KSR");
        self.out
    }

    fn start(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.out.extend(std::iter::repeat_n("    ", self.depth));
        let _ = write!(self.out, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.out, " {name}=\"");
            self.text(value);
            self.out.push('"');
        }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.start(name, attributes);
        self.out.push_str(">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.out.extend(std::iter::repeat_n("    ", self.depth));
        let _ = writeln!(self.out, "</{name}>");
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, String)]) {
        self.start(name, attributes);
        self.out.push_str("/>\n");
    }

    fn leaf(&mut self, name: &str, text: impl ToString) {
        self.start(name, &[]);
        self.out.push('>');
        self.text(&text.to_string());
        let _ = writeln!(self.out, "</{name}>");
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(&escaped(text));
    }

    fn policy(&mut self, name: &str, policy: &SignerPolicy) {
        self.open(name, &[]);
        self.leaf("PublishSafety", policy.publish_safety);
        self.leaf("RetireSafety", policy.retire_safety);
        self.leaf("MaxSignatureValidity", policy.max_signature_validity);
        self.leaf("MinSignatureValidity", policy.min_signature_validity);
        self.leaf("MaxValidityOverlap", policy.max_validity_overlap);
        self.leaf("MinValidityOverlap", policy.min_validity_overlap);
        for algorithm in &policy.algorithms {
            self.open("SignatureAlgorithm", &[("algorithm", algorithm.algorithm.0.to_string())]);
            match algorithm.parameters {
                KeyParameters::Rsa { size, exponent } => {
                    self.empty("RSA", &[("size", size.to_string()), ("exponent", exponent.to_string())]);
                }
                KeyParameters::Ecdsa { size } => self.empty("ECDSA", &[("size", size.to_string())]),
                KeyParameters::Eddsa { size } => self.empty("EdDSA", &[("size", size.to_string())]),
            }
            self.close("SignatureAlgorithm");
        }
        self.close(name);
    }

    fn request_bundle(&mut self, bundle: &RequestBundle) -> Result<(), WriteError> {
        self.open_bundle("RequestBundle", bundle.id.as_ref(), bundle.inception, bundle.expiration)?;
        for key in &bundle.keys {
            self.key(key.ttl, &key.key)?;
        }
        for signature in &bundle.signatures {
            self.signature(signature)?;
        }
        self.close("RequestBundle");
        Ok(())
    }

    fn response_bundle(&mut self, bundle: &ResponseBundle) -> Result<(), WriteError> {
        self.open_bundle("ResponseBundle", bundle.id.as_ref(), bundle.inception, bundle.expiration)?;
        let set = bundle.set(RrType::Dnskey);
        for key in bundle.keys() {
            self.key(set.map_or(0, |set| set.ttl), key)?;
        }
        for signature in set.into_iter().flat_map(|set| &set.signatures) {
            self.signature(signature)?;
        }
        self.close("ResponseBundle");
        Ok(())
    }

    fn open_bundle(
        &mut self,
        name: &str,
        id: Option<&String>,
        inception: Time,
        expiration: Option<Time>,
    ) -> Result<(), WriteError> {
        self.open(name, &[("id", needed(id, name, "an identifier")?.to_owned())]);
        self.leaf("Inception", inception.xsd());
        let missing = || WriteError::missing(Format::RootXml, name, "an expiration");
        self.leaf("Expiration", expiration.ok_or_else(missing)?.xsd());
        Ok(())
    }

    fn key(&mut self, ttl: u32, key: &Key) -> Result<(), WriteError> {
        let identifier = needed(key.identifier.as_ref(), "Key", "an identifier")?.to_owned();
        let tag = key.declared_tag.unwrap_or_else(|| key.dnskey.key_tag());
        self.open("Key", &[("keyIdentifier", identifier), ("keyTag", tag.to_string())]);
        self.leaf("TTL", ttl);
        self.leaf("Flags", key.dnskey.flags);
        self.leaf("Protocol", key.dnskey.protocol);
        self.leaf("Algorithm", key.dnskey.algorithm.0);
        self.leaf("PublicKey", base64::encode(&key.dnskey.key));
        self.close("Key");
        Ok(())
    }

    fn signature(&mut self, signature: &Signature) -> Result<(), WriteError> {
        let identifier = needed(signature.identifier.as_ref(), "Signature", "an identifier")?.to_owned();
        let rrsig = &signature.rrsig;
        self.open("Signature", &[("keyIdentifier", identifier)]);
        self.leaf("TTL", signature.ttl);
        self.leaf("TypeCovered", rrsig.type_covered);
        self.leaf("Algorithm", rrsig.algorithm.0);
        self.leaf("Labels", rrsig.labels);
        self.leaf("OriginalTTL", rrsig.original_ttl);
        self.leaf("SignatureExpiration", rrsig.expiration.xsd());
        self.leaf("SignatureInception", rrsig.inception.xsd());
        self.leaf("KeyTag", rrsig.key_tag);
        self.leaf("SignersName", &rrsig.signer);
        self.leaf("SignatureData", base64::encode(&rrsig.signature));
        self.close("Signature");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{arbitrary, read_response, write_response};
    use super::*;

    #[test]
    fn writes_the_layout_of_the_root_zones_responses() {
        let text = String::from_utf8(write_response(&arbitrary::example_response(Format::RootXml)).unwrap()).unwrap();
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <KSR id=\"4fe9bb10\" domain=\".\" serial=\"0\">\n    <Response>\n        <ResponsePolicy>\n            <KSK>\n\
            \x20               <PublishSafety>P10D</PublishSafety>\n";
        assert!(text.starts_with(head), "{text}");
        for line in [
            "\n                <SignatureAlgorithm algorithm=\"8\">\n                    <RSA size=\"2048\" exponent=\"65537\"/>\n",
            "\n        <ResponseBundle id=\"0a8f7774\">\n            <Inception>2018-01-01T00:00:00+00:00</Inception>\n",
            "\n                <SignersName>.</SignersName>\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(text.ends_with("        </ResponseBundle>\n    </Response>\n</KSR>\n"));
    }

    #[test]
    fn escapes_what_would_be_markup() {
        let mut response = arbitrary::example_response(Format::RootXml);
        response.bundles[0].id = Some("<a b='\"'>&amp;".to_owned());
        let bytes = write_response(&response).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("id=\"&lt;a b=&apos;&quot;&apos;&gt;&amp;amp;\""), "{text}");
        assert_eq!(read_response(&bytes, &crate::exchange::Limits::default()), Ok(response));
    }
}
