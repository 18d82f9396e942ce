//! The words of the screens for the printed script, so that it asks what the screen asks.

use super::{help, text};
use crate::paper::{Ask, Screen};
use crate::steps::Step;

/// The screen's own words.
#[derive(Clone, Copy, Debug)]
pub struct Spoken;

impl Screen for Spoken {
    fn purpose(&self, step: Step) -> String {
        help::help(step).purpose.to_owned()
    }

    fn asks(&self, ask: &Ask) -> String {
        match ask {
            Ask::Profile => text::CONFIRM_PROFILE.to_owned(),
            Ask::People => text::PEOPLE.to_owned(),
            Ask::Keyboard => text::KEYBOARD.to_owned(),
            Ask::Time { second } => text::time(*second),
            Ask::RecordMedia(needed) => text::record_volumes(*needed),
            Ask::RequestMedium => text::REQUEST_VOLUME.to_owned(),
            Ask::PreviousRecord => text::PREVIOUS_RECORD.to_owned(),
            // Which words are asked for is drawn on the day.
            Ask::ReadBack(subject) => text::read_back(subject, &["___", "___", "___"]),
            Ask::Reason(subject) => text::reason(subject),
            Ask::Document { job, previous } => text::document(*job, *previous),
            Ask::Schema { job, zone } => text::schema(*job, zone),
            Ask::Judged(job) => text::judged(*job, false),
            Ask::MoreJobs => text::MORE_JOBS.to_owned(),
            Ask::Acknowledge { number, total, job } => text::acknowledge(*number, *total, *job),
            Ask::TwoPeople { subject, second } => text::two_people(subject, *second),
            Ask::Token => text::unlock::TOKEN.to_owned(),
            Ask::Officer(missing) => text::unlock::officer(*missing),
            Ask::Review => text::review(false).to_owned(),
            Ask::Close => text::CLOSE.to_owned(),
        }
    }
}
