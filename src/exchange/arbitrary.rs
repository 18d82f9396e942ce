//! Documents for tests: one plain example of each, and arbitrary ones in the form that writers keep.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{
    Format, Key, KeyParameters, Records, Request, RequestBundle, RequestKey, Response, ResponseBundle, RootRequest,
    RootResponse, Signature, SignatureAlgorithm, SignedSet, SignerPolicy, Stamp,
};
use crate::dns::{AlgorithmNumber, Dnskey, Ds, Duration, Name, RrType, Rrsig, Time};

/// A request of one bundle with one key.
pub(super) fn example_request(format: Format) -> Request {
    let is_root = format == Format::RootXml;
    let zone = example_zone(format);
    let key = RequestKey { ttl: 172_800, key: example_key(format, 256) };
    let signatures = if is_root { vec![example_signature(format, &zone, RrType::Dnskey)] } else { Vec::new() };
    let bundle = RequestBundle {
        id: is_root.then(|| "0a8f7774".to_owned()),
        inception: time("20180101000000"),
        expiration: is_root.then(|| time("20180122000000")),
        keys: vec![key],
        signatures,
    };
    let root = is_root.then(|| RootRequest {
        id: "4fe9bb10".to_owned(),
        serial: 0,
        timestamp: None,
        zsk_policy: example_policy(),
    });
    let stamp = (!is_root).then(example_stamp);
    Request { format, zone, root, bundles: vec![bundle], stamp, notices: Vec::new() }
}

/// A response of one bundle: a KSK, and CDNSKEY and CDS where the format has them.
pub(super) fn example_response(format: Format) -> Response {
    let is_root = format == Format::RootXml;
    let zone = example_zone(format);
    let key = example_key(format, 257);
    let cds = key.dnskey.ds(&zone, crate::dns::DigestType::Sha256);
    let mut records = vec![Records::Dnskey(vec![key.clone()])];
    if !is_root {
        records.push(Records::Cdnskey(vec![key.dnskey]));
        records.push(Records::Cds(vec![cds]));
    }
    let sets = records.into_iter().map(|records| {
        let signatures = vec![example_signature(format, &zone, records.rr_type())];
        SignedSet { ttl: 172_800, records, signatures }
    });
    let bundle = ResponseBundle {
        id: is_root.then(|| "0a8f7774".to_owned()),
        inception: time("20180101000000"),
        expiration: is_root.then(|| time("20180122000000")),
        sets: sets.collect(),
    };
    let root = is_root.then(|| RootResponse {
        id: "4fe9bb10".to_owned(),
        serial: 0,
        timestamp: None,
        ksk_policy: example_policy(),
        zsk_policy: example_policy(),
    });
    Response { format, zone, root, bundles: vec![bundle], stamp: (!is_root).then(example_stamp) }
}

fn time(digits: &str) -> Time {
    Time::from_digits(digits).unwrap()
}

fn example_zone(format: Format) -> Name {
    if format == Format::RootXml { Name::root() } else { "example.org.".parse().unwrap() }
}

fn example_key(format: Format, flags: u16) -> Key {
    let dnskey = Dnskey { flags, protocol: 3, algorithm: AlgorithmNumber(8), key: vec![3, 1, 0, 1, 200, 7] };
    let is_root = format == Format::RootXml;
    Key { identifier: is_root.then(|| "Klajeyz".to_owned()), declared_tag: is_root.then(|| dnskey.key_tag()), dnskey }
}

fn example_signature(format: Format, zone: &Name, type_covered: RrType) -> Signature {
    let rrsig = Rrsig {
        type_covered,
        algorithm: AlgorithmNumber(8),
        labels: zone.label_count(),
        original_ttl: 172_800,
        expiration: time("20180122000000"),
        inception: time("20180101000000"),
        key_tag: 46809,
        signer: zone.clone(),
        signature: vec![1; 64],
    };
    Signature { identifier: (format == Format::RootXml).then(|| "Klajeyz".to_owned()), ttl: 172_800, rrsig }
}

fn example_policy() -> SignerPolicy {
    let days = Duration::from_days;
    let parameters = KeyParameters::Rsa { size: 2048, exponent: 65537 };
    SignerPolicy {
        publish_safety: days(10),
        retire_safety: days(10),
        max_signature_validity: days(21),
        min_signature_validity: days(21),
        max_validity_overlap: days(12),
        min_validity_overlap: days(9),
        algorithms: vec![SignatureAlgorithm { algorithm: AlgorithmNumber(8), parameters }],
    }
}

