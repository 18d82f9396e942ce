//! What an officer's share file hides, computed from the file's description and not by the program's own code.

use std::fs;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{AeadInOut as _, ChaCha20Poly1305, KeyInit as _};
use claviger::dns::sha256;
use claviger::render::hex;
use serde_json::{Value, json};
use vsss_rs::Gf256;

use super::crew::Room;

/// What binds a sealed share.
const SHARE: &str = "claviger sealed share 1\0";

/// A share file that its officer's PIN has opened.
pub struct Opened {
    /// What Argon2id makes of the PIN.
    pub key: Vec<u8>,
    /// The share's index and its 32 octets.
    indexed: Vec<u8>,
    file: Value,
}

impl Opened {
    /// The share of an officer in a rehearsal; it is the one that the set commits to.
    pub fn new(room: &Room, officer: &str) -> Self {
        let path = room.stick(&format!("SHARE-{officer}")).join(format!("share-{officer}.json"));
        Self::read(&path, &format!("rehearse-{officer}"))
    }

    /// The share in a file, opened with the PIN.
    pub fn read(path: &Path, pin: &str) -> Self {
        let file: Value = serde_json::from_slice(&fs::read(path).expect("a share")).expect("JSON");
        let number = |name: &str| u32::try_from(file["argon2"][name].as_u64().expect("a number")).expect("32 bits");
        let cost = Params::new(number("memory_kib"), number("passes"), number("lanes"), Some(32)).expect("a cost");
        let (argon2, salt) = (Argon2::new(Algorithm::Argon2id, Version::V0x13, cost), octets(&file["salt"]));
        let mut key = vec![0; 32];
        argon2.hash_password_into(pin.as_bytes(), &salt, &mut key).expect("a key");

        let index = u8::try_from(file["index"].as_u64().expect("an index")).expect("an index");
        let share = unsealed(&key, &file["sealed_share"], SHARE, &rest(&file));
        let indexed = [&[index][..], &share].concat();
        let committed = sha256(&[b"claviger share commitment 1\0", &indexed[..]].concat()).to_string();
        assert_eq!(file["terms"]["header"]["commitments"][usize::from(index) - 1], committed);
        Self { key, indexed, file }
    }

    /// The file with another sealed PIN in it, as its officer alone can make it: nothing in it tells.
    pub fn poisoned(&self) -> String {
        let mut file = self.file.clone();
        file["terms"]["sealed_pin"]["tag"] = "0".repeat(32).into();
        let nonce = octets(&file["sealed_share"]["nonce"]);
        let mut hidden = self.share().to_vec();
        let cipher = ChaCha20Poly1305::new_from_slice(&self.key).expect("32 octets");
        let data = [SHARE.as_bytes(), rest(&file).to_string().as_bytes()].concat();
        let nonce = nonce.as_slice().try_into().expect("12 octets");
        let tag = cipher.encrypt_inout_detached(nonce, &data, hidden.as_mut_slice().into()).expect("a tag");
        file["sealed_share"]["octets"] = hex::encode(&hidden).into();
        file["sealed_share"]["tag"] = hex::encode(&tag).into();
        file["checksum"] = "0".repeat(64).into();
        file["checksum"] = sha256(file.to_string().as_bytes()).to_string().into();
        file.to_string()
    }

    /// The share.
    pub fn share(&self) -> &[u8] {
        &self.indexed[1..]
    }
}

/// The key that two shares make; it opens the token's PIN.
pub fn quorum_key(first: &Opened, second: &Opened) -> Vec<u8> {
    let key = Gf256::combine_bytes([first.indexed.clone(), second.indexed.clone()]).expect("a key");
    let terms = &first.file["terms"];
    let data = json!({
        "generation": terms["generation"],
        "share_set": sha256(terms["header"].to_string().as_bytes()).to_string(),
        "threshold": terms["header"]["threshold"],
        "token_serial": terms["token_serial"],
    });
    unsealed(&key, &terms["sealed_pin"], "claviger sealed pin 1\0", &data);
    key
}

/// All of a file that its sealed share is bound to.
fn rest(file: &Value) -> Value {
    let mut rest = file.clone();
    rest["checksum"] = "0".repeat(64).into();
    let [nonce, hidden, tag] = [24, 64, 32].map(|digits| "0".repeat(digits));
    rest["sealed_share"] = json!({ "nonce": nonce, "octets": hidden, "tag": tag });
    rest
}

fn unsealed(key: &[u8], sealed: &Value, purpose: &str, data: &Value) -> Vec<u8> {
    let [nonce, mut hidden, tag] = ["nonce", "octets", "tag"].map(|name| octets(&sealed[name]));
    let nonce = nonce.as_slice().try_into().expect("12 octets");
    let tag = tag.as_slice().try_into().expect("16 octets");
    let cipher = ChaCha20Poly1305::new_from_slice(key).expect("32 octets");
    let data = [purpose.as_bytes(), data.to_string().as_bytes()].concat();
    cipher.decrypt_inout_detached(nonce, &data, hidden.as_mut_slice().into(), tag).expect("the key that sealed it");
    hidden
}

fn octets(digits: &Value) -> Vec<u8> {
    hex::decode(digits.as_str().expect("a text")).expect("hexadecimal digits")
}
