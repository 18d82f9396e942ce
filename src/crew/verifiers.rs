//! The verifiers: they check every signature in software as soon as the token has made it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::thread;

use crate::ceremony::{SignItem, ToSign, Work};
use crate::dns::{Verifier, VerifyError};
use crate::process::{Clock as _, SystemClock};
use crate::token::TokenError;

use super::Report;

/// Where whoever signs puts the signatures, one for each item in order, and helps to verify them.
pub(super) struct Made<'a> {
    desk: &'a Desk<'a>,
    sender: Sender<Taken>,
    count: usize,
    verified: Vec<Verified>,
}

impl Made<'_> {
    /// Gives the next item's signature to the verifiers.
    pub(super) fn put(&mut self, signature: Vec<u8>) {
        let _ = self.sender.send((self.count, signature)); // the desk holds the other end
        self.count += 1;
    }

    /// Verifies one that nobody has taken yet; `false` if there is none.
    pub(super) fn verify_one(&mut self) -> bool {
        let waiting = match self.desk.taken.try_lock() {
            Ok(taken) => taken.try_recv().ok(),
            Err(TryLockError::Poisoned(taken)) => taken.into_inner().try_recv().ok(),
            Err(TryLockError::WouldBlock) => None, // another one takes it, or waits for one
        };
        waiting.is_some_and(|waiting| self.desk.verify_one(waiting, &mut self.verified))
    }

    /// Whether one is known to be wrong, so that no more are needed.
    pub(super) fn is_wrong(&self) -> bool {
        self.desk.is_wrong()
    }
}

/// Lets `sign` make the signatures of `batch`, which are verified meanwhile: by this thread while it waits for the token,
/// and by others where there are more than two `cores`; the token needs one of them.
///
/// Returns those before the first that is wrong or was not made, and the reason if one was wrong.
pub(super) fn verifying(
    batch: &ToSign,
    cores: usize,
    report: &Report,
    sign: impl FnOnce(&mut Made<'_>),
) -> (Vec<Vec<u8>>, Option<TokenError>) {
    let (sender, taken) = mpsc::channel();
    let desk = Desk {
        batch,
        keys: batch.keys.iter().map(|key| Verifier::new(&key.dnskey)).collect(),
        report,
        taken: Mutex::new(taken),
        done: AtomicUsize::new(0),
        clock: SystemClock::start(),
        pace: Pace::default(),
        wrong: AtomicBool::new(false),
    };
    let mut results: Vec<Verified> = thread::scope(|scope| {
        let verifier = || scope.spawn(|| desk.verify());
        let mut others: Vec<_> = (2..cores).map(|_| verifier()).collect();
        let mut made = Made { desk: &desk, sender, count: 0, verified: Vec::with_capacity(batch.items.len()) };
        sign(&mut made);
        let Made { mut verified, sender, .. } = made;
        drop(sender); // so that whoever waits learns that no more will come
        // The token is done, so that its core can help with what is left.
        if cores > 1 {
            others.push(verifier());
        }
        verified.append(&mut desk.verify());
        let failed = || vec![(usize::MAX, Err(TokenError::Protocol("a verifying thread failed".to_owned())))];
        verified.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_else(|_| failed())));
        verified
    });
    results.sort_by_key(|(number, _)| *number); // a run of each thread, which this sort merges
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

/// A signature that was made, by the number of its item.
type Taken = (usize, Vec<u8>);

/// A signature by its number, or why it is none.
type Verified = (usize, Result<Vec<u8>, TokenError>);

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
    batch: &'a ToSign,
    /// The batch's keys, made ready once for all their signatures.
    keys: Vec<Result<Verifier, VerifyError>>,
    report: &'a Report,
    taken: Mutex<Receiver<Taken>>,
    done: AtomicUsize,
    clock: SystemClock,
    pace: Pace,
    wrong: AtomicBool,
}

