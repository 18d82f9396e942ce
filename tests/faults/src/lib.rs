//! A PKCS#11 module that hands every call to SoftHSM2, and goes wrong where its rules say so.
//!
//! The variable `CLAVIGER_FAULT` names the file of [`rules`]; a profile sets it in `[hsm].env`. Rules hold for the life
//! of a process and are read when the module is loaded.

#![allow(non_snake_case, reason = "the names are those of PKCS#11")]

mod rules;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_FUNCTION_LIST, CK_NOTIFY, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_TOKEN_INFO, CK_ULONG,
    CK_USER_TYPE, CK_UTF8CHAR, CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED, CKR_OK, CKR_PIN_INCORRECT, CKU_USER,
};
use libloading::Library;

use rules::{Fault, Rules};

/// The real module, the rules before it, and the function list that a caller gets.
struct Module {
    rules: Rules,
    real: CK_FUNCTION_LIST,
    ours: CK_FUNCTION_LIST,
    /// The users of a quorum who have logged in.
    inside: Mutex<Vec<usize>>,
    _library: Library,
}

static MODULE: OnceLock<Option<Module>> = OnceLock::new();
static SIGNED: AtomicU64 = AtomicU64::new(0);

/// The one entry point.
///
/// # Safety
/// As PKCS#11 says: `list` is where the list's address goes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    let Some(module) = MODULE.get_or_init(load) else { return CKR_ARGUMENTS_BAD };
    if list.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    // SAFETY: not null, and the caller's to be written to. Nobody writes through the pointer that it gets.
    unsafe { *list = (&raw const module.ours).cast_mut() };
    CKR_OK
}

#[allow(clippy::disallowed_methods, reason = "a module is configured by its environment")]
fn load() -> Option<Module> {
    let rules = Rules::read(&std::fs::read_to_string(std::env::var_os("CLAVIGER_FAULT")?).ok()?)?;
    // SAFETY: SoftHSM2 may be loaded at any time.
    let library = unsafe { Library::new(&rules.module) }.ok()?;
    let mut list: *mut CK_FUNCTION_LIST = null_mut();
    // SAFETY: the symbol has this type in every PKCS#11 module, and the list lives as long as the library.
    let real = unsafe {
        let entry = library.get::<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV>(b"C_GetFunctionList\0");
        entry.ok()?(&raw mut list);
        *list.as_ref()?
    };
    let ours = CK_FUNCTION_LIST {
        C_GetFunctionList: Some(C_GetFunctionList),
        C_Initialize: Some(initialize),
        C_GetTokenInfo: Some(token_info),
        C_OpenSession: Some(open_session),
        C_CloseSession: Some(close_session),
        C_Login: Some(login),
        C_Logout: Some(logout),
        C_Sign: Some(sign),
        ..real
    };
    Some(Module { rules, real, ours, inside: Mutex::new(Vec::new()), _library: library })
}

/// Calls a function of the real module.
macro_rules! real {
    ($function:ident($($argument:expr),*)) => {
        match module().and_then(|module| module.real.$function) {
            // SAFETY: the arguments are those of our own caller, or made to the same rules.
            Some(function) => unsafe { function($($argument),*) },
            None => CKR_FUNCTION_NOT_SUPPORTED,
        }
    };
}

fn module() -> Option<&'static Module> {
    MODULE.get()?.as_ref()
}

fn rules() -> &'static Rules {
    static NONE: OnceLock<Rules> = OnceLock::new();
    module().map_or_else(|| NONE.get_or_init(Rules::default), |module| &module.rules)
}

unsafe extern "C" fn initialize(arguments: *mut std::ffi::c_void) -> CK_RV {
    if let Some(path) = &rules().write {
        let _ = std::fs::write(path, "a module was here"); // the test looks whether it was
    }
    match rules().initialize.and_then(happen) {
        Some(answer) => answer,
        None => real!(C_Initialize(arguments)),
    }
}

