//! What keys do, and what stays on the screen.

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
    play(&mut app, &mut script, &[KeyCode::Down, KeyCode::Down, KeyCode::Enter]);
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

#[test]
fn an_exception_that_was_begun_stands_there_when_it_is_opened_again() {
    let mut script = Script::new(fixture::judged());
    let mut app = App::new(&script.view);
    play(&mut app, &mut script, &[KeyCode::F(2)]);
    play(&mut app, &mut script, &keys("seal 4711"));
    play(&mut app, &mut script, &[KeyCode::Esc]);
    assert!(!fixture::draw(&mut app, &script.view, 80, 25).contains("seal 4711"));
    play(&mut app, &mut script, &[KeyCode::F(2)]);
    assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("seal 4711"));
    play(&mut app, &mut script, &keys("\nnone\nnew\nCA\n"));
    assert_eq!(script.inputs.len(), 1);
    assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("The exception is recorded."));
    play(&mut app, &mut script, &[KeyCode::F(2)]);
    assert!(
        !fixture::draw(&mut app, &script.view, 80, 25).contains("seal 4711"),
        "it is recorded, the next one is empty"
    );
}

#[test]
fn the_word_that_stops_is_never_kept() {
    let mut script = Script::new(fixture::judged());
    let mut app = App::new(&script.view);
    play(&mut app, &mut script, &[KeyCode::F(10)]);
    play(&mut app, &mut script, &keys("smoke\nSTOP"));
    play(&mut app, &mut script, &[KeyCode::Esc, KeyCode::F(10)]);
    let screen = fixture::draw(&mut app, &script.view, 80, 25);
    assert!(screen.contains("smoke") && !screen.contains("[STOP"), "{screen}");
}

#[test]
fn the_keys_at_the_bottom_are_those_that_work() {
    let bottom = |view: &View| {
        let screen = fixture::draw(&mut App::new(view), view, 80, 25);
        screen.lines().last().unwrap().to_owned()
    };
    assert!(!bottom(&fixture::judged()).contains("Pause") && bottom(&fixture::judged()).contains("Stop"));
    assert!(bottom(&fixture::working()).contains("Pause"));
    assert!(!bottom(&fixture::closing()).contains("Stop"), "it is sealed");
    let view = fixture::judged();
    let mut app = App::new(&view);
    app.key(KeyEvent::from(KeyCode::F(3)), &view);
    assert!(fixture::draw(&mut app, &view, 80, 25).contains(text::NO_PAUSE), "the key says when it works");
    app.key(KeyEvent::from(KeyCode::Char('y')), &view);
    assert!(!fixture::draw(&mut app, &view, 80, 25).contains(text::NO_PAUSE));
}

#[test]
fn somebody_missing_is_typed_at_once() {
    let mut script = Script::new(fixture::people());
    script.refuse = Some("still missing: IW");
    let mut app = App::new(&script.view);
    play(&mut app, &mut script, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Enter]);
    play(&mut app, &mut script, &keys("IW"));
    assert!(fixture::draw(&mut app, &script.view, 80, 25).contains("[IW "));
}
