//! UTC: two people confirm it by their own watches; from then on the clocks are only compared with it.

use crate::dns::Time;
use crate::steps::{Actor, Moment, Step};
use crate::transcript::{self, Body, ClockDrift, Outcome, TimeAgreed, TimeConfirmed, Watch};

use super::machine::Ceremony;
use super::{Answer, Effect, Question, Refusal, TimeAsked};

impl Ceremony {
    /// The time that an entry made now would have: the agreed one, or the computer's before it is agreed.
    #[must_use]
    pub fn agreed(&self, at: Moment) -> Moment {
        self.ledger.moment(at)
    }

    /// Asks two people for UTC; the hardware clock is read for comparison.
    pub(super) fn begin_time(&mut self) {
        self.watches.clear(); // whoever went back may not take part any more
        self.effects.push(Effect::ReadRtc);
        self.ask_time(None);
    }

    fn ask_time(&mut self, offset: Option<i64>) {
        self.ask(Question::Time(TimeAsked { computer: self.at.time, offset, first: None }));
    }

    pub(super) fn answer_time(&mut self, asked: TimeAsked, answer: Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Confirm { role, initials, word } => {
                let initials = self.confirmer(&role, asked.first.as_ref(), &initials)?;
                let offset_seconds = asked.offset.unwrap_or(0);
                let shown = shifted(self.at.time, offset_seconds);
                let watch = read_watch(&word).filter(|watch| watch.agrees(shown));
                let refused =
                    || Refusal::Watch { shown: Watch::at(shown).to_string(), found: transcript::clean_text(&word) };
                let watch = watch.ok_or_else(refused)?.to_string();
                self.watches.push(TimeConfirmed { role: role.clone(), initials, watch, shown, offset_seconds });
                if asked.first.is_some() {
                    return self.agree_on(shown);
                }
                self.ask(Question::Time(TimeAsked { first: Some(role), ..asked }));
                Ok(())
            }
            Answer::Time(text) => {
                let time = typed(&text).ok_or(Refusal::Time(text))?;
                self.ask_time(Some(time.seconds_since(self.at.time))); // whoever has confirmed another one does it anew
                Ok(())
            }
            Answer::No => self.ask_people(),
            _ => Err(Refusal::NotAsked),
        }
    }

    /// What was confirmed, then what was agreed on; on the image the computer's clock follows.
    pub(super) fn record_time(&mut self, agreed: TimeAgreed) -> Result<(), Refusal> {
        for confirmed in std::mem::take(&mut self.watches) {
            self.record(Actor::Role(confirmed.role.clone()), Body::TimeConfirmed(confirmed))?;
        }
        if self.setup.appliance.is_some() {
            self.effects.push(Effect::SetClock(agreed.agreed));
        }
        self.record(Actor::Operator, Body::TimeAgreed(agreed))
    }

    /// What the hardware clock says now, as far as is known; an unattended run does not look at it.
    pub(super) fn rtc(&self) -> Option<Time> {
        Some(shifted(self.at.time, self.view.computer.rtc?))
    }

    /// The next step begins: where there is a hardware clock, it is compared with the agreed time.
    pub(super) fn enter(&mut self, step: Step) {
        self.view.step = step;
        if self.view.computer.rtc.is_some() {
            self.effects.push(Effect::ReadRtc);
        }
    }

    /// The hardware clock was read.
    pub(super) fn rtc_read(&mut self, rtc: Option<Time>) -> Result<(), Refusal> {
        let Some(rtc) = rtc else { return Ok(()) };
        self.view.computer.rtc = Some(rtc.seconds_since(self.at.time));
        if !self.ledger.is_open() || self.is_over() {
            return Ok(());
        }
        let agreed = self.ledger.moment(self.at).time;
        let drift = ClockDrift { rtc, agreed, drift_seconds: rtc.seconds_since(agreed) };
        self.record(Actor::Program, Body::ClockDrift(drift))
    }

    /// The computer's clock was set to the agreed time, or could not be; the ceremony's own time does not depend on it.
    pub(super) fn clock_set(&mut self, result: Result<(), String>) -> Result<(), Refusal> {
        let good = result.is_ok();
        let note = match &result {
            Ok(()) => "the computer's clock was set to the agreed time".to_owned(),
            Err(reason) => transcript::clean_text(&format!("the computer's clock could not be set: {reason}")),
        };
        self.record(Actor::Program, Body::ClockSet(Outcome { good, note: note.clone() }))?;
        if good { Ok(()) } else { Err(Refusal::Clock(note)) }
    }
}

fn shifted(time: Time, seconds: i64) -> Time {
    let shifted = i64::from(time.unix()).saturating_add(seconds).clamp(0, u32::MAX.into());
    Time::from_unix(shifted).unwrap_or(Time::MAX)
}

/// Hour and minute as they are typed; a point or nothing between them is as good, for a keyboard whose colon is elsewhere.
fn read_watch(text: &str) -> Option<Watch> {
    let text = text.trim().replace('.', ":");
    match text.len() {
        4 if text.bytes().all(|sign| sign.is_ascii_digit()) => {
            let (hours, minutes) = text.split_at_checked(2)?;
            Watch::read(&format!("{hours}:{minutes}"))
        }
        _ => Watch::read(&text),
    }
}

/// A time as it is typed; without seconds the minute has just begun.
fn typed(text: &str) -> Option<Time> {
    let plain = text.trim().trim_end_matches('Z').replacen(' ', "T", 1);
    Time::from_xsd(&plain).or_else(|_| Time::from_xsd(&format!("{plain}:00"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_typed_with_or_without_seconds() {
        for text in ["2026-11-22 13:00:00", "2026-11-22T13:00:00Z", " 2026-11-22 13:00 "] {
            assert_eq!(typed(text), Some(time("2026-11-22T13:00:00Z")), "{text}");
        }
        assert_eq!(typed("13:00"), None);
    }

    #[test]
    fn a_watch_is_read_with_a_colon_a_point_or_nothing_between() {
        for text in ["13:05", "1305", " 13.05 ", "13:5"] {
            assert_eq!(read_watch(text), Watch::read("13:05"), "{text}");
        }
        for text in ["", "13", "135", "13050", "2460", "1\u{b2}34", "13:05:00"] {
            assert_eq!(read_watch(text), None, "{text}");
        }
    }

    #[test]
    fn a_shifted_time_ends_where_time_ends() {
        assert_eq!(shifted(time("2026-11-22T13:00:00Z"), -3600), time("2026-11-22T12:00:00Z"));
        assert_eq!(shifted(Time::MAX, 5), Time::MAX);
        assert_eq!(shifted(time("1970-01-01T00:00:01Z"), -5).unix(), 0);
    }
}
