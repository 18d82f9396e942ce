//! The guard of the USB ports: who came in before the door was shut, who may come back, and who waits.

use std::collections::BTreeMap;

use crate::process::Refused;
use crate::steps::{UsbFacts, UsbState};

use super::devices::{Devices, UsbDevice};
use super::usb::{Judgement, Rules};

/// Looks within which a device that was let in has its driver; there are two a second.
const SETTLING: u32 = 10;

/// What tells one device from another: vendor and product number, serial number, all of its descriptors.
type Identity = (String, String, Vec<u8>);

/// What has become of a device that is plugged in.
#[derive(Clone, Debug)]
struct Known {
    identity: Identity,
    facts: UsbFacts,
    standing: Standing,
    /// Looks since it was let in.
    looks: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    /// It is let in; whether it may type.
    In { types: bool },
    /// It can type, and nobody has decided.
    Waiting,
    /// It stays out, by its classes or because a person said so.
    Refused,
}

/// The state of the guard.
#[derive(Debug, Default)]
pub(super) struct Guard {
    known: BTreeMap<u32, Known>,
    allowed: Vec<Identity>,
    begun: bool,
}

impl Guard {
    /// Looks at what is plugged in, lets in what may come in, and tells the rest.
    ///
    /// At the first look, just after the door was shut, whatever types already is allowed, for as long as this runs.
    pub(super) fn look(&mut self, devices: &mut impl Devices) -> UsbState {
        let rules = Rules::read(&devices.usb_rules());
        let found = devices.usb_devices();
        let same =
            |id: u32, known: &Known| found.iter().any(|device| device.id == id && identity(device) == known.identity);
        self.known.retain(|id, known| same(*id, known));
        for device in &found {
            if !self.known.contains_key(&device.id) {
                let known = self.newcomer(device, &rules, devices);
                self.known.insert(device.id, known);
            }
        }
        self.begun = true;
        let with = |standing: Standing| {
            let known = self.known.values().filter(move |known| known.standing == standing);
            known.map(|known| known.facts.clone()).collect::<Vec<_>>()
        };
        let (refused, waiting) = (with(Standing::Refused), with(Standing::Waiting));
        // Whether a device that came in is a keyboard, the kernel knows when its driver has it.
        let is_new = |known: &&Known| known.standing == Standing::In { types: true } && known.looks < SETTLING;
        let settling = u32::try_from(self.known.values().filter(is_new).count()).unwrap_or(u32::MAX);
        self.known.values_mut().for_each(|known| known.looks = known.looks.saturating_add(1));
        UsbState { refused, waiting, keyboards: devices.keyboards().max(settling) }
    }

    fn newcomer(&mut self, device: &UsbDevice, rules: &Rules, devices: &mut impl Devices) -> Known {
        let (judgement, classes) = rules.judge(&device.product, &device.descriptors);
        let identity = identity(device);
        let twin = self.known.values().any(|known| known.identity == identity);
        let standing = match judgement {
            Judgement::Admit => Standing::In { types: false },
            Judgement::Ask if !self.begun && device.authorized => {
                self.allowed.push(identity.clone());
                Standing::In { types: true }
            }
            // The same one again; a second one like it beside the first is somebody else.
            Judgement::Ask if self.allowed.contains(&identity) && !twin => Standing::In { types: true },
            Judgement::Ask => Standing::Waiting,
            Judgement::Refuse => Standing::Refused,
        };
        let inside = matches!(standing, Standing::In { .. });
        let done = device.authorized == inside || devices.authorize_usb(device.id, inside).is_ok();
        let facts = UsbFacts { id: device.id, product: device.product.clone(), name: device.name.clone(), classes };
        // One that could not be let in is told as refused; it is gone most likely.
        Known { identity, facts, standing: if done || !inside { standing } else { Standing::Refused }, looks: 0 }
    }

    /// A person has decided on a device that waits.
    pub(super) fn decide(&mut self, id: u32, allow: bool, devices: &mut impl Devices) -> Result<(), Refused> {
        let known = self.known.get_mut(&id).ok_or(Refused::Gone)?;
        if known.standing != Standing::Waiting {
            return Err(Refused::Because("this device does not wait for anybody's decision".to_owned()));
        }
        if !allow {
            known.standing = Standing::Refused;
            return Ok(());
        }
        devices.authorize_usb(id, true).map_err(|error| Refused::Because(error.to_string()))?;
        (known.standing, known.looks) = (Standing::In { types: true }, 0);
        self.allowed.push(known.identity.clone());
        Ok(())
    }
}

fn identity(device: &UsbDevice) -> Identity {
    (device.product.clone(), device.serial.clone(), device.descriptors.clone())
}
