//! The memory of the real processes: no secret stays in it when it is done with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic and starts programs"
)]

mod common;

use std::fs;

use common::crew::{Crew, PINS, Room};
use common::look::{can_look_into_memory, core_of, holds, holds_no_pin, places};
use common::pty::SMALL;

const BIND: &str = "ksr-example.txt";

#[test]
fn no_pin_is_left_in_files_on_the_terminal_or_in_memory() {
    if !can_look_into_memory() {
        return;
    }
    let room = Room::prepared(3);
    let mut crew = Crew::new(&room, &[BIND]);
    let mut terminal = room.open(SMALL);
    let folder = tempfile::tempdir().unwrap();
    let pin = room.token_pin();
    terminal.never(&pin);
    for officer in ["CO1", "CO2"] {
        crew.until(&mut terminal, &format!("{officer}: type your PIN"));
        // As people type: one key after another.
        for (count, sign) in format!("rehearse-{officer}").chars().enumerate() {
            terminal.press(&sign.to_string());
            terminal.see(&format!("[{} ", "*".repeat(count + 1)));
        }
        if officer == "CO1" {
            // Until it is taken it is there: the search finds what there is.
            let core = core_of(terminal.pid(), folder.path(), "typed");
            assert_ne!(places(&core, PINS[0]), "", "the core does not hold what was typed");
            fs::remove_file(core).unwrap();
        }
        terminal.press("\r");
        terminal
            .wait("the officer's share", |screen| (!screen.has(&format!("{officer}: type your PIN"))).then_some(()));
    }
    crew.until(&mut terminal, "Are these the responses that were planned?");
    let core = core_of(terminal.pid(), folder.path(), "review");
    for secret in [PINS[0], PINS[1], pin.as_str()] {
        assert_eq!(places(&core, secret), "", "in the memory of the ceremony process");
    }
    assert_ne!(places(&core, "Are these the responses that were planned?"), "", "the core holds nothing");
    crew.until(&mut terminal, "The ceremony is over: complete.");
    terminal.press("l\r");
    assert_eq!(terminal.exit(), 0);
    holds_no_pin(&room, &[&terminal]);
    assert!(!holds(&terminal.octets(), pin.as_bytes()));
}
