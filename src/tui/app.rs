//! What the screen remembers between two drawings, and what the keys do to it.

use std::collections::BTreeMap;
use std::io;

use ratatui::Frame;
use ratatui::crossterm::event::{Event, KeyEvent, KeyEventKind};

use super::cache::Cache;
use super::driver::{Driver, Message};
use super::keys::{self, Action};
use super::panel::{self, Outcome, Panel};
use super::screens::frame::{self, Drawn, Seen};
use super::screens::{self, Look};
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
        let old = std::mem::replace(&mut self.panel, Panel::new(String::new(), panel::Shape::Choices));
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
            Action::Exception if self.is_running(view) => self.open(panel::exception()),
            Action::Pause if self.is_running(view) => self.open(panel::pause()),
            Action::Stop if self.is_running(view) => self.open(panel::stop()),
            Action::Keyboard if self.is_running(view) => match view.computer.usb.waiting.first() {
                Some(device) => self.open(panel::keyboard(device)),
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
        self.sent = Some((self.question.clone(), self.panel.texts()));
        self.dialog_sent = dialog;
        driver.input(input);
        let view = driver.view();
        let refused = view.refusal.is_some() && view.exceptions == before;
        if !(dialog && refused) {
            self.dialog = None;
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

    fn open(&mut self, dialog: Panel) {
        self.panel.wipe();
        self.dialog_sent = false;
        self.dialog = Some(dialog);
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
                self.dialog = None;
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
mod tests {
    use std::sync::mpsc;

    use ratatui::backend::{CrosstermBackend, TestBackend};
    use ratatui::crossterm::event::KeyCode;
    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};

    use super::*;
    use crate::tui::fixture::{self, NOW};
    use crate::tui::run;

    /// A ceremony that refuses what it is told to, and notes what it was given.
    struct Script {
        view: View,
        inputs: Vec<String>,
        refuse: Option<&'static str>,
        next: Option<Question>,
        work: Vec<u32>,
    }

    impl Script {
        fn new(view: View) -> Self {
            Self { view, inputs: Vec::new(), refuse: None, next: None, work: Vec::new() }
        }
    }

    impl Driver for Script {
        type Work = u32;

        fn view(&self) -> &View {
            &self.view
        }

        fn input(&mut self, input: Input) {
            let pin = match &input {
                Input::Answer(Answer::Pin(pin)) => format!(" {}", String::from_utf8_lossy(pin.expose())),
                _ => String::new(),
            };
            self.inputs.push(format!("{input:?}{pin}"));
            self.view.refusal = self.refuse.map(str::to_owned);
            if let Some(next) = self.next.take() {
                self.view.question = next;
            }
        }

        fn work(&mut self, work: u32) {
            self.work.push(work);
        }

        fn now(&self) -> Moment {
            NOW
        }

        fn finished(&self) -> Option<u8> {
            (self.inputs.last().map(String::as_str) == Some("Answer(Done)")).then_some(7)
        }
    }

    fn play(app: &mut App, script: &mut Script, keys: &[KeyCode]) {
        for key in keys {
            app.update(&script.view);
            fixture::draw(app, &script.view, 80, 25);
            app.handle(script, Message::Terminal(Event::Key(KeyEvent::from(*key)))).unwrap();
        }
        app.update(&script.view);
    }

    fn keys(text: &str) -> Vec<KeyCode> {
        text.chars().map(|sign| if sign == '\n' { KeyCode::Enter } else { KeyCode::Char(sign) }).collect()
    }

    #[test]
    fn a_refused_text_stays_in_its_field() {
        let mut script = Script::new(fixture::read_back());
        script.refuse = Some("word 5 is another one");
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("absurd\n"));
        assert_eq!(script.inputs, ["Answer(Text(\"absurd\"))"]);
        assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("absurd"));
    }

    #[test]
    fn a_text_refused_by_a_worker_returns_with_its_question() {
        let mut script = Script::new(fixture::read_back());
        let question = script.view.question.clone();
        script.next = Some(fixture::working().question);
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("absurd\n"));
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("absurd"));
        (script.view.question, script.view.refusal) = (question, Some("no".into()));
        app.update(&script.view);
        assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("absurd"));
    }

    #[test]
    fn a_pin_is_masked_handed_over_and_gone() {
        let mut script = Script::new(fixture::pin());
        script.refuse = Some("wrong PIN");
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("hunter2x"));
        let screen = fixture::draw(&mut app, &script.view, 80, 25);
        assert!(screen.contains("********") && !screen.contains("hunter2") && !format!("{app:?}").contains("hunter2"));
        play(&mut app, &mut script, &[KeyCode::Enter]);
        assert_eq!(script.inputs, ["Answer(Pin(Pin(…))) hunter2x"]);
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("**"));
    }

    #[test]
    fn a_pin_is_wiped_when_its_question_is_left() {
        let mut script = Script::new(fixture::pin());
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("1234"));
        play(&mut app, &mut script, &[KeyCode::F(2), KeyCode::Esc]);
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("*"));
    }

    #[test]
    fn a_pin_stays_typed_while_a_lock_is_turned() {
        let mut script = Script::new(fixture::pin());
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("1234"));
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("Caps Lock ON"));
        script.view.computer.locks.caps = Some(true);
        let screen = fixture::draw(&mut app, &script.view, 80, 25);
        assert!(screen.contains("!! Caps Lock ON") && screen.contains("****"), "{screen}");
    }

    #[test]
    fn keys_without_a_meaning_do_nothing() {
        let view = fixture::judged();
        let mut app = App::new(&view);
        let before = fixture::draw(&mut app, &view, 80, 25);
        for code in [KeyCode::F(7), KeyCode::Insert, KeyCode::Char('z'), KeyCode::Null, KeyCode::F(12)] {
            let (changed, input) = app.key(KeyEvent::from(code), &view);
            assert!(!changed && input.is_none(), "{code:?}");
        }
        assert_eq!(fixture::draw(&mut app, &view, 80, 25), before);
    }

    #[test]
    fn an_exception_keeps_its_text_while_it_is_refused_and_while_work_ends() {
        let mut script = Script::new(fixture::working());
        script.refuse = Some("a control character");
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &[KeyCode::F(2)]);
        play(&mut app, &mut script, &keys("seal\nno seal\nnew seal\n"));
        script.view.question = fixture::judged().question;
        play(&mut app, &mut script, &keys("CA\n"));
        assert_eq!(script.inputs.len(), 1);
        assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("no seal"));
        script.refuse = None;
        play(&mut app, &mut script, &[KeyCode::Enter]);
        assert_eq!(script.inputs.len(), 2);
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("no seal"));
    }

    #[test]
    fn pages_turn_and_keep_their_scrolling() {
        let view = fixture::judged();
        let mut app = App::new(&view);
        let first = fixture::draw(&mut app, &view, 80, 25);
        let press = |app: &mut App, code| {
            app.key(KeyEvent::from(code), &view);
            fixture::draw(app, &view, 80, 25)
        };
        let scrolled = press(&mut app, KeyCode::PageDown);
        assert_ne!(first, scrolled);
        for _ in 0..4 {
            press(&mut app, KeyCode::F(4));
        }
        assert_eq!(fixture::draw(&mut app, &view, 80, 25), scrolled);
        assert_eq!(press(&mut app, KeyCode::PageUp), first);
    }

    #[test]
    fn people_are_entered_one_after_another() {
        let mut script = Script::new(fixture::people());
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("EW\nJoan Clarke\n"));
        assert_eq!(script.inputs, ["Answer(Person { role: \"EW\", name: \"Joan Clarke\" })"]);
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("Joan"));
        play(&mut app, &mut script, &keys("IW\n"));
        play(&mut app, &mut script, &[KeyCode::Down, KeyCode::Enter]);
        assert_eq!(script.inputs[1], "Answer(Done)");
    }

    #[test]
    fn a_confirmation_names_person_initials_and_word() {
        let mut script = Script::new(fixture::two_people());
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("2\nGH\nisland\n"));
        assert_eq!(script.inputs, ["Answer(Confirm { role: Role(\"CO1\"), initials: \"GH\", word: \"island\" })"]);
    }

    #[test]
    fn a_new_keyboard_is_decided_on_in_a_dialog_that_never_opens_by_itself() {
        let mut script = Script::new(fixture::pin());
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &keys("1234"));
        script.view.computer.usb = fixture::usb();
        let screen = fixture::draw(&mut app, &script.view, 80, 25);
        assert!(screen.contains("F5 decides") && screen.contains("****"), "what is typed still goes into the PIN");
        play(&mut app, &mut script, &[KeyCode::F(5)]);
        play(&mut app, &mut script, &keys("CA\nallow\n"));
        assert!(script.inputs.is_empty(), "the word is typed in full");
        play(&mut app, &mut script, &[vec![KeyCode::Backspace; 5], keys("ALLOW\n")].concat());
        assert_eq!(script.inputs, ["Keyboard { device: 7, allow: true, decided_by: \"CA\" }"]);
        script.view.computer.usb.waiting.clear();
        play(&mut app, &mut script, &[KeyCode::F(5)]);
        assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("type your PIN"), "nothing to decide");
    }

    #[test]
    fn a_time_with_a_typo_stays_in_its_dialog() {
        let mut script = Script::new(fixture::time());
        script.refuse = Some("expected UTC as 2026-11-22 13:00:00");
        let mut app = App::new(&script.view);
        play(&mut app, &mut script, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab]);
        play(&mut app, &mut script, &keys("s\n2026-11-22 1300\n"));
        assert_eq!(script.inputs, ["Answer(Time(\"2026-11-22 1300\"))"]);
        assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("2026-11-22 1300"));
        script.refuse = None;
        play(&mut app, &mut script, &[KeyCode::Enter]);
        assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("2026-11-22 1300"));
    }

    #[test]
    fn runs_until_the_driver_has_finished() {
        let mut script = Script::new(fixture::finished());
        let mut out = Vec::new();
        let backend = CrosstermBackend::new(&mut out);
        let viewport = Viewport::Fixed(Rect::new(0, 0, 80, 25));
        let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        let (sender, receiver) = mpsc::channel();
        sender.send(Message::Work(3)).unwrap();
        sender.send(Message::Tick).unwrap();
        for key in keys("l\n") {
            sender.send(Message::Terminal(Event::Key(KeyEvent::from(key)))).unwrap();
        }
        assert_eq!(run(&mut script, &mut terminal, &receiver).unwrap(), 7);
        assert_eq!(script.work, [3]);
        let lost = run(&mut Script::new(fixture::finished()), &mut terminal, &{
            drop(sender);
            mpsc::channel().1
        });
        assert_eq!(lost.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        drop(terminal);
        let written = String::from_utf8_lossy(&out);
        assert!(written.starts_with("\u{1b}[2J"), "the console is erased first");
        assert!(!written.contains("\u{1b}[6n"), "the terminal is asked nothing");
    }

    #[test]
    fn a_key_pressed_before_the_question_was_seen_does_not_answer_it() {
        let mut script = Script::new(fixture::working());
        let mut app = App::new(&script.view);
        fixture::draw(&mut app, &script.view, 80, 25);
        script.view.question = fixture::finished().question;
        app.handle(&mut script, Message::Work(1)).unwrap();
        for key in keys("l\n") {
            app.handle(&mut script, Message::Terminal(Event::Key(KeyEvent::from(key)))).unwrap();
        }
        assert!(script.inputs.is_empty());
        play(&mut app, &mut script, &keys("l\n"));
        assert_eq!(script.inputs, ["Answer(Done)"]);
    }

    #[test]
    fn a_dialog_does_not_show_the_refusal_of_the_question() {
        let mut view = fixture::judged();
        view.refusal = Some("not this one".into());
        let mut app = App::new(&view);
        assert!(fixture::draw(&mut app, &view, 80, 25).contains("not this one"));
        app.key(KeyEvent::from(KeyCode::F(2)), &view);
        assert!(!fixture::draw(&mut app, &view, 80, 25).contains("not this one"));
    }

    #[test]
    fn a_long_refusal_is_read_to_its_end() {
        let mut view = fixture::people();
        view.refusal = Some(format!("{}the end", "far too long ".repeat(40)));
        let mut app = App::new(&view);
        assert!(fixture::draw(&mut app, &view, 80, 24).contains("the end"));
    }

    #[test]
    fn stands_in_any_size() {
        for (width, height) in [(1, 1), (10, 3), (79, 24), (80, 24), (80, 23), (120, 24), (300, 100)] {
            for view in fixture::all() {
                let mut app = App::new(&view.1);
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                terminal.draw(|frame| app.draw(frame, &view.1, NOW)).unwrap();
            }
        }
    }
}
