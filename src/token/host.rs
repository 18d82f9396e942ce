//! The token host: the process that loads a vendor's library and holds its sessions.
//!
//! One thread: it takes requests in order, and the library is called by it alone. A second one would cost more than it
//! gives: C library and vendor's library are faster where there is only one, and the socket holds what arrives
//! meanwhile. A library that never comes back is ended from outside: by the client at its deadline, or by the kernel
//! with the client.

use std::path::Path;
use std::{fs, io};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::{AuthPin, RawAuthPin};
use rustix::process::{Signal, set_parent_process_death_signal, setsid};

use super::fault::{during, of_module};
use super::keys::{Keys, SigningKey};
use super::wire::{Call, FoundKey, Hello, How, LibraryFacts, Reply, kind, parse, print, split_id};
use super::{Mechanism, PinState, TokenError, choose};
use crate::dns::{Sha256Digest, sha256};
use crate::process::{
    Confinement, Deadline, Frame, FrameError, FrameReader, FrameWriter, confine, inherited_socket, last_tick,
};
use crate::steps::{Pin, TokenFacts};
use crate::transcript::clean_text;

/// The internal role: what stands as the only argument of a token host.
pub const HOST_ROLE: &str = "token-host";

/// The token host, from its first act to its end; the exit code.
///
/// It speaks through the socket that is its standard input and ends with it.
#[must_use]
pub fn run_host() -> u8 {
    const USAGE: u8 = 2;
    const INTERNAL: u8 = 70;
    // The ceremony's terminal is no business of a library: in a session of its own it has none, to read from or to type
    // into (TIOCSTI).
    if setsid().is_err() {
        return INTERNAL;
    }
    let Ok(socket) = inherited_socket() else { return USAGE };
    let (Ok(sending), Ok(client)) = (socket.try_clone(), socket.try_clone()) else { return INTERNAL };
    // Where the kernel refuses, a library that blocks when the client dies stays behind; nothing else depends on it.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let mut reader = FrameReader::new(socket);
    let Ok(Frame::Plain { kind: kind::HELLO, body }) = reader.next(Deadline::never()) else { return USAGE };
    let Ok(hello) = parse::<Hello>(&body) else { return USAGE };
    let confinement = confine(Some(&hello.writable), Some(&client));
    // Whatever ends it, a lost client or a broken frame: there is nobody left to be told.
    let _ = serve(&hello, confinement, reader, FrameWriter::new(sending));
    0
}

fn serve(
    hello: &Hello,
    confinement: Confinement,
    mut reader: FrameReader,
    mut writer: FrameWriter,
) -> Result<(), FrameError> {
    let never = Deadline::never();
    match digest(&hello.module) {
        Ok(module) => {
            reply(&mut writer, 0, &Ok(Reply::Confined { confinement: Box::new(confinement), module }))?;
        }
        Err(error) => return reply(&mut writer, 0, &Err(error)),
    }
    let mut host = match Host::load(hello) {
        Ok((host, library)) => {
            reply(&mut writer, 0, &Ok(Reply::Ready(library)))?;
            host
        }
        Err(error) => return reply(&mut writer, 0, &Err(error)),
    };
    let mut flushed = last_tick();
    loop {
        // Signatures are sent with every tick, or when they are half as many octets as the requests that wait: few system
        // calls where signing is fast, none held back where it is slow, and hardly any left for the end. They are few
        // and small: the socket always takes them, whatever the client is writing.
        let now = last_tick();
        let enough = now != flushed || 2 * writer.waiting() >= reader.waiting();
        if enough && writer.waiting() > 0 {
            writer.flush(never)?;
            flushed = now;
        }
        match reader.next(never)? {
            Frame::Plain { kind: kind::SIGN, body } => {
                let Ok((id, rest)) = split_id(&body) else { return Ok(()) };
                match host.sign(rest) {
                    Ok(signature) => writer.push(kind::SIGNED, &[&id.to_be_bytes(), &[0], &signature])?,
                    Err(error) => {
                        let error = print(&error).unwrap_or_default();
                        writer.push(kind::SIGNED, &[&id.to_be_bytes(), &[1], &error])?;
                    }
                }
            }
            Frame::Plain { kind: kind::CALL, body } => {
                let Ok((id, json)) = split_id(&body) else { return Ok(()) };
                let Ok(call) = parse::<Call>(json) else { return Ok(()) };
                let close = matches!(call, Call::Close);
                let answer = host.answer(call, &mut reader);
                if close {
                    // The sessions end, and the module is finalized, before anybody hears of it.
                    drop(host);
                    return reply(&mut writer, id, &answer);
                }
                reply(&mut writer, id, &answer)?;
            }
            Frame::Plain { .. } | Frame::Secret { .. } => return Ok(()),
        }
    }
}

