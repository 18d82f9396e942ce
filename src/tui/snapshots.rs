//! Every screen as it looks, and what must hold for each of its cells.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::style::Color;

use super::{App, fixture};
use crate::ceremony::View;
use crate::dns::sha256;
use crate::render::{is_cp437, word};
use crate::steps::Mode;

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// A drill of the longest name.
fn drill() -> Mode {
    "drill:an-officer-who-is-absent".parse().unwrap()
}

fn press(app: &mut App, view: &View, keys: &[KeyCode]) {
    for key in keys {
        fixture::draw(app, view, 80, 25);
        app.key(KeyEvent::from(*key), view);
    }
}

fn signs(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

fn buffer(app: &mut App, view: &View, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    app.update(view);
    terminal.draw(|frame| app.draw(frame, view, fixture::now())).unwrap();
    terminal.backend().buffer().clone()
}

/// Screens behind keys: dialogs, pages, help, codes.
fn behind_keys() -> Vec<(&'static str, View, Vec<KeyCode>)> {
    let page = |count| vec![KeyCode::F(4); count];
    vec![
        ("dialog_exception", fixture::judged(), [vec![KeyCode::F(2)], signs("seal 4711")].concat()),
        (
            "dialog_keyboard",
            View { computer: fixture::pin_usb().computer, ..fixture::judged() },
            [vec![KeyCode::F(5)], signs("CA")].concat(),
        ),
        ("dialog_pause", fixture::working(), vec![KeyCode::F(3)]),
        ("dialog_stop", fixture::working(), [vec![KeyCode::F(10)], signs("smoke"), vec![KeyCode::Enter]].concat()),
        ("dialog_drop", fixture::judged(), vec![KeyCode::Char('n'), KeyCode::Enter]),
        ("dialog_enter_alone", fixture::judged(), vec![KeyCode::Enter]),
        ("help_request", fixture::judged(), vec![KeyCode::F(1)]),
        ("page_bundles", fixture::judged(), page(1)),
        ("page_keys", fixture::judged(), page(2)),
        ("page_checks", fixture::judged(), page(3)),
        ("page_plan_table", fixture::two_people(), page(2)),
        ("pin_typed", fixture::pin(), signs("12345678")),
        ("two_people_typed", fixture::two_people(), [signs("2"), vec![KeyCode::Enter], signs("GH")].concat()),
        ("code_fingerprint", fixture::closing(), signs("q")),
        ("code_ds", fixture::closing(), signs("nnq")),
    ]
}

#[test]
fn looks_like_this() {
    for (name, view) in fixture::all() {
        snapshot(&format!("{name}_80x25"), &fixture::draw(&mut App::new(&view), &view, 80, 25));
        snapshot(&format!("{name}_128x48"), &fixture::draw(&mut App::new(&view), &view, 128, 48));
    }
    for (name, view, keys) in behind_keys() {
        let mut app = App::new(&view);
        press(&mut app, &view, &keys);
        snapshot(&format!("{name}_80x25"), &fixture::draw(&mut app, &view, 80, 25));
        snapshot(&format!("{name}_128x48"), &fixture::draw(&mut app, &view, 128, 48));
    }
}

#[test]
fn every_cell_has_a_glyph_of_the_console_and_both_colours() {
    let ansi = |color: Color| !matches!(color, Color::Reset | Color::Rgb(..) | Color::Indexed(_));
    let screens = fixture::all().into_iter().map(|(name, view)| (name, view, Vec::new())).chain(behind_keys());
    for (name, mut view, keys) in screens {
        for mode in [Mode::Ceremony, Mode::Rehearsal, drill()] {
            view.mode = mode;
            let mut app = App::new(&view);
            press(&mut app, &view, &keys);
            for (width, height) in [(80, 24), (80, 25), (128, 48), (160, 60)] {
                for cell in buffer(&mut app, &view, width, height).content() {
                    assert!(cell.symbol().chars().all(is_cp437), "{name} {width}x{height}: {:?}", cell.symbol());
                    assert!(ansi(cell.fg) && ansi(cell.bg), "{name} {width}x{height}: {cell:?}");
                }
            }
        }
    }
}

#[test]
fn says_on_every_screen_that_it_is_practice() {
    let screens = fixture::all().into_iter().map(|(name, view)| (name, view, Vec::new())).chain(behind_keys());
    for (name, mut view, keys) in screens {
        for (mode, word) in [(Mode::Rehearsal, "REHEARSAL"), (drill(), "DRILL")] {
            view.mode = mode;
            let mut app = App::new(&view);
            press(&mut app, &view, &keys);
            for (width, height) in [(80, 24), (60, 20)] {
                assert!(fixture::draw(&mut app, &view, width, height).contains(word), "{name} {width}x{height}");
            }
        }
    }
}

#[test]
fn a_camera_reads_the_codes_off_the_screen() {
    let view = fixture::closing();
    for (width, height) in [(80, 24), (80, 25), (128, 48), (160, 60)] {
        for (index, code) in view.codes.iter().enumerate() {
            let mut app = App::new(&view);
            press(&mut app, &view, &signs(&"n".repeat(index)));
            press(&mut app, &view, &signs("q"));
            let mut read = String::new();
            loop {
                let frame = scan(&buffer(&mut app, &view, width, height));
                let (part, more) = match frame.split_once(' ').filter(|(head, _)| head.contains('/') && head.len() < 6)
                {
                    Some((head, part)) => (part.to_owned(), head.split_once('/').is_some_and(|(at, of)| at != of)),
                    None => (frame, false),
                };
                read.push_str(&part);
                if !more {
                    break;
                }
                app.key(KeyEvent::from(KeyCode::Char('n')), &view);
            }
            assert_eq!(read, code.payload, "{width}x{height}");
        }
    }
}

/// What a camera sees: a cell is two pixels, one above the other, dark where it is black.
fn scan(buffer: &Buffer) -> String {
    const SCALE: usize = 4;
    let area = buffer.area;
    let dark = |x: u16, y: u16| {
        let cell = &buffer[(x, y / 2)];
        let ink = match (cell.symbol(), y % 2) {
            ("█", _) | ("▀", 0) | ("▄", 1) => cell.fg,
            _ => cell.bg,
        };
        ink != Color::White
    };
    let (width, height) = (usize::from(area.width) * SCALE, usize::from(area.height) * 2 * SCALE);
    let pixel = |at: usize| u16::try_from(at / SCALE).unwrap();
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, |x, y| dark(pixel(x), pixel(y)));
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

#[test]
fn a_ceremony_that_would_not_survive_a_crash_says_so_at_every_question() {
    for (name, mut view) in fixture::all() {
        view.spool_fault = Some("/run/claviger/spool/ceremony.json: No space left on device (os error 28)".to_owned());
        let screen = fixture::draw(&mut App::new(&view), &view, 80, 25);
        assert!(screen.contains("!! A crash of this program would end the ceremony"), "{name}:\n{screen}");
    }
}

#[test]
fn ten_thousand_bundles_can_be_scrolled_to_the_last() {
    let mut view = fixture::judged();
    view.jobs[0].bundles = std::sync::Arc::new(fixture::bundles(10_000));
    let mut app = App::new(&view);
    press(&mut app, &view, &[KeyCode::F(4), KeyCode::End]);
    let screen = fixture::draw(&mut app, &view, 80, 25);
    assert!(screen.contains("10000 2027-01-07"), "{screen}");
}

#[test]
fn no_word_of_a_digest_is_cut_off() {
    let longest = |position| (0..=255).max_by_key(|octet| word(position, *octet).len()).unwrap();
    let octets: [u8; 32] = std::array::from_fn(longest);
    let mut view = fixture::closing();
    for code in &mut view.codes {
        code.sha256 = Some(octets.into());
    }
    for (width, height) in [(80, 24), (128, 48), (129, 48), (130, 48), (131, 48), (160, 60)] {
        let screen = fixture::draw(&mut App::new(&view), &view, width, height);
        let count = |position: usize| screen.matches(word(position, octets[position])).count();
        assert!(count(0) >= 16 && count(0) == count(1), "{screen}");
    }
}

#[test]
fn what_is_asked_from_paper_is_on_no_page() {
    let view = fixture::read_back();
    let asked = sha256(b"ksr-example-2027-q1-0.xml");
    let hidden = word(4, asked.as_bytes()[4]);
    for keys in [vec![], vec![KeyCode::F(4)], vec![KeyCode::F(1)], vec![KeyCode::Tab]] {
        for (width, height) in [(80, 25), (128, 48), (160, 60)] {
            let mut app = App::new(&view);
            press(&mut app, &view, &keys);
            assert!(!fixture::draw(&mut app, &view, width, height).contains(hidden));
        }
    }
}
