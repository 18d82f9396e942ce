//! The verifiers: threads that check every signature in software as soon as the token has made it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::ceremony::{SignItem, Work};
use crate::dns::{Dnskey, Verifier, VerifyError};
use crate::process::{Clock as _, SystemClock};
use crate::token::TokenError;

use super::Report;

/// Where whoever signs puts the signatures, one for each item in order.
pub(super) struct Made<'a> {
    sender: Sender<(usize, Vec<u8>)>,
    count: usize,
    wrong: &'a AtomicBool,
}

impl Made<'_> {
    /// Gives the next item's signature to the verifiers.
    pub(super) fn put(&mut self, signature: Vec<u8>) {
        let _ = self.sender.send((self.count, signature)); // verifiers that are gone have found one that is wrong
        self.count += 1;
    }

    /// Whether one is known to be wrong, so that no more are needed.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong.load(Ordering::Relaxed)
    }
}

/// Lets `sign` make signatures of `items` while `threads` others verify them.
///
/// Returns those before the first that is wrong or was not made, and the reason if one was wrong.
pub(super) fn verifying(
    items: &[SignItem],
    threads: usize,
    report: &Report,
    sign: impl FnOnce(&mut Made<'_>),
) -> (Vec<Vec<u8>>, Option<TokenError>) {
    let (sender, taken) = mpsc::channel();
    let wrong = AtomicBool::new(false);
    let keys = ready(items);
    let desk = Desk {
        items,
        keys,
        report,
        taken: Mutex::new(taken),
        done: AtomicUsize::new(0),
        clock: SystemClock::start(),
        pace: Pace::default(),
        wrong: &wrong,
    };
    let mut results: Vec<Verified> = thread::scope(|scope| {
        let verifiers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(|| desk.verify())).collect();
        sign(&mut Made { sender, count: 0, wrong: &wrong });
        // The token is done, so that its core can help with what is left.
        let own = desk.verify();
        let failed = || vec![(usize::MAX, Err(TokenError::Protocol("a verifying thread failed".to_owned())))];
        let others = verifiers.into_iter().flat_map(|verifier| verifier.join().unwrap_or_else(|_| failed()));
        own.into_iter().chain(others).collect()
    });
    results.sort_unstable_by_key(|(number, _)| *number);
    let mut good = Vec::with_capacity(results.len());
    for (number, result) in results {
        match result {
            Ok(signature) if number == good.len() => good.push(signature),
            Ok(_) => {}
            Err(error) => return (good, Some(error)),
        }
    }
    (good, None)
}

/// A signature by its number, or why it is none.
type Verified = (usize, Result<Vec<u8>, TokenError>);

/// A key, made ready once for all its signatures.
type Ready<'a> = (&'a Dnskey, Result<Verifier, VerifyError>);

/// The keys of `items`: few, so that they are found one after another.
fn ready(items: &[SignItem]) -> Vec<Ready<'_>> {
    let mut keys: Vec<Ready<'_>> = Vec::new();
    for SignItem { dnskey, .. } in items {
        if keys.iter().all(|(key, _)| *key != dnskey) {
            keys.push((dnskey, Verifier::new(dnskey)));
        }
    }
    keys
}

/// How often progress is reported: a fast token makes more signatures than anybody can see.
#[derive(Default)]
struct Pace {
    /// When it was reported last, in milliseconds.
    reported: AtomicU64,
}

impl Pace {
    /// Milliseconds between two reports, at least.
    const APART: u64 = 50;

    /// Whether it is to be reported again, which only one thread is told.
    fn is_due(&self, now: u64) -> bool {
        let before = self.reported.load(Ordering::Relaxed);
        now.saturating_sub(before) >= Self::APART
            && self.reported.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// What the verifiers share.
struct Desk<'a> {
    items: &'a [SignItem],
    keys: Vec<Ready<'a>>,
    report: &'a Report,
    taken: Mutex<Receiver<(usize, Vec<u8>)>>,
    done: AtomicUsize,
    clock: SystemClock,
    pace: Pace,
    wrong: &'a AtomicBool,
}

impl Desk<'_> {
    fn judge(&self, item: &SignItem, signature: &[u8]) -> Result<(), VerifyError> {
        let key = self.keys.iter().find(|(key, _)| **key == item.dnskey);
        let verifier = key.ok_or(VerifyError::Signature)?.1.as_ref().map_err(VerifyError::clone)?;
        verifier.verify(&item.data, signature)
    }

