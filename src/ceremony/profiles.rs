//! The profiles to choose from: given at the start, and on media labelled for it, as they come and go.

use std::sync::Arc;

use crate::dns::{Sha256Digest, sha256};
use crate::profile::{self, Profile, ProfileError};
use crate::steps::{VolumeFacts, VolumeId};

use super::machine::Ceremony;
use super::{Effect, ProfileChoice, ProfileFile, Question};

/// How the label of a medium with profiles begins.
const LABEL: &str = "CLAVIGER";

/// A profile that can be chosen, or the reason why not.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    choice: ProfileChoice,
    profile: Option<Arc<Profile>>,
    octets: Vec<u8>,
    volume: Option<VolumeId>,
}

impl Offer {
    /// What a file holds, and the medium that it came from, if it came from one.
    pub(super) fn of(file: ProfileFile, volume: Option<VolumeId>) -> Self {
        let sha256 = sha256(&file.octets);
        let choice = |name: String, fault: Option<&ProfileError>| ProfileChoice {
            name,
            origin: file.origin.clone(),
            sha256,
            fault: fault.map(ToString::to_string),
        };
        let (choice, profile) = match profile::read(&file.octets) {
            Ok(profile) => (choice(profile.name.clone(), None), Some(Arc::new(profile))),
            Err(error) => (choice(file.origin.clone(), Some(&error)), None),
        };
        let octets = if profile.is_some() { file.octets } else { Vec::new() };
        Self { choice, profile, octets, volume }
    }

    /// A medium that should hold profiles and holds none.
    fn none(volume: &VolumeFacts, fault: String) -> Self {
        let origin = format!("serial {}", volume.serial);
        let choice =
            ProfileChoice { name: volume.label.clone(), origin, sha256: Sha256Digest::ZERO, fault: Some(fault) };
        Self { choice, profile: None, octets: Vec::new(), volume: Some(volume.id) }
    }

    /// The profile, if it is one.
    pub(super) fn profile(&self) -> Option<Arc<Profile>> {
        self.profile.clone()
    }
}

impl Ceremony {
    /// Asks for the profile; where there is exactly one, only whether it is the right one.
    pub(super) fn begin_profile(&mut self) {
        match self.offers.as_slice() {
            [Offer { choice, profile: Some(_), .. }] => {
                let only = choice.clone();
                self.ask(Question::ConfirmProfile(only));
            }
            _ => self.ask_profile(),
        }
    }

    /// Asks which profile; those on media are in the list as soon as they were read.
    pub(super) fn ask_profile(&mut self) {
        self.ask_among_offers();
        self.follow_profiles();
    }

    fn ask_among_offers(&mut self) {
        let choices = self.offers.iter().map(|offer| offer.choice.clone()).collect();
        self.ask(Question::Profile(choices));
    }

    /// The profile with this hash, and its file.
    pub(super) fn offered(&self, sha256: &Sha256Digest) -> Option<(Arc<Profile>, Vec<u8>)> {
        let offer = self.offers.iter().find(|offer| offer.profile.is_some() && offer.choice.sha256 == *sha256)?;
        Some((offer.profile()?, offer.octets.clone()))
    }

    /// Media have come or gone while a profile is asked for.
    pub(super) fn follow_profiles(&mut self) {
        if self.unattended() {
            return;
        }
        let volumes = self.view.volumes.clone();
        let there = |id: VolumeId| volumes.iter().any(|volume| volume.id == id);
        let before = self.offers.len();
        self.offers.retain(|offer| offer.volume.is_none_or(there));
        self.profile_media.retain(|id| there(*id));
        for volume in volumes.iter().filter(|volume| volume.label.starts_with(LABEL)) {
            if !self.profile_media.contains(&volume.id) {
                self.profile_media.push(volume.id);
                self.effects.push(Effect::ReadProfiles(volume.id));
            }
        }
        if self.offers.len() != before {
            self.ask_among_offers();
        }
    }

    /// A medium was read. Where the question is another one by now, it finds them when it is asked again.
    pub(super) fn profiles_read(&mut self, id: VolumeId, found: Result<Vec<ProfileFile>, String>) {
        let Some(volume) = self.view.volumes.iter().find(|volume| volume.id == id) else { return };
        let none = || Err("expected a file NAME.toml; found none".to_owned());
        let found = found.and_then(|files| if files.is_empty() { none() } else { Ok(files) });
        let offers = match found {
            Ok(files) => files.into_iter().map(|file| Offer::of(file, Some(id))).collect(),
            Err(fault) => vec![Offer::none(volume, fault)],
        };
        self.offers.retain(|offer| offer.volume != Some(id));
        self.offers.extend(offers);
        if matches!(self.view.question, Question::Profile(_)) {
            self.ask_among_offers();
        }
    }
}
