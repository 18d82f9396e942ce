//! What the computer tells of itself, as plain values.

use serde::{Deserialize, Serialize};

/// Which locks of the keyboard are on; none where that is not known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Locks {
    /// Caps Lock.
    pub caps: Option<bool>,
    /// Num Lock.
    pub num: Option<bool>,
}

/// What is known of the USB devices that are not simply let in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct UsbState {
    /// Devices that are refused.
    pub refused: Vec<UsbFacts>,
    /// Keyboards and the like that nobody has decided on; they type nothing until then.
    pub waiting: Vec<UsbFacts>,
    /// Keyboards that type, those inside the computer included; not mice.
    pub keyboards: u32,
}

/// A USB device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UsbFacts {
    /// Names it for as long as it stays plugged in.
    pub id: u32,
    /// Vendor and product number, as `1d6b:0002`.
    pub product: String,
    /// What it calls itself, without control characters.
    pub name: String,
    /// Classes of its interfaces, two hexadecimal digits each, as `03 0b`; or what is wrong with its descriptors.
    pub classes: String,
}
