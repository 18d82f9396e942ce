//! Small profiles for tests, and what is done to them.

use super::{Profile, ProfileError, ZoneKey, read};

/// A zone with schemas and two keys.
pub(super) const SCHEMAS: &str = r#"profile-version = 1
name = "Test"
[hsm]
module = "/usr/lib/module.so"
token-label = "test"
login = "pin"
env = {}
mechanism = "hashed"
[media]
request-label = "KSR"
record-label = "RECORD"
share-label = "SHARE"
record-copies = 2
[roles]
required = ["CA", "IW"]
[policies.p]
ttl = 3600
[policies.p.request]
num-bundles = 2
num-keys-per-bundle = [2, 1]
num-different-keys-in-all-bundles = 3
approved-algorithms = ["RSASHA256"]
rsa-approved-key-sizes = [2048]
rsa-approved-exponents = [65537]
min-cycle-inception-length = "P79D"
max-cycle-inception-length = "P81D"
min-bundle-interval = "P9D"
max-bundle-interval = "P11D"
min-signature-validity = "P20D"
max-signature-validity = "P21D"
min-validity-overlap = "P9D"
max-validity-overlap = "P12D"
signature-horizon-days = 180
[policies.p.ksk]
publish-safety = "PT0S"
retire-safety = "P28D"
min-signature-validity = "P21D"
max-signature-validity = "P21D"
min-validity-overlap = "P9D"
max-validity-overlap = "P16D"
[policies.p.schemas.normal]
"1-2" = { publish = ["ksk"], sign = ["ksk"] }
[zones."example."]
policy = "p"
[zones."example.".keys.next]
label = "K2"
algorithm = "ED25519"
[zones."example.".keys.ksk]
label = "K1"
algorithm = "ED25519"
dnskey = "257 3 15 3K+eJ9KPG5rpydOJMDkD793nN8UEcfMvWJwCO0Dalc0="
"#;

/// A zone with a schedule and one key, at the end of the text.
pub(crate) const SCHEDULE: &str = r#"profile-version = 1
name = "Test"
[hsm]
module = "/usr/lib/module.so"
token-label = "test"
login = "pin"
mechanism = "hashed"
[media]
request-label = "KSR"
record-label = "RECORD"
share-label = "SHARE"
record-copies = 1
[roles]
required = []
[policies.p]
ttl = 3600
[policies.p.request]
approved-algorithms = ["ED25519"]
max-signature-validity = "P21D"
signature-horizon-days = 400
[policies.p.schedule]
coverage = "P90D"
signatures-validity-dnskey = "P14D"
signatures-refresh = "P5D"
inception-offset = "PT1H"
cds-digest-types = ["SHA-256"]
cdnskey = true
[zones."example."]
policy = "p"
[zones."example.".keys.ksk]
label = "K1"
algorithm = "ED25519"
dnskey = "257 3 15 3K+eJ9KPG5rpydOJMDkD793nN8UEcfMvWJwCO0Dalc0="
"#;

/// The text in which `from` has become `to`; it must be there.
pub(crate) fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the profile");
    text.replacen(from, to, 1)
}

/// Reads a profile from text.
pub(super) fn read_text(text: &str) -> Result<Profile, ProfileError> {
    read(text.as_bytes())
}

/// Asserts that a profile is refused at this field, and that expected and found begin or hold as given.
pub(super) fn assert_refused(text: &str, field: &str, expected: &str, found: &str) -> ProfileError {
    let error = read_text(text).expect_err("the profile must be refused");
    assert_eq!(error.field, field, "{error}");
    assert!(error.expected.contains(expected), "{error}");
    assert!(error.found.starts_with(found), "{error}");
    error
}

/// The path of the key in both.
pub(super) const KEY: &str = "zones.\"example.\".keys.ksk";

/// The key in both.
pub(super) const DNSKEY: &str = "257 3 15 3K+eJ9KPG5rpydOJMDkD793nN8UEcfMvWJwCO0Dalc0=";

/// [`SCHEDULE`] with more lines in its key.
pub(super) fn with_lines(lines: &str) -> String {
    format!("{SCHEDULE}{lines}\n")
}

/// The key of a profile that must read.
pub(super) fn key(text: &str) -> ZoneKey {
    let mut profile = read_text(text).unwrap_or_else(|error| panic!("{error}"));
    profile.zones.first_entry().and_then(|mut zone| zone.get_mut().keys.remove("ksk")).expect("the key")
}