fn reply(writer: &mut FrameWriter, id: u32, answer: &Result<Reply, TokenError>) -> Result<(), FrameError> {
    let json = print(answer).unwrap_or_default();
    writer.push(kind::REPLY, &[&id.to_be_bytes(), &json])?;
    writer.flush(Deadline::never())
}

/// A token that is open.
struct Open {
    slot: Slot,
    serial: String,
    session: Session,
    listed: Vec<MechanismType>,
    keys: Vec<SigningKey>,
}

/// A loaded module. The order of the fields is that of their ends: session before module.
struct Host {
    open: Option<Open>,
    pkcs11: Pkcs11,
    mechanism: Mechanism,
}

impl Host {
    fn load(hello: &Hello) -> Result<(Self, LibraryFacts), TokenError> {
        let path = hello.module.display().to_string();
        let failed = |error| of_module(&path, error);
        let pkcs11 = Pkcs11::new(&hello.module).map_err(failed)?;
        pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(failed)?;
        let info = pkcs11.get_library_info().map_err(failed)?;
        let version = info.library_version();
        let library = LibraryFacts {
            manufacturer: info.manufacturer_id().to_owned(),
            description: info.library_description().to_owned(),
            version: format!("{}.{}", version.major(), version.minor()),
        };
        Ok((Self { open: None, pkcs11, mechanism: hello.mechanism }, library))
    }

    fn answer(&mut self, call: Call, reader: &mut FrameReader) -> Result<Reply, TokenError> {
        match call {
            Call::Tokens => Ok(Reply::Tokens(self.tokens()?.iter().map(|(_, info)| facts(info)).collect())),
            Call::Init { label } => {
                let (officer, user) = (pin_frame(reader)?, pin_frame(reader)?);
                self.init(&label, &officer, &user)?;
                Ok(Reply::Done)
            }
            Call::Login { serial, how } => {
                let pin = match how {
                    How::Pin | How::User { .. } => Some(pin_frame(reader)?),
                    How::Protected | How::Preloaded => None,
                };
                self.login(&serial, how, pin)?;
                Ok(Reply::Done)
            }
            Call::Find { queries } => {
                let mut found = Vec::with_capacity(queries.len());
                for query in &queries {
                    let key = self.keys()?.find(query);
                    found.push(key.and_then(|(key, facts)| self.keep(key, facts)));
                }
                Ok(Reply::Found(found))
            }
            Call::Inventory => Ok(Reply::Inventory(self.keys()?.inventory()?)),
            Call::Generate { key } => {
                let (key, facts) = self.keys()?.generate(&key)?;
                Ok(Reply::Generated(self.keep(key, facts)?))
            }
            Call::Logout | Call::Close => {
                self.logout()?;
                Ok(Reply::Done)
            }
        }
    }

