//! Long computations: on a thread of their own where there is one, and always with an answer.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::ceremony::{Outcome, Task, Work};
use crate::policy::Finding;
use crate::steps::Verdict;
use crate::transcript::{Audit, AuditVerdict};

use super::Report;

/// What is told where a computation came to no end; the ceremony goes on, and people decide.
const DEFECT: &str = "a defect of this program: the computation came to no end; try again, or stop and report it";

/// One computation, done once by whoever comes to it first.
struct Reckoning {
    task: Mutex<Option<Task>>,
    program: String,
    threads: usize,
    report: Report,
}

/// Computes beside everything else; without a thread to spare at once, so that the screen waits and the ceremony goes on.
pub(super) fn reckon(task: Task, program: String, threads: usize, report: Report) {
    let reckoning = Arc::new(Reckoning { task: Mutex::new(Some(task)), program, threads, report });
    let taken = Arc::clone(&reckoning);
    let begun = thread::Builder::new().name("reckoner".to_owned()).spawn(move || taken.run());
    if begun.is_err() {
        reckoning.run();
    }
}

impl Reckoning {
    fn run(&self) {
        let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let otherwise = failed(&task);
        let outcome = or_else(|| task.run(&self.program, self.threads), otherwise);
        (self.report)(Work::Computed(Box::new(outcome)));
    }
}

/// What the computation gives, or `otherwise` where it panics.
fn or_else(work: impl FnOnce() -> Outcome, otherwise: Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

/// The answer to a computation that came to no end: it failed, and nothing can be gone on with from it.
fn failed(task: &Task) -> Outcome {
    let told = || DEFECT.to_owned();
    let finding = || vec![Finding::new("INTERNAL", Verdict::Fail, told())];
    match task {
        Task::Audit(_) => {
            let (verdict, findings, entries) = (AuditVerdict::Failed, finding(), Vec::new());
            let audit = Audit { verdict, findings, fingerprint: None, entries, state: None };
            Outcome::Audited(Box::new(audit), BTreeMap::new())
        }
        Task::Read { .. } => Outcome::Read(Err(told())),
        Task::Judge(_) => Outcome::Judged { request: finding(), preview: Vec::new(), room: 0 },
        Task::Plan { .. } => Outcome::Planned(Err(told())),
        Task::OpenShare { .. } => Outcome::Share(Err(told())),
        Task::Finish { .. } => Outcome::Finished(Err(told())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::ceremony::Purpose;

    fn task() -> Task {
        Task::Read { purpose: Purpose::Request, name: "ksr".to_owned(), octets: b"no request".to_vec(), limit: 100 }
    }

    #[test]
    fn a_computation_is_done_once_also_without_a_thread() {
        let (sender, works) = mpsc::channel();
        let report: Report = Arc::new(move |work| sender.send(work).unwrap());
        let (task, program) = (Mutex::new(Some(task())), "claviger".to_owned());
        let reckoning = Reckoning { task, program, threads: 1, report };
        reckoning.run(); // as the steward does
        reckoning.run();
        let Ok(Work::Computed(outcome)) = works.try_recv() else { panic!("no answer") };
        assert!(matches!(*outcome, Outcome::Read(Err(_))));
        assert!(works.try_recv().is_err());
    }

    #[test]
    fn a_computation_that_panics_has_failed() {
        let outcome = or_else(|| panic!("a defect"), failed(&task()));
        assert!(matches!(outcome, Outcome::Read(Err(told)) if told == DEFECT));
        let Outcome::Audited(audit, files) = failed(&Task::Audit(BTreeMap::new())) else { panic!("no audit") };
        assert!(!audit.verdict.is_good() && audit.fingerprint.is_none() && files.is_empty());
    }
}
