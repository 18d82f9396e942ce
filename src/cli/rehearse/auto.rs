//! A rehearsal without a person: the same machine and the same screens, by a list of answers.

use std::sync::mpsc::Receiver;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::ceremony::{Answer, Input, JobState, Purpose, Question, View, Work};
use crate::crew::Stage;
use crate::render;
use crate::steps::{Pin, rehearsal_pin};
use crate::transcript::Watch;
use crate::tui::App;

use super::super::error::CliError;
use super::prepare;

/// Walks to the end; returns the label of the first record medium and the record's folder on it.
pub(super) fn walk(stage: &mut Stage, work: &Receiver<Work>) -> Result<(String, String), CliError> {
    let mut screen = Terminal::new(TestBackend::new(80, 25))
        .map_err(|error| CliError::internal(format!("no screen in memory: {error}")))?;
    let mut app = App::new(stage.view());
    let now = stage.moment();
    let mut script = Script { jobs: 0, exception: false };
    let played = stage.play(
        work,
        |view| script.answer(view),
        |view| {
            app.update(view);
            let _ = screen.draw(|frame| app.draw(frame, view, now)); // memory takes every drawing
        },
    );
    let view = stage.view();
    match played {
        Ok(0) => {
            let record = view.written.first().map(|written| (written.label.clone(), written.name.clone()));
            record.ok_or_else(|| CliError::internal("the rehearsal has no record"))
        }
        Ok(_) => Err(CliError::internal(format!("the rehearsal ended otherwise: {}", view.faults.join("; ")))),
        Err(stuck) => Err(CliError::internal(format!("the rehearsal is stuck: {} ({})", stuck.why, stuck.question))),
    }
}

/// People who know their script.
struct Script {
    jobs: usize,
    exception: bool,
}

impl Script {
    fn answer(&mut self, view: &View) -> Option<Input> {
        if let Question::Judged { .. } = view.question {
            // Nothing goes without an exception, and people must have seen the dialog.
            if !std::mem::replace(&mut self.exception, true) {
                return Some(exception());
            }
        }
        self.chosen(view).map(Input::Answer)
    }

    fn chosen(&mut self, view: &View) -> Option<Answer> {
        let volume = |label: &str| view.volumes.iter().find(|volume| volume.label == label).map(|volume| volume.id);
        Some(match &view.question {
            Question::Working(_) | Question::Fault { .. } | Question::WriteFault { .. } => return None,
            Question::Profile(_) | Question::Token(_) | Question::Officer { .. } => Answer::Choose(0),
            Question::ConfirmProfile(_)
            | Question::Judged { failed: false, .. }
            | Question::Resume { .. }
            | Question::Paused
            | Question::Review { failed: false } => Answer::Yes,
            Question::Judged { .. } | Question::Review { .. } => return None,
            Question::People { missing } => match missing.first() {
                Some(role) => Answer::Person { role: role.to_string(), name: prepare::name(role) },
                None => Answer::Done,
            },
            Question::RecordVolumes { needed } if view.record_volumes.len() < *needed => {
                Answer::Volume(volume(prepare::RECORDS.get(view.record_volumes.len())?)?)
            }
            Question::Keyboard { .. }
            | Question::RecordVolumes { .. }
            | Question::Close
            | Question::Finished { .. } => Answer::Done,
            Question::RequestVolume => Answer::Volume(volume(prepare::REQUEST)?),
            Question::PreviousRecord(records) => match records.iter().position(|record| !record.interrupted) {
                Some(newest) => Answer::Choose(newest),
                None => Answer::No,
            },
            Question::Reason { .. } => Answer::Text("a rehearsal begins with nothing".to_owned()),
            Question::Time(asked) => {
                let person = view.people.iter().find(|person| asked.first.as_ref() != Some(&person.role))?;
                let word = Watch::at(asked.computer).to_string();
                Answer::Confirm { role: person.role.clone(), initials: "XY".to_owned(), word }
            }
            Question::TwoPeople(asked) => {
                let person = view.people.iter().find(|person| asked.first.as_ref() != Some(&person.role))?;
                Answer::Confirm {
                    role: person.role.clone(),
                    initials: "XY".to_owned(),
                    word: render::word(0, *asked.sha256.as_bytes().first()?).to_owned(),
                }
            }
            Question::ReadBack(asked) => {
                let octets = asked.sha256.as_bytes();
                let word = |word: &usize| Some(render::word(word - 1, *octets.get(word - 1)?));
                Answer::Text(asked.words.iter().map(word).collect::<Option<Vec<_>>>()?.join(" "))
            }
            // The one that was chosen last was refused: the screen says why.
            Question::Document(asked) if asked.purpose == Purpose::Request && self.jobs > taken(view) => return None,
            Question::Document(asked) if asked.purpose == Purpose::Request => {
                let requests = asked.files.iter().enumerate().filter(|(_, file)| file.name.starts_with("ksr"));
                let (index, _) = requests.clone().nth(self.jobs)?;
                self.jobs += 1;
                Answer::Choose(index)
            }
            Question::Document(_) => Answer::No,
            Question::MoreJobs if self.jobs < prepare::REQUESTS => Answer::Yes,
            Question::MoreJobs => Answer::No,
            Question::Schema { choices, .. } => Answer::Choose(choices.iter().position(|name| name == "normal")?),
            Question::Acknowledge { check, .. } => Answer::Text(check.clone()),
            Question::ShareVolume { officer } => Answer::Volume(volume(&prepare::stick(officer))?),
            Question::Pin(asked) => Answer::Pin(Pin::from_octets(rehearsal_pin(asked.officer.as_ref()?).as_bytes())?),
        })
    }
}

fn taken(view: &View) -> usize {
    view.jobs.iter().filter(|job| job.state == JobState::Taken).count()
}

fn exception() -> Input {
    Input::Exception {
        expected: "a quiet room".to_owned(),
        happened: "the telephone rang".to_owned(),
        action: "it was switched off".to_owned(),
        decided_by: "CA".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::{DocumentAsked, FileChoice};
    use crate::steps::Mode;

    #[test]
    fn the_script_ends_where_a_request_was_refused() {
        let file = FileChoice { place: "KSR".to_owned(), name: "ksr-example.txt".to_owned(), size: 1 };
        let asked = DocumentAsked { job: 1, purpose: Purpose::Request, files: vec![file.clone(), file] };
        let view = View::new(Mode::Rehearsal, Question::Document(asked));
        let mut script = Script { jobs: 0, exception: true };
        assert!(matches!(script.answer(&view), Some(Input::Answer(Answer::Choose(0)))));
        assert!(script.answer(&view).is_none());
    }
}