    /// Verifies what comes, up to the first that is wrong.
    fn verify(&self) -> Vec<Verified> {
        let mut results = Vec::new();
        // Once one is wrong, all that is still to be taken comes after it.
        while !self.wrong.load(Ordering::Relaxed) {
            let next = self.taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((number, signature)) = next else { break };
            let Some(item) = self.items.get(number) else { break };
            if let Err(error) = self.judge(item, &signature) {
                self.wrong.store(true, Ordering::Relaxed);
                let key_tag = item.dnskey.key_tag();
                results.push((number, Err(TokenError::SignatureWrong { key_tag, reason: error.to_string() })));
                break;
            }
            results.push((number, Ok(signature)));
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            if done == self.items.len() || self.pace.is_due(self.clock.uptime()) {
                (self.report)(Work::Progress(done));
            }
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::fixture;

    const COUNT: u8 = 100;

    fn items() -> Vec<SignItem> {
        let dnskey = fixture::ksk(101);
        (0..COUNT).map(|number| SignItem { key: 0, dnskey: dnskey.clone(), data: vec![number; 40] }).collect()
    }

    fn good(items: &[SignItem]) -> Vec<Vec<u8>> {
        items.iter().map(|item| fixture::sign(&item.dnskey, &item.data)).collect()
    }

    fn verified(items: &[SignItem], threads: usize, made: &[Vec<u8>]) -> (Vec<Vec<u8>>, Option<TokenError>) {
        let report: Report = Arc::new(|_| ());
        verifying(items, threads, &report, |desk| made.iter().for_each(|signature| desk.put(signature.clone())))
    }

    #[test]
    fn signatures_keep_their_order_on_any_number_of_threads() {
        let items = items();
        let made = good(&items);
        for threads in [0, 1, 2, 7] {
            assert_eq!(verified(&items, threads, &made), (made.clone(), None));
            assert_eq!(verified(&items, threads, &made[..41]), (made[..41].to_vec(), None));
        }
        assert_eq!(verified(&[], 2, &[]), (Vec::new(), None));
    }

    #[test]
    fn the_first_wrong_signature_ends_the_batch_before_itself() {
        let items = items();
        for wrong in [0, 1, 40, 99] {
            let mut made = good(&items);
            made[wrong] = vec![0; 64];
            made[99] = vec![0; 64]; // a second one later changes nothing
            for threads in [1, 2, 7] {
                let (signatures, fault) = verified(&items, threads, &made);
                assert_eq!(signatures, made[..wrong]);
                assert!(matches!(fault, Some(TokenError::SignatureWrong { .. })), "{fault:?}");
            }
        }
    }

    #[test]
    fn whoever_signs_learns_that_one_is_wrong() {
        let items = items();
        let report: Report = Arc::new(|_| ());
        let mut put = 0;
        let (signatures, fault) = verifying(&items, 1, &report, |desk| {
            while !desk.is_wrong() {
                desk.put(vec![0; 64]);
                put += 1;
                thread::yield_now();
            }
        });
        assert!(put > 0 && signatures.is_empty() && fault.is_some());
    }

    #[test]
    fn progress_ends_with_the_last_signature() {
        let items = items();
        let (sender, reports) = mpsc::channel();
        let report: Report = Arc::new(move |work| drop(sender.send(work)));
        let made = good(&items);
        verifying(&items, 2, &report, |desk| made.iter().for_each(|signature| desk.put(signature.clone())));
        drop(report);
        let done = reports.iter().map(|work| if let Work::Progress(done) = work { done } else { panic!() });
        assert_eq!(done.max(), Some(100));
    }

    #[test]
    fn progress_is_reported_at_a_pace_that_people_see() {
        let pace = Pace::default();
        let due: Vec<u64> = (0..=200).step_by(10).filter(|now| pace.is_due(*now)).collect();
        assert_eq!(due, [50, 100, 150, 200]);
        assert!(!pace.is_due(0), "a clock that another thread read earlier");
    }
}
