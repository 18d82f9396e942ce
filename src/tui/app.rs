//! What the screen remembers between two drawings, and what the keys do to it.

use std::collections::BTreeMap;
use std::io;

use ratatui::Frame;
use ratatui::crossterm::event::{Event, KeyEvent, KeyEventKind};

use super::cache::Cache;
use super::dialog;
use super::driver::{Driver, Message};
use super::keys::{self, Action};
use super::panel::{Outcome, Panel, Shape};
use super::screens::frame::{self, Drawn, Seen};
use super::screens::{self, Look};
use super::text;
use crate::ceremony::{Answer, Code, Input, Question, View};
use crate::steps::{Moment, Step};

/// What the screen remembers: fields, pages, scrolling.
#[derive(Debug)]
pub struct App {
    question: Question,
    step: Step,
    panel: Panel,
    dialog: Option<Panel>,
    /// Whether the dialog was sent, so that a refusal is its own and not that of the question behind it.
    dialog_sent: bool,
    /// The texts of the last answer, for the case that it is refused.
    sent: Option<(Question, Vec<String>)>,
    /// What was typed into a dialog that was closed; it stands there again when it is opened.
    drafts: Vec<(Shape, Vec<String>)>,
    help: bool,
    /// Whether the QR code is shown, and which frame of it.
    code: Option<usize>,
    page: usize,
    scroll: BTreeMap<(Step, usize, String), usize>,
    jobs: usize,
    seen: Seen,
    redraw: bool,
    /// Whether the question has not been drawn yet; a key pressed before it was seen does not answer it.
    unseen: bool,
    cache: Cache,
}

impl App {
    /// Begins with this view.
    #[must_use]
    pub fn new(view: &View) -> Self {
        Self {
            question: view.question.clone(),
            step: view.step,
            panel: screens::panel(view),
            dialog: None,
            dialog_sent: false,
            sent: None,
            drafts: Vec::new(),
            help: false,
            code: None,
            page: 0,
            scroll: BTreeMap::new(),
            jobs: view.jobs.len(),
            seen: Seen::default(),
            redraw: false,
            unseen: true,
            cache: Cache::default(),
        }
    }

    /// Follows the view: a new question begins with empty fields, the same one keeps what was typed.
    pub fn update(&mut self, view: &View) {
        let mut panel = screens::panel(view);
        let same = self.step == view.step && is_same(&self.question, &view.question);
        let old = std::mem::replace(&mut self.panel, Panel::new(String::new(), Shape::Choices));
        if same {
            panel.adopt(old);
        } else {
            self.page = 0;
            self.code = None;
            self.unseen = true;
            if !keeps_dialog(self.dialog.as_ref()) {
                self.dialog = None;
            }
            // A refusal may come after a worker has looked: what was typed then returns with the question.
            if let Some((question, texts)) = self.sent.take() {
                if view.refusal.is_some() && is_same(&question, &view.question) {
                    panel.fill(&texts);
                } else if matches!(view.question, Question::Working(_)) {
                    self.sent = Some((question, texts));
                }
            }
        }
        if self.dialog.is_some() {
            panel.wipe();
        }
        self.panel = panel;
        self.question = view.question.clone();
        self.step = view.step;
        self.jobs = view.jobs.len();
    }

    /// Draws the screen.
    pub fn draw(&mut self, frame: &mut Frame<'_>, view: &View, now: Moment) {
        let (scroll, step, jobs) = (&self.scroll, self.step, self.jobs);
        let scroll = |title: &str| scroll.get(&(step, jobs, title.to_owned())).copied().unwrap_or(0);
        let drawn = Drawn {
            look: Look { view, now, cache: &self.cache, help: self.help },
            panel: self.dialog.as_ref().unwrap_or(&self.panel),
            page: self.page,
            refusal: view.refusal.as_deref().filter(|_| self.dialog.is_none() || self.dialog_sent),
            scroll: &scroll,
            code: self.code.and_then(|frame| Some((self.code_shown(view)?, frame))),
        };
        self.seen = frame::draw(frame, &drawn);
        self.unseen = false;
    }