fn example_stamp() -> Stamp {
    Stamp { time: time("20171006132625"), by: "9.20.30".to_owned() }
}

fn any_format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::RootXml), Just(Format::Bind), Just(Format::Knot)]
}

/// Names of up to three labels, with any octets at all.
fn any_name() -> impl Strategy<Value = Name> {
    let label = prop_oneof![
        "[a-z0-9*_-]{1,20}",
        vec(any::<u8>(), 1..=63).prop_map(|octets| octets.iter().map(|octet| format!("\\{octet:03}")).collect()),
    ];
    vec(label, 0..=3).prop_map(|labels| format!("{}.", labels.join(".")).parse().unwrap())
}

fn any_time() -> impl Strategy<Value = Time> {
    any::<u32>().prop_map(|seconds| Time::from_unix(seconds.into()).unwrap())
}

fn any_ttl() -> impl Strategy<Value = u32> {
    0..1_u32 << 31
}

fn any_text() -> impl Strategy<Value = String> {
    "[!-~äß€中]([ -~äß€中]{0,38}[!-~äß€中])?"
}

fn any_dnskey() -> impl Strategy<Value = Dnskey> {
    let flags = prop_oneof![Just(256), Just(257), Just(385), any::<u16>()];
    (flags, any::<u8>(), any::<u8>(), vec(any::<u8>(), 1..200)).prop_map(|(flags, protocol, algorithm, key)| Dnskey {
        flags,
        protocol,
        algorithm: AlgorithmNumber(algorithm),
        key,
    })
}

fn any_key(is_root: bool) -> impl Strategy<Value = Key> {
    (any_text(), any::<u16>(), any_dnskey()).prop_map(move |(identifier, tag, dnskey)| Key {
        identifier: is_root.then_some(identifier),
        declared_tag: is_root.then_some(tag),
        dnskey,
    })
}

fn any_signature(is_root: bool, type_covered: RrType) -> impl Strategy<Value = Signature> {
    let numbers = (any::<u8>(), any::<u8>(), any_ttl(), any::<u16>(), any_ttl());
    (any_text(), numbers, any_time(), any_time(), any_name(), vec(any::<u8>(), 1..200)).prop_map(
        move |(
            identifier,
            (algorithm, labels, original_ttl, key_tag, ttl),
            expiration,
            inception,
            signer,
            signature,
        )| {
            let algorithm = AlgorithmNumber(algorithm);
            let rrsig = Rrsig {
                type_covered,
                algorithm,
                labels,
                original_ttl,
                expiration,
                inception,
                key_tag,
                signer,
                signature,
            };
            Signature { identifier: is_root.then_some(identifier), ttl, rrsig }
        },
    )
}

fn any_policy() -> impl Strategy<Value = SignerPolicy> {
    let parameters = prop_oneof![
        (any::<u32>(), any::<u64>()).prop_map(|(size, exponent)| KeyParameters::Rsa { size, exponent }),
        any::<u32>().prop_map(|size| KeyParameters::Ecdsa { size }),
        any::<u32>().prop_map(|size| KeyParameters::Eddsa { size }),
    ];
    let algorithm = (any::<u8>(), parameters)
        .prop_map(|(algorithm, parameters)| SignatureAlgorithm { algorithm: AlgorithmNumber(algorithm), parameters });
    (proptest::array::uniform6(any::<u32>()), vec(algorithm, 1..4)).prop_map(|(seconds, algorithms)| {
        let [publish, retire, max, min, max_overlap, min_overlap] = seconds.map(Duration::from_seconds);
        SignerPolicy {
            publish_safety: publish,
            retire_safety: retire,
            max_signature_validity: max,
            min_signature_validity: min,
            max_validity_overlap: max_overlap,
            min_validity_overlap: min_overlap,
            algorithms,
        }
    })
}

fn any_stamp() -> impl Strategy<Value = Stamp> {
    (any_time(), "[!-~]([ -~]{0,20}[!-~])?").prop_map(|(time, by)| Stamp { time, by })
}

