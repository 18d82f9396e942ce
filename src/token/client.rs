//! The client's side: a token as everybody else sees it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use super::error::SIGNING;
use super::mechanism::Method;
use super::window::Window;
use super::wire::{Call, FoundKey, Hello, How, Inventory, KeyQuery, LibraryFacts, NewKey, Reply, kind};
use super::wire::{parse_foreign, print, split_id};
use super::{HOST_ROLE, Mechanism, TokenError};
use crate::dns::Sha256Digest;
use crate::process::{
    Child, Clock as _, Confinement, Deadline, Frame, FrameError, FrameReader, FrameWriter, Killer, Starter, SystemClock,
};
use crate::profile::{HashIn, Hsm};
use crate::steps::{Pin, TokenFacts};

/// How long a host that lost its socket may take to end by itself.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long a host may take to answer; one that takes longer is killed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// Anything not named here, loading the module included.
    pub call: Duration,
    /// A login with a PIN, or at a token that is open already.
    pub login: Duration,
    /// A login at the device, where people present cards or keys one after another.
    pub protected_login: Duration,
    /// Generating a key.
    pub generate: Duration,
    /// From one signature to the next.
    pub sign: Duration,
}

impl Default for Deadlines {
    /// 30 s; 720 s at the device; 300 s for generating, since small tokens take minutes for an RSA key.
    fn default() -> Self {
        let short = Duration::from_secs(30);
        Self {
            call: short,
            login: short,
            protected_login: Duration::from_secs(720),
            generate: Duration::from_secs(300),
            sign: short,
        }
    }
}

/// Where the module is and what its host may do.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    /// Where the host is started.
    pub hosts: Starter,
    /// The PKCS#11 module, an absolute path.
    pub module: PathBuf,
    /// The host's whole environment.
    pub env: BTreeMap<String, String>,
    /// What the host may write besides devices: files, or folders with all below.
    pub writable: Vec<PathBuf>,
    /// Who hashes for RSA.
    pub mechanism: Mechanism,
    /// How long answers may take.
    pub deadlines: Deadlines,
}

impl TokenConfig {
    /// What a profile says of the token; its host is started by `hosts`.
    #[must_use]
    pub fn of(hsm: &Hsm, hosts: Starter) -> Self {
        let sign = Duration::from_secs(hsm.sign_within.seconds().into());
        Self {
            hosts,
            module: hsm.module.clone(),
            env: hsm.env.clone(),
            writable: hsm.writable.clone(),
            mechanism: match hsm.mechanism {
                HashIn::Token => Mechanism::Hashed,
                HashIn::Software => Mechanism::Raw,
            },
            deadlines: Deadlines { sign, ..Deadlines::default() },
        }
    }
}

/// How to log in.
#[derive(Debug)]
pub enum Login<'a> {
    /// With this PIN.
    Pin(&'a Pin),
    /// At the device (`CKF_PROTECTED_AUTHENTICATION_PATH`).
    Protected,
    /// As one of several users who open the token together, one after another.
    User {
        /// `CK_USER_TYPE`.
        user_type: u32,
        /// What C_Login is given.
        pin: &'a Pin,
        /// Whether a session begins; otherwise the user joins those who are logged in.
        first: bool,
    },
    /// Not at all: the token was opened by its own means before.
    Preloaded,
}

/// Whoever takes the signatures of a run.
pub trait Taker {
    /// Takes a job's signature, by the number of the job, or why the token made none. After a break those follow that the
    /// token had been asked for already.
    fn take(&mut self, number: usize, result: Result<Vec<u8>, TokenError>) -> ControlFlow<()>;

    /// Called while the token makes the next ones: does a small piece of other work, or none. `false`: sleep until a
    /// signature comes, instead of looking for one at once.
    fn work(&mut self) -> bool;
}

/// Who has nothing else to do.
struct Idle<F>(F);

impl<F: FnMut(usize, Result<Vec<u8>, TokenError>) -> ControlFlow<()>> Taker for Idle<F> {
    fn take(&mut self, number: usize, result: Result<Vec<u8>, TokenError>) -> ControlFlow<()> {
        (self.0)(number, result)
    }

    fn work(&mut self) -> bool {
        false
    }
}

