//! Reads the root zone's KSR and SKR in XML.

use roxmltree::ParsingOptions;

use super::bundles::SORTED;
use super::field::{self, excerpt};
use super::xml_element::{Children, Element};
use super::xml_markup;
use super::xml_policy::policy;
use super::xml_record::{key, signature, time};
use super::{
    Document, Format, MAX_BUNDLES, MAX_ITEMS, Place, ReadError, Records, Request, RequestBundle, Response,
    ResponseBundle, RootRequest, RootResponse, SignedSet,
};
use crate::dns::{Name, Time};

/// Reads either document; the element inside `KSR` decides.
pub(super) fn read(text: &str) -> Result<Document, ReadError> {
    encoding(text)?;
    xml_markup::check(text)?;
    // Nothing that the schema knows has more than one node in four octets.
    let nodes_limit = u32::try_from(text.len() / 4 + 64).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit, entity_resolver: None };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(|error| malformed(error, text))?;
    let root = Element::root(&document, "KSR")?;
    let head = Head {
        id: root.attribute("id", field::identifier)?,
        zone: root.attribute("domain", field::name)?,
        serial: root.attribute("serial", |text| field::number(text, u64::MAX))?,
    };
    let mut children = root.children(&["id", "domain", "serial"])?;
    let read = match children.peek() {
        Some("Response") => Document::Response(response(children.required("Response")?, head)?),
        _ => Document::Request(request(children.required("Request")?, head)?),
    };
    children.end()?;
    Ok(read)
}

/// Refuses a declaration of another encoding, for the text was taken as UTF-8.
fn encoding(text: &str) -> Result<(), ReadError> {
    let declaration = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let value = declaration.and_then(|(declaration, _)| declaration.split_once("encoding")).and_then(|(_, value)| {
        let value = value.trim_start_matches([' ', '\t', '\r', '\n', '=']);
        value.split(['"', '\'']).nth(1)
    });
    match value {
        None => Ok(()),
        Some(value) if ["UTF-8", "US-ASCII"].iter().any(|known| value.eq_ignore_ascii_case(known)) => Ok(()),
        Some(value) => Err(ReadError::document("the encoding UTF-8", format!("a declaration of `{}`", excerpt(value)))),
    }
}

fn malformed(error: roxmltree::Error, text: &str) -> ReadError {
    let expected = "one well-formed XML document";
    // Some errors of the parser have no place of their own.
    match error {
        roxmltree::Error::UnclosedRootNode | roxmltree::Error::UnexpectedEndOfStream => {
            ReadError::at(Place::behind(text), "document", expected, "the end of the file: is it cut off?")
        }
        error => {
            let (found, position) = (excerpt(&error.to_string()), error.pos());
            if (position.row, position.col) == (1, 1) {
                return ReadError::document(expected, found);
            }
            ReadError::at(Place { line: position.row, column: position.col }, "document", expected, found)
        }
    }
}

/// The attributes of `KSR`.
struct Head {
    id: String,
    zone: Name,
    serial: u64,
}

fn request(element: Element<'_, '_>, head: Head) -> Result<Request, ReadError> {
    let mut children = element.children(&["timestamp"])?;
    let timestamp = element.optional_attribute("timestamp", time)?;
    let mut policies = children.required("RequestPolicy")?.children(&[])?;
    let zsk_policy = policy(policies.required("ZSK")?)?;
    policies.end()?;
    let mut notices = Vec::new();
    let mut bundles =
        children.many("RequestBundle", (1, MAX_BUNDLES), |element| request_bundle(element, &mut notices))?;
    children.end()?;
    if !bundles.is_sorted_by_key(|bundle| bundle.inception) {
        bundles.sort_by_key(|bundle| bundle.inception);
        notices.push(SORTED.to_owned());
    }
    let root = RootRequest { id: head.id, serial: head.serial, timestamp, zsk_policy };
    Ok(Request { format: Format::RootXml, zone: head.zone, root: Some(root), bundles, stamp: None, notices })
}

fn response(element: Element<'_, '_>, head: Head) -> Result<Response, ReadError> {
    let mut children = element.children(&["timestamp"])?;
    let timestamp = element.optional_attribute("timestamp", time)?;
    let mut policies = children.required("ResponsePolicy")?.children(&[])?;
    let ksk_policy = policy(policies.required("KSK")?)?;
    let zsk_policy = policy(policies.required("ZSK")?)?;
    policies.end()?;
    let bundles = children.many("ResponseBundle", (1, MAX_BUNDLES), response_bundle)?;
    children.end()?;
    let root = RootResponse { id: head.id, serial: head.serial, timestamp, ksk_policy, zsk_policy };
    Ok(Response { format: Format::RootXml, zone: head.zone, root: Some(root), bundles, stamp: None })
}

