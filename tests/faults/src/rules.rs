//! What goes wrong: a text file of `name = value`, one rule a line; `#` begins a comment.

use std::path::PathBuf;

use cryptoki_sys::{
    CK_FLAGS, CK_RV, CK_USER_TYPE, CKF_PROTECTED_AUTHENTICATION_PATH, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_LOCKED, CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_FUNCTION_CANCELED, CKR_GENERAL_ERROR,
    CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED,
};

/// What a function does instead of its work.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// It never comes back.
    Block,
    /// The process dies.
    Abort,
    /// One bit of its result is wrong.
    Wrong,
    /// It answers this.
    Answer(CK_RV),
}

/// All rules; without any the module is SoftHSM2.
#[derive(Default)]
pub(crate) struct Rules {
    /// `module = PATH`: the real one.
    pub(crate) module: PathBuf,
    /// `initialize = block|abort|CKR_…`: what C_Initialize does.
    pub(crate) initialize: Option<Fault>,
    /// `login = block|abort|CKR_…`: what C_Login does.
    pub(crate) login: Option<Fault>,
    /// `flag = CKF_…`: set in every CK_TOKEN_INFO.
    pub(crate) flags: CK_FLAGS,
    /// `serial = TEXT`: the serial number of every token.
    pub(crate) serial: Option<String>,
    /// `pad = PIN`: what is entered at the device when C_Login comes without a PIN; sets the token's flag.
    pub(crate) pad: Option<String>,
    /// `preloaded = PIN`: whoever opens a session finds somebody logged in.
    pub(crate) preloaded: Option<String>,
    /// `user = TYPE PIN`: one of those who open the token together, each with a C_Login of the own.
    pub(crate) users: Vec<(CK_USER_TYPE, String)>,
    /// `quorum = COUNT PIN`: so many of the users open the token, whose PIN is this.
    pub(crate) quorum: Option<(usize, String)>,
    /// `sign = NUMBER block|abort|wrong|CKR_…`: what happens at this C_Sign of the process, counted from 1.
    pub(crate) sign: Option<(u64, Fault)>,
    /// `write = PATH`: a file that C_Initialize tries to write.
    pub(crate) write: Option<PathBuf>,
    /// `log = PATH`: takes a line for each C_Login.
    pub(crate) log: Option<PathBuf>,
    /// `gate = PATH`: C_Login and C_Logout make the files `PATH.login` and `PATH.logout`, and wait until they are removed.
    pub(crate) gate: Option<PathBuf>,
}

impl Rules {
    /// The rules; none where a line is not understood.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rules = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            rules.add(line)?;
        }
        rules.module.is_absolute().then_some(rules)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once('=')?;
        let value = value.trim();
        let pair = || value.split_once(' ');
        match name.trim() {
            "module" => self.module = value.into(),
            "initialize" => self.initialize = Some(fault(value)?),
            "login" => self.login = Some(fault(value)?),
            "flag" => self.flags |= flag(value)?,
            "serial" => self.serial = Some(value.to_owned()),
            "pad" => {
                self.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
                self.pad = Some(value.to_owned());
            }
            "preloaded" => self.preloaded = Some(value.to_owned()),
            "user" => self.users.push((pair()?.0.parse().ok()?, pair()?.1.to_owned())),
            "quorum" => self.quorum = Some((pair()?.0.parse().ok()?, pair()?.1.to_owned())),
            "sign" => self.sign = Some((pair()?.0.parse().ok()?, fault(pair()?.1)?)),
            "write" => self.write = Some(value.into()),
            "log" => self.log = Some(value.into()),
            "gate" => self.gate = Some(value.into()),
            _ => return None,
        }
        Some(())
    }
}

fn fault(value: &str) -> Option<Fault> {
    Some(match value {
        "block" => Fault::Block,
        "abort" => Fault::Abort,
        "wrong" => Fault::Wrong,
        _ => Fault::Answer(answer(value)?),
    })
}

fn answer(name: &str) -> Option<CK_RV> {
    Some(match name {
        "CKR_DEVICE_ERROR" => CKR_DEVICE_ERROR,
        "CKR_DEVICE_REMOVED" => CKR_DEVICE_REMOVED,
        "CKR_FUNCTION_CANCELED" => CKR_FUNCTION_CANCELED,
        "CKR_GENERAL_ERROR" => CKR_GENERAL_ERROR,
        "CKR_PIN_INCORRECT" => CKR_PIN_INCORRECT,
        "CKR_PIN_LEN_RANGE" => CKR_PIN_LEN_RANGE,
        "CKR_PIN_LOCKED" => CKR_PIN_LOCKED,
        _ => return None,
    })
}

fn flag(name: &str) -> Option<CK_FLAGS> {
    Some(match name {
        "CKF_USER_PIN_COUNT_LOW" => CKF_USER_PIN_COUNT_LOW,
        "CKF_USER_PIN_FINAL_TRY" => CKF_USER_PIN_FINAL_TRY,
        "CKF_USER_PIN_LOCKED" => CKF_USER_PIN_LOCKED,
        "CKF_PROTECTED_AUTHENTICATION_PATH" => CKF_PROTECTED_AUTHENTICATION_PATH,
        _ => return None,
    })
}