/// A module in its host. Dropping it kills the host.
#[derive(Debug)]
pub struct Token {
    link: Option<Link>,
    module: Sha256Digest,
    library: LibraryFacts,
    mechanism: Mechanism,
    deadlines: Deadlines,
    next_id: u32,
    pid: u32,
}

#[derive(Debug)]
struct Link {
    child: Child,
    reader: FrameReader,
    writer: FrameWriter,
}

impl Token {
    /// Starts a host, which confines itself and then loads the module.
    ///
    /// # Errors
    /// [`TokenError::Start`], [`TokenError::Module`], or the host died or did not answer.
    pub fn start(config: &TokenConfig) -> Result<(Self, Confinement), TokenError> {
        Self::start_killable(config, drop)
    }

    /// As [`Token::start`]; whoever may have to end the host, while the module is being loaded as well, is given its
    /// killer first.
    ///
    /// # Errors
    /// As of [`Token::start`].
    pub fn start_killable(
        config: &TokenConfig,
        started: impl FnOnce(Killer),
    ) -> Result<(Self, Confinement), TokenError> {
        let failed =
            |error: std::io::Error| TokenError::Start { program: config.hosts.to_string(), reason: error.to_string() };
        let (child, socket) = config.hosts.start(HOST_ROLE, &config.env).map_err(failed)?;
        started(child.killer());
        socket.set_nonblocking(true).map_err(failed)?;
        let writer = FrameWriter::new(socket.try_clone().map_err(failed)?);
        let pid = child.pid();
        let link = Link { child, reader: FrameReader::new(socket), writer };
        let library = LibraryFacts { manufacturer: String::new(), description: String::new(), version: String::new() };
        let (mechanism, deadlines) = (config.mechanism, config.deadlines);
        let module = Sha256Digest::ZERO;
        let mut token = Self { link: Some(link), module, library, mechanism, deadlines, next_id: 0, pid };
        let (module, writable) = (config.module.clone(), config.writable.clone());
        let hello = print(&Hello { module, writable, mechanism })?;
        // The first frame is the host's own word; the second comes from a process that the module runs in.
        let confined = token.exchange("starting the host", config.deadlines.call, |writer, deadline| {
            writer.push(kind::HELLO, &[&hello])?;
            writer.flush(deadline)
        })?;
        let Reply::Confined { confinement, module } = confined else { return Err(token.misunderstood()) };
        token.module = module;
        let ready = token.exchange("loading the module", config.deadlines.call, |_, _| Ok(()))?;
        let Reply::Ready(library) = ready else { return Err(token.misunderstood()) };
        token.library = library;
        Ok((token, *confinement))
    }

    /// SHA-256 of the module's file, taken by the host before it loaded the module.
    #[must_use]
    pub const fn module_sha256(&self) -> Sha256Digest {
        self.module
    }

    /// What the module says of itself.
    #[must_use]
    pub const fn library(&self) -> &LibraryFacts {
        &self.library
    }

    /// The process id of the host.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// A handle that ends the host from another thread while a request waits, a login at the device for example.
    #[must_use]
    pub fn killer(&self) -> Option<Killer> {
        self.link.as_ref().map(|link| link.child.killer())
    }

    /// The initialized tokens that are there.
    ///
    /// # Errors
    /// What the module answers, or the host died or did not answer.
    pub fn tokens(&mut self) -> Result<Vec<TokenFacts>, TokenError> {
        match self.call(&Call::Tokens, "looking for tokens", self.deadlines.call)? {
            Reply::Tokens(tokens) => Ok(tokens),
            _ => Err(self.misunderstood()),
        }
    }

    /// Makes a token of the first empty one, with this label, a security officer's PIN and a user's PIN.
    ///
    /// # Errors
    /// [`TokenError::NoToken`] where no token is empty, or what the module answers.
    pub fn init(&mut self, label: &str, officer: &Pin, user: &Pin) -> Result<(), TokenError> {
        let id = self.id().to_be_bytes();
        let call = print(&Call::Init { label: label.to_owned() })?;
        let reply = self.exchange("initializing a token", self.deadlines.generate, |writer, deadline| {
            writer.push(kind::CALL, &[&id, &call])?;
            writer.send_secret(kind::PIN, officer, deadline)?;
            writer.send_secret(kind::PIN, user, deadline)
        })?;
        self.done(&reply)
    }

