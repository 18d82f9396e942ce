//! What a plan asks a token to sign, and the response that comes of it.

use super::{Plan, PlannedJob};
use crate::dns::RrType;
use crate::exchange::Response;

/// One signature that a plan asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignTask {
    /// Index of the job in [`Plan::jobs`].
    pub job: usize,
    /// Index of the signature in [`PlannedJob::signatures`].
    pub index: usize,
    /// Index of the key in [`PlannedJob::keys`].
    pub key: usize,
    /// The octets to sign (RFC 4034, section 3.1.8.1).
    pub data: Vec<u8>,
}

/// One signature that a job asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// Index of the key in [`PlannedJob::keys`].
    pub key: usize,
    /// The octets to sign (RFC 4034, section 3.1.8.1).
    pub data: Vec<u8>,
}

impl Plan {
    /// Every signature to make, in order; the octets are put together as they are asked for.
    pub fn tasks(&self) -> impl Iterator<Item = SignTask> {
        self.tasks_after(0)
    }

    /// Every signature to make but the first `done`, for which nothing is put together.
    pub fn tasks_after(&self, done: usize) -> impl Iterator<Item = SignTask> {
        let jobs = self.jobs.iter().enumerate();
        let all = jobs.flat_map(|(number, job)| (0..job.signatures.len()).map(move |index| (number, job, index)));
        all.skip(done).filter_map(|(job, planned, index)| {
            let Task { key, data } = planned.task(index)?;
            Some(SignTask { job, index, key, data })
        })
    }

    /// How many signatures there are to make.
    #[must_use]
    pub fn count(&self) -> usize {
        self.jobs.iter().map(|job| job.signatures.len()).sum()
    }
}

impl PlannedJob {
    /// The signature number `index`, from 0; `None` past the last.
    #[must_use]
    pub fn task(&self, index: usize) -> Option<Task> {
        let planned = self.signatures.get(index)?;
        let set = self.response.bundles.get(planned.bundle)?.set(planned.rr_type)?;
        let rrsig = &set.signatures.get(planned.signature)?.rrsig;
        Some(Task { key: planned.key, data: rrsig.signed_data(&self.zone, &set.records.rdatas()) })
    }

    /// The response with `signatures` filled in, in the order of [`PlannedJob::signatures`].
    ///
    /// Signatures that are missing stay empty, and no check lets such a response pass.
    #[must_use]
    pub fn completed(&self, signatures: Vec<Vec<u8>>) -> Response {
        let mut response = self.response.clone();
        for (planned, octets) in self.signatures.iter().zip(signatures) {
            let bundle = response.bundles.get_mut(planned.bundle);
            let is_meant = |rr_type: RrType| rr_type == planned.rr_type;
            let set = bundle.and_then(|bundle| bundle.sets.iter_mut().find(|set| is_meant(set.records.rr_type())));
            if let Some(signature) = set.and_then(|set| set.signatures.get_mut(planned.signature)) {
                signature.rrsig.signature = octets;
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use crate::dns::verify;

    #[test]
    fn tasks_are_all_signatures_in_order() {
        let plan = fixture::bind_plan();
        let tasks: Vec<_> = plan.tasks().collect();
        assert_eq!(tasks.len(), plan.count());
        assert_eq!(plan.count(), 3 * plan.jobs[0].response.bundles.len());
        assert!(tasks.iter().enumerate().all(|(index, task)| task.job == 0 && task.index == index));
        assert_eq!(plan.jobs[0].task(tasks.len()), None);
        assert_eq!(plan.tasks_after(5).collect::<Vec<_>>(), tasks[5..]);
    }

    #[test]
    fn a_completed_response_has_each_signature_in_its_place() {
        let job = &fixture::bind_plan().jobs[0];
        let signatures = (0..job.signatures.len()).map(|index| {
            let task = job.task(index).unwrap();
            let signature = fixture::sign(&job.keys[task.key].dnskey, &task.data);
            assert_eq!(verify(&job.keys[task.key].dnskey, &task.data, &signature), Ok(()));
            signature
        });
        let response = job.completed(signatures.collect());
        let all = response.bundles.iter().flat_map(|bundle| &bundle.sets).flat_map(|set| &set.signatures);
        assert!(all.map(|signature| signature.rrsig.signature.len()).all(|length| length == 64));
        let incomplete = job.completed(vec![vec![1]]);
        assert_eq!(incomplete.bundles[0].sets[0].signatures[0].rrsig.signature, [1]);
        assert!(incomplete.bundles[0].sets[1].signatures[0].rrsig.signature.is_empty());
    }
}
