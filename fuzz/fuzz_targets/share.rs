//! Officers' share files: what is read is written octet for octet.
#![no_main]

use claviger::quorum::ShareFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(share) = ShareFile::read(octets) {
        assert_eq!(share.write(), octets);
    }
});