    /// Logs in to the token of this serial; any session before is ended, unless another user joins it. The PIN goes to that token alone, once.
    ///
    /// # Errors
    /// [`TokenError::NoToken`], [`TokenError::TwoTokens`], [`TokenError::PinIncorrect`], [`TokenError::PinLocked`],
    /// or the host died or did not answer.
    pub fn login(&mut self, serial: &str, login: &Login<'_>) -> Result<(), TokenError> {
        let (how, pin, limit) = match login {
            Login::Pin(pin) => (How::Pin, Some(*pin), self.deadlines.login),
            Login::User { user_type, pin, first } => {
                (How::User { user_type: *user_type, first: *first }, Some(*pin), self.deadlines.login)
            }
            Login::Protected => (How::Protected, None, self.deadlines.protected_login),
            Login::Preloaded => (How::Preloaded, None, self.deadlines.login),
        };
        let id = self.id().to_be_bytes();
        let call = print(&Call::Login { serial: serial.to_owned(), how })?;
        let reply = self.exchange("logging in", limit, |writer, deadline| {
            writer.push(kind::CALL, &[&id, &call])?;
            match pin {
                Some(pin) => writer.send_secret(kind::PIN, pin, deadline),
                None => writer.flush(deadline),
            }
        })?;
        self.done(&reply)
    }

    /// Looks each key up, once for all its signatures; a result for each query, in order.
    ///
    /// Exactly one private and one public key have to match.
    ///
    /// # Errors
    /// As a whole: no token is open, or the host died or did not answer. For each key: [`TokenError::KeyNotFound`],
    /// [`TokenError::KeyHidden`], [`TokenError::KeyAmbiguous`], [`TokenError::KeyUnfit`].
    pub fn find_keys(&mut self, queries: &[KeyQuery]) -> Result<Vec<Result<FoundKey, TokenError>>, TokenError> {
        let call = Call::Find { queries: queries.to_vec() };
        match self.call(&call, "looking for keys", self.deadlines.call)? {
            Reply::Found(found) if found.len() == queries.len() => Ok(found),
            _ => Err(self.misunderstood()),
        }
    }

    /// All private keys of the open token, and their public halves. The indices in it are of no use for signing.
    ///
    /// # Errors
    /// No token is open, [`TokenError::KeyHidden`] where nobody is logged in who could see one, or the host died or did not
    /// answer.
    pub fn inventory(&mut self) -> Result<Inventory, TokenError> {
        match self.call(&Call::Inventory, "looking for keys", self.deadlines.call)? {
            Reply::Inventory(inventory) => Ok(inventory),
            _ => Err(self.misunderstood()),
        }
    }

    /// Makes a key pair: sensitive, not extractable, for signing only.
    ///
    /// # Errors
    /// [`TokenError::KeyExists`], [`TokenError::KeySize`], [`TokenError::MechanismMissing`], or what the token
    /// answers. After [`TokenError::Died`] and [`TokenError::TimedOut`] only an inventory can tell whether it exists.
    pub fn generate(&mut self, key: &NewKey) -> Result<FoundKey, TokenError> {
        let call = Call::Generate { key: key.clone() };
        match self.call(&call, "generating a key", self.deadlines.generate)? {
            Reply::Generated(key) => Ok(key),
            _ => Err(self.misunderstood()),
        }
    }

    /// As [`Token::sign_with`], for whoever has nothing else to do meanwhile: `each` is [`Taker::take`].
    ///
    /// # Errors
    /// As of [`Token::sign_with`].
    pub fn sign_many<'a, D: AsRef<[u8]>>(
        &mut self,
        jobs: impl IntoIterator<Item = (&'a FoundKey, D)>,
        each: impl FnMut(usize, Result<Vec<u8>, TokenError>) -> ControlFlow<()>,
    ) -> Result<(), TokenError> {
        self.sign_with(jobs, &mut Idle(each))
    }

