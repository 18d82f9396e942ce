//! Facts about tokens, keys and volumes, as plain values.

use serde::{Deserialize, Serialize};

use crate::dns::Dnskey;

/// A volume for as long as it stays plugged in; a new number each time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct VolumeId(pub u32);

/// What is known of a volume.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct VolumeFacts {
    /// Names it towards the media room.
    pub id: VolumeId,
    /// The file system's label, or the folder's name.
    pub label: String,
    /// The device's serial number, or `folder`.
    pub serial: String,
    /// The file system's UUID; for a folder a digest of its path.
    pub uuid: String,
    /// Capacity in octets; 0 where unknown.
    pub size: u64,
    /// Free octets; [`VolumeFacts::UNKNOWN`] where that is not known.
    pub free: u64,
    /// Whether it can be written.
    pub writable: bool,
}

impl VolumeFacts {
    /// Room that is not known.
    pub const UNKNOWN: u64 = u64::MAX;

    /// Whether it is only shown so that people see what it is: it has no file system that can be used.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.uuid.is_empty()
    }
}

/// What a token says of itself, without a PIN.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TokenFacts {
    /// CKA serial number; what a token is chosen by.
    pub serial: String,
    /// The label.
    pub label: String,
    /// The manufacturer.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// Firmware version, `major.minor`.
    pub firmware: String,
    /// Whether the PIN is entered at the device (`CKF_PROTECTED_AUTHENTICATION_PATH`).
    pub protected_path: bool,
    /// `CKF_USER_PIN_COUNT_LOW`: a wrong PIN was entered since the last right one.
    pub pin_count_low: bool,
    /// `CKF_USER_PIN_FINAL_TRY`: the next wrong PIN locks the token.
    pub pin_final_try: bool,
    /// `CKF_USER_PIN_LOCKED`.
    pub pin_locked: bool,
}

/// A key pair as found on a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyFacts {
    /// `CKA_LABEL`.
    pub label: String,
    /// `CKA_ID`, hexadecimal; empty where the token has none.
    pub cka_id: String,
    /// The public key as a DNSKEY with flags 257.
    pub dnskey: Dnskey,
}
