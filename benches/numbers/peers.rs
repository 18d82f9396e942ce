//! The same requests signed by other offline signers, where `tests/setup` has installed them.

use std::time::Duration;

use crate::common::peers::{Algorithm, Workplace, ZONE};
use crate::table::timed;

/// First bundle of the requests.
const START: &str = "20261201000000";
/// A key that is older than every bundle.
const LONG_AGO: &str = "20261001000000";

/// Signatures made, and the time of the process.
type Signed = Result<(usize, Duration), String>;

/// `dnssec-ksr sign`.
pub(crate) fn bind(algorithm: Algorithm, ksr: &[u8], days: usize) -> Signed {
    let place = Workplace::new()?;
    let name = algorithm.peer_name();
    let bits = algorithm.bits();
    let policy = format!(
        r#"dnssec-policy "offline" {{
    offline-ksk yes;
    keys {{
        ksk lifetime unlimited algorithm {name}{bits};
        zsk lifetime unlimited algorithm {name}{bits};
    }};
    dnskey-ttl PT1H;
    signatures-validity P14D;
    signatures-validity-dnskey P14D;
    signatures-refresh P5D;
    signatures-jitter 0;
    cdnskey yes;
    cds-digest-types {{ SHA-256; }};
}};
"#
    );
    place.write("policy.conf", &policy);
    place.write("ksr.txt", &String::from_utf8_lossy(ksr));
    place.write("ksk/.keep", "");
    let (keys, policy, ksr) = (place.inside("ksk"), place.inside("policy.conf"), place.inside("ksr.txt"));
    let words = ["-q", "-K", &keys, "-a", name, "-b", "2048", "-f", "KSK"];
    let words = words.iter().filter(|word| !bits.is_empty() || !["-b", "2048"].contains(word)).copied();
    let times = ["-P", LONG_AGO, "-A", LONG_AGO, "-P", "sync", LONG_AGO, ZONE];
    place.run("dnssec-keygen", &words.chain(times).collect::<Vec<_>>()).expect("dnssec-keygen");
    let end = format!("+{}d", days - 1);
    let words = ["-K", &keys, "-k", "offline", "-l", &policy, "-i", START, "-e", &end, "-f", &ksr, "sign", ZONE];
    signed(|| place.run("dnssec-ksr", &words).expect("dnssec-ksr sign"))
}

/// `keymgr sign-ksr`.
pub(crate) fn knot(algorithm: Algorithm, ksr: &[u8]) -> Signed {
    let place = Workplace::new()?;
    let (folder, name) = (place.inside("ksk"), algorithm.peer_name());
    let conf = format!(
        r#"database:
    storage: "{folder}/db"
policy:
  - id: offline
    manual: on
    offline-ksk: on
    algorithm: {name}
    dnskey-ttl: 3600
    zone-max-ttl: 300
    propagation-delay: 1h
    rrsig-lifetime: 14d
    rrsig-refresh: 5d
    cds-cdnskey-publish: always
zone:
  - domain: {ZONE}
    storage: "{folder}"
    dnssec-signing: on
    dnssec-policy: offline
"#
    );
    place.write("ksk.conf", &conf);
    place.write("ksk/db/.keep", "");
    place.write("ksr.txt", &String::from_utf8_lossy(ksr));
    let (conf, ksr) = (place.inside("ksk.conf"), place.inside("ksr.txt"));
    let times = ["created", "publish", "ready", "active"].map(|name| format!("{name}={LONG_AGO}"));
    let mut words = vec!["-c", &conf, ZONE, "generate", "ksk=yes", "zsk=no"];
    words.extend(times.iter().map(String::as_str));
    place.run("keymgr", &words).expect("keymgr generate");
    signed(|| place.run("keymgr", &["-c", &conf, ZONE, "sign-ksr", &ksr]).expect("keymgr sign-ksr"))
}

fn signed(sign: impl FnOnce() -> String) -> Signed {
    let (response, time) = timed(sign);
    Ok((response.lines().filter(|line| line.contains("RRSIG")).count(), time))
}