/// Any request that its format can hold.
pub(super) fn request() -> impl Strategy<Value = Request> {
    any_format().prop_flat_map(|format| {
        let is_root = format == Format::RootXml;
        let signatures = if is_root { 1..3 } else { 0..1 };
        let keys = (vec(any_key(is_root), 1..4), proptest::array::uniform4(any_ttl()));
        let bundle = (any_text(), any_time(), keys, vec(any_signature(is_root, RrType::Dnskey), signatures)).prop_map(
            move |(id, expiration, (mut keys, ttls), signatures)| {
                if format == Format::Knot {
                    keys.sort_by_key(|key| key.dnskey.rdata());
                }
                let ttls = if is_root { ttls } else { [ttls[0]; 4] };
                RequestBundle {
                    id: is_root.then_some(id),
                    inception: Time::MAX,
                    expiration: is_root.then_some(expiration),
                    keys: keys.into_iter().zip(ttls).map(|(key, ttl)| RequestKey { ttl, key }).collect(),
                    signatures,
                }
            },
        );
        let times = proptest::collection::btree_set(any_time(), 3..4);
        let root = (any_text(), any::<u64>(), proptest::option::of(any_time()), any_policy());
        (any_name(), root, times, vec(bundle, 1..4), any_stamp()).prop_map(
            move |(zone, (id, serial, timestamp, zsk_policy), times, mut bundles, stamp)| {
                for (bundle, time) in bundles.iter_mut().zip(times) {
                    bundle.inception = time;
                }
                Request {
                    format,
                    zone,
                    root: is_root.then_some(RootRequest { id, serial, timestamp, zsk_policy }),
                    bundles,
                    stamp: (!is_root).then_some(stamp),
                    notices: Vec::new(),
                }
            },
        )
    })
}

fn any_set(format: Format, rr_type: RrType) -> impl Strategy<Value = SignedSet> {
    let is_root = format == Format::RootXml;
    let ds = (any::<u16>(), any::<u8>(), any::<u8>(), vec(any::<u8>(), 1..64)).prop_map(
        |(key_tag, algorithm, digest_type, digest)| Ds {
            key_tag,
            algorithm: AlgorithmNumber(algorithm),
            digest_type,
            digest,
        },
    );
    let records = match rr_type {
        RrType::Dnskey => vec(any_key(is_root), 1..5).prop_map(Records::Dnskey).boxed(),
        RrType::Cdnskey => vec(any_dnskey(), 1..3).prop_map(Records::Cdnskey).boxed(),
        RrType::Cds => vec(ds, 1..3).prop_map(Records::Cds).boxed(),
    };
    let signatures = vec(any_signature(is_root, rr_type), usize::from(is_root)..3);
    (any_ttl(), records, signatures).prop_map(move |(ttl, mut records, mut signatures)| {
        match (format, &mut records) {
            (Format::Bind, Records::Dnskey(keys)) => keys.sort_by_key(|key| !key.dnskey.is_sep()),
            (Format::Knot, Records::Dnskey(keys)) => keys.sort_by_key(|key| key.dnskey.rdata()),
            (Format::Knot, Records::Cdnskey(keys)) => keys.sort_by_key(Dnskey::rdata),
            (Format::Knot, Records::Cds(list)) => list.sort_by_key(Ds::rdata),
            _ => {}
        }
        if format == Format::Knot {
            signatures
                .sort_by_key(|signature| [signature.rrsig.rdata_to_sign(), signature.rrsig.signature.clone()].concat());
        }
        SignedSet { ttl, records, signatures }
    })
}

/// Any response that its format can hold.
pub(super) fn response() -> impl Strategy<Value = Response> {
    any_format().prop_flat_map(|format| {
        let is_root = format == Format::RootXml;
        let set = move |rr_type| proptest::option::of(any_set(format, rr_type));
        let sets = (any_set(format, RrType::Dnskey), set(RrType::Cdnskey), set(RrType::Cds));
        let bundle = (any_text(), any_time(), any_time(), sets).prop_map(
            move |(id, inception, expiration, (keys, cdnskeys, cds))| ResponseBundle {
                id: is_root.then_some(id),
                inception,
                expiration: is_root.then_some(expiration),
                sets: std::iter::once(keys).chain(cdnskeys.into_iter().chain(cds).filter(|_| !is_root)).collect(),
            },
        );
        let root = (any_text(), any::<u64>(), proptest::option::of(any_time()), any_policy(), any_policy());
        (any_name(), root, vec(bundle, 1..4), any_stamp()).prop_map(
            move |(zone, (id, serial, timestamp, ksk_policy, zsk_policy), bundles, stamp)| Response {
                format,
                zone,
                root: is_root.then_some(RootResponse { id, serial, timestamp, ksk_policy, zsk_policy }),
                bundles,
                stamp: (!is_root).then_some(stamp),
            },
        )
    })
}
