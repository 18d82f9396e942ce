//! The lights of the keyboards, which tell their locks.

use std::fs;
use std::path::Path;

use crate::steps::Locks;

/// Where the kernel shows every light, a keyboard's as `input3::capslock`.
const LIGHTS: &str = "/sys/class/leds";

/// Which locks of the keyboards are on, by their lights; one light that is on counts for all keyboards.
#[must_use]
pub fn keyboard_locks() -> Locks {
    locks_in(Path::new(LIGHTS))
}

fn locks_in(folder: &Path) -> Locks {
    Locks { caps: light(folder, "::capslock"), num: light(folder, "::numlock") }
}

fn light(folder: &Path, ending: &str) -> Option<bool> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let lights = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(ending)));
    let states = lights.filter_map(|light| fs::read_to_string(light.path().join("brightness")).ok());
    states.map(|text| text.trim() != "0").reduce(|one, other| one || other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_on_where_one_light_is_and_unknown_without_any() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(locks_in(place.path()), Locks::default());
        for (name, text) in [("input0::capslock", "0"), ("input3::capslock", "1"), ("input0::numlock", "0")] {
            fs::create_dir(place.path().join(name)).unwrap();
            fs::write(place.path().join(name).join("brightness"), format!("{text}\n")).unwrap();
        }
        fs::create_dir(place.path().join("platform::mute")).unwrap();
        assert_eq!(locks_in(place.path()), Locks { caps: Some(true), num: Some(false) });
    }
}