fn request_bundle(element: Element<'_, '_>, notices: &mut Vec<String>) -> Result<RequestBundle, ReadError> {
    let id = element.attribute("id", field::identifier)?;
    let mut children = element.children(&["id"])?;
    let (inception, expiration) = window(&mut children)?;
    let signers = children.many("Signer", (0, MAX_ITEMS), |signer| {
        signer.children(&["keyIdentifier"])?.end()?;
        signer.attribute("keyIdentifier", field::identifier)
    })?;
    notices.extend(
        signers.iter().map(|signer| {
            format!("bundle `{id}` asks to be signed by `{signer}`; the schema alone says which keys sign")
        }),
    );
    let keys = children.many("Key", (1, MAX_ITEMS), key)?;
    let signatures = children.many("Signature", (1, MAX_ITEMS), signature)?;
    children.end()?;
    once(element, "Key", &keys.iter().map(|key| &key.key.dnskey).collect::<Vec<_>>())?;
    once(element, "Signature", &signatures)?;
    Ok(RequestBundle { id: Some(id), inception, expiration: Some(expiration), keys, signatures })
}

fn response_bundle(element: Element<'_, '_>) -> Result<ResponseBundle, ReadError> {
    let id = element.attribute("id", field::identifier)?;
    let mut children = element.children(&["id"])?;
    let (inception, expiration) = window(&mut children)?;
    let keys = children.many("Key", (1, MAX_ITEMS), key)?;
    let signatures = children.many("Signature", (1, MAX_ITEMS), signature)?;
    children.end()?;
    once(element, "Key", &keys.iter().map(|key| &key.key.dnskey).collect::<Vec<_>>())?;
    once(element, "Signature", &signatures)?;
    let ttl = keys.first().map_or(0, |key| key.ttl);
    if let Some(key) = keys.iter().find(|key| key.ttl != ttl) {
        let found = format!("{ttl} and {}", key.ttl);
        return Err(element.refuse("one TTL for all keys of a bundle (RFC 2181, section 5.2)", found));
    }
    let records = Records::Dnskey(keys.into_iter().map(|key| key.key).collect());
    let sets = vec![SignedSet { ttl, records, signatures }];
    Ok(ResponseBundle { id: Some(id), inception, expiration: Some(expiration), sets })
}

fn window(children: &mut Children<'_, '_>) -> Result<(Time, Time), ReadError> {
    Ok((children.read("Inception", time)?, children.read("Expiration", time)?))
}