    /// Takes a key; returns whether the screen looks different, and what people have done with it.
    pub fn key(&mut self, key: KeyEvent, view: &View) -> (bool, Option<Input>) {
        let Some(action) = keys::action(key) else { return (false, None) };
        if self.code.is_some() {
            return (self.code_key(action, view), None);
        }
        match action {
            Action::Help => self.toggle_help(),
            Action::Redraw => self.redraw = true,
            Action::Exception if self.is_running(view) => self.open(dialog::exception()),
            Action::Pause if self.is_running(view) && view.may_pause() => self.open(dialog::pause()),
            Action::Pause if self.is_running(view) => self.panel.hint = Some(text::NO_PAUSE.to_owned()),
            Action::Stop if self.is_running(view) && view.may_stop() => self.open(dialog::stop()),
            Action::Stop if self.is_running(view) => self.panel.hint = Some(text::NO_STOP.to_owned()),
            Action::Keyboard if self.is_running(view) => match view.computer.usb.waiting.first() {
                Some(device) => self.open(dialog::keyboard(device)),
                None => return (false, None),
            },
            Action::PageUp => self.scroll_by(-(isize::try_from(self.seen.height).unwrap_or(1) - 1).max(1)),
            Action::PageDown => self.scroll_by((isize::try_from(self.seen.height).unwrap_or(1) - 1).max(1)),
            Action::NextPage => return (self.turn(true), None),
            Action::LastPage => return (self.turn(false), None),
            Action::Escape if self.help => self.toggle_help(),
            _ => return self.panel_key(action, view),
        }
        (true, None)
    }

    /// Whether everything is to be drawn anew, once.
    pub(super) fn take_redraw(&mut self) -> bool {
        std::mem::take(&mut self.redraw)
    }

    /// Takes a message; returns whether the screen looks different.
    pub(super) fn handle<D: Driver>(&mut self, driver: &mut D, message: Message<D::Work>) -> io::Result<bool> {
        match message {
            Message::Terminal(Event::Key(key)) if key.kind != KeyEventKind::Release && !self.unseen => {
                let (changed, input) = self.key(key, driver.view());
                let sent = input.is_some();
                if let Some(input) = input {
                    self.send(driver, input);
                }
                Ok(changed || sent)
            }
            Message::Terminal(Event::Resize(..)) | Message::Tick => Ok(true),
            Message::Terminal(_) => Ok(false),
            Message::Lost(error) => Err(error),
            Message::Work(work) => {
                driver.work(work);
                self.update(driver.view());
                Ok(true)
            }
        }
    }

    fn send<D: Driver>(&mut self, driver: &mut D, input: Input) {
        let before = driver.view().exceptions;
        let dialog = matches!(
            input,
            Input::Exception { .. } | Input::Keyboard { .. } | Input::Stop(_) | Input::Answer(Answer::Time(_))
        );
        let exception = matches!(input, Input::Exception { .. });
        self.sent = Some((self.question.clone(), self.panel.texts()));
        self.dialog_sent = dialog;
        driver.input(input);
        let view = driver.view();
        let refused = view.refusal.is_some() && view.exceptions == before;
        if !(dialog && refused)
            && let Some(done) = self.dialog.take()
        {
            self.drafts.retain(|(shape, _)| shape != done.shape());
        }
        if exception && !refused {
            self.panel.hint = Some(text::exception_recorded(view.exceptions));
        }
        if refused && !dialog && matches!(view.question, Question::People { .. }) && !self.panel.is_started() {
            self.panel.focus = 0; // somebody is missing, and is typed next
        }
        if !dialog && !refused && is_same(&self.question, &view.question) {
            // It was taken and the same is asked again, as for the next person.
            self.panel.fill(&vec![String::new(); self.panel.texts().len()]);
            self.panel.wipe();
            if matches!(view.question, Question::People { .. }) {
                self.panel.focus = 0;
            }
        }
        self.update(view);
    }

    /// Until it is over there can be exceptions, pauses and stops; only one dialog at a time.
    fn is_running(&self, view: &View) -> bool {
        self.dialog.is_none() && !matches!(view.question, Question::Finished { .. })
    }

    fn open(&mut self, mut dialog: Panel) {
        self.panel.wipe();
        self.dialog_sent = false;
        if let Some((_, texts)) = self.drafts.iter().find(|(shape, _)| shape == dialog.shape()) {
            dialog.fill(texts);
        }
        self.dialog = Some(dialog);
    }