    /// Signs `jobs`, pairs of a key and the octets to be signed, as many ahead as the token makes in a moment. What has
    /// to be hashed before the token is asked is hashed here: the host has enough to do.
    ///
    /// The signatures go to `taker`, one for each job in order. Where it breaks, no further job is sent; those already
    /// sent are waited for and given to it as well, so that none is made that nobody knows of.
    ///
    /// # Errors
    /// The host died or did not answer: whatever was not taken is unknown. Errors of the token about one signature go
    /// to `taker`.
    pub fn sign_with<'a, D: AsRef<[u8]>>(
        &mut self,
        jobs: impl IntoIterator<Item = (&'a FoundKey, D)>,
        taker: &mut impl Taker,
    ) -> Result<(), TokenError> {
        const DURING: &str = SIGNING;
        let limit = self.deadlines.sign;
        let mut jobs = jobs.into_iter().fuse();
        let first_id = self.next_id.wrapping_add(1);
        let (mut answered, mut stopped) = (0_usize, false);
        let clock = SystemClock::start();
        let mut window = Window::new(clock.uptime());
        loop {
            let link = self.link.as_mut().ok_or(TokenError::NotRunning)?;
            while !stopped && window.has_room() {
                let Some((key, data)) = jobs.next() else { break };
                let Some(algorithm) = key.dnskey.algorithm.known() else { return Err(self.misunderstood()) };
                let input = Method::new(algorithm, self.mechanism).input(data.as_ref());
                self.next_id = self.next_id.wrapping_add(1);
                let parts = [&self.next_id.to_be_bytes()[..], &key.index.to_be_bytes(), &input];
                if let Err(error) = link.writer.push(kind::SIGN, &parts) {
                    return Err(self.fail(error, DURING, limit));
                }
                window.sent(input.len());
            }
            if let Err(error) = link.writer.flush(Deadline::after(limit)) {
                return Err(self.fail(error, DURING, limit));
            }
            if window.is_empty() {
                return Ok(());
            }
            // Who sleeps in `next` is woken by the host, maybe on its core, and is in its way.
            while !link.reader.has_arrived() && taker.work() {}
            // All that has arrived, so that the next requests go out together.
            loop {
                let frame = match link.reader.next(Deadline::after(limit)) {
                    Ok(frame) => frame,
                    Err(error) => return Err(self.fail(error, DURING, limit)),
                };
                let id = first_id.wrapping_add(u32::try_from(answered).unwrap_or_default());
                let Ok(result) = signed(frame, id) else { return Err(self.misunderstood()) };
                stopped |= taker.take(answered, result).is_break();
                answered += 1;
                window.answered(clock.uptime());
                if window.is_empty() || link.reader.waiting() == 0 {
                    break;
                }
            }
        }
    }

    /// Logs out and ends the session; the host stays.
    ///
    /// # Errors
    /// What the token answers, or the host died or did not answer.
    pub fn logout(&mut self) -> Result<(), TokenError> {
        let reply = self.call(&Call::Logout, "logging out", self.deadlines.call)?;
        self.done(&reply)
    }

    /// Logs out, ends the session and the host; returns when the process is gone, whatever the result.
    ///
    /// # Errors
    /// What the token answers, or the host died or did not answer.
    pub fn close(mut self) -> Result<(), TokenError> {
        let reply = self.call(&Call::Close, "closing the token", self.deadlines.call)?;
        self.done(&reply)?;
        if let Some(mut link) = self.link.take() {
            let _ = link.child.wait_or_kill(LAST_WORDS);
        }
        Ok(())
    }

    fn id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    fn call(&mut self, call: &Call, during: &'static str, limit: Duration) -> Result<Reply, TokenError> {
        let id = self.id().to_be_bytes();
        let call = print(call)?;
        self.exchange(during, limit, |writer, deadline| {
            writer.push(kind::CALL, &[&id, &call])?;
            writer.flush(deadline)
        })
    }

    /// Sends one request, whose id is the latest, and waits for its answer.
    fn exchange(
        &mut self,
        during: &'static str,
        limit: Duration,
        send: impl FnOnce(&mut FrameWriter, Deadline) -> Result<(), FrameError>,
    ) -> Result<Reply, TokenError> {
        let id = self.next_id;
        let link = self.link.as_mut().ok_or(TokenError::NotRunning)?;
        let deadline = Deadline::after(limit);
        let frame = send(&mut link.writer, deadline).and_then(|()| link.reader.next(deadline));
        match frame {
            Ok(frame) => replied(frame, id).unwrap_or_else(|_| Err(self.misunderstood())),
            Err(error) => Err(self.fail(error, during, limit)),
        }
    }

