//! `write`: the transcript is sealed; identical octets go to every record medium and are read back; only then the
//! responses go to the request medium.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::media::FolderImage;
use crate::paper;
use crate::steps::{Actor, Step, VolumeFacts, VolumeId};
use crate::transcript::{self, Body, Chain, Ending, Entry, Files, Head, State, WriteFailed, Written, names};

use super::machine::{Ceremony, Failure, UNPLUGGED, Waiting, Writing};
use super::{Answer, Code, Effect, MediumWanted, Question, Refusal, Unfit, WrittenView};

impl Ceremony {
    pub(super) fn begin_write(&mut self) -> Result<(), Refusal> {
        self.enter(Step::Write);
        let internal = |error: String| Refusal::Internal(error);
        let sealed = self.sealed_files()?;
        // One that was resumed has a name of its own, should the first process have died while it wrote.
        let begun = |entry: &&Entry| matches!(entry.body, Body::Opened(_) | Body::Resumed(_));
        let opened = self.ledger.chain().entries().iter().rfind(begun).map(|entry| entry.time);
        let zones: Vec<_> = self.jobs.iter().map(|job| job.input.request.zone.clone()).collect();
        let name = names::record_name(&self.setup.mode, opened.ok_or(Refusal::NotAsked)?, &zones, &self.view.title);
        let moment = self.ledger.moment(self.at);
        let mode = self.setup.mode.clone();
        let ending = Ending::from_name(self.outcome).unwrap_or(Ending::Stopped);
        let (chain, key) = self.ledger.chain_and_key();
        let record = transcript::seal(chain, key, &mode, sealed, ending, moment, paper::report)
            .map_err(|error| internal(error.to_string()))?;
        self.view.fingerprint = Some(record.fingerprint);
        self.delivery = Some(Chain::following(record.fingerprint));
        self.sums_sha256 = record.sums_sha256;
        let image = FolderImage::new(name, record.files, vec![names::SUMS.to_owned()])
            .map_err(|error| internal(error.to_string()))?;
        self.image = Some(Arc::new(image));
        self.queue = self.view.record_volumes.iter().map(|volume| Writing::Record(volume.id)).collect();
        if let Some(volume) = &self.view.request_volume {
            let volume = volume.id;
            self.queue.extend((0..self.made.len()).map(|index| Writing::Response { volume, index }));
        }
        self.view.written = self.queue.clone().iter().map(|writing| self.written_view(writing)).collect();
        self.write_next()
    }

    /// Everything that the seal binds.
    fn sealed_files(&self) -> Result<Files, Refusal> {
        let (profile, octets) = self.profile.as_ref().ok_or(Refusal::NotAsked)?;
        let mut files: Files = BTreeMap::from([(names::PROFILE.to_owned(), octets.clone())]);
        let previous = self.previous.as_ref().map(|previous| previous.state.clone()).unwrap_or_default();
        let mut heads = Vec::new();
        if let Some((_, json)) = &self.plan {
            files.insert(names::PLAN.to_owned(), json.clone());
        }
        for (index, job) in self.jobs.iter().enumerate() {
            files.insert(job.paths.request.clone(), job.request.octets.clone());
            if let Some(previous) = &job.previous {
                files.insert(job.paths.previous.clone(), previous.octets.clone());
            }
            let Some(made) = self.made.get(index) else { continue };
            let head = Head { sha256: made.sha256, covered_until: made.covered_until };
            heads.push((job.input.request.zone.clone(), head));
            files.insert(job.paths.response.clone(), made.octets.clone());
            files.insert(job.paths.dnskey.clone(), made.dnskey_text.clone().into_bytes());
        }
        let state = State::after(&previous, profile, heads);
        let state = state.write().map_err(|error| Refusal::Internal(error.to_string()))?;
        files.insert(names::STATE.to_owned(), state);
        Ok(files)
    }

    fn volume_now(&self, id: VolumeId) -> Option<&VolumeFacts> {
        let bound = self.view.record_volumes.iter().chain(&self.view.request_volume);
        bound.chain(&self.view.volumes).find(|volume| volume.id == id)
    }

    fn label(&self, id: VolumeId) -> String {
        self.volume_now(id).map(|volume| volume.label.clone()).unwrap_or_default()
    }

    fn writing_name(&self, writing: &Writing) -> String {
        match writing {
            Writing::Record(_) => self.image.as_ref().map(|image| image.name().to_owned()).unwrap_or_default(),
            Writing::Response { index, .. } => {
                self.view.results.get(*index).map(|result| result.file.clone()).unwrap_or_default()
            }
        }
    }

