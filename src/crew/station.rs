//! The computer that the ceremony is held on: what it tells of itself, and what it is asked to do.

use std::sync::Arc;
use std::thread;

use crate::ceremony::{ProfileFile, Work};
use crate::dns::Time;
use crate::process::{Answer, BrokerClient, Clock, FrameError, Refused, Request, keyboard_locks};
use crate::steps::{Locks, UsbState};

use super::Report;

/// Prepares a rehearsal, and gives its profile.
pub type Preparation = Box<dyn FnOnce() -> Result<ProfileFile, String> + Send>;

/// What the station works with.
#[derive(Default)]
pub struct StationConfig {
    /// The appliance's broker; none on an ordinary computer.
    pub broker: Option<BrokerClient>,
    /// What prepares a rehearsal, where that is part of the ceremony.
    pub preparation: Option<Preparation>,
    /// The computer's clocks; none where no hardware clock is looked at.
    pub clock: Option<Arc<dyn Clock>>,
}

/// The steward's hand on the computer.
pub(super) struct Station {
    broker: Option<BrokerClient>,
    preparation: Option<Preparation>,
    clock: Option<Arc<dyn Clock>>,
    report: Report,
    starting: bool,
    watching: bool,
    locks: Locks,
    usb: Option<UsbState>,
    /// Whether it was told that the broker is gone.
    gone: bool,
}

impl Station {
    pub(super) fn new(config: StationConfig, report: Report) -> Self {
        let StationConfig { broker, preparation, clock } = config;
        let (starting, watching, locks, usb, gone) = (false, false, Locks::default(), None, false);
        Self { broker, preparation, clock, report, starting, watching, locks, usb, gone }
    }

    /// Waits from now on for the door to be shut.
    pub(super) fn identify(&mut self) {
        self.starting = true;
        self.look();
    }

    /// Looks what has changed.
    pub(super) fn look(&mut self) {
        let locks = if self.broker.is_some() { keyboard_locks() } else { Locks::default() };
        if locks != self.locks {
            self.locks = locks;
            (self.report)(Work::Locks(locks));
        }
        if let Some(report) = self.starting.then(|| self.started()).flatten() {
            self.starting = false;
            self.watching = true;
            self.look_at_usb(); // what types now is what was there when the door was shut
            (self.report)(Work::Identified { medium: self.boot_medium(), started: report });
        } else if self.watching {
            self.look_at_usb();
        }
    }

    /// Tells which USB devices are not let in, if that has changed.
    fn look_at_usb(&mut self) {
        let Some(answer) = self.broker.as_ref().map(|broker| broker.ask(Request::UsbDevices)) else { return };
        let gone = answer.as_ref().err().map(ToString::to_string);
        if let Some(error) = gone.as_ref().filter(|_| !self.gone) {
            let told = format!(
                "the broker does not answer ({error}): no medium can be read or written, and no USB device is let in; \
                 stop what is done, and switch off"
            );
            (self.report)(Work::Journalled(vec![told]));
        }
        self.gone = gone.is_some();
        let Ok(Answer::Usb(state)) = answer else { return };
        if self.usb.as_ref() != Some(&state) {
            self.usb = Some(state.clone());
            (self.report)(Work::Usb(state));
        }
    }

    /// Lets a keyboard in, or keeps it out.
    pub(super) fn decide_usb(&mut self, device: u32, allow: bool) {
        let asked = self.broker.as_ref().map(|broker| broker.ask(Request::Usb { device, allow }));
        (self.report)(Work::UsbDecided(done(asked)));
        self.look_at_usb();
    }

    /// What the appliance tells of its start, once its door is shut; where it cannot start, PID 1 says why.
    fn started(&self) -> Option<Vec<String>> {
        match self.broker.as_ref().map(|broker| broker.ask(Request::Volumes)) {
            Some(Ok(Answer::Plugged(plugged))) => plugged.started,
            _ => None,
        }
    }

    /// SHA-256 of the boot medium, or why there is none.
    fn boot_medium(&self) -> String {
        match self.broker.as_ref().map(|broker| broker.ask(Request::HashBootMedium)) {
            Some(Ok(Answer::BootMedium(Some(medium)))) => medium.sha256.to_string(),
            Some(Ok(Answer::BootMedium(None))) => "absent".to_owned(),
            Some(Ok(Answer::Refused(Refused::Because(reason)))) => format!("not hashed: {reason}"),
            Some(Ok(Answer::Refused(Refused::Gone))) => "not hashed: it was taken out".to_owned(),
            Some(Err(error)) => format!("not hashed: the broker: {error}"),
            _ => "not hashed: the broker gave another answer".to_owned(),
        }
    }

    /// Reads the hardware clock.
    pub(super) fn read_rtc(&self) {
        (self.report)(Work::Rtc(self.clock.as_ref().and_then(|clock| clock.rtc())));
    }

