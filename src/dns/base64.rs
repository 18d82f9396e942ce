//! Base64 (RFC 4648, section 4), as DNSKEY and RRSIG have it.

/// Encodes with padding, without line breaks.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    domain::utils::base64::encode_string(octets)
}

/// Decodes padded base64 without white space; `None` for anything else, also for set bits behind the end.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let octets: Vec<u8> = domain::utils::base64::decode(text).ok()?;
    (encode(&octets) == text).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_one_form_only() {
        assert_eq!(decode("AwEAAQ=="), Some(vec![3, 1, 0, 1]));
        for text in ["AwEAAQ", "AwEAAQ=", "AwEAAR==", "AwEA AQ==", "AwEAAQ==\n", "!"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
