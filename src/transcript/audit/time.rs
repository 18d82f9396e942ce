//! The clocks: two people confirmed UTC, and what was measured adds up.

use super::{Remarks, Trail};
use crate::steps::Mode;
use crate::transcript::{Body, Entry, TimeAgreed, TimeConfirmed, Watch, names};

const TIME: &str = "AUDIT-TIME";
/// Seconds by which the hardware clock may leave the agreed time in one ceremony before it is worth a word.
const APART: u64 = 5;

pub(super) fn check(entries: &[Entry], trail: &Trail<'_>, remarks: &mut Remarks) {
    let agreed: Vec<&TimeAgreed> = entries
        .iter()
        .filter_map(|entry| if let Body::TimeAgreed(agreed) = &entry.body { Some(agreed) } else { None })
        .collect();
    for agreed in &agreed {
        let offset = agreed.agreed.seconds_since(agreed.shown);
        if offset != agreed.offset_seconds {
            let message = "the agreed time is not what the clock showed and its offset";
            remarks.fail(TIME, names::TRANSCRIPT, message, offset, agreed.offset_seconds);
        }
    }
    let people = trail.opened.is_none_or(|opened| opened.mode != Mode::Unattended);
    match agreed.as_slice() {
        [only] if people => two_people(entries, trail, only, remarks),
        [_] => {}
        all => remarks.fail(TIME, names::TRANSCRIPT, "UTC is agreed on once", 1, all.len()),
    }
    check_entries(entries, people, remarks);
    for entry in entries {
        if let Body::ClockDrift(drift) = &entry.body {
            let expected = (entry.time, drift.rtc.seconds_since(drift.agreed));
            if expected != (drift.agreed, drift.drift_seconds) {
                let message = format!("entry {}: the drift is not that of its times", entry.seq);
                let (expected, found) = (expected.1, drift.drift_seconds);
                remarks.fail(TIME, names::TRANSCRIPT, &message, expected, found);
            }
        }
    }
    if let Some(seconds) = spread(entries).filter(|seconds| *seconds > APART) {
        let message = format!("the hardware clock and the agreed time went apart by {seconds} seconds");
        remarks.warn(TIME, message);
    }
    remarks.pass(TIME, "UTC was confirmed by two, or is listed as not confirmed; offset and drifts add up");
}

/// Agreed time is what was agreed on and what the monotonic clock adds, in every entry; judged is as of then.
fn check_entries(entries: &[Entry], people: bool, remarks: &mut Remarks) {
    let mut begin = entries.first();
    for entry in entries {
        let said = match &entry.body {
            Body::TimeAgreed(agreed) => Some(("time was agreed on", agreed.agreed)),
            Body::JudgedAt(judged) if people => Some(("the requests were judged", judged.time)),
            _ => None,
        };
        if let Some((what, said)) = said.filter(|(_, said)| *said != entry.time) {
            let message = format!("entry {}: {what} at another time than the entry's", entry.seq);
            remarks.fail(TIME, names::TRANSCRIPT, &message, entry.time, said);
        }
        if matches!(entry.body, Body::Resumed(_)) {
            begin = Some(entry); // another process, and its own monotonic clock
        }
        let Some(begin) = begin else { continue };
        let passed = entry.time.seconds_since(begin.time);
        let counted = i64::try_from(entry.uptime.saturating_sub(begin.uptime) / 1000).unwrap_or(i64::MAX);
        if passed.abs_diff(counted) > 1 {
            let message = format!("entry {}: time and uptime since entry {} differ", entry.seq, begin.seq);
            return remarks.fail(TIME, names::TRANSCRIPT, &message, format!("{counted} s"), format!("{passed} s"));
        }
    }
}

/// The greatest drift less the smallest, in seconds.
fn spread(entries: &[Entry]) -> Option<u64> {
    let drifts = entries.iter().filter_map(|entry| match &entry.body {
        Body::ClockDrift(drift) => Some(drift.drift_seconds),
        _ => None,
    });
    let (least, most) = (drifts.clone().min()?, drifts.max()?);
    Some(most.abs_diff(least))
}

/// Two different people compared the agreed time with their watches.
fn two_people(entries: &[Entry], trail: &Trail<'_>, agreed: &TimeAgreed, remarks: &mut Remarks) {
    let confirmed = entries.iter().filter_map(|entry| match &entry.body {
        Body::TimeConfirmed(confirmed) => Some(confirmed),
        _ => None,
    });
    for confirmed in confirmed.clone() {
        if !Watch::read(&confirmed.watch).is_some_and(|watch| watch.agrees(confirmed.shown)) {
            let found = confirmed.watch.escape_debug().to_string();
            let message = format!("the watch of {} does not show what the screen did", confirmed.role);
            remarks.fail(TIME, names::TRANSCRIPT, &message, Watch::at(confirmed.shown), found);
        }
    }
    let counts = |confirmed: &&TimeConfirmed| confirmed.offset_seconds == agreed.offset_seconds;
    // The second of the two has confirmed it at that very moment, the first before.
    if let Some(last) = confirmed.clone().filter(counts).map(|confirmed| confirmed.shown).max()
        && last != agreed.agreed
    {
        remarks.fail(TIME, names::TRANSCRIPT, "another time was agreed on than confirmed", last, agreed.agreed);
    }
    let name = |confirmed: &TimeConfirmed| {
        let person = trail.people.iter().find(|person| person.role == confirmed.role)?;
        Some((person.role.to_string(), person.name.trim().to_lowercase()))
    };
    let people: Vec<(String, String)> = confirmed.filter(counts).filter_map(name).collect();
    let two = people.iter().any(|(role, name)| people.iter().any(|(other, named)| other != role && named != name));
    if !two {
        let found: Vec<String> = people.into_iter().map(|(role, name)| format!("{role} {name}")).collect();
        let found = if found.is_empty() { "nobody".to_owned() } else { found.join(", ") };
        let message = "the agreed time is not confirmed";
        remarks.fail(TIME, names::TRANSCRIPT, message, "two people in two roles", found.escape_debug());
    }
}
