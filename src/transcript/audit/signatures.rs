//! The ceremony key and what it signed.

use super::{PublicKey, Remarks, Trail};
use crate::transcript::{Files, Namespace, names};

const KEY: &str = "AUDIT-KEY";
const SIGNATURES: &str = "AUDIT-SIGNATURES";

/// Checks the key in all its forms and the signatures over transcript and sums; gives the key on.
pub(super) fn check(files: &Files, trail: &Trail<'_>, remarks: &mut Remarks) -> Option<PublicKey> {
    let Some(opened) = trail.opened else {
        remarks.skip(KEY, "the first entry, which names the key, cannot be read");
        remarks.skip(SIGNATURES, "there is no key");
        return None;
    };
    let Ok(key) = PublicKey::from_base64(&opened.ceremony_key) else {
        let found = opened.ceremony_key.escape_debug();
        remarks.fail(KEY, names::TRANSCRIPT, "the first entry names no key", "an ssh-ed25519 key in base64", found);
        remarks.skip(SIGNATURES, "there is no key");
        return None;
    };
    if opened.key_fingerprint != key.fingerprint() {
        let found = opened.key_fingerprint.escape_debug();
        remarks.fail(KEY, names::TRANSCRIPT, "the key has another fingerprint", key.fingerprint(), found);
    }
    remarks.same(KEY, names::KEY_PEM, files.get(names::KEY_PEM), key.pem().as_bytes());
    let allowed = key.allowed_signers(&opened.mode);
    remarks.same(KEY, names::ALLOWED_SIGNERS, files.get(names::ALLOWED_SIGNERS), allowed.as_bytes());
    remarks.pass(KEY, &format!("the ceremony key is {}", key.fingerprint()));

    let signed = [
        (names::TRANSCRIPT, names::TRANSCRIPT_SIG, Namespace::Transcript),
        (names::SUMS, names::SUMS_SIG, Namespace::Record),
    ];
    for (path, signature, namespace) in signed {
        let (Some(message), Some(armored)) = (files.get(path), files.get(signature)) else { continue };
        if let Err(error) = key.verify_sshsig(namespace, &opened.mode, message, armored) {
            remarks.unsigned(SIGNATURES, path, signature, error);
        }
    }
    if let (Some(message), Some(raw)) = (files.get(names::TRANSCRIPT), files.get(names::TRANSCRIPT_RAW))
        && let Err(error) = key.verify_raw(message, raw)
    {
        remarks.unsigned(SIGNATURES, names::TRANSCRIPT, names::TRANSCRIPT_RAW, error);
    }
    remarks.pass(SIGNATURES, "transcript and sums are signed by the ceremony key");
    Some(key)
}