    /// Closes the dialog; an exception or a reason that was begun is kept, the word that stops is not.
    fn close(&mut self) {
        let Some(dialog) = self.dialog.take().filter(Panel::is_free) else { return };
        let mut texts = dialog.texts();
        if matches!(dialog.shape(), Shape::Stop) {
            texts.truncate(1);
        }
        self.drafts.retain(|(shape, _)| shape != dialog.shape());
        self.drafts.push((dialog.shape().clone(), texts));
    }

    const fn toggle_help(&mut self) {
        self.help = !self.help;
        self.page = 0;
    }

    fn turn(&mut self, forward: bool) -> bool {
        let count = self.seen.titles.len();
        if count < 2 {
            return false;
        }
        self.page = if forward { (self.page + 1) % count } else { (self.page + count - 1) % count };
        true
    }

    fn scroll_by(&mut self, rows: isize) {
        let Some(title) = self.seen.titles.get(self.page).or_else(|| self.seen.titles.first()) else { return };
        let most = self.seen.rows.saturating_sub(self.seen.height);
        let first = self.scroll.entry((self.step, self.jobs, title.clone())).or_default();
        *first = (*first).min(most).saturating_add_signed(rows).min(most);
    }

    fn panel_key(&mut self, action: Action, view: &View) -> (bool, Option<Input>) {
        let panel = self.dialog.as_mut().unwrap_or(&mut self.panel);
        match panel.key(action) {
            Outcome::Changed => (true, None),
            Outcome::Input(input) => (true, Some(input)),
            Outcome::Ask(dialog) => {
                self.open(dialog);
                (true, None)
            }
            Outcome::Close => {
                self.close();
                (true, None)
            }
            Outcome::Ignored => (self.page_key(action, view), None),
        }
    }

    /// Keys that the panel has no use for move the pages.
    fn page_key(&mut self, action: Action, view: &View) -> bool {
        match action {
            Action::Up => self.scroll_by(-1),
            Action::Down => self.scroll_by(1),
            Action::Home => self.scroll_by(isize::MIN + 1),
            Action::End => self.scroll_by(isize::MAX),
            Action::NextField => return self.turn(true),
            Action::LastField => return self.turn(false),
            Action::Sign('q' | 'Q') if view.step == Step::Close && self.code_shown(view).is_some() => {
                self.code = Some(0);
            }
            Action::Sign('n' | 'N') | Action::Right if view.step == Step::Close => return self.turn(true),
            Action::Sign('p' | 'P') | Action::Left if view.step == Step::Close => return self.turn(false),
            _ => return false,
        }
        true
    }

    /// The code whose page is shown.
    fn code_shown<'a>(&self, view: &'a View) -> Option<&'a Code> {
        let title = self.seen.titles.get(self.page);
        let before = usize::from(matches!(view.question, Question::Finished { .. }));
        let index = if title.is_some() || self.code.is_some() { self.page.checked_sub(before)? } else { 0 };
        view.codes.get(index)
    }

    fn code_key(&mut self, action: Action, view: &View) -> bool {
        let frame = self.code.unwrap_or(0);
        let before = usize::from(matches!(view.question, Question::Finished { .. }));
        let last = view.codes.len() + before;
        match action {
            Action::Sign('q' | 'Q') | Action::Escape | Action::Enter => self.code = None,
            Action::Redraw => self.redraw = true,
            Action::Sign('n' | 'N') | Action::Right | Action::NextPage | Action::PageDown => {
                if frame + 1 < self.seen.frames {
                    self.code = Some(frame + 1);
                } else if self.page + 1 < last {
                    (self.page, self.code) = (self.page + 1, Some(0));
                } else {
                    return false;
                }
            }
            Action::Sign('p' | 'P') | Action::Left | Action::LastPage | Action::PageUp => {
                if frame > 0 {
                    self.code = Some(frame - 1);
                } else if self.page > before {
                    (self.page, self.code) = (self.page - 1, Some(0));
                } else {
                    return false;
                }
            }
            _ => return false,
        }
        true
    }
}

/// Whether it is the same question, so that what was typed still answers it; work goes on meanwhile.
fn is_same(old: &Question, new: &Question) -> bool {
    match (old, new) {
        (Question::Working(_), Question::Working(_)) => true,
        (old, new) => old == new,
    }
}

/// An exception or a stop is written on while the work behind it goes on; what belongs to a question goes with it.
fn keeps_dialog(dialog: Option<&Panel>) -> bool {
    dialog.is_some_and(Panel::is_free)
}

#[cfg(test)]
mod tests;