    fn written_view(&self, writing: &Writing) -> WrittenView {
        let (Writing::Record(volume) | Writing::Response { volume, .. }) = writing;
        WrittenView { name: self.writing_name(writing), label: self.label(*volume), state: "waiting".to_owned() }
    }

    fn set_state(&mut self, name: &str, label: &str, state: &str) {
        let found = self.view.written.iter_mut().find(|view| view.name == name && view.label == label);
        if let Some(view) = found {
            state.clone_into(&mut view.state);
        }
    }

    fn write_next(&mut self) -> Result<(), Refusal> {
        let Some(writing) = self.queue.first().cloned() else { return self.begin_close() };
        let name = self.writing_name(&writing);
        let (effect, volume) = match &writing {
            Writing::Record(volume) => {
                let image = Arc::clone(self.image.as_ref().ok_or(Refusal::NotAsked)?);
                (Effect::WriteRecord { volume: *volume, image }, *volume)
            }
            Writing::Response { volume, index } => {
                let made = self.made.get(*index).ok_or(Refusal::NotAsked)?;
                let octets = Arc::new(made.octets.clone());
                (Effect::WriteResponse { volume: *volume, name: name.clone(), octets }, *volume)
            }
        };
        let label = self.label(volume);
        self.set_state(&name, &label, "writing");
        self.wait(Waiting::Write, &format!("writing {name} to {label}"), effect);
        Ok(())
    }

    pub(super) fn record_written(&mut self, result: Result<(), String>) -> Result<(), Refusal> {
        let octets = self.image.as_ref().map_or(0, |image| image.octets());
        let sha256 = self.sums_sha256;
        self.write_ended(result, sha256, octets, Body::RecordWritten)
    }

    pub(super) fn response_written(&mut self, result: Result<(), String>) -> Result<(), Refusal> {
        let index = match self.queue.first() {
            Some(Writing::Response { index, .. }) => *index,
            _ => return Ok(()),
        };
        let (sha256, octets) =
            self.view.results.get(index).map(|result| (result.sha256, result.octets)).ok_or(Refusal::NotAsked)?;
        self.write_ended(result, sha256, octets, Body::ResponseWritten)
    }

    fn write_ended(
        &mut self,
        result: Result<(), String>,
        sha256: crate::dns::Sha256Digest,
        octets: u64,
        body: fn(Written) -> Body,
    ) -> Result<(), Refusal> {
        let Some(writing) = self.queue.first().cloned() else { return Ok(()) };
        let (Writing::Record(volume) | Writing::Response { volume, .. }) = writing;
        let name = self.writing_name(&writing);
        let label = self.label(volume);
        match result {
            Ok(()) => {
                let uuid = self.volume_now(volume).map(|volume| volume.uuid.clone()).unwrap_or_default();
                self.set_state(&name, &label, "read back: identical");
                self.record(Actor::Program, body(Written { name, label, uuid, sha256, octets }))?;
                if matches!(writing, Writing::Record(_)) {
                    self.record_copies += 1;
                    self.delivered_to.push(volume);
                }
                self.queue.remove(0);
                self.write_next()
            }
            Err(reason) => {
                let reason = transcript::clean_text(&reason);
                self.set_state(&name, &label, &reason);
                self.view.faults.push(reason.clone());
                let failed = WriteFailed { name: name.clone(), label: label.clone(), reason: reason.clone() };
                self.record(Actor::Program, Body::WriteFailed(failed))?;
                // One record must be whole before a response leaves; a response may be left out by a decision.
                let more = self.queue.iter().skip(1).any(|writing| matches!(writing, Writing::Record(_)));
                let optional = match writing {
                    Writing::Record(_) => self.record_copies > 0 || more,
                    Writing::Response { .. } => true,
                };
                if self.unattended() {
                    self.view.refusal = Some(reason);
                    self.failure = Some(Failure::Media);
                    self.ask(Question::Finished { outcome: "media".to_owned() });
                    return Ok(());
                }
                let wanted = self.medium_wanted(&writing, octets)?;
                self.ask(Question::WriteFault { name, volume, label, message: reason, optional, wanted });
                Ok(())
            }
        }
    }