    fn done(&mut self, reply: &Reply) -> Result<(), TokenError> {
        if matches!(reply, Reply::Done) { Ok(()) } else { Err(self.misunderstood()) }
    }

    /// Ends a host that answers something else than it was asked.
    fn misunderstood(&mut self) -> TokenError {
        self.link = None;
        TokenError::Protocol("an answer that does not belong to the request".to_owned())
    }

    /// Ends a host that cannot be talked to any more, and says why.
    fn fail(&mut self, error: FrameError, during: &'static str, limit: Duration) -> TokenError {
        let during = during.to_owned();
        let Some(mut link) = self.link.take() else { return TokenError::NotRunning };
        match error {
            FrameError::TimedOut => TokenError::TimedOut { during, seconds: limit.as_secs() },
            FrameError::Length { .. } => TokenError::Protocol(error.to_string()),
            FrameError::Closed | FrameError::Truncated | FrameError::Io(_) => {
                let status = link.child.wait_or_kill(LAST_WORDS).unwrap_or_else(|error| error.to_string());
                TokenError::Died { during, status }
            }
        }
    }
}

/// The one token of this serial, or, without a serial, of this label; without both, the only one there is.
///
/// # Errors
/// [`TokenError::NoToken`], [`TokenError::TwoTokens`].
pub fn choose<'a>(
    tokens: &'a [TokenFacts],
    serial: Option<&str>,
    label: Option<&str>,
) -> Result<&'a TokenFacts, TokenError> {
    let chosen = matching(tokens, serial, label)?;
    match chosen.as_slice() {
        [token] => Ok(token),
        several => Err(TokenError::TwoTokens { wanted: wanted(serial, label), found: listed(several) }),
    }
}

/// Whether a PIN may be sent to this token while nobody is there who looks at its flags and decides.
///
/// A token that only counts wrong PINs gets one: that it is the right one stands in a file. The last try is for people.
///
/// # Errors
/// [`TokenError::PinLocked`]; [`TokenError::FinalTry`], unless that try is `allowed`.
pub fn expect_tries(token: &TokenFacts, allowed: bool) -> Result<(), TokenError> {
    let serial = token.serial.clone();
    match (token.pin_locked, token.pin_final_try && !allowed) {
        (true, _) => Err(TokenError::PinLocked { serial }),
        (false, true) => Err(TokenError::FinalTry { serial }),
        (false, false) => Ok(()),
    }
}

/// The tokens of this serial, or, without a serial, of this label; at least one.
///
/// # Errors
/// [`TokenError::NoToken`].
pub fn matching<'a>(
    tokens: &'a [TokenFacts],
    serial: Option<&str>,
    label: Option<&str>,
) -> Result<Vec<&'a TokenFacts>, TokenError> {
    let fits = |token: &&TokenFacts| match (serial, label) {
        (Some(serial), _) => token.serial == serial,
        (None, Some(label)) => token.label == label,
        (None, None) => true,
    };
    let chosen: Vec<&TokenFacts> = tokens.iter().filter(fits).collect();
    if chosen.is_empty() {
        let all: Vec<&TokenFacts> = tokens.iter().collect();
        return Err(TokenError::NoToken { wanted: wanted(serial, label), found: listed(&all) });
    }
    Ok(chosen)
}

fn wanted(serial: Option<&str>, label: Option<&str>) -> String {
    match (serial, label) {
        (Some(serial), _) => format!("serial {serial:?}"),
        (None, Some(label)) => format!("label {label:?}"),
        (None, None) => "any name".to_owned(),
    }
}

