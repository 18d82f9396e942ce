//! The hand on the token: one thread that holds the client of the token host.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::ceremony::{KeyWanted, Login, LoginFailed, ToSign, TokenSeen, Work};
use crate::process::{Clock as _, Killer, Starter, SystemClock};
use crate::profile::Hsm;
use crate::render::hex;
use crate::steps::{KeyFacts, TokenFacts};
use crate::token::{self, FoundKey, KeyQuery, Taker, Token, TokenConfig, TokenError};

use super::Report;
use super::verifiers::{Made, verifying};
use super::vigil::Vigil;

/// What the hand does, one after another.
pub(super) enum Order {
    Start(Box<Hsm>),
    Login(String, Login),
    Find(Vec<KeyWanted>),
    Sign(ToSign),
    Close,
}

impl Order {
    /// The answer where carrying it out came to no end.
    fn failed(&self) -> Work {
        let fault = || TokenError::Protocol("a defect of this program; its host was ended".to_owned());
        match self {
            Self::Start(_) => Work::TokenStarted(Err(fault())),
            Self::Login(..) => Work::LoggedIn(Err(failed(fault(), None))),
            Self::Find(_) => Work::KeysFound(Err(fault())),
            Self::Sign(_) => Work::Signed { signatures: Vec::new(), fault: Some(fault()) },
            Self::Close => Work::TokenClosed,
        }
    }
}

/// What ends the host from outside, whether it is there already or only being started.
#[derive(Default)]
struct Reach {
    killer: Option<Killer>,
    /// Whether an end was ordered that is not there yet: a host that is started meanwhile is ended at once.
    closing: bool,
}

impl Reach {
    fn close(&mut self) {
        self.closing = true;
        if let Some(killer) = &self.killer {
            killer.kill();
        }
    }

    fn started(&mut self, killer: Killer) {
        if self.closing {
            killer.kill();
        }
        self.killer = Some(killer);
    }
}

/// The others' end of the thread.
#[derive(Clone)]
pub(super) struct Hand {
    orders: Sender<Order>,
    reach: Arc<Mutex<Reach>>,
    /// Orders that are not done yet.
    pending: Arc<AtomicUsize>,
}

impl Hand {
    pub(super) fn start(
        hosts: Starter,
        cores: usize,
        report: Report,
        interrupt: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        let reach = Arc::new(Mutex::new(Reach::default()));
        let pending = Arc::new(AtomicUsize::new(0));
        let mut grip = Grip {
            hosts,
            report,
            interrupt,
            cores,
            reach: Arc::clone(&reach),
            pending: Arc::clone(&pending),
            token: None,
            found: Vec::new(),
        };
        thread::Builder::new().name("hand".to_owned()).spawn(move || grip.run(&taken))?;
        Ok(Self { orders, reach, pending })
    }

    pub(super) fn order(&self, order: Order) {
        self.pending.fetch_add(1, Ordering::AcqRel);
        let _ = self.orders.send(order); // a hand that is gone has said so by its panic
    }

    /// Ends a host that is busy, at once; whoever is to [`Hand::close`] it may not come to that for long.
    pub(super) fn end_busy(&self) {
        if self.pending.load(Ordering::Acquire) > 0 {
            self.reach.lock().unwrap_or_else(PoisonError::into_inner).close();
        }
    }

    /// Ends the host: in order if it listens, at once if it is busy with something that may never end, be it an end that
    /// was ordered before.
    pub(super) fn close(&self) {
        self.end_busy();
        self.order(Order::Close);
    }
}

struct Grip {
    hosts: Starter,
    report: Report,
    interrupt: Arc<AtomicBool>,
    cores: usize,
    reach: Arc<Mutex<Reach>>,
    pending: Arc<AtomicUsize>,
    token: Option<Token>,
    found: Vec<FoundKey>,
}

