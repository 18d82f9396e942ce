//! What a plan asks a token to sign, and the response that comes of it.

use super::{Plan, PlannedJob, PlannedSignature};
use crate::dns::RrType;
use crate::exchange::Response;

/// The place of one signature that a plan asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignTask {
    /// Index of the job in [`Plan::jobs`].
    pub job: usize,
    /// Index of the signature in [`PlannedJob::signatures`].
    pub index: usize,
    /// Index of the key in [`PlannedJob::keys`].
    pub key: usize,
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
    /// Every signature to make, in order.
    pub fn tasks(&self) -> impl Iterator<Item = SignTask> + Clone {
        self.jobs.iter().enumerate().flat_map(|(job, planned)| {
            let signatures = planned.signatures.iter().enumerate();
            signatures.map(move |(index, signature)| SignTask { job, index, key: signature.key })
        })
    }

    /// The octets to sign (RFC 4034, section 3.1.8.1); `None` where there is no such signature.
    #[must_use]
    pub fn data(&self, task: SignTask) -> Option<Vec<u8>> {
        Some(self.jobs.get(task.job)?.task(task.index)?.data)
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

    /// The response with zeros for signatures: as many octets as what comes of the plan will have.
    #[must_use]
    pub fn unsigned(&self) -> Response {
        let zeros = |planned: &PlannedSignature| {
            let key = self.keys.get(planned.key);
            vec![0; key.map_or(0, |key| key.dnskey.signature_length())]
        };
        self.completed(self.signatures.iter().map(zeros).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::dns::verify;

    #[test]
    fn tasks_are_all_signatures_in_order() {
        let plan = fixture::bind_plan();
        let tasks: Vec<_> = plan.tasks().collect();
        assert_eq!(tasks.len(), plan.count());
        assert_eq!(plan.count(), 3 * plan.jobs[0].response.bundles.len());
        assert!(tasks.iter().enumerate().all(|(index, task)| task.job == 0 && task.index == index));
        for task in &tasks {
            let planned = plan.jobs[0].task(task.index).unwrap();
            assert_eq!((planned.key, Some(planned.data)), (task.key, plan.data(*task)));
        }
        assert_eq!(plan.jobs[0].task(tasks.len()), None);
        assert_eq!(plan.data(SignTask { index: tasks.len(), ..tasks[0] }), None);
        assert_eq!(plan.data(SignTask { job: 1, ..tasks[0] }), None);
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