/// `"label" (serial 1), "label" (serial 2)`, or `none`.
fn listed(tokens: &[&TokenFacts]) -> String {
    let named: Vec<String> =
        tokens.iter().map(|token| format!("{:?} (serial {})", token.label, token.serial)).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

/// The reply, or the token's error, in the answer to request `id`; `Err` for any other frame.
fn replied(frame: Frame, id: u32) -> Result<Result<Reply, TokenError>, TokenError> {
    let other = || TokenError::Protocol("another frame than a reply".to_owned());
    let Frame::Plain { kind: kind::REPLY, body } = frame else { return Err(other()) };
    match split_id(&body)? {
        (found, json) if found == id => parse_foreign(json),
        _ => Err(other()),
    }
}

/// The signature, or the token's error, in the answer to request `id`; `Err` for any other frame.
fn signed(frame: Frame, id: u32) -> Result<Result<Vec<u8>, TokenError>, TokenError> {
    let other = || TokenError::Protocol("another frame than a signature".to_owned());
    let Frame::Plain { kind: kind::SIGNED, body } = frame else { return Err(other()) };
    let (found, rest) = split_id(&body)?;
    match rest.split_first() {
        Some((0, signature)) if found == id => Ok(Ok(signature.to_vec())),
        Some((1, error)) if found == id => Ok(Err(parse_foreign(error)?)),
        _ => Err(other()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(serial: &str, label: &str) -> TokenFacts {
        TokenFacts {
            serial: serial.to_owned(),
            label: label.to_owned(),
            manufacturer: String::new(),
            model: String::new(),
            firmware: String::new(),
            protected_path: false,
            pin_count_low: false,
            pin_final_try: false,
            pin_locked: false,
        }
    }

    #[test]
    fn a_serial_wins_over_a_label_and_must_be_unique() {
        let tokens = [token("1", "a"), token("2", "a"), token("3", "b"), token("3", "c")];
        assert_eq!(choose(&tokens, Some("2"), Some("b")).unwrap().serial, "2");
        assert_eq!(choose(&tokens, None, Some("b")).unwrap().serial, "3");
        assert_eq!(matching(&tokens, None, Some("a")).unwrap().len(), 2);
        let error = choose(&tokens, None, Some("a")).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"expected one token with label "a"; found "a" (serial 1), "a" (serial 2); disconnect the others or choose by a unique serial"#
        );
        for (serial, found) in [(Some("3"), 2), (None, 4)] {
            let Err(TokenError::TwoTokens { found: several, .. }) = choose(&tokens, serial, None) else { panic!() };
            assert_eq!(several.split(", ").count(), found);
        }
        let error = choose(&tokens[..1], Some("9"), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"expected a token with serial "9"; found "a" (serial 1); connect it or choose another"#
        );
    }

    /// An answer to request 7, as a module writes it that took over the host's end of the socket.
    fn forged(kind: u8, head: &[u8], answer: &impl serde::Serialize) -> Frame {
        Frame::Plain { kind, body: [&7_u32.to_be_bytes(), head, &print(answer).unwrap()].concat() }
    }

    #[test]
    fn a_module_prints_no_lines_of_its_own() {
        const FORGED: &str = "7\r\nPASS    everything\u{1b}[2J\u{2028}\u{202e}x";
        const CLEANED: &str = "7  PASS    everything [2J  x";
        let cleaned = TokenError::PinLocked { serial: CLEANED.to_owned() };
        let error = TokenError::PinLocked { serial: FORGED.to_owned() };
        let answer: Result<Reply, TokenError> = Err(error.clone());
        assert_eq!(replied(forged(kind::REPLY, &[], &answer), 7).unwrap().unwrap_err(), cleaned);
        assert_eq!(signed(forged(kind::SIGNED, &[1], &error), 7).unwrap(), Err(cleaned.clone()));
        let answer: Result<Reply, TokenError> = Ok(Reply::Found(vec![Err(error)]));
        let Reply::Found(found) = replied(forged(kind::REPLY, &[], &answer), 7).unwrap().unwrap() else { panic!() };
        assert_eq!(found, [Err(cleaned)]);
        let answer: Result<Reply, TokenError> = Ok(Reply::Tokens(vec![token(FORGED, &"x".repeat(2000))]));
        let Reply::Tokens(found) = replied(forged(kind::REPLY, &[], &answer), 7).unwrap().unwrap() else { panic!() };
        assert_eq!((found[0].serial.as_str(), found[0].label.len()), (CLEANED, 1000));
    }
}
