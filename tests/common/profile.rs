//! Profiles as text, part by part; a test changes what it is about.

#![allow(dead_code, reason = "each test uses its part of this")]

use std::fmt::Display;
use std::fs;
use std::path::Path;

/// All before the policies: the token by a line of `[hsm]`, in a module with a configuration of SoftHSM2, beside which
/// the tokens lie.
pub fn head(module: impl Display, token: impl Display, conf: &Path) -> String {
    let writable = conf.parent().unwrap_or(conf).display();
    let conf = conf.display();
    format!(
        r#"profile-version = 1
name = "Test"
[hsm]
module = "{module}"
{token}
login = "pin"
env = {{ SOFTHSM2_CONF = "{conf}" }}
writable = ["{writable}"]
mechanism = "hashed"
[media]
request-label = "KSR"
record-label = "RECORD"
share-label = "SHARE"
record-copies = 1
[roles]
required = []
"#
    )
}

/// A policy with a schedule: keys of one algorithm, and how long a request reaches.
pub fn schedule(policy: &str, algorithm: impl Display, coverage: &str) -> String {
    format!(
        r#"[policies.{policy}]
ttl = 3600
[policies.{policy}.request]
approved-algorithms = ["{algorithm}"]
max-signature-validity = "P21D"
signature-horizon-days = 400
[policies.{policy}.schedule]
coverage = "{coverage}"
signatures-validity-dnskey = "P14D"
signatures-refresh = "P5D"
inception-offset = "PT1H"
cds-digest-types = ["SHA-256"]
cdnskey = true
"#
    )
}

/// Replaces a text in the profile of this name; it must be there.
pub fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("the profile");
    assert!(text.contains(from), "`{from}` is not in the profile");
    fs::write(path, text.replacen(from, to, 1)).expect("the profile");
}

/// A zone; its keys follow.
pub fn zone(zone: &str, policy: &str) -> String {
    format!("[zones.\"{zone}\"]\npolicy = \"{policy}\"\n")
}

/// A key of a zone, with more lines: its DNSKEY, its timeline.
pub fn key(zone: &str, name: &str, label: &str, algorithm: impl Display, more: &str) -> String {
    format!("[zones.\"{zone}\".keys.{name}]\nlabel = \"{label}\"\nalgorithm = \"{algorithm}\"\n{more}\n")
}
