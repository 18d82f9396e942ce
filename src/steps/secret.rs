//! Secrets that people enter, and what computing with secrets leaves behind.

use std::fmt;

use zeroize::Zeroize;

/// A PIN: at most [`Pin::CAPACITY`] octets of UTF-8, in a buffer that never moves and is wiped when it goes.
///
/// It is never printed, serialized or compared with another; it crosses to the token host as one raw frame.
pub struct Pin {
    octets: Box<[u8; Self::CAPACITY]>,
    length: usize,
}

impl Pin {
    /// Octets that a PIN may have; PKCS#11 modules take far fewer.
    pub const CAPACITY: usize = 256;

    /// An empty PIN, to be filled sign by sign.
    #[must_use]
    pub fn new() -> Self {
        Self { octets: Box::new([0; Self::CAPACITY]), length: 0 }
    }

    /// A PIN of these octets; `None` if there are too many. The caller wipes its own copy.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut pin = Self::new();
        pin.append(octets).then_some(pin)
    }

    /// Adds one sign; `false` if there is no room left.
    pub fn push(&mut self, sign: char) -> bool {
        let mut buffer = [0; 4];
        let added = self.append(sign.encode_utf8(&mut buffer).as_bytes());
        buffer.zeroize();
        added
    }

    /// Removes the last sign.
    pub fn pop(&mut self) {
        while self.length > 0 {
            self.length -= 1;
            let Some(octet) = self.octets.get_mut(self.length) else { return };
            let first_of_sign = *octet & 0xc0 != 0x80;
            octet.zeroize();
            if first_of_sign {
                return;
            }
        }
    }

    /// The octets themselves; for the one who seals them or hands them on.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// Signs entered so far: what a masked field shows.
    #[must_use]
    pub fn signs(&self) -> usize {
        self.expose().iter().filter(|octet| **octet & 0xc0 != 0x80).count()
    }

    /// Whether nothing has been entered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn append(&mut self, octets: &[u8]) -> bool {
        let end = self.length + octets.len();
        let Some(room) = self.octets.get_mut(self.length..end) else { return false };
        room.copy_from_slice(octets);
        self.length = end;
        true
    }
}

impl Default for Pin {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.octets.zeroize();
        self.length = 0;
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Octets of the stack that are wiped; hashing, signing and deriving keys use far less.
const STACK: usize = 64 << 10;

/// Does `work`, then wipes the part of the stack that it has used.
///
/// Hashes and signatures leave copies of their secrets in frames that are left, where they stay until something else
/// happens to be written over them. What `work` returns is no secret, or wipes itself.
pub fn wiping_stack<T>(work: impl FnOnce() -> T) -> T {
    let result = in_a_frame_below(work);
    wipe_below();
    result
}

/// Its frame, and all that it calls, lie where [`wipe_below`] writes next.
#[inline(never)]
fn in_a_frame_below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe_below() {
    let mut room = [0_u8; STACK];
    room.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_and_removes_whole_signs() {
        let mut pin = Pin::new();
        assert!(pin.push('1') && pin.push('é') && pin.push('3'));
        assert_eq!((pin.expose(), pin.signs()), ("1é3".as_bytes(), 3));
        pin.pop();
        pin.pop();
        assert_eq!((pin.expose(), pin.signs()), ("1".as_bytes(), 1));
        pin.pop();
        pin.pop();
        assert!(pin.is_empty());
    }

    #[test]
    fn never_shows_itself() {
        assert_eq!(format!("{:?}", Pin::from_octets(b"1234").unwrap()), "Pin(…)");
    }

    #[test]
    fn refuses_more_than_it_holds() {
        assert!(Pin::from_octets(&[b'1'; 257]).is_none());
        let mut pin = Pin::from_octets(&[b'1'; 256]).unwrap();
        assert!(!pin.push('2'));
    }
}
