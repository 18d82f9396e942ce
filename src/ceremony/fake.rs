//! A world for tests: media, token and crew in memory, so that a whole ceremony runs in one thread.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write as _};

use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::dns::{Algorithm, Dnskey, Name, Time};
use crate::exchange::{self, Format, Key, Request, RequestBundle, RequestKey, Stamp};
use crate::profile::fixture::{SCHEDULE, changed};
use crate::render;
use crate::steps::{KeyFacts, Mode, Moment, Pin, Role, TokenFacts, VolumeFacts, VolumeId};
use crate::token::{PinState, TokenError};
use crate::transcript::Watch;

pub(super) const PIN: &str = "correct horse";
pub(super) const RECORDS: [u32; 2] = [1, 2];
pub(super) const REQUEST: u32 = 3;

/// What the image tells of its start.
pub(super) const STARTED: &str = "lockdown: none";

/// The name of an effect alone: all that is in it may be a whole record.
struct EffectName(String);

impl fmt::Write for EffectName {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.find([' ', '(', '{']);
        self.0.push_str(&text[..end.unwrap_or(text.len())]);
        if end.is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Everything outside of the machine.
pub(super) struct World {
    pub(super) ceremony: Ceremony,
    pub(super) todo: VecDeque<Effect>,
    pub(super) clock: u64,
    pub(super) key: SigningKey,
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The medium with these files.
    pub(super) files_on: VolumeId,
    pub(super) records: BTreeMap<(u32, String), BTreeMap<String, Vec<u8>>>,
    pub(super) responses: BTreeMap<String, Vec<u8>>,
    pub(super) journal: Vec<u8>,
    pub(super) journal_files: BTreeMap<String, Vec<u8>>,
    /// The entry before which the record media are pulled out.
    pub(super) pulled_before: Option<&'static str>,
    /// Whether the last entries stand on one of them.
    pub(super) recorded: bool,
    pub(super) spool: Option<Spool>,
    pub(super) spool_fault: Option<&'static str>,
    pub(super) spool_fault_told: bool,
    /// Faults to come: signatures until the token dies, writes that fail.
    pub(super) sign_faults: VecDeque<usize>,
    /// What people do while the next batch is signed.
    pub(super) while_signing: Vec<Input>,
    /// What else happens then, after it.
    pub(super) news_while_signing: Vec<Work>,
    /// What the token says of its PIN.
    pub(super) final_try: bool,
    pub(super) write_faults: VecDeque<&'static str>,
    pub(super) response_faults: VecDeque<&'static str>,
    pub(super) log_faults: VecDeque<&'static str>,
    /// Why media cannot be read the next time that records are looked for.
    pub(super) list_faults: Vec<String>,
    pub(super) finished: Option<u8>,
    /// The hardware clock minus the computer's, in seconds.
    pub(super) rtc: Option<i64>,
    /// What is plugged in.
    pub(super) volumes: Vec<VolumeFacts>,
    /// Decisions on keyboards.
    pub(super) usb: Vec<(u32, bool)>,
    /// What the computer's clock was set to.
    pub(super) clock_set: Option<Time>,
    /// What had been written to the journal when each effect ran.
    pub(super) seen: Vec<(String, usize)>,
}

pub(super) fn start() -> Time {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn zone(number: u32) -> Name {
    if number == 0 { "example.".parse().unwrap() } else { format!("example{number}.").parse().unwrap() }
}

fn public(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_bytes().to_vec()
}

pub(super) fn request(number: u32) -> Vec<u8> {
    let zsk = Dnskey { flags: 256, ..Dnskey::ksk(Algorithm::Ed25519, public(&SigningKey::from_bytes(&[9; 32]))) };
    let key = Key { identifier: None, declared_tag: None, dnskey: zsk };
    let bundle = |days: u16| RequestBundle {
        id: None,
        inception: start().checked_add(crate::dns::Duration::from_days(days)).unwrap(),
        expiration: None,
        keys: vec![RequestKey { ttl: 3600, key: key.clone() }],
        signatures: Vec::new(),
    };
    let request = Request {
        format: Format::Bind,
        zone: zone(number),
        root: None,
        bundles: vec![bundle(1), bundle(20)],
        stamp: Some(Stamp { time: start(), by: "test".to_owned() }),
        notices: Vec::new(),
    };
    exchange::write_request(&request).unwrap()
}

pub(super) fn profile(key: &SigningKey, zones: u32) -> String {
    let dnskey = Dnskey::ksk(Algorithm::Ed25519, public(key));
    let zones: String = (0..zones)
        .map(|number| {
            let zone = zone(number);
            format!(
                "[zones.\"{zone}\"]\npolicy = \"p\"\n[zones.\"{zone}\".keys.ksk]\nlabel = \"K1\"\n\
                 algorithm = \"ED25519\"\ndnskey = \"{dnskey}\"\n"
            )
        })
        .collect();
    let (before_zones, _) = SCHEDULE.split_once("[zones.").expect("a zone");
    let text = changed(before_zones, "token-label = \"test\"", "token-label = \"token\"");
    let text = changed(&text, "record-copies = 1", "record-copies = 2");
    changed(&text, "required = []", "required = [\"CA\", \"IW\"]") + &zones
}

pub(super) fn volume(id: u32, label: &str) -> VolumeFacts {
    VolumeFacts {
        id: VolumeId(id),
        label: label.to_owned(),
        serial: format!("S{id}"),
        uuid: format!("U{id}"),
        size: 1 << 30,
        free: 1 << 30,
        writable: true,
    }
}

impl World {
    pub(super) fn new(mode: Mode) -> Self {
        Self::with_zones(mode, 2)
    }

    /// A world whose profile has so many zones.
    pub(super) fn with_zones(mode: Mode, zones: u32) -> Self {
        let octets = profile(&SigningKey::from_bytes(&[5; 32]), zones).into_bytes();
        Self::of(setup(mode, octets))
    }

    pub(super) fn of(setup: Setup) -> Self {
        let key = SigningKey::from_bytes(&[5; 32]);
        let at = Moment { time: start(), uptime: 0 };
        let (ceremony, effects) = Ceremony::new(setup, at);
        Self {
            ceremony,
            todo: effects.into(),
            clock: 0,
            key,
            files: vec![("ksr-example.txt".to_owned(), request(0)), ("ksr-example1.txt".to_owned(), request(1))],
            files_on: VolumeId(REQUEST),
            records: BTreeMap::new(),
            responses: BTreeMap::new(),
            journal: Vec::new(),
            journal_files: BTreeMap::new(),
            pulled_before: None,
            recorded: true,
            spool: None,
            spool_fault: None,
            spool_fault_told: false,
            sign_faults: VecDeque::new(),
            while_signing: Vec::new(),
            news_while_signing: Vec::new(),
            final_try: false,
            write_faults: VecDeque::new(),
            response_faults: VecDeque::new(),
            log_faults: VecDeque::new(),
            list_faults: Vec::new(),
            finished: None,
            rtc: None,
            clock_set: None,
            volumes: vec![volume(1, "RECORD-1"), volume(2, "RECORD-2"), volume(3, "KSR"), volume(4, "X")],
            usb: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub(super) fn moment(&mut self) -> Moment {
        self.clock += 1000;
        let passed = crate::dns::Duration::from_seconds(u32::try_from(self.clock / 1000).unwrap());
        Moment { time: start().checked_add(passed).unwrap(), uptime: self.clock }
    }

    /// Carries out everything that is to be done.
    pub(super) fn settle(&mut self) {
        while let Some(effect) = self.todo.pop_front() {
            let mut name = EffectName(String::new());
            let _ = write!(name, "{effect:?}"); // it ends behind the name
            self.seen.push((name.0, self.journal.len()));
            for work in self.carry_out(effect) {
                let at = self.moment();
                if let Ok(effects) = self.ceremony.apply(at, Event::Work(work)) {
                    self.todo.extend(effects);
                }
            }
        }
    }

    pub(super) fn input(&mut self, input: Input) -> Result<(), Refusal> {
        self.settle();
        let at = self.moment();
        let effects = self.ceremony.apply(at, Event::Input(input))?;
        self.todo.extend(effects);
        self.settle();
        Ok(())
    }

    pub(super) fn answer(&mut self, answer: Answer) -> Result<(), Refusal> {
        self.input(Input::Answer(answer))
    }

    fn token(&self) -> TokenFacts {
        TokenFacts {
            serial: "T1".to_owned(),
            label: "token".to_owned(),
            manufacturer: "test".to_owned(),
            model: "test".to_owned(),
            firmware: "1.0".to_owned(),
            protected_path: false,
            pin_count_low: false,
            pin_final_try: self.final_try,
            pin_locked: false,
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Work> {
        let one = |work| vec![work];
        match effect {
            effect @ (Effect::ListRecords(_)
            | Effect::ReadRecord(_)
            | Effect::ListFiles(_)
            | Effect::ReadFile { .. }
            | Effect::ReadShare { .. }
            | Effect::WriteRecord { .. }
            | Effect::WriteResponse { .. }
            | Effect::Deliver { .. }) => self.on_media(effect),
            effect @ (Effect::StartToken(_)
            | Effect::Login { .. }
            | Effect::FindKeys(_)
            | Effect::Sign(_)
            | Effect::Interrupt
            | Effect::CloseToken) => self.on_token(effect),
            Effect::WatchVolumes => one(Work::Volumes(self.volumes.clone())),
            Effect::Identify => {
                one(Work::Identified { medium: "absent".to_owned(), started: vec![STARTED.to_owned()] })
            }
            Effect::Prepare => {
                let octets = profile(&self.key, 2).into_bytes();
                one(Work::Prepared(Ok(ProfileFile { origin: "rehearsal".to_owned(), octets })))
            }
            Effect::ReadRtc => {
                let now = i64::from(start().unix()) + i64::try_from(self.clock / 1000).unwrap() + 1;
                one(Work::Rtc(self.rtc.and_then(|offset| Time::from_unix(now + offset))))
            }
            Effect::LoadKeymap(_) => one(Work::KeymapLoaded(Ok(()))),
            Effect::DecideUsb { device, allow } => {
                self.usb.push((device, allow));
                one(Work::UsbDecided(Ok(())))
            }
            Effect::SetClock(time) => {
                self.clock_set = Some(time);
                one(Work::ClockSet(Ok(())))
            }
            Effect::ReadProfiles(volume) => {
                let octets = profile(&self.key, 2).into_bytes();
                let file = ProfileFile { origin: "medium".to_owned(), octets };
                one(Work::Profiles { volume, found: Ok(vec![file]) })
            }
            Effect::Compute(task) => one(Work::Computed(Box::new(task.run("claviger test", 1)))),
            Effect::Journal(part) => {
                assert!(part.lines.starts_with(&self.journal), "the journal only grows");
                assert!(part.files.contains_key("journal.head"));
                let has = |kind| String::from_utf8_lossy(&part.lines).contains(&format!("\"kind\":\"{kind}\""));
                self.recorded = !self.pulled_before.is_some_and(has);
                if !self.recorded {
                    return one(Work::Journalled(vec!["the journal: no medium".to_owned()]));
                }
                (self.journal, self.journal_files) = (part.lines, part.files);
                one(Work::Journalled(Vec::new()))
            }
            Effect::Spool(spool) => {
                let before = std::mem::replace(&mut self.spool_fault_told, self.spool_fault.is_some());
                match &self.spool_fault {
                    Some(fault) => return one(Work::Spooled(Err((*fault).to_owned()))),
                    None => self.spool = Some(*spool),
                }
                if before { one(Work::Spooled(Ok(()))) } else { Vec::new() }
            }
            Effect::ForgetSpool => {
                self.spool = None;
                Vec::new()
            }
            Effect::Finish(code) => {
                self.finished = Some(code);
                Vec::new()
            }
        }
    }

    fn on_media(&mut self, effect: Effect) -> Vec<Work> {
        let one = |work| vec![work];
        match effect {
            Effect::ListRecords(volumes) => {
                let listed = self.records.keys().filter(|(id, _)| volumes.contains(&VolumeId(*id)));
                let records = listed.map(|(id, folder)| RecordChoice {
                    volume: VolumeId(*id),
                    label: format!("RECORD-{id}"),
                    folder: folder.clone(),
                    interrupted: false,
                });
                let faults = std::mem::take(&mut self.list_faults);
                one(Work::Records { found: records.collect(), faults })
            }
            Effect::ReadRecord(choice) => {
                let files = self.records.get(&(choice.volume.0, choice.folder)).cloned();
                one(Work::Record(files.ok_or_else(|| "gone".to_owned())))
            }
            Effect::ListFiles(volume) => {
                let files = self.files.iter().filter(|_| volume == self.files_on).map(|(name, octets)| FileChoice {
                    place: "KSR".to_owned(),
                    name: name.clone(),
                    size: octets.len() as u64,
                });
                one(Work::Files(Ok(files.collect())))
            }
            Effect::ReadFile { index, .. } => {
                let (name, octets) = self.files[index].clone();
                one(Work::File(Ok(FileRead { name, octets })))
            }
            Effect::ReadShare { .. } => one(Work::ShareFile(Err("no share".to_owned()))),
            Effect::WriteRecord { volume, image } => {
                let kept = self.spool.as_ref().is_none_or(|spool| spool.sealed.is_some());
                assert!(kept, "what is sealed is kept before it leaves");
                if let Some(fault) = self.write_faults.pop_front().filter(|fault| !fault.is_empty()) {
                    return one(Work::RecordWritten { volume, result: Err(fault.to_owned()) });
                }
                self.records.insert((volume.0, image.name().to_owned()), image.files().clone());
                one(Work::RecordWritten { volume, result: Ok(()) })
            }
            Effect::WriteResponse { volume, name, octets } => {
                if let Some(fault) = self.response_faults.pop_front() {
                    return one(Work::ResponseWritten { volume, result: Err(fault.to_owned()) });
                }
                self.responses.insert(name, octets.to_vec());
                one(Work::ResponseWritten { volume, result: Ok(()) })
            }
            Effect::Deliver { volume, folder, files, .. } => {
                if let Some(fault) = self.log_faults.pop_front().filter(|fault| !fault.is_empty()) {
                    return one(Work::Delivered { volume, result: Err(fault.to_owned()) });
                }
                self.records.get_mut(&(volume.0, folder)).unwrap().extend(files);
                one(Work::Delivered { volume, result: Ok(()) })
            }
            other => panic!("no effect on media: {other:?}"),
        }
    }

    fn on_token(&mut self, effect: Effect) -> Vec<Work> {
        let one = |work| vec![work];
        match effect {
            Effect::StartToken(_) => {
                one(Work::TokenStarted(Ok(TokenSeen { measures: vec!["test".to_owned()], tokens: vec![self.token()] })))
            }
            Effect::Login { .. } | Effect::Sign(_) if !self.recorded => one(Work::Withheld),
            Effect::Login { login, .. } => {
                let Login::Pin(pin) = login else { panic!("expected a PIN") };
                let right = pin.expose() == PIN.as_bytes();
                let token = self.token();
                let error = TokenError::PinIncorrect { serial: token.serial.clone(), state: PinState::NotReported };
                let failed = LoginFailed { error, token: Some(token) };
                one(Work::LoggedIn(if right { Ok(()) } else { Err(Box::new(failed)) }))
            }
            Effect::FindKeys(keys) => {
                let facts = |key: KeyWanted| KeyFacts {
                    label: key.label,
                    cka_id: String::new(),
                    dnskey: Dnskey::ksk(Algorithm::Ed25519, public(&self.key)),
                };
                one(Work::KeysFound(Ok(keys.into_iter().map(|key| Ok(facts(key))).collect())))
            }
            Effect::Sign(batch) => {
                let inputs = std::mem::take(&mut self.while_signing).into_iter().map(Event::Input);
                let news = std::mem::take(&mut self.news_while_signing).into_iter().map(Event::Work);
                for event in inputs.chain(news) {
                    let at = self.moment();
                    self.todo.extend(self.ceremony.apply(at, event).unwrap());
                }
                let limit = self.sign_faults.pop_front();
                let made = batch.items.iter().take(limit.unwrap_or(usize::MAX));
                let signatures =
                    made.map(|item| self.key.sign(&batch.data(*item).unwrap()).to_bytes().to_vec()).collect();
                one(Work::Signed { signatures, fault: limit.map(|_| TokenError::NotRunning) })
            }
            Effect::Interrupt => Vec::new(),
            Effect::CloseToken => one(Work::TokenClosed),
            other => panic!("no effect on the token: {other:?}"),
        }
    }
}

pub(super) fn setup(mode: Mode, octets: Vec<u8>) -> Setup {
    Setup {
        mode,
        version: "test".to_owned(),
        build_id: "none".to_owned(),
        measures: vec!["none".to_owned()],
        seed: Seed::from_octets(&[3; 32]).unwrap(),
        profiles: vec![ProfileFile { origin: "test".to_owned(), octets }],
        judged_at: None,
        until: None,
        appliance: None,
        final_try: false,
        previous_given: false,
    }
}

/// UTC on a watch that is right.
pub(super) fn utc(asked: &TimeAsked) -> Watch {
    let unix = i64::from(asked.computer.unix()) + asked.offset.unwrap_or(0);
    Watch::at(Time::from_unix(unix).unwrap())
}

/// The answer of people who do everything right.
pub(super) fn right(view: &View) -> Answer {
    let role = |text: &str| Role::new(text).unwrap();
    match &view.question {
        Question::Working(working) => panic!("nothing is asked: {}", working.what),
        Question::Profile(_) | Question::Token(_) | Question::Officer { .. } | Question::Schema { .. } => {
            Answer::Choose(0)
        }
        Question::People { missing } if missing.is_empty() => Answer::Done,
        Question::People { missing } => {
            Answer::Person { role: missing[0].to_string(), name: format!("Name of {}", missing[0]) }
        }
        Question::RecordVolumes { needed } if view.record_volumes.len() < *needed => {
            Answer::Volume(VolumeId(RECORDS[view.record_volumes.len()]))
        }
        Question::Keyboard { .. } | Question::RecordVolumes { .. } | Question::Close | Question::Finished { .. } => {
            Answer::Done
        }
        Question::RequestVolume => Answer::Volume(VolumeId(REQUEST)),
        Question::PreviousRecord(records) if !records.is_empty() => Answer::Choose(records.len() - 1),
        Question::PreviousRecord(_) | Question::MoreJobs => Answer::No,
        Question::Reason { .. } => Answer::Text("the first ceremony".to_owned()),
        Question::Time(asked) => Answer::Confirm {
            role: role(if asked.first.is_none() { "CA" } else { "IW" }),
            initials: "xy".to_owned(),
            word: utc(asked).to_string(),
        },
        Question::TwoPeople(asked) => Answer::Confirm {
            role: role(if asked.first.is_none() { "CA" } else { "IW" }),
            initials: "xy".to_owned(),
            word: render::word(0, asked.sha256.as_bytes()[0]).to_owned(),
        },
        Question::ReadBack(asked) => {
            let words = asked.words.iter().map(|word| render::word(word - 1, asked.sha256.as_bytes()[word - 1]));
            Answer::Text(words.collect::<Vec<_>>().join(" "))
        }
        Question::Document(asked) if asked.purpose == Purpose::Request => Answer::Choose(0),
        Question::Document(_) => Answer::No,
        Question::Acknowledge { check, .. } => Answer::Text(check.clone()),
        Question::Pin(_) => Answer::Pin(Pin::from_octets(PIN.as_bytes()).unwrap()),
        Question::ShareVolume { .. } => Answer::Volume(VolumeId(4)),
        Question::ConfirmProfile(_)
        | Question::Judged { .. }
        | Question::Fault { .. }
        | Question::Paused
        | Question::Review { .. }
        | Question::WriteFault { .. }
        | Question::Resume { .. } => Answer::Yes,
    }
}