unsafe extern "C" fn token_info(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    let answer = real!(C_GetTokenInfo(slot, info));
    if answer == CKR_OK
        // SAFETY: the real module has just filled it.
        && let Some(info) = unsafe { info.as_mut() }
    {
        info.flags |= rules().flags;
        if let Some(serial) = &rules().serial {
            info.serialNumber = [b' '; 16];
            info.serialNumber.iter_mut().zip(serial.bytes()).for_each(|(place, octet)| *place = octet);
        }
    }
    answer
}

unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: *mut std::ffi::c_void,
    notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    let answer = real!(C_OpenSession(slot, flags, application, notify, session));
    if let Some(pin) = rules().preloaded.as_ref().filter(|_| answer == CKR_OK) {
        // SAFETY: the real module has just filled it.
        let _ = log_in(unsafe { *session }, pin); // somebody may be logged in already
    }
    answer
}

unsafe extern "C" fn close_session(session: CK_SESSION_HANDLE) -> CK_RV {
    if let Some(module) = module() {
        module.inside.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
    real!(C_CloseSession(session))
}

/// Waits until whoever watches lets the call go on.
fn wait_at_gate(call: &str) {
    let Some(gate) = rules().gate.as_ref().map(|gate| gate.with_extension(call)) else { return };
    let _ = std::fs::write(&gate, "");
    while gate.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

unsafe extern "C" fn logout(session: CK_SESSION_HANDLE) -> CK_RV {
    wait_at_gate("logout");
    real!(C_Logout(session))
}

/// Logs in to the real token.
fn log_in(session: CK_SESSION_HANDLE, pin: &str) -> CK_RV {
    let mut pin = pin.as_bytes().to_vec();
    real!(C_Login(session, CKU_USER, pin.as_mut_ptr(), pin.len() as CK_ULONG))
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    length: CK_ULONG,
) -> CK_RV {
    let rules = rules();
    if let Some(mut log) =
        rules.log.as_ref().and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok())
    {
        let _ = writeln!(log, "C_Login {user} {length}");
    }
    wait_at_gate("login");
    if let Some(answer) = rules.login.and_then(happen) {
        return answer;
    }
    if let Some(pad) = rules.pad.as_ref().filter(|_| pin.is_null()) {
        return log_in(session, pad);
    }
    match &rules.quorum {
        None => real!(C_Login(session, user, pin, length)),
        Some((needed, token_pin)) => {
            // SAFETY: a PIN that is not null has this many octets.
            let said = (!pin.is_null()).then(|| unsafe { std::slice::from_raw_parts(pin, length as usize) });
            let known = |(kind, text): &(_, String)| *kind == user && Some(text.as_bytes()) == said;
            let Some(index) = rules.users.iter().position(known) else { return CKR_PIN_INCORRECT };
            let Some(module) = module() else { return CKR_ARGUMENTS_BAD };
            let mut inside = module.inside.lock().unwrap_or_else(PoisonError::into_inner);
            if !inside.contains(&index) {
                inside.push(index);
            }
            if inside.len() == *needed { log_in(session, token_pin) } else { CKR_OK }
        }
    }
}

/// What a fault answers; none where the work is done first, and comes out wrong.
fn happen(fault: Fault) -> Option<CK_RV> {
    match fault {
        Fault::Block => loop {
            std::thread::park();
        },
        Fault::Abort => std::process::abort(),
        Fault::Answer(answer) => Some(answer),
        Fault::Wrong => None,
    }
}

unsafe extern "C" fn sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    length: CK_ULONG,
    signature: *mut CK_BYTE,
    octets: *mut CK_ULONG,
) -> CK_RV {
    // Without a buffer a caller only asks how large it has to be.
    let number = if signature.is_null() { 0 } else { SIGNED.fetch_add(1, Ordering::Relaxed) + 1 };
    let fault = rules().sign.filter(|(at, _)| *at == number).map(|(_, fault)| fault);
    if let Some(answer) = fault.and_then(happen) {
        return answer;
    }
    let answer = real!(C_Sign(session, data, length, signature, octets));
    if matches!(fault, Some(Fault::Wrong)) && answer == CKR_OK {
        // SAFETY: a signature was just written here.
        unsafe { *signature ^= 1 };
    }
    answer
}
