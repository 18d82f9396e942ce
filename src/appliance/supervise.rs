//! What follows when a child of PID 1 ends: decided here, done elsewhere.

use std::collections::BTreeMap;

/// How often a child is started again before all stops.
const MOST: u32 = 5;
/// Exit statuses after which the ceremony has come to its end, good or bad, with its own last screen.
const ENDED: [i32; 5] = [0, 1, 4, 5, 130];
/// Exit statuses after which the ceremony has said on the terminal why it cannot begin.
const REFUSED: [i32; 2] = [2, 3];

/// A child of PID 1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Child {
    /// Root's few verbs.
    Broker,
    /// What starts token hosts.
    Launcher,
    /// The screen.
    Ceremony,
    /// The daemon of smart-card readers.
    Pcscd,
    /// A shell of the `debug` flavour, by its place in the list of terminals.
    Shell(usize),
    /// A helper that the next step of starting waits for.
    Step,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// By itself, with this exit status.
    Status(i32),
    /// By a signal of this number.
    Signal(i32),
}

impl End {
    /// `exit status N` or `signal N`.
    pub(super) fn text(self) -> String {
        match self {
            Self::Status(status) => format!("exit status {status}"),
            Self::Signal(signal) => format!("signal {signal}"),
        }
    }
}

/// What is to be done now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Nothing.
    Wait,
    /// Start it again.
    Start(Child),
    /// Go on with starting; whether the helper succeeded.
    Proceed(bool),
    /// Switch off.
    PowerOff,
    /// Say why, then switch off.
    Stop(String),
}

/// Who runs, and how often it was started.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    running: BTreeMap<u32, Child>,
    again: BTreeMap<Child, u32>,
}

impl Supervisor {
    /// A child was started.
    pub(super) fn started(&mut self, pid: u32, child: Child) {
        self.running.insert(pid, child);
    }

    /// Some process ended: a child, or an orphan that came to us.
    pub(super) fn ended(&mut self, pid: u32, end: End) -> Next {
        let Some(child) = self.running.remove(&pid) else { return Next::Wait };
        match (child, end) {
            (Child::Step, end) => Next::Proceed(end == End::Status(0)),
            // The broker ends by itself only when it was asked to switch off.
            (Child::Broker, End::Status(0)) => Next::PowerOff,
            (Child::Ceremony, End::Status(status)) if ENDED.contains(&status) => Next::PowerOff,
            (Child::Ceremony, End::Status(status)) if REFUSED.contains(&status) => {
                Next::Stop("The ceremony cannot be held; the reason stands above.".to_owned())
            }
            (Child::Shell(_), _) => Next::Start(child),
            _ => self.again(child, end),
        }
    }

    fn again(&mut self, child: Child, end: End) -> Next {
        let times = self.again.entry(child).or_default();
        *times += 1;
        if *times <= MOST {
            return Next::Start(child);
        }
        let (name, how) = match (child, end) {
            // Readers are missed when a token is chosen; without them other tokens still work.
            (Child::Pcscd, _) => return Next::Wait,
            (Child::Broker, end) => ("The broker of media", end.text()),
            (Child::Launcher, end) => ("The launcher of token hosts", end.text()),
            (_, end) => ("The ceremony", end.text()),
        };
        Next::Stop(format!(
            "{name} was started {MOST} times again and ends by itself ({how}).\r\nExpected: that it runs. \
             Take another computer; the journal on the record medium says how far the ceremony came."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(child: Child) -> Supervisor {
        let mut supervisor = Supervisor::default();
        supervisor.started(7, child);
        supervisor
    }

    #[test]
    fn the_end_of_the_ceremony_switches_off() {
        for status in [0, 1, 4, 5, 130] {
            assert_eq!(with(Child::Ceremony).ended(7, End::Status(status)), Next::PowerOff);
        }
        assert_eq!(with(Child::Broker).ended(7, End::Status(0)), Next::PowerOff);
    }

    #[test]
    fn a_ceremony_that_cannot_begin_leaves_its_reason_on_the_screen() {
        assert!(matches!(with(Child::Ceremony).ended(7, End::Status(3)), Next::Stop(_)));
    }

    #[test]
    fn what_dies_is_started_again_five_times_and_then_all_stops() {
        for (child, end) in [
            (Child::Ceremony, End::Signal(9)),
            (Child::Ceremony, End::Status(70)),
            (Child::Broker, End::Status(1)),
            (Child::Launcher, End::Status(1)),
        ] {
            let mut supervisor = Supervisor::default();
            for pid in 1..=5 {
                supervisor.started(pid, child);
                assert_eq!(supervisor.ended(pid, end), Next::Start(child));
            }
            supervisor.started(6, child);
            assert!(matches!(supervisor.ended(6, end), Next::Stop(text) if text.contains("5 times")), "{child:?}");
        }
    }

    #[test]
    fn readers_are_given_up_without_ending_the_ceremony() {
        let mut supervisor = Supervisor::default();
        for pid in 1..=6 {
            supervisor.started(pid, Child::Pcscd);
            let expected = if pid <= 5 { Next::Start(Child::Pcscd) } else { Next::Wait };
            assert_eq!(supervisor.ended(pid, End::Signal(11)), expected);
        }
    }

    #[test]
    fn orphans_are_reaped_and_helpers_lead_on() {
        assert_eq!(with(Child::Broker).ended(8, End::Status(1)), Next::Wait);
        assert_eq!(with(Child::Step).ended(7, End::Status(0)), Next::Proceed(true));
        assert_eq!(with(Child::Step).ended(7, End::Signal(9)), Next::Proceed(false));
    }
}