impl Grip {
    fn run(&mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            let otherwise = order.failed();
            let work = self.answered(otherwise, |grip| grip.carry_out(&order));
            self.pending.fetch_sub(1, Ordering::AcqRel);
            (self.report)(work);
        }
    }

    /// What the work gives; where it panics the host is ended, and the answer is `otherwise`.
    fn answered(&mut self, otherwise: Work, work: impl FnOnce(&mut Self) -> Work) -> Work {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            self.token = None; // with its host
            self.found.clear();
            self.reach().killer = None;
            otherwise
        })
    }

    fn carry_out(&mut self, order: &Order) -> Work {
        match order {
            Order::Start(hsm) => Work::TokenStarted(self.start(hsm)),
            Order::Login(serial, login) => Work::LoggedIn(self.login(serial, login)),
            Order::Find(keys) => Work::KeysFound(self.find(keys)),
            Order::Sign(batch) => self.sign(batch),
            Order::Close => {
                self.close();
                self.reach().closing = false;
                Work::TokenClosed
            }
        }
    }

    fn reach(&self) -> MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&mut self, hsm: &Hsm) -> Result<TokenSeen, TokenError> {
        self.close();
        // A module may never come back from being loaded.
        let config = TokenConfig::of(hsm, self.hosts.clone());
        let (mut token, confinement) = Token::start_killable(&config, |killer| self.reach().started(killer))?;
        let tokens = token.tokens()?;
        let measures = confinement.measures();
        let mut measures: Vec<String> =
            measures.iter().map(|(name, measure)| format!("{name}: {}", measure.text())).collect();
        measures.push(format!("module: {} of SHA-256 {}", hsm.module.display(), token.module_sha256()));
        self.token = Some(token);
        Ok(TokenSeen { measures, tokens })
    }

    fn login(&mut self, serial: &str, login: &Login) -> Result<(), Box<LoginFailed>> {
        let Some(client) = &mut self.token else { return Err(failed(TokenError::NotRunning, None)) };
        let how = match login {
            Login::Pin(pin) => token::Login::Pin(pin),
            Login::User { user_type, pin, first } => token::Login::User { user_type: *user_type, pin, first: *first },
            Login::Protected => token::Login::Protected,
            Login::Preloaded => token::Login::Preloaded,
        };
        client.login(serial, &how).map_err(|error| {
            let tokens = client.tokens().unwrap_or_default();
            failed(error, tokens.into_iter().find(|token| token.serial == serial))
        })
    }

    fn find(&mut self, keys: &[KeyWanted]) -> Result<Vec<Result<KeyFacts, TokenError>>, TokenError> {
        let client = self.token.as_mut().ok_or(TokenError::NotRunning)?;
        let query = |key: &KeyWanted| KeyQuery {
            label: key.label.clone(),
            cka_id: key.cka_id.as_ref().map(|id| hex::encode(id)),
            algorithm: key.algorithm,
        };
        let queries: Vec<KeyQuery> = keys.iter().map(query).collect();
        let found = client.find_keys(&queries)?;
        let usable = |key: Result<FoundKey, TokenError>| key.and_then(|key| key.check().map(|()| key));
        let found: Vec<Result<FoundKey, TokenError>> = found.into_iter().map(usable).collect();
        self.found = found.iter().filter_map(|key| key.as_ref().ok().cloned()).collect();
        Ok(found.into_iter().map(|key| key.map(|key| key.facts())).collect())
    }

    /// Signs, while others verify what has been signed.
    fn sign(&mut self, batch: &ToSign) -> Work {
        let failed = |fault| Work::Signed { signatures: Vec::new(), fault: Some(fault) };
        let Some(client) = &mut self.token else { return failed(TokenError::NotRunning) };
        let keys: Option<Vec<&FoundKey>> = batch.keys.iter().map(|key| self.found.get(key.wanted)).collect();
        let Some(keys) = keys.filter(|keys| batch.items.iter().all(|item| item.key < keys.len())) else {
            return failed(TokenError::Protocol("a key of the plan was not looked up on the token".to_owned()));
        };
        let missing = Cell::new(false);
        let jobs = batch.items.iter().map_while(|item| {
            let job = keys.get(item.key).zip(batch.data(*item));
            missing.set(job.is_none());
            job.map(|(key, data)| (*key, data))
        });
        let mut fault = None;
        let (signatures, wrong) = verifying(batch, self.cores, &self.report, |made| {
            let (clock, vigil) = (SystemClock::start(), Vigil::new(self.cores));
            let mut taker = Verifying { made, interrupt: &self.interrupt, fault: None, clock, vigil };
            let result = client.sign_with(jobs, &mut taker);
            fault = result.err().or(taker.fault);
        });
        let no_such = || TokenError::Protocol("the plan has no such signature".to_owned());
        let fault = fault.or_else(|| missing.get().then(no_such));
        Work::Signed { signatures, fault: wrong.or(fault) }
    }

    fn close(&mut self) {
        self.found.clear();
        if let Some(token) = self.token.take() {
            let _ = token.close(); // ended in order or killed: it is gone either way
        }
        self.reach().killer = None;
    }
}

/// Gives what the token makes to the verifiers, and is one of them while it waits.
struct Verifying<'a, 'b> {
    made: &'a mut Made<'b>,
    interrupt: &'a AtomicBool,
    fault: Option<TokenError>,
    clock: SystemClock,
    vigil: Vigil,
}

impl Taker for Verifying<'_, '_> {
    fn take(&mut self, _number: usize, result: Result<Vec<u8>, TokenError>) -> ControlFlow<()> {
        self.vigil.ends();
        match result {
            _ if self.fault.is_some() => {} // what comes after one that was not made has no place
            Ok(signature) => self.made.put(signature),
            Err(error) => self.fault = Some(error),
        }
        let end = self.fault.is_some() || self.made.is_wrong() || self.interrupt.load(Ordering::Relaxed);
        if end { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn work(&mut self) -> bool {
        self.made.verify_one() || self.vigil.goes_on(self.clock.uptime())
    }
}

fn failed(error: TokenError, token: Option<TokenFacts>) -> Box<LoginFailed> {
    Box::new(LoginFailed { error, token })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_host_that_is_started_while_its_end_is_ordered_is_ended() {
        let start = || Starter::Program("/bin/sh".into()).start("-s", &BTreeMap::new()).unwrap();
        let mut reach = Reach::default();
        let (mut before, _socket) = start();
        reach.started(before.killer());
        assert_eq!(before.try_wait().unwrap(), None, "nobody wants its end");
        reach.close();
        let (mut late, _socket) = start();
        reach.started(late.killer());
        for child in [&mut before, &mut late] {
            let ended = child.wait_or_kill(Duration::from_secs(10)).unwrap();
            assert_eq!(ended, "it was ended by signal 9 (SIGKILL)");
        }
    }

    #[test]
    fn an_order_that_panics_is_answered_and_the_hand_goes_on() {
        let mut grip = Grip {
            hosts: Starter::Program("/bin/false".into()),
            report: Arc::new(|_| {}),
            interrupt: Arc::default(),
            cores: 1,
            reach: Arc::default(),
            pending: Arc::default(),
            token: None,
            found: Vec::new(),
        };
        let order = || Order::Find(Vec::new());
        let answer = grip.answered(order().failed(), |_| panic!("a defect"));
        assert!(matches!(answer, Work::KeysFound(Err(TokenError::Protocol(_)))));
        let answer = grip.answered(order().failed(), |grip| grip.carry_out(&order()));
        assert!(matches!(answer, Work::KeysFound(Err(TokenError::NotRunning))));
    }
}
