//! `media`: record and request media are bound; the previous record is opened, audited and compared with paper.

use std::collections::{BTreeMap, BTreeSet};

use crate::dns::Time;
use crate::steps::{Actor, Mode, Step, VolumeFacts, VolumeId};
use crate::transcript::{Audit, AuditVerdict, Body, Exception, First, PreviousRecord, VolumeBound, clean_text};

use super::machine::{Ceremony, Matter, PreviousFiles, Waiting};
use super::{Answer, Effect, PreviousView, Question, RecordChoice, Refusal, Task};

impl Ceremony {
    pub(super) fn begin_media(&mut self) -> Result<(), Refusal> {
        let needed = self.profile()?.media.record_copies;
        self.ask(Question::RecordVolumes { needed });
        Ok(())
    }

    /// Whatever is plugged in or out shows at once. A medium that comes back has another number and is known again by
    /// what it was bound by; but where record media are only marked yet, a mark goes with its medium.
    ///
    /// Where files are to be chosen and their medium is back, or records and there are other media that may have one,
    /// they are listed again.
    pub(super) fn volumes_changed(&mut self, volumes: Vec<VolumeFacts>) -> Result<(), Refusal> {
        let before = (self.view.request_volume.as_ref().map(|volume| volume.id), self.may_have_records());
        let there =
            |bound: &VolumeFacts| volumes.iter().find(|volume| volume.id == bound.id && volume.is_same_medium(bound));
        if matches!(self.view.question, Question::RecordVolumes { .. }) {
            self.view.record_volumes.retain(|marked| there(marked).is_some());
        }
        let bound = self.view.record_volumes.iter().chain(&self.view.request_volume);
        // Copies of one medium can have one serial and one UUID: none of them stands for two.
        let mut taken: Vec<VolumeId> = bound.filter_map(&there).map(|volume| volume.id).collect();
        for bound in self.view.record_volumes.iter_mut().chain(self.view.request_volume.iter_mut()) {
            let is_back = |volume: &&VolumeFacts| volume.is_same_medium(bound) && !taken.contains(&volume.id);
            if let Some(back) = there(bound).or_else(|| volumes.iter().find(is_back)) {
                taken.push(back.id);
                *bound = back.clone();
            }
        }
        self.view.volumes = volumes;
        let back = self.view.request_volume.as_ref().map(|volume| volume.id) != before.0;
        match &self.view.question {
            // What waits for a medium follows it: on with the writing.
            _ if self.waiting == Waiting::Medium => self.write_next(),
            Question::WriteFault { .. } => self.follow_fault(),
            Question::PreviousRecord(_) if self.may_have_records() != before.1 => {
                self.view.refusal = None;
                self.look_again_for_records();
                Ok(())
            }
            Question::Profile(_) => {
                self.follow_profiles();
                Ok(())
            }
            Question::Document(asked) if back => {
                let purpose = asked.purpose;
                self.view.refusal = None;
                self.list_files(purpose)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn answer_media(&mut self, question: Question, answer: Answer) -> Result<(), Refusal> {
        match (question, answer) {
            (Question::RecordVolumes { .. }, Answer::Volume(id)) => self.toggle_record(id),
            (Question::RecordVolumes { needed }, Answer::Done) => {
                let found = self.view.record_volumes.len();
                if found < needed && !(self.unattended() && found > 0) {
                    return Err(Refusal::TooFewRecordMedia { expected: needed, found });
                }
                self.bind_record_media()
            }
            (Question::RequestVolume, Answer::Volume(id)) => self.bind_request_medium(id),
            // Back to the files of the one that is bound.
            (Question::RequestVolume, Answer::No) if self.view.step == Step::Request => self.begin_job(),
            (Question::PreviousRecord(records), Answer::Choose(index)) => {
                let choice = records.get(index).ok_or(Refusal::NoSuchChoice(index + 1))?.clone();
                self.wait(Waiting::Record(choice.clone()), "reading the previous record", Effect::ReadRecord(choice));
                Ok(())
            }
            (Question::PreviousRecord(_), Answer::No) => {
                self.matter = Some(Matter::FirstRecord);
                if self.unattended() {
                    "unattended".clone_into(&mut self.reason);
                    self.unconfirmed("first: record")?;
                    return self.confirmed();
                }
                self.ask_reason("record".to_owned());
                Ok(())
            }
            _ => Err(Refusal::NotAsked),
        }
    }

    fn volume(&self, id: VolumeId) -> Result<VolumeFacts, Refusal> {
        self.view.volumes.iter().find(|volume| volume.id == id).cloned().ok_or(Refusal::VolumeGone)
    }

    fn labelled(volume: &VolumeFacts, expected: &str) -> Result<(), Refusal> {
        if volume.label.starts_with(expected) {
            return Ok(());
        }
        Err(Refusal::VolumeLabel { expected: expected.to_owned(), found: volume.label.clone() })
    }

    fn toggle_record(&mut self, id: VolumeId) -> Result<(), Refusal> {
        if let Some(index) = self.view.record_volumes.iter().position(|volume| volume.id == id) {
            self.view.record_volumes.remove(index);
            return Ok(());
        }
        let volume = self.volume(id)?;
        if !self.unattended() {
            Self::labelled(&volume, &self.profile()?.media.record_label)?;
        }
        if !volume.writable {
            return Err(Refusal::VolumeReadOnly(volume.label));
        }
        self.view.record_volumes.push(volume);
        Ok(())
    }

    fn bind_record_media(&mut self) -> Result<(), Refusal> {
        for volume in self.view.record_volumes.clone() {
            self.record_bound("record", &volume)?;
        }
        self.journal_folder =
            format!("{}{}-ceremony", self.setup.mode.mark(), self.ledger.moment(self.at).time.compact());
        self.ask(Question::RequestVolume);
        Ok(())
    }

    /// Another medium takes the record as well, where none of the others takes the journal any more.
    pub(super) fn add_record_medium(&mut self, id: VolumeId) -> Result<(), Refusal> {
        let volume = self.volume(id)?;
        if self.view.record_volumes.iter().chain(&self.view.request_volume).any(|bound| bound.id == id) {
            return Err(Refusal::VolumeTaken(volume.label));
        }
        Self::labelled(&volume, &self.profile()?.media.record_label)?;
        if !volume.writable {
            return Err(Refusal::VolumeReadOnly(volume.label));
        }
        self.view.record_volumes.push(volume.clone());
        self.record_bound("record", &volume)
    }

    fn record_bound(&mut self, purpose: &str, volume: &VolumeFacts) -> Result<(), Refusal> {
        let bound = VolumeBound {
            purpose: purpose.to_owned(),
            label: volume.label.clone(),
            serial: volume.serial.clone(),
            uuid: volume.uuid.clone(),
            size: volume.size,
        };
        self.record(Actor::Program, Body::VolumeBound(bound))
    }

    fn bind_request_medium(&mut self, id: VolumeId) -> Result<(), Refusal> {
        let volume = self.volume(id)?;
        if !self.unattended() {
            if self.view.record_volumes.iter().any(|record| record.id == id) {
                return Err(Refusal::VolumeTaken(volume.label));
            }
            Self::labelled(&volume, &self.profile()?.media.request_label)?;
        }
        if !volume.writable {
            return Err(Refusal::VolumeReadOnly(volume.label));
        }
        // Who took the wrong one and comes back from it may take the same one again.
        if self.view.request_volume.as_ref() != Some(&volume) {
            self.record_bound("request", &volume)?;
            self.view.request_volume = Some(volume);
        }
        if self.view.step == Step::Request {
            return self.begin_job();
        }
        self.look_again_for_records();
        Ok(())
    }

    /// Media that are bound, and those whose labels are of record media: the last ceremony's need take nothing today.
    fn may_have_records(&self) -> BTreeSet<VolumeId> {
        let label = &self.view.labels.record;
        let is_record = |volume: &&VolumeFacts| volume.label.starts_with(label) && !volume.is_foreign();
        let bound = self.view.record_volumes.iter().chain(&self.view.request_volume);
        bound.chain(self.view.volumes.iter().filter(is_record)).map(|volume| volume.id).collect()
    }

    pub(super) fn look_again_for_records(&mut self) {
        let volumes = self.may_have_records().into_iter().collect();
        self.wait(Waiting::Records, "looking for the previous record", Effect::ListRecords(volumes));
    }

    /// A medium that could not be read may hold the record that is looked for: it is told, and entered once.
    pub(super) fn records_listed(&mut self, records: Vec<RecordChoice>, faults: &[String]) -> Result<(), Refusal> {
        // The journal that this very ceremony has begun is no record.
        let others = records.into_iter().filter(|record| !record.folder.starts_with(&self.journal_folder));
        let others: Vec<RecordChoice> = others.collect();
        self.ask(Question::PreviousRecord(others));
        let faults: Vec<String> = faults.iter().map(|fault| clean_text(fault)).collect();
        for fault in &faults {
            if self.view.faults.contains(fault) {
                continue;
            }
            let exception = Exception {
                expected: "that records can be looked for on every medium".to_owned(),
                happened: fault.clone(),
                action: "it was told on the screen".to_owned(),
                decided_by: "the program".to_owned(),
            };
            self.view.faults.push(fault.clone());
            self.view.exceptions += 1;
            self.record(Actor::Program, Body::Exception(exception))?;
        }
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Document(faults.join("; "))) }
    }

    pub(super) fn record_read(
        &mut self,
        choice: RecordChoice,
        files: Result<BTreeMap<String, Vec<u8>>, String>,
    ) -> Result<(), Refusal> {
        match files {
            Ok(files) => {
                let task = Effect::Compute(Box::new(Task::Audit(files)));
                self.wait(Waiting::Audit(choice), "auditing the previous record", task);
                Ok(())
            }
            Err(message) => {
                self.look_again_for_records();
                Err(Refusal::Record(message))
            }
        }
    }

    pub(super) fn record_audited(
        &mut self,
        choice: RecordChoice,
        audit: &Audit,
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<(), Refusal> {
        let verdict = audit.verdict.name().to_owned();
        let good = matches!(audit.verdict, AuditVerdict::Authentic | AuditVerdict::Consistent);
        let state = audit.state.clone().filter(|_| good);
        let heads = state.iter().flat_map(|state| state.zones.clone());
        if audit.mode().is_some_and(Mode::is_practice) && !self.setup.mode.is_practice() {
            self.look_again_for_records();
            let told = "this is the record of a rehearsal or a drill; no ceremony goes on from it";
            return Err(Refusal::Record(told.to_owned()));
        }
        let Some(fingerprint) = audit.fingerprint else {
            self.look_again_for_records();
            return Err(Refusal::Record(audit.summary()));
        };
        let entry = PreviousRecord {
            folder: choice.folder.clone(),
            fingerprint,
            verdict: verdict.clone(),
            heads: heads.collect(),
        };
        self.record(Actor::Program, Body::PreviousRecord(entry))?;
        let Some(state) = state else {
            // What was interrupted or is damaged is told, and entered; the state of the world is that of the one before.
            self.look_again_for_records();
            return Err(Refusal::Record(audit.summary()));
        };
        self.view.previous_record = Some(PreviousView { folder: choice.folder, fingerprint, verdict });
        self.previous = Some(PreviousFiles { files, state });
        self.matter = Some(Matter::Fingerprint);
        self.ask_read_back("previous record", fingerprint)
    }

    /// There is no predecessor: two people have confirmed it, for a reason.
    pub(super) fn first_confirmed(&mut self, subject: &str) -> Result<(), Refusal> {
        let first = First { subject: subject.to_owned(), reason: std::mem::take(&mut self.reason) };
        self.record(Actor::Operator, Body::First(first))
    }

    pub(super) fn end_media(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Request);
        self.begin_job()
    }

    /// The one time of all judgement, fixed when the first request is read.
    pub(super) fn judgement_time(&mut self) -> Result<Time, Refusal> {
        let fixed = self.judged_at.unwrap_or_else(|| self.ledger.moment(self.at).time);
        let known = self.ledger.chain().entries().iter().any(|entry| matches!(entry.body, Body::JudgedAt(_)));
        if !known {
            self.judged_at = Some(fixed);
            let body = Body::JudgedAt(crate::transcript::JudgedAt { time: fixed });
            self.record(Actor::Program, body)?;
        }
        Ok(fixed)
    }
}
