//! DS records as RFCs publish them and as ldns computes them, for every algorithm and digest, from the binary.

use std::fs;
use std::process::Command;

use claviger::dns::{Algorithm, Dnskey};

use super::common::rehearsal::claviger;

/// Zone, DNSKEY and DS of RFC 6605 (sections 6.1 and 6.2) and RFC 8080 (section 6.1).
const PUBLISHED: [(&str, &str, &str); 3] = [
    (
        "example.net.",
        "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
        "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17",
    ),
    (
        "example.net.",
        "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
        "10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6",
    ),
    (
        "example.com.",
        "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
        "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
    ),
];

/// The DS records that `claviger show --profile` prints for one key of a zone.
fn shown(zone: &str, key: &Dnskey) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let (head, _) = include_str!("../../image/profiles/small-zone.toml").split_once("[zones.").unwrap();
    let name = key.algorithm.mnemonic().unwrap();
    let of_policy = head.split_once("[policies.").unwrap().1.split_once(']').unwrap().0;
    let text = format!(
        "{head}[zones.\"{zone}\"]\npolicy = \"{of_policy}\"\n[zones.\"{zone}\".keys.ksk]\nlabel = \"K\"\n\
         algorithm = \"{name}\"\ndnskey = \"{key}\"\n"
    );
    fs::write(place.path().join("p.toml"), text).unwrap();
    let run = claviger(&["show", "--profile", "p.toml"], place.path());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let begin = format!("{zone} IN DS ");
    run.out.lines().filter_map(|line| line.strip_prefix(&begin)).map(str::to_lowercase).collect()
}

/// The DS of one digest, by ldns.
fn by_ldns(zone: &str, key: &Dnskey, digest: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("key"), format!("{zone} 3600 IN DNSKEY {key}\n")).unwrap();
    let output = Command::new("ldns-key2ds").args(["-n", digest, "key"]).current_dir(place.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once("\tDS\t").unwrap_or_else(|| panic!("{text}")).1.trim().to_lowercase()
}

#[test]
fn ds_records_are_those_that_the_rfcs_publish() {
    for (zone, key, ds) in PUBLISHED {
        let shown = shown(zone, &key.parse().unwrap());
        assert!(shown.iter().any(|line| line == ds), "{ds} in {shown:#?}");
    }
}

#[test]
fn ds_records_of_every_algorithm_and_digest_are_those_of_ldns() {
    for algorithm in Algorithm::ALL {
        let mut published = PUBLISHED.iter().map(|(_, key, _)| key.parse::<Dnskey>().unwrap());
        let key = published.find(|key| key.algorithm == algorithm.number()).unwrap_or_else(|| {
            // Any odd number serves as modulus: it is digested, and verifies nothing here.
            Dnskey::ksk(algorithm, [&[3, 1, 0, 1][..], &[0x91; 256]].concat())
        });
        for zone in [".", "example.", "a-b.example.org."] {
            let expected = ["-2", "-4"].map(|digest| by_ldns(zone, &key, digest));
            assert_eq!(shown(zone, &key), expected, "{algorithm}, {zone}");
        }
    }
}
