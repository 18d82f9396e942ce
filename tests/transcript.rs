//! Records against the tools that witnesses and auditors have: ssh-keygen, openssl, ldns, coreutils.
#![allow(clippy::disallowed_methods, reason = "these tests run other people's programs")]

#[cfg(test)]
mod transcript {
    use std::fs;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output, Stdio};

    use claviger::dns::{Algorithm, Dnskey, Name, RrType, Rrsig, Time, key_rdatas, sha256};
    use claviger::exchange::{Format, Key, Limits, Records, Response, ResponseBundle, Signature, SignedSet};
    use claviger::paper::report;
    use claviger::steps::{Actor, Mode, Moment, Step};
    use claviger::transcript::{
        Body, CeremonyKey, Chain, Ending, Files, JournalHead, Namespace, Note, Opened, Planned, ResponseMade,
        SealedRecord, Written, delivery, names, rrsets, seal,
    };
    use ed25519_dalek::{Signer as _, SigningKey};
    use tempfile::TempDir;

    fn run(program: &str, arguments: &[&str], folder: &Path, input: &[u8]) -> Output {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; it must be installed"));
        // A program may end without reading everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn text(output: &Output) -> String {
        String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
    }

    fn key() -> CeremonyKey {
        CeremonyKey::from_seed(&[42; 32])
    }

    fn moment(uptime: u64) -> Moment {
        Moment { time: "2026-11-22T03:00:00Z".parse().unwrap(), uptime }
    }

    /// A response of two bundles, signed by a key in software.
    fn response(zone: &Name) -> Response {
        let signing = SigningKey::from_bytes(&[9; 32]);
        let ksk = Dnskey::ksk(Algorithm::Ed25519, signing.verifying_key().to_bytes().to_vec());
        let zsk_point = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes().to_vec();
        let zsk = Dnskey { flags: Dnskey::ZSK, ..Dnskey::ksk(Algorithm::Ed25519, zsk_point) };
        let bundle = |inception: &str, expiration: &str| {
            let mut rrsig = Rrsig {
                type_covered: RrType::Dnskey,
                algorithm: ksk.algorithm,
                labels: zone.label_count(),
                original_ttl: 3600,
                expiration: Time::from_digits(expiration).unwrap(),
                inception: Time::from_digits(inception).unwrap(),
                key_tag: ksk.key_tag(),
                signer: zone.clone(),
                signature: Vec::new(),
            };
            let data = rrsig.signed_data(zone, &key_rdatas([&ksk, &zsk]));
            rrsig.signature = signing.sign(&data).to_bytes().to_vec();
            let keys = [&ksk, &zsk].map(|dnskey| Key { identifier: None, declared_tag: None, dnskey: dnskey.clone() });
            ResponseBundle {
                id: None,
                inception: rrsig.inception,
                expiration: None,
                sets: vec![SignedSet {
                    ttl: 3600,
                    records: Records::Dnskey(keys.to_vec()),
                    signatures: vec![Signature { identifier: None, ttl: 3600, rrsig }],
                }],
            }
        };
        let bundles = vec![bundle("20261201000000", "20261215000000"), bundle("20261211000000", "20261225000000")];
        Response { format: Format::Bind, zone: zone.clone(), root: None, bundles, stamp: None }
    }

    /// A complete record with its delivery log, put together without a ceremony.
    fn record(mode: &Mode) -> SealedRecord {
        record_of(mode, &response(&"example.".parse().unwrap()))
    }

    fn record_of(mode: &Mode, response: &Response) -> SealedRecord {
        // As text of its own, so that this test stands without any writer: what matters here is what the script sees.
        let skr = rrsets(response, &sha256(b"")).replace("; bundle", ";; SignedKeyResponse");
        record_with(mode, response, skr.into_bytes())
    }

    fn record_with(mode: &Mode, response: &Response, skr: Vec<u8>) -> SealedRecord {
        let mut files = Files::new();
        files.insert(names::PROFILE.to_owned(), b"name = \"x\"\n".to_vec());
        files.insert(names::PLAN.to_owned(), b"{}".to_vec());
        files.insert("jobs/01-example/ksr.txt".to_owned(), b";; KeySigningRequest\n".to_vec());
        files.insert("jobs/01-example/dnskey.txt".to_owned(), rrsets(response, &sha256(&skr)).into_bytes());
        files.insert("jobs/01-example/skr.txt".to_owned(), skr);
        let public = key().public();
        let opened = Opened {
            transcript_version: 1,
            claviger: "0.1.0".to_owned(),
            build_id: "none".to_owned(),
            mode: mode.clone(),
            profile: "x \"prev\":\"y\"".to_owned(),
            profile_sha256: sha256(&files[names::PROFILE]),
            ceremony_key: public.base64(),
            key_fingerprint: public.fingerprint(),
        };
        let sets = response.bundles.iter().flat_map(|bundle| &bundle.sets);
        let signatures = sets.map(|set| set.signatures.len()).sum();
        let planned = Planned { plan_sha256: sha256(b"{}"), signatures, covered_until: vec![Time::MAX] };
        let path = "jobs/01-example/skr.txt";
        let made = ResponseMade {
            job: 1,
            path: path.to_owned(),
            file: "skr.txt".to_owned(),
            sha256: sha256(&files[path]),
            octets: files[path].len() as u64,
        };
        let mut chain = Chain::new();
        chain.append(moment(1), Step::Open, &Actor::Program, Body::Opened(opened)).unwrap();
        chain.append(moment(2), Step::Plan, &Actor::Program, Body::Planned(planned)).unwrap();
        let note = Note { note: "back\\slash, \"quotes\" and 100 % \u{e9}".to_owned() };
        chain.append(moment(3), Step::Plan, &Actor::Operator, Body::Paused(note)).unwrap();
        chain.append(moment(3), Step::Review, &Actor::Program, Body::Response(made)).unwrap();
        let mut record = seal(&mut chain, &key(), mode, files, Ending::Complete, moment(4), report).unwrap();
        let mut log = Chain::following(record.fingerprint);
        let written = Written {
            name: "r".to_owned(),
            label: "RECORD".to_owned(),
            uuid: "AAAA-BBBB".to_owned(),
            sha256: record.sums_sha256,
            octets: record.octets(),
        };
        log.append(moment(5), Step::Write, &Actor::Program, Body::RecordWritten(written)).unwrap();
        record.files.extend(delivery(&log, &key(), mode));
        record
    }

    fn write(files: &Files, folder: &Path) {
        for (path, octets) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, octets).unwrap();
        }
    }

    fn on_disk(files: &Files) -> TempDir {
        let folder = TempDir::new().unwrap();
        write(files, folder.path());
        folder
    }

    fn script(folder: &Path, fingerprint: Option<&str>) -> Output {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("witness-scripts/verify-record.sh");
        let mut arguments = vec![script.to_str().unwrap(), folder.to_str().unwrap()];
        arguments.extend(fingerprint);
        run("bash", &arguments, folder, b"")
    }

    #[test]
    fn ssh_keygen_accepts_our_signatures_in_their_namespace_alone() {
        let folder = TempDir::new().unwrap();
        let message = b"transcript\n".repeat(1000);
        fs::write(folder.path().join("allowed"), key().public().allowed_signers(&Mode::Ceremony)).unwrap();
        fs::write(folder.path().join("sig"), key().sshsig(Namespace::Journal, &Mode::Ceremony, &message)).unwrap();
        let verify = |namespace: &str, message: &[u8]| {
            let arguments = ["-Y", "verify", "-f", "allowed", "-I", "ceremony", "-n", namespace, "-s", "sig"];
            run("ssh-keygen", &arguments, folder.path(), message)
        };
        let good = verify("claviger-journal", &message);
        assert!(good.status.success() && text(&good).contains(&key().public().fingerprint()), "{}", text(&good));
        assert!(!verify("claviger-journal", b"other").status.success());
        assert!(!verify("claviger-record", &message).status.success());
        assert!(!verify("rehearsal-claviger-journal", &message).status.success());
    }

    #[test]
    fn we_accept_the_signatures_of_ssh_keygen() {
        let folder = TempDir::new().unwrap();
        let made = run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "id"], folder.path(), b"");
        assert!(made.status.success(), "{}", text(&made));
        let public = fs::read_to_string(folder.path().join("id.pub")).unwrap();
        let public = claviger::transcript::PublicKey::from_base64(public.split(' ').nth(1).unwrap()).unwrap();
        let signed = run("ssh-keygen", &["-Y", "sign", "-f", "id", "-n", "claviger-record"], folder.path(), b"message");
        assert!(signed.status.success(), "{}", text(&signed));
        assert_eq!(public.verify_sshsig(Namespace::Record, &Mode::Ceremony, b"message", &signed.stdout), Ok(()));
        let listed = run("ssh-keygen", &["-l", "-f", "id.pub"], folder.path(), b"");
        assert!(text(&listed).contains(&public.fingerprint()));
    }

    #[test]
    fn openssl_accepts_our_raw_signatures() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("key.pem"), key().public().pem()).unwrap();
        fs::write(folder.path().join("message"), b"message").unwrap();
        let verify = |signature: &[u8]| {
            fs::write(folder.path().join("sig"), signature).unwrap();
            let arguments =
                ["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "message", "-sigfile", "sig"];
            run("openssl", &arguments, folder.path(), b"")
        };
        let good = verify(&key().raw(b"message"));
        assert!(good.status.success(), "{}", text(&good));
        assert!(!verify(&key().raw(b"other")).status.success());
    }

    #[test]
    fn the_head_of_a_journal_can_be_checked_with_head_tail_and_ssh_keygen() {
        let mut chain = Chain::new();
        let note = Body::Paused(Note { note: "x".to_owned() });
        chain.append(moment(1), Step::Execute, &Actor::Program, note).unwrap();
        let mut files = Files::new();
        files.insert(names::JOURNAL_HEAD.to_owned(), JournalHead::write(&chain, &key(), &Mode::Ceremony).unwrap());
        files.insert(names::ALLOWED_SIGNERS.to_owned(), key().public().allowed_signers(&Mode::Ceremony).into_bytes());
        let folder = on_disk(&files);
        let verify = "head -n 1 journal.head | ssh-keygen -Y verify -f allowed_signers -I ceremony -n claviger-journal \
                      -s <(tail -n +2 journal.head)";
        let good = run("bash", &["-c", verify], folder.path(), b"");
        assert!(good.status.success(), "{}", text(&good));
    }

    #[test]
    fn the_witnesses_script_accepts_a_good_record() {
        for mode in ["ceremony", "unattended", "rehearsal", "drill:x"] {
            let mode: Mode = mode.parse().unwrap();
            let record = record(&mode);
            let folder = on_disk(&record.files);
            let output = script(folder.path(), None);
            let shown = text(&output);
            assert!(output.status.success() && !shown.contains("FAIL"), "{shown}");
            assert!(shown.contains("NOT ANCHORED"));
            assert_eq!(shown.contains("THE RECORD OF A REHEARSAL"), mode == Mode::Rehearsal);
            assert_eq!(shown.contains("THE RECORD OF A DRILL"), mode.to_string() == "drill:x");
            let fingerprint = record.fingerprint.to_string();
            let output = script(folder.path(), Some(&fingerprint.to_uppercase()));
            assert!(output.status.success() && !text(&output).contains("NOT ANCHORED"), "{}", text(&output));
            let other = sha256(b"other").to_string();
            assert!(text(&script(folder.path(), Some(&other))).contains("FAIL  the transcript's fingerprint"));
        }
    }

    #[test]
    fn the_witnesses_script_finds_damage_in_every_file() {
        let good = record(&Mode::Ceremony).files;
        for path in good.keys() {
            let mut files = good.clone();
            let octets = files.get_mut(path).unwrap();
            let place = octets.len() / 2;
            octets[place] ^= 1;
            let folder = on_disk(&files);
            let output = script(folder.path(), None);
            assert_eq!(output.status.code(), Some(1), "{path}: {}", text(&output));
            let named = text(&output).lines().any(|line| line.starts_with("FAIL") && line.contains(path.as_str()));
            assert!(named, "{path}: {}", text(&output));
        }
    }

    #[test]
    fn the_witnesses_script_finds_unknown_files_and_missing_ones() {
        let good = record(&Mode::Ceremony).files;
        let mut more = good.clone();
        more.insert("jobs/01-example/more.txt".to_owned(), b"x".to_vec());
        assert!(text(&script(on_disk(&more).path(), None)).contains("FAIL  unknown or missing files"));
        for path in good.keys().filter(|path| !path.starts_with("delivery")) {
            let mut fewer = good.clone();
            fewer.remove(path);
            assert_eq!(script(on_disk(&fewer).path(), None).status.code(), Some(1), "{path}");
        }
        let mut cosigned = good;
        cosigned.insert("cosignatures/IW.sig".to_owned(), b"x".to_vec());
        assert_eq!(script(on_disk(&cosigned).path(), None).status.code(), Some(0));
    }

    /// Whoever has the ceremony key can sign anything; a false DNSKEY signature is still found.
    #[test]
    fn the_witnesses_script_finds_a_false_signature_in_a_well_sealed_record() {
        let zone: Name = "example.".parse().unwrap();
        let mut response = response(&zone);
        response.bundles[1].sets[0].signatures[0].rrsig.signature[5] ^= 1;
        let record = record_of(&Mode::Ceremony, &response);
        let shown = text(&script(on_disk(&record.files).path(), None));
        assert!(
            shown.contains("FAIL  jobs/01-example/dnskey.txt bundle 2: not verified: Error: Bogus DNSSEC signature"),
            "{shown}"
        );
        assert_eq!(shown.matches("FAIL").count(), 2, "{shown}"); // and the count of good bundles
    }
    /// Signed by the root's own signer, by `dnssec-ksr` and by `keymgr`: RSA, ECDSA and Ed25519.
    #[test]
    fn the_witnesses_script_accepts_real_responses() {
        #[expect(clippy::disallowed_methods, reason = "tests alone find the real files by this variable")]
        let Ok(samples) = std::env::var("CLAVIGER_SAMPLES") else {
            println!("skipped: CLAVIGER_SAMPLES is unset");
            return;
        };
        for path in [
            "root/skr-root-2017-q2-0.xml",
            "root/skr-root-2017-q3-0-c_to_d.xml",
            "bind/bind-alg8-single/skr.txt",
            "bind/bind-alg15-single/skr.txt",
            "knot/knot34-alg13-kskroll/skr.txt",
        ] {
            let skr = fs::read(Path::new(&samples).join(path)).unwrap();
            let response = claviger::exchange::read_response(&skr, &Limits::default()).unwrap();
            let record = record_with(&Mode::Ceremony, &response, skr);
            let shown = text(&script(on_disk(&record.files).path(), None));
            assert!(shown.ends_with("verdict                 good\n"), "{path}: {shown}");
            assert!(
                shown.lines().any(|line| line.starts_with("ok") && line.contains("verifies (ldns)")),
                "{path}: {shown}"
            );
        }
    }
}
