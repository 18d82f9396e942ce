//! The hands of a ceremony: threads that carry out its effects and report what came of them.
//!
//! One steward takes the effects in order. What it does itself, media and journal, is done before it looks at the next
//! one, so an entry is on the media before its effect runs; what none of them takes is not asked of the token. The token
//! and long computations have threads of their own. A medium that does not answer keeps the steward waiting, but nobody
//! from ending what the token is doing.

mod hand;
mod porter;
mod reckoner;
mod spool;
mod stage;
mod station;
mod verifiers;
mod vigil;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::ceremony::{Effect, Task, Work};
use crate::media::Volumes;
use crate::process::Starter;

use self::hand::{Hand, Order};
use self::porter::Porter;
pub use self::porter::is_profile;
pub use self::spool::{SpoolError, SpoolFolder};
pub use self::stage::{Given, Stage, Stuck};
use self::station::Station;
pub use self::station::{Preparation, StationConfig};

/// The thread without which nothing goes on; the others report it when they fail.
pub const STEWARD: &str = "steward";

/// How often the steward looks which volumes are there.
const LOOK: Duration = Duration::from_millis(500);

/// What a crew works with.
pub struct CrewConfig {
    /// Where token hosts are started.
    pub hosts: Starter,
    /// The program with its version, as it stands in responses.
    pub name: String,
    /// The media.
    pub volumes: Box<dyn Volumes>,
    /// Where a ceremony is kept in RAM; none: it is not kept.
    pub spool: Option<SpoolFolder>,
    /// Threads for computations.
    pub threads: usize,
}

/// The threads; they end when this is dropped, and what was ordered before is done then: the spool with the ceremony key
/// is forgotten before the program ends.
pub struct Crew {
    effects: Option<Sender<Effect>>,
    steward: Option<JoinHandle<()>>,
    hand: Hand,
    interrupt: Arc<AtomicBool>,
}

/// Takes what came back; called from several threads.
pub type Report = Arc<dyn Fn(Work) + Send + Sync>;

impl Crew {
    /// Starts the threads, on a computer of which nothing is asked.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(config: CrewConfig, report: Report) -> std::io::Result<Self> {
        Self::start_on(StationConfig::default(), config, report)
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start_on(station: StationConfig, config: CrewConfig, report: Report) -> std::io::Result<Self> {
        let (effects, taken) = mpsc::channel();
        let interrupt = Arc::new(AtomicBool::new(false));
        let hand = Hand::start(config.hosts, config.threads, Arc::clone(&report), Arc::clone(&interrupt))?;
        let porter = Porter::new(config.volumes, config.spool.is_some(), Arc::clone(&report));
        let steward = Steward {
            porter,
            hand: hand.clone(),
            station: Station::new(station, Arc::clone(&report)),
            report,
            interrupt: Arc::clone(&interrupt),
            spool: config.spool,
            program: config.name,
            threads: config.threads,
            watching: false,
            recorded: true,
            spooled: true,
        };
        let steward = thread::Builder::new().name(STEWARD.to_owned()).spawn(move || steward.run(&taken))?;
        Ok(Self { effects: Some(effects), steward: Some(steward), hand, interrupt })
    }

