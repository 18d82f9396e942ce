//! `write`: the transcript is sealed; identical octets go to every record medium and are read back; only then the
//! responses go to the request medium.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dns::sha256;
use crate::media::FolderImage;
use crate::paper;
use crate::steps::{Actor, Step, VolumeFacts};
use crate::transcript::{self, Body, Chain, Ending, Entry, Files, Head, State, WriteFailed, Written, names};

use super::machine::{Ceremony, Failure, UNPLUGGED, Waiting};
use super::outbox::{Outbox, Outgoing, Writing};
use super::{Answer, Code, Effect, MediumWanted, Question, Refusal, Unfit, WrittenView, room};

/// What a row of [`View::written`](super::View::written) says before anything went wrong.
const WAITS: &str = "waiting";
const WRITES: &str = "writing";

impl Ceremony {
    pub(super) fn begin_write(&mut self) -> Result<(), Refusal> {
        // All that could refuse does so before the transcript is sealed.
        let (chain, image) = self.put_together()?;
        // What was decided is on the media before anything that is sealed leaves.
        self.flush();
        self.enter(Step::Write);
        self.view.fingerprint = Some(chain.fingerprint());
        self.delivery = Some(Chain::following(chain.fingerprint()));
        self.ledger.sealed(chain);
        self.image = Some(Arc::new(image));
        let leaving = self.view.results.iter().zip(&self.jobs);
        let leaving =
            leaving.map(|(result, job)| Outgoing { file: result.file.clone(), path: job.paths.response.clone() });
        self.outbox = Outbox { responses: leaving.collect(), codes: self.codes(), ..Outbox::default() };
        let responses = if self.view.request_volume.is_some() { self.outbox.responses.len() } else { 0 };
        (0..self.view.record_volumes.len()).for_each(|medium| self.enqueue(Writing::Record(medium)));
        (0..responses).for_each(|index| self.enqueue(Writing::Response(index)));
        self.write_next()
    }