    fn tokens(&self) -> Result<Vec<(Slot, TokenInfo)>, TokenError> {
        let failed = during("looking for tokens");
        let mut tokens = Vec::new();
        for slot in self.pkcs11.get_slots_with_token().map_err(&failed)? {
            match self.pkcs11.get_token_info(slot) {
                Ok(info) if info.token_initialized() => tokens.push((slot, info)),
                // An empty token is nobody's, and one that is just being pulled out is not there.
                Ok(_) | Err(Error::Pkcs11(RvError::TokenNotPresent | RvError::TokenNotRecognized, _)) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(tokens)
    }

    fn login(&mut self, serial: &str, how: How, pin: Option<Pin>) -> Result<(), TokenError> {
        if let How::User { first: false, .. } = how {
            let open = self.open.as_ref().filter(|open| open.serial == serial).ok_or(TokenError::NotOpen)?;
            // Who is logged in stays so, whatever comes of it.
            return log_in(&open.session, how, pin).map_err(|error| self.refused(open.slot, serial, error));
        }
        self.open = None;
        let tokens = self.tokens()?;
        let all: Vec<TokenFacts> = tokens.iter().map(|(_, info)| facts(info)).collect();
        choose(&all, Some(serial), None)?;
        // Chosen means: there is exactly one.
        let chosen = tokens.into_iter().find(|(_, info)| facts(info).serial == serial);
        let Some((slot, info)) = chosen else { return Err(TokenError::NotOpen) };
        if info.user_pin_locked() {
            return Err(TokenError::PinLocked { serial: serial.to_owned() });
        }
        let failed = during("opening the token");
        let session = match self.pkcs11.open_rw_session(slot) {
            // Reading and signing do not need more; generating will say that it does.
            Err(Error::Pkcs11(RvError::TokenWriteProtected, _)) => self.pkcs11.open_ro_session(slot),
            other => other,
        };
        let session = session.map_err(&failed)?;
        log_in(&session, how, pin).map_err(|error| self.refused(slot, serial, error))?;
        let listed = self.pkcs11.get_mechanism_list(slot).map_err(&failed)?;
        self.open = Some(Open { slot, serial: serial.to_owned(), session, listed, keys: Vec::new() });
        Ok(())
    }

    /// Why C_Login did not open the token.
    fn refused(&self, slot: Slot, serial: &str, error: Error) -> TokenError {
        let serial = serial.to_owned();
        match error {
            Error::Pkcs11(RvError::PinIncorrect, _) => TokenError::PinIncorrect { serial, state: self.pin_state(slot) },
            Error::Pkcs11(RvError::PinLocked, _) => TokenError::PinLocked { serial },
            Error::Pkcs11(RvError::UserAlreadyLoggedIn, _) => TokenError::AlreadyOpen { serial },
            error => during("logging in")(error),
        }
    }

    /// Makes a token of the first empty one: for rehearsals on a software token.
    fn init(&self, label: &str, officer: &Pin, user: &Pin) -> Result<(), TokenError> {
        let failed = during("initializing a token");
        let raw = |pin: &Pin| RawAuthPin::new(Box::new(pin.expose().to_vec()));
        let empty = |slot: &Slot| self.pkcs11.get_token_info(*slot).is_ok_and(|info| !info.token_initialized());
        let slots = self.pkcs11.get_slots_with_token().map_err(&failed)?;
        let Some(slot) = slots.into_iter().find(empty) else {
            let wanted = "an empty token".to_owned();
            return Err(TokenError::NoToken { wanted, found: "none".to_owned() });
        };
        let text = |pin: &Pin| AuthPin::from(String::from_utf8_lossy(pin.expose()).into_owned());
        self.pkcs11.init_token(slot, &text(officer), label).map_err(&failed)?;
        // Some modules move a token to another slot when it is initialized.
        let mut named = self.tokens()?.into_iter().filter(|(_, info)| info.label() == label);
        let (Some((slot, _)), None) = (named.next(), named.next()) else {
            let wanted = format!("the new token {label:?}");
            return Err(TokenError::NoToken { wanted, found: "none, or several".to_owned() });
        };
        let session = self.pkcs11.open_rw_session(slot).map_err(&failed)?;
        session.login_with_raw(UserType::So, &raw(officer)).map_err(&failed)?;
        session.init_pin(&text(user)).map_err(&failed)?;
        session.logout().map_err(&failed)
    }

    fn pin_state(&self, slot: Slot) -> PinState {
        match self.pkcs11.get_token_info(slot) {
            Ok(info) if info.user_pin_locked() => PinState::Locked,
            Ok(info) if info.user_pin_final_try() => PinState::FinalTry,
            Ok(info) if info.user_pin_count_low() => PinState::CountLow,
            _ => PinState::NotReported,
        }
    }

    fn logout(&mut self) -> Result<(), TokenError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        match open.session.logout() {
            // A preloaded token was never logged in to.
            Ok(()) | Err(Error::Pkcs11(RvError::UserNotLoggedIn, _)) => {}
            Err(error) => return Err(during("logging out")(error)),
        }
        open.session.close().map_err(during("closing the session"))
    }

    fn keys(&self) -> Result<Keys<'_>, TokenError> {
        let open = self.open.as_ref().ok_or(TokenError::NotOpen)?;
        Ok(Keys { session: &open.session, listed: &open.listed, mechanism: self.mechanism })
    }

