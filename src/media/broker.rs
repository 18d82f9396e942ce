//! Volumes on the appliance: listed and mounted by the broker, opened here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::MediaError;
use super::folder::Folder;
use super::volume::{Access, Volumes, open_root};
use crate::process::{Answer, BrokerClient, FrameError, MEDIA_FOLDER, Refused, Request, Seen};
use crate::steps::{VolumeFacts, VolumeId};

/// Media that the broker mounts.
///
/// What cannot be used is listed, too, so that people see why; opening it is refused with the reason.
#[derive(Debug)]
pub struct BrokerVolumes {
    broker: BrokerClient,
    media: PathBuf,
    /// The label of each that was ever seen.
    labels: BTreeMap<VolumeId, String>,
}

impl BrokerVolumes {
    /// Those of the appliance; its broker is first asked when it is needed.
    #[must_use]
    pub fn appliance(broker: BrokerClient) -> Self {
        Self::at(broker, Path::new(MEDIA_FOLDER))
    }

    fn at(broker: BrokerClient, media: &Path) -> Self {
        Self { broker, media: media.to_owned(), labels: BTreeMap::new() }
    }

    fn label(&self, id: VolumeId) -> String {
        self.labels.get(&id).cloned().unwrap_or_default()
    }

    fn refused(&self, id: VolumeId, action: &'static str, answer: Result<Answer, FrameError>) -> MediaError {
        match answer {
            Ok(Answer::Refused(Refused::Gone)) => MediaError::Gone { volume: self.label(id) },
            Ok(Answer::Refused(Refused::ReadOnly)) => MediaError::ReadOnly { volume: self.label(id) },
            other => fault(action, &self.label(id), other),
        }
    }
}

impl Volumes for BrokerVolumes {
    fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError> {
        let plugged = match self.broker.ask(Request::Volumes) {
            Ok(Answer::Plugged(plugged)) => plugged,
            other => return Err(fault("list", "the media", other)),
        };
        let volumes: BTreeMap<_, _> =
            plugged.volumes.into_iter().map(|seen| (seen.facts.id, shown(seen).facts)).collect();
        self.labels.extend(volumes.values().map(|facts| (facts.id, facts.label.clone())));
        Ok(volumes.into_values().collect())
    }

    fn open(&mut self, id: VolumeId, access: Access) -> Result<Folder, MediaError> {
        let answer = self.broker.ask(Request::Mount { volume: id, write: access == Access::Write });
        let Ok(Answer::Mounted { slot }) = answer else { return Err(self.refused(id, "use", answer)) };
        let fd = open_root(&self.media.join(slot.to_string())).map_err(|errno| MediaError::Io {
            action: "open",
            file: self.label(id),
            reason: errno.to_string(),
        })?;
        Ok(Folder::root(fd, self.label(id), access))
    }

    fn release(&mut self, id: VolumeId) -> Result<(), MediaError> {
        match self.broker.ask(Request::Unmount { volume: id }) {
            Ok(Answer::Done) => Ok(()),
            other => Err(self.refused(id, "unmount", other)),
        }
    }
}

/// A medium as it stands in a list: one that cannot be used has what was found there in place of its label.
fn shown(mut seen: Seen) -> Seen {
    if let Some(fault) = &seen.fault {
        seen.facts.label = format!("({fault})");
        seen.facts.uuid.clear();
        seen.facts.writable = false;
    } else if seen.facts.label.is_empty() {
        "(no label)".clone_into(&mut seen.facts.label);
    }
    seen
}

fn fault(action: &'static str, file: &str, answer: Result<Answer, FrameError>) -> MediaError {
    let reason = match answer {
        Ok(Answer::Refused(Refused::Because(reason))) => reason,
        Ok(Answer::Refused(Refused::Gone)) => "it is not there any more".to_owned(),
        Ok(Answer::Refused(Refused::ReadOnly)) => "it is write-protected".to_owned(),
        Ok(_) => "the broker gave another answer".to_owned(),
        Err(error) => format!("the broker: {error}"),
    };
    MediaError::Io { action, file: file.to_owned(), reason }
}

/// Two sources of media as one: even numbers are the first's, odd ones the second's.
pub struct BothVolumes {
    first: Box<dyn Volumes>,
    second: Box<dyn Volumes>,
}

impl BothVolumes {
    /// All media of both.
    #[must_use]
    pub const fn new(first: Box<dyn Volumes>, second: Box<dyn Volumes>) -> Self {
        Self { first, second }
    }

    fn of(&mut self, id: VolumeId) -> (&mut dyn Volumes, VolumeId) {
        let source = if id.0.is_multiple_of(2) { self.first.as_mut() } else { self.second.as_mut() };
        (source, VolumeId(id.0 / 2))
    }
}