    /// The transcript as it would be sealed, and the record with it; the transcript itself stays as it is.
    fn put_together(&self) -> Result<(Chain, FolderImage), Refusal> {
        let sealed = self.sealed_files()?;
        // One that was resumed has a name of its own, should the first process have died while it wrote.
        let begun = |entry: &&Entry| matches!(entry.body, Body::Opened(_) | Body::Resumed(_));
        let opened = self.ledger.chain().entries().iter().rfind(begun).map(|entry| entry.time);
        let zones: Vec<_> = self.jobs.iter().map(|job| job.input.request.zone.clone()).collect();
        let name = names::record_name(&self.setup.mode, opened.ok_or(Refusal::NotAsked)?, &zones, &self.view.title);
        let moment = self.ledger.moment(self.at);
        let mode = &self.setup.mode;
        let ending = Ending::from_name(self.outcome).unwrap_or(Ending::Stopped);
        let mut chain = self.ledger.chain().clone();
        let key = self.ledger.key();
        let record = transcript::seal(&mut chain, key, mode, sealed, ending, moment, paper::report)
            .map_err(|error| Refusal::Unsealed(error.to_string()))?;
        room::expect_readable(record.octets())?;
        let image = FolderImage::new(name, record.files, vec![names::SUMS.to_owned()])
            .map_err(|error| Refusal::Unsealed(error.to_string()))?;
        Ok((chain, image))
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

    /// Puts something at the end of what waits.
    pub(super) fn enqueue(&mut self, writing: Writing) {
        let row = self.push_row(writing);
        self.outbox.queue.push((writing, row));
    }

    /// A row of its own for what is to be written; its index.
    fn push_row(&mut self, writing: Writing) -> usize {
        let (label, serial) =
            self.medium_of(writing).map(|medium| (medium.label.clone(), medium.serial.clone())).unwrap_or_default();
        let name = self.writing_name(writing);
        self.view.written.push(WrittenView { name, label, serial, state: WAITS.to_owned() });
        self.view.written.len() - 1
    }

    fn writing_name(&self, writing: Writing) -> String {
        match writing {
            Writing::Record(_) => self.image.as_ref().map(|image| image.name().to_owned()).unwrap_or_default(),
            Writing::Response(index) => {
                self.outbox.responses.get(index).map(|response| response.file.clone()).unwrap_or_default()
            }
            Writing::Log(_) => names::DELIVERY.to_owned(),
        }
    }

    fn response_octets(&self, index: usize) -> Option<&[u8]> {
        let response = self.outbox.responses.get(index)?;
        self.image.as_ref()?.files().get(&response.path).map(Vec::as_slice)
    }

    fn set_state(&mut self, row: usize, state: &str) {
        if let Some(view) = self.view.written.get_mut(row) {
            state.clone_into(&mut view.state);
        }
    }

    /// On with what waits; when nothing does, on to the close, or to the end.
    pub(super) fn write_next(&mut self) -> Result<(), Refusal> {
        let Some((writing, row)) = self.outbox.queue.first().copied() else {
            if self.outbox.closed {
                self.finish();
                return Ok(());
            }
            return self.begin_close();
        };
        let medium = self.medium_of(writing).map(|medium| (medium.id, medium.label.clone()));
        // One that was bound before the process was started again, and is not plugged in since.
        let Some((volume, label)) = medium.filter(|(id, _)| *id != UNPLUGGED) else {
            return self.write_ended(Err(Refusal::VolumeGone.to_string()));
        };
        let name = self.writing_name(writing);
        let image = Arc::clone(self.image.as_ref().ok_or(Refusal::NotAsked)?);
        let effect = match writing {
            Writing::Record(_) => Effect::WriteRecord { volume, image },
            Writing::Response(index) => {
                let octets = Arc::new(self.response_octets(index).ok_or(Refusal::NotAsked)?.to_vec());
                Effect::WriteResponse { volume, name: name.clone(), octets }
            }
            Writing::Log(_) => {
                let log = self.delivery.as_ref().ok_or(Refusal::NotAsked)?;
                let files = transcript::delivery(log, self.ledger.key(), &self.setup.mode);
                let folder = image.name().to_owned();
                Effect::Deliver { volume, folder, journal: self.journal_folder.clone(), files }
            }
        };
        self.set_state(row, WRITES);
        self.keep_sealed();
        self.wait(Waiting::Write, &format!("writing {name} to {label}"), effect);
        Ok(())
    }

    /// The first of what waits was written and read back, or was not.
    pub(super) fn write_ended(&mut self, result: Result<(), String>) -> Result<(), Refusal> {
        let Some((writing, row)) = self.outbox.queue.first().copied() else { return Ok(()) };
        if let Err(reason) = result {
            return self.write_failed(writing, row, &reason);
        }
        self.set_state(row, WrittenView::WRITTEN);
        let name = self.writing_name(writing);
        let (label, uuid) =
            self.medium_of(writing).map(|medium| (medium.label.clone(), medium.uuid.clone())).unwrap_or_default();
        match writing {
            Writing::Record(medium) => {
                let image = self.image.as_ref().ok_or(Refusal::NotAsked)?;
                let sums = image.files().get(names::SUMS).map(|sums| sha256(sums)).ok_or(Refusal::NotAsked)?;
                let written = Written { name, label, uuid, sha256: sums, octets: image.octets() };
                self.record(Actor::Program, Body::RecordWritten(written))?;
                self.outbox.copies.push(medium);
            }
            Writing::Response(index) => {
                let octets = self.response_octets(index).ok_or(Refusal::NotAsked)?;
                let written = Written { name, label, uuid, sha256: sha256(octets), octets: octets.len() as u64 };
                self.record(Actor::Program, Body::ResponseWritten(written))?;
            }
            Writing::Log(_) => {} // it cannot tell of itself
        }
        self.outbox.queue.remove(0);
        self.write_next()
    }

    fn write_failed(&mut self, writing: Writing, row: usize, reason: &str) -> Result<(), Refusal> {
        let reason = transcript::clean_text(reason);
        self.set_state(row, &reason);
        self.view.faults.push(reason.clone());
        let name = self.writing_name(writing);
        let (volume, label) =
            self.medium_of(writing).map_or((UNPLUGGED, String::new()), |medium| (medium.id, medium.label.clone()));
        let failed = WriteFailed { name: name.clone(), label: label.clone(), reason: reason.clone() };
        self.record(Actor::Program, Body::WriteFailed(failed))?;
        if self.unattended() {
            return self.write_given_up(writing, reason);
        }
        // One record must be whole before a response leaves; all else may be left out by a decision.
        let more = self.outbox.queue.iter().skip(1).any(|(writing, _)| matches!(writing, Writing::Record(_)));
        let optional = !matches!(writing, Writing::Record(_)) || !self.outbox.copies.is_empty() || more;
        let wanted = self.medium_wanted(writing)?;
        self.ask(Question::WriteFault { name, volume, label, message: reason, optional, wanted });
        Ok(())
    }

    /// Nobody is there to help: nothing more leaves, and where there is a record, its delivery log says why.
    fn write_given_up(&mut self, writing: Writing, reason: String) -> Result<(), Refusal> {
        self.view.refusal = Some(reason);
        self.failure = Some(Failure::Media);
        if matches!(writing, Writing::Log(_)) {
            self.outbox.queue.remove(0);
            return self.write_next();
        }
        self.outbox.queue.clear();
        if self.outbox.copies.is_empty() {
            self.finish();
            return Ok(());
        }
        self.begin_close()
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
                let Question::WriteFault { wanted: Some(wanted), .. } = &self.view.question else {
                    return Err(Refusal::NotAsked);
                };
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
                self.outbox.queue.remove(0);
                self.unspooled = true;
                self.write_next()
            }
            Answer::No => Err(Refusal::MustBeWritten),
            _ => Err(Refusal::NotAsked),
        }
    }

    /// What another medium must have; none where no other one will do.
    fn medium_wanted(&self, writing: Writing) -> Result<Option<MediumWanted>, Refusal> {
        let media = &self.profile()?.media;
        Ok(match writing {
            Writing::Record(_) => {
                let waiting = self.outbox.queue.iter().skip(1).filter_map(|(writing, _)| match writing {
                    Writing::Record(medium) => Some(*medium),
                    Writing::Response(_) | Writing::Log(_) => None,
                });
                let taken = self.outbox.copies.iter().copied().chain(waiting);
                Some(MediumWanted {
                    label: media.record_label.clone(),
                    octets: self.image.as_ref().map_or(0, |image| image.octets_on_medium()),
                    taken: taken.filter_map(|medium| Some(self.view.record_volumes.get(medium)?.id)).collect(),
                })
            }
            Writing::Response(index) => Some(MediumWanted {
                label: media.request_label.clone(),
                octets: self.response_octets(index).map_or(0, |octets| octets.len() as u64),
                taken: Vec::new(),
            }),
            Writing::Log(_) => None,
        })
    }

    /// Media were taken out or put in while people are asked what to do without one: numbers may have changed.
    pub(super) fn follow_fault(&mut self) -> Result<(), Refusal> {
        let Some((writing, _)) = self.outbox.queue.first().copied() else { return Ok(()) };
        let now = self.medium_of(writing).map_or(UNPLUGGED, |medium| medium.id);
        let media = self.medium_wanted(writing)?;
        if let Question::WriteFault { volume, wanted, .. } = &mut self.view.question {
            (*volume, *wanted) = (now, media);
        }
        Ok(())
    }

    /// Another medium takes what waits first; of several responses all that wait go to one medium.
    fn replace_medium(&mut self, volume: VolumeFacts) {
        let Some((first, _)) = self.outbox.queue.first().copied() else { return };
        let first = match first {
            Writing::Record(_) | Writing::Log(_) => {
                let known = self.view.record_volumes.iter().position(|known| known.id == volume.id);
                let medium = known.unwrap_or_else(|| {
                    self.view.record_volumes.push(volume);
                    self.view.record_volumes.len() - 1
                });
                Writing::Record(medium)
            }
            Writing::Response(_) => {
                for (_, row) in self.outbox.queue.iter().skip(1) {
                    if let Some(row) = self.view.written.get_mut(*row) {
                        (row.label, row.serial) = (volume.label.clone(), volume.serial.clone());
                    }
                }
                self.view.request_volume = Some(volume);
                first
            }
        };
        // The row of the medium that failed goes on to say so.
        let row = self.push_row(first);
        self.outbox.queue.splice(0..1, [(first, row)]);
    }

    /// What goes onto paper.
    fn codes(&self) -> Vec<Code> {
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
