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
    // Where every sign counts, only the last group can be written in more ways than one.
    let whole = text.len() == octets.len().div_ceil(3) * 4;
    let rest = octets.chunks_exact(3).remainder();
    (whole && text.ends_with(&encode(rest))).then_some(octets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_one_form_only() {
        assert_eq!(decode("AwEAAQ=="), Some(vec![3, 1, 0, 1]));
        for text in [
            "AwEAAQ",
            "AwEAAQ=",
            "AwEAAR==",
            "AwEA AQ==",
            "AwEAAQ==\n",
            "AwEAAQ== ",
            "AwE AAQ=",
            "AQ==AwEA",
            "AwE=AQ==",
            "AwEAAQB=",
            "AwEA====",
            "====",
            "=",
            "!",
            "AwEA\u{e9}",
            "AwE-",
            "Aw_A",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(octets: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&octets)), Some(octets));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in "[A-Ca-c/+=\n ]{0,12}") {
            if let Some(octets) = decode(&text) {
                prop_assert_eq!(encode(&octets), text);
            }
        }
    }
}