impl Volumes for BothVolumes {
    /// Media of one source show even while the other cannot be looked at.
    fn list(&mut self) -> Result<Vec<VolumeFacts>, MediaError> {
        let numbered = |volumes: Vec<VolumeFacts>, odd: u32| {
            volumes.into_iter().map(move |facts| VolumeFacts { id: VolumeId(facts.id.0 * 2 + odd), ..facts })
        };
        let second = self.second.list();
        match (self.first.list(), second) {
            (Err(error), Err(_)) => Err(error),
            (first, second) => {
                let first = numbered(first.unwrap_or_default(), 0);
                Ok(first.chain(numbered(second.unwrap_or_default(), 1)).collect())
            }
        }
    }

    fn open(&mut self, id: VolumeId, access: Access) -> Result<Folder, MediaError> {
        let (source, id) = self.of(id);
        source.open(id, access)
    }

    fn release(&mut self, id: VolumeId) -> Result<(), MediaError> {
        let (source, id) = self.of(id);
        source.release(id)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::media::{FolderVolumes, read_file};
    use crate::process::{Deadline, Link, Plugged};

    fn seen(id: u32, label: &str, fault: Option<&str>) -> Seen {
        let text = |text: &str| text.to_owned();
        let facts = VolumeFacts {
            id: VolumeId(id),
            label: text(label),
            serial: text("AB12"),
            uuid: text("1234-ABCD"),
            size: 1 << 20,
            free: 0,
            writable: true,
        };
        Seen { facts, fault: fault.map(text) }
    }

    /// A broker that gives these answers, one for each question, whatever is asked.
    fn broker(place: &Path, answers: Vec<Answer>) -> (BrokerVolumes, std::thread::JoinHandle<Vec<Request>>) {
        let socket = place.join("broker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let thread = std::thread::spawn(move || {
            let mut link = Link::over(listener.accept().unwrap().0).unwrap();
            let mut asked = Vec::new();
            for answer in answers {
                asked.push(link.receive(Deadline::never()).unwrap());
                link.send(&answer, Deadline::never()).unwrap();
            }
            asked
        });
        (BrokerVolumes::at(BrokerClient::at(&socket), place), thread)
    }

    #[test]
    fn a_medium_is_mounted_by_number_and_opened_at_its_place() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("3")).unwrap();
        std::fs::write(place.path().join("3/ksr.xml"), "x").unwrap();
        let plugged = Plugged { volumes: vec![seen(5, "KSR", None)], ..Plugged::default() };
        let answers = vec![Answer::Plugged(plugged), Answer::Mounted { slot: 3 }, Answer::Done];
        let (mut volumes, thread) = broker(place.path(), answers);
        assert_eq!(volumes.list().unwrap()[0].label, "KSR");
        let folder = volumes.open(VolumeId(5), Access::Read).unwrap();
        assert_eq!((read_file(&folder, "ksr.xml", 9).unwrap(), folder.shown()), (b"x".to_vec(), "KSR"));
        drop(folder);
        volumes.release(VolumeId(5)).unwrap();
        let mount = Request::Mount { volume: VolumeId(5), write: false };
        assert_eq!(thread.join().unwrap(), [Request::Volumes, mount, Request::Unmount { volume: VolumeId(5) }]);
    }

    #[test]
    fn a_medium_that_cannot_be_used_says_so_in_place_of_its_label() {
        let place = tempfile::tempdir().unwrap();
        let fault = "exFAT";
        let plugged = Plugged { volumes: vec![seen(1, "", Some(fault))], ..Plugged::default() };
        let refused = |refused| Answer::Refused(refused);
        let answers = vec![
            Answer::Plugged(plugged),
            refused(Refused::Because(format!("found {fault}"))),
            refused(Refused::Gone),
            refused(Refused::ReadOnly),
        ];
        let (mut volumes, _thread) = broker(place.path(), answers);
        let facts = volumes.list().unwrap().remove(0);
        assert!(facts.is_foreign() && !facts.writable);
        let label = facts.label;
        assert_eq!(label, "(exFAT)");
        let mut open = || volumes.open(VolumeId(1), Access::Write).unwrap_err();
        assert!(open().to_string().contains("found exFAT"));
        assert_eq!(open(), MediaError::Gone { volume: label.clone() });
        assert_eq!(open(), MediaError::ReadOnly { volume: label });
    }

    #[test]
    fn a_medium_without_a_label_says_so_and_can_be_used() {
        let facts = shown(seen(1, "", None)).facts;
        assert_eq!((facts.label.as_str(), facts.is_foreign(), facts.writable), ("(no label)", false, true));
    }

    #[test]
    fn a_broker_that_is_gone_is_an_error_and_hides_no_other_media() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("A")).unwrap();
        let nobody = place.path().join("none");
        let lost = || BrokerVolumes::at(BrokerClient::at(&nobody), place.path());
        assert!(matches!(lost().list(), Err(MediaError::Io { action: "list", .. })));
        let folders = FolderVolumes::new(vec![place.path().join("A")], None);
        let mut both = BothVolumes::new(Box::new(lost()), Box::new(folders));
        let facts = both.list().unwrap().remove(0);
        assert_eq!((facts.id, facts.label.as_str()), (VolumeId(3), "A"));
        both.open(facts.id, Access::Read).unwrap();
        both.release(facts.id).unwrap();
        assert!(both.open(VolumeId(2), Access::Read).is_err());
    }
}