/// Refuses equal items in a bundle: a set has each record once, and what stands there twice was meant to be another.
fn once<T: PartialEq>(bundle: Element<'_, '_>, name: &str, items: &[T]) -> Result<(), ReadError> {
    match field::duplicate(items) {
        None => Ok(()),
        Some(index) => {
            let found = format!("`{name}` number {} again", index + 1);
            Err(bundle.refuse(format!("each `{name}` once in a bundle"), found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, arbitrary, read_request, write_request};
    use super::*;

    fn example() -> String {
        String::from_utf8(write_request(&arbitrary::example_request(Format::RootXml)).unwrap()).unwrap()
    }

    fn reread(text: &str) -> Result<Request, String> {
        read_request(text.as_bytes(), &Limits::default()).map_err(|error| error.to_string())
    }

    /// The example with its first `from` replaced.
    fn changed(from: &str, to: &str) -> Result<Request, String> {
        let text = example();
        assert!(text.contains(from), "{from} is not in {text}");
        reread(&text.replacen(from, to, 1))
    }

    #[test]
    fn reads_every_way_to_write_the_same() {
        let request = Ok(arbitrary::example_request(Format::RootXml));
        assert_eq!(reread(&example()), request);
        assert_eq!(reread(&example().replace('"', "'").replace("\n    ", "\r\n")), request);
        assert_eq!(reread(&example().replace("+00:00", "Z")), request);
        assert_eq!(reread(&example().replace("+00:00", "")), request);
        assert_eq!(reread(&example().replace("\"?>", "\" standalone=\"yes\"?>")), request);
        assert_eq!(reread(example().split_once('\n').unwrap().1), request, "without declaration");
        assert_eq!(changed("<TTL>", "<!-- seconds --><TTL>\n <!-- here --> "), request);
        let (id, rest) = (r#"id="4fe9bb10" "#, r#"domain="." "#);
        assert_eq!(changed(&format!("{id}{rest}"), &format!("{rest}\n{id}")), request);
        assert_eq!(changed("<TTL>", "<TTL><![CDATA[").map_err(|_| ()), Err(()), "CDATA that does not end");
        assert_eq!(changed(">172800<", "><![CDATA[172800]]><"), request);
        let padded = changed("keyTag=\"53009\"", "keyTag=\"00042\"").unwrap();
        assert_eq!(padded.bundles[0].keys[0].key.declared_tag, Some(42));
    }

    #[test]
    fn refuses_what_the_schema_does_not_know_with_line_column_and_path() {
        for (from, to, message) in [
            (
                "<TTL>",
                "<Extra/><TTL>",
                "line 21, column 17: KSR/Request/RequestBundle/Key/Extra: expected the element `TTL`",
            ),
            (" serial=", " timestamp=\"x\" serial=", "KSR: expected no attributes but `id`, `domain`, `serial`"),
            (
                " keyTag=",
                " x=\"\" keyTag=",
                "/Key: expected no attributes but `keyIdentifier`, `keyTag`; found the attribute `x`",
            ),
            ("<Flags>256</Flags>", "", "Key/Protocol: expected the element `Flags`; found the element `Protocol`"),
            (
                "<Flags>256</Flags>",
                "<Flags>256</Flags><Flags>256</Flags>",
                "Key/Flags[2]: expected the element `Protocol`",
            ),
            ("<Flags>256</Flags>", "<Flags>256</Flags>x", "expected elements alone; found the text `x`"),
            (
                "<Flags>256</Flags>",
                "<Flags>0256</Flags>",
                "Key/Flags: expected a decimal number from 0 to 65535; found `0256`",
            ),
            ("<Flags>256</Flags>", "<Flags/>", "Key/Flags: expected a decimal number from 0 to 65535; found ``"),
            ("domain=\".\"", "domain=\"a..b\"", "KSR@domain: expected a domain name"),
            ("id=\"4fe9bb10\"", "id=\"\"", "KSR@id: expected 1 to 256 octets of text"),
            ("id=\"4fe9bb10\" ", "", "line 2, column 1: KSR: expected the attribute `id`; found an element without it"),
            ("serial=\"0\"", "serial=\"18446744073709551616\"", "KSR@serial: expected a decimal number"),
            (">DNSKEY<", ">DS<", "Signature/TypeCovered: expected `DNSKEY`; found `DS`"),
            ("<PublicKey>", "<PublicKey>A A", "Key/PublicKey: expected 1 to 4096 octets in base64"),
            ("<RSA ", "<DSA ", "SignatureAlgorithm/DSA: expected the element `RSA`"),
            ("</RequestPolicy>", "</RequestPolicy><Response/>", "expected the element `RequestBundle`"),
            ("</Request>", "</Request><Request/>", "KSR/Request[2]: expected the end of `KSR`"),
        ] {
            let found = changed(from, to).unwrap_err();
            assert!(found.contains(message), "{to}: {found}");
        }
    }

    #[test]
    fn refuses_times_that_are_not_utc_or_would_wrap() {
        for time in
            ["2017-04-01T00:00:00+01:00", "2106-02-07T06:28:16Z", "1969-12-31T23:59:59", "2017-04-31T00:00:00", ""]
        {
            let found = changed("<Inception>2018-01-01T00:00:00+00:00", &format!("<Inception>{time}")).unwrap_err();
            assert!(found.contains("RequestBundle/Inception: expected YYYY-MM-DDThh:mm:ss in UTC"), "{found}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_plain_document() {
        let example = example();
        let body = example.split_once('\n').unwrap().1;
        for (text, message) in [
            (format!("<!DOCTYPE KSR SYSTEM 'x'>{body}"), "`<!DOCTYPE`"),
            (format!("<!DOCTYPE KSR>{body}"), "`<!DOCTYPE`"),
            (format!("<!DOCTYPE KSR [<!ENTITY a 'b'>]>{body}"), "`<!DOCTYPE`"),
            (body.replace("<TTL>", "<TTL>&a;"), "unknown entity reference"),
            (format!("{body}{body}"), "expected one well-formed XML document"),
            (format!("{body}text"), "expected one well-formed XML document"),
            (format!("text{body}"), "first line"),
            (body.replace("</KSR>", ""), "is it cut off?"),
            (body.replace(" serial=", " id='2' serial="), "expected one well-formed XML document"),
            (example.replace("UTF-8", "ISO-8859-1"), "expected the encoding UTF-8"),
            (format!("\n{example}"), "expected one well-formed XML document"),
            (format!("<?x y?>{body}"), "a processing instruction"),
            (format!("<KSR{}/>", " a='x'".repeat(100_000)), "expected at most 8 attributes in an element"),
            (body.replace("<KSR ", "<KSR xmlns='urn:x' "), "expected XML without namespaces"),
            (format!("{body}<!DOCTYPE KSR>"), "`<!DOCTYPE`"),
            (body.replace("KSR", "ksr"), "expected the element `KSR`; found the element `ksr`"),
            ("<a>".repeat(100_000), "expected"),
            (format!("<KSR id='1' domain='.' serial='1'>{}", "<a/>".repeat(100_000)), "expected"),
        ] {
            let found = reread(&text).unwrap_err();
            assert!(found.contains(message), "{}: {found}", excerpt(&text));
        }
    }

    #[test]
    fn a_request_may_say_when_it_was_made() {
        for text in ["2017-10-06T13:26:25Z", "2017-10-06T13:26:25+00:00", "2017-10-06T13:26:25"] {
            let request = changed("<Request>", &format!("<Request timestamp='{text}'>")).unwrap();
            let made = request.root.unwrap().timestamp.unwrap();
            assert_eq!(made.to_string(), "2017-10-06T13:26:25Z");
        }
        let found = changed("<Request>", "<Request timestamp='2017-10-06T13:26:25+02:00'>").unwrap_err();
        assert!(found.contains("KSR/Request@timestamp: expected YYYY-MM-DDThh:mm:ss in UTC"), "{found}");
        assert!(changed("<Request>", "<Request made='x'>").unwrap_err().contains("no attributes but `timestamp`"));
    }

    #[test]
    fn whatever_is_malformed_is_refused_with_line_and_column() {
        let text = example();
        let body = text.split_once('\n').unwrap().1;
        let key = &text[text.find("<Key ").unwrap()..text.find("</Key>").unwrap() + "</Key>".len()];
        let replaced = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        for (what, text) in [
            ("an unknown element", replaced("<TTL>", "<Extra/><TTL>")),
            ("an unknown attribute", replaced(" keyTag=", " more='1' keyTag=")),
            ("two documents", format!("{text}{body}")),
            ("text behind", format!("{text}text")),
            ("text between", replaced("<Flags>", "text<Flags>")),
            (
                "a time that is not UTC",
                replaced("<Expiration>2018-01-22T00:00:00+00:00", "<Expiration>2018-01-22T00:00:00+01:00"),
            ),
            ("a duration of months", replaced("<PublishSafety>P10D", "<PublishSafety>P1M")),
            ("a duration of years", replaced("<PublishSafety>P10D", "<PublishSafety>P1Y")),
            ("a key twice", replaced(key, &format!("{key}{key}"))),
            ("an end that is missing", replaced("</KSR>", "")),
            ("a document type", format!("<!DOCTYPE KSR [<!ENTITY a 'b'>]>{body}")),
        ] {
            let error = read_request(text.as_bytes(), &Limits::default()).expect_err(what);
            assert!(error.line.is_some() && error.column.is_some(), "{what}: {error}");
        }
    }

    #[test]
    fn refuses_a_key_or_signature_twice() {
        let text = example();
        for name in ["Key", "Signature"] {
            let (open, close) = (format!("<{name} "), format!("</{name}>"));
            let element = &text[text.find(&open).unwrap()..text.find(&close).unwrap() + close.len()];
            let found = reread(&text.replacen(element, &format!("{element}{element}"), 1)).unwrap_err();
            assert!(found.contains(&format!("expected each `{name}` once in a bundle")), "{found}");
        }
    }

    #[test]
    fn signers_are_a_notice() {
        let request = changed("</Expiration>", "</Expiration><Signer keyIdentifier=\"Klajeyz\"/>").unwrap();
        assert_eq!(request.notices.len(), 1);
        assert!(request.notices[0].contains("`Klajeyz`"));
        assert!(changed("</Expiration>", "</Expiration><Signer/>").is_err());
    }

    #[test]
    fn bundles_out_of_order_are_sorted_with_a_notice() {
        let text = example();
        let start = text.find("<RequestBundle").unwrap();
        let end = text.find("</RequestBundle>").unwrap() + "</RequestBundle>".len();
        let later = text[start..end].replace("<Inception>2018", "<Inception>2019");
        let request = reread(&format!("{}{later}{}", &text[..start], &text[start..])).unwrap();
        assert!(request.bundles[0].inception < request.bundles[1].inception);
        assert_eq!(request.notices, [SORTED]);
    }
}