    /// Gives a key its index.
    fn keep(&mut self, key: SigningKey, facts: FoundKey) -> Result<FoundKey, TokenError> {
        let open = self.open.as_mut().ok_or(TokenError::NotOpen)?;
        let index = u32::try_from(open.keys.len()).unwrap_or(u32::MAX);
        open.keys.push(key);
        Ok(FoundKey { index, ..facts })
    }

    /// Signs what a frame brought: index of the key, then what C_Sign is given.
    fn sign(&self, body: &[u8]) -> Result<Vec<u8>, TokenError> {
        let (index, input) = split_id(body)?;
        let open = self.open.as_ref().ok_or(TokenError::NotOpen)?;
        let key = usize::try_from(index).ok().and_then(|index| open.keys.get(index));
        let key = key.ok_or_else(|| TokenError::Protocol(format!("no key of index {index}")))?;
        let signature = open.session.sign(&key.method.ckm(), key.handle, input).map_err(during("signing"))?;
        if signature.len() != key.signature {
            return Err(TokenError::SignatureLength { expected: key.signature, found: signature.len() });
        }
        Ok(signature)
    }
}

fn log_in(session: &Session, how: How, pin: Option<Pin>) -> Result<(), Error> {
    let user = match how {
        How::Preloaded => return Ok(()),
        How::Pin | How::Protected => UserType::User,
        How::User { user_type, .. } => UserType::VendorExtension(user_type),
    };
    match pin {
        None => session.login(user, None),
        Some(pin) => session.login_with_raw(user, &RawAuthPin::new(Box::new(pin.expose().to_vec()))),
    }
}

/// SHA-256 of a module's file as it is before its code runs.
fn digest(module: &Path) -> Result<Sha256Digest, TokenError> {
    let failed = |reason: String| TokenError::Module { path: module.display().to_string(), reason };
    if !module.is_absolute() {
        // The loader would search its own folders for a name without a slash.
        return Err(failed("expected an absolute path".to_owned()));
    }
    let octets = fs::metadata(module)
        .and_then(|facts| if facts.is_file() { fs::read(module) } else { Err(io::Error::other("expected a file")) });
    octets.map(|octets| sha256(&octets)).map_err(|error| failed(error.to_string()))
}

fn pin_frame(reader: &mut FrameReader) -> Result<Pin, TokenError> {
    match reader.next(Deadline::never()) {
        Ok(Frame::Secret { kind: kind::PIN, secret }) => Ok(secret),
        _ => Err(TokenError::Protocol("a request without its PIN".to_owned())),
    }
}

/// What a token says of itself, as text that an entry can hold: some pad with zeros instead of spaces.
fn facts(info: &TokenInfo) -> TokenFacts {
    let firmware = info.firmware_version();
    let clean = |text: &str| clean_text(text.trim_end_matches(['\0', ' ']));
    TokenFacts {
        serial: clean(info.serial_number()),
        label: clean(info.label()),
        manufacturer: clean(info.manufacturer_id()),
        model: clean(info.model()),
        firmware: format!("{}.{}", firmware.major(), firmware.minor()),
        protected_path: info.protected_authentication_path(),
        pin_count_low: info.user_pin_count_low(),
        pin_final_try: info.user_pin_final_try(),
        pin_locked: info.user_pin_locked(),
    }
}
