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
    /// The device's serial number, or [`VolumeFacts::FOLDER`].
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
    /// The serial number of a folder that stands for a medium.
    pub const FOLDER: &str = "folder";

    /// Whether it is the same medium, under whatever number: by label, serial, UUID and size.
    ///
    /// A folder has no size of its own: it shows that of the file system around it, which may change meanwhile, or what a
    /// rehearsal makes of it.
    #[must_use]
    pub fn is_same_medium(&self, other: &Self) -> bool {
        let sized = self.serial != Self::FOLDER;
        (&self.label, &self.serial, &self.uuid) == (&other.label, &other.serial, &other.uuid)
            && (!sized || self.size == other.size)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_is_known_again_by_label_serial_uuid_and_size() {
        let (label, serial, uuid) = ("RECORD-A".to_owned(), "4711".to_owned(), "5D3A-91C2".to_owned());
        let stick = VolumeFacts { id: VolumeId(1), label, serial, uuid, size: 4_000, free: 10, writable: true };
        let back = VolumeFacts { id: VolumeId(9), free: 5, writable: false, ..stick.clone() };
        assert!(stick.is_same_medium(&back));
        let other = "OTHER".to_owned();
        for other in [
            VolumeFacts { label: other.clone(), ..back.clone() },
            VolumeFacts { serial: other.clone(), ..back.clone() },
            VolumeFacts { uuid: other, ..back.clone() },
            VolumeFacts { size: 4_001, ..back },
        ] {
            assert!(!stick.is_same_medium(&other), "{other:?}");
        }
        let folder = VolumeFacts { serial: VolumeFacts::FOLDER.to_owned(), ..stick };
        let fuller = VolumeFacts { size: 1, ..folder.clone() };
        assert!(folder.is_same_medium(&fuller), "its size is not its own");
    }
}