impl Desk<'_> {
    fn judge(&self, item: SignItem, signature: &[u8]) -> Result<(), VerifyError> {
        let verifier = self.keys.get(item.key).ok_or(VerifyError::Signature)?;
        let verifier = verifier.as_ref().map_err(VerifyError::clone)?;
        verifier.verify(&self.batch.data(item).ok_or(VerifyError::Signature)?, signature)
    }

    fn is_wrong(&self) -> bool {
        self.wrong.load(Ordering::Relaxed)
    }

    /// Verifies one; `false` if it is wrong, so that all that is still to be taken comes after it.
    fn verify_one(&self, (number, signature): Taken, results: &mut Vec<Verified>) -> bool {
        let Some(&item) = self.batch.items.get(number) else { return false };
        if let Err(error) = self.judge(item, &signature) {
            self.wrong.store(true, Ordering::Relaxed);
            let key_tag = self.batch.keys.get(item.key).map_or(0, |key| key.dnskey.key_tag());
            results.push((number, Err(TokenError::SignatureWrong { key_tag, reason: error.to_string() })));
            return false;
        }
        results.push((number, Ok(signature)));
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == self.batch.items.len() || self.pace.is_due(self.clock.uptime()) {
            (self.report)(Work::Progress(done));
        }
        true
    }

    /// Verifies what comes, up to the first that is wrong.
    fn verify(&self) -> Vec<Verified> {
        let mut results = Vec::new();
        while !self.is_wrong() {
            let next = self.taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
            if !next.is_ok_and(|next| self.verify_one(next, &mut results)) {
                break;
            }
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ceremony::SignKey;
    use crate::plan::fixture;
    use crate::policy::{admit, check_plan, check_request};

    const COUNT: usize = 100;

    /// Signatures of two keys in turns, as often as a plan has any.
    fn batch() -> ToSign {
        let (profile, input, plan) = (fixture::root_profile(), fixture::root_input(), fixture::root_plan());
        let mut findings = check_request(&profile, &input, fixture::now(), 2);
        findings.extend(check_plan(&profile, std::slice::from_ref(&input), &plan, fixture::now()));
        let tasks: Vec<_> = plan.tasks().cycle().take(COUNT).enumerate().collect();
        let key = |(wanted, seed)| SignKey { wanted, dnskey: fixture::ksk(seed) };
        ToSign {
            plan: Arc::new(admit(plan, &findings).unwrap()),
            keys: [(0, 101), (1, 102)].map(key).into(),
            items: tasks.into_iter().map(|(number, task)| SignItem { key: number % 2, task }).collect(),
        }
    }

    fn good(batch: &ToSign) -> Vec<Vec<u8>> {
        let sign = |item: &SignItem| fixture::sign(&batch.keys[item.key].dnskey, &batch.data(*item).unwrap());
        batch.items.iter().map(sign).collect()
    }

    /// The result where whoever signs verifies a few itself.
    fn verified(batch: &ToSign, cores: usize, made: &[Vec<u8>]) -> (Vec<Vec<u8>>, Option<TokenError>) {
        let report: Report = Arc::new(|_| ());
        verifying(batch, cores, &report, |desk| {
            for signatures in made.chunks(10) {
                signatures.iter().for_each(|signature| desk.put(signature.clone()));
                (0..5).take_while(|_| desk.verify_one()).for_each(drop);
            }
        })
    }

    #[test]
    fn signatures_keep_their_order_on_any_number_of_cores() {
        let batch = batch();
        let made = good(&batch);
        for cores in [0, 1, 2, 3, 8] {
            assert_eq!(verified(&batch, cores, &made), (made.clone(), None));
            assert_eq!(verified(&batch, cores, &made[..41]), (made[..41].to_vec(), None));
        }
        assert_eq!(verified(&batch, 2, &[]), (Vec::new(), None));
    }

    #[test]
    fn the_first_wrong_signature_ends_the_batch_before_itself() {
        let batch = batch();
        for wrong in [0, 1, 40, 99] {
            let mut made = good(&batch);
            made[wrong] = vec![0; 64];
            made[99] = vec![0; 64]; // a second one later changes nothing
            for cores in [1, 2, 3, 8] {
                let (signatures, fault) = verified(&batch, cores, &made);
                assert_eq!(signatures, made[..wrong]);
                assert!(matches!(fault, Some(TokenError::SignatureWrong { .. })), "{fault:?}");
            }
        }
    }

    #[test]
    fn whoever_signs_learns_that_one_is_wrong() {
        let batch = batch();
        let report: Report = Arc::new(|_| ());
        let mut put = 0;
        let (signatures, fault) = verifying(&batch, 3, &report, |desk| {
            while !desk.is_wrong() {
                desk.put(vec![0; 64]);
                put += 1;
                thread::yield_now();
            }
        });
        assert!(put > 0 && signatures.is_empty() && fault.is_some());
    }

    #[test]
    fn on_two_cores_whoever_signs_is_the_one_that_verifies() {
        let batch = batch();
        let report: Report = Arc::new(|_| ());
        let made = good(&batch);
        let (signatures, fault) = verifying(&batch, 2, &report, |desk| {
            assert!(!desk.verify_one(), "there is none yet");
            made.iter().take(3).for_each(|signature| desk.put(signature.clone()));
            assert_eq!((0..9).take_while(|_| desk.verify_one()).count(), 3);
            desk.put(vec![0; 64]);
            assert!(!desk.is_wrong(), "nobody has looked at it");
            assert!(!desk.verify_one() && desk.is_wrong());
        });
        assert_eq!(signatures, made[..3]);
        assert!(matches!(fault, Some(TokenError::SignatureWrong { .. })), "{fault:?}");
    }

    #[test]
    fn progress_ends_with_the_last_signature() {
        let batch = batch();
        let (sender, reports) = mpsc::channel();
        let report: Report = Arc::new(move |work| drop(sender.send(work)));
        let made = good(&batch);
        verifying(&batch, 2, &report, |desk| made.iter().for_each(|signature| desk.put(signature.clone())));
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
