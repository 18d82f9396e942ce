//! A token's signatures: of every algorithm, and with RSA (PKCS #1 v1.5, deterministic) octet for octet OpenSSL's.

use std::fs;
use std::path::Path;
use std::process::Command;

use claviger::dns::{Algorithm, Dnskey, Duration, Name, Time, hex, verify};
use claviger::exchange::{
    Format, Key, Limits, Request, RequestBundle, RequestKey, Stamp, read_response, write_request,
};

use super::common::claviger::{Signer, profile_text};
use super::common::peers::ZONE;
use super::common::softhsm::SoftHsm;

pub(super) fn openssl(folder: &Path, words: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(words).current_dir(folder).output().expect("openssl");
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The public key of a file, with exponent 65537, as a DNSKEY (RFC 3110).
pub(super) fn dnskey(folder: &Path, file: &str, algorithm: Algorithm) -> Dnskey {
    let modulus = String::from_utf8(openssl(folder, &["rsa", "-in", file, "-noout", "-modulus"])).unwrap();
    let digits = modulus.trim().strip_prefix("Modulus=").unwrap();
    let modulus =
        digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    Dnskey::ksk(algorithm, [3, 1, 0, 1].into_iter().chain(modulus).collect())
}

/// The base points of P-256 and P-384 (NIST SP 800-186), x and y.
const G256: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const G384: &str = "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7\
    3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";

fn request(zsk: &Dnskey) -> Vec<u8> {
    let first: Time = "2027-01-01T00:00:00Z".parse().unwrap();
    let key = RequestKey { ttl: 3600, key: Key { identifier: None, declared_tag: None, dnskey: zsk.clone() } };
    let bundle = |day: u16| RequestBundle {
        id: None,
        inception: first.checked_add(Duration::from_days(day)).unwrap(),
        expiration: None,
        keys: vec![key.clone()],
        signatures: Vec::new(),
    };
    let request = Request {
        format: Format::Bind,
        zone: ZONE.parse().unwrap(),
        root: None,
        bundles: vec![bundle(0), bundle(30)],
        stamp: Some(Stamp { time: first, by: "a test".to_owned() }),
        notices: Vec::new(),
    };
    write_request(&request).unwrap()
}

#[test]
fn a_ksk_of_every_algorithm_signs_from_its_making_to_the_response() {
    for algorithm in Algorithm::ALL {
        let store = SoftHsm::with_token("interop");
        let profile = profile_text(&store, algorithm.mnemonic(), &[("ksk", "")]);
        let signer = Signer::on(store, &profile);
        let ksk: Dnskey = signer.generate("ksk").parse().unwrap();
        assert_eq!(ksk.check(), Ok(algorithm));
        // A key that everybody has: the base point of its curve.
        let key = match algorithm {
            Algorithm::RsaSha256 | Algorithm::RsaSha512 => [&[3, 1, 0, 1][..], &[0x91; 256]].concat(),
            Algorithm::EcdsaP256Sha256 => hex::decode(G256).unwrap(),
            Algorithm::EcdsaP384Sha384 => hex::decode(G384).unwrap(),
            Algorithm::Ed25519 => [&[0x58][..], &[0x66; 31]].concat(),
        };
        let zsk = Dnskey { flags: Dnskey::ZSK, key, ..ksk.clone() };
        let skr = signer.sign(&String::from_utf8(request(&zsk)).unwrap(), Some(1_798_761_600));
        let response = read_response(skr.as_bytes(), &Limits::default()).unwrap();
        for set in response.bundles.iter().flat_map(|bundle| &bundle.sets) {
            let rrsig = &set.signatures[0].rrsig;
            let data = rrsig.signed_data(&response.zone, &set.records.rdatas());
            assert_eq!(verify(&ksk, &data, &rrsig.signature), Ok(()), "{algorithm}");
        }
    }
}

#[test]
fn the_tokens_rsa_signatures_are_those_of_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    openssl(folder, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem"]);
    let pem = fs::read_to_string(folder.join("key.pem")).unwrap();
    for (algorithm, digest) in [(Algorithm::RsaSha256, "-sha256"), (Algorithm::RsaSha512, "-sha512")] {
        for mechanism in ["hashed", "raw"] {
            let store = SoftHsm::with_token("interop");
            store.import("interop", "Kksk", "01", &pem);
            let key = dnskey(folder, "key.pem", algorithm);
            let text = profile_text(&store, algorithm.mnemonic(), &[("ksk", "")]);
            let text = text.replace("mechanism = \"hashed\"", &format!("mechanism = \"{mechanism}\""));
            let text = text.replace("label = \"Kksk\"\n", &format!("label = \"Kksk\"\ndnskey = \"{key}\"\n"));
            // Nobody asks BIND's requests for a proof, so any number serves as modulus.
            let zsk = Dnskey { flags: Dnskey::ZSK, key: [&[3, 1, 0, 1][..], &[0x91; 256]].concat(), ..key };
            let signer = Signer::on(store, &text);
            let ksr = String::from_utf8(request(&zsk)).unwrap();
            let skr = signer.sign(&ksr, Some(1_798_761_600)); // 2027-01-01
            let response = read_response(skr.as_bytes(), &Limits::default()).unwrap();
            let zone: Name = ZONE.parse().unwrap();
            let mut compared = 0;
            for set in response.bundles.iter().flat_map(|bundle| &bundle.sets) {
                for signature in &set.signatures {
                    let data = signature.rrsig.signed_data(&zone, &set.records.rdatas());
                    fs::write(folder.join("data"), data).unwrap();
                    let theirs = openssl(folder, &["dgst", digest, "-sign", "key.pem", "data"]);
                    assert_eq!(signature.rrsig.signature, theirs, "{algorithm}, {mechanism}");
                    compared += 1;
                }
            }
            assert!(compared >= 9, "{compared} signatures compared");
        }
    }
}
