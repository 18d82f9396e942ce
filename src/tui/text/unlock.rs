//! The texts of `unlock`.

use crate::steps::{Locks, Role, TokenFacts};

/// Which token.
pub(crate) const TOKEN: &str = "Which token signs? Read its serial aloud.";
/// A token with a warning, in a list.
pub(crate) const TOKEN_FLAGGED: &str = "  !! see above";
/// Asks the module anew, since a token may have been connected or reset.
pub(crate) const TOKENS_AGAIN: &str = "Look again which tokens are there";
/// Leads back to the tokens, as the officers' question has it.
pub(crate) fn token_else(serial: &str, entered: bool) -> String {
    let again = if entered { "; every officer begins anew" } else { "" };
    format!("Not token {serial}: choose again{again}")
}
/// No token.
pub(crate) const NO_TOKENS: &str = "No token was found. Connect and switch on the HSM.";

/// Who counts the officers: this program.
pub(crate) const QUORUM_BY_SOFTWARE: &str = "This quorum is enforced by software.";
/// Or the device.
pub(crate) const QUORUM_AT_TOKEN: &str = "This quorum is enforced by the HSM.";

/// Every officer has entered a PIN.
pub(crate) const NO_OFFICER: &str = "No officer is left.";

/// What those do who have entered a PIN.
pub(crate) fn officers_done(officers: &[&Role]) -> Option<String> {
    let names: Vec<&str> = officers.iter().map(|officer| officer.as_str()).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("{one} has entered a PIN: take that medium out.")),
        several => Some(format!("{} have entered a PIN: their media are taken out.", several.join(", "))),
    }
}

/// Which officer.
pub(crate) fn officer(missing: usize) -> String {
    let officers = if missing == 1 { "officer is" } else { "officers are" };
    format!("Who enters a PIN next? {missing} more {officers} needed.")
}

/// Which volume has the share.
pub(crate) fn share_volume(officer: &Role) -> String {
    format!("{officer}: plug in your medium. Which one is it?")
}

/// How its label begins, and how to get back.
pub(crate) fn share_volume_how(label: &str) -> String {
    format!("Its label begins with {label}. Esc leads back to the officers.")
}

/// A PIN.
pub(crate) fn pin(officer: Option<&Role>, serial: &str) -> String {
    match officer {
        Some(role) => format!("{role}: type your PIN, for token {serial}"),
        None => format!("Type the PIN of token {serial}"),
    }
}

/// A rehearsal's PINs are no secrets, and yet no PIN is ever on a screen.
pub(crate) const REHEARSAL_PIN: &str = "In a rehearsal it is: the word rehearse, a hyphen, the role.";

/// What to mind.
pub(crate) const PIN_HOW: &str = "Nobody sees it. Others look away. Esc leads back.";
/// What to mind where the locks are not known.
pub(crate) const PIN_HOW_BLIND: &str = "Nobody sees it; check Caps Lock. Others look away. Esc leads back.";

/// The locks of the keyboard, as far as they are known.
pub(crate) fn locks(locks: &Locks) -> Option<String> {
    let state = |on: bool| if on { "ON" } else { "off" };
    let caps = locks.caps.map(|on| format!("{}Caps Lock {}", if on { "!! " } else { "" }, state(on)));
    let num = locks.num.map(|on| format!("Num Lock {}", state(on)));
    let known: Vec<String> = caps.into_iter().chain(num).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Its field.
pub(crate) const PIN_FIELD: &str = "PIN";

/// What the token says of its PIN counter.
pub(crate) fn pin_flags(token: &TokenFacts) -> Vec<&'static str> {
    let flags = [
        (token.pin_locked, "!! LOCKED: the token refuses every PIN until its security officer has reset it."),
        (token.pin_final_try, "!! FINAL TRY: one more wrong PIN locks the token."),
        (token.pin_count_low, "!! COUNT LOW: the last PIN that the token was given was wrong."),
    ];
    flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).collect()
}