    /// Has effects carried out, in order.
    pub fn carry_out(&self, effects: Vec<Effect>) {
        let Some(sender) = &self.effects else { return };
        for effect in effects {
            match &effect {
                Effect::Interrupt => self.interrupt.store(true, Ordering::Relaxed),
                Effect::CloseToken => self.hand.end_busy(),
                _ => {}
            }
            let _ = sender.send(effect); // a steward that is gone has said so by its panic
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop(self.effects.take());
        if let Some(steward) = self.steward.take() {
            let _ = steward.join(); // as above
        }
    }
}

struct Steward {
    porter: Porter,
    hand: Hand,
    station: Station,
    report: Report,
    interrupt: Arc<AtomicBool>,
    spool: Option<SpoolFolder>,
    program: String,
    threads: usize,
    watching: bool,
    /// Whether a medium holds the last entries, where any are to be held.
    recorded: bool,
    /// Whether the spool took what it was last given.
    spooled: bool,
}

impl Steward {
    fn run(mut self, effects: &Receiver<Effect>) {
        loop {
            match effects.recv_timeout(LOOK) {
                Ok(effect) => self.carry_out(effect),
                Err(RecvTimeoutError::Timeout) => {
                    if self.watching {
                        self.porter.look(false);
                    }
                    self.station.look();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::WatchVolumes => {
                self.watching = true;
                self.porter.look(true);
            }
            Effect::Identify => self.station.identify(),
            Effect::Prepare => self.station.prepare(),
            Effect::ReadRtc => self.station.read_rtc(),
            Effect::LoadKeymap(number) => self.station.load_keymap(number),
            Effect::DecideUsb { device, allow } => self.station.decide_usb(device, allow),
            Effect::SetClock(time) => self.station.set_clock(time),
            Effect::ReadProfiles(volume) => self.porter.read_profiles(volume),
            Effect::ListRecords(volumes) => self.porter.list_records(&volumes),
            Effect::ReadRecord(choice) => self.porter.read_record(&choice),
            Effect::ListFiles(volume) => self.porter.list_files(volume),
            Effect::ReadFile { volume, index, limit } => self.porter.read_file(volume, index, limit),
            Effect::ReadShare { volume, officer } => self.porter.read_share(volume, &officer),
            Effect::Compute(task) => self.compute(*task),
            Effect::Journal(part) => self.recorded = self.porter.journal(&part),
            Effect::Spool(spool) => {
                let kept = self.spool.as_ref().map_or(Ok(()), |folder| folder.keep(&spool));
                let kept = kept.map_err(|error| error.to_string());
                let before = std::mem::replace(&mut self.spooled, kept.is_ok());
                if !before || kept.is_err() {
                    (self.report)(Work::Spooled(kept));
                }
            }
            Effect::ForgetSpool => {
                if let Some(folder) = &self.spool {
                    folder.forget();
                }
            }
            Effect::StartToken(hsm) => self.order(Order::Start(hsm)),
            // What no medium has on record is not done.
            Effect::Login { .. } | Effect::Sign(_) if !self.recorded => (self.report)(Work::Withheld),
            Effect::Login { serial, login } => self.order(Order::Login(serial, login)),
            Effect::FindKeys(keys) => self.order(Order::Find(keys)),
            Effect::Sign(batch) => self.order(Order::Sign(batch)),
            Effect::Interrupt => self.interrupt.store(true, Ordering::Relaxed),
            Effect::CloseToken => self.hand.close(),
            Effect::WriteRecord { volume, image } => self.porter.write_record(volume, &image),
            Effect::WriteResponse { volume, name, octets } => self.porter.write_response(volume, &name, &octets),
            Effect::Deliver { volume, folder, journal, files } => {
                self.porter.deliver(volume, &folder, &journal, &files);
            }
            Effect::Finish(_) => {} // the face's own
        }
    }

    fn order(&self, order: Order) {
        self.interrupt.store(false, Ordering::Relaxed);
        self.hand.order(order);
    }

    fn compute(&self, task: Task) {
        reckoner::reckon(task, self.program.clone(), self.threads, Arc::clone(&self.report));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::ceremony::Spool;
    use crate::media::{Access, Folder, MediaError};
    use crate::plan::fixture;
    use crate::steps::{Mode, VolumeFacts, VolumeId};
    use crate::token::TokenError;

    /// A medium that says that it is asked, and answers when it is told to.
    struct Stalled(Sender<()>, Receiver<()>);

    impl Volumes for Stalled {
        fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            Ok(Vec::new())
        }

        fn open(&mut self, _: VolumeId, _: Access) -> Result<Folder, MediaError> {
            unreachable!("there is none")
        }

        fn release(&mut self, _: VolumeId) -> Result<(), MediaError> {
            Ok(())
        }
    }

    fn spool() -> Effect {
        let now = crate::dns::Time::from_unix(1_700_000_000).unwrap();
        Effect::Spool(Box::new(Spool {
            claviger: "test".to_owned(),
            mode: Mode::Ceremony,
            seed: None,
            profile: String::new(),
            agreed: (now, now),
            judged_at: None,
            people: Vec::new(),
            record_media: Vec::new(),
            request_medium: None,
            journal_folder: "journal".to_owned(),
            previous: None,
            jobs: Vec::new(),
            confirmed: false,
            transcript: String::new(),
            signatures: Vec::new(),
            sealed: None,
        }))
    }

    #[test]
    fn a_spool_that_takes_nothing_is_told_each_time_and_once_that_it_takes_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("spool");
        let config = CrewConfig {
            hosts: Starter::Program("/bin/false".into()),
            name: "test".to_owned(),
            volumes: Box::new(crate::media::FolderVolumes::new(Vec::new(), None)),
            spool: Some(SpoolFolder::new(folder.clone()).unwrap()),
            threads: 1,
        };
        let (works, work) = mpsc::channel();
        let crew = Crew::start(config, Arc::new(move |work| drop(works.send(work)))).unwrap();
        let told = || match work.recv().unwrap() {
            Work::Spooled(kept) => kept,
            other => panic!("{other:?}"),
        };
        fs::rename(&folder, place.path().join("away")).unwrap();
        for _ in 0..2 {
            crew.carry_out(vec![spool()]);
            assert!(told().unwrap_err().contains("spool/ceremony.json"));
        }
        fs::rename(place.path().join("away"), &folder).unwrap();
        crew.carry_out(vec![spool(), spool()]);
        assert_eq!(told(), Ok(()));
        drop(crew);
        assert!(work.try_recv().is_err(), "what works is told once");
    }

    #[test]
    fn a_medium_that_does_not_answer_keeps_nobody_from_ending_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("silent");
        fs::write(&silent, "#!/bin/sh\nexec sleep 1000\n").unwrap();
        fs::set_permissions(&silent, fs::Permissions::from_mode(0o755)).unwrap();
        let (asked, is_asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        let config = CrewConfig {
            hosts: Starter::Program(silent),
            name: "test".to_owned(),
            volumes: Box::new(Stalled(asked, answered)),
            spool: None,
            threads: 1,
        };
        let (works, work) = mpsc::channel();
        let crew = Crew::start(config, Arc::new(move |work| drop(works.send(work)))).unwrap();
        let hsm = Box::new(fixture::root_profile().hsm);
        crew.carry_out(vec![Effect::StartToken(hsm), Effect::WatchVolumes]);
        is_asked.recv().unwrap();
        crew.carry_out(vec![Effect::Interrupt, Effect::CloseToken]);
        assert!(crew.interrupt.load(Ordering::Relaxed));
        let started = work.recv().unwrap();
        assert!(matches!(started, Work::TokenStarted(Err(TokenError::Died { .. }))));
        drop(answer); // from now on it answers at once
        assert!(work.iter().any(|work| matches!(work, Work::TokenClosed)));
    }
}