    /// Loads a keyboard layout by its place in the list.
    pub(super) fn load_keymap(&self, number: usize) {
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        let asked = self.broker.as_ref().map(|broker| broker.ask(Request::Keymap { number }));
        (self.report)(Work::KeymapLoaded(done(asked)));
    }

    /// Sets the computer's clock.
    pub(super) fn set_clock(&self, time: Time) {
        let asked = self.broker.as_ref().map(|broker| broker.ask(Request::SetClock { unix: time.unix() }));
        (self.report)(Work::ClockSet(done(asked)));
    }

    /// Prepares the rehearsal, beside everything else.
    pub(super) fn prepare(&mut self) {
        let report = Arc::clone(&self.report);
        let Some(preparation) = self.preparation.take() else {
            return report(Work::Prepared(Err("there is no rehearsal to prepare".to_owned())));
        };
        let work = move || report(Work::Prepared(preparation()));
        if let Err(error) = thread::Builder::new().name("preparer".to_owned()).spawn(work) {
            (self.report)(Work::Prepared(Err(format!("there are no threads: {error}"))));
        }
    }
}

/// What became of a request that has no other answer.
fn done(answer: Option<Result<Answer, FrameError>>) -> Result<(), String> {
    match answer {
        Some(Ok(Answer::Done)) => Ok(()),
        Some(Ok(Answer::Refused(Refused::Because(reason)))) => Err(reason),
        Some(Ok(Answer::Refused(Refused::Gone))) => Err("it is not there any more".to_owned()),
        Some(Err(error)) => Err(format!("the broker: {error}")),
        Some(Ok(_)) => Err("the broker gave another answer".to_owned()),
        None => Err("this computer has no broker".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc;

    use super::*;
    use crate::process::{BootMedium, Deadline, Link, Plugged};

    #[test]
    fn tells_the_boot_medium_once_the_door_is_shut() {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("broker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let medium = BootMedium { sha256: crate::dns::sha256(b"image"), size: 5 };
        let answers = [
            Answer::Plugged(Plugged::default()),
            Answer::Plugged(Plugged { started: Some(vec!["lockdown: none".to_owned()]), ..Plugged::default() }),
            Answer::Usb(UsbState { keyboards: 1, ..UsbState::default() }),
            Answer::BootMedium(Some(medium)),
            Answer::Usb(UsbState { keyboards: 1, ..UsbState::default() }),
        ];
        let broker = thread::spawn(move || {
            let mut link = Link::over(listener.accept().unwrap().0).unwrap();
            answers.map(|answer| {
                let asked: Request = link.receive(Deadline::never()).unwrap();
                link.send(&answer, Deadline::never()).unwrap();
                asked
            })
        });
        let (sender, works) = mpsc::channel();
        let config = StationConfig { broker: Some(BrokerClient::at(&socket)), ..StationConfig::default() };
        let mut station = Station::new(config, Arc::new(move |work| sender.send(work).unwrap()));
        station.identify();
        assert!(works.try_recv().is_err(), "nothing is told before the door is shut");
        station.look();
        assert!(matches!(works.try_recv(), Ok(Work::Usb(state)) if state.keyboards == 1));
        let Ok(Work::Identified { medium: told, started }) = works.try_recv() else { panic!("nothing was told") };
        assert_eq!((told, started), (medium.sha256.to_string(), vec!["lockdown: none".to_owned()]));
        station.look();
        assert!(works.try_recv().is_err(), "it is told once");
        let asked =
            [Request::Volumes, Request::Volumes, Request::UsbDevices, Request::HashBootMedium, Request::UsbDevices];
        assert_eq!(broker.join().unwrap(), asked);
    }

    #[test]
    fn a_broker_that_is_gone_is_told_once() {
        let place = tempfile::tempdir().unwrap();
        let broker = Some(BrokerClient::at(&place.path().join("broker.sock")));
        let (sender, works) = mpsc::channel();
        let config = StationConfig { broker, ..StationConfig::default() };
        let mut station = Station::new(config, Arc::new(move |work| sender.send(work).unwrap()));
        station.look();
        assert!(works.try_recv().is_err(), "nothing is told before the door is shut");
        station.watching = true;
        station.look();
        let Ok(Work::Journalled(told)) = works.try_recv() else { panic!("nothing was told") };
        assert!(told[0].starts_with("the broker does not answer"), "{told:?}");
        station.look();
        assert!(works.try_recv().is_err(), "it is told once");
    }

    #[test]
    fn a_rehearsal_is_prepared_once() {
        let (sender, works) = mpsc::channel();
        let preparation: Preparation = Box::new(|| Err("no token".to_owned()));
        let config = StationConfig { preparation: Some(preparation), ..StationConfig::default() };
        let mut station = Station::new(config, Arc::new(move |work| sender.send(work).unwrap()));
        for expected in ["no token", "there is no rehearsal to prepare"] {
            station.prepare();
            let Ok(Work::Prepared(Err(message))) = works.recv() else { panic!("nothing was prepared") };
            assert_eq!(message, expected);
        }
    }
}
