//! Which USB devices are let in, by what their descriptors say. Pure: descriptors are what a hostile device made.

/// Human interface: keyboards, mice, and whatever else types.
const HUMAN_INTERFACE: u8 = 0x03;
/// Octets of a device descriptor (USB 2.0, table 9-8).
const DEVICE: usize = 18;
/// Interfaces that a device may have, all configurations and alternate settings together.
const MOST: usize = 64;

/// The list, as the rules of udev hold it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Rules {
    classes: Vec<u8>,
    products: Vec<String>,
}

/// What is to become of a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Judgement {
    /// It is let in.
    Admit,
    /// It can type: a person decides.
    Ask,
    /// It stays out.
    Refuse,
}

impl Rules {
    /// Reads the list: the line `#classes`, and lines with vendor and product number that lead to the end.
    pub(super) fn read(text: &str) -> Self {
        let classes = text.lines().find_map(|line| line.strip_prefix("#classes "));
        let classes = classes.into_iter().flat_map(str::split_whitespace);
        let product = |line: &str| {
            let rest = line.trim().strip_prefix("ATTR{idVendor}==\"")?;
            let (vendor, rest) = rest.split_once('"')?;
            let rest = rest.trim_start_matches([',', ' ']).strip_prefix("ATTR{idProduct}==\"")?;
            let (product, rest) = rest.split_once('"')?;
            rest.contains("GOTO=\"claviger_usb_end\"").then(|| format!("{vendor}:{product}"))
        };
        Self {
            classes: classes.filter_map(|class| u8::from_str_radix(class, 16).ok()).collect(),
            products: text.lines().filter_map(product).collect(),
        }
    }

    /// Judges a device by its vendor and product number, as `1234:5678`, and its descriptors; and names its classes, or
    /// what is wrong with them.
    pub(super) fn judge(&self, product: &str, descriptors: &[u8]) -> (Judgement, String) {
        let classes = match interface_classes(descriptors) {
            Ok(classes) => classes,
            Err(fault) => return (Judgement::Refuse, fault.to_owned()),
        };
        let names: Vec<String> = classes.iter().map(|class| format!("{class:02x}")).collect();
        let listed = self.products.iter().any(|listed| listed == product);
        let admitted = listed || classes.iter().all(|class| self.classes.contains(class));
        let judgement = match admitted {
            true if classes.contains(&HUMAN_INTERFACE) => Judgement::Ask,
            true => Judgement::Admit,
            false => Judgement::Refuse,
        };
        (judgement, names.join(" "))
    }
}