    pub(super) fn answer_write_fault(&mut self, optional: bool, answer: &Answer) -> Result<(), Refusal> {
        match answer {
            Answer::Yes => {
                self.wait(Waiting::Medium, "looking for the medium", Effect::WatchVolumes);
                Ok(())
            }
            Answer::Volume(id) => {
                let volume = self.view.volumes.iter().find(|volume| volume.id == *id).cloned();
                let volume = volume.ok_or(Refusal::VolumeGone)?;
                let Question::WriteFault { wanted, .. } = &self.view.question else { return Err(Refusal::NotAsked) };
                match wanted.unfit(&volume) {
                    None => {}
                    Some(Unfit::Foreign | Unfit::Label) => {
                        return Err(Refusal::VolumeLabel { expected: wanted.label.clone(), found: volume.label });
                    }
                    Some(Unfit::Protected) => return Err(Refusal::VolumeReadOnly(volume.label)),
                    Some(Unfit::Taken) => return Err(Refusal::VolumeTaken(volume.label)),
                    Some(Unfit::Full(free)) => {
                        return Err(Refusal::VolumeFull { label: volume.label, needed: wanted.octets, free });
                    }
                }
                self.replace_medium(volume);
                self.write_next()
            }
            Answer::No if optional => {
                self.queue.remove(0);
                self.write_next()
            }
            Answer::No => Err(Refusal::MustBeWritten),
            _ => Err(Refusal::NotAsked),
        }
    }

    /// What another medium must have.
    fn medium_wanted(&self, writing: &Writing, octets: u64) -> Result<MediumWanted, Refusal> {
        let media = &self.profile()?.media;
        Ok(match writing {
            Writing::Record(_) => {
                let waiting = self.queue.iter().skip(1).filter_map(|writing| match writing {
                    Writing::Record(volume) => Some(*volume),
                    Writing::Response { .. } => None,
                });
                MediumWanted {
                    label: media.record_label.clone(),
                    octets: self.image.as_ref().map_or(octets, |image| image.octets_on_medium()),
                    taken: self.delivered_to.iter().copied().chain(waiting).collect(),
                }
            }
            Writing::Response { .. } => MediumWanted { label: media.request_label.clone(), octets, taken: Vec::new() },
        })
    }

    /// A medium that was taken out and put in again has another number: what waits for it follows.
    pub(super) fn renumber(&mut self, old: VolumeId, new: VolumeId) {
        if old == new || old == UNPLUGGED {
            return;
        }
        let follow = |id: &mut VolumeId| {
            if *id == old {
                *id = new;
            }
        };
        for writing in &mut self.queue {
            let (Writing::Record(volume) | Writing::Response { volume, .. }) = writing;
            follow(volume);
        }
        self.delivered_to.iter_mut().for_each(follow);
        if let Question::WriteFault { volume, wanted, .. } = &mut self.view.question {
            follow(volume);
            wanted.taken.iter_mut().for_each(follow);
        }
    }

    /// What is plugged in was looked at once more: on with the writing.
    pub(super) fn write_again(&mut self) -> Result<(), Refusal> {
        self.follow_medium();
        self.write_next()
    }

    /// Another medium of the same label was put in for the one that failed.
    fn follow_medium(&mut self) {
        let Some(Writing::Record(failed) | Writing::Response { volume: failed, .. }) = self.queue.first() else {
            return;
        };
        let failed = *failed;
        if self.view.volumes.iter().any(|volume| volume.id == failed) {
            return;
        }
        let label = self.label(failed);
        let back = self.view.volumes.iter().find(|volume| volume.label == label).cloned();
        if let Some(back) = back {
            self.replace_medium(back);
        }
    }

    fn replace_medium(&mut self, volume: VolumeFacts) {
        let Some(first) = self.queue.first().cloned() else { return };
        let name = self.writing_name(&first);
        self.view.written.push(WrittenView { name, label: volume.label.clone(), state: "waiting".to_owned() });
        match first {
            Writing::Record(_) => {
                self.queue.splice(0..1, [Writing::Record(volume.id)]);
                self.view.record_volumes.push(volume);
            }
            Writing::Response { .. } => {
                for writing in &mut self.queue {
                    if let Writing::Response { volume: of, .. } = writing {
                        *of = volume.id;
                    }
                }
                self.view.request_volume = Some(volume);
            }
        }
    }

    /// What goes onto paper.
    pub(super) fn codes(&self) -> Vec<Code> {
        let mut codes = Vec::new();
        if let Some(fingerprint) = self.view.fingerprint {
            codes.push(Code {
                title: "Transcript fingerprint".to_owned(),
                payload: fingerprint.to_string(),
                sha256: Some(fingerprint),
            });
        }
        for result in &self.view.results {
            codes.push(Code {
                title: format!("SHA-256 of {}", result.file),
                payload: result.sha256.to_string(),
                sha256: Some(result.sha256),
            });
        }
        for made in &self.made {
            for code in &made.codes {
                if !codes.contains(code) {
                    codes.push(code.clone());
                }
            }
        }
        codes
    }
}
