//! Profiles.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Err(error) = claviger::profile::read(octets) {
        assert!(!error.to_string().is_empty());
    }
});
