//! What is sealed and waits to be written; it outlives the ceremony process, in the spool.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dns::base64;
use crate::media::FolderImage;
use crate::steps::{Actor, Step, VolumeFacts};
use crate::transcript::{Body, Chain, Ending, Note, names};

use super::machine::Ceremony;
use super::{Code, Effect, WrittenView};

/// Something that waits to be written. Media are named by their place among those bound, which they keep when they are
/// taken out and put in again; their number changes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Writing {
    /// The record, to this record medium.
    Record(usize),
    /// This response, to the request medium.
    Response(usize),
    /// The delivery log, into the record on this record medium.
    Log(usize),
}

/// What waits to be written, and what has been.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Outbox {
    /// In order, each with the row of [`View::written`](super::View::written) that shows it.
    pub(super) queue: Vec<(Writing, usize)>,
    /// The responses that leave.
    pub(super) responses: Vec<Outgoing>,
    /// What goes onto paper.
    pub(super) codes: Vec<Code>,
    /// Record media that have their copy.
    pub(super) copies: Vec<usize>,
    /// Whether people have closed the ceremony: the delivery log takes no entry any more.
    pub(super) closed: bool,
}

/// A response that leaves.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Outgoing {
    /// File name on the request medium.
    pub(super) file: String,
    /// Path of the same octets in the record.
    pub(super) path: String,
}

/// The record and how far its delivery is, for a process that is started again.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sealed {
    folder: String,
    /// By path, base64.
    files: BTreeMap<String, String>,
    /// `delivery.jsonl` so far.
    log: String,
    written: Vec<WrittenView>,
    outbox: Outbox,
}

impl Ceremony {
    /// The medium that something goes to, as it was seen last.
    pub(super) fn medium_of(&self, writing: Writing) -> Option<&VolumeFacts> {
        match writing {
            Writing::Record(medium) | Writing::Log(medium) => self.view.record_volumes.get(medium),
            Writing::Response(_) => self.view.request_volume.as_ref(),
        }
    }

    /// Has what is sealed spooled as it is now, behind all that is to be done already and before what comes next.
    pub(super) fn keep_sealed(&mut self) {
        self.unspooled = false;
        let spool = self.spool().map(Box::new).map(Effect::Spool);
        self.effects.extend(spool);
    }

    /// What is sealed, for the spool; none before.
    pub(super) fn sealed(&self) -> Option<Sealed> {
        let (image, log) = (self.image.as_ref()?, self.delivery.as_ref()?);
        Some(Sealed {
            folder: image.name().to_owned(),
            files: image.files().iter().map(|(path, octets)| (path.clone(), base64::encode(octets))).collect(),
            log: String::from_utf8_lossy(log.octets()).into_owned(),
            written: self.view.written.clone(),
            outbox: self.outbox.clone(),
        })
    }

    /// Back to `write`: nothing but the very record that was sealed can be written.
    pub(super) fn written_on(&mut self, sealed: Sealed) -> Result<(), String> {
        let damaged = || "the spool is damaged".to_owned();
        let mut files = BTreeMap::new();
        for (path, text) in sealed.files {
            files.insert(path, base64::decode(&text).ok_or_else(damaged)?);
        }
        let chain = self.ledger.chain();
        let fingerprint = chain.fingerprint();
        let Some(Body::Seal(seal)) = chain.entries().last().map(|entry| &entry.body) else { return Err(damaged()) };
        self.outcome = Ending::from_name(&seal.outcome).ok_or_else(damaged)?.name();
        if files.get(names::TRANSCRIPT).map(Vec::as_slice) != Some(chain.octets()) {
            return Err(damaged());
        }
        let stopped = chain.entries().iter().rfind(|entry| matches!(entry.body, Body::Stopped(_)));
        self.view.stopped_in = stopped.map(|entry| entry.step);
        let log = Chain::resume_after(sealed.log.as_bytes(), fingerprint).map_err(|error| error.to_string())?;
        let image = FolderImage::new(sealed.folder, files, vec![names::SUMS.to_owned()]);
        self.image = Some(Arc::new(image.map_err(|error| error.to_string())?));
        self.delivery = Some(log);
        self.outbox = sealed.outbox;
        self.view.written = sealed.written;
        self.view.fingerprint = Some(fingerprint);
        self.view.step = Step::Write;
        let note = Note { note: "from the spool, sealed".to_owned() };
        self.record(Actor::Program, Body::Resumed(note)).map_err(|error| error.to_string())
    }
}