/// The classes of all interfaces, ascending, each once; or what is wrong with the descriptors.
///
/// They are as sysfs gives them: the device's own, then each configuration with all that belongs to it.
fn interface_classes(descriptors: &[u8]) -> Result<Vec<u8>, &'static str> {
    const CONFIGURATION: u8 = 2;
    const INTERFACE: u8 = 4;
    let (device, mut rest) = descriptors.split_at_checked(DEVICE).ok_or("descriptors cut off")?;
    if !matches!(device, [18, 1, ..]) {
        return Err("no device descriptor");
    }
    let (mut classes, mut interfaces, mut configured) = (Vec::new(), 0, false);
    while let [length, kind, ..] = *rest {
        let length = usize::from(length);
        if length < 2 {
            return Err("a descriptor without length");
        }
        let (one, others) = rest.split_at_checked(length).ok_or("descriptors cut off")?;
        match (kind, one.get(5)) {
            (CONFIGURATION, _) if length >= 9 => configured = true,
            (INTERFACE, Some(class)) if length >= 9 && configured => {
                classes.push(*class);
                interfaces += 1;
            }
            (CONFIGURATION | INTERFACE, _) => return Err("a descriptor out of its form"),
            _ => {}
        }
        if interfaces > MOST {
            return Err("too many interfaces");
        }
        rest = others;
    }
    if !rest.is_empty() {
        return Err("descriptors cut off");
    }
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() { Err("no interface") } else { Ok(classes) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const RULES: &str = include_str!("../../udev/10-claviger-usb.rules");

    /// Descriptors of a device with interfaces of these classes.
    pub(crate) fn device(classes: &[u8]) -> Vec<u8> {
        let mut octets = vec![18, 1, 0, 2, 0, 0, 0, 64, 0x27, 6, 1, 0, 0, 0, 1, 4, 11, 1];
        octets.extend([9, 2, 34, 0, 1, 1, 8, 0xa0, 50]);
        for (number, class) in (0_u8..).zip(classes) {
            octets.extend([9, 4, number, 0, 1, *class, 1, 1, 0]);
            octets.extend([9, 33, 17, 1, 0, 1, 34, 63, 0, 7, 5, 129, 3, 8, 0, 7]);
        }
        octets
    }

    fn judged(classes: &[u8]) -> (Judgement, String) {
        Rules::read(RULES).judge("0627:0001", &device(classes))
    }

    #[test]
    fn sticks_hubs_and_readers_are_let_in_and_what_types_is_asked_for() {
        assert_eq!(judged(&[8]), (Judgement::Admit, "08".to_owned()));
        assert_eq!(judged(&[9]).0, Judgement::Admit);
        assert_eq!(judged(&[0x0b]).0, Judgement::Admit);
        assert_eq!(judged(&[3]), (Judgement::Ask, "03".to_owned()));
        assert_eq!(judged(&[8, 3]), (Judgement::Ask, "03 08".to_owned()));
    }

    #[test]
    fn one_interface_of_another_class_refuses_the_whole_device() {
        for classes in [&[2][..], &[0xff], &[8, 0x0e], &[3, 2, 0x0a], &[0x0b, 0xe0], &[0]] {
            assert_eq!(judged(classes).0, Judgement::Refuse, "{classes:?}");
        }
        assert_eq!(
            Rules::default().judge("0:0", &device(&[8])).0,
            Judgement::Refuse,
            "without a list nothing comes in"
        );
    }

    #[test]
    fn a_product_of_its_own_class_is_let_in_where_a_rule_names_it() {
        let rule = "ATTR{idVendor}==\"1234\", ATTR{idProduct}==\"5678\", GROUP:=\"claviger-token\", MODE:=\"0660\", \
                    GOTO=\"claviger_usb_end\"\n";
        let rules = Rules::read(&format!("{RULES}{rule}"));
        assert_eq!(rules.judge("1234:5678", &device(&[0xff])).0, Judgement::Admit);
        assert_eq!(rules.judge("1234:5678", &device(&[0xff, 3])).0, Judgement::Ask, "what types is always asked for");
        assert_eq!(rules.judge("1234:5679", &device(&[0xff])).0, Judgement::Refuse);
        assert_eq!(Rules::read(RULES).products, [] as [String; 0], "the example in a comment is no rule");
    }

    #[test]
    fn the_line_for_the_broker_is_what_udev_matches() {
        assert_eq!(Rules::read(RULES).classes, [3, 8, 9, 0x0b]);
        assert!(RULES.contains("\"*:[!0]*\"") && RULES.contains("\"*:0[!389b]*\""));
    }

    #[test]
    fn hostile_descriptors_are_refused_and_never_read_past_their_end() {
        let good = device(&[8]);
        for end in 0..good.len() {
            let (judgement, _) = Rules::read(RULES).judge("0:0", &good[..end]);
            let whole = end == 36 || end == 45; // after the interface, or what belongs to it
            assert_eq!(judgement == Judgement::Admit, whole, "cut after {end} octets");
        }
        for at in 0..good.len() {
            for octet in 0..=255 {
                let mut bad = good.clone();
                bad[at] = octet;
                let _ = interface_classes(&bad);
            }
        }
        assert_eq!(interface_classes(&device(&[8; 65])), Err("too many interfaces"));
        let mut endless = device(&[8]);
        endless.extend([0, 4]);
        assert_eq!(interface_classes(&endless), Err("a descriptor without length"));
        let mut early = device(&[]);
        early.drain(18..27);
        early.extend([9, 4, 0, 0, 1, 8, 1, 1, 0]);
        assert_eq!(interface_classes(&early), Err("a descriptor out of its form"));
    }
}
