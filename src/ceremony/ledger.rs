//! The ceremony's memory: its key, its agreed time and its transcript.

use std::collections::BTreeMap;

use crate::dns::{Duration, Time};
use crate::steps::{Actor, Mode, Moment, Step};
use crate::transcript::{Body, CeremonyKey, Chain, ChainError, JournalHead, JsonError, names};

use super::{LogLine, Seed};

/// Lines shown on the screen.
const LOG_LINES: usize = 200;

/// Key, time and transcript. Entries made before the first one are kept until it is there.
#[derive(Debug)]
pub(super) struct Ledger {
    mode: Mode,
    key: CeremonyKey,
    chain: Chain,
    open: bool,
    early: Vec<(Step, Actor, Body)>,
    agreed: Option<(Time, u64)>,
    dirty: bool,
    log: Vec<LogLine>,
}

impl Ledger {
    /// A ledger with a key made from the seed.
    pub(super) fn new(mode: Mode, seed: &Seed) -> Self {
        let key = CeremonyKey::from_seed(&seed.derive("claviger ceremony key", &[]));
        Self {
            mode,
            key,
            chain: Chain::new(),
            open: false,
            early: Vec::new(),
            agreed: None,
            dirty: false,
            log: Vec::new(),
        }
    }

    /// Goes on with a transcript that was written before.
    pub(super) fn resume(&mut self, transcript: &[u8]) -> Result<(), ChainError> {
        self.chain = Chain::resume(transcript)?;
        self.open = true;
        self.log = self.chain.entries().iter().map(LogLine::of).collect();
        Ok(())
    }

    /// Whether the key is the one that the first entry names.
    pub(super) fn has_its_key(&self) -> bool {
        let first = self.chain.entries().first().map(|entry| &entry.body);
        matches!(first, Some(Body::Opened(opened)) if opened.ceremony_key == self.key.public().base64())
    }

    /// From now on, time is `agreed` plus what the monotonic clock adds.
    pub(super) fn agree(&mut self, agreed: Time, uptime: u64) {
        self.agreed = Some((agreed, uptime));
    }

    /// Agreed time, or the computer's before it is agreed.
    pub(super) fn moment(&self, at: Moment) -> Moment {
        let Some((base, since)) = self.agreed else { return at };
        let seconds = u32::try_from(at.uptime.saturating_sub(since) / 1000).unwrap_or(u32::MAX);
        Moment { time: base.checked_add(Duration::from_seconds(seconds)).unwrap_or(Time::MAX), uptime: at.uptime }
    }

    /// Puts an entry into the transcript, before its effect runs.
    pub(super) fn record(&mut self, at: Moment, step: Step, actor: Actor, body: Body) -> Result<(), JsonError> {
        if !self.open {
            self.early.push((step, actor, body));
            return Ok(());
        }
        let moment = self.moment(at);
        self.chain.append(moment, step, &actor, body)?;
        self.dirty = true;
        if let Some(entry) = self.chain.entries().last() {
            self.log.push(LogLine::of(entry));
        }
        if self.log.len() > LOG_LINES {
            self.log.remove(0);
        }
        Ok(())
    }

    /// Makes the first entry, then those that were waiting for it.
    pub(super) fn open(&mut self, at: Moment, first: Body) -> Result<(), JsonError> {
        self.open = true;
        self.record(at, Step::Open, Actor::Program, first)?;
        for (step, actor, body) in std::mem::take(&mut self.early) {
            self.record(at, step, actor, body)?;
        }
        Ok(())
    }

    /// Whether the first entry is there.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// The transcript so far, if it has grown since this was last asked.
    pub(super) fn grown(&mut self) -> Option<Vec<u8>> {
        std::mem::take(&mut self.dirty).then(|| self.chain.octets().to_vec())
    }

    /// The files that stand beside a journal: the head's signature and the key to check it with.
    pub(super) fn journal_files(&self) -> BTreeMap<String, Vec<u8>> {
        let signers = self.key.public().allowed_signers(&self.mode).into_bytes();
        let mut files = BTreeMap::from([(names::ALLOWED_SIGNERS.to_owned(), signers)]);
        // A head that cannot be written is one that the next flush writes.
        if let Ok(head) = JournalHead::write(&self.chain, &self.key, &self.mode) {
            files.insert(names::JOURNAL_HEAD.to_owned(), head);
        }
        files
    }

    /// The transcript itself.
    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Takes the transcript as it was sealed.
    pub(super) fn sealed(&mut self, chain: Chain) {
        self.chain = chain;
    }

    /// The key is done with: it is wiped where it lies.
    pub(super) fn wipe_key(&mut self) {
        self.key = CeremonyKey::from_seed(&[0; 32]);
    }

    /// The ceremony's key.
    pub(super) const fn key(&self) -> &CeremonyKey {
        &self.key
    }

    /// The last entries, one line each.
    pub(super) fn log(&self) -> Vec<LogLine> {
        self.log.clone()
    }
}
